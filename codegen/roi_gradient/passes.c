/* passes.c: a class of a block, some vectors of channels at a time; what a pass reads and where.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi_gradient/roi_gradient.h"

/* What is done with the passes of a bin. */
typedef struct RoiGradientPasses {
    const RoiGradient *g;
    idx bin;
    RoiGradientPassBody body;
    void *self;
} RoiGradientPasses;

static void one_pass(Emit *e, const RoiVectors *v, const void *self)
{
    const RoiGradientPasses *all = self;
    const RoiGradientPass pass = { all->g, all->bin, v->first, v->vectors, v->last };
    all->body(e, &pass, all->self);
}

void roi_gradient_over_channels(Emit *e, const RoiGradient *g, idx nth, idx bin,
                                RoiGradientPassBody body, void *self)
{
    const int channels = g->plan->channels[g->shape];
    const RoiGradientPasses all = { g, bin, body, self };
    roi_over_channels(e, x_mulk(e, nth, channels), channels, g->plan->nv, one_pass, &all);
}

mask roi_gradient_channels(Emit *e, const RoiGradientPass *p, int v)
{
    return v == p->vectors - 1 && p->last < e->lanes ? m_first(e, p->last) : all_lanes;
}

/* A copy has room for whole vectors. */
mask roi_gradient_reach(Emit *e, const RoiGradientPass *p, int v)
{
    return p->g->plan->copies ? all_lanes : roi_gradient_channels(e, p, v);
}

addr roi_gradient_vector(Emit *e, addr first, int v)
{
    return p_at(e, first, x_const(e, (int64_t)v * e->lanes));
}

/* ---- the gradient of the output ------------------------------------------------------------ */

fvec roi_gradient_g(Emit *e, const RoiGradientPass *p, int v)
{
    idx n = x_add(e, p->g->c.first_bin, p->bin);
    addr row = p_at(e, p->g->g, x_add(e, x_mulk(e, n, p->g->plan->g_stride), p->first));
    fvec g = p_load(e, roi_gradient_vector(e, row, v), roi_gradient_channels(e, p, v));
    if (!p->g->plan->want.slopes)
        return g;
    fvec slope = p_load(e, roi_gradient_vector(e, roi_gradient_slopes(e, p), v), all_lanes);
    fvec zero = f_const(e, 0);
    return f_select(e, f_equal(e, g, zero), zero, f_mul(e, g, slope));
}

addr roi_gradient_slopes(Emit *e, const RoiGradientPass *p)
{
    const RoiGradientPlan *plan = p->g->plan;
    addr first = p_at_bytes(e, p->g->own, x_const(e, plan->scratch.slopes));
    idx row = x_mulk(e, p->bin, plan->row_stride);
    return p_at(e, first, x_add(e, row, x_sub(e, p->first, p->g->class_first)));
}

fvec roi_gradient_scaled(Emit *e, const RoiGradientPass *p, int v)
{
    const RoiCtx *c = &p->g->c;
    fvec g = roi_gradient_g(e, p, v), zero = f_const(e, 0);
    fvec scale = p_splat(e, p_at(e, roi_scratch(e, c, c->plan->scratch.scale), p->bin));
    return f_select(e, f_equal(e, g, zero), zero, f_mul(e, g, scale));
}

/* ---- maps ---------------------------------------------------------------------------------- */

addr roi_gradient_pixels(Emit *e, const RoiGradientPass *p, addr map)
{
    idx group = x_mul(e, roi_group(e, &p->g->c, p->bin), p->g->plane);
    return p_at(e, map, x_add(e, group, p->first));
}

addr roi_gradient_pixel(Emit *e, const RoiGradientPass *p, addr first, idx pixel)
{
    return p_at(e, first, x_mulk(e, pixel, p->g->plan->pixel_step));
}

static idx limit(Emit *e, const RoiGradientPass *p, int which)
{
    return p_get_i32(e, roi_limit(e, &p->g->c, which, p->bin));
}

void roi_gradient_over_range(Emit *e, const RoiGradientPass *p, addr map, RoiGradientPixelBody body,
                             void *self)
{
    idx y0 = limit(e, p, 0), x0 = limit(e, p, 2);
    addr first = roi_gradient_pixels(e, p, map);
    EMIT_FOR (e, y, y0, x_add(e, y0, limit(e, p, 1)), 1) {
        idx row = x_add(e, x_mul(e, y.at, p->g->c.row_step), x0);
        EMIT_FOR (e, x, x_const(e, 0), limit(e, p, 3), 1) {
            idx pixel = x_add(e, row, x.at);
            body(e, p, roi_gradient_pixel(e, p, first, pixel), pixel, self);
        }
    }
}
