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

static const double VECTOR = 1.4;             /* a multiply-add with a vector from the map */
static const double GATHER = 0.9;             /* a lane of a vector that does not lie together */
static const double ENTRY = 8;                /* of the table, per pass: offset, weight, loop */
static const double PLACE = 25;               /* of a sample along an axis, per bin */
static const double ROW = 12;                 /* of pixels of a table, per bin */
static const double COPY = 0.3, UNPACK = 0.4; /* an element of the view, of the output */
enum { DYNAMIC_ROIS = 256 }; /* regions where their number is not known: what detectors propose */

static double size_or(int64_t size, int default_size)
{
    return (double)(size > 0 ? size : default_size);
}

/* Samples of a bin along an axis, of both the mean; where they depend on the region, of one that is
** a third of the map. */
static double samples_of(const RoiPlan *p)
{
    double size = size_or(p->s->height, COST_DYNAMIC_SIZE) / 3 / p->pooled_h;
    return p->grid[0] ? sqrt((double)p->grid[0] * p->grid[1]) : size > 1 ? size : 1;
}

static double bin_cycles(const RoiPlan *p)
{
    double along = samples_of(p), tables = along > p->table_samples ? along / p->table_samples : 1;
    double each = p->sampling == ROI_SAMPLING_QUANTISED ? 1 : p->maximum ? 4 : 2.2;
    double pixels = each * along * along;
    double vectors = cost_ceil_div(p->task_channels, p->lanes);
    double passes = cost_ceil_div(p->task_channels, p->nv * p->lanes);
    double load = p->contiguous ? VECTOR : GATHER * p->lanes;
    double sums = vectors * (pixels * load + 3 * tables * tables) + passes * pixels * ENTRY;
    bool quantised = p->sampling == ROI_SAMPLING_QUANTISED;
    double places = quantised ? PLACE : 2 * along * tables * PLACE;
    double rows = quantised ? 0 : tables * tables * p->max_axis_pixels;
    return (p->splits_channels ? 1 : p->classes) * (sums + places / p->bins_per_vec + ROW * rows);
}

int roi_phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES])
{
    RoiPlan p = roi_plan(s, t, k);
    double tasks = size_or(s->rois, DYNAMIC_ROIS) * p.bin_tasks * p.channel_tasks;
    double rows = size_or(s->batch, 1) * size_or(s->height, COST_DYNAMIC_SIZE);
    double row = size_or(s->width, COST_DYNAMIC_SIZE) * (double)s->in_channels * COPY;
    int n = 0;
    double task = p.task_bins * bin_cycles(&p) + 200;
    if (p.out_stride)
        task += UNPACK * p.task_outs * (p.task_bins < p.lanes ? p.lanes : p.task_bins);
    if (p.repacks)
        out[n++] = (PhaseCost){ .tasks = rows, .ns = row / COST_CYCLES_PER_NS };
    out[n++] = (PhaseCost){ .tasks = tasks, .ns = task / COST_CYCLES_PER_NS };
    return n;
}
