/* accumulate.c: sums and maxima over the pixels of a bin, lanes along channels.
**
** A pass keeps nv vectors of channels in registers while it goes through the table of a bin, which
** says for every pixel where it is and what it weighs; or, for quantised bins, through rows and
** columns.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/roi/roi.h"

#include <float.h>
#include <math.h>

/* Channels first .. of the class in hand: `vectors` vectors, `last` channels in the last one. */
typedef struct RoiPass {
    const RoiCtx *c;
    idx first;
    int vectors, last;
} RoiPass;

/* What a pass does to a bin. */
typedef void (*RoiBinBody)(Emit *e, const RoiPass *p, idx bin);

static addr out_vector(Emit *e, const RoiPass *p, idx bin, int v)
{
    return roi_out(e, p->c, bin, x_addk(e, p->first, (int64_t)v * e->lanes));
}

/* The tile has room for whole vectors; the output has none. */
static mask store_mask(Emit *e, const RoiPass *p, int v)
{
    bool partial = v == p->vectors - 1 && p->last < e->lanes;
    return partial && !p->c->plan->out_stride ? m_first(e, p->last) : all_lanes;
}

/* ---- reading channels -------------------------------------------------------------------------- */

/* Pixel (0, 0) of the channel that a bin reads for the first output of a pass. */
static addr first_channel(Emit *e, const RoiPass *p, idx bin)
{
    const RoiPlan *plan = p->c->plan;
    idx group = roi_group(e, p->c, bin), at = x_mul(e, p->first, p->c->channel_step);
    if (plan->repacks)
        return p_at(e, p->c->map, x_add(e, at, x_mulk(e, group, plan->out_channels)));
    idx channel = plan->s->layout == DCN_NHWC ? x_const(e, 1) : x_mul(e, p->c->pb.h, p->c->pb.w);
    return p_at(e, p->c->map, x_add(e, at, x_mul(e, group, channel)));
}

/* Vector v of a pixel.  A copy may be read past its last channel, the input may not. */
static fvec pixel_vector(Emit *e, const RoiPass *p, addr pixel, int v)
{
    const RoiPlan *plan = p->c->plan;
    bool partial = v == p->vectors - 1 && p->last < e->lanes && !plan->repacks;
    mask live = partial ? m_first(e, p->last) : all_lanes;
    addr from = p_at(e, pixel, x_mulk(e, p->c->channel_step, (int64_t)v * e->lanes));
    if (plan->contiguous)
        return p_load(e, from, live);
    return p_gather(e, from, i_mul(e, i_lane(e), i_splat(e, p->c->channel_step)), live);
}

/* ---- one bin ----------------------------------------------------------------------------------- */

static fvec scale_of(Emit *e, const RoiCtx *c, idx bin)
{
    return p_splat(e, p_at(e, roi_scratch(e, c, c->plan->scratch.scale), bin));
}

/* Whether outputs are the largest of pixels times coefficients, and their scale what they are at least. */
static bool is_sampled_maximum(const RoiPlan *plan)
{
    return plan->maximum && plan->sampling != ROI_SAMPLING_QUANTISED;
}

/* A finished output: the sum times the scale of its bin, activated. */
static fvec output_of(Emit *e, const RoiPass *p, fvec sum, fvec scale)
{
    const RoiPlan *plan = p->c->plan;
    fvec x = is_sampled_maximum(plan) ? f_max(e, sum, scale) : f_mul(e, sum, scale);
    return emit_activation(e, rt_activation_of(plan->s), x);
}

/* What sums and maxima begin with. */
static fvec beginning(Emit *e, const RoiPlan *plan)
{
    return f_const(e, plan->maximum ? -(double)FLT_MAX : 0);
}

/* before + pixel * w, or the larger of both; a NaN is passed over. */
static fvec add_product(Emit *e, const RoiPass *p, fvec pixel, fvec w, fvec before)
{
    if (p->c->plan->maximum)
        return f_max(e, f_mul(e, pixel, w), before);
    return f_fma(e, pixel, w, before);
}

/* The sum over the table of a bin. */
static void table_sum(Emit *e, const RoiPass *p, idx bin, var *sum)
{
    addr from = first_channel(e, p, bin);
    addr offsets = roi_table_offsets(e, p->c, bin),
         coeffs = roi_table_coeffs(e, p->c, ROI_TABLE_SHARE, bin);
    idx n = roi_table_count(e, p->c, bin);
    EMIT_FOR (e, i, x_const(e, 0), n, 1) {
        addr pixel = p_at(e, from, p_get_i32(e, p_at_i32(e, offsets, i.at)));
        fvec w = p_splat(e, p_at(e, coeffs, i.at));
        for (int v = 0; v < p->vectors; v++)
            v_set(e, sum[v], add_product(e, p, pixel_vector(e, p, pixel, v), w, v_get(e, sum[v])));
    }
}

/* With one table the sum is final; else it is added to what other tables gave. */
static void sampled(Emit *e, const RoiPass *p, idx bin)
{
    bool final = p->c->plan->one_table;
    var sum[ROI_MAX_NV];
    for (int v = 0; v < p->vectors; v++)
        sum[v] = v_float(e, final ? beginning(e, p->c->plan)
                                  : p_load(e, out_vector(e, p, bin, v), store_mask(e, p, v)));
    table_sum(e, p, bin, sum);
    fvec scale = scale_of(e, p->c, bin);
    for (int v = 0; v < p->vectors; v++) {
        fvec x = v_get(e, sum[v]);
        p_store(e, out_vector(e, p, bin, v), final ? output_of(e, p, x, scale) : x,
                store_mask(e, p, v));
    }
}

