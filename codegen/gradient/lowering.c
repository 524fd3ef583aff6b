/* lowering.c: gradients of plain and deformable convolutions, see gradient.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"

#include <stdio.h>

static const Knob *const knobs[GRADIENT_NKNOBS] = {
    &gradient_knobs[GRADIENT_MR],         &gradient_knobs[GRADIENT_NV],
    &gradient_knobs[GRADIENT_TILE_H],     &gradient_knobs[GRADIENT_TILE_W],
    &gradient_knobs[GRADIENT_CHANNELS],   &gradient_knobs[GRADIENT_BANDS],
    &gradient_knobs[GRADIENT_GROUP_PACK], &gradient_knobs[GRADIENT_TAP_LANES],
    &gradient_knobs[GRADIENT_PREFETCH],   &gradient_knobs[GRADIENT_COMPACT],
};

void gradient_explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    const GradientPlan p = gradient_plan(s, t, k);
    const GradientShape *a = &p.blocks.shape[gradient_first_shape(&p)];
    snprintf(buf, size,
             "tasks: %d blocks of up to %d channels, %d bands of tiles\n"
             "tile: %d pixels, %d columns of taps and channels; workspace %lld KiB a thread\n"
             "registers: %d sums, of %d registers of %d bytes\n",
             p.blocks.count, a->channels, p.bands, p.pixels, a->columns,
             (long long)(p.scratch.bytes >> 10), p.mr * p.nv, t->registers, t->vector_bytes);
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    const GradientPlan p = gradient_plan(kernel->s, t, k);
    gradient_emit_kernel(e, kernel, &p);
}

const struct Lowering lower_gradient = {
    .name = "gradient",
    .summary = "gradients: blocks of input channels, each through all tiles of pixels",
    .rev = 6,
    .gradient_ops = RT_OP(CONV2D) | RT_OP(DEFORM_CONV2D),
    .takes = rt_gradient_is_of_sums,
    .knobs = knobs,
    .nknobs = GRADIENT_NKNOBS,
    .refuse = gradient_refuse,
    .guess = gradient_guess,
    .phases = gradient_phases,
    .explain = gradient_explain,
    .emit = emit,
};
