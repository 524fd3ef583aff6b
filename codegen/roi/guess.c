/* guess.c: a schedule of the RoI lowering without measuring.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/kernel/cost.h"
#include "codegen/kernel/workspace.h"
#include "codegen/roi/roi.h"

#include <string.h>

/* Pixels of a bin, as many as 2x2 samples touch.  An estimate: nobody measured from how many regions on a copy pays. */
enum { BIN_PIXELS = 16 };

/* Whether so many pixels are read that a copy of the map costs less than reading it as it lies. */
static int copy_pays(const dcn_spec *s, int scattered)
{
    if (!scattered)
        return 0;
    if (s->rois == DCN_DYNAMIC || s->height == DCN_DYNAMIC || s->width == DCN_DYNAMIC)
        return 1;
    double images = s->batch == DCN_DYNAMIC ? 1 : (double)s->batch;
    double map = images * (double)s->height * (double)s->width;
    return (double)s->rois * s->pooled[0] * s->pooled[1] * BIN_PIXELS > map;
}

/* The widest pass over the channels of a task. */
static void guess_pass(const dcn_spec *s, const dcn_target *t, int *k)
{
    int most = t->registers >= 32 ? ROI_MAX_NV : ROI_MAX_NV / 2;
    k[ROI_NV] = 1;
    RoiPlan p = roi_plan(s, t, k);
    while (k[ROI_NV] < most && k[ROI_NV] * p.lanes < p.task_channels)
        k[ROI_NV] *= 2;
}

/* ---- many threads ------------------------------------------------------------------------------ */

/* Rows of bins and channels of a task that keep the threads busiest for the least work. */
static void spread(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *rows = roi_knobs[ROI_BIN_ROWS], *channels = roi_knobs[ROI_TASK_CHANNELS];
    double least = balance_call_ns(roi_phases, s, t, threads, k) * COST_WORTH_IT;
    for (int i = 0; i < rows->nchoices * channels->nchoices; i++) {
        int other[ROI_NKNOBS];
        memcpy(other, k, sizeof other);
        other[ROI_BIN_ROWS] = rows->choice[i % rows->nchoices];
        other[ROI_TASK_CHANNELS] = channels->choice[i / rows->nchoices];
        guess_pass(s, t, other);
        double cost =
            roi_refuse(s, t, other) ? least : balance_call_ns(roi_phases, s, t, threads, other);
        if (cost < least) {
            least = cost;
            memcpy(k, other, sizeof other);
        }
    }
}

/* ---- all of it --------------------------------------------------------------------------------- */

void roi_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    for (int i = 0; i < ROI_NKNOBS; i++)
        k[i] = roi_knobs[i]->guess;
    guess_pass(s, t, k);
    RoiPlan p = roi_plan(s, t, k);
    int samples = roi_most_samples(&p);
    if (p.sampling != ROI_SAMPLING_QUANTISED)
        while (k[ROI_TABLE_SAMPLES] < 4 && (!samples || k[ROI_TABLE_SAMPLES] < samples))
            k[ROI_TABLE_SAMPLES] *= 2;
    int scattered = s->layout == DCN_NCHW || p.groups[0] * p.groups[1] > 1;
    k[ROI_REPACK] = copy_pays(s, scattered);
    if (p.pooled_h > 1 && roi_plan(s, t, k).scratch.bytes > KERNEL_MAX_THREAD_BYTES)
        k[ROI_BIN_ROWS] = 1;
    if (threads > 1)
        spread(s, t, threads, k);
}
