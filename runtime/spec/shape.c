/* shape.c: sizes that follow from a spec.
**
**     P = floor((H + top + bottom - (dil*(kh-1) + 1)) / stride) + 1, likewise Q; 0 if the
**     kernel does not fit.  Regions have as many bins as their spec says, whatever the input.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/shape.h"
#include "runtime/spec/op.h"

int64_t rt_covered(const dcn_spec *s, int axis)
{
    return (int64_t)s->dilation[axis] * (s->kernel[axis] - 1) + 1;
}

bool rt_is_same(const int padding[4])
{
    return padding[0] == DCN_SAME && padding[1] == DCN_SAME && padding[2] == DCN_SAME &&
           padding[3] == DCN_SAME;
}

int64_t rt_padded(const dcn_spec *s, int axis, int64_t in)
{
    return in + s->padding[axis] + s->padding[axis + 2];
}

static int64_t out_extent(const dcn_spec *s, int axis, int64_t in)
{
    if (rt_op_has(s->op, RT_HAS_ROIS))
        return s->pooled[axis];
    if (in == DCN_DYNAMIC)
        return DCN_DYNAMIC;
    const int64_t room = rt_padded(s, axis, in) - rt_covered(s, axis);
    return room < 0 ? 0 : room / s->stride[axis] + 1;
}

int64_t dcn_out_height(const dcn_spec *s, int64_t height)
{
    return out_extent(s, 0, height);
}

int64_t dcn_out_width(const dcn_spec *s, int64_t width)
{
    return out_extent(s, 1, width);
}

bool rt_is_strided(const dcn_spec *s)
{
    return s->stride[0] != 1 || s->stride[1] != 1;
}

double rt_pixels(const dcn_spec *s)
{
    return (double)s->batch * (double)dcn_out_height(s, s->height) *
           (double)dcn_out_width(s, s->width);
}

int rt_points(const dcn_spec *s)
{
    return s->kernel[0] * s->kernel[1] - s->remove_center;
}

bool rt_offset_planes(const dcn_spec *s)
{
    return s->offset_order == DCN_ORDER_YYXX || s->offset_order == DCN_ORDER_XXYY;
}

int rt_offset_first(const dcn_spec *s)
{
    return s->offset_order == DCN_ORDER_XY || s->offset_order == DCN_ORDER_XXYY;
}

/* From the first offset along an axis to the first along the other. */
static int64_t plane(const dcn_spec *s)
{
    return (int64_t)s->offset_groups * rt_points(s);
}

int64_t rt_offset_channel(const dcn_spec *s, int64_t point, int axis)
{
    const bool second = axis != rt_offset_first(s);
    return rt_offset_planes(s) ? second * plane(s) + point : 2 * point + second;
}

int64_t rt_offset_point(const dcn_spec *s, int64_t channel, int *axis)
{
    const bool planes = rt_offset_planes(s);
    const int second = (int)(planes ? channel / plane(s) : channel % 2);
    *axis = rt_offset_first(s) ^ second;
    return planes ? channel % plane(s) : channel / 2;
}

int rt_roi_numbers(const dcn_spec *s)
{
    return s->roi_format == DCN_ROI_XYXY ? 4 : 5;
}

int64_t rt_packed_channels(const dcn_spec *s)
{
    return (3 * (int64_t)s->offset_groups * rt_points(s) + 7) / 8 * 8;
}

int64_t rt_inner_channels(const dcn_spec *s)
{
    const rt_op *op = rt_op_of(s->op);
    return op->inner_channels ? op->inner_channels(s) : 0;
}
