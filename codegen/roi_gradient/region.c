/* region.c: a block of channels of one region.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"
#include "codegen/roi_gradient/roi_gradient.h"

/* ---- the gradient of the output --------------------------------------------------------------- */

static idx all_bins(Emit *e, const RoiGradient *g)
{
    return x_const(e, (int64_t)g->plan->bins.pooled_h * g->plan->bins.pooled_w);
}

static void find_g(Emit *e, RoiGradient *g, LLVMValueRef transpose)
{
    const RoiGradientPlan *p = g->plan;
    idx bins = all_bins(e, g), out = g->first_out;
    addr all = g->c.pb.operand[RT_GRAD_OUTPUT];
    idx region = x_mul(e, x_mulk(e, g->c.r, p->s->out_channels), bins);
    if (p->s->layout == DCN_NHWC) {
        g->g = p_at(e, all, x_add(e, region, out));
        return;
    }
    g->g = p_at_bytes(e, g->own, x_const(e, p->scratch.g));
    Transpose t = { .from = p_at(e, all, x_add(e, region, x_mul(e, out, bins))), .to = g->g };
    t.rows = x_const(e, roi_gradient_outputs(p, g->shape));
    t.cols = t.from_step = bins;
    t.to_step = x_const(e, p->g_stride);
    call_transpose(e, transpose, &t);
}

/* Whether some g of the block is not 0. */
static cond any_g(Emit *e, const RoiGradient *g)
{
    const RoiGradientPlan *p = g->plan;
    fvec zero = f_const(e, 0), one = f_const(e, 1);
    var seen = v_float(e, zero);
    EMIT_FOR (e, bin, x_const(e, 0), all_bins(e, g), 1) {
        addr row = p_at(e, g->g, x_mulk(e, bin.at, p->g_stride));
        EMIT_VECTORS (e, v, x_const(e, roi_gradient_outputs(p, g->shape))) {
            fvec x = p_load(e, p_at(e, row, v.at), v.live);
            v_set(e, seen, f_select(e, f_equal(e, x, zero), v_get(e, seen), one));
        }
    }
    return c_any(e, f_less(e, zero, v_get(e, seen)));
}

/* ---- rows of bins of a class ------------------------------------------------------------------ */

static void over(Emit *e, const RoiGradient *g, idx nth, RoiGradientBody body)
{
    EMIT_FOR (e, bin, x_const(e, 0), g->c.bins, 1) {
        body(e, g, nth, bin.at);
    }
}

static void covered(Emit *e, const RoiGradient *g, const RoiAxis axis[2], idx nth)
{
    EMIT_TYPE (e, roi_pos_type(&g->plan->bins)) {
        roi_ranges(e, &g->c, axis);
    }
    if (g->plan->want.slopes) {
        over(e, g, nth, roi_gradient_sums_begin);
        over(e, g, nth, roi_gradient_sums);
        over(e, g, nth, roi_gradient_sums_end);
    }
    over(e, g, nth, g->plan->bins.maximum ? roi_gradient_largest : roi_gradient_spread);
}

/* What is done with one table of each bin. */
typedef void (*RoiTableBody)(Emit *e, const RoiGradient *g, idx nth);

static void sums(Emit *e, const RoiGradient *g, idx nth)
{
    over(e, g, nth, roi_gradient_sums);
}

/* What one table of each bin gives. */
static void gradients(Emit *e, const RoiGradient *g, idx nth)
{
    const RoiGradientPlan *p = g->plan;
    if (roi_gradient_is_sampled_maximum(p)) {
        over(e, g, nth, roi_gradient_best);
        return;
    }
    if (p->want.input) {
        EMIT_IF (e, g->input) {
            over(e, g, nth, roi_gradient_scatter);
        }
    }
    if (p->want.dots) {
        EMIT_IF (e, g->any_dots) {
            over(e, g, nth, roi_gradient_dots);
        }
    }
}

static void all_tables(Emit *e, const RoiGradient *g, const RoiAxis axis[2], idx nth,
                       RoiTableBody body)
{
    const RoiPlan *b = &g->plan->bins;
    idx zero = x_const(e, 0), samples[2];
    EMIT_TYPE (e, roi_pos_type(b)) {
        for (int i = 0; i < 2; i++)
            samples[i] = roi_max_samples(e, &g->c, axis, i);
    }
    EMIT_FOR (e, ky, zero, samples[0], b->table_samples) {
        EMIT_FOR (e, kx, zero, samples[1], b->table_samples) {
            EMIT_TYPE (e, roi_pos_type(b)) {
                roi_tables(e, &g->c, axis, (const idx[]){ ky.at, kx.at });
            }
            body(e, g, nth);
        }
    }
}

/* From tables that are there. */
static void tabled(Emit *e, const RoiGradient *g, idx nth)
{
    if (g->plan->want.slopes) {
        over(e, g, nth, roi_gradient_sums_begin);
        sums(e, g, nth);
        over(e, g, nth, roi_gradient_sums_end);
    }
    gradients(e, g, nth);
}

