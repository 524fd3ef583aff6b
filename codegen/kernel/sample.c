/* sample.c: from offsets to pixels and weights, per lane.
**
** Along one axis a tap stands at  base + off,  base = p*stride - pad + i*dilation  an integer.  With
**
**     y0 = base + floor(off)     f = off - floor(off)
**
** the bilinear sample takes 1-f of row y0 and f of row y0+1.  Only the offset is floored: base + off
** would be rounded first, which costs digits on wide maps.  So that both rows can always be read, the
** pair is moved to b, b+1 with b = clamp(y0, 0, H-2) and the weights move with it:
**
**     weight(r) = 1-f if r = y0,  f if r = y0+1,  else 0         for r = b, b+1
**
** Border rules, the last two exact in integers since y >= 0 means y0 >= 0, and y < H means y0 <= H-1:
**     zero    valid when a weight is above 0, that is -1 < y < H
**     clamp   valid when  0 <= y0 <= H-1, and f = 0 on the last row
**     hybrid  valid when  0 <= y0 <= H-1
** Offsets are clamped to +-LIMIT, beyond every map; NaN becomes -LIMIT, and is never valid.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/sample.h"
#include "codegen/math/math.h"

/* 2^22: larger than any base or size that a spec may have, and f32 still resolves its halves. */
#define LIMIT 4194304.0

/* ---- one axis ----------------------------------------------------------------------------- */

typedef struct Axis {
    ivec at;
    fvec lo, hi;
    mask valid, moved;
} Axis;

/* y0 and f of an axis. */
static ivec split(Emit *e, ivec base, fvec off, fvec *f)
{
    off = f_min(e, f_max(e, off, f_const(e, -LIMIT)), f_const(e, LIMIT));
    fvec whole = f_floor(e, off);
    *f = f_sub(e, off, whole);
    return i_add(e, base, f_to_i(e, whole));
}

static Axis axis(Emit *e, const dcn_spec *s, ivec y0, fvec f, idx extent)
{
    fvec zero = f_const(e, 0);
    ivec size = i_splat(e, extent), one = i_const(e, 1);
    if (s->border == DCN_BORDER_CLAMP)
        f = f_select(e, i_equal(e, y0, i_sub(e, size, one)), zero, f);
    fvec g = f_sub(e, f_const(e, 1), f);

    ivec b = i_max(e, i_min(e, y0, i_sub(e, size, i_const(e, 2))), i_const(e, 0));
    mask here = i_equal(e, y0, b), above = i_equal(e, i_add(e, y0, one), b);
    mask below = i_equal(e, y0, i_add(e, b, one)), thick = i_less(e, one, size);
    fvec lo = f_select(e, here, g, f_select(e, above, f, zero));
    fvec hi = f_select(e, here, f, f_select(e, below, g, zero));
    hi = f_select(e, thick, hi, zero);
    mask valid =
        s->border == DCN_BORDER_ZERO ? f_less(e, zero, f_add(e, lo, hi)) : i_below(e, y0, size);
    return (Axis){ b, lo, hi, valid, m_not(e, m_and(e, here, thick)) };
}

mask emit_spot_inside(Emit *e, const Problem *pb, const Spot *s)
{
    idx rows = x_addk(e, pb->h, -1), cols = x_addk(e, pb->w, -1);
    return m_and(e, i_below(e, s->y, i_splat(e, rows)), i_below(e, s->x, i_splat(e, cols)));
}

Sample emit_spot_sample(Emit *e, const Problem *pb, const Spot *s, int all_inside)
{
    Sample out = { .y = s->y, .x = s->x, .y1 = s->fy, .x1 = s->fx, .modulation = s->modulation };
    if (all_inside) {
        out.y0 = f_sub(e, f_const(e, 1), s->fy);
        out.x0 = f_sub(e, f_const(e, 1), s->fx);
        return out;
    }
    Axis y = axis(e, pb->s, s->y, s->fy, pb->h), x = axis(e, pb->s, s->x, s->fx, pb->w);
    mask valid = m_and(e, y.valid, x.valid), moved = m_or(e, y.moved, x.moved);
    return (Sample){ y.at, x.at, y.lo, y.hi, x.lo, x.hi, valid, moved, s->modulation };
}

/* ---- offsets and masks ---------------------------------------------------------------------- */

static idx tap_index(Emit *e, const Problem *pb, idx i, idx j)
{
    return x_add(e, x_mulk(e, i, pb->s->kernel[1]), j);
}

/* Channel (d*K + k)*per + which of the offset (per = 2) or mask (per = 1) tensor. */
static fvec tap_channel(Emit *e, const Problem *pb, addr map, const Place *at, idx k, int per,
                        int which)
{
    int taps = problem_taps(pb->s);
    idx tap = x_add(e, x_mulk(e, at->d, taps), k);
    idx channel = x_addk(e, x_mulk(e, tap, per), which);
    idx channels = x_const(e, per == 2 ? pb->offset_channels : pb->mask_channels);
    const idx place[4] = { at->n, channel, at->p, at->q };
    return problem_lanes(e, pb, map, channels, place, at->live);
}

static fvec logit(Emit *e, const Problem *pb, const Place *at, idx k)
{
    return tap_channel(e, pb, pb->mask, at, k, 1, 0);
}

