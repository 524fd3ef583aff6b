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
#include "codegen/math/math.h"
#include "codegen/roi_gradient/roi_gradient.h"

#include <float.h>

enum { NO_PIXEL = -1 };

/* ---- giving to pixels of each lane's own ------------------------------------------------------ */

/* grad_input[pixel][channel of the lane] += x, in every lane that has a pixel and is a channel of
** vector v. */
static void give(Emit *e, const RoiGradientPass *p, int v, ivec pixel, fvec x)
{
    const RoiGradientPlan *plan = p->g->plan;
    addr lanes = p_at_bytes(e, p->g->own, x_const(e, plan->scratch.lane));
    addr values = p_at_bytes(e, lanes, x_const(e, (int64_t)plan->lanes * 4));
    addr first = roi_gradient_vector(e, roi_gradient_pixels(e, p, p->g->to), v);
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

/* g, through an activation that was given x. */
static fvec through(Emit *e, const RoiGradientPass *p, fvec g, fvec x)
{
    const rt_activation a = rt_activation_of(p->g->plan->s);
    fvec zero = f_const(e, 0);
    if (a.kind == DCN_ACT_NONE)
        return g;
    return f_select(e, f_equal(e, g, zero), zero, f_mul(e, g, emit_activation_slope(e, a, x)));
}

/* ---- whole pixels ----------------------------------------------------------------------------- */

typedef struct BinBest {
    var value[ROI_MAX_NV], pixel[ROI_MAX_NV];
} BinBest;

static void look_at(Emit *e, const RoiGradientPass *p, addr at, idx pixel, void *self)
{
    const BinBest *best = self;
    for (int v = 0; v < p->vectors; v++) {
        fvec x = p_load(e, roi_gradient_vector(e, at, v), roi_gradient_reach(e, p, v));
        mask larger = f_less(e, v_get(e, best->value[v]), x);
        v_set(e, best->value[v], f_select(e, larger, x, v_get(e, best->value[v])));
        ivec old = v_ints_get(e, best->pixel[v]);
        v_ints_set(e, best->pixel[v], i_select(e, larger, i_splat(e, pixel), old));
    }
}

static void largest(Emit *e, const RoiGradientPass *p, void *self)
{
    BinBest best;
    (void)self;
    for (int v = 0; v < p->vectors; v++) {
        best.value[v] = v_float(e, f_const(e, -(double)FLT_MAX));
        best.pixel[v] = v_ints(e, i_const(e, NO_PIXEL));
    }
    roi_gradient_over_range(e, p, p->g->from, look_at, &best);
    for (int v = 0; v < p->vectors; v++) {
        fvec g = through(e, p, roi_gradient_g(e, p, v), v_get(e, best.value[v]));
        give(e, p, v, if_any(e, g, v_ints_get(e, best.pixel[v])), g);
    }
}

void roi_gradient_largest(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    roi_gradient_over_channels(e, g, nth, bin, largest, NULL);
}

/* ---- samples ---------------------------------------------------------------------------------- */

/* What is known of a vector of channels of a bin: f64, f64, i32. */
typedef struct BestAt {
    addr value, coeff, pixel;
} BestAt;

static BestAt best_at(Emit *e, const RoiGradientPass *p)
{
    const RoiGradientPlan *plan = p->g->plan;
    const int64_t all = (int64_t)plan->bins.task_bins * plan->row_stride;
    addr first = p_at_bytes(e, p->g->own, x_const(e, plan->scratch.best));
    idx n = x_add(e, x_mulk(e, p->bin, plan->row_stride), x_sub(e, p->first, p->g->class_first));
    return (BestAt){ p_at_bytes(e, first, x_mulk(e, n, 8)),
                     p_at_bytes(e, first, x_mulk(e, x_addk(e, n, all), 8)),
                     p_at_i32(e, first, x_addk(e, n, 4 * all)) };
}

static LaneType products(const Emit *e)
{
    return (LaneType){ .fp_bytes = 8, .lanes = e->lanes, .exact = true };
}

/* The bin's scale is what it begins with, see roi_gradient_store_beginning. */
static void best_begin(Emit *e, const RoiGradientPass *p, void *self)
{
    const RoiCtx *c = &p->g->c;
    (void)self;
    BestAt at = best_at(e, p);
    fvec x = p_splat(e, p_at(e, roi_scratch(e, c, c->plan->scratch.scale), p->bin));
    EMIT_TYPE (e, products(e)) {
        p_store(e, at.value, f_convert(e, x), all_lanes);
        p_store(e, at.coeff, f_const(e, 0), all_lanes);
        p_store_i32(e, at.pixel, i_const(e, NO_PIXEL));
    }
}

void roi_gradient_best_begin(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    roi_gradient_over_channels(e, g, nth, bin, best_begin, NULL);
}

/* A sample outside counts as 0. */
static void take_zero(Emit *e, const BestAt *at)
{
    fvec value = p_load(e, at->value, all_lanes), zero = f_const(e, 0);
    mask below = f_less(e, value, zero);
    p_store(e, at->value, f_select(e, below, zero, value), all_lanes);
    p_store_i32(e, at->pixel, i_select(e, below, i_const(e, NO_PIXEL), p_load_i32(e, at->pixel)));
}

static void take_product(Emit *e, const BestAt *at, fvec coeff, fvec x, idx pixel)
{
    fvec value = p_load(e, at->value, all_lanes), product = f_mul(e, coeff, x);
    mask larger = f_less(e, value, product);
    p_store(e, at->value, f_select(e, larger, product, value), all_lanes);
    p_store(e, at->coeff, f_select(e, larger, coeff, p_load(e, at->coeff, all_lanes)), all_lanes);
    ivec old = p_load_i32(e, at->pixel);
    p_store_i32(e, at->pixel, i_select(e, larger, i_splat(e, pixel), old));
}

static void best(Emit *e, const RoiGradientPass *p, void *self)
{
    const RoiCtx *c = &p->g->c;
    const BestAt at = best_at(e, p);
    (void)self;
    idx n = roi_table_count(e, c, p->bin), zero = x_const(e, 0);
    addr first = roi_gradient_pixels(e, p, p->g->from), pixels = roi_table_offsets(e, c, p->bin);
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
            addr coeffs = roi_table_coeffs(e, c, ROI_TABLE_SHARE, p->bin);
            fvec w = p_splat(e, p_at(e, coeffs, i.at));
            take_product(e, &at, w, f_convert(e, x), pixel);
        }
    }
}

