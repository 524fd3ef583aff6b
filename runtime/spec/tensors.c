/* tensors.c: the operands of every operator in calling order, and what they and the work come to.
**
** Parameters of modules are called as upstream's state_dict calls them, with _ for the dots.  What
** kernels read in an order of their own has role DCN_WEIGHT.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"
#include "runtime/spec/operands.h"

#include <assert.h>
#include <string.h>

#define RT_OPERAND_NAME(id, name) [RT_##id] = #name,
const char *const rt_operand_names[RT_NUM_OPERANDS] = { RT_OPERAND_LIST(RT_OPERAND_NAME) };

int rt_points(const dcn_spec *s)
{
    return s->kernel[0] * s->kernel[1] - s->remove_center;
}

int64_t rt_packed_channels(const dcn_spec *s)
{
    return (3 * (int64_t)s->offset_groups * rt_points(s) + 7) / 8 * 8;
}

int64_t rt_inner_channels(const dcn_spec *s)
{
    const int64_t points = (int64_t)s->offset_groups * rt_points(s);
    if (s->op == DCN_OP_DCNV4_MODULE)
        return rt_packed_channels(s);
    if (s->op == DCN_OP_DEFORM_CONV2D_PACK && s->modulation == DCN_MODULATION_NONE)
        return 2 * points;
    return s->op == DCN_OP_DEFORM_CONV2D_PACK || s->op == DCN_OP_DCNV3_MODULE ? 3 * points : 0;
}

/* ---- the kinds of tensors ----------------------------------------------------------------- */

static void add(rt_operands *l, rt_operand which, dcn_tensor t)
{
    assert(l->n < RT_NUM_OPERANDS);
    t.name = rt_operand_names[which];
    t.dtype = l->s->dtype;
    l->which[l->n] = which;
    l->tensor[l->n++] = t;
}

/* `count` maps of `channels` planes of size[0] x size[1], in the spec's layout. */
static void add_map(rt_operands *l, rt_operand which, int64_t count, int64_t channels,
                    const int64_t size[2])
{
    const bool nchw = l->s->layout == DCN_NCHW;
    dcn_tensor t = { .role = which == RT_OUTPUT ? DCN_OUT : DCN_IN, .rank = 4, .dims = { count } };
    t.dims[1] = nchw ? channels : size[0];
    t.dims[2] = nchw ? size[0] : size[1];
    t.dims[3] = nchw ? size[1] : channels;
    add(l, which, t);
}

static void add_vector(rt_operands *l, rt_operand which, int64_t n)
{
    add(l, which, (dcn_tensor){ .rank = 1, .dims = { n } });
}

static void add_matrix(rt_operands *l, rt_operand which, int64_t rows, int64_t columns)
{
    add(l, which, (dcn_tensor){ .role = DCN_WEIGHT, .rank = 2, .dims = { rows, columns } });
}

static void add_weight(rt_operands *l, rt_operand which, int64_t outs, int64_t ins,
                       const int kernel[2])
{
    add(l, which,
        (dcn_tensor){ .role = DCN_WEIGHT, .rank = 4, .dims = { outs, ins, kernel[0], kernel[1] } });
}

static void add_input(rt_operands *l)
{
    const dcn_spec *s = l->s;
    add_map(l, RT_INPUT, s->batch, s->in_channels, (int64_t[2]){ s->height, s->width });
}

/* A map as large as the output of a convolution. */
static void add_like_output(rt_operands *l, rt_operand which, int64_t channels)
{
    const dcn_spec *s = l->s;
    const int64_t size[2] = { dcn_out_height(s, s->height), dcn_out_width(s, s->width) };
    add_map(l, which, s->batch, channels, size);
}

static void add_output(rt_operands *l)
{
    add_like_output(l, RT_OUTPUT, l->s->out_channels);
}

/* What is done to the sums of a convolution, and where they go. */
static void add_finish(rt_operands *l)
{
    const dcn_spec *s = l->s;
    if (s->scale_shift) {
        add_vector(l, RT_SCALE, s->out_channels);
        add_vector(l, RT_SHIFT, s->out_channels);
    }
    if (s->residual)
        add_like_output(l, RT_RESIDUAL, s->out_channels);
    add_output(l);
}

/* ---- convolutions ------------------------------------------------------------------------- */

static void add_weight_and_bias(rt_operands *l)
{
    const dcn_spec *s = l->s;
    add_weight(l, RT_WEIGHT, s->out_channels, s->in_channels / s->groups, s->kernel);
    if (s->bias)
        add_vector(l, RT_BIAS, s->out_channels);
}

static void conv2d(rt_operands *l)
{
    add_input(l);
    add_weight_and_bias(l);
    add_finish(l);
}

