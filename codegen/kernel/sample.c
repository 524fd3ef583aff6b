/* sample.c: where the taps of a deformable convolution look, per lane (see bilinear.h for the formula).
**
** Border rules, the last two exact in integers since y >= 0 means y0 >= 0, and y < H means y0 <= H-1:
**     zero    valid when a coefficient is above 0, that is -1 < y < H
**     clamp   valid when  0 <= y0 <= H-1, and f = 0 on the last row
**     hybrid  valid when  0 <= y0 <= H-1
** An offset that is NaN is never valid.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/sample.h"
#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/intmath.h"
#include "runtime/spec/shape.h"

#include <assert.h>

/* ---- one axis ----------------------------------------------------------------------------- */

/* base + floor(off), and the fraction. */
static ivec split(Emit *e, ivec base, fvec off, fvec *fraction)
{
    off = bilinear_limit(e, off);
    fvec whole = f_floor(e, off);
    *fraction = f_sub(e, off, whole);
    return i_add(e, base, f_to_i(e, whole));
}

typedef struct Axis {
    RowPair pair;
    mask valid, moved;
} Axis;

/* -1 < y < H, exactly: near H a sample is 0 once its coefficient is rounded, but not its slope.  At -1 itself
** torchvision's gradients have the slope of what comes next. */
static mask has_slope(Emit *e, const dcn_spec *s, ivec y0, fvec f, ivec size)
{
    ivec one = i_const(e, 1);
    mask above = i_below(e, i_add(e, y0, one), i_add(e, size, one));
    if (s->gradient_border == DCN_GRADIENT_TORCHVISION)
        return above;
    mask whole = f_equal(e, f, f_const(e, 0)), first = i_less(e, y0, i_const(e, 0));
    return m_and(e, above, m_not(e, m_and(e, first, whole)));
}

static Axis axis(Emit *e, const dcn_spec *s, ivec y0, fvec f, idx extent)
{
    ivec size = i_splat(e, extent);
    if (s->border == DCN_BORDER_CLAMP)
        f = f_select(e, i_equal(e, y0, i_sub(e, size, i_const(e, 1))), f_const(e, 0), f);
    MovedPair m = bilinear_move(e, &(RowPair){ y0, { f_sub(e, f_const(e, 1), f), f } }, extent);
    mask valid = s->border == DCN_BORDER_ZERO ? m.touches : i_below(e, y0, size);
    if (s->gradient && s->border == DCN_BORDER_ZERO)
        valid = has_slope(e, s, y0, f, size);
    return (Axis){ m.pair, valid, m.moved };
}

mask emit_tap_inside(Emit *e, const Problem *pb, const TapPos *t)
{
    idx rows = x_addk(e, pb->h, -1), cols = x_addk(e, pb->w, -1);
    return m_and(e, i_below(e, t->y, i_splat(e, rows)), i_below(e, t->x, i_splat(e, cols)));
}

BilinearTap emit_bilinear_tap(Emit *e, const Problem *pb, const TapPos *t, bool all_inside)
{
    BilinearTap out = { .y = t->y, .x = t->x, .modulation = t->modulation };
    out.y1 = t->fy;
    out.x1 = t->fx;
    if (all_inside) {
        out.y0 = f_sub(e, f_const(e, 1), t->fy);
        out.x0 = f_sub(e, f_const(e, 1), t->fx);
        return out;
    }
    Axis y = axis(e, pb->s, t->y, t->fy, pb->h), x = axis(e, pb->s, t->x, t->fx, pb->w);
    return (BilinearTap){ .y = y.pair.at,
                          .x = x.pair.at,
                          .y0 = y.pair.coeff[0],
                          .y1 = y.pair.coeff[1],
                          .x0 = x.pair.coeff[0],
                          .x1 = x.pair.coeff[1],
                          .valid = m_and(e, y.valid, x.valid),
                          .moved = m_or(e, y.moved, x.moved),
                          .modulation = t->modulation };
}

ivec emit_tap_entry(Emit *e, ivec at, TapMasks m)
{
    if (m.clamped.v)
        at = i_select(e, m.clamped, i_sub(e, i_const(e, TAP_CLAMPED), at), at);
    if (m.outside.v)
        at = i_select(e, m.outside, i_const(e, TAP_OUTSIDE), at);
    return at;
}

void emit_taps_stored(Emit *e, const Problem *pb, const TapPos *t, idx entry, TapStore store,
                      const void *self)
{
    mask outside = m_not(e, emit_tap_inside(e, pb, t));
    EMIT_IF_ELSE (e, border, c_any(e, outside)) {
        BilinearTap s = emit_bilinear_tap(e, pb, t, !border.yes);
        store(e, self, entry, &s);
    }
}

/* ---- offsets and masks ---------------------------------------------------------------------- */

