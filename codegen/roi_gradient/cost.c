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

static const double SCATTER = 2.2, DOT = 1.3; /* a vector of a pixel; a dot's multiply-add */
static const double ENTRY = 4;   /* an entry of the table, per pass: pixel, coefficients, loop */
static const double REDUCE = 20; /* lanes of a dot to one number */
static const double COPY = 0.4, CLEAR = 0.1; /* an element of a map */
static const double FINISH = 60;             /* a bin of the last phase */

static double bin_cycles(const RoiGradientPlan *p)
{
    double tables = roi_cost_tables(&p->bins);
    double vectors = cost_ceil_div(p->channels[0], p->lanes);
    double passes = cost_ceil_div(p->channels[0], p->nv * p->lanes);
    double each = p->want.input ? vectors * SCATTER + passes * ENTRY : 0;
    if (p->want.dots)
        each += vectors * (1 + DOT * p->ndots) + passes * ENTRY;
    double reduced = p->want.dots ? tables * tables * passes * p->ndots * REDUCE : 0;
    return roi_cost_pixels(&p->bins) * each + reduced;
}

/* Maps of a block: 0 and, if they are copies, brought here and back. */
static double map_cycles(const RoiGradientPlan *p)
{
    const dcn_spec *s = p->s;
    double pixels = (double)cost_in_rows(s) * (double)cost_in_cols(s);
    double elements = pixels * roi_gradient_outputs(p, 0) * p->groups;
    double copies = p->copies ? (p->want.input + p->want.map) * COPY : 0;
    return elements * (copies + (p->want.input ? CLEAR : 0));
}

int roi_gradient_phases(const dcn_spec *s, const dcn_target *t, const int *k,
                        PhaseCost out[MAX_PHASES])
{
    const RoiGradientPlan p = roi_gradient_plan(s, t, k);
    double regions = roi_cost_regions(s), images = cost_images(s);
    double bins = (double)p.bins.pooled_h * p.bins.pooled_w, places = roi_cost_places(&p.bins);
    double bin = bin_cycles(&p) + (p.shares_tables ? 0 : places);
    double task = regions / images * bins * p.classes * bin + map_cycles(&p);
    double finish = bins * p.bins.classes * (FINISH + p.per_class);
    int n = p.shares_tables ? cost_add_phase(out, 0, regions, bins * places) : 0;
    n = cost_add_phase(out, n, images * p.blocks, task);
    return p.want.dots ? cost_add_phase(out, n, regions, finish) : n;
}
