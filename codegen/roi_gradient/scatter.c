/* scatter.c: what a bin gives to the pixels that it touches, lanes along channels.
**
**     table        grad_input[pixel] += weight * scale * g      one pixel after another
**     quantised    grad_input[pixel] += scale * g               row by row
**
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi_gradient/roi_gradient.h"

#include <assert.h>

enum { MAX_VECTORS = 16 }; /* what the knob nv may be */

static void scaled(Emit *e, const RoiGradientPass *p, idx bin, fvec g[MAX_VECTORS])
{
    assert(p->vectors <= MAX_VECTORS);
    for (int v = 0; v < p->vectors; v++)
        g[v] = roi_gradient_scaled(e, p, bin, v);
}

void roi_gradient_scatter(Emit *e, const RoiGradientPass *p, idx bin)
{
    const RoiCtx *c = &p->g->c;
    fvec g[MAX_VECTORS];
    scaled(e, p, bin, g);
    addr first = roi_gradient_pixels(e, p, p->g->to, bin);
    addr pixels = roi_table_offsets(e, c, bin);
    addr weights = roi_table_weights(e, c, ROI_TABLE_SHARE, bin);
    EMIT_FOR (e, i, x_const(e, 0), roi_table_count(e, c, bin), 1) {
        idx n = p_get_i32(e, p_at_i32(e, pixels, i.at));
        addr pixel = roi_gradient_pixel(e, p, first, n);
        fvec w = p_splat(e, p_at(e, weights, i.at));
        for (int v = 0; v < p->vectors; v++) {
            addr at = roi_gradient_vector(e, pixel, v);
            mask live = roi_gradient_reach(e, p, v);
            p_store(e, at, f_fma(e, w, g[v], p_load(e, at, live)), live);
        }
    }
}

static idx limit(Emit *e, const RoiCtx *c, int which, idx bin)
{
    return p_get_i32(e, roi_limit(e, c, which, bin));
}

void roi_gradient_spread(Emit *e, const RoiGradientPass *p, idx bin)
{
    const RoiCtx *c = &p->g->c;
    fvec g[MAX_VECTORS];
    scaled(e, p, bin, g);
    idx y0 = limit(e, c, 0, bin), x0 = limit(e, c, 2, bin);
    addr first = roi_gradient_pixels(e, p, p->g->to, bin);
    EMIT_FOR (e, y, y0, x_add(e, y0, limit(e, c, 1, bin)), 1) {
        idx row = x_add(e, x_mul(e, y.at, c->row_step), x0);
        EMIT_FOR (e, x, x_const(e, 0), limit(e, c, 3, bin), 1) {
            addr pixel = roi_gradient_pixel(e, p, first, x_add(e, row, x.at));
            for (int v = 0; v < p->vectors; v++) {
                addr at = roi_gradient_vector(e, pixel, v);
                mask live = roi_gradient_reach(e, p, v);
                p_store(e, at, f_add(e, p_load(e, at, live), g[v]), live);
            }
        }
    }
}
