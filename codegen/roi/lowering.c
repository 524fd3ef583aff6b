/* lowering.c: pooling of regions: a table of pixels and coefficients per bin, then sums with lanes along channels.
**
**     for each region, or rows of its bins, or some of its channels:                  a task
**         box, lists, table                       lanes along bins, f64, once for its channels
**         for each block of nv vectors of channels, for each bin:
**             for each pixel of the table: nv multiply-adds
**
** Channels should lie side by side, so images of an nchw input are copied once per call, some at a time;
** few regions on a large map are better read as they lie, by gathers.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/roi/roi.h"

#include <stdio.h>

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    RoiPlan p = roi_plan(s, t, k);
    long long bins = p.task_bins, entry = 4 + p.fp_bytes;
    snprintf(buf, size,
             "registers: %d sums of %d channels, 1 coefficient, of %d\n"
             "task: %d bins of a region, %d of %d channels; positions %d bins at a time in f64\n"
             "tables: %lld KiB (L1 %lld KiB)%s\n"
             "workspace: %lld KiB per thread%s\n",
             p.nv, p.lanes, t->registers, p.task_bins, p.task_outs, p.out_channels, p.bins_per_vec,
             bins * p.max_pixels * entry / 1024, (long long)t->l1_bytes / 1024,
             p.one_table || p.sampling == ROI_SAMPLING_QUANTISED ? "" : ", several per bin",
             (long long)p.scratch.bytes / 1024,
             p.repacks ? ", and copies of one block of images, or two" : "");
}

const struct Lowering lower_roi = {
    .name = "roi",
    .summary = "bins of regions: tables of pixels and coefficients, lanes along channels",
    .rev = 6,
    .ops = RT_OP(ROI_POOL) | RT_OP(PS_ROI_POOL) | RT_OP(ROI_ALIGN) | RT_OP(PS_ROI_ALIGN) |
           RT_OP(DEFORM_ROI_POOL) | RT_OP(DEFORM_PS_ROI_POOL),
    .knobs = roi_knobs,
    .nknobs = ROI_NKNOBS,
    .refuse = roi_refuse,
    .guess = roi_guess,
    .phases = roi_phases,
    .explain = explain,
    .emit = roi_emit,
};
