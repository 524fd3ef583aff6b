/* ranges.c: the pixels that quantised bins cover.
**
** A bin covers rows lo <= y < hi, and columns likewise (SEMANTICS 6).  Limits are floored, raised and clipped to
** the map as floats, so that any region ends in integers that fit; a NaN becomes an empty bin.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi/roi.h"

/* Limit b of an axis before clipping: where bin b begins, or bin b - 1 ends. */
static fvec limit(Emit *e, const RoiCtx *c, const RoiAxis *x, fvec b, int is_end)
{
    fvec (*whole)(Emit *, fvec) = is_end ? f_ceil : f_floor;
    fvec at = f_mul(e, b, x->bin);
    if (c->plan->s->variant == DCN_ROI_TORCHVISION)
        return f_add(e, whole(e, at), x->start);
    return whole(e, f_add(e, at, x->start));
}

static fvec clipped(Emit *e, const RoiCtx *c, int axis, fvec x)
{
    const dcn_spec *s = c->plan->s;
    int drops_last = rt_op_has(s->op, RT_POSITION_SENSITIVE) && s->variant == DCN_ROI_TORCHVISION;
    fvec most = f_sub(e, roi_extent(e, c, axis), f_const(e, drops_last));
    return f_min(e, f_max(e, x, f_const(e, 0)), most);
}

/* mmcv skips a region that is empty along an axis. */
static fvec unless_skipped(Emit *e, const RoiCtx *c, const RoiAxis axis[2], fvec length)
{
    fvec zero = f_const(e, 0);
    if (c->plan->s->variant != DCN_ROI_MMCV)
        return length;
    mask real = m_and(e, f_less(e, zero, axis[0].size), f_less(e, zero, axis[1].size));
    return f_select(e, real, length, zero);
}

/* first, count: [axis][bin], in the space of the table */
static void put_range(Emit *e, const RoiCtx *c, int field, const RoiBins *b, fvec x)
{
    const RoiPlan *p = c->plan;
    idx at = x_addk(e, b->first, (int64_t)field * (p->bins + p->wide));
    p_store_i32(e, p_at_i32(e, roi_own(e, c, p->at_table), at), f_to_i(e, x));
}

void roi_ranges(Emit *e, const RoiCtx *c, const RoiAxis axis[2])
{
    EMIT_FOR (e, v, x_const(e, 0), c->bins, c->plan->wide) {
        RoiBins b = roi_bins(e, c, axis, v.at);
        fvec area = f_const(e, 1), zero = f_const(e, 0);
        for (int i = 0; i < 2; i++) {
            fvec next = f_add(e, b.at[i], f_const(e, 1));
            fvec lo = clipped(e, c, i, limit(e, c, &axis[i], b.at[i], 0));
            fvec hi = clipped(e, c, i, limit(e, c, &axis[i], next, 1));
            fvec length = unless_skipped(e, c, axis, f_max(e, f_sub(e, hi, lo), zero));
            put_range(e, c, 2 * i, &b, lo);
            put_range(e, c, 2 * i + 1, &b, length);
            area = f_mul(e, area, length);
        }
        fvec scale = f_div(e, f_const(e, 1), f_max(e, area, f_const(e, 1)));
        int most = c->plan->s->mode == DCN_ROI_MAX;
        roi_put_scale(e, c, &b, most ? f_min(e, area, f_const(e, 1)) : scale);
    }
}
