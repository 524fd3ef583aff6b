/* column.c: a block of channels and taps of the tile's column matrix.
**
**     column[pixel][group][chunk][tap][channel] =
**         sum over corners c of weights[d][tap][pixel][c] * view[at + step(c)][channel]
**
** A chunk is the channels of a packed group that share an offset group.  Vectors run along channels,
** which lie next to one another in the view.  A run of channels that share an offset group and go to
** one place in the column is cut into vectors; the last one ends where the run ends and may overlap its
** neighbour, so nothing outside is read or written and no mask is needed.  Where packed groups are
** narrower than a vector, one vector samples several of them and is stored in pieces, the channels of a
** packed group turned from [weight group][channel] to [channel][weight group] on the way.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/intmath.h"
#include "codegen/tiled/tiled.h"

enum { ARGS, INPUT, AT, WEIGHTS, COLUMN, CHANNEL, TAP, TAPS, PIXELS, NARGS };
enum { UNROLL = 8 }; /* vectors of channels in one body */

/* One pixel of one tap: where it is read and written. */
typedef struct Run {
    const TiledPlan *plan;
    idx tap;      /* within the block */
    idx run;      /* first channel of the run that from[] points at */
    int channels; /* of the block: of one packed group, or of several whole ones */
    int pieces;   /* packed groups that one vector covers; 0: a vector stays within a group */
    enum { NOTHING, MOVED, SEEN } seen;
    int deformed;
    Corners from;
    addr to; /* the pixel's row of the column */
    fvec weight[4];
} Run;

/* Element of the row of the column for channel c of the block. */
static idx place_of(Emit *e, const Run *s, idx c)
{
    int unit = s->channels / s->plan->group_block, chunk = tiled_chunk(s->plan, s->channels);
    idx at = x_add(e, x_mulk(e, s->tap, chunk), x_rem(e, c, x_const(e, chunk)));
    if (s->plan->group_block > 1)
        at = x_add(e, at, x_mulk(e, x_div(e, c, x_const(e, unit)), s->plan->column_group));
    if (chunk < unit) {
        idx nth = x_div(e, x_rem(e, c, x_const(e, unit)), x_const(e, chunk));
        at = x_add(e, at, x_mul(e, nth, x_mulk(e, e_arg_idx(e, TAPS), chunk)));
    }
    return at;
}

static fvec corner(Emit *e, const Run *s, int i, idx at)
{
    fvec x = p_load(e, p_at(e, s->from.at[i], at), all_lanes), zero = f_const(e, 0);
    return s->seen == MOVED ? f_select(e, f_equal(e, s->weight[i], zero), zero, x) : x;
}

static fvec sample_vector(Emit *e, const Run *s, idx c)
{
    if (s->seen == NOTHING)
        return f_const(e, 0);
    idx at = x_sub(e, c, s->run);
    if (!s->deformed)
        return p_load(e, p_at(e, s->from.at[0], at), all_lanes);
    fvec x = f_mul(e, s->weight[0], corner(e, s, 0, at));
    for (int i = 1; i < 4; i++)
        x = f_fma(e, s->weight[i], corner(e, s, i, at), x);
    return x;
}

/* [weight group][channel] to [channel][weight group] within every packed group of a vector. */
static fvec turn(Emit *e, const TiledPlan *p, fvec x)
{
    int from[EMIT_MAX_LANES], channels = p->in_group / p->pack;
    for (int lane = 0; lane < e->lanes; lane++) {
        int r = lane % p->in_group;
        from[lane] = lane - r + r % p->pack * channels + r / p->pack;
    }
    return p->pack == 1 || channels == 1 ? x : f_permute(e, x, from);
}

static void one_vector(Emit *e, const Run *s, idx c)
{
    fvec x = sample_vector(e, s, c);
    addr to = p_at(e, s->to, place_of(e, s, c));
    if (s->pieces == 0) {
        p_store(e, to, x, all_lanes);
        return;
    }
    int n = s->plan->in_group;
    x = turn(e, s->plan, x);
    for (int i = 0; i < s->pieces; i++) {
        idx group = x_const(e, (int64_t)i * s->plan->column_group);
        p_store_part(e, p_at(e, to, group), x, i * n, n);
    }
}

/* Channels c .. c+n-1 of the block, n >= lanes, which all go to one packed group or to whole ones. */
static void each_vector(Emit *e, const Run *s, idx c, int n)
{
    int whole = n / e->lanes, looped = whole > UNROLL ? whole / UNROLL * UNROLL : 0;
    EMIT_FOR (e, v, x_const(e, 0), x_const(e, (int64_t)looped * e->lanes), UNROLL * e->lanes) {
        for (int u = 0; u < UNROLL; u++)
            one_vector(e, s, x_addk(e, x_add(e, c, v.at), u * e->lanes));
    }
    for (int v = looped; v < whole; v++)
        one_vector(e, s, x_addk(e, c, (int64_t)v * e->lanes));
    if (n % e->lanes)
        one_vector(e, s, x_addk(e, c, n - e->lanes));
}

