/* tiled.h: the door of the tiled lowering: its knobs, its plan, and kernels on another A tile.
**
** Per tile of output pixels:
**
**     sample table   where every (offset group, tap, pixel) looks, and its four coefficients
**     im2col tile    for a block of channels and taps: sampled rows, [pixel][tap][channel]
**     macro-kernel   micro-kernels over it: mr pixels x nr outputs, weights packed once
**
** in sample_table.c; column.c and column_narrow.c; macrokernel.c and ukernel.c.  Where there are
** fewer tiles than threads a tile may be the work of several tasks: parts of its outputs, or parts
** of the sum over its input channels, which a last phase adds up (sum.c).
**
** The im2col tile is all that ever exists of the column matrix.  In the terms of a matrix product
** it is A, the packed weights are B, and kc = channel_block * tap_block is the depth that one
** column holds.  A plan is everything that follows from spec, target and knobs, worked out once;
** the emitters read nothing else.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TILED_H
#define DCN_CODEGEN_TILED_H

#include "codegen/kernel/entry.h"
#include "codegen/kernel/repack.h"
#include "codegen/kernel/sample.h"
#include "codegen/lowering.h"

enum {
    TILED_MR,
    TILED_NV,
    TILED_TILE_H,
    TILED_TILE_W,
    TILED_KC_CHANNELS,
    TILED_KC_TAPS,
    TILED_LOOP_ORDER,
    TILED_UNROLL,
    TILED_GROUP_PACK,
    TILED_REPACK,
    TILED_TAP_LANES,
    TILED_OFFSET_CHUNK,
    TILED_PREFETCH,
    TILED_GRAIN,
    TILED_IMPLICIT_GEMM,
    TILED_OC_SPLIT,
    TILED_IC_SPLIT,
    TILED_WEIGHTS_AHEAD,
    TILED_NKNOBS
};
_Static_assert((int)TILED_NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

extern const Knob tiled_knobs[TILED_NKNOBS];
const char *tiled_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void tiled_guess(const dcn_spec *s, const dcn_target *t, int threads, int *k);
/* A guess for a kernel whose A tile comes from a TiledSource, which always fills a column. */
void tiled_guess_for_source(const dcn_spec *s, const dcn_target *t, int *k);
/* Alters a guess into one for more than KERNEL_FEW_THREADS, by the account of costs: the tile, and parts of it that are
** the work of several tasks. */
void tiled_spread(const dcn_spec *s, const dcn_target *t, int threads, int *k);
/* What the phases of a call are expected to take, see kernel/cost.h. */
int tiled_phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES]);
void tiled_explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size);

/* ---- the plan ---------------------------------------------------------------------------- */

/* The register tile and the tile of pixels, and how the one goes over the other. */
typedef struct TiledShape {
    int mr, nv, nr;     /* register tile: mr pixels x nv vectors = nr output channels */
    int th, tw, pixels; /* tile of output pixels; at most so many */
    int panel_pixels;   /* pixels rounded up to whole register tiles */
    int grain;          /* tiles per task, which one thread computes one after another */
    int unroll;         /* rank-1 updates in one body of the micro-kernel's loop */
    bool outputs_outer; /* loop order: blocks of outputs outside, panels of pixels inside */
    bool implicit_gemm; /* panels inside the map are multiplied from there, not from a column */
    int weights_ahead; /* elements of the next block of outputs to ask for per rank-1 update; 0: none */
    bool one_row;      /* whole rows of a pointwise convolution, worked on as one row of pixels */
} TiledShape;

/* How channels and taps are grouped, and cut into columns and blocks of outputs.
**
** Weight groups that are narrower than a vector stand side by side in it: `pack` of them make one
** packed group.  Lane o*pack + i is output o of its group i, and one rank-1 update repeats the
** `pack` elements that the groups have at the same k.  With pack = 1 a packed group is a weight
** group. */
typedef struct TiledGroups {
    int taps, tap_block;           /* K, and how many of them one column holds */
    int pack, count;               /* weight groups per packed group, packed groups */
    int in_channels, out_channels; /* of a packed group */
    int offset_channels;           /* input channels per offset group */
    int channel_block;   /* channels of a packed group per column; the last block may be shorter */
    int group_block;     /* packed groups per column; more than 1 only with whole groups */
    int samples_per_vec; /* samples that fill a vector, where offset groups are so narrow; else 0 */
    int out_padded;      /* out_channels in whole vectors */
    int out_blocks, last_nv; /* blocks of nr outputs in a group, vectors in the last of them */
} TiledGroups;

/* A tile as the work of several tasks, its parts: part number ic*oc_parts + oc of ic_parts*oc_parts.
**
** Parts over output channels hold whole weight groups, so nothing is sampled twice; where there is
** one group only, blocks of its outputs, and each samples all of the column.  Parts over input
** channels hold whole blocks of channels of every group: each has a sum of its own in the
** workspace,
**
**     partial[ic part][n][p][q][output channel]
**
** and the last phase adds them in order of the parts, so that no number of threads changes the
** result.  A part is nowhere longer than these, the last one may be shorter. */
typedef struct TiledParts {
    int oc_parts, ic_parts;
    int groups;     /* packed groups of a part over outputs, or all */
    int out_blocks; /* blocks of nr outputs of a part over outputs, or all */
    int channels;   /* input channels of each packed group that a part over inputs has, or all */
} TiledParts;

