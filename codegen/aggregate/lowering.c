/* lowering.c: DCNv3 and DCNv4, which have no weights: samples are added up and nothing else is done.
**
**     for each tile of tile_h rows x tile_w columns of outputs, or some groups of it:  a task
**         for each block of (pixel, group)s:
**             sample table   every point of the block, lanes along points
**             accumulate     every (pixel, group), lanes along its channels
**
** There is little to compute per byte, so what moves these kernels is where the data come from:
** rows of the input that later offsets will reach are prefetched while this one is made, and
** outputs, which nobody reads here, go past the caches.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/entry.h"
#include "codegen/kernel/intmath.h"

#include <stdio.h>

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    if (s->projection)
        return "it has no product, and there is a projection";
    return aggregate_refuse(s, t, k);
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    AggregatePlan p = aggregate_plan(s, t, k);
    int vectors = (int)int_ceil_div(p.group_channels, p.acc_lanes);
    char copies[64] = "no weights";
    if (p.compact)
        snprintf(copies, sizeof copies, "%d groups of the map in copies of %lld KiB", p.task_groups,
                 (long long)aggregate_copied_bytes(&p) / 1024);
    snprintf(buf, size,
             "block: %d pixels x %d groups = %d points, sample table %lld KiB (L1 %lld KiB)\n"
             "sums: %d vectors of %d channels per group, %d loads of the map each\n"
             "workspace: %lld KiB per thread, %s\n",
             p.block.pixels, p.block.groups, p.block.points, (long long)p.scratch.bytes / 1024,
             (long long)t->l1_bytes / 1024, vectors, p.acc_lanes, 4 * p.points,
             (long long)p.scratch.bytes / 1024, copies);
}

static const Knob *const knobs[AGG_NKNOBS] = {
    [AGG_BLOCK] = &aggregate_knobs[AGG_BLOCK],
    [AGG_TILE_H] = &aggregate_knobs[AGG_TILE_H],
    [AGG_TILE_W] = &aggregate_knobs[AGG_TILE_W],
    [AGG_TASK_GROUPS] = &aggregate_knobs[AGG_TASK_GROUPS],
    [AGG_PREFETCH_ROWS] = &aggregate_knobs[AGG_PREFETCH_ROWS],
    [AGG_PREFETCH_BLOCKS] = &aggregate_knobs[AGG_PREFETCH_BLOCKS],
    [AGG_NONTEMPORAL] = &aggregate_knobs[AGG_NONTEMPORAL],
    [AGG_COEFF_SHUFFLES] = &aggregate_knobs[AGG_COEFF_SHUFFLES],
    [AGG_JAM] = &aggregate_knobs[AGG_JAM],
    [AGG_COMPACT] = &aggregate_knobs[AGG_COMPACT],
};

const struct Lowering lower_aggregate = {
    .name = "aggregate",
    .summary = "sampled points of each pixel and group added up in registers",
    .rev = 7,
    .ops = RT_OP(DCNV3) | RT_OP(DCNV4),
    .knobs = knobs,
    .nknobs = AGG_NKNOBS,
    .refuse = refuse,
    .guess = aggregate_guess,
    .phases = aggregate_phases,
    .explain = explain,
    .emit = aggregate_emit,
};
