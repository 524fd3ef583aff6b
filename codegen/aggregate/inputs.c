/* inputs.c: offsets and masks as the sample table wants them.
**
** split (dcnv4): group g of a pixel has its 2K' offsets and then its K' masks at 3K'g of a packed
** row; they are copied to where offsets, and masks, of a whole block lie side by side.
**
** shift (softmax): exp(l - a) / sum exp(l - a) does not depend on a, and nothing overflows if a is
** not below any logit of the group; nor does the sum vanish if a is not far above all of them. The
** largest logit of the block serves every group unless its logits are FAR apart; only then is the
** largest of each group looked for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/functions.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/intmath.h"

#include <math.h>

/* exp(-40) = 4e-18: products with it are still normal numbers, in f32 too. */
#define FAR 40.0

/* ---- split ---------------------------------------------------------------------------------- */

static void copy_vector(Emit *e, addr to, addr from, idx at)
{
    p_store(e, p_at(e, to, at), p_load(e, p_at(e, from, at), all_lanes), all_lanes);
}

/* n elements, by vectors of which the last may overlap the one before. */
static void copy(Emit *e, addr to, addr from, int n)
{
    int lanes = int_power_of_two(n, e->lanes);
    EMIT_LANES (e, lanes) {
        EMIT_FOR (e, i, x_const(e, 0), x_const(e, n / lanes * lanes), lanes) {
            copy_vector(e, to, from, i.at);
        }
        if (n % lanes)
            copy_vector(e, to, from, x_const(e, n - lanes));
    }
}

static const Param split_param[] = { PARAM(AggregateSplitArgs, offset_mask),
                                     PARAM(AggregateSplitArgs, scratch),
                                     PARAM(AggregateSplitArgs, groups) };
static const Params split_params = PARAMS(AggregateSplitArgs, split_param);

LLVMValueRef aggregate_emit_split(Emit *e, const AggregatePlan *p)
{
    AggregateSplitArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "split", true, e->none, &split_params, &in);
    addr offsets = aggregate_scratch(e, in.scratch, p->scratch.offsets);
    addr masks = aggregate_scratch(e, in.scratch, p->scratch.masks);
    EMIT_FOR (e, first, x_const(e, 0), in.groups, p->block_groups) {
        idx pixel = x_div(e, first.at, x_const(e, p->block_groups));
        addr row = p_at(e, in.offset_mask, x_mulk(e, pixel, p->offset_mask_stride));
        EMIT_FOR (e, g, x_const(e, 0), x_const(e, p->block_groups), 1) {
            addr from = p_at(e, row, x_mulk(e, g.at, 3 * (int64_t)p->points));
            idx at = x_mulk(e, x_add(e, first.at, g.at), p->points);
            copy(e, p_at(e, offsets, x_mulk(e, at, 2)), from, 2 * p->points);
            copy(e, p_at(e, masks, at), p_at(e, from, x_const(e, 2 * (int64_t)p->points)),
                 p->points);
        }
    }
    e_fn_end(e);
    return fn;
}

void aggregate_call_split(Emit *e, LLVMValueRef fn, const AggregateSplitArgs *in)
{
    e_call_with(e, fn, &split_params, in);
}

/* ---- shift ---------------------------------------------------------------------------------- */

/* The largest and, unless smallest is NULL, the smallest of n elements, in every lane. */
static fvec largest(Emit *e, addr from, idx n, fvec *smallest)
{
    var high = v_float(e, f_const(e, -INFINITY)), low = v_float(e, f_const(e, INFINITY));
    EMIT_VECTORS (e, v, n) {
        fvec x = p_load(e, p_at(e, from, v.at), v.live), up = v_get(e, high);
        v_set(e, high, f_select(e, v.live, f_max(e, x, up), up));
        if (smallest) {
            fvec down = v_get(e, low);
            v_set(e, low, f_select(e, v.live, f_min(e, x, down), down));
        }
    }
    if (smallest)
        *smallest = f_hmin(e, v_get(e, low));
    return f_hmax(e, v_get(e, high));
}

static void subtract(Emit *e, addr to, addr from, idx n, fvec shift)
{
    EMIT_VECTORS (e, v, n) {
        fvec x = p_load(e, p_at(e, from, v.at), v.live);
        p_store(e, p_at(e, to, v.at), f_sub(e, x, shift), v.live);
    }
}

/* From the logits of each group the largest of them. */
static void shift_groups(Emit *e, const AggregatePlan *p, addr to, addr from, idx groups)
{
    EMIT_FOR (e, g, x_const(e, 0), groups, 1) {
        idx at = x_mulk(e, g.at, p->points), points = x_const(e, p->points);
        addr group = p_at(e, from, at);
        subtract(e, p_at(e, to, at), group, points, largest(e, group, points, NULL));
    }
}

static const Param shift_param[] = { PARAM(AggregateShiftArgs, logits),
                                     PARAM(AggregateShiftArgs, scratch),
                                     PARAM(AggregateShiftArgs, groups) };
static const Params shift_params = PARAMS(AggregateShiftArgs, shift_param);

LLVMValueRef aggregate_emit_shift(Emit *e, const AggregatePlan *p)
{
    AggregateShiftArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "shift", true, e->none, &shift_params, &in);
    addr to = aggregate_scratch(e, in.scratch, p->scratch.masks);
    addr from = p->offset_mask_stride ? to : in.logits;
    idx n = x_mulk(e, in.groups, p->points);
    fvec low, high = largest(e, from, n, &low);
    cond close = c_any(e, f_less(e, f_sub(e, high, low), f_const(e, FAR)));
    EMIT_IF_ELSE (e, b, close) {
        if (b.yes)
            subtract(e, to, from, n, high);
        else
            shift_groups(e, p, to, from, in.groups);
    }
    e_fn_end(e);
    return fn;
}

void aggregate_call_shift(Emit *e, LLVMValueRef fn, const AggregateShiftArgs *in)
{
    e_call_with(e, fn, &shift_params, in);
}