static void add_offset_and_mask(rt_operands *l)
{
    const int64_t points = (int64_t)l->s->offset_groups * rt_points(l->s);
    if (l->s->offset_mask) {
        add_like_output(l, RT_OFFSET_MASK, 3 * points);
        return;
    }
    add_like_output(l, RT_OFFSET, 2 * points);
    if (l->s->modulation != DCN_MODULATION_NONE)
        add_like_output(l, RT_MASK, points);
}

static void deform_conv2d(rt_operands *l)
{
    add_input(l);
    add_weight_and_bias(l);
    add_offset_and_mask(l);
    add_finish(l);
}

static void deform_conv2d_pack(rt_operands *l)
{
    const dcn_spec *s = l->s;
    add_input(l);
    add_weight_and_bias(l);
    add_weight(l, RT_OFFSET_WEIGHT, rt_inner_channels(s), s->in_channels, s->kernel);
    add_vector(l, RT_OFFSET_BIAS, rt_inner_channels(s));
    add_finish(l);
}

static void separable_conv2d(rt_operands *l)
{
    static const int pointwise[2] = { 1, 1 };
    const dcn_spec *s = l->s;
    const int64_t between = s->in_channels * s->depth_multiplier;
    add_input(l);
    add_weight(l, RT_DW_WEIGHT, between, 1, s->kernel);
    if (s->bias)
        add_vector(l, RT_DW_BIAS, between);
    add_weight(l, RT_PW_WEIGHT, s->out_channels, between, pointwise);
    if (s->bias)
        add_vector(l, RT_PW_BIAS, s->out_channels);
    add_finish(l);
}

/* ---- dcnv3 and dcnv4 ---------------------------------------------------------------------- */

static void add_projection(rt_operands *l)
{
    const dcn_spec *s = l->s;
    if (s->projection)
        add_matrix(l, RT_WEIGHT, s->out_channels, s->in_channels);
    if (s->bias)
        add_vector(l, RT_BIAS, s->out_channels);
}

static void dcnv3(rt_operands *l)
{
    add_input(l);
    add_projection(l);
    add_offset_and_mask(l);
    add_finish(l);
}

static void dcnv4(rt_operands *l)
{
    add_input(l);
    add_projection(l);
    add_like_output(l, RT_OFFSET_MASK, rt_packed_channels(l->s));
    add_finish(l);
}

static void add_center_feature_scale(rt_operands *l)
{
    if (!l->s->center_feature_scale)
        return;
    add_matrix(l, RT_CENTER_WEIGHT, l->s->offset_groups, l->s->in_channels);
    add_vector(l, RT_CENTER_BIAS, l->s->offset_groups);
}

static void dcnv3_module(rt_operands *l)
{
    const int64_t c = l->s->in_channels, points = (int64_t)l->s->offset_groups * rt_points(l->s);
    add_input(l);
    add_weight(l, RT_DW_CONV_WEIGHT, c, 1, l->s->dw_kernel);
    add_vector(l, RT_DW_CONV_BIAS, c);
    if (l->s->norm == DCN_NORM_LAYER) {
        add_vector(l, RT_DW_NORM_WEIGHT, c);
        add_vector(l, RT_DW_NORM_BIAS, c);
    }
    add_matrix(l, RT_OFFSET_WEIGHT, 2 * points, c);
    add_vector(l, RT_OFFSET_BIAS, 2 * points);
    add_matrix(l, RT_MASK_WEIGHT, points, c);
    add_vector(l, RT_MASK_BIAS, points);
    add_matrix(l, RT_INPUT_PROJ_WEIGHT, c, c);
    add_vector(l, RT_INPUT_PROJ_BIAS, c);
    add_matrix(l, RT_OUTPUT_PROJ_WEIGHT, c, c);
    add_vector(l, RT_OUTPUT_PROJ_BIAS, c);
    add_center_feature_scale(l);
    add_output(l);
}

static void dcnv4_module(rt_operands *l)
{
    const dcn_spec *s = l->s;
    const int64_t c = s->in_channels;
    add_input(l);
    if (s->dw_kernel[0]) {
        add_weight(l, RT_OFFSET_MASK_DW_WEIGHT, c, 1, s->dw_kernel);
        add_vector(l, RT_OFFSET_MASK_DW_BIAS, c);
    }
    add_matrix(l, RT_OFFSET_MASK_WEIGHT, rt_packed_channels(s), c);
    add_vector(l, RT_OFFSET_MASK_BIAS, rt_packed_channels(s));
    if (!s->without_pointwise) {
        add_matrix(l, RT_VALUE_PROJ_WEIGHT, c, c);
        add_vector(l, RT_VALUE_PROJ_BIAS, c);
        add_matrix(l, RT_OUTPUT_PROJ_WEIGHT, c, c);
        if (s->output_bias)
            add_vector(l, RT_OUTPUT_PROJ_BIAS, c);
    }
    add_center_feature_scale(l);
    add_output(l);
}