/* ---- quantised bins ---------------------------------------------------------------------------- */

/* acc[v] = acc[v] + pixel, or the larger of them. */
static void add_pixel(Emit *e, const RoiPass *p, addr pixel, var *acc)
{
    for (int v = 0; v < p->vectors; v++) {
        fvec x = pixel_vector(e, p, pixel, v), before = v_get(e, acc[v]);
        if (p->c->plan->maximum)
            v_set(e, acc[v], f_max(e, x, before));
        else
            v_set(e, acc[v], f_add(e, x, before));
    }
}

static idx limit_of(Emit *e, const RoiCtx *c, int which, idx bin)
{
    return p_get_i32(e, roi_limit(e, c, which, bin));
}

/* All pixels between the limits of a bin. */
static void covered(Emit *e, const RoiPass *p, idx bin)
{
    const RoiCtx *c = p->c;
    var acc[ROI_MAX_NV];
    for (int v = 0; v < p->vectors; v++)
        acc[v] = v_float(e, beginning(e, c->plan));
    idx y0 = limit_of(e, c, 0, bin), x0 = limit_of(e, c, 2, bin);
    addr from = p_at(e, first_channel(e, p, bin), x_mul(e, x0, c->pixel_step));
    EMIT_FOR (e, y, y0, x_add(e, y0, limit_of(e, c, 1, bin)), 1) {
        addr row = p_at(e, from, x_mul(e, y.at, c->row_step));
        EMIT_FOR (e, x, x_const(e, 0), limit_of(e, c, 3, bin), 1) {
            add_pixel(e, p, p_at(e, row, x_mul(e, x.at, c->pixel_step)), acc);
        }
    }
    fvec scale = scale_of(e, c, bin);
    for (int v = 0; v < p->vectors; v++)
        p_store(e, out_vector(e, p, bin, v), output_of(e, p, v_get(e, acc[v]), scale),
                store_mask(e, p, v));
}

/* ---- outputs that several tables add to -------------------------------------------------------- */

static void store_all(Emit *e, const RoiPass *p, idx bin, fvec x)
{
    for (int v = 0; v < p->vectors; v++)
        p_store(e, out_vector(e, p, bin, v), x, store_mask(e, p, v));
}

static void begin(Emit *e, const RoiPass *p, idx bin)
{
    store_all(e, p, bin, beginning(e, p->c->plan));
}

/* Only the activations clip and sigmoid make another number of 0. */
static double activated_zero(rt_activation a)
{
    if (a.kind == DCN_ACT_SIGMOID)
        return 0.5;
    return a.kind == DCN_ACT_CLIP ? fmin(fmax(0, a.min), a.max) : 0;
}

static void clear(Emit *e, const RoiPass *p, idx bin)
{
    const double zero = activated_zero(rt_activation_of(p->c->plan->s));
    store_all(e, p, bin, f_const(e, zero));
}

static void epilogue(Emit *e, const RoiPass *p, idx bin)
{
    fvec scale = scale_of(e, p->c, bin);
    for (int v = 0; v < p->vectors; v++) {
        addr at = out_vector(e, p, bin, v);
        mask live = store_mask(e, p, v);
        p_store(e, at, output_of(e, p, p_load(e, at, live), scale), live);
    }
}

/* ---- all channels, all bins ----------------------------------------------------------------------- */

/* What is done to all bins, in the passes over channels. */
typedef struct RoiPasses {
    const RoiCtx *c;
    RoiBinBody body;
} RoiPasses;

static void over_bins(Emit *e, const RoiVectors *v, const void *self)
{
    const RoiPasses *all = self;
    const RoiPass p = { all->c, v->first, v->vectors, v->last };
    EMIT_FOR (e, bin, x_const(e, 0), all->c->bins, 1) {
        all->body(e, &p, bin.at);
    }
}

/* `channels` of the class in hand, from the task's first one on. */
static void over_channels(Emit *e, const RoiCtx *c, int channels, RoiBinBody body)
{
    const RoiPasses all = { c, body };
    idx from = x_add(e, x_mulk(e, c->cls, c->plan->class_channels), c->first_of_class);
    roi_over_channels(e, from, channels, c->plan->nv, over_bins, &all);
}

static void over_passes(Emit *e, const RoiCtx *c, RoiBinBody body)
{
    if (!c->is_short.v) {
        over_channels(e, c, c->plan->task_channels, body);
        return;
    }
    EMIT_IF_ELSE (e, is_short, c->is_short) {
        if (is_short.yes)
            over_channels(e, c, roi_last_channels(c->plan), body);
        else
            over_channels(e, c, c->plan->task_channels, body);
    }
}

void roi_accumulate(Emit *e, const RoiCtx *c)
{
    if (c->plan->sampling == ROI_SAMPLING_QUANTISED)
        over_passes(e, c, covered);
    else
        over_passes(e, c, sampled);
}

void roi_begin(Emit *e, const RoiCtx *c)
{
    over_passes(e, c, begin);
}

void roi_clear(Emit *e, const RoiCtx *c)
{
    over_passes(e, c, clear);
}

void roi_epilogue(Emit *e, const RoiCtx *c)
{
    over_passes(e, c, epilogue);
}