void emit_softmax(Emit *e, const Problem *pb, Place *at)
{
    if (pb->s->modulation != DCN_MODULATION_SOFTMAX)
        return;
    idx zero = x_const(e, 0), taps = x_const(e, problem_taps(pb->s));
    var most = v_float(e, logit(e, pb, at, zero));
    EMIT_FOR (e, k, x_const(e, 1), taps, 1) {
        v_set(e, most, f_max(e, logit(e, pb, at, k.at), v_get(e, most)));
    }
    at->shift = v_get(e, most);
    var sum = v_float(e, f_const(e, 0));
    EMIT_FOR (e, k, zero, taps, 1) {
        fvec term = emit_exp(e, f_sub(e, logit(e, pb, at, k.at), at->shift));
        v_set(e, sum, f_add(e, v_get(e, sum), term));
    }
    at->scale = f_div(e, f_const(e, pb->s->modulation_scale), v_get(e, sum));
}

static fvec modulation(Emit *e, const Problem *pb, const Place *at, fvec x)
{
    fvec scale = f_const(e, pb->s->modulation_scale);
    if (pb->s->modulation == DCN_MODULATION_SOFTMAX)
        return f_mul(e, emit_exp(e, f_sub(e, x, at->shift)), at->scale);
    if (pb->s->modulation == DCN_MODULATION_SIGMOID)
        x = emit_sigmoid(e, x);
    return pb->s->modulation_scale == 1 ? x : f_mul(e, x, scale);
}

/* ---- a tap ---------------------------------------------------------------------------------- */

idx emit_tap_row(Emit *e, const Problem *pb, idx p, idx i)
{
    const dcn_spec *s = pb->s;
    idx row = x_add(e, x_mulk(e, p, s->stride[0]), x_mulk(e, i, s->dilation[0]));
    return x_addk(e, row, -s->padding[0]);
}

ivec emit_tap_cols(Emit *e, const Problem *pb, idx q, idx j)
{
    const dcn_spec *s = pb->s;
    idx first = x_add(e, x_mulk(e, q, s->stride[1]), x_mulk(e, j, s->dilation[1]));
    ivec lanes = i_mul(e, i_lane(e), i_const(e, s->stride[1]));
    return i_add(e, i_splat(e, x_addk(e, first, -s->padding[1])), lanes);
}

Sample emit_sample(Emit *e, const Problem *pb, const Place *at, idx i, idx j)
{
    const dcn_spec *s = pb->s;
    idx k = tap_index(e, pb, i, j);
    int xy = s->offset_order == DCN_ORDER_XY;
    fvec dy = tap_channel(e, pb, pb->offset, at, k, 2, xy);
    fvec dx = tap_channel(e, pb, pb->offset, at, k, 2, !xy);
    Spot spot = { .modulation.v = NULL };
    spot.y = split(e, i_splat(e, emit_tap_row(e, pb, at->p, i)), dy, &spot.fy);
    spot.x = split(e, emit_tap_cols(e, pb, at->q, j), dx, &spot.fx);
    if (s->modulation != DCN_MODULATION_NONE)
        spot.modulation = modulation(e, pb, at, logit(e, pb, at, k));
    return emit_spot_sample(e, pb, &spot, 0);
}

/* ---- lanes along taps ----------------------------------------------------------------------- */

TapTable emit_tap_table(Emit *e, const dcn_spec *s)
{
    int y[EMIT_TABLE_MAX], x[EMIT_TABLE_MAX], d[EMIT_TABLE_MAX], taps = problem_taps(s);
    int n = (s->offset_groups * taps + e->lanes - 1) / e->lanes * e->lanes;
    for (int i = 0; i < n; i++) {
        int k = i % taps;
        y[i] = k / s->kernel[1] * s->dilation[0];
        x[i] = k % s->kernel[1] * s->dilation[1];
        d[i] = i / taps;
    }
    return (TapTable){ p_table_i32(e, y, n), p_table_i32(e, x, n), p_table_i32(e, d, n) };
}

/* `per` elements of every lane's tap in the row of a pixel: vector `which` of them. */
static fvec row_part(Emit *e, addr row, const VecLoop *taps, int per, int which)
{
    idx first = x_addk(e, x_mulk(e, taps->at, per), (int64_t)which * e->lanes);
    mask live = { NULL };
    if (taps->live.v)
        live = m_below(e, x_sub(e, x_mulk(e, taps->extent, per), first));
    return p_load(e, p_at(e, row, first), live);
}

Spot emit_spot_taps(Emit *e, const Problem *pb, const TapTable *t, const Place *at,
                    const TapRows *rows, const VecLoop *taps)
{
    const dcn_spec *s = pb->s;
    int xy = s->offset_order == DCN_ORDER_XY;
    fvec a = row_part(e, rows->offset, taps, 2, 0), b = row_part(e, rows->offset, taps, 2, 1);
    idx y = emit_tap_row(e, pb, at->p, x_const(e, 0));
    idx x = x_addk(e, x_mulk(e, at->q, s->stride[1]), -s->padding[1]);
    ivec ys = i_add(e, i_splat(e, y), p_load_i32(e, p_at_i32(e, t->y, taps->at)));
    ivec xs = i_add(e, i_splat(e, x), p_load_i32(e, p_at_i32(e, t->x, taps->at)));
    Spot spot = { .modulation.v = NULL };
    spot.y = split(e, ys, f_deinterleave(e, a, b, xy), &spot.fy);
    spot.x = split(e, xs, f_deinterleave(e, a, b, !xy), &spot.fx);
    if (s->modulation != DCN_MODULATION_NONE)
        spot.modulation = modulation(e, pb, at, row_part(e, rows->mask, taps, 1, 0));
    return spot;
}

/* ---- steps between pixels ------------------------------------------------------------------- */

static idx step(Emit *e, idx size, idx distance)
{
    return x_select(e, x_less(e, x_const(e, 1), size), distance, x_const(e, 0));
}

idx emit_step_right(Emit *e, const Problem *pb, idx pixel)
{
    return step(e, pb->w, pixel);
}

idx emit_step_down(Emit *e, const Problem *pb, idx row)
{
    return step(e, pb->h, row);
}