/* A run of channels from c, cut where packed groups meet unless vectors are stored in pieces. */
static void each_group(Emit *e, const Run *s, idx c, int run)
{
    int unit = s->channels / s->plan->group_block, cut = s->pieces || unit > run ? run : unit;
    if (run / cut > UNROLL) {
        EMIT_FOR (e, g, x_const(e, 0), x_const(e, run), cut) {
            each_vector(e, s, x_add(e, c, g.at), cut);
        }
        return;
    }
    for (int g = 0; g < run; g += cut)
        each_vector(e, s, x_addk(e, c, g), cut);
}

static void load_corners(Emit *e, const Problem *pb, idx entry, idx at, Run *s)
{
    const TiledPlan *p = s->plan;
    s->from.at[0] = p_at(e, s->from.at[0], at);
    if (!s->deformed)
        return;
    s->from = corners_at(e, pb, s->from.at[0], x_const(e, p->repack.block));
    addr weights = p_at(e, e_arg_addr(e, WEIGHTS), x_mulk(e, entry, 4));
    for (int c = 0; c < 4; c++)
        s->weight[c] = p_splat(e, p_at(e, weights, x_const(e, c)));
}

/* Sample a run of channels at a place of one of the three kinds. */
static void one_kind(Emit *e, const Problem *pb, idx entry, idx at, Run s, idx c, int run)
{
    if (s.seen != NOTHING)
        load_corners(e, pb, entry, at, &s);
    each_group(e, &s, c, run);
}

static void one_pixel(Emit *e, const Problem *pb, idx entry, const Run *spot, idx c, int run)
{
    idx at = p_get_i32(e, p_at_i32(e, e_arg_addr(e, AT), entry));
    Run s = *spot;
    EMIT_IF_ELSE (e, inside, x_less(e, x_const(e, TILED_NOTHING), at)) {
        s.seen = inside.yes ? SEEN : NOTHING;
        if (inside.yes || !s.deformed) {
            one_kind(e, pb, entry, at, s, c, run);
            continue;
        }
        EMIT_IF_ELSE (e, none, x_equal(e, at, x_const(e, TILED_NOTHING))) {
            s.seen = none.yes ? NOTHING : MOVED;
            one_kind(e, pb, entry, x_sub(e, x_const(e, TILED_MOVED), at), s, c, run);
        }
    }
}

/* All pixels of one tap, a run of channels from c of the block. */
static void one_tap(Emit *e, const Problem *pb, Run *s, idx c, int run)
{
    const TiledPlan *p = s->plan;
    idx channel = x_add(e, e_arg_idx(e, CHANNEL), c), d = x_const(e, 0);
    if (s->deformed)
        d = x_div(e, channel, x_const(e, p->offset_group));
    idx k = x_add(e, x_mulk(e, d, p->taps), x_add(e, e_arg_idx(e, TAP), s->tap));
    idx entries = x_mulk(e, k, p->tap_entries);
    /* The table of places has the block of the view in it. */
    idx within = s->deformed ? x_rem(e, channel, x_const(e, p->repack.block))
                             : repack_channel(e, &p->repack, pb, channel);
    s->from.at[0] = p_at(e, e_arg_addr(e, INPUT), within);
    s->run = c;
    EMIT_FOR (e, pixel, x_const(e, 0), e_arg_idx(e, PIXELS), 1) {
        s->to = p_at(e, e_arg_addr(e, COLUMN), x_mulk(e, pixel.at, p->column_stride));
        idx entry = x_add(e, entries, x_mulk(e, pixel.at, p->pixel_entries));
        one_pixel(e, pb, entry, s, c, run);
    }
}

/* Lanes of the vectors of a column, and how many packed groups each covers. */
static int choose_lanes(const TiledPlan *p, int run, int unit, int *pieces)
{
    int lanes = p->lanes;
    while (run % lanes)
        lanes /= 2;
    int cuts = p->pack > 1 || p->group_block > 1;
    *pieces = cuts && lanes >= unit && lanes % unit == 0 ? lanes / unit : 0;
    return *pieces ? lanes : int_power_of_two(run < unit ? run : unit, p->lanes);
}

LLVMValueRef tiled_emit_column(Emit *e, const TiledPlan *plan, const char *name, int channels)
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->ptr, e->ptr, e->ptr,
                                      e->i64, e->i64, e->i64, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, name, 1, e->none, NARGS, args);
    Problem pb = problem_load(e, plan->s, e_arg_addr(e, ARGS));
    Run s = { .plan = plan, .channels = channels, .deformed = problem_is_deformed(plan->s) };
    int run = tiled_run(plan, channels), unit = channels / plan->group_block;
    e_fn_lanes(e, choose_lanes(plan, run, unit, &s.pieces));
    EMIT_FOR (e, c, x_const(e, 0), x_const(e, channels), run) {
        EMIT_FOR (e, tap, x_const(e, 0), e_arg_idx(e, TAPS), 1) {
            s.tap = tap.at;
            one_tap(e, &pb, &s, c.at, run);
        }
    }
    e_fn_end(e);
    return fn;
}
