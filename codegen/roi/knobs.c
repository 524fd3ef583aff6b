/* knobs.c: what the RoI lowering leaves open, and what cannot be.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/workspace.h"
#include "codegen/roi/roi.h"

const Knob *const roi_knobs[ROI_NKNOBS] = {
    [ROI_NV] =
        &(const Knob){
            .name = "nv", .meaning = "vectors of channels per pass", .guess = 1, ROI_NV_CHOICES },
    [ROI_BIN_ROWS] = &(const Knob){ .name = "bin_rows",
                                    .meaning = "rows of bins per task, 0: the whole region",
                                    .guess = 0,
                                    CHOICES(1, 2, 4, 0) },
    [ROI_TASK_CHANNELS] = &(const Knob){ .name = "task_channels",
                                         .meaning = "output channels of a class per task; 0: all "
                                                    "of all classes",
                                         .guess = 0,
                                         .for_threads = true,
                                         CHOICES(16, 32, 64, 128, 256, 0) },
    [ROI_TABLE_SAMPLES] = &(const Knob){ .name = "table_samples",
                                         .meaning = "samples per axis in one table of a bin",
                                         .guess = 1,
                                         CHOICES(1, 2, 4, 8) },
    [ROI_REPACK] = &(const Knob){ .name = "repack",
                                  .meaning = "1: copy the input so that channels lie side by side",
                                  .guess = 0,
                                  CHOICES(0, 1) },
};

/* ---- reasons to refuse ---------------------------------------------------------------------- */

static bool sums_exceed_registers(const RoiChoice *c)
{
    return c->p.nv + 2 > c->t->registers; /* a coefficient, and a vector of the map */
}

static bool pass_is_redundant(const RoiChoice *c)
{
    return c->p.nv > 1 && c->p.nv / 2 * c->p.lanes >= c->p.task_channels;
}

/* A task of a whole class differs from one of all only where there are several. */
static bool task_is_whole_class(const RoiChoice *c)
{
    int channels = c->k[ROI_TASK_CHANNELS];
    const Knob *q = roi_knobs[ROI_TASK_CHANNELS];
    if (!channels || c->p.classes == 1)
        return channels >= c->p.class_channels;
    return kernel_is_redundant_choice(q, channels, c->p.class_channels);
}

static bool task_is_whole_region(const RoiChoice *c)
{
    return c->k[ROI_BIN_ROWS] >= c->p.pooled_h;
}

static bool table_is_redundant(const RoiChoice *c)
{
    if (c->p.sampling == ROI_SAMPLING_QUANTISED)
        return c->p.table_samples > 1;
    int most = roi_most_samples(&c->p);
    return most && c->p.table_samples / 2 >= most;
}

static bool copy_is_redundant(const RoiChoice *c)
{
    bool sensitive = c->p.groups[0] * c->p.groups[1] > 1;
    return c->p.repacks && c->p.s->layout == DCN_NHWC && !sensitive;
}

static bool workspace_is_too_large(const RoiChoice *c)
{
    return c->p.scratch.bytes > KERNEL_MAX_THREAD_BYTES && c->k[ROI_BIN_ROWS] != 1;
}

const RoiRefusal roi_refusals[] = {
    { ROI_NV, "the sums do not fit the registers", sums_exceed_registers },
    { ROI_NV, "a pass is wider than the channels of a task", pass_is_redundant },
    { ROI_TASK_CHANNELS, "there are no more channels than that: use task_channels=0",
      task_is_whole_class },
    { ROI_BIN_ROWS, "a region has no more rows of bins than that: use bin_rows=0",
      task_is_whole_region },
    { ROI_TABLE_SAMPLES, "a bin has fewer samples than a table would hold", table_is_redundant },
    { ROI_REPACK, "the channels lie side by side as they are: use repack=0", copy_is_redundant },
    { ROI_BIN_ROWS, "the workspace of a task would exceed 32 MiB", workspace_is_too_large },
    { ROI_NKNOBS, NULL, NULL },
};

const char *roi_refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const RoiChoice c = { .t = t, .k = k, .p = roi_plan(s, t, k) };
    for (const RoiRefusal *r = roi_refusals; r->reason; r++)
        if (r->holds(&c))
            return r->reason;
    return NULL;
}
