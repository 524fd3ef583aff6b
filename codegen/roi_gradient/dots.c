/* dots.c: sums over channels of g times the pixels of a bin, weighed as its table says.
**
**     dots[bin][kind] += sum over channels of g * (sum over pixels of coeff[kind] * pixel)
**
** What a channel whose g is 0 would add is 0, whatever its pixels are.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi_gradient/roi_gradient.h"

typedef struct BinSums {
    var of[ROI_MAX_COEFFS][ROI_MAX_NV];
} BinSums;

static void add_pixel(Emit *e, const RoiGradientPass *p, addr pixel, const fvec *w,
                      const BinSums *sum)
{
    for (int v = 0; v < p->vectors; v++) {
        fvec x = p_load(e, roi_gradient_vector(e, pixel, v), roi_gradient_reach(e, p, v));
        for (int k = 0; k < p->g->plan->ndots; k++)
            v_set(e, sum->of[k][v], f_fma(e, w[k], x, v_get(e, sum->of[k][v])));
    }
}

static void over_table(Emit *e, const RoiGradientPass *p, const BinSums *sum)
{
    const RoiCtx *c = &p->g->c;
    addr first = roi_gradient_pixels(e, p, p->g->from), pixels = roi_table_offsets(e, c, p->bin);
    EMIT_FOR (e, i, x_const(e, 0), roi_table_count(e, c, p->bin), 1) {
        fvec w[ROI_MAX_COEFFS];
        for (int k = 0; k < p->g->plan->ndots; k++) {
            addr coeffs = roi_table_coeffs(e, c, p->g->plan->first_dot + k, p->bin);
            w[k] = p_splat(e, p_at(e, coeffs, i.at));
        }
        idx n = p_get_i32(e, p_at_i32(e, pixels, i.at));
        add_pixel(e, p, roi_gradient_pixel(e, p, first, n), w, sum);
    }
}

/* Adds to sums of products, of each kind. */
static void pass(Emit *e, const RoiGradientPass *p, void *self)
{
    const RoiGradientPlan *plan = p->g->plan;
    var *all = self;
    fvec zero = f_const(e, 0);
    BinSums sum;
    for (int k = 0; k < plan->ndots; k++)
        for (int v = 0; v < p->vectors; v++)
            sum.of[k][v] = v_float(e, zero);
    over_table(e, p, &sum);
    for (int k = 0; k < plan->ndots; k++)
        for (int v = 0; v < p->vectors; v++) {
            fvec g = roi_gradient_g(e, p, v), x = f_mul(e, g, v_get(e, sum.of[k][v]));
            x = f_select(e, f_equal(e, g, zero), zero, x);
            v_set(e, all[k], f_add(e, v_get(e, all[k]), x));
        }
}

static void add_dot(Emit *e, addr to, fvec x)
{
    mask one = m_first(e, 1);
    p_store(e, to, f_add(e, p_load(e, to, one), x), one);
}

void roi_gradient_dots(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    const RoiGradientPlan *plan = g->plan;
    var all[ROI_MAX_COEFFS];
    for (int k = 0; k < plan->ndots; k++)
        all[k] = v_float(e, f_const(e, 0));
    roi_gradient_over_channels(e, g, nth, bin, pass, all);
    idx n = x_add(e, g->c.first_bin, bin);
    addr to = p_at(e, g->class_dots, x_mulk(e, n, plan->ndots));
    for (int k = 0; k < plan->ndots; k++)
        add_dot(e, p_at(e, to, x_const(e, k)), f_hadd(e, v_get(e, all[k])));
}
