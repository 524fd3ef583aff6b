/* scatter.h: what the files of the scatter lowering (gradients of DCNv3 and DCNv4) have between them.
**
** An output is a sum of samples of its own channel, so with g the gradient of the output, m_k the
** modulation of point k of a (pixel, group) and a_kc its bilinear coefficient of corner c, pixel x_kc:
**
**     grad_input[corner c of k][channel] += m_k a_kc g[channel]
**     dots[k][c] = sum over the group's channels of g[channel] x_kc[channel]
**
** and offsets.c turns the four dots of a point into the gradients of its offsets and its mask.  All
** channels of a group are in one task, so nothing is left to add for these.
**
** A task has some groups of an image, which are channels that only it adds to, and a band of output
** rows; it goes through blocks of (pixel, group)s in order:
**
**     scan       nothing else is done where g is all zero                      scan.c
**     inputs     offsets and masks side by side, logits                        inputs.c
**     table      where every point looks, lanes along points                   table.c
**     pass       every (pixel, group), lanes along its channels                pass.c
**     offsets    dots to gradients, lanes along points                         offsets.c
**     deliver    to where the caller wants them, if that is elsewhere          deliver.c
**
** A band adds to rows of grad_input that are its own, and what it has for others' to a map of its own,
** of which only rows that are reached are ever touched (rows.c).  A last phase adds those in the order
** of the bands.  Nothing depends on how many threads there are.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_SCATTER_H
#define DCN_CODEGEN_SCATTER_H

#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/entry.h"
#include "codegen/kernel/gradient_out.h"
#include "codegen/kernel/points.h"
#include "codegen/lowering.h"

enum {
    SCATTER_BLOCK,
    SCATTER_TILE_W,
    SCATTER_TASK_GROUPS,
    SCATTER_BANDS,
    SCATTER_COMPACT,
    SCATTER_NKNOBS
};
_Static_assert((int)SCATTER_NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

extern const Knob scatter_knobs[SCATTER_NKNOBS];
const char *scatter_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void scatter_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k);
int scatter_phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES]);

/* ---- the plan ---------------------------------------------------------------------------- */

/* Gradients that are asked for. */
typedef struct ScatterWant {
    bool input, offset, mask;
    bool dots; /* of g with the corners */
} ScatterWant;

/* Byte offsets in a thread's workspace; arrays have an element, two or four, for each point of a
** block. */
typedef struct ScatterScratch {
    int64_t at, absent, coeff; /* the table */
    int64_t dots;
    int64_t offsets, masks;           /* where they are not used as the caller passed them */
    int64_t grad_offsets, grad_masks; /* where they are not stored at once */
    int64_t scales;                   /* softmax: 1 / the sum of the terms of each group */
    int64_t rows; /* two words: the first row reached, and that after the last */
    int64_t bytes;
} ScatterScratch;

typedef struct ScatterPlan {
    const dcn_spec *s;
    int lanes, fp_bytes;
    ScatterWant want;
    int points, groups, group_channels;
    int task_groups, parts; /* groups of a task; tasks with other groups of the same pixels */
    PointBlock block;
    int tile_w; /* columns that are gone through together, from top to bottom; 0: all */
    int bands;
    bool compact;              /* both maps are worked on in copies, see compact.c */
    int pixel;                 /* elements from a pixel to the next of the maps worked on */
    int vector_lanes, vectors; /* of the channels of a group */
    int packed;                /* dcnv4: elements of a pixel's row of offset_mask; else 0 */
    bool copies;               /* offsets and masks of a block are not side by side as passed */
    bool softmax;
    bool modulated; /* the mask is read */
    ScatterScratch scratch;
} ScatterPlan;

ScatterPlan scatter_plan(const dcn_spec *s, const dcn_target *t, const int *k);

static inline addr scatter_scratch(Emit *e, addr scratch, int64_t at)
{
    return p_at_bytes(e, scratch, x_const(e, at));
}

/* Where masks, and the gradients of masks, of a block are. */
static inline bool scatter_own_masks(const ScatterPlan *p)
{
    return p->copies || p->softmax;
}

/* ---- the shared workspace ---------------------------------------------------------------- */

/* Only with several bands, but for the flags.  A flag says that a row of grad_input, or of the copies,
** is set; and that of a second kind, that one of `maps` is. */
typedef struct ScatterShared {
    addr maps;  /* [band][image][y][x][channel]: what bands add to rows that are not theirs */
    addr flags; /* words: [image][band][part][kind][y] */
    idx bytes;
} ScatterShared;

ScatterShared scatter_shared(Emit *e, const ScatterPlan *p, const Problem *pb, addr workspace);

/* ---- functions of a block ---------------------------------------------------------------- */

/* 1 if some element of g is not 0, 2 if some is not finite. */
enum { SCATTER_SEEN = 1, SCATTER_UNSOUND = 2 };
typedef struct ScatterScanArgs {
    addr g;
    idx pixels;
} ScatterScanArgs;
LLVMValueRef scatter_emit_scan(Emit *e, const ScatterPlan *p);
idx scatter_call_scan(Emit *e, LLVMValueRef fn, const ScatterScanArgs *in);

/* Inputs of the first pixel and group of a block, as passed; dcnv4: offsets are offset_mask. */
typedef struct ScatterInputsArgs {
    addr offsets, masks, scratch;
    idx pixels;
} ScatterInputsArgs;
LLVMValueRef scatter_emit_inputs(Emit *e, const ScatterPlan *p);
void scatter_call_inputs(Emit *e, LLVMValueRef fn, const ScatterInputsArgs *in);

