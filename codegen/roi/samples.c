/* samples.c: which pixels the samples of a bin touch, and with which coefficients.
**
** Along an axis a sample touches a pair of pixels, lo and hi. Samples follow one another in one
** direction, so a pair that equals the one before it, or begins where that ended, joins it:
**
**     same pair        its coefficients are added to the two last entries of the list
**     lo = last hi     to the last entry, and hi is a new one
**     else             two new entries
**
** A maximum wants every coefficient that a pixel has, so nothing joins and a pair is two new entries.
**
** Lanes are bins; selects instead of branches, and each lane stores at its own end of the list. A
** pair begins at entry -2 while the list is empty, where two spare entries take what is stored. The
** table of a bin is the product of its two lists: offset and coefficient of every pixel, so that the
** sums are one loop.
**
** An adaptive grid has as many samples as the region is large, which may be 1e30. Its samples are
** at least half a pixel apart if there are two or more, so no more than 2 size + 4 of them can lie
** in the band [-1, size]: counting begins at the first one that can, and ends after so many.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi/bins.h"

/* In a larger grid f64 cannot tell the samples apart, and their places are accidents: to a sum, which
** is divided by their number, they are nothing; a maximum must leave them out, and so must a gradient,
** which an offset has times the size of the region. */
#define MOST_SAMPLES 0x1p50

/* ---- workspace ------------------------------------------------------------------------------- */

/* Two entries before a list take what is stored while it is empty. */
static int64_t row_length(const RoiPlan *p)
{
    return p->max_axis_pixels + 2;
}

/* Lists of a vector of bins along an axis: offsets, then each kind of coefficients; entry 0 of the list of
** lane 0. */
static int64_t list_at(const RoiPlan *p, int axis)
{
    int entry = 4 + p->coeffs * p->coeff_bytes;
    return p->scratch.lists + axis * p->bins_per_vec * row_length(p) * entry;
}

static addr offsets_at(Emit *e, const RoiCtx *c, int axis)
{
    return roi_scratch(e, c, list_at(c->plan, axis) + 2 * 4);
}

static addr coeffs_at(Emit *e, const RoiCtx *c, int axis, int kind)
{
    const RoiPlan *p = c->plan;
    int64_t before = p->bins_per_vec * row_length(p) * (4 + (int64_t)kind * p->coeff_bytes);
    return roi_scratch(e, c, list_at(p, axis) + before + 2 * p->coeff_bytes);
}

/* Lengths of the lists, one per lane. */
static addr lengths_at(Emit *e, const RoiCtx *c, int axis)
{
    return roi_scratch(e, c, list_at(c->plan, 2) + (int64_t)axis * c->plan->bins_per_vec * 4);
}

void roi_clear_lists(Emit *e, const RoiCtx *c)
{
    const RoiPlan *p = c->plan;
    EMIT_TYPE (e, roi_val_type(p)) {
        const int64_t bytes = list_at(p, 2) - list_at(p, 0), vector = e->lanes * p->fp_bytes;
        EMIT_FOR_OPAQUE (e, at, x_const(e, 0), x_const(e, bytes), (int)vector) {
            addr to = p_at_bytes(e, roi_scratch(e, c, list_at(p, 0)), at.at);
            p_store(e, to, f_const(e, 0), all_lanes);
        }
    }
}

/* ---- one axis of a vector of bins -------------------------------------------------------------- */

/* The pair of a sample: its place, pixels, coefficient of the second; and whether it counts at all. */
typedef struct RoiPair {
    fvec at, lo, hi, fraction;
    mask valid;
} RoiPair;

/* A sample that reaches the last pixel has it twice, not a neighbour of coefficient 0. */
static RoiPair align_pair(Emit *e, fvec at, fvec last)
{
    RoiPair p = { .lo = f_floor(e, f_max(e, at, f_const(e, 0))) };
    mask edge = f_less_equal(e, last, p.lo);
    p.fraction = f_select(e, edge, f_const(e, 0), f_sub(e, f_max(e, at, f_const(e, 0)), p.lo));
    p.lo = f_select(e, edge, last, p.lo);
    p.hi = f_select(e, edge, last, f_add(e, p.lo, f_const(e, 1)));
    return p;
}

