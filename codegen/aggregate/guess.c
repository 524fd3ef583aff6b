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
    /* (pixel, group)s of a block: more gain nothing, and fewer blocks fit L1; of copies, of fewer groups. */
    MAX_BLOCK = 32,
    MAX_COPIED_BLOCK = 128,
    /* A map of unknown size is taken for a small one, which leaves tasks for all threads too. */
    DYNAMIC_ROWS = 64
};

/* The widest tile whose reach of input rows fits L2, given that those of all columns do not. A tile of 16 columns has
** as many beside it that it reaches: it pays only where whole rows are far beyond L2, or each pixel is many lines
** that all come from there. 0: all columns. */
static int width_for_l2(const dcn_spec *s, const dcn_target *t)
{
    enum { NARROWEST = 16, FAR_BEYOND = 3 };
    int64_t pixel_bytes = s->in_channels * dcn_dtype_bytes(s->dtype), rows = 2 * REACH + 1;
    int64_t fits = t->l2_bytes * 4 / 5 / (pixel_bytes * rows);
    int64_t beyond = aggregate_has_wide_pixels(s) ? 1 : FAR_BEYOND;
    if (s->width <= 0 || s->width * pixel_bytes * rows <= t->l2_bytes)
        return 0;
    const Knob *tile_w = &aggregate_knobs[AGG_TILE_W];
    int width = s->width * pixel_bytes * rows > beyond * t->l2_bytes ? NARROWEST : 0;
    for (int i = 0; i < tile_w->nchoices; i++)
        if (tile_w->choice[i] > NARROWEST && tile_w->choice[i] + 2 * REACH <= fits)
            width = tile_w->choice[i];
    return width;
}

/* The largest legal block of at most so many (pixel, group)s whose samples take so many bytes, or the smallest
** there is. */
static void guess_block(const dcn_spec *s, const dcn_target *t, int most, int64_t bytes, int *k)
{
    for (int block = most;
         block > 1 && (k[AGG_BLOCK] == 1 || aggregate_plan(s, t, k).scratch.bytes > bytes);
         block /= 2)
        kernel_set_if_legal(aggregate_refuse, s, t, k, AGG_BLOCK, block);
}

/* A block's samples leave room in L1 for the pixels that they look at; where these are copies there are few of them,
** and long blocks are worth more than samples that are not read from L2 again. */
static void guess_blocks(const dcn_spec *s, const dcn_target *t, int *k)
{
    if (k[AGG_COMPACT])
        guess_block(s, t, MAX_COPIED_BLOCK, t->l2_bytes / 4, k);
    else
        guess_block(s, t, MAX_BLOCK, t->l1_bytes * 5 / 8, k);
}

/* As high a tile as leaves each thread several tasks: rows of a tile share what their offsets
** reach. */
static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    kernel_set_if_legal(aggregate_refuse, s, t, k, AGG_TILE_W, width_for_l2(s, t));
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : DYNAMIC_ROWS;
    int highest = k[AGG_TILE_W] ? 8 : 4, tasks = k[AGG_TILE_W] ? 6 : 24;
    for (int tile_h = 2; tile_h <= highest && tile_h * tasks <= rows; tile_h *= 2)
        kernel_set_if_legal(aggregate_refuse, s, t, k, AGG_TILE_H, tile_h);
}

/* Whether all that a call reads and writes is more than half of L3. */
static bool is_beyond_l3(const AggregatePlan *p, const dcn_target *t)
{
    const int64_t l3 = t->l3_bytes > 0 ? t->l3_bytes : 32 << 20;
    const dcn_spec *s = p->s;
    double pixel = 2 * (double)s->in_channels + 3.0 * p->groups * p->points;
    double pixels = cost_images(s) * (double)cost_out_rows(s) * (double)cost_out_cols(s);
    return pixels * pixel * p->fp_bytes > (double)l3 / 2;
}

/* To the block whose offsets are prefetched.  Those of a few groups lie in pieces that are many lines: not where they
** are in L3. */
static int later_block(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const AggregatePlan p = aggregate_plan(s, t, k);
    if (p.compact)
        return is_beyond_l3(&p, t);
    return p.tile_w ? 1 : 2;
}

