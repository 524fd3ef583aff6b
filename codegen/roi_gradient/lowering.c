/* lowering.c: gradients of the pooling of regions, see roi_gradient.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi_gradient/roi_gradient.h"

#include <stdio.h>

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    const RoiGradientPlan p = roi_gradient_plan(s, t, k);
    const RoiPlan *b = &p.bins;
    const long long entry = 4 + b->coeffs * b->coeff_bytes;
    snprintf(buf, size,
             "tasks: %d blocks of up to %d of %d output channels, of each image; %s\n"
             "registers: %d vectors of %d channels, of %d registers of %d bytes\n"
             "tables: of %d bins at a time, %lld KiB (L1 %lld KiB)\n"
             "workspace: %lld KiB per thread%s\n",
             p.blocks, roi_gradient_outputs(&p, 0), b->out_channels,
             p.want.dots ? "then regions" : "all regions", p.nv, p.lanes, t->registers,
             t->vector_bytes, b->task_bins, (long long)b->task_bins * b->max_pixels * entry / 1024,
             (long long)t->l1_bytes / 1024, (long long)p.scratch.bytes / 1024,
             p.copies ? ", and copies of the block's channels" : "");
}

const struct Lowering lower_roi_gradient = {
    .name = "roi_gradient",
    .summary = "gradients of regions: blocks of channels, each through all regions of an image",
    .rev = 4,
    .gradient_ops = RT_OP(ROI_POOL) | RT_OP(PS_ROI_POOL) | RT_OP(ROI_ALIGN) | RT_OP(PS_ROI_ALIGN) |
                    RT_OP(DEFORM_ROI_POOL) | RT_OP(DEFORM_PS_ROI_POOL),
    .knobs = roi_gradient_knobs,
    .nknobs = ROI_GRADIENT_NKNOBS,
    .refuse = roi_gradient_refuse,
    .guess = roi_gradient_guess,
    .phases = roi_gradient_phases,
    .explain = explain,
    .emit = roi_gradient_emit,
};
