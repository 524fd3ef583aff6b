/* lowering.c: tiles of output pixels through a column tile that stays in cache.
**
**     for each tile of th x tw output pixels:                                    a task
**         sample table                                  every tap of every pixel
**         for each packed group, channel block, tap block:
**             im2col tile                               sampled, in L1 or L2
**             for each block of nr outputs, panel of mr pixels  (or the other way round):
**                 micro-kernel                          in registers
**
** With oc_split or ic_split a task has a part of the output or input channels of a tile; the partial
** sums of the latter are added up in a last phase.  Workspace is one tile per thread; nchw inputs are
** copied to channels side by side once per call some images at a time (kernel/repack.h).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tiled.h"

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
    &tiled_knobs[TILED_OC_SPLIT],
    &tiled_knobs[TILED_IC_SPLIT],
    &tiled_knobs[TILED_WEIGHTS_AHEAD],
};

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    TiledPlan p = tiled_plan(kernel->s, t, k);
    tiled_emit_kernel(e, kernel, &p, NULL);
}

const struct Lowering lower_tiled = {
    .name = "tiled",
    .summary = "tiles of pixels, a sampled column tile in cache, register-tiled product",
    .rev = 16,
    .ops = RT_OP(CONV2D) | RT_OP(DEFORM_CONV2D),
    .knobs = knobs,
    .nknobs = TILED_NKNOBS,
    .refuse = tiled_refuse,
    .guess = tiled_guess,
    .phases = tiled_phases,
    .explain = tiled_explain,
    .emit = emit,
};