static idx tap_index(Emit *e, const Problem *pb, idx i, idx j)
{
    return x_add(e, x_mulk(e, i, pb->s->kernel[1]), j);
}

/* Channel (d*K + k)*step + first of a map of offsets or masks. */
typedef struct TapChannel {
    addr map;
    int64_t channels, step, first;
} TapChannel;

static fvec tap_channel(Emit *e, const Problem *pb, const TapChannel *c, const OutPixels *at, idx k)
{
    int taps = problem_taps(pb->s);
    idx tap = x_add(e, x_mulk(e, at->d, taps), k);
    idx channel = x_addk(e, x_mulk(e, tap, c->step), c->first);
    const idx place[4] = { at->n, channel, at->p, at->q };
    return problem_lanes(e, pb, c->map, x_const(e, c->channels), place, at->live);
}

static fvec offset_along(Emit *e, const Problem *pb, int axis, const OutPixels *at, idx k)
{
    int64_t first = rt_offset_channel(pb->s, 0, axis), step = rt_offset_planes(pb->s) ? 1 : 2;
    const TapChannel c = { pb->offset, pb->offset_channels, step, first };
    return tap_channel(e, pb, &c, at, k);
}

static fvec logit(Emit *e, const Problem *pb, const OutPixels *at, idx k)
{
    const TapChannel c = { pb->mask, pb->mask_channels, 1, 0 };
    return tap_channel(e, pb, &c, at, k);
}

/* The logits of a softmax, at an output. */
typedef struct Logits {
    const Problem *pb;
    const OutPixels *at;
} Logits;

static fvec logit_of(Emit *e, const void *self, idx k)
{
    const Logits *l = self;
    return logit(e, l->pb, l->at, k);
}

void emit_softmax(Emit *e, const Problem *pb, OutPixels *at)
{
    const Logits self = { pb, at };
    if (pb->s->modulation == DCN_MODULATION_SOFTMAX)
        at->softmax =
            modulation_softmax(e, pb->s, x_const(e, problem_taps(pb->s)), logit_of, &self);
}

/* ---- a tap ---------------------------------------------------------------------------------- */

idx emit_tap_row(Emit *e, const Problem *pb, idx p, idx i)
{
    const dcn_spec *s = pb->s;
    idx row = x_add(e, x_mulk(e, p, s->stride[0]), x_mulk(e, i, s->dilation[0]));
    return x_addk(e, row, -s->padding[0]);
}

idx emit_tap_col(Emit *e, const Problem *pb, idx q, idx j)
{
    const dcn_spec *s = pb->s;
    idx col = x_add(e, x_mulk(e, q, s->stride[1]), x_mulk(e, j, s->dilation[1]));
    return x_addk(e, col, -s->padding[1]);
}

ivec emit_tap_cols(Emit *e, const Problem *pb, idx q, idx j)
{
    ivec lanes = i_mul(e, i_lane(e), i_const(e, pb->s->stride[1]));
    return i_add(e, i_splat(e, emit_tap_col(e, pb, q, j)), lanes);
}

static idx clamp(Emit *e, idx x, idx size)
{
    return x_min(e, x_max(e, x, x_const(e, 0)), size);
}

TapRange emit_tap_range(Emit *e, const Problem *pb, int axis, const idx at[2], int around)
{
    const dcn_spec *s = pb->s;
    idx size = axis ? pb->w : pb->h;
    int reach = (s->kernel[axis] - 1) * s->dilation[axis] + 2 + around - s->padding[axis];
    idx first = x_addk(e, x_mulk(e, at[0], s->stride[axis]), -s->padding[axis] - around);
    idx last = x_mulk(e, x_addk(e, x_add(e, at[0], at[1]), -1), s->stride[axis]);
    return (TapRange){ clamp(e, first, size), clamp(e, x_addk(e, last, reach), size) };
}

PlainTap emit_plain_tap(Emit *e, const Problem *pb, const OutPixels *at, const idx tap[2])
{
    PlainTap s = { .y = i_splat(e, emit_tap_row(e, pb, at->p, tap[0])) };
    s.x = emit_tap_cols(e, pb, at->q, tap[1]);
    s.inside = m_and(e, i_below(e, s.y, i_splat(e, pb->h)), i_below(e, s.x, i_splat(e, pb->w)));
    return s;
}

static TapPos tap_position(Emit *e, const Problem *pb, const OutPixels *at, idx i, idx j)
{
    const dcn_spec *s = pb->s;
    idx k = tap_index(e, pb, i, j);
    fvec dy = offset_along(e, pb, 0, at, k);
    fvec dx = offset_along(e, pb, 1, at, k);
    TapPos t = { .modulation.v = NULL };
    t.y = split(e, i_splat(e, emit_tap_row(e, pb, at->p, i)), dy, &t.fy);
    t.x = split(e, emit_tap_cols(e, pb, at->q, j), dx, &t.fx);
    if (s->modulation != DCN_MODULATION_NONE && pb->mask.v)
        t.modulation = modulation_of(e, s, logit(e, pb, at, k), &at->softmax);
    return t;
}