/* What follows from the tile. */
static void guess_rest(const dcn_spec *s, const dcn_target *t, int *k)
{
    kernel_set_if_legal(aggregate_refuse, s, t, k, AGG_PREFETCH_ROWS, REACH + ROWS_AHEAD);
    kernel_set_if_legal(aggregate_refuse, s, t, k, AGG_PREFETCH_BLOCKS, later_block(s, t, k));
    kernel_set_if_legal(aggregate_refuse, s, t, k, AGG_NONTEMPORAL, 1);
    kernel_set_if_legal(aggregate_refuse, s, t, k, AGG_COEFF_SHUFFLES, 4);
    kernel_set_if_legal(aggregate_refuse, s, t, k, AGG_JAM, 2);
}

void aggregate_guess_sums(const dcn_spec *s, const dcn_target *t, int *k)
{
    for (int i = 0; i < AGG_NKNOBS; i++)
        k[i] = aggregate_knobs[i].guess;
    guess_blocks(s, t, k);
    guess_tile(s, t, k);
    guess_rest(s, t, k);
}

/* ---- what a task has --------------------------------------------------------------------------- */

typedef struct TaskGuess {
    int tile_h, tile_w, groups, compact;
} TaskGuess;

/* A schedule with such tasks, if there is one. */
static bool guess_with(const dcn_spec *s, const dcn_target *t, const TaskGuess *task, int *k)
{
    for (int i = 0; i < AGG_NKNOBS; i++)
        k[i] = aggregate_knobs[i].guess;
    k[AGG_TILE_H] = task->tile_h;
    k[AGG_TILE_W] = task->tile_w;
    k[AGG_TASK_GROUPS] = task->groups;
    k[AGG_COMPACT] = task->compact;
    if (aggregate_refuse(s, t, k))
        return false;
    guess_blocks(s, t, k);
    guess_rest(s, t, k);
    return !aggregate_refuse(s, t, k);
}

/* Copies: of as many rows as there are, or as a tile can have, for those that tiles reach of each other are copied
** again; and of several groups, which share lines of offsets and masks, but not so many that their pixels leave L1
** before they have been read as often as they are. */
static void guess_copies(const dcn_spec *s, const dcn_target *t, int *k)
{
    enum { MOST = 4 };
    const Knob *rows = &aggregate_knobs[AGG_TILE_H];
    int other[AGG_NKNOBS];
    for (int groups = MOST; groups > 0; groups /= 2)
        for (int i = rows->nchoices - 1; i >= 0; i--)
            if (guess_with(s, t, &(TaskGuess){ rows->choice[i], 0, groups, 1 }, other)) {
                memcpy(k, other, sizeof other);
                return;
            }
}

/* ---- many threads ------------------------------------------------------------------------------ */

/* Sets the tiles and groups of a task that keep the threads busiest for the least work. */
static void spread(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *rows = &aggregate_knobs[AGG_TILE_H], *cols = &aggregate_knobs[AGG_TILE_W],
               *groups = &aggregate_knobs[AGG_TASK_GROUPS];
    const int tiles = rows->nchoices * cols->nchoices * groups->nchoices;
    double least = aggregate_cost(s, t, k, threads) * COST_WORTH_IT;
    for (int i = 0; i < (aggregate_is_sparse(s, t) ? 2 : 1) * tiles; i++) {
        const TaskGuess task = { .tile_h = rows->choice[i % rows->nchoices],
                                 .tile_w = cols->choice[i / rows->nchoices % cols->nchoices],
                                 .groups =
                                     groups->choice[i % tiles / rows->nchoices / cols->nchoices],
                                 .compact = i / tiles };
        int other[AGG_NKNOBS];
        double cost = guess_with(s, t, &task, other) ? aggregate_cost(s, t, other, threads) : least;
        if (cost < least) {
            least = cost;
            memcpy(k, other, sizeof other);
        }
    }
}

/* ---- all of it --------------------------------------------------------------------------------- */

void aggregate_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    aggregate_guess_sums(s, t, k);
    if (aggregate_is_sparse(s, t))
        guess_copies(s, t, k);
    if (threads > KERNEL_FEW_THREADS)
        spread(s, t, threads, k);
}
