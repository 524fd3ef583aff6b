/* cost.c: how long the pooling of regions takes, worked out and not measured.
**
**     bin  = places of its samples + sums of its pixels            cycles
**     task = bins of a region, or of some rows of them + transposing its outputs; places again for
**            each part of the channels
**     call = rows of the repacked input, then tasks            two phases
**
** Only ratios matter, see kernel/cost.h. The rates are estimates of what the emitted loops do per
** step.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/roi/roi.h"

#include <math.h>

static const double VECTOR = 1.4; /* a multiply-add with a vector from the map */
static const double GATHER = 0.9; /* a lane of a vector that does not lie together */
static const double ENTRY = 8;    /* an entry of the table, per pass: offset, coefficient, loop */
static const double TASK = 200;   /* what a task begins with: its region, its image, its axes */
static const double COPY = 0.3, UNPACK = 0.4; /* an element of the view, of the output */

/* ---- shared with gradients ------------------------------------------------------------------- */

/* What the samples of a bin cost along an axis, each, and a row of pixels of a table. */
static const double PLACE = 25, ROW = 12;

/* Pixels of a sample: four of a maximum; of an average fewer, as samples that follow one another share some. */
static const double PIXELS_OF_MAXIMUM = 4, PIXELS_OF_AVERAGE = 2.2;

enum { DYNAMIC_ROIS = 256 }; /* regions where their number is not known: what detectors propose */

double roi_cost_regions(const dcn_spec *s)
{
    return s->rois > 0 ? (double)s->rois : DYNAMIC_ROIS;
}

/* Samples of a bin along an axis, of both the mean; where they depend on the region, of one that is
** a third of the map. */
static double samples_of(const RoiPlan *p)
{
    double size = (double)cost_in_rows(p->s) / 3 / p->pooled_h;
    return p->grid[0] ? sqrt((double)p->grid[0] * p->grid[1]) : size > 1 ? size : 1;
}

double roi_cost_tables(const RoiPlan *p)
{
    double along = samples_of(p);
    return along > p->table_samples ? along / p->table_samples : 1;
}

double roi_cost_pixels(const RoiPlan *p)
{
    double along = samples_of(p), each = p->maximum ? PIXELS_OF_MAXIMUM : PIXELS_OF_AVERAGE;
    return (p->sampling == ROI_SAMPLING_QUANTISED ? 1 : each) * along * along;
}

double roi_cost_places(const RoiPlan *p)
{
    double tables = roi_cost_tables(p);
    if (p->sampling == ROI_SAMPLING_QUANTISED)
        return PLACE / p->bins_per_vec;
    double places = 2 * samples_of(p) * tables * PLACE * p->coeffs;
    double rows = tables * tables * p->max_axis_pixels * p->coeffs;
    return places / p->bins_per_vec + ROW * rows;
}

/* ---- pooling --------------------------------------------------------------------------------- */

static double bin_cycles(const RoiPlan *p)
{
    double tables = roi_cost_tables(p), pixels = roi_cost_pixels(p);
    double vectors = cost_ceil_div(p->task_channels, p->lanes);
    double passes = cost_ceil_div(p->task_channels, p->nv * p->lanes);
    double load = p->contiguous ? VECTOR : GATHER * p->lanes;
    double sums = vectors * (pixels * load + 3 * tables * tables) + passes * pixels * ENTRY;
    return (p->splits_channels ? 1 : p->classes) * (sums + roi_cost_places(p));
}

int roi_phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES])
{
    const RoiPlan p = roi_plan(s, t, k);
    double tasks = roi_cost_regions(s) * p.bin_tasks * p.channel_tasks;
    double rows = cost_images(s) * (double)cost_in_rows(s);
    double row = (double)cost_in_cols(s) * (double)s->in_channels * COPY;
    double task = p.task_bins * bin_cycles(&p) + TASK;
    if (p.out_stride)
        task += UNPACK * p.task_outs * (p.task_bins < p.lanes ? p.lanes : p.task_bins);
    int n = p.repacks ? cost_add_phase(out, 0, rows, row) : 0;
    return cost_add_phase(out, n, tasks, task);
}
