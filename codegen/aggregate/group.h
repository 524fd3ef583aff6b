/* group.h: one (pixel, group) of a block: where its samples come from and its sums go.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_AGGREGATE_GROUP_H
#define DCN_CODEGEN_AGGREGATE_GROUP_H

#include "codegen/aggregate/functions.h"
#include "codegen/kernel/bilinear.h"

typedef struct GroupCtx {
    const AggregatePlan *plan;
    Corners from; /* of the map: element at[k] of each is a corner of point k */
    addr at, coeff, absent, softmax_terms; /* of its points */
    addr to;                               /* its first output */
    cond aligned;                          /* the first output of the block, for whole vectors */
    var nan_seen;                          /* of the block: NaN once an output was not finite */
} GroupCtx;

/* The first of a block, without nan_seen. */
GroupCtx aggregate_first_group(Emit *e, const AggregatePlan *p, const AggregateSumArgs *in);

/* Elements from the first channel of a block to that of its nth (pixel, group), in a map of which a
** pixel has so many. */
idx aggregate_channel_of(Emit *e, const AggregatePlan *p, idx nth, int64_t pixel);

/* The one that comes `nth` after the first. */
GroupCtx aggregate_group_at(Emit *e, const GroupCtx *first, idx nth);

/* What a sum is multiplied by; .v == NULL: 1. */
fvec aggregate_scale(Emit *e, const GroupCtx *g);

/* An output from its sum. */
fvec aggregate_output(Emit *e, const AggregatePlan *p, fvec sum, fvec scale);

/* Begin a function of a block's sums. */
LLVMValueRef aggregate_begin_sums(Emit *e, const AggregatePlan *p, const char *name,
                                  AggregateSumArgs *in);

#endif