/* y, x: the taps' centre at the block's first pixel.  The result is SCATTER_UNSOUND where a mask is
** not finite. */
typedef struct ScatterTableArgs {
    addr args, offsets, masks, scratch;
    idx points, y, x;
} ScatterTableArgs;
LLVMValueRef scatter_emit_table(Emit *e, const ScatterPlan *p);
idx scatter_call_table(Emit *e, LLVMValueRef fn, const ScatterTableArgs *in);

/* input, grad_input: the first channel of the block's first group at pixel (0, 0) of the maps that are
** worked on. */
typedef struct ScatterPassArgs {
    addr args, input, grad_input, g, scratch;
    idx pixels;
} ScatterPassArgs;

/* What a pass does. */
typedef struct ScatterPass {
    bool input, dots;
} ScatterPass;
LLVMValueRef scatter_emit_pass(Emit *e, const ScatterPlan *p, ScatterPass what);
/* To corners that are part of a sample only: what is not finite must not reach others. */
LLVMValueRef scatter_emit_careful(Emit *e, const ScatterPlan *p);
/* Calls a pass or careful. */
void scatter_call_pass(Emit *e, LLVMValueRef fn, const ScatterPassArgs *in);
LLVMValueRef scatter_begin_pass(Emit *e, const ScatterPlan *p, const char *name,
                                ScatterPassArgs *in);

/* grad_offset, grad_mask: where those of the block go. */
typedef struct ScatterOffsetsArgs {
    addr args, offsets, masks, scratch, grad_offset, grad_mask;
    idx points, y, x;
} ScatterOffsetsArgs;
LLVMValueRef scatter_emit_offsets(Emit *e, const ScatterPlan *p);
void scatter_call_offsets(Emit *e, LLVMValueRef fn, const ScatterOffsetsArgs *in);

/* The tensors from the first pixel and group of a block on. */
typedef struct ScatterDeliverArgs {
    addr args, scratch, grad_offset, grad_mask;
    idx pixels;
} ScatterDeliverArgs;
LLVMValueRef scatter_emit_deliver(Emit *e, const ScatterPlan *p);
/* Zeros instead. */
LLVMValueRef scatter_emit_clear(Emit *e, const ScatterPlan *p);
/* Calls deliver or clear. */
void scatter_call_deliver(Emit *e, LLVMValueRef fn, const ScatterDeliverArgs *in);

/* Gradients of offsets and masks as outputs; dcnv4: both are one. */
typedef struct ScatterOuts {
    GradientOut offset, mask;
} ScatterOuts;
ScatterOuts scatter_outs(Emit *e, const ScatterPlan *p, const Problem *pb, addr args);

/* The sums over the lanes of x[0 .. n - 1], n <= lanes, in the first n lanes. */
fvec scatter_lane_sums(Emit *e, const fvec *x, int n);

/* ---- the maps worked on -------------------------------------------------------------------- */

/* Elements from a row to the next. */
idx scatter_row_elements(Emit *e, const ScatterPlan *p, idx width);

/* Elements from a group to the next. */
idx scatter_group_step(Emit *e, const ScatterPlan *p, const Problem *pb);

/* The four pixels of a sample, given the upper left one. */
Corners scatter_corners(Emit *e, const ScatterPlan *p, const Problem *pb, addr upper_left);

/* Copies, behind the arrays of a thread's workspace; scratch.v == NULL: their size alone. */
typedef struct ScatterMaps {
    addr input, grad_input; /* .v == NULL: there are none */
    idx bytes;
} ScatterMaps;
ScatterMaps scatter_maps(Emit *e, const ScatterPlan *p, const Problem *pb, addr scratch);

/* Rows first .. last - 1 of the copies are made, unless they are there; input: the task's first channel
** of row 0; group: elements from the copy of a group to the next. */
typedef struct ScatterFillArgs {
    addr input, copy, grad, flags;
    idx width, group, first, last;
} ScatterFillArgs;
LLVMValueRef scatter_emit_fill(Emit *e, const ScatterPlan *p);
void scatter_call_fill(Emit *e, LLVMValueRef fn, const ScatterFillArgs *in);

/* All rows of the copy of grad_input to the tensor, first .. last - 1, or to the band's map. */
typedef struct ScatterDrainArgs {
    addr grad, to, spill, flags;
    idx width, group, height, first, last;
    cond add;
} ScatterDrainArgs;
LLVMValueRef scatter_emit_drain(Emit *e, const ScatterPlan *p);
void scatter_call_drain(Emit *e, LLVMValueRef fn, const ScatterDrainArgs *in);

/* ---- rows of grad_input -------------------------------------------------------------------- */

/* Rows first .. last - 1 of the task's channels that no flag says are set become zeros. */
typedef struct ScatterRowsArgs {
    addr to, flags; /* of row 0 */
    idx width, first, last;
} ScatterRowsArgs;
LLVMValueRef scatter_emit_rows(Emit *e, const ScatterPlan *p);
void scatter_call_rows(Emit *e, LLVMValueRef fn, const ScatterRowsArgs *in);

/* Row number `number` of all images: what the bands have for it. */
typedef struct ScatterSumArgs {
    addr args, workspace;
    idx number;
} ScatterSumArgs;
LLVMValueRef scatter_emit_sum(Emit *e, const ScatterPlan *p);
void scatter_call_sum(Emit *e, LLVMValueRef fn, const ScatterSumArgs *in);

/* ---- tasks --------------------------------------------------------------------------------- */

typedef struct ScatterTaskArgs {
    addr args, workspace, scratch;
    idx number;
} ScatterTaskArgs;
LLVMValueRef scatter_emit_task(Emit *e, const ScatterPlan *p);
void scatter_call_task(Emit *e, LLVMValueRef fn, const ScatterTaskArgs *in);

void scatter_emit_kernel(Emit *e, Kernel *k, const ScatterPlan *p);

#endif
