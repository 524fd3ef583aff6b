/* gradient.h: what the files of the gradient lowering have between them: its knobs and its plan.
**
** A task owns a block of input channels, within one weight group or of several whole ones, and goes
** through the output pixels in order, tile by tile.  With g the gradient of the output, w the
** weights of the block as a matrix of outputs x (channel, tap), and x the samples of the tile as one
** of pixels x (channel, tap), per tile:
**
**     g tile     [pixel][output]            gtile.c   nothing else is done where it is all zero
**     table      where every tap looks      table.c
**     dx = g w   [pixel][channel, tap]      ukernel.c
**     one pass   over all samples           samples.c, sample.c, samples_narrow.c
**         grad_input += coefficient dx      at the four corners: only this task writes there
**         dots       = sum of dx corner     over the channels of an offset group
**         x          = the sample again     its corners are in registers
**     dots       to the gradients of offsets and masks, where the block has all of them: offset_row.c
**     grad_weight += x^T g                  ukernel.c, into the task's own block
**
** and once all tasks are done finish_*.c add up, in the order of bands and of blocks, what several
** of them have parts of.  Nothing depends on how many threads there are, and no two tasks write to
** one place.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GRADIENT_H
#define DCN_CODEGEN_GRADIENT_H

#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/entry.h"
#include "codegen/kernel/gradient_out.h"
#include "codegen/kernel/sample.h"
#include "codegen/lowering.h"
#include "runtime/spec/gradient.h"

enum {
    GRADIENT_MR,
    GRADIENT_NV,
    GRADIENT_TILE_H,
    GRADIENT_TILE_W,
    GRADIENT_CHANNELS,
    GRADIENT_BANDS,
    GRADIENT_GROUP_PACK,
    GRADIENT_TAP_LANES,
    GRADIENT_PREFETCH,
    GRADIENT_COMPACT,
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

/* A block of channels, as columns of the matrices, [vector][tap][lane].  Channels of a run lie side
** by side in vectors of its own, the last of which is padded: those of a span, which share an offset
** group, or all of the block where several spans fill one vector. */
typedef struct GradientShape {
    int channels;          /* of the block; 0: there is no such block */
    int span, spans;       /* channels of a span, spans of the block */
    int samples_per_vec;   /* spans in a vector; 1: a span has vectors of its own */
    int run, run_vectors;  /* channels of a run, and vectors of them */
    int lanes, vectors;    /* of a vector; of the block */
    int vector_taps;       /* taps of a vector; where groups are packed, in whole panels */
    int columns;           /* of all taps, padded to whole registers */
    int panels, last_nv;   /* panels of nr columns, vectors in the last of them */
    int dx_stride;         /* elements from a pixel's row of dx to the next */
    int groups, g_outputs; /* weight groups of the block, and their outputs */
} GradientShape;

/* How channels are cut: `unit` channels share a weight group, unless these are packed, and an offset
** group or whole ones; each unit is cut into blocks, of which the last may be shorter. */
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
    int64_t g, g_lanes, dx, x, table, coeff, dots;
    int64_t sink; /* a pixel of a grad_input that nobody wants */
    int64_t bytes;
} GradientScratch;

/* Entries of the sample table from a tap, or a flat tap, to the next, and from a pixel to the next. */
typedef struct GradientEntries {
    bool tap_lanes; /* it is written along the taps of a pixel, not along the pixels of a row */
    int tap, pixel;
    int64_t all;
} GradientEntries;

typedef struct GradientPlan {
    const dcn_spec *s;
    int lanes, fp_bytes;
    GradientWant want;
    GradientBlocks blocks;
    GradientEntries entries;
    GradientScratch scratch;
    int mr, nv, nr;          /* register tile: mr rows x nv vectors = nr columns */
    int th, tw, pixels;      /* tile of output pixels; at most so many */
    int panel_pixels;        /* pixels rounded up to whole register tiles */
    int outputs;             /* out_channels rounded up to whole register tiles */
    int g_stride;            /* elements from a pixel's row of the g tile to the next */
    int dot_stride;          /* from a pixel's dots to the next */
    int prefetch;            /* pixels around a tile's taps; -1: nothing is fetched ahead */
    int bands;               /* parts of all tiles, each of which has tasks of its own */
    int64_t packed_elements; /* of the weights */
    int64_t weight_elements; /* of a band's grad_weight, as blocks */
    bool packs; /* a block has several weight groups, each in lanes or vectors of its own */
    bool lanes_are_groups;     /* lanes of a vector are channels of several weight groups */
    bool deformed, transposes; /* transposes: nchw */
    bool copies;               /* blocks work on copies of their channels of the maps, see maps.c */
} GradientPlan;

