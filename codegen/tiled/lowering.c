/* lowering.c: tiles of output pixels through a column tile that stays in cache.
**
**     for each tile of th x tw output pixels:                                    a task
**         places                                        every tap of every pixel
**         for each weight group, channel block, tap block:
**             column                                    sampled, in L1 or L2
**             for each block of nr outputs, panel of mr pixels  (or the other way round):
**                 product                               in registers
**
** Workspace is one tile per thread; nchw inputs are copied to nhwc once per call in a phase of their own.
** The knobs follow from what moves these kernels: the register tile, the pixels that share one pass over
** the weights, and the depth of a column.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/tiled/tiled.h"

#include <stdio.h>

static const Knob *const knobs[TILED_NKNOBS] = {
    &tiled_knobs[TILED_MR],
    &tiled_knobs[TILED_NV],
    &tiled_knobs[TILED_TILE_H],
    &tiled_knobs[TILED_TILE_W],
    &tiled_knobs[TILED_KC_CHANNELS],
    &tiled_knobs[TILED_KC_TAPS],
    &tiled_knobs[TILED_LOOP_ORDER],
    &tiled_knobs[TILED_UNROLL],
    &tiled_knobs[TILED_GROUP_PACK],
    &tiled_knobs[TILED_REPACK],
    &tiled_knobs[TILED_TAP_LANES],
    &tiled_knobs[TILED_OFFSET_CHUNK],
    &tiled_knobs[TILED_PREFETCH],
    &tiled_knobs[TILED_GRAIN],
    &tiled_knobs[TILED_IMPLICIT_GEMM],
};

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    TiledPlan p = tiled_plan(s, t, k);
    int64_t depth = (int64_t)p.channel_block * p.tap_block;
    snprintf(buf, size,
             "registers: %d sums, %d weights, 1 broadcast, of %d\n"
             "column tile%s: %d pixels x %lld deep = %lld KiB (L2 %lld KiB)\n"
             "panel of the column: %lld KiB, block of weights: %lld KiB (L1 %lld KiB)\n"
             "weights: %lld KiB packed, read once per tile of %d x %d pixels\n"
             "workspace: %lld KiB per thread%s\n",
             p.mr * p.nv, p.nv, t->registers,
             p.implicit ? ", of which only what needs the map's border is filled" : "", p.pixels,
             (long long)depth, (long long)p.pixels * p.column_stride * p.fp_bytes / 1024,
             (long long)t->l2_bytes / 1024, (long long)p.mr * p.column_stride * p.fp_bytes / 1024,
             (long long)depth * p.nr * p.fp_bytes / 1024, (long long)t->l1_bytes / 1024,
             (long long)p.packed_elements * p.fp_bytes / 1024, p.th, p.tw,
             (long long)p.thread_bytes / 1024,
             tiled_repacks(&p) ? ", and one copy of the input" : "");
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    TiledPlan p = tiled_plan(kernel->s, t, k);
    tiled_emit_plan(e, kernel, &p, NULL, NULL);
}

const struct Lowering lower_tiled = {
    .name = "tiled",
    .summary = "tiles of pixels, a sampled column tile in cache, register-tiled product",
    .rev = 11,
    .ops = 1u << DCN_OP_CONV2D | 1u << DCN_OP_DEFORM_CONV2D,
    .knobs = knobs,
    .nknobs = TILED_NKNOBS,
    .refuse = tiled_refuse,
    .guess = tiled_guess,
    .cost = tiled_cost,
    .explain = explain,
    .emit = emit,
};
