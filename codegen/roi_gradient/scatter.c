/* scatter.c: what a bin gives to the pixels that it touches, lanes along channels.
**
**     table        grad_input[pixel] += coeff * scale * g       one pixel after another
**     quantised    grad_input[pixel] += scale * g               row by row
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi_gradient/roi_gradient.h"

static void scaled(Emit *e, const RoiGradientPass *p, fvec g[ROI_MAX_NV])
{
    for (int v = 0; v < p->vectors; v++)
        g[v] = roi_gradient_scaled(e, p, v);
}

static void scatter(Emit *e, const RoiGradientPass *p, void *self)
{
    const RoiCtx *c = &p->g->c;
    fvec g[ROI_MAX_NV];
    (void)self;
    scaled(e, p, g);
    addr first = roi_gradient_pixels(e, p, p->g->to);
    addr pixels = roi_table_offsets(e, c, p->bin);
    addr coeffs = roi_table_coeffs(e, c, ROI_TABLE_SHARE, p->bin);
    EMIT_FOR (e, i, x_const(e, 0), roi_table_count(e, c, p->bin), 1) {
        idx n = p_get_i32(e, p_at_i32(e, pixels, i.at));
        addr pixel = roi_gradient_pixel(e, p, first, n);
        fvec w = p_splat(e, p_at(e, coeffs, i.at));
        for (int v = 0; v < p->vectors; v++) {
            addr at = roi_gradient_vector(e, pixel, v);
            mask live = roi_gradient_reach(e, p, v);
            p_store(e, at, f_fma(e, w, g[v], p_load(e, at, live)), live);
        }
    }
}

void roi_gradient_scatter(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    roi_gradient_over_channels(e, g, nth, bin, scatter, NULL);
}

static void add(Emit *e, const RoiGradientPass *p, addr pixel, idx number, void *self)
{
    const fvec *g = self;
    (void)number;
    for (int v = 0; v < p->vectors; v++) {
        addr at = roi_gradient_vector(e, pixel, v);
        mask live = roi_gradient_reach(e, p, v);
        p_store(e, at, f_add(e, p_load(e, at, live), g[v]), live);
    }
}

static void spread(Emit *e, const RoiGradientPass *p, void *self)
{
    fvec g[ROI_MAX_NV];
    (void)self;
    scaled(e, p, g);
    roi_gradient_over_range(e, p, p->g->to, add, g);
}

void roi_gradient_spread(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    roi_gradient_over_channels(e, g, nth, bin, spread, NULL);
}
