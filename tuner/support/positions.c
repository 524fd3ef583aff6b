/* positions.c: where a deformable layer samples, and what that does to the response.
**
** Of convolutions (runtime/reference/conv.c, dcn.c), along each axis:
**     deform_conv2d  p*stride - pad + i*dilation + d
**     dcnv3, dcnv4   p*stride - pad + c + (i*dilation - c)*scale + d*scale,  c = dilation*(k - 1) div 2
** Of regions (roi.c) from `start` on of length `size`, the middle of bin b of n:
**     start + (b + 1/2)*size/n + d*factor*size,  factor = gamma or trans_std
** and the gradient by a position is that by its d over what d is multiplied with.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/positions.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <math.h>

/* ---- convolutions ---------------------------------------------------------------------------- */

/* DCNv3, DCNv4: taps run by columns, and offsets are scaled. */
static bool is_by_columns(const dcn_spec *s)
{
    return rt_op_has(s->op, RT_XY_OFFSETS);
}

static int64_t channel_of(const dcn_spec *s, const SupportPosition *at, int axis)
{
    const int64_t taps = rt_points(s), point = at->group * taps + at->tap;
    if (!is_by_columns(s))
        return rt_offset_channel(s, point, axis);
    if (rt_op_has(s->op, RT_PACKED_OFFSETS))
        return 3 * taps * at->group + 2 * at->tap + 1 - axis;
    return 2 * point + 1 - axis;
}

/* Row or column of the kernel. */
static int64_t step_of(const dcn_spec *s, int64_t tap, int axis)
{
    if (!is_by_columns(s))
        return axis ? tap % s->kernel[1] : tap / s->kernel[1];
    const int64_t centre = (int64_t)s->kernel[1] / 2 * s->kernel[0] + s->kernel[0] / 2;
    const int64_t k = tap + (s->remove_center && tap >= centre);
    return axis ? k / s->kernel[0] : k % s->kernel[0];
}

static SupportAxis conv_axis(const dcn_spec *s, const SupportPosition *at, int axis)
{
    const int64_t pq = axis ? at->q : at->p;
    const int64_t first = pq * s->stride[axis] - s->padding[axis];
    const int64_t step = step_of(s, at->tap, axis) * s->dilation[axis];
    const int64_t centre = (int64_t)s->dilation[axis] * (s->kernel[axis] - 1) / 2;
    SupportAxis a = { channel_of(s, at, axis), (double)(first + step), 1, 0 };
    if (is_by_columns(s)) {
        a.plain = (double)(first + centre) + (double)(step - centre) * s->offset_scale;
        a.factor = s->offset_scale;
    }
    return a;
}

/* ---- regions --------------------------------------------------------------------------------- */

static SupportAxis bin_axis(const dcn_spec *s, const SupportPosition *at, int axis)
{
    const bool trans = rt_op_has(s->op, RT_BY_PART);
    const double *box = at->roi + rt_roi_numbers(s) - 4;
    const double from = box[1 - axis], to = box[3 - axis], scale = s->spatial_scale;
    const int n = trans ? s->part_size[axis] : s->pooled[axis];
    double start = from * scale - 0.5, size = to * scale - from * scale;
    if (trans) {
        start = round(from) * scale - 0.5;
        size = fmax((round(to) + 1) * scale - 0.5 - start, 0.1);
    }
    const double bin = (double)(axis ? at->q : at->p);
    return (SupportAxis){ 2 * at->group + 1 - axis, start + (bin + 0.5) * size / n,
                          (trans ? s->trans_std : s->gamma) * size, size / n };
}

SupportAxis support_axis(const dcn_spec *s, const SupportPosition *at, int axis)
{
    return at->roi ? bin_axis(s, at, axis) : conv_axis(s, at, axis);
}

void support_grid(const dcn_spec *s, SupportLayer *l)
{
    const bool conv = !rt_op_has(s->op, RT_HAS_ROIS);
    l->by_columns = is_by_columns(s);
    l->removed = conv && s->remove_center ? s->kernel[1] / 2 * s->kernel[0] + s->kernel[0] / 2 : -1;
    for (int a = 0; a < 2; a++)
        l->kernel[a] = conv ? s->kernel[a] : 1;
    l->taps = conv ? rt_points(s) : 1;
    l->groups = conv ? s->offset_groups : 1;
    if (!conv && rt_op_has(s->op, RT_BY_PART))
        l->groups = s->num_classes;
}