static RoiPair half_pair(Emit *e, fvec at, fvec last)
{
    fvec in = f_min(e, f_max(e, at, f_const(e, 0)), last);
    RoiPair p = { .lo = f_floor(e, in), .hi = f_ceil(e, in) };
    p.fraction = f_sub(e, in, p.lo);
    return p;
}

static RoiPair pair_of(Emit *e, const RoiCtx *c, const RoiAxis *x, int axis, fvec base, fvec t)
{
    fvec at = roi_position(e, c, x, base, t), zero = f_const(e, 0);
    fvec last = f_sub(e, roi_extent(e, c, axis), f_const(e, 1));
    bool half = c->plan->sampling == ROI_SAMPLING_HALF;
    RoiPair p = half ? half_pair(e, at, last) : align_pair(e, at, last);
    p.at = at;
    p.valid = m_and(e, roi_valid(e, c, axis, at), f_less(e, t, x->grid));
    if (c->plan->maximum || c->plan->s->gradient)
        p.valid = m_and(e, p.valid, f_less(e, t, f_const(e, MOST_SAMPLES)));
    p.lo = f_select(e, p.valid, p.lo, zero);
    p.hi = f_select(e, p.valid, p.hi, zero);
    return p;
}

/* The end of the list: the last pair, its coefficients, where it is stored. */
typedef struct RoiTail {
    ivec lo, hi, at;
    fvec first[ROI_MAX_COEFFS], second[ROI_MAX_COEFFS];
} RoiTail;

/* One kind of the coefficients of both pixels of a pair, see bins.h. */
typedef struct RoiCoeffs {
    fvec lo, hi;
} RoiCoeffs;

static RoiCoeffs coeffs_of(Emit *e, const RoiCtx *c, const RoiPair *p, int kind)
{
    fvec one = f_const(e, 1);
    bool clamped = c->plan->sampling == ROI_SAMPLING_HALF;
    if (kind == ROI_SLOPE)
        return (RoiCoeffs){ f_const(e, -1), one };
    if (kind == ROI_SHARE || clamped)
        return (RoiCoeffs){ f_sub(e, one, p->fraction), p->fraction };
    fvec hi = f_sub(e, p->hi, p->at), lo = f_sub(e, p->at, p->lo);
    return (RoiCoeffs){ hi, lo };
}

static RoiTail join(Emit *e, const RoiCtx *c, const RoiTail *t, const RoiPair *p, ivec lo, ivec hi)
{
    const int n = c->plan->coeffs;
    RoiCoeffs w[ROI_MAX_COEFFS];
    fvec before[ROI_MAX_COEFFS], second[ROI_MAX_COEFFS];
    for (int i = 0; i < n; i++)
        w[i] = coeffs_of(e, c, p, i);
    mask same = m_and(e, i_equal(e, lo, t->lo), i_equal(e, hi, t->hi)),
         chain = m_and(e, i_equal(e, lo, t->hi), m_not(e, same));
    ivec step = i_select(e, same, i_const(e, 0), i_select(e, chain, i_const(e, 1), i_const(e, 2)));
    for (int i = 0; i < n; i++) {
        fvec chained = f_select(e, chain, t->second[i], f_const(e, 0));
        before[i] = f_select(e, same, t->first[i], chained);
        second[i] = f_select(e, same, f_add(e, t->second[i], w[i].hi), w[i].hi);
    }
    RoiTail now = { .lo = i_select(e, p->valid, lo, t->lo),
                    .hi = i_select(e, p->valid, hi, t->hi) };
    now.at = i_select(e, p->valid, i_add(e, t->at, step), t->at);
    for (int i = 0; i < n; i++) {
        now.first[i] = f_select(e, p->valid, f_add(e, before[i], w[i].lo), t->first[i]);
        now.second[i] = f_select(e, p->valid, second[i], t->second[i]);
    }
    return now;
}

