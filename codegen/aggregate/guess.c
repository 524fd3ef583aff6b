/* guess.c: a schedule of the aggregate lowering without measuring.
**
** There is little to compute per byte, so what moves these kernels is where the data come from. A
** block of samples stays in L1; the rows of the input that a tile's offsets reach stay in L2; what
** comes from beyond is asked for early.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/cost.h"

#include <string.h>

/* The numbers below are those of the schedules that won when the DCNv3 and DCNv4 operators of
** InternImage-T (bench/workloads.lua, op=dcnv3 and op=dcnv4) were tuned on Sapphire Rapids;
** docs/dev/PERFORMANCE.md says with which command and what each is worth.
** tests/unit/schedule/test_guess.c holds the account of costs against them. */
enum {
    /* Pixels around a tile, beyond which hardly an offset points. */
    REACH = 4 * COST_OFFSET_DEVIATION,
    /* Rows beyond those that are prefetched: memory is shared by threads and answers late. */
    ROWS_AHEAD = 2,
    /* (pixel, group)s of a block: more gain nothing, and fewer blocks fit L1. */
    MAX_BLOCK = 32,
    /* A map of unknown size is taken for a small one, which leaves tasks for all threads too. */
    DYNAMIC_ROWS = 64
};

/* Set a knob to the value, unless the schedule would be refused. */
static void set_if_legal(const dcn_spec *s, const dcn_target *t, int *k, int knob, int value)
{
    int before = k[knob];
    k[knob] = value;
    if (aggregate_refuse(s, t, k))
        k[knob] = before;
}

/* The widest tile whose reach of input rows fits L2, the narrowest if none does; 0: all columns. */
static int width_for_l2(const dcn_spec *s, const dcn_target *t)
{
    int64_t pixel_bytes = s->in_channels * dcn_dtype_bytes(s->dtype), rows = 2 * REACH + 1;
    int64_t fits = t->l2_bytes * 4 / 5 / (pixel_bytes * rows);
    if (s->width <= 0 || s->width <= fits)
        return 0;
    const Knob *tile_w = &aggregate_knobs[AGG_TILE_W];
    int width = tile_w->choice[1];
    for (int i = 1; i < tile_w->nchoices; i++)
        if (tile_w->choice[i] + 2 * REACH <= fits)
            width = tile_w->choice[i];
    return width;
}

/* A block's samples leave room in L1 for the pixels that they look at. */
static bool block_fits_l1(const dcn_spec *s, const dcn_target *t, const int *k)
{
    return aggregate_plan(s, t, k).scratch.bytes <= t->l1_bytes * 5 / 8;
}

/* The largest legal block that fits L1, or the smallest there is. */
static void guess_block(const dcn_spec *s, const dcn_target *t, int *k)
{
    for (int block = MAX_BLOCK; block > 1 && (k[AGG_BLOCK] == 1 || !block_fits_l1(s, t, k));
         block /= 2)
        set_if_legal(s, t, k, AGG_BLOCK, block);
}

/* As high a tile as leaves each thread several tasks: rows of a tile share what their offsets
** reach. */
static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    set_if_legal(s, t, k, AGG_TILE_W, width_for_l2(s, t));
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : DYNAMIC_ROWS;
    int highest = k[AGG_TILE_W] ? 8 : 4, tasks = k[AGG_TILE_W] ? 6 : 24;
    for (int tile_h = 2; tile_h <= highest && tile_h * tasks <= rows; tile_h *= 2)
        set_if_legal(s, t, k, AGG_TILE_H, tile_h);
}

/* What follows from the tile. */
static void guess_rest(const dcn_spec *s, const dcn_target *t, int *k)
{
    set_if_legal(s, t, k, AGG_PREFETCH_ROWS, REACH + ROWS_AHEAD);
    set_if_legal(s, t, k, AGG_PREFETCH_BLOCKS, k[AGG_TILE_W] ? 1 : 2);
    set_if_legal(s, t, k, AGG_NONTEMPORAL, 1);
    set_if_legal(s, t, k, AGG_COEFF_SHUFFLES, 4);
    set_if_legal(s, t, k, AGG_JAM, 2);
}

/* ---- many threads ------------------------------------------------------------------------------ */

/* On so many threads the tile above, which is a measured one, leaves enough tasks. */
enum { FEW_THREADS = 2 };
/* Smaller tasks must gain more than the account of costs is wrong by. */
static const double GAIN = 0.97;

static void start(int *k)
{
    for (int i = 0; i < AGG_NKNOBS; i++)
        k[i] = aggregate_knobs[i].guess;
}

/* A schedule with that tile and so many groups to a task, if there is one. */
static bool guess_with(const dcn_spec *s, const dcn_target *t, const int tile[3], int *k)
{
    start(k);
    k[AGG_TILE_H] = tile[0];
    k[AGG_TILE_W] = tile[1];
    k[AGG_TASK_GROUPS] = tile[2];
    if (aggregate_refuse(s, t, k))
        return false;
    guess_block(s, t, k);
    guess_rest(s, t, k);
    return !aggregate_refuse(s, t, k);
}

/* The tile, and the groups of it, whose tasks keep the threads busiest for the least work. */
static void spread(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *rows = &aggregate_knobs[AGG_TILE_H], *cols = &aggregate_knobs[AGG_TILE_W],
               *groups = &aggregate_knobs[AGG_TASK_GROUPS];
    double least = aggregate_cost(s, t, k, threads) * GAIN;
    for (int i = 0; i < rows->nchoices * cols->nchoices * groups->nchoices; i++) {
        const int tile[3] = { rows->choice[i % rows->nchoices],
                              cols->choice[i / rows->nchoices % cols->nchoices],
                              groups->choice[i / rows->nchoices / cols->nchoices] };
        int other[AGG_NKNOBS];
        double cost = guess_with(s, t, tile, other) ? aggregate_cost(s, t, other, threads) : least;
        if (cost < least) {
            least = cost;
            memcpy(k, other, sizeof other);
        }
    }
}

/* ---- all of it --------------------------------------------------------------------------------- */

void aggregate_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    start(k);
    guess_block(s, t, k);
    guess_tile(s, t, k);
    guess_rest(s, t, k);
    if (threads > FEW_THREADS)
        spread(s, t, threads, k);
}
