/* gradient.h: what the files of the gradient lowering have between them: its knobs and its plan.
**
** A task owns a block of input channels, within one weight group, and goes through the output
** pixels in order, tile by tile.  With g the gradient of the output, w the weights of the block as
** a matrix of outputs x (tap, channel), and x the samples of the tile as one of pixels x (tap,
** channel), per tile:
**
**     g tile     [pixel][output]            gtile.c   nothing else is done where it is all zero
**     table      where every tap looks      table.c
**     dx = g w   [pixel][tap][channel]      ukernel.c
**     one pass   over all samples           samples.c
**         grad_input += coefficient dx      at the four corners: only this task writes there
**         dots       = sum of dx corner     over the channels of an offset group
**         x          = the sample again     its corners are in registers
**     grad_weight += x^T g                  ukernel.c, into the task's own block
**
** and once all tasks are done finish_*.c add up, in the order of bands and of blocks, what several
** of them have parts of, and turn dots into the gradients of offsets and masks.  Nothing depends
** on how many threads there are, and no two tasks write to one place.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GRADIENT_H
#define DCN_CODEGEN_GRADIENT_H

#include "codegen/kernel/entry.h"
#include "codegen/kernel/gradient_out.h"
#include "codegen/lowering.h"
#include "runtime/spec/gradient.h"

enum {
    GRADIENT_MR,
    GRADIENT_NV,
    GRADIENT_TILE_H,
    GRADIENT_TILE_W,
    GRADIENT_CHANNELS,
    GRADIENT_BANDS,
    GRADIENT_NKNOBS
};
_Static_assert((int)GRADIENT_NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

extern const Knob gradient_knobs[GRADIENT_NKNOBS];
const char *gradient_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void gradient_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k);
int gradient_phases(const dcn_spec *s, const dcn_target *t, const int *k,
                    PhaseCost out[MAX_PHASES]);
void gradient_explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size);

/* ---- the plan ---------------------------------------------------------------------------- */

/* Gradients that are asked for, and what they need. */
typedef struct GradientWant {
    bool input, offset, mask, weight;
    bool sums;    /* of rows of g alone: bias, shift */
    bool dots;    /* of dx with the corners */
    bool product; /* dx */
    bool samples; /* the table, and the pass over all samples */
} GradientWant;

/* A block of channels, as columns of the matrices [tap][span][channel].  A span shares an offset
** group; it is cut into vectors, and padded to whole ones, so that none crosses into the next
** panel. */
typedef struct GradientShape {
    int channels;        /* of the block; 0: there is no such block */
    int span, spans;     /* channels of a span, spans of the block */
    int lanes;           /* of the vectors that a span is cut into */
    int vectors;         /* of a span */
    int tap_columns;     /* from a tap to the next */
    int columns;         /* of all taps, padded to whole registers */
    int panels, last_nv; /* panels of nr columns, vectors in the last of them */
    int dx_stride;       /* elements from a pixel's row of dx to the next */
} GradientShape;

/* How channels are cut: `unit` channels share a weight group, and an offset group or whole ones;
** each unit is cut into blocks, of which the last may be shorter. */
typedef struct GradientBlocks {
    int taps;
    int in_channels, out_channels; /* of a weight group */
    int offset_channels;           /* input channels per offset group */
    int unit, per_unit, count;     /* channels of a unit, blocks of a unit, blocks */
    int parts;                     /* blocks that share an offset group */
    GradientShape shape[2];        /* of all blocks of a unit but the last, of the last */
} GradientBlocks;

/* A thread's workspace: byte offsets of its buffers. */
typedef struct GradientScratch {
    int64_t g, dx, x, table, coeff;
    int64_t sink; /* a pixel of a grad_input that nobody wants */
    int64_t bytes;
} GradientScratch;

typedef struct GradientPlan {
    const dcn_spec *s;
    int lanes, fp_bytes;
    GradientWant want;
    GradientBlocks blocks;
    GradientScratch scratch;
    int mr, nv, nr;            /* register tile: mr rows x nv vectors = nr columns */
    int th, tw, pixels;        /* tile of output pixels; at most so many */
    int panel_pixels;          /* pixels rounded up to whole register tiles */
    int outputs;               /* out_channels rounded up to whole register tiles */
    int g_stride;              /* elements from a pixel's row of the g tile to the next */
    int bands;                 /* parts of all tiles, each of which has tasks of its own */
    int tap_entries;           /* of the table, from a tap to the next */
    int64_t packed_elements;   /* of the weights */
    int64_t weight_elements;   /* of a band's grad_weight, as blocks */
    bool deformed, transposes; /* transposes: nchw, maps are worked on in nhwc copies */
} GradientPlan;

GradientPlan gradient_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* Columns of the blocks of one unit. */
int64_t gradient_unit_columns(const GradientPlan *p);

/* ---- the shared workspace ---------------------------------------------------------------- */

/* Addresses in it, and its size. */
typedef struct GradientShared {
    addr input;      /* nhwc copy; .v == NULL: there is none */
    addr grad_input; /* bands of nhwc maps: of all bands, or of all but the first */
    addr dots;       /* [part][pixel][offset group][tap][corner] */
    addr weight;     /* [band][block][output][column] */
    idx bytes;
} GradientShared;

GradientShared gradient_shared(Emit *e, const GradientPlan *p, const Problem *pb, addr workspace);

