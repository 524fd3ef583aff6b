/* passes.c: a class of a block, some vectors of channels at a time; what a pass reads and where.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi_gradient/roi_gradient.h"

static void over_bins(Emit *e, const RoiGradientPass *p, RoiGradientBody body)
{
    EMIT_FOR (e, bin, x_const(e, 0), p->g->c.bins, 1) {
        body(e, p, bin.at);
    }
}

void roi_gradient_over_bins(Emit *e, const RoiGradient *g, idx nth, int nv, RoiGradientBody body)
{
    const RoiGradientPlan *p = g->plan;
    int channels = p->channels[g->shape], block = nv * e->lanes, rest = channels % block;
    idx from = x_mulk(e, nth, channels);
    EMIT_FOR (e, o, x_const(e, 0), x_const(e, channels - rest), block) {
        const RoiGradientPass pass = { g, x_add(e, from, o.at), nv, e->lanes };
        over_bins(e, &pass, body);
    }
    if (!rest)
        return;
    int vectors = (rest + e->lanes - 1) / e->lanes;
    const RoiGradientPass pass = { g, x_addk(e, from, channels - rest), vectors,
                                   rest - (vectors - 1) * e->lanes };
    over_bins(e, &pass, body);
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

fvec roi_gradient_g(Emit *e, const RoiGradientPass *p, idx bin, int v)
{
    idx n = x_add(e, p->g->c.first_bin, bin);
    addr row = p_at(e, p->g->g, x_add(e, x_mulk(e, n, p->g->plan->g_stride), p->first));
    return p_load(e, roi_gradient_vector(e, row, v), roi_gradient_channels(e, p, v));
}

fvec roi_gradient_scaled(Emit *e, const RoiGradientPass *p, idx bin, int v)
{
    const RoiCtx *c = &p->g->c;
    fvec g = roi_gradient_g(e, p, bin, v), zero = f_const(e, 0);
    fvec scale = p_splat(e, p_at(e, roi_scratch(e, c, c->plan->scratch.scale), bin));
    return f_select(e, f_equal(e, g, zero), zero, f_mul(e, g, scale));
}

/* ---- maps ---------------------------------------------------------------------------------- */

addr roi_gradient_pixels(Emit *e, const RoiGradientPass *p, addr map, idx bin)
{
    idx group = x_mul(e, roi_group(e, &p->g->c, bin), p->g->plane);
    return p_at(e, map, x_add(e, group, p->first));
}

addr roi_gradient_pixel(Emit *e, const RoiGradientPass *p, addr first, idx pixel)
{
    return p_at(e, first, x_mulk(e, pixel, p->g->plan->pixel_step));
}
