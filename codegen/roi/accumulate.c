/* accumulate.c: sums and maxima over the pixels of a bin, lanes along channels.
**
** A pass keeps nv vectors of channels in registers while it goes through the table of a bin, which says for every
** pixel where it is and what it weighs; or, for quantised bins, through rows and columns.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/roi/roi.h"

#include <float.h>

/* Channels first .. of the class in hand: `vectors` vectors, `last` channels in the last one. */
typedef struct Pass {
    const RoiCtx *c;
    idx first;
    int vectors, last;
} Pass;

typedef void (*PassBody)(Emit *e, const Pass *p, idx bin);

addr roi_own(Emit *e, const RoiCtx *c, int64_t at)
{
    return p_at_bytes(e, c->own, x_const(e, at));
}

addr roi_out(Emit *e, const RoiCtx *c, idx bin, idx channel)
{
    const RoiPlan *p = c->plan;
    if (p->out_stride)
        return p_at(e, roi_own(e, c, p->at_tile), x_add(e, x_mulk(e, bin, p->out_stride), channel));
    idx place = x_add(e, x_mulk(e, c->r, (int64_t)p->nh * p->nw), x_add(e, c->first, bin));
    return p_at(e, c->pb.output, x_add(e, x_mulk(e, place, p->outputs), channel));
}

static addr out_vector(Emit *e, const Pass *p, idx bin, int v)
{
    return roi_out(e, p->c, bin, x_addk(e, p->first, (int64_t)v * e->lanes));
}

/* The tile has room for whole vectors; the output has none. */
static mask store_mask(Emit *e, const Pass *p, int v)
{
    int part = v == p->vectors - 1 && p->last < e->lanes;
    return part && !p->c->plan->out_stride ? m_first(e, p->last) : all_lanes;
}

/* ---- reading channels -------------------------------------------------------------------------- */

/* The position-sensitive group that a bin reads. */
static idx group_of(Emit *e, const RoiCtx *c, idx bin)
{
    const RoiPlan *p = c->plan;
    if (p->groups[0] * p->groups[1] == 1)
        return x_const(e, 0);
    idx n = x_add(e, c->first, bin), cols = x_const(e, p->nw);
    idx y = x_mulk(e, x_div(e, n, cols), p->groups[0]),
        x = x_mulk(e, x_rem(e, n, cols), p->groups[1]);
    idx gy = x_div(e, y, x_const(e, p->nh)), gx = x_div(e, x, cols);
    return x_add(e, x_mulk(e, gy, p->groups[1]), gx);
}

/* Pixel (0, 0) of the channel that a bin reads for the first output of a pass. */
static addr first_channel(Emit *e, const Pass *p, idx bin)
{
    const RoiPlan *plan = p->c->plan;
    idx group = group_of(e, p->c, bin), at = x_mul(e, p->first, p->c->lane);
    if (plan->copies)
        return p_at(e, p->c->map, x_add(e, at, x_mulk(e, group, plan->outputs)));
    idx channel = plan->s->layout == DCN_NHWC ? x_const(e, 1) : x_mul(e, p->c->pb.h, p->c->pb.w);
    return p_at(e, p->c->map, x_add(e, at, x_mul(e, group, channel)));
}

/* Vector v of a pixel.  A copy may be read past its last channel, the input may not. */
static fvec pixel_vector(Emit *e, const Pass *p, addr pixel, int v)
{
    const RoiPlan *plan = p->c->plan;
    int part = v == p->vectors - 1 && p->last < e->lanes && !plan->copies;
    mask live = part ? m_first(e, p->last) : all_lanes;
    addr from = p_at(e, pixel, x_mulk(e, p->c->lane, (int64_t)v * e->lanes));
    if (plan->together)
        return p_load(e, from, live);
    return p_gather(e, from, i_mul(e, i_lane(e), i_splat(e, p->c->lane)), live);
}

/* ---- one bin ----------------------------------------------------------------------------------- */

static fvec scale_of(Emit *e, const RoiCtx *c, idx bin)
{
    return p_splat(e, p_at(e, roi_own(e, c, c->plan->at_scale), bin));
}

/* A finished output: the sum times the scale of its bin, activated. */
static fvec output_of(Emit *e, const Pass *p, fvec sum, fvec scale)
{
    return emit_activation(e, p->c->plan->s->activation, f_mul(e, sum, scale));
}

/* The sum over the table of a bin. */
static void table_sum(Emit *e, const Pass *p, idx bin, var *sum)
{
    const RoiPlan *plan = p->c->plan;
    addr from = first_channel(e, p, bin), all = roi_own(e, p->c, plan->at_table);
    idx row = x_mulk(e, bin, plan->entries);
    addr offsets = p_at_i32(e, all, row);
    int64_t skip = (int64_t)(plan->bins + plan->wide) * plan->entries * 4;
    addr weights = p_at(e, p_at_bytes(e, all, x_const(e, skip)), row);
    idx n = p_get_i64(e, p_at_word(e, roi_own(e, p->c, plan->at_counts), bin));
    EMIT_FOR (e, i, x_const(e, 0), n, 1) {
        addr pixel = p_at(e, from, p_get_i32(e, p_at_i32(e, offsets, i.at)));
        fvec w = p_splat(e, p_at(e, weights, i.at));
        for (int v = 0; v < p->vectors; v++)
            v_set(e, sum[v], f_fma(e, pixel_vector(e, p, pixel, v), w, v_get(e, sum[v])));
    }
}

