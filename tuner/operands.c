/* operands.c: random tensors for a kernel.
**
** Every number is rounded to the kernel's dtype before either side sees it.  Where the border
** rule jumps (clamp, hybrid), a coordinate that lies almost on an integer is put on it, since the
** kernel may round base + offset to either side of the jump.
** SPDX-License-Identifier: Apache-2.0
*/
#include "operands.h"
#include "regions.h"
#include "runtime/base.h"
#include "runtime/spec_fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_weight(const Operands *o, int i)
{
    return o->tensor[i].role == DCN_WEIGHT;
}

static size_t typed_bytes(const Operands *o, int i)
{
    if (is_weight(o, i))
        return o->kernel ? dcn_kernel_tensor_bytes(o->kernel, i) : 0;
    return (size_t)o->count[i] * dcn_dtype_bytes(o->spec.dtype);
}

/* As frameworks align tensors, and the same for every kernel, so that none is timed on luckier memory. */
static void *aligned(size_t bytes)
{
    enum { LINE = 64 };
    return aligned_alloc(LINE, (bytes / LINE + 1) * LINE);
}

int tune_operands_open(Operands *o, const dcn_kernel *k, const dcn_spec *bound, dcn_error *err)
{
    *o = (Operands){ .kernel = k, .spec = *bound };
    o->n = dcn_spec_tensors(bound, o->tensor);
    for (int i = 0; i < o->n; i++) {
        o->count[i] = rt_tensor_count(&o->tensor[i]);
        o->exact[i] = calloc((size_t)o->count[i] + 1, sizeof(double));
        o->typed[i] = aligned(typed_bytes(o, i));
        if (!o->exact[i] || !o->typed[i])
            return dcn_fail(err, DCN_EENV, "no memory for tensor '%s' of '%s'", o->tensor[i].name,
                            bound->name);
    }
    return 0;
}

void tune_operands_close(Operands *o)
{
    for (int i = 0; i < o->n; i++) {
        free(o->exact[i]);
        free(o->typed[i]);
    }
    o->n = 0;
}

static void fill_normal(Operands *o, int i, double deviation, rt_rng *r)
{
    rt_kind kind = rt_kind_of(o->spec.dtype);
    for (int64_t at = 0; at < o->count[i]; at++)
        o->exact[i][at] = rt_round_to(kind, deviation * rt_rng_normal(r));
}

static int pack_weight(Operands *o, int i, dcn_error *err)
{
    rt_kind kind = rt_kind_of(o->spec.dtype);
    void *plain = malloc((size_t)o->count[i] * rt_kind_bytes(kind));
    if (!plain)
        return dcn_fail(err, DCN_EENV, "no memory for tensor '%s' of '%s'", o->tensor[i].name,
                        o->spec.name);
    rt_convert(plain, kind, o->exact[i], RT_F64, o->count[i]);
    dcn_pack_tensor(o->kernel, i, plain, o->typed[i]);
    free(plain);
    return 0;
}

int tune_fill_inputs(Operands *o, rt_rng *r, dcn_error *err)
{
    const dcn_spec *s = &o->spec;
    rt_kind kind = rt_kind_of(s->dtype);
    double terms = (double)(s->in_channels / s->groups) * s->kernel[0] * s->kernel[1];
    for (int i = 0; i < o->n; i++) {
        bool weight = is_weight(o, i);
        if (o->tensor[i].role == DCN_OUT)
            continue;
        fill_normal(o, i, weight ? 1 / sqrt(terms) : 1, r);
        if (!weight)
            rt_convert(o->typed[i], kind, o->exact[i], RT_F64, o->count[i]);
        else if (o->kernel && pack_weight(o, i, err))
            return -1;
    }
    return 0;
}

int tune_operands_share(Operands *o, const Operands *from, const dcn_kernel *k, dcn_error *err)
{
    *o = *from;
    o->kernel = k;
    for (int i = 0; i < o->n; i++) {
        if (is_weight(o, i))
            o->typed[i] = NULL;
    }
    for (int i = 0; i < o->n; i++) {
        if (!is_weight(o, i))
            continue;
        o->typed[i] = aligned(typed_bytes(o, i));
        if (!o->typed[i])
            return dcn_fail(err, DCN_EENV, "no memory for the weight of '%s'", o->spec.name);
        if (pack_weight(o, i, err))
            return -1;
    }
    return 0;
}

