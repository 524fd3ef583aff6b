/* box.c: a region, its bins, and where their samples stand.
**
** All of it in f64 and uncontracted, in the order of the reference: a position decides which pixels
** are read, and a rounding here is a jump there. It is done per bin, not per channel, so it costs
** little. The variant torchvision of f32 rounds each result to f32, which a product or quotient of
** two f32 in f64 survives unharmed: f64 has more than twice the digits.
**
** Regions hold anything. One with a number that is not finite, or without an image, gives zeros.
** What is converted to an integer is clamped before; a comparison with NaN is false, so a sample at
** NaN is outside.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/modulation.h"
#include "codegen/roi/bins.h"

#include <float.h>
#include <math.h>

LaneType roi_pos_type(const RoiPlan *p)
{
    return (LaneType){ .fp_bytes = 8, .lanes = p->bins_per_vec, .exact = true };
}

LaneType roi_val_type(const RoiPlan *p)
{
    return (LaneType){ .fp_bytes = p->fp_bytes, .lanes = p->bins_per_vec, .exact = false };
}

LaneType roi_coeff_type(const RoiPlan *p)
{
    return (LaneType){ .fp_bytes = p->coeff_bytes, .lanes = p->bins_per_vec, .exact = false };
}

/* Number i of the region, in every lane: the image, x1, y1, x2, y2.  Rows that name no image, which is
** the first then, begin with x1. */
static fvec coordinate(Emit *e, const RoiCtx *c, int i)
{
    int unnamed = c->plan->s->roi_format == DCN_ROI_XYXY;
    fvec x = { NULL };
    if (i < unnamed)
        return f_const(e, 0);
    EMIT_TYPE (e, roi_val_type(c->plan)) {
        x = p_splat(e, p_at(e, c->pb.rois, x_addk(e, x_mulk(e, c->r, 5 - unnamed), i - unnamed)));
    }
    return f_convert(e, x);
}

static mask names_image(Emit *e, const RoiCtx *c, fvec n)
{
    fvec images = i_to_f(e, i_splat(e, c->pb.n));
    return m_and(e, f_less(e, f_const(e, -1), n), f_less(e, n, images));
}

static idx image_if(Emit *e, mask in, fvec n)
{
    fvec whole = f_floor(e, f_max(e, n, f_const(e, 0)));
    return i_first(e, f_to_i(e, f_select(e, in, whole, f_const(e, -1))));
}

idx roi_image(Emit *e, const RoiCtx *c)
{
    fvec n = coordinate(e, c, 0);
    mask in = names_image(e, c, n);
    for (int i = 1; i < 5; i++)
        in = m_and(e, in, f_less(e, f_abs(e, coordinate(e, c, i)), f_const(e, (double)INFINITY)));
    return image_if(e, in, n);
}

idx roi_named_image(Emit *e, const RoiCtx *c)
{
    fvec n = coordinate(e, c, 0);
    return image_if(e, names_image(e, c, n), n);
}

fvec roi_extent(Emit *e, const RoiCtx *c, int axis)
{
    return i_to_f(e, i_splat(e, axis ? c->pb.w : c->pb.h));
}

/* ---- the region ------------------------------------------------------------------------------ */

/* One axis of a region whose edges in the image are `from` and `to`. */
typedef RoiAxis (*RoiBox)(Emit *e, const dcn_spec *s, fvec from, fvec to);

static fvec scaled(Emit *e, const dcn_spec *s, fvec x)
{
    return f_mul(e, x, f_const(e, s->spatial_scale));
}

static RoiAxis align_box(Emit *e, const dcn_spec *s, fvec from, fvec to)
{
    bool half_pixel = rt_op_has(s->op, RT_HALF_PIXEL) || s->aligned;
    fvec half = f_const(e, half_pixel ? 0.5 : 0);
    RoiAxis x = { .start = f_sub(e, scaled(e, s, from), half) };
    x.size = f_sub(e, f_sub(e, scaled(e, s, to), half), x.start);
    if (!half_pixel)
        x.size = f_max(e, x.size, f_const(e, 1));
    return x;
}

static fvec next_round(Emit *e, fvec x)
{
    return f_add(e, f_round(e, x), f_const(e, 1));
}

