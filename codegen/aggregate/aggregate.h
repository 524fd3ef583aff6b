/* aggregate.h: the door of the aggregate lowering (DCNv3, DCNv4): its plan, its choices, the tile that it computes.
**
**     out[pixel][g][c] = scale(g) * sum over points k of m[pixel][g][k] * S(channel c of group g; position of k)
**
** Offsets, masks and outputs of a row of pixels lie in memory in the order (pixel, group, point). A
** block is some pixels with all groups of a task, or some groups of one pixel.  A task is a tile of
** pixels with all groups, or with some of them where pixels are few or channels many.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_AGGREGATE_H
#define DCN_CODEGEN_AGGREGATE_H

#include "codegen/kernel/entry.h"
#include "codegen/kernel/points.h"
#include "codegen/lowering.h"

enum {
    AGG_BLOCK,
    AGG_TILE_H,
    AGG_TILE_W,
    AGG_TASK_GROUPS,
    AGG_PREFETCH_ROWS,
    AGG_PREFETCH_BLOCKS,
    AGG_NONTEMPORAL,
    AGG_COEFF_SHUFFLES,
    AGG_JAM,
    AGG_COMPACT,
    AGG_NKNOBS
};
_Static_assert((int)AGG_NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

/* Vectors of channels that are accumulated together, at most: their sums are half of 16 registers. */
enum { AGG_MAX_VECTORS = 8 };

/* ---- the plan ------------------------------------------------------------------------------ */

/* Byte offsets in a thread's workspace; each array has an element, or four, for every point of a
** block. */
typedef struct AggregateScratch {
    int64_t at, coeff, absent; /* the sample table, see sample_table.c */
    int64_t softmax_terms;     /* softmax: exp(logit - shift) */
    int64_t offsets, masks;    /* where they are not used as the caller passed them */
    int64_t rows;  /* compact: two words: the first row reached, and that after the last */
    int64_t bytes; /* but for copies */
} AggregateScratch;

typedef struct AggregatePlan {
    const dcn_spec *s;
    int lanes, fp_bytes;
    int points;                 /* K': taps, without the centre if that is removed */
    int groups, group_channels; /* groups of the operator, and channels of one of them */
    PointBlock block;
    bool gathers; /* as passed, offsets and masks of a block lie in pieces, one for each pixel */
    bool compact; /* the input is read from copies, see compact.c */
    int tile_h, tile_w; /* rows and columns of a task; tile_w = 0: all columns */
    int task_groups;    /* groups of a task; splits_groups: fewer than all */
    bool splits_groups;
    /* Input rows from the taps' centre to the row that is prefetched; 0: none. */
    int prefetch_rows;
    /* Blocks to the one whose offsets and masks are prefetched; 0: none.  With tile_w: the one below. */
    int prefetch_blocks;
    bool nontemporal;       /* outputs go past the caches where they are aligned */
    int coeff_shuffles;     /* corners whose coefficient is shuffled out of a register */
    int jam;                /* (pixel, group)s whose sums are interleaved */
    int max_acc;            /* accumulators that fit: half of the register file */
    int acc_lanes;          /* of an accumulator: a power of two that fits a group */
    bool softmax;           /* terms are exp(logit - shift), and scale is 1 / their sum */
    bool epilogue;          /* the sums are the outputs, so the activation is applied here */
    int out_stride;         /* elements from where the sums of a pixel go to the next pixel's */
    int offset_mask_stride; /* dcnv4: elements of a pixel's row of offset_mask; else 0 */
    AggregateScratch scratch;
} AggregatePlan;

AggregatePlan aggregate_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* The plan of a part of another lowering, which takes the sums as they are, pixels `stride`
** elements apart. */
AggregatePlan aggregate_plan_sums(const dcn_spec *s, const dcn_target *t, const int *k, int stride);

/* Bytes of the copy of a task's groups of a map whose sizes are known. */
int64_t aggregate_copied_bytes(const AggregatePlan *p);

/* ---- choices ------------------------------------------------------------------------------- */

/* A schedule in question; rows, cols: of the output, 0 where they are known only when the kernel is
** called. */
typedef struct AggregateChoice {
    const dcn_target *t;
    const int *k;
    AggregatePlan p;
    int64_t rows, cols;
} AggregateChoice;

/* Every reason to refuse one, in the order in which they are looked for; a row without a reason
** ends them. */
typedef struct AggregateRefusal {
    int knob; /* the one to change */
    const char *reason;
    bool (*holds)(const AggregateChoice *c);
} AggregateRefusal;

extern const Knob aggregate_knobs[AGG_NKNOBS];
extern const AggregateRefusal aggregate_refusals[];
const char *aggregate_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void aggregate_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k);
/* For tasks that are tiles of all groups. */
void aggregate_guess_sums(const dcn_spec *s, const dcn_target *t, int *k);
int aggregate_phases(const dcn_spec *s, const dcn_target *t, const int *k,
                     PhaseCost out[MAX_PHASES]);
/* ns on more than one thread, where tasks are not alike. */
double aggregate_cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads);
double aggregate_tile_cost(const AggregatePlan *p, const dcn_target *t,
                           double pixels); /* ns on one thread, without copies */

/* Whether pixels lie half a page or more apart. */
bool aggregate_has_wide_pixels(const dcn_spec *s);

/* Whether samples wait for each other's sets of the caches where there is no copy of them: pixels are wide, in a map
** that does not stay in L2, nor do those that a narrow tile reaches. */
bool aggregate_is_sparse(const dcn_spec *s, const dcn_target *t);

/* ---- kernels ------------------------------------------------------------------------------- */

/* A tile: rows x cols output pixels from (p0, q0) of image n.  The sums of pixel (r, c) of it go to
** to + r*row_stride + c*out_stride; scratch is the thread's workspace.  group: the first of the
** task's, where they are not all; else .v is NULL. */
typedef struct AggregateTileArgs {
    addr args, scratch, to;
    idx row_stride, n, p0, q0, rows, cols, group;
} AggregateTileArgs;

/* The function that computes a tile, with those that it calls; and a call of it. */
LLVMValueRef aggregate_emit_tile(Emit *e, const AggregatePlan *p);
void aggregate_call_tile(Emit *e, LLVMValueRef fn, const AggregateTileArgs *in);

/* Copies, behind the arrays of a thread's workspace.  scratch.v == NULL: their size alone. */
typedef struct AggregateCopies {
    addr flags; /* a word for each row: not 0: it is there */
    addr map;   /* of the task's first group */
    idx bytes;  /* 0: there are none */
} AggregateCopies;
AggregateCopies aggregate_copies(Emit *e, const AggregatePlan *p, const Problem *pb, addr scratch);

/* A whole kernel. */
void aggregate_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k);

#endif
