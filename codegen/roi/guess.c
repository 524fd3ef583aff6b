/* guess.c: a schedule of the RoI lowering without measuring.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi/roi.h"

/* Whether so many pixels are read that a copy of the map costs less than reading it as it lies. */
static int copy_pays(const dcn_spec *s, int scattered)
{
    if (!scattered)
        return 0;
    if (s->rois == DCN_DYNAMIC || s->height == DCN_DYNAMIC || s->width == DCN_DYNAMIC)
        return 1;
    double images = s->batch == DCN_DYNAMIC ? 1 : (double)s->batch;
    double map = images * (double)s->height * (double)s->width;
    return (double)s->rois * s->pooled[0] * s->pooled[1] * 16 > map;
}

void roi_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    (void)threads;
    for (int i = 0; i < ROI_NKNOBS; i++)
        k[i] = roi_knobs[i]->guess;
    RoiPlan p = roi_plan(s, t, k);
    int most = t->registers >= 32 ? 16 : 8;
    while (k[ROI_NV] < most && k[ROI_NV] * p.lanes < p.class_channels)
        k[ROI_NV] *= 2;
    if (p.sampling != ROI_SAMPLING_QUANTISED)
        while (k[ROI_TABLE_SAMPLES] < 4 && (!p.grid || k[ROI_TABLE_SAMPLES] < p.grid))
            k[ROI_TABLE_SAMPLES] *= 2;
    int scattered = s->layout == DCN_NCHW || p.groups[0] * p.groups[1] > 1;
    k[ROI_REPACK] = copy_pays(s, scattered);
    if (p.pooled_h > 1 && roi_plan(s, t, k).scratch.bytes > ROI_MAX_THREAD_BYTES)
        k[ROI_BIN_ROWS] = 1;
}