static RoiAxis rounded_box(Emit *e, const dcn_spec *s, fvec from, fvec to)
{
    fvec half = f_const(e, rt_op_has(s->op, RT_BY_PART) ? 0.5 : 0);
    RoiAxis x = { .start = f_sub(e, scaled(e, s, f_round(e, from)), half) };
    fvec end = f_sub(e, scaled(e, s, next_round(e, to)), half);
    x.size = f_max(e, f_sub(e, end, x.start), f_const(e, 0.1));
    return x;
}

static bool rounds_in_f32(const dcn_spec *s)
{
    return rt_op_has(s->op, RT_QUANTISED) && s->variant == DCN_ROI_TORCHVISION &&
           s->dtype == DCN_F32;
}

fvec roi_in_dtype(Emit *e, const dcn_spec *s, fvec x)
{
    fvec narrow = { NULL };
    if (!rounds_in_f32(s))
        return x;
    EMIT_TYPE (e, ((LaneType){ .fp_bytes = 4, .lanes = e->lanes, .exact = true })) {
        narrow = f_convert(e, x);
    }
    return f_convert(e, narrow);
}

static fvec torchvision_edge(Emit *e, const dcn_spec *s, fvec x)
{
    fvec scale = roi_in_dtype(e, s, f_const(e, s->spatial_scale));
    return f_round(e, roi_in_dtype(e, s, f_mul(e, x, scale)));
}

static RoiAxis torchvision_box(Emit *e, const dcn_spec *s, fvec from, fvec to)
{
    RoiAxis x = { .start = torchvision_edge(e, s, from) };
    x.size = f_sub(e, torchvision_edge(e, s, to), x.start);
    if (!rt_op_has(s->op, RT_POSITION_SENSITIVE))
        x.size = f_add(e, x.size, f_const(e, 1));
    x.size = f_max(e, x.size, f_const(e, 1));
    return x;
}

static RoiAxis mmcv_box(Emit *e, const dcn_spec *s, fvec from, fvec to)
{
    RoiAxis x = { .start = scaled(e, s, from) };
    x.size = f_sub(e, scaled(e, s, f_add(e, to, f_const(e, 1))), x.start);
    return x;
}

static RoiBox box_of(const RoiPlan *p)
{
    static const RoiBox quantised[] = { [DCN_ROI_MXNET] = rounded_box,
                                        [DCN_ROI_TORCHVISION] = torchvision_box,
                                        [DCN_ROI_MMCV] = mmcv_box };
    if (p->sampling == ROI_SAMPLING_QUANTISED)
        return quantised[p->s->variant];
    if (p->sampling == ROI_SAMPLING_HALF)
        return rounded_box;
    return align_box;
}

RoiAxis roi_axis(Emit *e, const RoiCtx *c, int axis)
{
    const RoiPlan *p = c->plan;
    fvec from = coordinate(e, c, 2 - axis), to = coordinate(e, c, 4 - axis);
    RoiAxis x = box_of(p)(e, p->s, from, to);
    fvec bins = f_const(e, axis ? p->pooled_w : p->pooled_h);
    x.bin = roi_in_dtype(e, p->s, f_div(e, roi_in_dtype(e, p->s, x.size), bins));
    x.grid = p->grid[axis] ? f_const(e, p->grid[axis]) : f_ceil(e, x.bin);
    x.steps = p->grid[axis] ? x.grid : f_max(e, x.grid, f_const(e, 1));
    return x;
}

/* ---- its bins -------------------------------------------------------------------------------- */

/* What lies `step` elements apart from p[at] on, one per lane. */
static fvec lanes_of(Emit *e, const RoiCtx *c, addr p, idx at, int step, mask live)
{
    fvec x = { NULL };
    EMIT_TYPE (e, roi_val_type(c->plan)) {
        addr from = p_at(e, p, at);
        x = step == 1 ? p_load(e, from, live)
                      : p_gather(e, from, i_mul(e, i_lane(e), i_const(e, step)), live);
    }
    return f_convert(e, x);
}

