/* guess.c: a schedule without measuring: the account of costs says how blocks of channels, which
** are the tasks, keep the threads busiest.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/kernel/workspace.h"
#include "codegen/roi_gradient/roi_gradient.h"

/* The widest pass that is not refused. */
static void guess_pass(const dcn_spec *s, const dcn_target *t, int *k)
{
    const Knob *q = roi_gradient_knobs[ROI_GRADIENT_NV];
    int best = 1;
    for (int i = 0; i < q->nchoices; i++) {
        k[ROI_GRADIENT_NV] = q->choice[i];
        if (!roi_gradient_refuse(s, t, k) && q->choice[i] > best)
            best = q->choice[i];
    }
    k[ROI_GRADIENT_NV] = best;
}

/* As many samples as a bin has, or as most bins have. */
static void guess_table(const dcn_spec *s, const dcn_target *t, int *k)
{
    k[ROI_GRADIENT_NV] = 1;
    for (int samples = 2; samples <= 4; samples *= 2) {
        int before = k[ROI_GRADIENT_TABLE_SAMPLES];
        k[ROI_GRADIENT_TABLE_SAMPLES] = samples;
        if (roi_gradient_refuse(s, t, k))
            k[ROI_GRADIENT_TABLE_SAMPLES] = before;
    }
}

/* What a task has only a part of is copied. */
static void set_channels(const dcn_spec *s, const dcn_target *t, int channels, int *k)
{
    k[ROI_GRADIENT_CHANNELS] = channels;
    const RoiGradientPlan p = roi_gradient_plan(s, t, k);
    k[ROI_GRADIENT_REPACK] = p.scattered || p.blocks > 1;
    guess_pass(s, t, k);
}

static void guess_channels(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *q = roi_gradient_knobs[ROI_GRADIENT_CHANNELS];
    double least = 0;
    int best = -1, shares = 0;
    for (int i = 0; i < 2 * q->nchoices; i++) {
        k[ROI_GRADIENT_SHARE_TABLES] = i % 2;
        set_channels(s, t, q->choice[i / 2], k);
        if (roi_gradient_refuse(s, t, k))
            continue;
        double cost = balance_call_ns(roi_gradient_phases, s, t, threads, k);
        if (best < 0 || cost < least) {
            least = cost;
            best = i / 2;
            shares = i % 2;
        }
    }
    k[ROI_GRADIENT_SHARE_TABLES] = shares;
    set_channels(s, t, best < 0 ? q->guess : q->choice[best], k);
}

void roi_gradient_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    for (int i = 0; i < ROI_GRADIENT_NKNOBS; i++)
        k[i] = roi_gradient_knobs[i]->guess;
    k[ROI_GRADIENT_REPACK] = roi_gradient_plan(s, t, k).scattered;
    guess_table(s, t, k);
    const RoiGradientPlan p = roi_gradient_plan(s, t, k);
    if (p.bins.pooled_h > 1 && p.scratch.bytes > KERNEL_MAX_THREAD_BYTES)
        k[ROI_GRADIENT_BIN_ROWS] = 1;
    guess_channels(s, t, threads, k);
}