GradientPlan gradient_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* Whether the weight groups of the plan's blocks fill vectors side by side. */
bool gradient_can_pack(const GradientPlan *p);

/* Whether a task has all of the dots that it has parts of, and makes gradients of them itself. */
bool gradient_owns_dots(const GradientPlan *p);

/* Columns of the blocks of one unit. */
int64_t gradient_unit_columns(const GradientPlan *p);

/* ---- the shared workspace ---------------------------------------------------------------- */

/* Addresses in it, and its size. */
typedef struct GradientShared {
    addr input;      /* copies; .v == NULL: there are none */
    addr grad_input; /* bands of maps: of all bands, or, without copies, of all but the first */
    addr dots;       /* [part][pixel][offset group][tap][corner]; .v == NULL: tasks own theirs */
    addr weight;     /* [band][block][output][column] */
    idx bytes;
} GradientShared;

GradientShared gradient_shared(Emit *e, const GradientPlan *p, const Problem *pb, addr workspace);

/* Elements of one part of the dots. */
idx gradient_dot_elements(Emit *e, const GradientPlan *p, const Problem *pb);

/* ---- a block ----------------------------------------------------------------------------- */

/* Which block: of band and number, in the emitted code. */
typedef struct GradientBlock {
    int shape;        /* which of the two */
    idx number;       /* of the block */
    idx group;        /* its first weight group */
    idx channel;      /* its first one */
    idx offset, part; /* its first offset group, and which part of it it is */
    idx columns;      /* of all blocks before it */
} GradientBlock;

GradientBlock gradient_block(Emit *e, const GradientPlan *p, idx number, int shape);

/* Whether a block is of the second shape: the last of its unit, or all are alike. */
cond gradient_is_last(Emit *e, const GradientPlan *p, idx number);

/* The number of the first shape of which there are blocks: 0, or 1 where all are alike, as in
** for (int i = first; i < 2; i++). */
int gradient_first_shape(const GradientPlan *p);

/* ---- maps.c ------------------------------------------------------------------------------ */

/* Elements of the input's gradient as a band works on it. */
idx gradient_map_elements(Emit *e, const GradientPlan *p, const Problem *pb);

/* The element of it at which a block begins. */
idx gradient_first_element(Emit *e, const GradientPlan *p, const Problem *pb,
                           const GradientBlock *at);

/* Elements from a pixel, a row and an image of a block to the next. */
typedef struct GradientSteps {
    int pixel;
    idx row, image;
} GradientSteps;
GradientSteps gradient_steps(Emit *e, const GradientPlan *p, const Problem *pb, int shape);
/* Steps from a pixel to its neighbours, times 0 or 1. */
PixelSteps gradient_pixel_steps(Emit *e, const GradientPlan *p, const Problem *pb, int shape,
                                idx times);

void gradient_clear_map(Emit *e, const GradientPlan *p, const Problem *pb, int shape, addr map);

/* Row `number` of all images to the copies of all blocks; transpose: NULL in nhwc. */
typedef struct GradientRow {
    addr tensor, copies;
    idx number;
} GradientRow;

void gradient_row_to_copies(Emit *e, const GradientPlan *p, const Problem *pb,
                            LLVMValueRef transpose, const GradientRow *in);

/* Some rows of a block's copy of image n back to the tensor. */
typedef struct GradientRows {
    addr tensor, copy; /* copy: the block's own */
    GradientBlock block;
    idx n, first, last;
} GradientRows;

void gradient_rows_from_copy(Emit *e, const GradientPlan *p, const Problem *pb,
                             LLVMValueRef transpose, const GradientRows *in);

/* ---- pack.c ------------------------------------------------------------------------------ */

/* packed[block][panel][output][column of the panel], 0 where there is no channel or no tap. */
void gradient_emit_pack(Emit *e, Kernel *k, const GradientPlan *p);

/* ---- ukernel.c --------------------------------------------------------------------------- */

/* out[r][j] (+)= sum over i < depth of a[r, i] * b[i][j]   for all rows and all columns; where groups
** are packed, a[r, i] is that of the lane's group */
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

/* The rows of a block's weight groups; the result is not 0 if any element is not 0. */
LLVMValueRef gradient_emit_gtile(Emit *e, const GradientPlan *p, LLVMValueRef transpose, int shape);
idx gradient_call_gtile(Emit *e, LLVMValueRef fn, const GradientGTileArgs *in);

/* Packed groups are spread to [vector][pixel][output][lane], each lane with the outputs of its own group. */
typedef struct GradientGLanesArgs {
    addr from, to;
    idx pixels;
} GradientGLanesArgs;

LLVMValueRef gradient_emit_g_lanes(Emit *e, const GradientPlan *p, int shape);
void gradient_call_g_lanes(Emit *e, LLVMValueRef fn, const GradientGLanesArgs *in);