/* A channel of a tensor [R][channels][nh][nw], one element per bin. */
static fvec per_bin(Emit *e, const RoiCtx *c, const RoiBins *b, addr p, int channels, int channel)
{
    const RoiPlan *plan = c->plan;
    int nhwc = plan->s->layout == DCN_NHWC, step = nhwc ? channels : 1;
    idx bin = x_add(e, c->first_bin, b->first);
    idx at = x_mulk(e, c->r, (int64_t)channels * plan->pooled_h * plan->pooled_w);
    at = x_add(e, at, x_mulk(e, bin, step));
    at = x_addk(e, at, nhwc ? channel : (int64_t)channel * plan->pooled_h * plan->pooled_w);
    return lanes_of(e, c, p, at, step, b->live);
}

/* The part of axis `axis` that each bin lies in. */
static fvec part_of(Emit *e, const RoiCtx *c, const RoiBins *b, int axis)
{
    const dcn_spec *s = c->plan->s;
    fvec before = f_mul(e, b->at[axis], f_const(e, s->part_size[axis]));
    return f_floor(e, f_div(e, before, f_const(e, s->pooled[axis])));
}

/* trans[r][2*class + channel] at the part of each bin. */
static fvec trans_of(Emit *e, const RoiCtx *c, const RoiBins *b, int channel)
{
    const dcn_spec *s = c->plan->s;
    int nhwc = s->layout == DCN_NHWC, channels = 2 * s->num_classes;
    int plane = s->part_size[0] * s->part_size[1];
    idx of = x_addk(e, x_mulk(e, c->cls, 2), channel);
    idx at = x_add(e, x_mulk(e, c->r, (int64_t)channels * plane), x_mulk(e, of, nhwc ? 1 : plane));
    fvec col = part_of(e, c, b, 1), row = part_of(e, c, b, 0);
    fvec part = f_add(e, f_mul(e, row, f_const(e, s->part_size[1])), col);
    ivec lane = i_mul(e, f_to_i(e, part), i_const(e, nhwc ? channels : 1));
    fvec x = { NULL };
    EMIT_TYPE (e, roi_val_type(c->plan)) {
        x = p_gather(e, p_at(e, c->pb.trans, at), lane, b->live);
    }
    return f_convert(e, x);
}

/* Where the bins begin along an axis; offsets are stored x first. */
static fvec base_of(Emit *e, const RoiCtx *c, const RoiAxis *x, const RoiBins *b, int axis)
{
    const dcn_spec *s = c->plan->s;
    fvec start = x->start, before = f_mul(e, b->at[axis], x->bin);
    if (c->pb.offset.v) {
        fvec shift = f_mul(e, f_const(e, s->gamma), x->size);
        shift = f_mul(e, shift, per_bin(e, c, b, c->pb.offset, 2, 1 - axis));
        return f_add(e, f_add(e, start, shift), before);
    }
    fvec base = f_add(e, before, start);
    if (!c->pb.trans.v)
        return base;
    fvec trans = f_mul(e, trans_of(e, c, b, 1 - axis), f_const(e, s->trans_std));
    return f_add(e, base, f_mul(e, trans, x->size));
}

RoiBins roi_bins(Emit *e, const RoiCtx *c, const RoiAxis axis[2], idx first)
{
    RoiBins b = { .first = first, .live = m_below(e, x_sub(e, c->bins, first)) };
    ivec number = i_add(e, i_splat(e, x_add(e, c->first_bin, first)), i_lane(e));
    fvec n = i_to_f(e, number), cols = f_const(e, c->plan->pooled_w);
    b.at[0] = f_floor(e, f_div(e, f_add(e, n, f_const(e, 0.5)), cols));
    b.at[1] = f_sub(e, n, f_mul(e, b.at[0], cols));
    if (c->plan->sampling != ROI_SAMPLING_QUANTISED)
        for (int i = 0; i < 2; i++)
            b.base[i] = base_of(e, c, &axis[i], &b, i);
    return b;
}

/* ---- samples --------------------------------------------------------------------------------- */

fvec roi_position(Emit *e, const RoiCtx *c, const RoiAxis *x, fvec base, fvec t)
{
    if (c->plan->sampling == ROI_SAMPLING_HALF)
        return f_add(e, base, f_mul(e, t, f_div(e, x->bin, x->steps)));
    fvec middle = f_add(e, t, f_const(e, 0.5));
    return f_add(e, base, f_div(e, f_mul(e, middle, x->bin), x->steps));
}

