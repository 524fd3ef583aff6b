/* aggregate.h: the pieces of the aggregate lowering (DCNv3, DCNv4), and the plan that they share.
**
**     out[pixel][g][c] = scale(g) * sum over points k of m[pixel][g][k] * S(channel c of group g; place of k)
**
** Offsets, masks and outputs of a row of pixels lie in memory in the order (pixel, group, point), so a
** block is a run of that order, whole in one of two ways: some pixels with all groups, or some groups of
** one pixel.  Per block:
**
**     gather     dcnv4 only: offsets and masks out of their packed rows      aggregate_inputs.c
**     shift      softmax only: what to subtract from the logits              aggregate_inputs.c
**     places     an address and four weights for every point, lanes along points    aggregate_places.c
**     sums       for each (pixel, group) in turn, lanes along channels       aggregate_sums.c
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_AGGREGATE_H
#define DCN_CODEGEN_AGGREGATE_H

#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"

enum {
    AGG_BLOCK,
    AGG_TILE_H,
    AGG_TILE_W,
    AGG_PREFETCH_ROWS,
    AGG_PREFETCH_BLOCKS,
    AGG_NONTEMPORAL,
    AGG_COEFF_SHUFFLES,
    AGG_JAM,
    AGG_NKNOBS
};

typedef struct AggregatePlan {
    const dcn_spec *s;
    int lanes, fp_bytes;
    int points;        /* K': taps, without the centre if that is removed */
    int groups, width; /* operator groups, channels of one */
    int pixels, parts; /* of a block: pixels x groups, all groups or one pixel */
    int per_block;     /* points of a whole block */
    int th, tw;        /* rows and columns of a task; tw = 0: all columns */
    int ahead;         /* rows between the taps' centre and what is prefetched; 0: nothing is */
    int next; /* blocks to the one whose offsets and masks are prefetched; with tw: the row below */
    int stream;     /* 1: outputs past the caches where they are aligned */
    int permute;    /* corners whose weights are spread from registers */
    int beside;     /* (pixel, group)s whose sums are made side by side */
    int sums;       /* vectors of them that registers are there for */
    int sum_lanes;  /* of the sums: a power of two that fits a group */
    int softmax;    /* terms are exp(logit - shift), and scale is 1 / their sum */
    int finishes;   /* the sums are the outputs: their activation is done here */
    int out_stride; /* elements from what becomes of a pixel to the next one's */
    int packed;     /* dcnv4: elements of a pixel's row of offset_mask; else 0 */
    int64_t at, dead, weights, terms, offsets, masks; /* byte offsets in a thread's workspace */
    int64_t thread_bytes;
} AggregatePlan;

AggregatePlan aggregate_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* Row and column of point k among the taps: column by column, the centre left out if it is removed. */
void aggregate_tap(const AggregatePlan *p, int k, int *row, int *col);

/* An axis of the places: 0 y, 1 x.  Where tap t stands relative to q*stride - pad + centre, without offset. */
double aggregate_step(const AggregatePlan *p, int axis, int t);
int aggregate_centre(const AggregatePlan *p, int axis);

/* A schedule in question; rows, cols: of the output, 0 where they are known only when the kernel is called. */
typedef struct AggregateChoice {
    const dcn_target *t;
    const int *k;
    AggregatePlan p;
    int64_t rows, cols;
} AggregateChoice;

/* Every reason to refuse one, in the order in which they are looked for; a row without a reason ends them. */
typedef struct AggregateRefusal {
    int knob; /* the one to change */
    const char *reason;
    bool (*holds)(const AggregateChoice *c);
} AggregateRefusal;

extern const Knob aggregate_knobs[AGG_NKNOBS];
extern const AggregateRefusal aggregate_refusals[];
const char *aggregate_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void aggregate_guess(const dcn_spec *s, const dcn_target *t, int *k);
double aggregate_cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads);
double aggregate_tile_cost(const AggregatePlan *p, double pixels); /* ns on one thread */

/* The internal functions of a kernel.  Pointers are to what a block begins with. */
typedef struct AggregateParts {
    LLVMValueRef gather; /* (offset_mask, own, groups) */
    LLVMValueRef shift;  /* (logits, own, groups) */
    LLVMValueRef places; /* (args, offsets, masks, those of a later block, own, points, y, x) */
    LLVMValueRef sums;   /* (args, input, own, output, prefetched, groups) */
} AggregateParts;

LLVMValueRef aggregate_emit_gather(Emit *e, const AggregatePlan *p);
LLVMValueRef aggregate_emit_shift(Emit *e, const AggregatePlan *p);
LLVMValueRef aggregate_emit_places(Emit *e, const AggregatePlan *p);
LLVMValueRef aggregate_emit_sums(Emit *e, const AggregatePlan *p);

/* aggregate(args, own, to, row_stride, n, p0, q0, rows, cols): a tile of pixels, whose sums go to `to`, out_stride
** elements from a pixel to the next and row_stride from a row to the next. */
LLVMValueRef aggregate_emit_tile(Emit *e, const AggregatePlan *p);

/* The plan of a stage of another lowering that takes the bare sums, pixels `stride` elements apart. */
AggregatePlan aggregate_stage(const dcn_spec *s, const dcn_target *t, const int *k, int stride);

void aggregate_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k);

#endif
