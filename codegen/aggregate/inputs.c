/* inputs.c: offsets and masks as the sample table wants them.
**
** gather: as passed they lie side by side only where a block has all groups of its pixels, or one
** pixel, and never in dcnv4; then they are copied to where those of a whole block do.
**
** shift (softmax): logits from which exp neither overflows nor vanishes, see kernel/points.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/functions.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/points.h"
#include "codegen/kernel/workspace.h"

/* ---- gather --------------------------------------------------------------------------------- */

static const Param gather_param[] = {
    PARAM(AggregateGatherArgs, offsets),       PARAM(AggregateGatherArgs, masks),
    PARAM(AggregateGatherArgs, later_offsets), PARAM(AggregateGatherArgs, later_masks),
    PARAM(AggregateGatherArgs, scratch),       PARAM(AggregateGatherArgs, pixels),
};
static const Params gather_params = PARAMS(AggregateGatherArgs, gather_param);

/* Fetches the lines of n elements, wherever in a line these begin. */
static void prefetch(Emit *e, addr from, int n)
{
    for (int at = 0; at < n * e->fp_bytes; at += CACHE_LINE)
        p_prefetch(e, p_at_bytes(e, from, x_const(e, at)), 2);
    p_prefetch(e, p_at(e, from, x_const(e, n - 1)), 2);
}

/* Prefetches offsets and masks of a pixel of a later block. */
static void prefetch_pixel(Emit *e, const AggregatePlan *p, const AggregateGatherArgs *in,
                           idx pixel)
{
    const int points = p->block.groups * p->points;
    const int64_t all = (int64_t)p->groups * p->points;
    if (p->offset_mask_stride) {
        idx row = x_mulk(e, pixel, p->offset_mask_stride);
        prefetch(e, p_at(e, in->later_offsets, row), 3 * points);
        return;
    }
    prefetch(e, p_at(e, in->later_offsets, x_mulk(e, pixel, 2 * all)), 2 * points);
    if (p->s->modulation != DCN_MODULATION_NONE)
        prefetch(e, p_at(e, in->later_masks, x_mulk(e, pixel, all)), points);
}

LLVMValueRef aggregate_emit_gather(Emit *e, const AggregatePlan *p)
{
    AggregateGatherArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "gather", true, e->none, &gather_params, &in);
    PointInputs own = { .offsets = aggregate_scratch(e, in.scratch, p->scratch.offsets) };
    if (p->s->modulation != DCN_MODULATION_NONE)
        own.masks = aggregate_scratch(e, in.scratch, p->scratch.masks);
    points_gather(e, p->s, p->block.groups, &own, &(PointInputs){ in.offsets, in.masks },
                  in.pixels);
    if (p->prefetch_blocks && p->gathers) {
        EMIT_FOR (e, pixel, x_const(e, 0), in.pixels, 1) {
            prefetch_pixel(e, p, &in, pixel.at);
        }
    }
    e_fn_end(e);
    return fn;
}

void aggregate_call_gather(Emit *e, LLVMValueRef fn, const AggregateGatherArgs *in)
{
    e_call_with(e, fn, &gather_params, in);
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
    addr from = aggregate_gathers(p) ? to : in.logits;
    points_shift_logits(e, p->s, to, from, in.groups);
    e_fn_end(e);
    return fn;
}

void aggregate_call_shift(Emit *e, LLVMValueRef fn, const AggregateShiftArgs *in)
{
    e_call_with(e, fn, &shift_params, in);
}