void tune_operands_drop(Operands *o)
{
    for (int i = 0; i < o->n; i++) {
        if (is_weight(o, i))
            free(o->typed[i]);
    }
    o->n = 0;
}

/* ---- offset and mask ------------------------------------------------------ */

typedef struct Fill {
    Operands *o;
    const TuneCase *c;
    rt_rng *r;
    int tensor;
} Fill;

/* Keep clear of the jumps of the border rule. */
static double settle(const dcn_spec *s, double base, double size, double offset)
{
    double at = base + offset, margin = 1e-4 + size * 0x1p-20;
    if (s->border != DCN_BORDER_ZERO && fabs(at - rint(at)) < margin)
        return rint(at) - base;
    return offset;
}

/* Channel c of the offset tensor at output pixel p, q. */
static double offset_value(const Fill *f, int64_t c, int64_t p, int64_t q)
{
    const dcn_spec *s = &f->o->spec;
    int taps = s->kernel[0] * s->kernel[1];
    int axis = (int)(c % 2) ^ (s->offset_order == DCN_ORDER_XY);
    int64_t k = c / 2 % taps, tap = axis ? k % s->kernel[1] : k / s->kernel[1];
    int64_t pixel = axis ? q : p;
    double base = (double)(pixel * s->stride[axis] - s->padding[axis] + tap * s->dilation[axis]);
    double size = (double)(axis ? s->width : s->height);
    return settle(s, base, size, f->c->offset(f->c, f->r, base, size));
}

static double mask_value(const Fill *f, int64_t c, int64_t p, int64_t q)
{
    (void)c, (void)p, (void)q;
    return f->o->spec.modulation == DCN_MODULATION_MASK ? f->c->mask(f->r) : f->c->logit(f->r);
}

/* The channels of the masks come after those of the offsets. */
static double joint_value(const Fill *f, int64_t c, int64_t p, int64_t q)
{
    const dcn_spec *s = &f->o->spec;
    int64_t offsets = (int64_t)2 * s->offset_groups * s->kernel[0] * s->kernel[1];
    return c < offsets ? offset_value(f, c, p, q) : mask_value(f, c - offsets, p, q);
}

/* Fill a tensor of one number per channel and output pixel, in either layout. */
static void fill_map(const Fill *f, double (*value)(const Fill *f, int64_t c, int64_t p, int64_t q))
{
    Operands *o = f->o;
    bool nhwc = o->spec.layout == DCN_NHWC;
    rt_kind kind = rt_kind_of(o->spec.dtype);
    const int64_t *d = o->tensor[f->tensor].dims;
    double *to = o->exact[f->tensor];
    for (int64_t i = 0; i < o->count[f->tensor]; i++) {
        int64_t c = nhwc ? i % d[3] : i / (d[2] * d[3]) % d[1];
        int64_t p = nhwc ? i / (d[2] * d[3]) % d[1] : i / d[3] % d[2];
        int64_t q = nhwc ? i / d[3] % d[2] : i % d[3];
        to[i] = rt_round_to(kind, value(f, c, p, q));
    }
    rt_convert(o->typed[f->tensor], kind, to, RT_F64, o->count[f->tensor]);
}

void tune_fill_case(Operands *o, const TuneCase *c, rt_rng *r)
{
    if (rt_has_rois(o->spec.op)) {
        tune_fill_regions(o, c, r);
        return;
    }
    for (int i = 0; i < o->n; i++) {
        Fill f = { o, c, r, i };
        if (!strcmp(o->tensor[i].name, "offset"))
            fill_map(&f, offset_value);
        if (!strcmp(o->tensor[i].name, "mask"))
            fill_map(&f, mask_value);
        if (o->spec.offset_mask && !strcmp(o->tensor[i].name, "offset_mask"))
            fill_map(&f, joint_value);
    }
}

void tune_poison_output(Operands *o)
{
    memset(o->typed[o->n - 1], 0xff, typed_bytes(o, o->n - 1));
}

int tune_run(const Operands *o, int threads, void *workspace, dcn_error *err)
{
    const dcn_spec *s = &o->spec;
    dcn_call call = { .batch = s->batch,
                      .height = s->height,
                      .width = s->width,
                      .rois = s->rois,
                      .threads = threads,
                      .workspace = workspace,
                      .parallel_for = o->parallel_for,
                      .parallel_self = o->parallel_self };
    memcpy(call.tensor, o->typed, sizeof call.tensor);
    return dcn_execute(o->kernel, &call, err);
}
