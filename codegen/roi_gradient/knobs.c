/* knobs.c: what this lowering leaves open, and what cannot be.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/workspace.h"
#include "codegen/roi_gradient/roi_gradient.h"

const Knob *const roi_gradient_knobs[ROI_GRADIENT_NKNOBS] = {
    [ROI_GRADIENT_NV] =
        &(const Knob){
            .name = "nv", .meaning = "vectors of channels per pass", .guess = 1, ROI_NV_CHOICES },
    [ROI_GRADIENT_CHANNELS] = &(
        const Knob){ .name = "channels",
                     .meaning = "output channels of a task, of one class or of whole ones; 0: all",
                     .guess = 0,
                     CHOICES(16, 32, 64, 128, 256, 0) },
    [ROI_GRADIENT_BIN_ROWS] =
        &(const Knob){ .name = "bin_rows",
                       .meaning = "rows of bins whose tables are made together, 0: all",
                       .guess = 0,
                       CHOICES(1, 2, 4, 0) },
    [ROI_GRADIENT_TABLE_SAMPLES] =
        &(const Knob){ .name = "table_samples",
                       .meaning = "samples per axis in one table of a bin",
                       .guess = 1,
                       CHOICES(1, 2, 4, 8) },
    [ROI_GRADIENT_REPACK] =
        &(const Knob){ .name = "repack",
                       .meaning = "1: tasks copy their channels of the maps side by side",
                       .guess = 0,
                       CHOICES(0, 1) },
    [ROI_GRADIENT_SHARE_TABLES] =
        &(const Knob){ .name = "share_tables",
                       .meaning = "1: places of samples are found once for all blocks, before them",
                       .guess = 0,
                       CHOICES(0, 1) },
};

/* ---- reasons to refuse ---------------------------------------------------------------------- */

typedef struct RoiGradientChoice {
    const dcn_spec *s;
    const dcn_target *t;
    const int *k;
    RoiGradientPlan p;
} RoiGradientChoice;

/* Sums of each kind, their coefficients, and a pixel; a product, its coefficient and a pixel; pixels and
** where they are. */
static bool sums_exceed_registers(const RoiGradientChoice *c)
{
    const RoiGradientPlan *p = &c->p;
    int registers = p->nv + 2;
    if (p->want.dots)
        registers = p->nv * p->ndots + p->ndots + 1;
    if (p->bins.maximum)
        registers = 2 * p->nv + 2;
    return registers > c->t->registers;
}

static bool pass_is_redundant(const RoiGradientChoice *c)
{
    return c->p.nv > 1 && c->p.nv / 2 * c->p.lanes >= c->p.channels[0];
}

static bool keeps_nothing_in_registers(const RoiGradientChoice *c)
{
    return c->p.nv > 1 && roi_gradient_is_sampled_maximum(&c->p);
}

static bool block_is_all(const RoiGradientChoice *c)
{
    return c->k[ROI_GRADIENT_CHANNELS] >= c->p.bins.out_channels;
}

static bool rows_are_all(const RoiGradientChoice *c)
{
    return c->k[ROI_GRADIENT_BIN_ROWS] >= c->p.bins.pooled_h;
}

static bool table_is_redundant(const RoiGradientChoice *c)
{
    const RoiPlan *b = &c->p.bins;
    if (b->sampling == ROI_SAMPLING_QUANTISED)
        return b->table_samples > 1;
    int most = roi_most_samples(b);
    return most && b->table_samples / 2 >= most;
}

static bool samples_are_looked_at_in_turn(const RoiGradientChoice *c)
{
    return c->p.bins.table_samples > 1 && roi_gradient_is_sampled_maximum(&c->p);
}

static bool channels_lie_apart(const RoiGradientChoice *c)
{
    return c->p.scattered && !c->p.copies;
}

static bool copy_is_redundant(const RoiGradientChoice *c)
{
    return c->p.copies && !c->p.scattered && c->p.blocks == 1;
}

/* A region has one table for each bin, whatever the class, and several blocks read it. */
static bool has_tables_of_its_own(const RoiGradientChoice *c)
{
    const RoiGradientPlan *p = &c->p;
    const bool one = p->bins.one_table && !p->bins.maximum && p->bins.classes == 1 &&
                     p->bins.task_bins == p->bins.pooled_h * p->bins.pooled_w;
    return p->shares_tables && (!one || p->blocks == 1);
}

static bool workspace_is_too_large(const RoiGradientChoice *c)
{
    return c->p.scratch.bytes > KERNEL_MAX_THREAD_BYTES &&
           (c->k[ROI_GRADIENT_BIN_ROWS] != 1 || c->k[ROI_GRADIENT_CHANNELS] != 16);
}

/* Reasons, in the order in which they are looked for. */
static const struct {
    const char *reason;
    bool (*holds)(const RoiGradientChoice *c);
} refusals[] = {
    { "the sums do not fit the registers", sums_exceed_registers },
    { "a pass is wider than the channels of a task", pass_is_redundant },
    { "the largest sample is not kept in registers: use nv=1", keeps_nothing_in_registers },
    { "there are no more channels than that: use channels=0", block_is_all },
    { "a region has no more rows of bins than that: use bin_rows=0", rows_are_all },
    { "a bin has fewer samples than a table would hold", table_is_redundant },
    { "the largest sample is looked for one by one: use table_samples=1",
      samples_are_looked_at_in_turn },
    { "the channels of a bin lie apart: use repack=1", channels_lie_apart },
    { "a task has all channels of a pixel, side by side: use repack=0", copy_is_redundant },
    { "blocks have no tables in common: use share_tables=0", has_tables_of_its_own },
    { "the workspace of a task would exceed 32 MiB", workspace_is_too_large },
};

const char *roi_gradient_refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const RoiGradientChoice c = { s, t, k, roi_gradient_plan(s, t, k) };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].holds(&c))
            return refusals[i].reason;
    return NULL;
}
