/* knobs.c: what the aggregate lowering leaves open, and what cannot be.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/entry.h"

enum { MAX_COPY_BYTES = 1 << 20 }; /* of a thread, without what pads rows: what an L2 may hold */

const Knob aggregate_knobs[AGG_NKNOBS] = {
    [AGG_BLOCK] = { .name = "block",
                    .meaning = "(pixel, group)s per pass over the offsets",
                    .guess = 1,
                    CHOICES(1, 2, 4, 8, 16, 32, 64, 128, 256) },
    [AGG_TILE_H] = { .name = "tile_h",
                     .meaning = "rows of a tile of output pixels",
                     .guess = 1,
                     CHOICES(1, 2, 4, 8, 16, 32, 64) },
    [AGG_TILE_W] = { .name = "tile_w",
                     .meaning = "columns of a tile; 0: all",
                     .guess = 0,
                     CHOICES(0, 16, 32, 64, 128) },
    [AGG_TASK_GROUPS] = { .name = "task_groups",
                          .meaning = "groups of a task; 0: all",
                          .guess = 0,
                          .for_threads = true,
                          CHOICES(0, 1, 2, 4, 8, 16, 32) },
    [AGG_PREFETCH_ROWS] = { .name = "prefetch_rows",
                            .meaning = "input rows from a row to the one prefetched; 0: none",
                            .guess = 0,
                            CHOICES(0, 4, 6, 8, 10, 14) },
    [AGG_PREFETCH_BLOCKS] = { .name = "prefetch_blocks",
                              .meaning = "blocks to the one whose offsets and masks are "
                                         "prefetched, 0: none; with tile_w, 1: the row below",
                              .guess = 0,
                              CHOICES(0, 1, 2, 4, 8, 16) },
    [AGG_NONTEMPORAL] = { .name = "nontemporal",
                          .meaning = "1: outputs go past the caches",
                          .guess = 0,
                          CHOICES(0, 1) },
    [AGG_COEFF_SHUFFLES] = { .name = "coeff_shuffles",
                             .meaning = "corners whose coefficient is shuffled out of a register, "
                                        "not broadcast from memory",
                             .guess = 0,
                             CHOICES(0, 1, 2, 3, 4) },
    [AGG_JAM] = { .name = "jam",
                  .meaning = "(pixel, group)s whose sums are interleaved (unroll-and-jam)",
                  .guess = 1,
                  CHOICES(1, 2, 4) },
    [AGG_COMPACT] = { .name = "compact",
                      .meaning = "1: a task reads copies of its groups, which lie by themselves",
                      .guess = 0,
                      CHOICES(0, 1) },
};

/* ---- reasons to refuse ---------------------------------------------------------------------- */

static bool block_is_redundant(const AggregateChoice *c)
{
    return points_block_is_redundant(&c->p.block, c->k[AGG_BLOCK]);
}

static bool block_is_too_long(const AggregateChoice *c)
{
    return points_block_is_too_long(&c->p.block, c->k[AGG_BLOCK]);
}

static bool block_exceeds_map(const AggregateChoice *c)
{
    return c->cols && c->p.block.pixels > 1 && c->p.block.pixels >= 2 * c->cols;
}

static bool is_higher_than_map(const AggregateChoice *c)
{
    return kernel_is_redundant_choice(&aggregate_knobs[AGG_TILE_H], c->p.tile_h, c->rows);
}

/* tile_w=0 is for that. */
static bool is_wider_than_map(const AggregateChoice *c)
{
    return c->p.tile_w && c->cols && c->p.tile_w >= c->cols;
}

static bool task_has_all_groups(const AggregateChoice *c)
{
    return c->k[AGG_TASK_GROUPS] >= c->p.groups;
}

static bool tasks_are_uneven(const AggregateChoice *c)
{
    return c->p.groups % c->p.task_groups != 0;
}

static bool later_block_is_elsewhere(const AggregateChoice *c)
{
    return c->p.tile_w && c->p.prefetch_blocks > 1;
}

static bool block_exceeds_tile(const AggregateChoice *c)
{
    return c->p.tile_w && c->p.block.pixels > c->p.tile_w;
}

static bool stores_are_ragged(const AggregateChoice *c)
{
    return c->p.nontemporal && c->p.group_channels * c->p.fp_bytes % c->t->vector_bytes;
}

static bool copies_narrow_tiles(const AggregateChoice *c)
{
    return c->p.compact && c->p.tile_w;
}

static bool copies_unknown_sizes(const AggregateChoice *c)
{
    return c->p.compact && !(c->rows && c->cols);
}

static bool copies_are_large(const AggregateChoice *c)
{
    return c->p.compact && aggregate_copied_bytes(&c->p) > MAX_COPY_BYTES;
}

static bool lanes_lack_corners(const AggregateChoice *c)
{
    return c->p.coeff_shuffles && c->p.acc_lanes < 4;
}

const AggregateRefusal aggregate_refusals[] = {
    { AGG_BLOCK, "no block of that many: a smaller one is the same", block_is_redundant },
    { AGG_BLOCK, "the block has more than 4096 points", block_is_too_long },
    { AGG_BLOCK, "the block is wider than the map", block_exceeds_map },
    { AGG_TILE_H, "the tile is higher than the map", is_higher_than_map },
    { AGG_TILE_W, "the tile is wider than the map", is_wider_than_map },
    { AGG_TASK_GROUPS, "there are no more groups than that: use task_groups=0",
      task_has_all_groups },
    { AGG_TASK_GROUPS, "the groups are no multiple of that", tasks_are_uneven },
    { AGG_PREFETCH_BLOCKS,
      "the block below is what comes next in a narrow tile: use prefetch_blocks=1",
      later_block_is_elsewhere },
    { AGG_BLOCK, "the block is wider than the tile", block_exceeds_tile },
    { AGG_NONTEMPORAL, "groups are not whole vectors: use nontemporal=0", stores_are_ragged },
    { AGG_COMPACT, "copies have whole rows: use compact=0 or tile_w=0", copies_narrow_tiles },
    { AGG_COMPACT, "sizes are known only when it is called: use compact=0", copies_unknown_sizes },
    { AGG_COMPACT, "a task's copies exceed 1 MiB: use compact=0 or a smaller task_groups",
      copies_are_large },
    { AGG_COEFF_SHUFFLES,
      "vectors of fewer channels than a sample has corners: use coeff_shuffles=0",
      lanes_lack_corners },
    { AGG_NKNOBS, NULL, NULL },
};

const char *aggregate_refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const AggregateChoice c = {
        .t = t,
        .k = k,
        .p = aggregate_plan(s, t, k),
        .rows = s->height > 0 ? dcn_out_height(s, s->height) : 0,
        .cols = s->width > 0 ? dcn_out_width(s, s->width) : 0,
    };
    for (const AggregateRefusal *r = aggregate_refusals; r->reason; r++)
        if (r->holds(&c))
            return r->reason;
    return NULL;
}