/* Elements of the input and of an nhwc copy of it; of one part of the dots. */
idx gradient_map_elements(Emit *e, const GradientPlan *p, const Problem *pb);
idx gradient_dot_elements(Emit *e, const GradientPlan *p, const Problem *pb);

/* ---- a block ----------------------------------------------------------------------------- */

/* Which block: of band and number, in the emitted code. */
typedef struct GradientBlock {
    int shape;        /* which of the two */
    idx number;       /* of the block */
    idx group;        /* weight group */
    idx channel;      /* its first one */
    idx offset, part; /* its first offset group, and which part of it it is */
    idx columns;      /* of all blocks before it */
} GradientBlock;

GradientBlock gradient_block(Emit *e, const GradientPlan *p, idx number, int shape);

/* Whether a block is the last of its unit, and so of the second shape. */
cond gradient_is_last(Emit *e, const GradientPlan *p, idx number);

/* Both shapes of blocks, or the one that there is: for (int i = first; i < 2; i++) */
int gradient_first_shape(const GradientPlan *p);

/* ---- pack.c ------------------------------------------------------------------------------ */

/* packed[block][panel][output][column of the panel], 0 where there is no channel. */
void gradient_emit_pack(Emit *e, Kernel *k, const GradientPlan *p);

/* ---- ukernel.c --------------------------------------------------------------------------- */

/* out[r][j] (+)= sum over i < depth of a[r, i] * b[i][j]   for all rows and all columns */
typedef struct GradientProductArgs {
    addr a, b, out;
    idx rows, depth;
} GradientProductArgs;

/* The products: dx = g w, and grad_weight += x^T g. */
typedef enum { GRADIENT_OF_SAMPLES, GRADIENT_OF_WEIGHT, NGRADIENT_PRODUCTS } GradientProduct;

LLVMValueRef gradient_emit_product(Emit *e, const GradientPlan *p, GradientProduct which,
                                   int shape);
void gradient_call_product(Emit *e, LLVMValueRef fn, const GradientProductArgs *in);

/* ---- gtile.c ----------------------------------------------------------------------------- */

/* A tile of output pixels. */
typedef struct GradientTile {
    idx n, p0, q0, rows, cols, pixels;
} GradientTile;

typedef struct GradientGTileArgs {
    addr args, to;
    idx n, p0, q0, rows, cols, group;
} GradientGTileArgs;

/* The rows of a weight group; the result is not 0 if any element is not 0. */
LLVMValueRef gradient_emit_gtile(Emit *e, const GradientPlan *p, LLVMValueRef transpose);
idx gradient_call_gtile(Emit *e, LLVMValueRef fn, const GradientGTileArgs *in);

/* ---- table.c ----------------------------------------------------------------------------- */

/* An entry is as in tiled/tile.h: the element of the upper left pixel, GRADIENT_OUTSIDE, or
** GRADIENT_CLAMPED minus the element. */
enum { GRADIENT_OUTSIDE = -1, GRADIENT_CLAMPED = -2 };

typedef struct GradientTableArgs {
    addr args, at, coeff;
    idx n, p0, q0, rows, cols;
    idx offset; /* first of `spans` offset groups */
} GradientTableArgs;

LLVMValueRef gradient_emit_table(Emit *e, const GradientPlan *p, int spans);
void gradient_call_table(Emit *e, LLVMValueRef fn, const GradientTableArgs *in);

/* ---- samples.c --------------------------------------------------------------------------- */

/* What the pass does: some of what is wanted. */
typedef struct GradientPass {
    bool input, dots, column;
} GradientPass;

typedef struct GradientSamplesArgs {
    addr args, input, grad_input; /* of the first channel of the block, in image n */
    addr at, coeff, dx, x;
    addr dots; /* of the first pixel, first offset group */
    idx rows, cols;
    idx step; /* 1; 0: all of grad_input is one pixel, which nobody looks at */
} GradientSamplesArgs;

LLVMValueRef gradient_emit_samples(Emit *e, const GradientPlan *p, int shape, GradientPass pass);
void gradient_call_samples(Emit *e, LLVMValueRef fn, const GradientSamplesArgs *in);

/* ---- task.c ------------------------------------------------------------------------------ */

typedef struct GradientTaskArgs {
    addr args, workspace, scratch;
    idx number;
} GradientTaskArgs;

LLVMValueRef gradient_emit_task(Emit *e, const GradientPlan *p, LLVMValueRef transpose, int shape);
void gradient_call_task(Emit *e, LLVMValueRef fn, const GradientTaskArgs *in);

/* ---- finish_*.c: what comes after all tasks ------------------------------------------------ */

typedef struct GradientFinishArgs {
    addr args, workspace;
    idx number; /* of the row or block */
} GradientFinishArgs;

/* A kind of task of the last phase. */
typedef struct GradientFinish {
    bool (*wanted)(const GradientPlan *p);
    idx (*count)(Emit *e, const GradientPlan *p, const Problem *pb);
    LLVMValueRef (*emit)(Emit *e, const GradientPlan *p, LLVMValueRef transpose);
} GradientFinish;

extern const GradientFinish gradient_finish_offset, gradient_finish_weight, gradient_finish_input,
    gradient_finish_sums;
LLVMValueRef gradient_begin_finish(Emit *e, const char *name, GradientFinishArgs *in);
void gradient_call_finish(Emit *e, LLVMValueRef fn, const GradientFinishArgs *in);

/* ---- run.c ------------------------------------------------------------------------------- */

void gradient_emit_kernel(Emit *e, Kernel *k, const GradientPlan *p);

#endif
