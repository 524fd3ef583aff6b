/* cost.c: how long gradients of regions take, worked out and not measured.
**
**     bin  = places of its samples, once or for each block + its pixels, read, added to and stored
**     task = bins of all regions of an image + its maps                                   cycles
**     call = tables of regions, if shared, blocks of channels, regions                    phases
**
** Only ratios matter, see kernel/cost.h. The rates are estimates of what the emitted loops do per
** step.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/roi_gradient/roi_gradient.h"

#include <math.h>

static const double SCATTER = 2.2, DOT = 1.3; /* a vector of a pixel; a dot's multiply-add */
static const double ENTRY = 4;                /* of the table, per pass: pixel, weights, loop */
static const double PLACE = 25, ROW = 12;     /* of a sample along an axis; of a table, per bin */
static const double REDUCE = 20;              /* lanes of a dot to one number */
static const double COPY = 0.4, CLEAR = 0.1;  /* an element of a map */
static const double FINISH = 60;              /* a bin of the last phase */
enum { DYNAMIC_ROIS = 256 };                  /* where their number is not known */

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

static double bin_cycles(const RoiGradientPlan *p)
{
    const RoiPlan *b = &p->bins;
    double along = samples_of(b), tables = along > b->table_samples ? along / b->table_samples : 1;
    bool quantised = b->sampling == ROI_SAMPLING_QUANTISED;
    double pixels = (quantised ? 1 : b->maximum ? 4 : 2.2) * along * along;
    double vectors = cost_ceil_div(p->channels[0], p->lanes);
    double passes = cost_ceil_div(p->channels[0], p->nv * p->lanes);
    double each = p->want.input ? vectors * SCATTER + passes * ENTRY : 0;
    if (p->want.dots)
        each += vectors * (1 + DOT * p->ndots) + passes * ENTRY;
    double reduced = p->want.dots ? tables * tables * passes * p->ndots * REDUCE : 0;
    return pixels * each + reduced;
}

/* The places of its samples, once. */
static double table_cycles(const RoiGradientPlan *p)
{
    const RoiPlan *b = &p->bins;
    double along = samples_of(b), tables = along > b->table_samples ? along / b->table_samples : 1;
    bool quantised = b->sampling == ROI_SAMPLING_QUANTISED;
    double places = quantised ? PLACE : 2 * along * tables * PLACE * b->weights;
    double rows = quantised ? 0 : tables * tables * b->max_axis_pixels * b->weights;
    return places / b->bins_per_vec + ROW * rows;
}

/* Maps of a block: 0 and, if they are copies, brought here and back. */
static double map_cycles(const RoiGradientPlan *p)
{
    const dcn_spec *s = p->s;
    double pixels = size_or(s->height, COST_DYNAMIC_SIZE) * size_or(s->width, COST_DYNAMIC_SIZE);
    double elements = pixels * roi_gradient_outputs(p, 0) * p->groups;
    double copies = p->copies ? (p->want.input + p->want.map) * COPY : 0;
    return elements * (copies + (p->want.input ? CLEAR : 0));
}

int roi_gradient_phases(const dcn_spec *s, const dcn_target *t, const int *k,
                        PhaseCost out[MAX_PHASES])
{
    const RoiGradientPlan p = roi_gradient_plan(s, t, k);
    double regions = size_or(s->rois, DYNAMIC_ROIS), images = cost_images(s);
    double bins = (double)p.bins.pooled_h * p.bins.pooled_w;
    double bin = bin_cycles(&p) + (p.shares_tables ? 0 : table_cycles(&p));
    double task = regions / images * bins * p.classes * bin + map_cycles(&p);
    int n = 0;
    if (p.shares_tables)
        out[n++] =
            (PhaseCost){ .tasks = regions, .ns = bins * table_cycles(&p) / COST_CYCLES_PER_NS };
    out[n++] = (PhaseCost){ .tasks = images * p.blocks, .ns = task / COST_CYCLES_PER_NS };
    double finish = bins * p.bins.classes * (FINISH + p.per_class);
    if (p.want.dots)
        out[n++] = (PhaseCost){ .tasks = regions, .ns = finish / COST_CYCLES_PER_NS };
    return n;
}
