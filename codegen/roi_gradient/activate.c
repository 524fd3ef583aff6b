/* activate.c: through an activation: g times its slope at the number that it was given.
**
** Nobody kept that number, so it is made again, before the tables are gone through for the gradients:
**
**     slope[bin][channel] = activation'(scale * sum over pixels of coeff * pixel)
**
** and what is taken for g from then on is g * slope (passes.c). A maximum has its number when it has
** found its pixel (largest.c).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/roi_gradient/roi_gradient.h"

static void begin(Emit *e, const RoiGradientPass *p, void *self)
{
    addr row = roi_gradient_slopes(e, p);
    (void)self;
    for (int v = 0; v < p->vectors; v++)
        p_store(e, roi_gradient_vector(e, row, v), f_const(e, 0), all_lanes);
}

static void load_sums(Emit *e, const RoiGradientPass *p, var sum[ROI_MAX_NV])
{
    addr row = roi_gradient_slopes(e, p);
    for (int v = 0; v < p->vectors; v++)
        sum[v] = v_float(e, p_load(e, roi_gradient_vector(e, row, v), all_lanes));
}

static void store_sums(Emit *e, const RoiGradientPass *p, const var sum[ROI_MAX_NV])
{
    addr row = roi_gradient_slopes(e, p);
    for (int v = 0; v < p->vectors; v++)
        p_store(e, roi_gradient_vector(e, row, v), v_get(e, sum[v]), all_lanes);
}

static void table(Emit *e, const RoiGradientPass *p, void *self)
{
    const RoiCtx *c = &p->g->c;
    var sum[ROI_MAX_NV];
    (void)self;
    load_sums(e, p, sum);
    addr first = roi_gradient_pixels(e, p, p->g->from), pixels = roi_table_offsets(e, c, p->bin);
    addr coeffs = roi_table_coeffs(e, c, ROI_TABLE_SHARE, p->bin);
    EMIT_FOR (e, i, x_const(e, 0), roi_table_count(e, c, p->bin), 1) {
        idx n = p_get_i32(e, p_at_i32(e, pixels, i.at));
        addr at = roi_gradient_pixel(e, p, first, n);
        fvec w = p_splat(e, p_at(e, coeffs, i.at));
        for (int v = 0; v < p->vectors; v++) {
            fvec x = p_load(e, roi_gradient_vector(e, at, v), roi_gradient_reach(e, p, v));
            v_set(e, sum[v], f_fma(e, w, x, v_get(e, sum[v])));
        }
    }
    store_sums(e, p, sum);
}

static void covered(Emit *e, const RoiGradientPass *p, addr at, idx pixel, void *self)
{
    (void)pixel;
    var *sum = self;
    for (int v = 0; v < p->vectors; v++) {
        fvec x = p_load(e, roi_gradient_vector(e, at, v), roi_gradient_reach(e, p, v));
        v_set(e, sum[v], f_add(e, v_get(e, sum[v]), x));
    }
}

static void range(Emit *e, const RoiGradientPass *p, void *self)
{
    var sum[ROI_MAX_NV];
    (void)self;
    load_sums(e, p, sum);
    roi_gradient_over_range(e, p, p->g->from, covered, sum);
    store_sums(e, p, sum);
}

/* Slopes may be many instructions: they stand in a loop. */
static void slopes(Emit *e, const RoiGradientPass *p, void *self)
{
    const RoiCtx *c = &p->g->c;
    addr row = roi_gradient_slopes(e, p);
    fvec scale = p_splat(e, p_at(e, roi_scratch(e, c, c->plan->scratch.scale), p->bin));
    (void)self;
    EMIT_FOR (e, v, x_const(e, 0), x_const(e, p->vectors), 1) {
        addr at = p_at(e, row, x_mulk(e, v.at, e->lanes));
        fvec x = f_mul(e, p_load(e, at, all_lanes), scale);
        x = emit_activation_slope(e, rt_activation_of(p->g->plan->s), x);
        p_store(e, at, x, all_lanes);
    }
}

/* ---- bins ------------------------------------------------------------------------------------- */

void roi_gradient_sums_begin(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    roi_gradient_over_channels(e, g, nth, bin, begin, NULL);
}

void roi_gradient_sums(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    const bool whole = g->plan->bins.sampling == ROI_SAMPLING_QUANTISED;
    roi_gradient_over_channels(e, g, nth, bin, whole ? range : table, NULL);
}

void roi_gradient_sums_end(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    roi_gradient_over_channels(e, g, nth, bin, slopes, NULL);
}