/* The sample table, and the pass over the offsets that fills it. */
typedef struct TiledTable {
    bool tap_lanes;  /* lanes run along the taps of a pixel, not along the pixels of a row */
    bool transposes; /* nchw offsets and masks are transposed first, because lanes run along taps */
    int chunk; /* pixels per pass over the offsets; tile.pixels: one pass for the whole tile */
    int tap_entries, pixel_entries; /* entries from a tap to the next, from a pixel to the next */
    int64_t entries;                /* of the table; room for whole vectors at the ends */
} TiledTable;

/* A thread's workspace: byte offsets of its buffers, and strides in elements. */
typedef struct TiledScratch {
    int64_t offset_rows, mask_rows; /* transposed offsets and masks */
    int64_t table, coeff;           /* sample table: elements; four bilinear coefficients of each */
    int64_t rows, residual_rows;    /* addresses of the rows of the output and of the residual */
    int64_t column;                 /* the im2col tile */
    int64_t out_tile;               /* nchw: outputs of a tile, or of parts that were added up,
                                    ** before they are transposed */
    int64_t dummy_row;              /* what pixels beyond the tile write to */
    int64_t a_source;               /* what a TiledSource works in */
    int64_t bytes;
    int column_stride; /* from a pixel of the column to the next */
    int group_stride;  /* from a packed group of the column to the next */
    int out_stride;    /* nchw: from a pixel of the output tile to the next; else 0 */
} TiledScratch;

typedef struct TiledPlan {
    const dcn_spec *s;
    int lanes, fp_bytes;
    Repack repack; /* what is sampled: the input itself, or a copy of it in blocks of channels */
    TiledShape tile;
    TiledGroups groups;
    TiledParts parts;
    TiledTable table;
    TiledScratch scratch;
    int prefetch; /* pixels around a tile's window of the input that are fetched ahead; -1: none */
    int64_t packed_elements; /* of the weights */
} TiledPlan;

TiledPlan tiled_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* The problem as a tile sees it: tile.one_row makes one row of every map. */
Problem tiled_problem(Emit *e, const TiledPlan *p, addr args);

/* Whether samples are read from a copy: an nhwc input in one block may be read as it is. */
bool tiled_repacks(const TiledPlan *p);

/* Channels that lie side by side in a column are cut twice.  A span is what shares an offset
** group, and so one entry of the sample table; a seg is what one packed group has of it.  A
** column is ordered [seg][tap][channel], so that the samples of an offset group are written, and
** its entries read, side by side. */
int tiled_span(const TiledPlan *p, int channels);
int tiled_seg(const TiledPlan *p, int channels);

/* The most weight groups that fill a vector evenly, side by side; 1: none do. */
int tiled_fitting_pack(const dcn_spec *s, int lanes);

/* Whether tiles have partial sums over parts of the input channels. */
bool tiled_sums_parts(const TiledPlan *p);

/* What a task of the last phase adds up: a row of the output, so many of its channels; and how many
** pixels of it are transposed at a time. */
enum { TILED_SUM_CHANNELS = 128, TILED_SUM_COLS = 16 };

/* Tasks that a tile is the work of. */
int tiled_parts(const TiledPlan *p);

/* Elements of the partial sums for so many pixels of the output; 0 where each tile has its own. */
int64_t tiled_partial_elements(const TiledPlan *p, int64_t pixels);

/* ---- legality ---------------------------------------------------------------------------- */

/* A schedule that is asked for. */
typedef struct TiledChoice {
    const dcn_spec *s;
    const dcn_target *t;
    const int *k;
    TiledPlan p;
} TiledChoice;

/* Every reason to refuse one, in the order in which they are looked for; a row without a reason
** ends them. */
typedef struct TiledRefusal {
    int knob; /* the one to change */
    const char *reason;
    bool (*holds)(const TiledChoice *c);
} TiledRefusal;

extern const TiledRefusal tiled_refusals[];

/* ---- kernels ----------------------------------------------------------------------------- */

/* Where a source puts the A tile: pixel (r, c) of rows x cols output pixels from (p0, q0) of
** image n goes to column + r*row_stride + c*scratch.column_stride, all channels of it. */
typedef struct TiledSourceArgs {
    addr args, scratch, column;
    idx row_stride, n, p0, q0, rows, cols;
} TiledSourceArgs;

/* Who fills the A tile in place of samples: `emit` writes a function into the module, `call`
** calls it. */
typedef struct TiledSource {
    LLVMValueRef (*emit)(Emit *e, const void *self);
    void (*call)(Emit *e, LLVMValueRef fn, const TiledSourceArgs *in);
    const void *self;
} TiledSource;

/* A whole kernel; source NULL: the A tile is sampled from the input. */
void tiled_emit_kernel(Emit *e, Kernel *k, const TiledPlan *p, const TiledSource *source);

#endif
