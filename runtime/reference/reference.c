/* reference.c: the operators in double precision, written to be obviously right: the whole output,
** or one element of it.
**
** The formulas stand in reference_conv.c, reference_core.c, reference_roi.c and reference_module.c;
** all of them are those of the operator's authors, rounding of regions included.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/internal.h"
#include "runtime/spec/fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int (*const openers[DCN_NUM_OPS])(rt_ref *) = {
    [DCN_OP_CONV2D] = ref_open_conv,
    [DCN_OP_DEFORM_CONV2D] = ref_open_conv,
    [DCN_OP_DCNV3] = ref_open_core,
    [DCN_OP_DCNV4] = ref_open_core,
    [DCN_OP_ROI_POOL] = ref_open_roi,
    [DCN_OP_PS_ROI_POOL] = ref_open_roi,
    [DCN_OP_ROI_ALIGN] = ref_open_roi,
    [DCN_OP_PS_ROI_ALIGN] = ref_open_roi,
    [DCN_OP_DEFORM_ROI_POOL] = ref_open_roi,
    [DCN_OP_DEFORM_PS_ROI_POOL] = ref_open_roi,
    [DCN_OP_DEFORM_CONV2D_PACK] = ref_open_pack,
    [DCN_OP_SEPARABLE_CONV2D] = ref_open_separable,
    [DCN_OP_DCNV3_MODULE] = ref_open_dcnv3_module,
    [DCN_OP_DCNV4_MODULE] = ref_open_dcnv4_module,
    [DCN_OP_DEFORM_ROI_POOL_PACK] = ref_open_roi_pack,
};

double *ref_make(rt_ref *r, int64_t n)
{
    double *v = r->nmade < REF_MADE ? calloc((size_t)n + 1, sizeof *v) : NULL;
    if (v)
        r->made[r->nmade++] = v;
    return v;
}

rt_ref *rt_ref_open(const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS])
{
    rt_ref *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    dcn_tensor t[RT_NUM_OPERANDS];
    r->s = *s;
    memcpy(r->tensor, tensor, (size_t)dcn_spec_tensors(s, t, RT_NUM_OPERANDS) * sizeof *tensor);
    r->input = (ref_map){ ref_tensor(r, "input"), s->in_channels, s->height, s->width,
                          s->layout == DCN_NHWC };
    r->output = ref_output_map(r, "output", s->out_channels);
    r->residual = ref_output_map(r, "residual", s->out_channels);
    r->weight = ref_tensor(r, "weight");
    r->bias = ref_tensor(r, "bias");
    r->scale = ref_tensor(r, "scale");
    r->shift = ref_tensor(r, "shift");
    if (!openers[s->op](r))
        return r;
    rt_ref_close(r);
    return NULL;
}

void rt_ref_close(rt_ref *r)
{
    if (!r)
        return;
    rt_ref_close(r->last);
    for (int i = 0; i < r->nmade; i++)
        free(r->made[i]);
    free(r->scratch);
    free(r);
}

static void pixel(const rt_ref *r, int64_t n, const int64_t pq[2], const int64_t outs[2],
                  double *value)
{
    const rt_ref *by = r->last ? r->last : r;
    by->pixel(by, n, pq, outs, value);
}

double rt_ref_at(const rt_ref *r, const int64_t nopq[4])
{
    double value;
    pixel(r, nopq[0], nopq + 2, (int64_t[2]){ nopq[1], nopq[1] + 1 }, &value);
    return value;
}

int rt_reference(const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS], double *output)
{
    const int64_t count = rt_has_rois(s->op) ? s->rois : s->batch, all[2] = { 0, s->out_channels };
    rt_ref *r = rt_ref_open(s, tensor);
    double *value = r ? calloc((size_t)all[1] + 1, sizeof *value) : NULL;
    for (int64_t i = 0; value && i < count * r->output.h * r->output.w; i++) {
        const int64_t n = i / (r->output.h * r->output.w);
        const int64_t pq[2] = { i / r->output.w % r->output.h, i % r->output.w };
        pixel(r, n, pq, all, value);
        for (int64_t o = 0; o < all[1]; o++)
            output[ref_at(&r->output, n, o, pq[0], pq[1])] = value[o];
    }
    const int status = value ? 0 : -1;
    free(value);
    rt_ref_close(r);
    return status;
}

double rt_reference_at(const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS],
                       const int64_t nopq[4])
{
    rt_ref *r = rt_ref_open(s, tensor);
    const double value = r ? rt_ref_at(r, nopq) : NAN;
    rt_ref_close(r);
    return value;
}
