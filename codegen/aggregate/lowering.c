/* lowering.c: DCNv3 and DCNv4, which have no weights: samples are added up and nothing else is done.
**
**     for each tile of th rows x tw columns of outputs:                              a task
**         for each block of (pixel, group)s:
**             places     every point of the block, lanes along points
**             sums       every (pixel, group), lanes along its channels
**
** There is little to compute per byte, so what moves these kernels is where the data come from: rows of the
** input that later offsets will reach are prefetched while this one is made, and outputs, which nobody reads
** here, go past the caches.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/entry.h"

#include <stdio.h>

enum {
    REACH = 8, /* pixels that offsets are expected to reach */
    SOONER = 2 /* rows more, for memory that several threads use */
};

const Knob aggregate_knobs[AGG_NKNOBS] = {
    [AGG_BLOCK] = { .name = "block",
                    .meaning = "(pixel, group)s whose places are worked out together",
                    .guess = 1,
                    CHOICES(1, 2, 4, 8, 16, 32, 64, 128, 256) },
    [AGG_TILE_H] = { .name = "tile_h",
                     .meaning = "rows of a tile of output pixels",
                     .guess = 1,
                     CHOICES(1, 2, 4, 8, 16, 32) },
    [AGG_TILE_W] = { .name = "tile_w",
                     .meaning = "columns of a tile; 0: all",
                     .guess = 0,
                     CHOICES(0, 16, 32, 64, 128) },
    [AGG_PREFETCH_ROWS] = { .name = "prefetch_rows",
                            .meaning = "input rows from a row to the one prefetched; 0: none",
                            .guess = 0,
                            CHOICES(0, 4, 6, 8, 10, 14) },
    [AGG_PREFETCH_BLOCKS] = { .name = "prefetch_blocks",
                              .meaning = "blocks to the one whose offsets and masks are "
                                         "prefetched, 0: none; with tw, 1: the row below",
                              .guess = 0,
                              CHOICES(0, 1, 2, 4, 8, 16) },
    [AGG_NONTEMPORAL] = { .name = "nontemporal",
                          .meaning = "1: outputs go past the caches",
                          .guess = 0,
                          CHOICES(0, 1) },
    [AGG_COEFF_SHUFFLES] = { .name = "coeff_shuffles",
                             .meaning = "corners whose weights are spread from a register, not "
                                        "from memory",
                             .guess = 0,
                             CHOICES(0, 1, 2, 3, 4) },
    [AGG_JAM] = { .name = "jam",
                  .meaning = "(pixel, group)s whose sums are made side by side",
                  .guess = 1,
                  CHOICES(1, 2, 4) },
};

const char *aggregate_refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    AggregatePlan p = aggregate_plan(s, t, k);
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : 0;
    int64_t cols = s->width > 0 ? dcn_out_width(s, s->width) : 0;
    if (k[AGG_BLOCK] > 1 && p.pixels * p.parts <= k[AGG_BLOCK] / 2)
        return "no block of that many: a smaller one is the same";
    if (p.per_block > 4096 && k[AGG_BLOCK] > 1)
        return "the block has more than 4096 points";
    if (p.pixels > 1 && cols && p.pixels >= 2 * cols)
        return "the block is wider than the map";
    if (kernel_is_redundant_choice(&aggregate_knobs[AGG_TILE_H], p.th, rows) ||
        (p.tw && p.tw >= cols && cols))
        return "the tile is larger than the map";
    if (p.tw && p.next > 1)
        return "the block below is what comes next in a narrow tile: use prefetch_blocks=1";
    if (p.tw && p.pixels > p.tw)
        return "the block is wider than the tile";
    if (p.stream && p.width * p.fp_bytes % t->vector_bytes)
        return "groups are not whole vectors: use nontemporal=0";
    if (p.permute && p.sum_lanes < 4)
        return "vectors of fewer channels than a sample has corners: use coeff_shuffles=0";
    return NULL;
}

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    if (s->projection)
        return "it has no product, and there is a projection";
    return aggregate_refuse(s, t, k);
}