mask roi_valid(Emit *e, const RoiCtx *c, int axis, fvec position)
{
    bool half = c->plan->sampling == ROI_SAMPLING_HALF;
    fvec highest = f_sub(e, roi_extent(e, c, axis), f_const(e, half ? 0.5 : 0));
    mask above = f_less_equal(e, f_const(e, half ? -0.5 : -1), position);
    return m_and(e, above, f_less_equal(e, position, highest));
}

/* How many samples of an axis are valid. */
static fvec valid_count(Emit *e, const RoiCtx *c, const RoiAxis *x, const RoiBins *b, int axis)
{
    var sum = v_float(e, f_const(e, 0)), at = v_float(e, f_const(e, 0));
    EMIT_FOR (e, t, x_const(e, 0), x_const(e, c->plan->grid[axis]), 1) {
        mask in = roi_valid(e, c, axis, roi_position(e, c, x, b->base[axis], v_get(e, at)));
        v_set(e, sum, f_add(e, v_get(e, sum), f_select(e, in, f_const(e, 1), f_const(e, 0))));
        v_set(e, at, f_add(e, v_get(e, at), f_const(e, 1)));
    }
    return v_get(e, sum);
}

/* 1 where there is none. */
fvec roi_divisor(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const RoiBins *b)
{
    fvec rows = axis[0].grid, cols = axis[1].grid;
    if (c->plan->sampling == ROI_SAMPLING_HALF) {
        cols = valid_count(e, c, &axis[1], b, 1);
        rows = valid_count(e, c, &axis[0], b, 0);
    }
    return f_max(e, f_mul(e, rows, cols), f_const(e, 1));
}

enum { MANY = 1 << 24 }; /* samples of an axis */

/* What the maximum of a bin is at least: 0 if a sample is outside or there is none, else nothing
** that a float could fall below.  Samples follow one another in one direction, so if the first and
** the last are inside, all are; of an adaptive grid, whose samples are half a pixel apart, no map has
** more than MANY inside. */
static fvec least(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const RoiBins *b)
{
    fvec zero = f_const(e, 0);
    mask inside = m_all(e);
    for (int i = 0; i < 2; i++) {
        fvec last = f_min(e, f_sub(e, axis[i].grid, f_const(e, 1)), f_const(e, MANY));
        fvec from = roi_position(e, c, &axis[i], b->base[i], zero);
        fvec to = roi_position(e, c, &axis[i], b->base[i], last);
        inside = m_and(e, inside, f_less_equal(e, zero, last));
        inside = m_and(e, inside, roi_valid(e, c, i, from));
        inside = m_and(e, inside, roi_valid(e, c, i, to));
    }
    return f_select(e, inside, f_const(e, -(double)FLT_MAX), zero);
}

fvec roi_modulation(Emit *e, const RoiCtx *c, const RoiBins *b)
{
    fvec m = per_bin(e, c, b, c->pb.mask, 1, 0);
    return modulation_of(e, c->plan->s, m, NULL);
}

fvec roi_scale(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const RoiBins *b)
{
    if (c->plan->maximum)
        return least(e, c, axis, b);
    fvec scale = f_div(e, f_const(e, 1), roi_divisor(e, c, axis, b));
    if (c->plan->s->modulation == DCN_MODULATION_NONE)
        return scale;
    return f_mul(e, scale, roi_modulation(e, c, b));
}

void roi_store_scale(Emit *e, const RoiCtx *c, const RoiBins *b, fvec scale)
{
    EMIT_TYPE (e, roi_val_type(c->plan)) {
        addr to = p_at(e, roi_scratch(e, c, c->plan->scratch.scale), b->first);
        p_store(e, to, f_convert(e, scale), all_lanes);
    }
}

/* ---- channels -------------------------------------------------------------------------------- */

idx roi_group(Emit *e, const RoiCtx *c, idx bin)
{
    const RoiPlan *plan = c->plan;
    const int *groups = plan->groups;
    if (groups[0] * groups[1] == 1)
        return x_const(e, 0);
    idx n = x_add(e, c->first_bin, bin), cols = x_const(e, plan->pooled_w);
    idx y = x_mulk(e, x_div(e, n, cols), groups[0]), x = x_mulk(e, x_rem(e, n, cols), groups[1]);
    idx gy = x_div(e, y, x_const(e, plan->pooled_h)), gx = x_div(e, x, cols);
    return x_add(e, x_mulk(e, gy, groups[1]), gx);
}