/* ---- regions ------------------------------------------------------------------------------ */

static void add_bins(rt_operands *l, rt_operand which, int64_t channels, int h, int w)
{
    add_map(l, which, l->s->rois, channels, (int64_t[2]){ h, w });
}

static void add_rois(rt_operands *l)
{
    add(l, RT_ROIS, (dcn_tensor){ .rank = 2, .dims = { l->s->rois, 5 } });
}

static void roi(rt_operands *l)
{
    const dcn_spec *s = l->s;
    const int h = s->pooled[0], w = s->pooled[1];
    add_input(l);
    add_rois(l);
    if (s->op == DCN_OP_DEFORM_ROI_POOL)
        add_bins(l, RT_OFFSET, 2, h, w);
    if (s->op == DCN_OP_DEFORM_PS_ROI_POOL && !s->no_trans)
        add_bins(l, RT_TRANS, 2 * (int64_t)s->num_classes, s->part_size, s->part_size);
    if (s->modulation != DCN_MODULATION_NONE)
        add_bins(l, RT_MASK, 1, h, w);
    add_bins(l, RT_OUTPUT, s->out_channels, h, w);
}

static void deform_roi_pool_pack(rt_operands *l)
{
    const dcn_spec *s = l->s;
    const int64_t bins = (int64_t)s->pooled[0] * s->pooled[1], fc = s->fc_channels;
    add_input(l);
    add_rois(l);
    add_matrix(l, RT_OFFSET_FC_0_WEIGHT, fc, s->in_channels * bins);
    add_vector(l, RT_OFFSET_FC_0_BIAS, fc);
    add_matrix(l, RT_OFFSET_FC_2_WEIGHT, fc, fc);
    add_vector(l, RT_OFFSET_FC_2_BIAS, fc);
    add_matrix(l, RT_OFFSET_FC_4_WEIGHT, 2 * bins, fc);
    add_vector(l, RT_OFFSET_FC_4_BIAS, 2 * bins);
    if (s->modulation != DCN_MODULATION_NONE) {
        add_matrix(l, RT_MASK_FC_0_WEIGHT, fc, s->in_channels * bins);
        add_vector(l, RT_MASK_FC_0_BIAS, fc);
        add_matrix(l, RT_MASK_FC_2_WEIGHT, bins, fc);
        add_vector(l, RT_MASK_FC_2_BIAS, bins);
    }
    add_bins(l, RT_OUTPUT, s->out_channels, s->pooled[0], s->pooled[1]);
}

rt_operands rt_operands_of(const dcn_spec *s)
{
    static void (*const list[DCN_NUM_OPS])(rt_operands *) = {
        [DCN_OP_CONV2D] = conv2d,
        [DCN_OP_DEFORM_CONV2D] = deform_conv2d,
        [DCN_OP_DCNV3] = dcnv3,
        [DCN_OP_DCNV4] = dcnv4,
        [DCN_OP_ROI_POOL] = roi,
        [DCN_OP_PS_ROI_POOL] = roi,
        [DCN_OP_ROI_ALIGN] = roi,
        [DCN_OP_PS_ROI_ALIGN] = roi,
        [DCN_OP_DEFORM_ROI_POOL] = roi,
        [DCN_OP_DEFORM_PS_ROI_POOL] = roi,
        [DCN_OP_DEFORM_CONV2D_PACK] = deform_conv2d_pack,
        [DCN_OP_SEPARABLE_CONV2D] = separable_conv2d,
        [DCN_OP_DCNV3_MODULE] = dcnv3_module,
        [DCN_OP_DCNV4_MODULE] = dcnv4_module,
        [DCN_OP_DEFORM_ROI_POOL_PACK] = deform_roi_pool_pack,
    };
    rt_operands l = { .s = s };
    list[s->op](&l);
    return l;
}

int rt_operand_at(const dcn_spec *s, rt_operand which)
{
    const rt_operands o = rt_operands_of(s);
    int i = o.n - 1;
    while (i >= 0 && o.which[i] != which)
        i--;
    return i;
}

int dcn_spec_tensors(const dcn_spec *s, dcn_tensor *out, int max)
{
    const rt_operands o = rt_operands_of(s);
    const int n = o.n < max ? o.n : max;
    if (n > 0)
        memcpy(out, o.tensor, (size_t)n * sizeof *out);
    return o.n;
}
