/* inputs.c: offsets and masks as the sample table wants them.
**
** split (dcnv4): group g of a pixel has its 2K' offsets and then its K' masks at 3K'g of a packed
** row; they are copied to where offsets, and masks, of a whole block lie side by side.
**
** shift (softmax): logits from which exp neither overflows nor vanishes, see kernel/points.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/functions.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/points.h"

/* ---- split ---------------------------------------------------------------------------------- */

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
            points_copy(e, p_at(e, offsets, x_mulk(e, at, 2)), from, 2 * p->points);
            points_copy(e, p_at(e, masks, at), p_at(e, from, x_const(e, 2 * (int64_t)p->points)),
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
    points_shift_logits(e, p->s, to, from, in.groups);
    e_fn_end(e);
    return fn;
}

void aggregate_call_shift(Emit *e, LLVMValueRef fn, const AggregateShiftArgs *in)
{
    e_call_with(e, fn, &shift_params, in);
}