/* ---- table.c ----------------------------------------------------------------------------- */

typedef struct GradientTableArgs {
    addr args, at, coeff;
    idx n, p0, q0, rows, cols;
    idx offset; /* first of `spans` offset groups */
} GradientTableArgs;

LLVMValueRef gradient_emit_table(Emit *e, const GradientPlan *p, int shape);
void gradient_call_table(Emit *e, LLVMValueRef fn, const GradientTableArgs *in);

/* Offsets and masks of a pixel from an offset group on, where they lie side by side. */
TapRows gradient_tap_rows(Emit *e, const Problem *pb, const OutPixels *at, idx group);

/* ---- sample.c, samples_narrow.c: one sample, and several side by side -------------------------- */

/* What the pass does: some of what is wanted. */
typedef struct GradientPass {
    bool input, dots, column;
} GradientPass;

/* A span at a tap of a pixel. */
enum { GRADIENT_MAX_VECTORS = 64 };
typedef struct GradientSample {
    const GradientPlan *plan;
    const GradientShape *shape;
    PixelSteps from, to; /* in the input, and in its gradient */
    GradientPass pass;
    int vectors; /* of the span */
    mask tail;   /* lanes of the last of them */
    addr args;
    addr input, grad_input; /* pixel 0, from the span's first channel */
    addr at, coeff;         /* its entry of the table */
    addr dx, dots;
    addr x[GRADIENT_MAX_VECTORS];
    idx step; /* see GradientSamplesArgs */
} GradientSample;

void gradient_sample(Emit *e, const GradientSample *s);

/* The samples of all spans of a vector, of which s is the first; fn: made for them before. */
LLVMValueRef gradient_emit_one_sample(Emit *e, const GradientPlan *p, int shape, GradientPass pass);
void gradient_samples_side_by_side(Emit *e, const GradientSample *s, LLVMValueRef fn);

/* ---- samples.c: all of a tile ------------------------------------------------------------- */

typedef struct GradientSamplesArgs {
    addr args, input, grad_input; /* of the first channel of the block, in image n */
    addr at, coeff, dx, x;
    addr dots; /* of the first pixel, first offset group */
    idx rows, cols;
    idx step; /* 1; 0: all of grad_input is one pixel, which nobody looks at */
} GradientSamplesArgs;

LLVMValueRef gradient_emit_samples(Emit *e, const GradientPlan *p, int shape, GradientPass pass);
void gradient_call_samples(Emit *e, LLVMValueRef fn, const GradientSamplesArgs *in);

/* ---- prefetch.c ---------------------------------------------------------------------------- */

typedef struct GradientPrefetchArgs {
    addr args, input, grad_input; /* as those of GradientSamplesArgs */
    idx p0, q0, rows, cols, step;
} GradientPrefetchArgs;

LLVMValueRef gradient_emit_prefetch(Emit *e, const GradientPlan *p, int shape);
void gradient_call_prefetch(Emit *e, LLVMValueRef fn, const GradientPrefetchArgs *in);

/* Some pixels at a tap, and the maps of which they have a piece: offsets and masks, or the gradients of
** both; .v == NULL: there is none.  level: see p_prefetch. */
typedef struct GradientTap {
    const OutPixels *at;
    idx flat;
    addr offset, mask;
    int64_t mask_first; /* channel of the first mask in its map */
    int level;
} GradientTap;

/* Fetches that of the next offset group; whether that is worth it with so many of them in a block. */
bool gradient_fetches_planes(const GradientPlan *p, int spans);
void gradient_fetch_tap(Emit *e, const GradientPlan *p, const Problem *pb, const GradientTap *tap);

/* ---- offset_row.c ------------------------------------------------------------------------ */

/* Gradients of offsets and masks of some pixels of a row, of some offset groups. */
typedef struct GradientOffsetRowArgs {
    addr args, dots;   /* dots: of the first of both */
    idx n, p, q, cols; /* the first pixel, and how many */
    idx group, groups;
} GradientOffsetRowArgs;

LLVMValueRef gradient_emit_offset_row(Emit *e, const GradientPlan *p);
void gradient_call_offset_row(Emit *e, LLVMValueRef fn, const GradientOffsetRowArgs *in);

/* ---- task.c ------------------------------------------------------------------------------ */

typedef struct GradientTaskArgs {
    addr args, workspace, scratch;
    idx band, block;
} GradientTaskArgs;

/* What tasks of both shapes call. */
typedef struct GradientTaskFns {
    LLVMValueRef transpose, offset_row; /* NULL: none is needed */
} GradientTaskFns;

LLVMValueRef gradient_emit_task(Emit *e, const GradientPlan *p, const GradientTaskFns *shared,
                                int shape);
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