static void sampled(Emit *e, const RoiGradient *g, const RoiAxis axis[2], idx nth)
{
    const RoiGradientPlan *p = g->plan;
    const bool largest = roi_gradient_is_sampled_maximum(p);
    if (largest) {
        EMIT_TYPE (e, roi_pos_type(&p->bins)) {
            roi_gradient_store_beginning(e, &g->c, axis);
        }
        over(e, g, nth, roi_gradient_best_begin);
    }
    if (p->want.input || p->want.slopes) {
        EMIT_TYPE (e, roi_pos_type(&p->bins)) {
            roi_scales(e, &g->c, axis);
        }
    }
    if (p->want.slopes) {
        over(e, g, nth, roi_gradient_sums_begin);
        all_tables(e, g, axis, nth, sums);
        over(e, g, nth, roi_gradient_sums_end);
    }
    all_tables(e, g, axis, nth, gradients);
    if (largest)
        over(e, g, nth, roi_gradient_best_end);
}

static void over_rows(Emit *e, RoiGradient *g, const RoiAxis axis[2], idx nth)
{
    const RoiPlan *b = &g->plan->bins;
    const int64_t all = (int64_t)b->pooled_h * b->pooled_w;
    EMIT_FOR (e, first, x_const(e, 0), x_const(e, all), b->task_bins) {
        g->c.first_bin = first.at;
        g->c.bins = x_const(e, b->task_bins);
        if (all % b->task_bins)
            g->c.bins = x_min(e, g->c.bins, x_sub(e, x_const(e, all), first.at));
        if (b->sampling == ROI_SAMPLING_QUANTISED)
            covered(e, g, axis, nth);
        else if (g->plan->shares_tables)
            tabled(e, g, nth);
        else
            sampled(e, g, axis, nth);
    }
}

static void over_classes(Emit *e, RoiGradient *g)
{
    const RoiGradientPlan *p = g->plan;
    RoiAxis axis[2];
    idx first = roi_gradient_first_class(e, p, g->number);
    if (p->bins.sampling != ROI_SAMPLING_QUANTISED && !p->shares_tables)
        roi_clear_lists(e, &g->c);
    EMIT_TYPE (e, roi_pos_type(&p->bins)) {
        for (int i = 0; i < 2; i++)
            axis[i] = roi_axis(e, &g->c, i);
    }
    EMIT_FOR (e, nth, x_const(e, 0), x_const(e, p->classes), 1) {
        g->c.cls = x_add(e, first, nth.at);
        g->class_first = x_mulk(e, nth.at, p->channels[g->shape]);
        if (p->want.dots) {
            idx before = x_mulk(e, x_mul(e, nth.at, all_bins(e, g)), p->ndots);
            g->class_dots = p_at(e, g->dots, before);
        }
        over_rows(e, g, axis, nth.at);
    }
}

/* ---- dots ------------------------------------------------------------------------------------- */

/* Dots follow one another for all classes of the block. */
static void clear_dots(Emit *e, const RoiGradient *g)
{
    const RoiGradientPlan *p = g->plan;
    idx n = x_mulk(e, all_bins(e, g), (int64_t)p->classes * p->ndots);
    EMIT_VECTORS (e, v, n) {
        p_store(e, p_at(e, g->dots, v.at), f_const(e, 0), v.live);
    }
}

/* ---- the function ----------------------------------------------------------------------------- */

static const Param param[] = {
    PARAM(RoiGradientRegionArgs, args),    PARAM(RoiGradientRegionArgs, workspace),
    PARAM(RoiGradientRegionArgs, scratch), PARAM(RoiGradientRegionArgs, from),
    PARAM(RoiGradientRegionArgs, to),      PARAM(RoiGradientRegionArgs, number),
    PARAM(RoiGradientRegionArgs, r)
};
static const Params params = PARAMS(RoiGradientRegionArgs, param);

static RoiGradient region_of(Emit *e, const RoiGradientPlan *p, const RoiGradientRegionArgs *in,
                             int shape)
{
    RoiGradient g = { .plan = p, .shape = shape, .from = in->from, .to = in->to };
    g.number = in->number;
    g.first_out = roi_gradient_first_out(e, p, in->number);
    g.own = in->scratch;
    g.c = (RoiCtx){ .plan = &p->bins, .scratch = in->scratch, .r = in->r };
    g.c.pb = problem_load(e, p->s, in->args);
    g.c.pixel_step = x_const(e, 1);
    g.c.row_step = g.c.pb.w;
    if (p->shares_tables)
        g.c.scratch = roi_gradient_tables(e, p, &g.c.pb, in->workspace, in->r);
    g.plane = roi_gradient_plane(e, p, &g.c.pb);
    roi_gradient_find_wanted(e, &g, in->args);
    if (p->want.dots) {
        idx part = x_rem(e, in->number, x_const(e, p->per_class));
        idx cls = roi_gradient_first_class(e, p, in->number);
        g.dots = p_at(e, in->workspace, roi_gradient_dots_at(e, p, &g.c.pb, part, in->r, cls));
    }
    return g;
}

LLVMValueRef roi_gradient_emit_region(Emit *e, const RoiGradientPlan *p, LLVMValueRef transpose,
                                      int shape)
{
    RoiGradientRegionArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "region", true, e->none, &params, &in);
    e_fn_lanes(e, p->lanes);
    RoiGradient g = region_of(e, p, &in, shape);
    find_g(e, &g, transpose);
    if (p->want.dots)
        clear_dots(e, &g);
    EMIT_IF (e, any_g(e, &g)) {
        over_classes(e, &g);
    }
    e_fn_end(e);
    return fn;
}

void roi_gradient_call_region(Emit *e, LLVMValueRef fn, const RoiGradientRegionArgs *in)
{
    e_call_with(e, fn, &params, in);
}