static void sampled(Emit *e, const Pass *p, idx bin)
{
    int once = p->c->plan->tables;
    var sum[16];
    for (int v = 0; v < p->vectors; v++)
        sum[v] = v_float(e, once ? f_const(e, 0)
                                 : p_load(e, out_vector(e, p, bin, v), store_mask(e, p, v)));
    table_sum(e, p, bin, sum);
    fvec scale = scale_of(e, p->c, bin);
    for (int v = 0; v < p->vectors; v++) {
        fvec x = v_get(e, sum[v]);
        p_store(e, out_vector(e, p, bin, v), once ? output_of(e, p, x, scale) : x,
                store_mask(e, p, v));
    }
}

/* Where the range of a bin begins, how long it is: field 0, 1 of rows, 2, 3 of columns. */
static idx range_of(Emit *e, const RoiCtx *c, idx bin, int field)
{
    const RoiPlan *p = c->plan;
    idx at = x_addk(e, bin, (int64_t)field * (p->bins + p->wide));
    return p_get_i32(e, p_at_i32(e, roi_own(e, c, p->at_table), at));
}

static void covered(Emit *e, const Pass *p, idx bin)
{
    const RoiCtx *c = p->c;
    int most = c->plan->s->mode == DCN_ROI_MAX;
    var sum[16];
    for (int v = 0; v < p->vectors; v++)
        sum[v] = v_float(e, f_const(e, most ? -(double)FLT_MAX : 0));
    idx y0 = range_of(e, c, bin, 0), x0 = range_of(e, c, bin, 2);
    addr from = p_at(e, first_channel(e, p, bin), x_mul(e, x0, c->pixel));
    EMIT_FOR (e, y, y0, x_add(e, y0, range_of(e, c, bin, 1)), 1) {
        addr row = p_at(e, from, x_mul(e, y.at, c->row));
        EMIT_FOR (e, x, x_const(e, 0), range_of(e, c, bin, 3), 1) {
            addr pixel = p_at(e, row, x_mul(e, x.at, c->pixel));
            for (int v = 0; v < p->vectors; v++)
                v_set(e, sum[v],
                      (most ? f_max : f_add)(e, pixel_vector(e, p, pixel, v), v_get(e, sum[v])));
        }
    }
    fvec scale = scale_of(e, c, bin);
    for (int v = 0; v < p->vectors; v++)
        p_store(e, out_vector(e, p, bin, v), output_of(e, p, v_get(e, sum[v]), scale),
                store_mask(e, p, v));
}

static void clear(Emit *e, const Pass *p, idx bin)
{
    for (int v = 0; v < p->vectors; v++)
        p_store(e, out_vector(e, p, bin, v), f_const(e, 0), store_mask(e, p, v));
}

static void finish(Emit *e, const Pass *p, idx bin)
{
    fvec scale = scale_of(e, p->c, bin);
    for (int v = 0; v < p->vectors; v++) {
        addr at = out_vector(e, p, bin, v);
        mask live = store_mask(e, p, v);
        p_store(e, at, output_of(e, p, p_load(e, at, live), scale), live);
    }
}

/* ---- all channels, all bins ----------------------------------------------------------------------- */

static void over_bins(Emit *e, const Pass *p, PassBody body)
{
    EMIT_FOR (e, bin, x_const(e, 0), p->c->bins, 1) {
        body(e, p, bin.at);
    }
}

/* `channels` of them, from the first one of the class in hand. */
static void over_passes(Emit *e, const RoiCtx *c, PassBody body)
{
    int block = c->plan->nv * e->lanes, rest = c->plan->segment % block;
    idx from = x_mulk(e, c->cls, c->plan->segment);
    EMIT_FOR (e, o, x_const(e, 0), x_const(e, c->plan->segment - rest), block) {
        Pass p = { c, x_add(e, from, o.at), c->plan->nv, e->lanes };
        over_bins(e, &p, body);
    }
    if (!rest)
        return;
    int vectors = (rest + e->lanes - 1) / e->lanes;
    Pass p = { c, x_addk(e, from, c->plan->segment - rest), vectors,
               rest - (vectors - 1) * e->lanes };
    over_bins(e, &p, body);
}

void roi_sums(Emit *e, const RoiCtx *c)
{
    over_passes(e, c, c->plan->rule == ROI_RULE_QUANTISED ? covered : sampled);
}

void roi_clear(Emit *e, const RoiCtx *c)
{
    over_passes(e, c, clear);
}

void roi_finish(Emit *e, const RoiCtx *c)
{
    over_passes(e, c, finish);
}