void roi_gradient_best(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    roi_gradient_over_channels(e, g, nth, bin, best, NULL);
}

/* The bin's scale is what its maximum is at least. */
static void best_end(Emit *e, const RoiGradientPass *p, void *self)
{
    const RoiCtx *c = &p->g->c;
    const BestAt at = best_at(e, p);
    (void)self;
    fvec g = roi_gradient_g(e, p, 0), value = { NULL }, coeff = { NULL };
    fvec least = p_splat(e, p_at(e, roi_scratch(e, c, c->plan->scratch.scale), p->bin));
    ivec pixel = p_load_i32(e, at.pixel);
    EMIT_TYPE (e, products(e)) {
        value = p_load(e, at.value, all_lanes);
        mask below = f_less(e, value, f_convert(e, least));
        pixel = i_select(e, below, i_const(e, NO_PIXEL), pixel);
        coeff = p_load(e, at.coeff, all_lanes);
    }
    g = through(e, p, g, f_convert(e, value));
    pixel = if_any(e, g, pixel);
    give(e, p, 0, pixel, f_mul(e, g, f_convert(e, coeff)));
}

void roi_gradient_best_end(Emit *e, const RoiGradient *g, idx nth, idx bin)
{
    roi_gradient_over_channels(e, g, nth, bin, best_end, NULL);
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
