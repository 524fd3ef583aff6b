/* functions.h: the internal functions of an aggregate kernel, in the order in which a block needs them.
**
**     gather         offsets and masks side by side                                 inputs.c
**     shift          softmax: logits less what keeps exp in range                   inputs.c
**     sample table   where every point of the block looks, lanes along points       sample_table.c
**     fill           compact: rows that are reached, into the copies                compact.c
**     accumulate     for each (pixel, group), lanes along channels                  accumulate.c
**     recompute      those (pixel, group)s whose sums are NaN                        recompute.c
**
** In all of them `args` is the argument block of the kernel, `scratch` the thread's workspace, and
** `groups` the number of (pixel, group)s of the block; other pointers are to what the block begins
** with.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_AGGREGATE_FUNCTIONS_H
#define DCN_CODEGEN_AGGREGATE_FUNCTIONS_H

#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/group_maps.h"

/* As passed, of the block's first pixel and group; later_*: what is prefetched. dcnv4: offsets alone. */
typedef struct AggregateGatherArgs {
    addr offsets, masks, later_offsets, later_masks, scratch;
    idx pixels;
} AggregateGatherArgs;
LLVMValueRef aggregate_emit_gather(Emit *e, const AggregatePlan *p);
void aggregate_call_gather(Emit *e, LLVMValueRef fn, const AggregateGatherArgs *in);

/* Whether a block's offsets and masks are not used as passed. */
static inline bool aggregate_gathers(const AggregatePlan *p)
{
    return p->gathers || p->offset_mask_stride;
}

typedef struct AggregateShiftArgs {
    addr logits, scratch;
    idx groups;
} AggregateShiftArgs;
LLVMValueRef aggregate_emit_shift(Emit *e, const AggregatePlan *p);
void aggregate_call_shift(Emit *e, LLVMValueRef fn, const AggregateShiftArgs *in);

/* later_*: what is prefetched; y, x: the taps' centre at the block's first pixel. */
typedef struct AggregateTableArgs {
    addr args, offsets, masks, later_offsets, later_masks, scratch;
    idx points, y, x;
} AggregateTableArgs;
LLVMValueRef aggregate_emit_table(Emit *e, const AggregatePlan *p);
void aggregate_call_table(Emit *e, LLVMValueRef fn, const AggregateTableArgs *in);

/* Rows that the block reaches are copied, unless they are there. */
typedef struct AggregateFillArgs {
    addr args, input, scratch; /* input: the first channel of the task's groups at pixel (0, 0) */
} AggregateFillArgs;
LLVMValueRef aggregate_emit_fill(Emit *e, const AggregatePlan *p);
void aggregate_call_fill(Emit *e, LLVMValueRef fn, const AggregateFillArgs *in);

/* The groups of a task, in copies. */
static inline GroupMaps aggregate_maps(const AggregatePlan *p)
{
    return (GroupMaps){ p->task_groups, p->group_channels };
}

/* input: the first channel of the block's first group at pixel (0, 0) of the image; ahead: that
** channel at the pixel of a later row from which on is prefetched. */
typedef struct AggregateSumArgs {
    addr args, input, scratch, to, ahead;
    idx groups;
} AggregateSumArgs;
LLVMValueRef aggregate_emit_accumulate(Emit *e, const AggregatePlan *p);
LLVMValueRef aggregate_emit_recompute(Emit *e, const AggregatePlan *p);
/* Calls accumulate or recompute. */
void aggregate_call_sums(Emit *e, LLVMValueRef fn, const AggregateSumArgs *in);

/* An array of the workspace. */
static inline addr aggregate_scratch(Emit *e, addr scratch, int64_t at)
{
    return p_at_bytes(e, scratch, x_const(e, at));
}

#endif