/* Set a knob unless that is refused. */
static void wish(const dcn_spec *s, const dcn_target *t, int *k, int knob, int value)
{
    int was = k[knob];
    k[knob] = value;
    if (aggregate_refuse(s, t, k))
        k[knob] = was;
}

/* The widest tile of which the rows that its offsets reach fit L2, the narrowest if none do; 0: all columns. */
static int width_for_l2(const dcn_spec *s, const dcn_target *t)
{
    int64_t pixel = s->in_channels * dcn_dtype_bytes(s->dtype), rows = 2 * REACH + 1;
    int64_t fits = t->l2_bytes * 4 / 5 / (pixel * rows);
    if (s->width <= 0 || s->width <= fits)
        return 0;
    const Knob *tw = &aggregate_knobs[AGG_TILE_W];
    int width = tw->choice[1];
    for (int i = 1; i < tw->nchoices; i++)
        if (tw->choice[i] + 2 * REACH <= fits)
            width = tw->choice[i];
    return width;
}

/* A block's places and weights beside what a pixel of the map needs. */
static int fits_l1(const dcn_spec *s, const dcn_target *t, const int *k)
{
    return aggregate_plan(s, t, k).thread_bytes <= t->l1_bytes * 5 / 8;
}

/* The largest block of at most 32 that is legal and fits L1, or the smallest; tiles whose input stays in L2, of few
** enough rows for some tasks per thread. */
void aggregate_guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    for (int i = 0; i < AGG_NKNOBS; i++)
        k[i] = aggregate_knobs[i].guess;
    for (int block = 32; block > 1 && (k[AGG_BLOCK] == 1 || !fits_l1(s, t, k)); block /= 2)
        wish(s, t, k, AGG_BLOCK, block);
    wish(s, t, k, AGG_TILE_W, width_for_l2(s, t));
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : 64;
    int most = k[AGG_TILE_W] ? 8 : 4, tasks = k[AGG_TILE_W] ? 6 : 24;
    for (int th = 2; th <= most && th * tasks <= rows; th *= 2)
        wish(s, t, k, AGG_TILE_H, th);
    wish(s, t, k, AGG_PREFETCH_ROWS, REACH + SOONER);
    wish(s, t, k, AGG_PREFETCH_BLOCKS, k[AGG_TILE_W] ? 1 : 2);
    wish(s, t, k, AGG_NONTEMPORAL, 1);
    wish(s, t, k, AGG_COEFF_SHUFFLES, 4);
    wish(s, t, k, AGG_JAM, 2);
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    AggregatePlan p = aggregate_plan(s, t, k);
    int vectors = (p.width + p.sum_lanes - 1) / p.sum_lanes;
    snprintf(buf, size,
             "block: %d pixels x %d groups = %d points, places and weights %lld KiB (L1 %lld KiB)\n"
             "sums: %d vectors of %d channels per group, %d loads of the map each\n"
             "workspace: %lld KiB per thread, no weights\n",
             p.pixels, p.parts, p.per_block, (long long)p.thread_bytes / 1024,
             (long long)t->l1_bytes / 1024, vectors, p.sum_lanes, 4 * p.points,
             (long long)p.thread_bytes / 1024);
}

static const Knob *const knobs[AGG_NKNOBS] = {
    &aggregate_knobs[AGG_BLOCK],           &aggregate_knobs[AGG_TILE_H],
    &aggregate_knobs[AGG_TILE_W],          &aggregate_knobs[AGG_PREFETCH_ROWS],
    &aggregate_knobs[AGG_PREFETCH_BLOCKS], &aggregate_knobs[AGG_NONTEMPORAL],
    &aggregate_knobs[AGG_COEFF_SHUFFLES],  &aggregate_knobs[AGG_JAM],
};

const struct Lowering lower_aggregate = {
    .name = "aggregate",
    .summary = "sampled points of each pixel and group added up in registers",
    .rev = 5,
    .ops = 1u << DCN_OP_DCNV3 | 1u << DCN_OP_DCNV4,
    .knobs = knobs,
    .nknobs = AGG_NKNOBS,
    .refuse = refuse,
    .guess = aggregate_guess,
    .cost = aggregate_cost,
    .explain = explain,
    .emit = aggregate_emit,
};
