/* lowering.c: gradients of DCNv3 and DCNv4, see scatter.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/scatter/scatter.h"

#include <stdio.h>

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    const ScatterPlan p = scatter_plan(s, t, k);
    snprintf(buf, size,
             "tasks: %d of %d groups, %d bands of rows, for each image\n"
             "block: %d pixels x %d groups = %d points, workspace %lld KiB a thread (L1 %lld KiB)\n"
             "a group: %d vectors of %d channels at %d corners\n",
             p.parts, p.task_groups, p.bands, p.block.pixels, p.block.groups, p.block.points,
             (long long)(p.scratch.bytes >> 10), (long long)(t->l1_bytes >> 10), p.vectors,
             p.vector_lanes, CORNERS * p.points);
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    const ScatterPlan p = scatter_plan(kernel->s, t, k);
    scatter_emit_kernel(e, kernel, &p);
}

static const Knob *const knobs[SCATTER_NKNOBS] = {
    [SCATTER_BLOCK] = &scatter_knobs[SCATTER_BLOCK],
    [SCATTER_TILE_W] = &scatter_knobs[SCATTER_TILE_W],
    [SCATTER_TASK_GROUPS] = &scatter_knobs[SCATTER_TASK_GROUPS],
    [SCATTER_BANDS] = &scatter_knobs[SCATTER_BANDS],
    [SCATTER_COMPACT] = &scatter_knobs[SCATTER_COMPACT],
};

const struct Lowering lower_scatter = {
    .name = "scatter",
    .summary = "gradients of sampled points: groups of channels, each through all pixels in order",
    .rev = 3,
    .gradient_ops = RT_OP(DCNV3) | RT_OP(DCNV4),
    .knobs = knobs,
    .nknobs = SCATTER_NKNOBS,
    .refuse = scatter_refuse,
    .guess = scatter_guess,
    .phases = scatter_phases,
    .explain = explain,
    .emit = emit,
};
