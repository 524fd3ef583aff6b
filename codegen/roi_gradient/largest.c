/* largest.c: the gradient of a maximum goes to one pixel, which is looked for again.
**
**     quantised    grad_input[p] += scale * g           p the first of the largest pixels of the bin
**     samples      grad_input[p] += scale * g * w       w pixel the first of the largest products; none
**                                                       where the 0 of a sample outside is larger
**
** A NaN is passed over. Products are of f64, as the reference's are: which of two nearly equal ones is
** larger is then the same question. Samples come one to a table, row by row, and what is known of a
** bin between them is kept in the workspace.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi_gradient/roi_gradient.h"

#include <assert.h>
#include <float.h>

enum { MAX_VECTORS = 16, NO_PIXEL = -1 };

/* ---- giving to pixels of each lane's own ------------------------------------------------------ */

/* grad_input[pixel][channel of the lane] += x, in every lane that has a pixel and is a channel of
** vector v. */
static void give(Emit *e, const RoiGradientPass *p, idx bin, int v, ivec pixel, fvec x)
{
    const RoiGradientPlan *plan = p->g->plan;
    addr lanes = p_at_bytes(e, p->g->c.scratch, x_const(e, plan->scratch.lane));
    addr values = p_at_bytes(e, lanes, x_const(e, (int64_t)plan->lanes * 4));
    addr first = roi_gradient_vector(e, roi_gradient_pixels(e, p, p->g->to, bin), v);
    p_store_i32(e, lanes, pixel);
    p_store(e, values, x, all_lanes);
    int channels = v == p->vectors - 1 ? p->last : e->lanes;
    EMIT_LANES (e, 1) {
        EMIT_FOR (e, lane, x_const(e, 0), x_const(e, channels), 1) {
            idx n = p_get_i32(e, p_at_i32(e, lanes, lane.at));
            EMIT_IF (e, x_less(e, x_const(e, NO_PIXEL), n)) {
                addr at = p_at(e, roi_gradient_pixel(e, p, first, n), lane.at);
                fvec sum = f_add(e, p_load(e, at, all_lanes),
                                 p_load(e, p_at(e, values, lane.at), all_lanes));
                p_store(e, at, sum, all_lanes);
            }
        }
    }
}

/* Lanes whose g is 0 give nothing. */
static ivec if_any(Emit *e, fvec g, ivec pixel)
{
    return i_select(e, f_equal(e, g, f_const(e, 0)), i_const(e, NO_PIXEL), pixel);
}

/* ---- whole pixels ----------------------------------------------------------------------------- */

typedef struct BinBest {
    var value[MAX_VECTORS], pixel[MAX_VECTORS];
} BinBest;

static void look_at(Emit *e, const RoiGradientPass *p, addr first, idx pixel, const BinBest *best)
{
    addr at = roi_gradient_pixel(e, p, first, pixel);
    for (int v = 0; v < p->vectors; v++) {
        fvec x = p_load(e, roi_gradient_vector(e, at, v), roi_gradient_reach(e, p, v));
        mask larger = f_less(e, v_get(e, best->value[v]), x);
        v_set(e, best->value[v], f_select(e, larger, x, v_get(e, best->value[v])));
        ivec old = v_ints_get(e, best->pixel[v]);
        v_ints_set(e, best->pixel[v], i_select(e, larger, i_splat(e, pixel), old));
    }
}

static idx limit(Emit *e, const RoiCtx *c, int which, idx bin)
{
    return p_get_i32(e, roi_limit(e, c, which, bin));
}

void roi_gradient_largest(Emit *e, const RoiGradientPass *p, idx bin)
{
    const RoiCtx *c = &p->g->c;
    BinBest best;
    assert(p->vectors <= MAX_VECTORS);
    for (int v = 0; v < p->vectors; v++) {
        best.value[v] = v_float(e, f_const(e, -(double)FLT_MAX));
        best.pixel[v] = v_ints(e, i_const(e, NO_PIXEL));
    }
    idx y0 = limit(e, c, 0, bin), x0 = limit(e, c, 2, bin);
    addr first = roi_gradient_pixels(e, p, p->g->from, bin);
    EMIT_FOR (e, y, y0, x_add(e, y0, limit(e, c, 1, bin)), 1) {
        idx row = x_add(e, x_mul(e, y.at, c->row_step), x0);
        EMIT_FOR (e, x, x_const(e, 0), limit(e, c, 3, bin), 1) {
            look_at(e, p, first, x_add(e, row, x.at), &best);
        }
    }
    for (int v = 0; v < p->vectors; v++) {
        fvec g = roi_gradient_g(e, p, bin, v);
        give(e, p, bin, v, if_any(e, g, v_ints_get(e, best.pixel[v])), g);
    }
}

/* ---- samples ---------------------------------------------------------------------------------- */

/* What is known of a vector of channels of a bin: f64, f64, i32. */
typedef struct BestAt {
    addr value, weight, pixel;
} BestAt;