static RoiTail append(Emit *e, const RoiCtx *c, const RoiTail *t, const RoiPair *p, ivec lo,
                      ivec hi)
{
    RoiCoeffs w = coeffs_of(e, c, p, ROI_SHARE);
    RoiTail now = { .lo = i_select(e, p->valid, lo, t->lo),
                    .hi = i_select(e, p->valid, hi, t->hi) };
    now.at = i_select(e, p->valid, i_add(e, t->at, i_const(e, 2)), t->at);
    now.first[0] = f_select(e, p->valid, w.lo, t->first[0]);
    now.second[0] = f_select(e, p->valid, w.hi, t->second[0]);
    return now;
}

static void put_tail(Emit *e, const RoiCtx *c, int axis, const RoiTail *t)
{
    const RoiPlan *p = c->plan;
    ivec lane = i_mul(e, i_lane(e), i_const(e, (int)row_length(p)));
    ivec at = i_add(e, lane, t->at), next = i_add(e, at, i_const(e, 1));
    addr offsets = offsets_at(e, c, axis);
    p_scatter_i32(e, offsets, at, t->lo);
    p_scatter_i32(e, offsets, next, t->hi);
    EMIT_TYPE (e, roi_coeff_type(p)) {
        for (int k = 0; k < p->coeffs; k++) {
            addr coeffs = coeffs_at(e, c, axis, k);
            p_scatter(e, coeffs, at, f_convert(e, t->first[k]), all_lanes);
            p_scatter(e, coeffs, next, f_convert(e, t->second[k]), all_lanes);
        }
    }
}

/* The first sample of an adaptive grid that can be valid, or one before it; without a bin there is
** no sample at all. */
static fvec first_sample(Emit *e, const RoiCtx *c, const RoiAxis *x, fvec base)
{
    if (c->plan->grid[0])
        return f_const(e, 0);
    fvec room = f_sub(e, f_const(e, -1), base);
    fvec bin = f_select(e, f_less(e, f_const(e, 0), x->bin), x->bin, f_const(e, 1));
    fvec t = f_div(e, f_mul(e, room, x->steps), bin);
    return f_max(e, f_sub(e, f_floor(e, t), f_const(e, 2)), f_const(e, 0));
}

/* The list of samples k, k+1, ... of each bin. */
static void list_axis(Emit *e, const RoiCtx *c, const RoiAxis *x, const RoiBins *b, int axis, idx k)
{
    RoiTail tail = { .lo = i_const(e, -1), .hi = i_const(e, -1), .at = i_const(e, -2) };
    for (int i = 0; i < ROI_MAX_COEFFS; i++)
        tail.first[i] = tail.second[i] = f_const(e, 0);
    fvec t = f_add(e, first_sample(e, c, x, b->base[axis]), i_to_f(e, i_splat(e, k)));
    ivec step = i_splat(e, axis ? c->pixel_step : c->row_step);
    for (int i = 0; i < c->plan->table_samples; i++) {
        RoiPair p = pair_of(e, c, x, axis, b->base[axis], f_add(e, t, f_const(e, i)));
        ivec lo = i_mul(e, f_to_i(e, p.lo), step), hi = i_mul(e, f_to_i(e, p.hi), step);
        tail = c->plan->maximum ? append(e, c, &tail, &p, lo, hi) : join(e, c, &tail, &p, lo, hi);
        put_tail(e, c, axis, &tail);
    }
    p_store_i32(e, lengths_at(e, c, axis), i_add(e, tail.at, i_const(e, 2)));
}

idx roi_max_samples(Emit *e, const RoiCtx *c, const RoiAxis axis[2], int which)
{
    if (c->plan->grid[which])
        return x_const(e, c->plan->grid[which]);
    fvec twice = f_mul(e, roi_extent(e, c, which), f_const(e, 2));
    fvec n = f_max(e, axis[which].grid, f_const(e, 0));
    return i_first(e, f_to_i(e, f_min(e, n, f_add(e, twice, f_const(e, 8)))));
}

