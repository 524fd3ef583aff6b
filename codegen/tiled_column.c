/* tiled_column.c: a block of channels and taps of the tile's column matrix.
**
**     column[pixel][tap][channel] = sum over corners c of weights[c][d][tap][pixel] * input[at + step(c)][channel]
**
** Vectors run along channels, which lie next to one another in nhwc.  A run of channels that share an
** offset group is cut into vectors; the last one ends where the run ends and may overlap its neighbour,
** so nothing outside the run is read or written and no mask is needed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "sample.h"
#include "tiled.h"

enum { ARGS, INPUT, AT, WEIGHTS, COLUMN, CHANNEL, TAP, TAPS, PIXELS, NARGS };
enum { UNROLL = 8 }; /* vectors of channels in one body */

static const mask all_lanes = { NULL };

typedef struct Corners {
    addr from[4];
    fvec weight[4];
    addr to;
    int deformed;
} Corners;

static void one_vector(Emit *e, const Corners *k, idx c)
{
    fvec x = p_load(e, p_at(e, k->from[0], c), all_lanes);
    if (k->deformed) {
        x = f_mul(e, k->weight[0], x);
        for (int i = 1; i < 4; i++)
            x = f_fma(e, k->weight[i], p_load(e, p_at(e, k->from[i], c), all_lanes), x);
    }
    p_store(e, p_at(e, k->to, c), x, all_lanes);
}

/* Call one(c) for the first channel of every vector of a run of n >= lanes channels. */
static void each_vector(Emit *e, int n, void (*one)(Emit *, const Corners *, idx), const Corners *k)
{
    int whole = n / e->lanes, looped = whole > UNROLL ? whole / UNROLL * UNROLL : 0;
    EMIT_FOR (e, c, x_const(e, 0), x_const(e, (int64_t)looped * e->lanes), UNROLL * e->lanes) {
        for (int u = 0; u < UNROLL; u++)
            one(e, k, x_addk(e, c.at, u * e->lanes));
    }
    for (int v = looped; v < whole; v++)
        one(e, k, x_const(e, (int64_t)v * e->lanes));
    if (n % e->lanes)
        one(e, k, x_const(e, n - e->lanes));
}

static void zero_vector(Emit *e, const Corners *k, idx c)
{
    p_store(e, p_at(e, k->to, c), f_const(e, 0), all_lanes);
}

/* One (tap, pixel): sample a run of n channels, or write zeros where the tap sees nothing. */
static void one_pixel(Emit *e, const TiledPlan *plan, const Problem *pb, idx entry, Corners *k,
                      int n)
{
    int groups = plan->s->offset_groups;
    int64_t corner = (int64_t)groups * plan->taps * plan->place_stride;
    idx at = p_get_i32(e, p_at_i32(e, e_arg_addr(e, AT), entry));
    addr base = k->from[0];
    EMIT_EITHER(e, b, x_less(e, x_const(e, -1), at))
    {
        if (!b.yes) {
            each_vector(e, n, zero_vector, k);
            continue;
        }
        Corners here = *k;
        idx pixel = x_const(e, plan->s->in_channels), row = x_mul(e, pb->w, pixel);
        here.from[0] = p_at(e, base, at);
        if (here.deformed) {
            idx right = emit_step_right(e, pb, pixel), down = emit_step_down(e, pb, row);
            here.from[1] = p_at(e, here.from[0], right);
            here.from[2] = p_at(e, here.from[0], down);
            here.from[3] = p_at(e, here.from[2], right);
            for (int c = 0; c < 4; c++)
                here.weight[c] =
                    p_splat(e, p_at(e, e_arg_addr(e, WEIGHTS), x_addk(e, entry, c * corner)));
        }
        each_vector(e, n, one_vector, &here);
    }
}

/* The longest run of the block's channels that share one offset group, for every run of it. */
static int run_length(const TiledPlan *plan, int channels)
{
    if (!problem_is_deformed(plan->s) || plan->s->offset_groups == 1)
        return channels;
    int a = channels, b = plan->offset_group;
    while (b) {
        int r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* Largest power of two <= n, at most the vector. */
static int lanes_for(int n, int most)
{
    int lanes = 1;
    while (lanes * 2 <= n && lanes < most)
        lanes *= 2;
    return lanes;
}

/* All pixels of one tap, channels c .. c + run - 1 of the block. */
static void one_tap(Emit *e, const TiledPlan *plan, const Problem *pb, idx tap, idx c, int channels)
{
    int run = run_length(plan, channels);
    int deformed = problem_is_deformed(plan->s);
    idx channel = x_add(e, e_arg_idx(e, CHANNEL), c), d = x_const(e, 0);
    if (deformed)
        d = x_div(e, channel, x_const(e, plan->offset_group));
    idx k = x_add(e, x_mulk(e, d, plan->taps), x_add(e, e_arg_idx(e, TAP), tap));
    idx entries = x_mulk(e, k, plan->place_stride);
    addr from = p_at(e, e_arg_addr(e, INPUT), channel);
    addr to = p_at(e, e_arg_addr(e, COLUMN), x_add(e, x_mulk(e, tap, channels), c));
    EMIT_FOR (e, pixel, x_const(e, 0), e_arg_idx(e, PIXELS), 1) {
        Corners at = { .from = { from }, .deformed = deformed };
        at.to = p_at(e, to, x_mulk(e, pixel.at, plan->column_stride));
        one_pixel(e, plan, pb, x_add(e, entries, pixel.at), &at, run);
    }
}

LLVMValueRef tiled_emit_column(Emit *e, const TiledPlan *plan, const char *name, int channels)
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->ptr, e->ptr, e->ptr,
                                      e->i64, e->i64, e->i64, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, name, 1, e->none, NARGS, args);
    Problem pb = problem_load(e, plan->s, e_arg_addr(e, ARGS));
    int run = run_length(plan, channels), full = e_lanes(e, lanes_for(run, e->lanes));
    EMIT_FOR (e, tap, x_const(e, 0), e_arg_idx(e, TAPS), 1) {
        EMIT_FOR (e, c, x_const(e, 0), x_const(e, channels), run) {
            one_tap(e, plan, &pb, tap.at, c.at, channels);
        }
    }
    e_fn_end(e);
    e_lanes(e, full);
    return fn;
}