BilinearTap emit_tap(Emit *e, const Problem *pb, const OutPixels *at, idx i, idx j)
{
    TapPos t = tap_position(e, pb, at, i, j);
    return emit_bilinear_tap(e, pb, &t, 0);
}

/* 1-f and f, differentiated and moved as they are; where `clamp` repeats the last row there is no
** slope. */
static void slopes(Emit *e, const dcn_spec *s, ivec y0, idx extent, fvec out[2])
{
    fvec one = f_const(e, 1), zero = f_const(e, 0);
    if (s->border == DCN_BORDER_CLAMP) {
        mask last = i_equal(e, y0, i_sub(e, i_splat(e, extent), i_const(e, 1)));
        one = f_select(e, last, zero, one);
    }
    MovedPair m = bilinear_move(e, &(RowPair){ y0, { f_neg(e, one), one } }, extent);
    out[0] = m.pair.coeff[0];
    out[1] = m.pair.coeff[1];
}

TapSlopes emit_slopes_at(Emit *e, const Problem *pb, const TapPos *t, bool all_inside)
{
    TapSlopes out = { .tap = emit_bilinear_tap(e, pb, t, all_inside) };
    if (all_inside) {
        out.y[0] = out.x[0] = f_const(e, -1);
        out.y[1] = out.x[1] = f_const(e, 1);
        return out;
    }
    slopes(e, pb->s, t->y, pb->h, out.y);
    slopes(e, pb->s, t->x, pb->w, out.x);
    return out;
}

TapSlopes emit_tap_slopes(Emit *e, const Problem *pb, const OutPixels *at, idx i, idx j)
{
    TapPos t = tap_position(e, pb, at, i, j);
    return emit_slopes_at(e, pb, &t, 0);
}

/* ---- lanes along taps ----------------------------------------------------------------------- */

/* A tap table has room for a vector beyond its taps. */
bool emit_can_tap_lanes(const dcn_spec *s)
{
    return problem_is_deformed(s) && s->modulation != DCN_MODULATION_SOFTMAX &&
           s->offset_groups * problem_taps(s) <= EMIT_TABLE_MAX - EMIT_MAX_LANES;
}

TapTable emit_tap_table(Emit *e, const dcn_spec *s)
{
    int y[EMIT_TABLE_MAX], x[EMIT_TABLE_MAX], d[EMIT_TABLE_MAX], taps = problem_taps(s);
    int n = (int)int_round_up((int64_t)s->offset_groups * taps, e->lanes);
    assert(n <= EMIT_TABLE_MAX);
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

/* Vector `which` of two that hold the lanes' offsets: those along one axis each, or mixed. */
static fvec row_offsets(Emit *e, const dcn_spec *s, addr row, const VecLoop *taps, int which)
{
    if (!rt_offset_planes(s))
        return row_part(e, row, taps, 2, which);
    idx plane = x_const(e, rt_offset_channel(s, 0, which));
    return row_part(e, p_at(e, row, plane), taps, 1, 0);
}

static fvec along(Emit *e, const dcn_spec *s, const fvec both[2], int axis)
{
    if (rt_offset_planes(s))
        return both[axis];
    return f_deinterleave(e, both[0], both[1], axis != rt_offset_first(s));
}

TapPos emit_tap_positions(Emit *e, const Problem *pb, const TapTable *table, const OutPixels *at,
                          const TapRows *rows, const VecLoop *taps)
{
    const dcn_spec *s = pb->s;
    fvec both[2];
    for (int i = 0; i < 2; i++)
        both[i] = row_offsets(e, s, rows->offset, taps, i);
    idx y = emit_tap_row(e, pb, at->p, x_const(e, 0));
    idx x = x_addk(e, x_mulk(e, at->q, s->stride[1]), -s->padding[1]);
    ivec ys = i_add(e, i_splat(e, y), p_load_i32(e, p_at_i32(e, table->y, taps->at)));
    ivec xs = i_add(e, i_splat(e, x), p_load_i32(e, p_at_i32(e, table->x, taps->at)));
    TapPos t = { .modulation.v = NULL };
    t.y = split(e, ys, along(e, s, both, 0), &t.fy);
    t.x = split(e, xs, along(e, s, both, 1), &t.fx);
    if (s->modulation != DCN_MODULATION_NONE && pb->mask.v)
        t.modulation = modulation_of(e, s, row_part(e, rows->mask, taps, 1, 0), NULL);
    return t;
}
