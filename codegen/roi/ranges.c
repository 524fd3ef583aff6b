/* ranges.c: the pixels that quantised bins cover.
**
** A bin covers rows lo <= y < hi, and columns likewise (docs/SEMANTICS.md). Limits are floored,
** raised and clipped to the map as floats, so that any region ends in integers that fit; a NaN
** becomes an empty bin.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/roi/bins.h"

/* Limit b of an axis before clipping: where bin b begins, or bin b - 1 ends. */
static fvec limit(Emit *e, const RoiCtx *c, const RoiAxis *x, fvec b, bool is_end)
{
    bool start_last = c->plan->s->variant == DCN_ROI_TORCHVISION;
    fvec at = roi_in_dtype(e, c->plan->s, f_mul(e, b, x->bin));
    if (!start_last)
        at = f_add(e, at, x->start);
    at = is_end ? f_ceil(e, at) : f_floor(e, at);
    return start_last ? f_add(e, at, x->start) : at;
}

static fvec clipped(Emit *e, const RoiCtx *c, int axis, fvec x)
{
    const dcn_spec *s = c->plan->s;
    bool sensitive = rt_op_has(s->op, RT_POSITION_SENSITIVE);
    bool drops_last = sensitive && s->variant == DCN_ROI_TORCHVISION;
    fvec highest = f_sub(e, roi_extent(e, c, axis), f_const(e, drops_last ? 1 : 0));
    return f_min(e, f_max(e, x, f_const(e, 0)), highest);
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

static void store_limit(Emit *e, const RoiCtx *c, int which, const RoiBins *b, fvec x)
{
    p_store_i32(e, roi_limit(e, c, which, b->first), f_to_i(e, x));
}

void roi_ranges(Emit *e, const RoiCtx *c, const RoiAxis axis[2])
{
    EMIT_FOR (e, v, x_const(e, 0), c->bins, c->plan->bins_per_vec) {
        RoiBins b = roi_bins(e, c, axis, v.at);
        fvec area = f_const(e, 1), zero = f_const(e, 0);
        for (int i = 0; i < 2; i++) {
            fvec next = f_add(e, b.at[i], f_const(e, 1));
            fvec lo = clipped(e, c, i, limit(e, c, &axis[i], b.at[i], false));
            fvec hi = clipped(e, c, i, limit(e, c, &axis[i], next, true));
            fvec length = unless_skipped(e, c, axis, f_max(e, f_sub(e, hi, lo), zero));
            store_limit(e, c, 2 * i, &b, lo);
            store_limit(e, c, 2 * i + 1, &b, length);
            area = f_mul(e, area, length);
        }
        fvec scale = f_div(e, f_const(e, 1), f_max(e, area, f_const(e, 1)));
        roi_store_scale(e, c, &b, c->plan->maximum ? f_min(e, area, f_const(e, 1)) : scale);
    }
}
