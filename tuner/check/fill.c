/* fill.c: offsets, masks and regions of one case.
**
** Offsets of a convolution are made for the position that a tap has without them.  They may come as
** close to a jump of the border rule as they like: neither a kernel nor the reference rounds the sum
** of position and offset (docs/SEMANTICS.md, 1.1).  Offsets of regions are shares of the
** region.  Modules make their offsets and masks themselves: a case goes into the biases, so that
** each tap has the same everywhere, and noise from the weights.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"
#include "tuner/check/network.h"
#include "tuner/check/operands.h"

#include <math.h>
#include <string.h>

/* An element of a map, [channel][row][column] of some image or region; a bias is all channels. */
typedef struct Fill {
    const dcn_spec *s;
    const TuneCase *c;
    rt_rng *r;
    int64_t channel, p, q;
} Fill;

static double size_of(const dcn_spec *s, int axis)
{
    return (double)(axis ? s->width : s->height);
}

static double conv_offset(const Fill *f)
{
    const dcn_spec *s = f->s;
    int taps = s->kernel[0] * s->kernel[1];
    int axis;
    int64_t k = rt_offset_point(s, f->channel, &axis) % taps;
    int64_t tap = axis ? k % s->kernel[1] : k / s->kernel[1];
    int64_t pixel = axis ? f->q : f->p;
    double base = (double)(pixel * s->stride[axis] - s->padding[axis] + tap * s->dilation[axis]);
    return f->c->offset(f->c, f->r, base, size_of(s, axis));
}

/* An offset of `pixels` after which no rounding of a product with offset_scale leads across a whole
** position, where slopes jump.  A power of two rounds nothing. */
static double apart(const dcn_spec *s, double base, double pixels)
{
    int exponent;
    const bool exact = fabs(frexp(s->offset_scale, &exponent)) == 0.5;
    const double at = base + pixels;
    if (!s->gradient || exact || !(fabs(at - rint(at)) < 0x1p-6))
        return pixels;
    return pixels + 0x1p-5;
}

/* dcnv3 and dcnv4: number `which` among the offsets of a group, x first. */
static double core_offset(const Fill *f, int64_t which)
{
    const dcn_spec *s = f->s;
    const int64_t k = which / 2, centre = s->kernel[0] * (s->kernel[1] / 2) + s->kernel[0] / 2;
    const int64_t tap = k + (s->remove_center && k >= centre);
    const int axis = !(which % 2);
    const int64_t at = axis ? tap / s->kernel[0] : tap % s->kernel[0];
    const double middle = (double)((int64_t)s->dilation[axis] * (s->kernel[axis] - 1) / 2);
    const double base = middle - s->padding[axis] + (double)(axis ? f->q : f->p) * s->stride[axis] +
                        ((double)(at * s->dilation[axis]) - middle) * s->offset_scale;
    const double pixels = apart(s, base, f->c->offset(f->c, f->r, base, size_of(s, axis)));
    return s->offset_scale != 0 ? pixels / s->offset_scale : pixels;
}

static double offset(const Fill *f)
{
    if (rt_op_has(f->s->op, RT_HAS_ROIS))
        return f->c->offset(f->c, f->r, 0, 1);
    if (rt_op_has(f->s->op, RT_XY_OFFSETS))
        return core_offset(f, f->channel % (2 * rt_points(f->s)));
    return conv_offset(f);
}

static double mask(const Fill *f)
{
    return f->s->modulation == DCN_MODULATION_MASK ? f->c->mask(f->r) : f->c->logit(f->r);
}

/* dcnv4: 2*K' offsets and K' masks for each group, then padding that nobody may read into a sum.
** deform_conv2d with both in one tensor: all offsets, then all masks. */
static double offset_mask(const Fill *f)
{
    const int64_t points = rt_points(f->s), within = f->channel % (3 * points);
    if (!rt_op_has(f->s->op, RT_PACKED_OFFSETS))
        return f->channel < 2 * points * f->s->offset_groups ? conv_offset(f) : mask(f);
    if (f->channel >= 3 * points * f->s->offset_groups)
        return NAN;
    return within < 2 * points ? core_offset(f, within) : mask(f);
}

static double anywhere(const Fill *f)
{
    return f->c->offset(f->c, f->r, 0, size_of(f->s, (int)(f->channel % 2)));
}

/* deform_conv2d_pack: offsets, then masks; dcnv3_module: offsets alone. */
static double offset_bias(const Fill *f)
{
    const int64_t offsets = 2 * (int64_t)f->s->offset_groups * rt_points(f->s);
    return f->channel < offsets ? anywhere(f) : mask(f);
}

