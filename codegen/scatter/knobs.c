/* knobs.c: the choices of the scatter lowering, and why a combination of them is refused.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/scatter/scatter.h"

const Knob scatter_knobs[SCATTER_NKNOBS] = {
    [SCATTER_BLOCK] = { .name = "block",
                        .meaning = "(pixel, group)s per pass over the offsets",
                        .guess = 1,
                        CHOICES(1, 2, 4, 8, 16, 32, 64, 128, 256) },
    [SCATTER_TILE_W] = { .name = "tile_w",
                         .meaning = "columns of output pixels gone through from top to bottom; "
                                    "0: all",
                         .guess = 0,
                         CHOICES(0, 16, 32, 64, 128) },
    [SCATTER_TASK_GROUPS] = { .name = "task_groups",
                              .meaning = "groups of a task; 0: all",
                              .guess = 0,
                              CHOICES(0, 1, 2, 4, 8, 16, 32) },
    [SCATTER_BANDS] = { .name = "bands",
                        .meaning = "parts of the output's rows, with tasks of their own",
                        .guess = 1,
                        .for_threads = true,
                        CHOICES(1, 2, 4, 8, 16) },
    [SCATTER_COMPACT] = { .name = "compact",
                          .meaning = "1: a task works on copies of its channels of the maps",
                          .guess = 0,
                          CHOICES(0, 1) },
};

/* ---- legality ---------------------------------------------------------------------------- */

/* A schedule that is asked for; rows, cols: of the output, 0 where they are known only when the
** kernel is called. */
typedef struct ScatterChoice {
    const dcn_spec *s;
    const int *k;
    ScatterPlan p;
    int64_t rows, cols;
} ScatterChoice;

static bool has_projection(const ScatterChoice *c)
{
    return c->s->projection > 0;
}

static bool has_activation(const ScatterChoice *c)
{
    return c->s->activation != DCN_ACT_NONE;
}

static bool task_has_all_groups(const ScatterChoice *c)
{
    return c->k[SCATTER_TASK_GROUPS] >= c->p.groups;
}

static bool tasks_are_uneven(const ScatterChoice *c)
{
    return c->p.groups % c->p.task_groups != 0;
}

static bool block_is_redundant(const ScatterChoice *c)
{
    return points_block_is_redundant(&c->p.block, c->k[SCATTER_BLOCK]);
}

static bool block_is_too_long(const ScatterChoice *c)
{
    return points_block_is_too_long(&c->p.block, c->k[SCATTER_BLOCK]);
}

static bool block_exceeds_row(const ScatterChoice *c)
{
    const int64_t cols = c->p.tile_w ? c->p.tile_w : c->cols;
    return cols && c->p.block.pixels > 1 && c->p.block.pixels >= 2 * cols;
}

/* tile_w=0 is for that. */
static bool is_wider_than_map(const ScatterChoice *c)
{
    return c->p.tile_w && c->cols && c->p.tile_w >= c->cols;
}

static bool bands_exceed_rows(const ScatterChoice *c)
{
    return c->p.bands > 1 && c->rows && c->p.bands > c->rows;
}

/* In the order in which they are looked for. */
static const struct {
    const char *reason;
    bool (*holds)(const ScatterChoice *c);
} refusals[] = {
    { "a projection has stages of its own: use stages", has_projection },
    { "an activation has stages of its own: use stages", has_activation },
    { "there are no more groups than that: use task_groups=0", task_has_all_groups },
    { "the groups are no multiple of that", tasks_are_uneven },
    { "no block of that many: a smaller one is the same", block_is_redundant },
    { "the block has more than 4096 points", block_is_too_long },
    { "the block is wider than the map or the tile", block_exceeds_row },
    { "the tile is wider than the map", is_wider_than_map },
    { "there are fewer rows than bands", bands_exceed_rows },
};

const char *scatter_refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const ScatterChoice c = {
        .s = s,
        .k = k,
        .p = scatter_plan(s, t, k),
        .rows = s->height > 0 ? dcn_out_height(s, s->height) : 0,
        .cols = s->width > 0 ? dcn_out_width(s, s->width) : 0,
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].holds(&c))
            return refusals[i].reason;
    return NULL;
}