/* ---- tables ------------------------------------------------------------------------------------ */

/* Coefficients of row y, column by column, of one kind of the table, from one kind of either axis. */
typedef struct RoiProduct {
    int rows, columns;
} RoiProduct;

static const RoiProduct product_of[] = { [ROI_TABLE_SHARE] = { ROI_SHARE, ROI_SHARE },
                                         [ROI_TABLE_Y] = { ROI_SLOPE, ROI_REACH },
                                         [ROI_TABLE_X] = { ROI_REACH, ROI_SLOPE } };

/* Row y of the table of bin `to`, from the lists of lane `from`: it begins at entry y * cols. */
static void table_row(Emit *e, const RoiCtx *c, idx from, idx to, idx y, idx cols)
{
    const int n = c->plan->coeffs;
    fvec columns[ROI_MAX_COEFFS], rows[ROI_MAX_COEFFS];
    idx list = x_mulk(e, from, row_length(c->plan)), at = x_mul(e, y, cols);
    ivec xs = p_load_i32(e, p_at_i32(e, offsets_at(e, c, 1), list));
    for (int k = 0; k < n; k++)
        columns[k] = p_load(e, p_at(e, coeffs_at(e, c, 1, k), list), all_lanes);
    idx row = x_add(e, list, y);
    ivec off = i_splat(e, p_get_i32(e, p_at_i32(e, offsets_at(e, c, 0), row)));
    for (int k = 0; k < n; k++)
        rows[k] = p_splat(e, p_at(e, coeffs_at(e, c, 0, k), row));
    p_store_i32(e, p_at_i32(e, roi_table_offsets(e, c, to), at), i_add(e, xs, off));
    for (int k = 0; k < n; k++) {
        fvec w = f_mul(e, columns[product_of[k].columns], rows[product_of[k].rows]);
        p_store(e, p_at(e, roi_table_coeffs(e, c, k, to), at), w, all_lanes);
    }
}

/* Rows are stored whole: what one has too much is overwritten by the next, and the table is long
** enough. */
static void table_of(Emit *e, const RoiCtx *c, idx from, idx to)
{
    idx rows = p_get_i32(e, p_at_i32(e, lengths_at(e, c, 0), from));
    idx cols = p_get_i32(e, p_at_i32(e, lengths_at(e, c, 1), from));
    p_put_i64(e, p_at_word(e, roi_scratch(e, c, c->plan->scratch.counts), to),
              x_mul(e, rows, cols));
    if (c->plan->max_axis_pixels > 4) {
        EMIT_FOR (e, y, x_const(e, 0), rows, 1) {
            table_row(e, c, from, to, y.at, cols);
        }
        return;
    }
    for (int y = 0; y < c->plan->max_axis_pixels; y++)
        table_row(e, c, from, to, x_const(e, y), cols);
}

void roi_tables(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const idx k[2])
{
    const RoiPlan *p = c->plan;
    EMIT_FOR (e, v, x_const(e, 0), c->bins, p->bins_per_vec) {
        RoiBins b = roi_bins(e, c, axis, v.at);
        for (int i = 0; i < 2; i++)
            list_axis(e, c, &axis[i], &b, i, k[i]);
        EMIT_TYPE (e, ((LaneType){ p->coeff_bytes, p->max_axis_pixels, false })) {
            idx end = x_min(e, x_const(e, p->bins_per_vec), x_sub(e, c->bins, v.at));
            EMIT_FOR (e, lane, x_const(e, 0), end, 1) {
                table_of(e, c, lane.at, x_add(e, v.at, lane.at));
            }
        }
    }
}

void roi_scales(Emit *e, const RoiCtx *c, const RoiAxis axis[2])
{
    EMIT_FOR (e, v, x_const(e, 0), c->bins, c->plan->bins_per_vec) {
        RoiBins b = roi_bins(e, c, axis, v.at);
        roi_store_scale(e, c, &b, roi_scale(e, c, axis, &b));
    }
}