/* The share of a centre is made from the sums: a huge one is rounded by as much as its sigmoid can tell,
** and with it the slope there.  Gradients are checked with masks of the order of 1. */
static double module_mask(const Fill *f)
{
    const double m = f->c->mask(f->r);
    const bool modest = f->s->gradient && f->s->center_feature_scale;
    return modest && fabs(m) > 16 ? m * 0x1p-10 : m;
}

static double offset_mask_bias(const Fill *f)
{
    const int64_t points = rt_points(f->s);
    return f->channel % (3 * points) < 2 * points ? anywhere(f) : module_mask(f);
}

static double logit(const Fill *f)
{
    return f->c->logit(f->r);
}

static double roi_bias(const Fill *f)
{
    return f->c->offset(f->c, f->r, 0, 1);
}

/* A sparse one has pixels all over the map, and the first. */
static double grad_output(const Fill *f)
{
    const bool dead = f->c->sparse && (31 * f->p + 17 * f->q) % 13 != 0;
    return dead ? 0 : rt_rng_normal(f->r);
}

/* What a case fills; the rest is as tune_fill_inputs made it. */
static double (*const value_of[RT_NUM_OPERANDS])(const Fill *) = {
    [RT_OFFSET] = offset,
    [RT_MASK] = mask,
    [RT_OFFSET_MASK] = offset_mask,
    [RT_TRANS] = offset,
    [RT_OFFSET_BIAS] = offset_bias,
    [RT_MASK_BIAS] = logit,
    [RT_OFFSET_MASK_BIAS] = offset_mask_bias,
    [RT_OFFSET_FC_4_BIAS] = roi_bias,
    [RT_GRAD_OUTPUT] = grad_output,
};

/* Where element i of the tensor is. */
static void locate(Fill *f, const dcn_tensor *t, int64_t i)
{
    const int64_t *d = t->dims;
    const bool nhwc = f->s->layout == DCN_NHWC;
    f->channel = i, f->p = f->q = 0;
    if (t->rank != 4)
        return;
    f->channel = nhwc ? i % d[3] : i / (d[2] * d[3]) % d[1];
    f->p = nhwc ? i / (d[2] * d[3]) % d[1] : i / d[3] % d[2];
    f->q = nhwc ? i / d[3] % d[2] : i % d[3];
}

static void fill_rois(const dcn_spec *s, const TuneCase *c, rt_rng *r, int64_t count, double *to)
{
    const int n = rt_roi_numbers(s);
    for (int64_t at = 0; at + n <= count; at += n) {
        double row[5];
        (c->roi ? c->roi : tune_ordinary_roi)(r, s, row);
        memcpy(to + at, row + 5 - n, (size_t)n * sizeof *row);
    }
}

bool tune_case_values(const dcn_spec *s, rt_operand which, const dcn_tensor *t, const TuneCase *c,
                      rt_rng *r, double *to)
{
    double (*value)(const Fill *) = value_of[which];
    const int64_t count = rt_tensor_count(t);
    const bool rois = which == RT_ROIS;
    Fill f = { .s = s, .c = c, .r = r };
    if (rois)
        fill_rois(s, c, r, count, to);
    for (int64_t at = 0; value && at < count; at++) {
        locate(&f, t, at);
        to[at] = value(&f);
    }
    for (int64_t at = 0; (value || rois) && at < count; at++)
        to[at] = rt_round_to(rt_kind_of(t->dtype), to[at]);
    return value || rois;
}

/* An input of a network that a layer reads as one of these; it lies as it does outside. */
static bool network_values(const Operands *o, int i, const TuneCase *c, rt_rng *r)
{
    const dcn_network *n = o->spec.network;
    const int input = (int)o->which[i];
    rt_operand as;
    const dcn_spec *s = input < n->ninputs ? tune_net_reader(n, input, &as) : NULL;
    if (!s)
        return false;
    dcn_spec like = *s;
    like.layout = n->value[input].layout;
    return tune_case_values(&like, as, &o->tensor[i], c, r, o->exact[i]);
}

void tune_fill_case(Operands *o, const TuneCase *c, rt_rng *r)
{
    const bool network = rt_op_has(o->spec.op, RT_IS_NETWORK);
    for (int i = 0; i < o->n; i++) {
        const dcn_tensor *t = &o->tensor[i];
        const bool filled = network ? network_values(o, i, c, r)
                                    : tune_case_values(&o->spec, o->which[i], t, c, r, o->exact[i]);
        if (filled)
            rt_convert(o->typed[i], rt_kind_of(t->dtype), o->exact[i], RT_F64, o->count[i]);
    }
}