static BestAt best_at(Emit *e, const RoiGradientPass *p, idx bin)
{
    const RoiGradientPlan *plan = p->g->plan;
    const int64_t all = (int64_t)plan->bins.task_bins * plan->best_stride;
    addr first = p_at_bytes(e, p->g->c.scratch, x_const(e, plan->scratch.best));
    idx n = x_add(e, x_mulk(e, bin, plan->best_stride), x_sub(e, p->first, p->g->class_first));
    return (BestAt){ p_at_bytes(e, first, x_mulk(e, n, 8)),
                     p_at_bytes(e, first, x_mulk(e, x_addk(e, n, all), 8)),
                     p_at_i32(e, first, x_addk(e, n, 4 * all)) };
}

static LaneType products(const Emit *e)
{
    return (LaneType){ .fp_bytes = 8, .lanes = e->lanes, .exact = true };
}

/* The bin's scale is what it begins with, see roi_gradient_store_beginning. */
void roi_gradient_best_begin(Emit *e, const RoiGradientPass *p, idx bin)
{
    const RoiCtx *c = &p->g->c;
    BestAt at = best_at(e, p, bin);
    fvec x = p_splat(e, p_at(e, roi_scratch(e, c, c->plan->scratch.scale), bin));
    EMIT_TYPE (e, products(e)) {
        p_store(e, at.value, f_convert(e, x), all_lanes);
        p_store(e, at.weight, f_const(e, 0), all_lanes);
        p_store_i32(e, at.pixel, i_const(e, NO_PIXEL));
    }
}

/* Of a sample outside. */
static void take_zero(Emit *e, const BestAt *at)
{
    fvec value = p_load(e, at->value, all_lanes), zero = f_const(e, 0);
    mask below = f_less(e, value, zero);
    p_store(e, at->value, f_select(e, below, zero, value), all_lanes);
    p_store_i32(e, at->pixel, i_select(e, below, i_const(e, NO_PIXEL), p_load_i32(e, at->pixel)));
}

static void take_product(Emit *e, const BestAt *at, fvec weight, fvec x, idx pixel)
{
    fvec value = p_load(e, at->value, all_lanes), product = f_mul(e, weight, x);
    mask larger = f_less(e, value, product);
    p_store(e, at->value, f_select(e, larger, product, value), all_lanes);
    p_store(e, at->weight, f_select(e, larger, weight, p_load(e, at->weight, all_lanes)),
            all_lanes);
    ivec old = p_load_i32(e, at->pixel);
    p_store_i32(e, at->pixel, i_select(e, larger, i_splat(e, pixel), old));
}

void roi_gradient_best(Emit *e, const RoiGradientPass *p, idx bin)
{
    const RoiCtx *c = &p->g->c;
    const BestAt at = best_at(e, p, bin);
    idx n = roi_table_count(e, c, bin), zero = x_const(e, 0);
    addr first = roi_gradient_pixels(e, p, p->g->from, bin), pixels = roi_table_offsets(e, c, bin);
    EMIT_TYPE (e, products(e)) {
        EMIT_IF (e, x_equal(e, n, zero)) {
            take_zero(e, &at);
        }
    }
    EMIT_FOR (e, i, zero, n, 1) {
        idx pixel = p_get_i32(e, p_at_i32(e, pixels, i.at));
        addr from = roi_gradient_pixel(e, p, first, pixel);
        fvec x = p_load(e, from, roi_gradient_reach(e, p, 0));
        EMIT_TYPE (e, products(e)) {
            addr weights = roi_table_weights(e, c, ROI_TABLE_SHARE, bin);
            fvec w = p_splat(e, p_at(e, weights, i.at));
            take_product(e, &at, w, f_convert(e, x), pixel);
        }
    }
}

/* The bin's scale is what its maximum is at least. */
void roi_gradient_best_end(Emit *e, const RoiGradientPass *p, idx bin)
{
    const RoiCtx *c = &p->g->c;
    const BestAt at = best_at(e, p, bin);
    fvec g = roi_gradient_g(e, p, bin, 0), x = { NULL };
    fvec least = p_splat(e, p_at(e, roi_scratch(e, c, c->plan->scratch.scale), bin));
    ivec pixel = if_any(e, g, p_load_i32(e, at.pixel));
    EMIT_TYPE (e, products(e)) {
        mask below = f_less(e, p_load(e, at.value, all_lanes), f_convert(e, least));
        pixel = i_select(e, below, i_const(e, NO_PIXEL), pixel);
        x = f_mul(e, f_convert(e, g), p_load(e, at.weight, all_lanes));
    }
    give(e, p, bin, 0, pixel, f_convert(e, x));
}

void roi_gradient_store_beginning(Emit *e, const RoiCtx *c, const RoiAxis axis[2])
{
    fvec zero = f_const(e, 0);
    EMIT_FOR (e, v, x_const(e, 0), c->bins, c->plan->bins_per_vec) {
        RoiBins b = roi_bins(e, c, axis, v.at);
        mask inside = m_all(e);
        for (int i = 0; i < 2; i++) {
            fvec first = roi_position(e, c, &axis[i], b.base[i], zero);
            inside = m_and(e, inside, roi_valid(e, c, i, first));
        }
        fvec none = f_const(e, -(double)FLT_MAX);
        roi_store_scale(e, c, &b, f_select(e, inside, none, zero));
    }
}
