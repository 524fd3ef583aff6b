/* tile.h: what the files that write a tiled kernel share: its functions, and the tile in hand.
**
** Each struct of arguments belongs to the function that the file named beside it writes and calls.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TILE_H
#define DCN_CODEGEN_TILE_H

#include "codegen/ir/transpose.h"
#include "codegen/kernel/sample.h"
#include "codegen/tiled/tiled.h"

/* The internal functions of a kernel; NULL: it needs no such. */
typedef struct TiledFns {
    const TiledSource *source; /* NULL: what follows down to column */
    LLVMValueRef a_source;     /* the source's function */
    LLVMValueRef offset_rows, sample_table, prefetch;
    LLVMValueRef column[2];      /* of whole channel blocks, of the last one */
    LLVMValueRef ukernel[2];     /* of inner blocks of outputs, of the last one */
    LLVMValueRef implicit[2];    /* what ukernel[] does, from the map */
    LLVMValueRef transpose;      /* nchw, see ir/transpose.h */
    LLVMValueRef repack, unpack; /* input, outputs */
    LLVMValueRef sum;            /* of the parts of a split over input channels */
} TiledFns;

TiledFns tiled_emit_fns(Emit *e, const TiledPlan *p, const TiledSource *source);

/* ---- the tile in hand -------------------------------------------------------------------- */

/* What a task has of a tile: packed groups, channels of each, outputs of each in whole blocks; see
** TiledParts. */
typedef struct TilePart {
    idx ic; /* number of the part over input channels */
    idx first_group, end_group, first_channel, end_channel, first_out, end_out;
} TilePart;

typedef struct TiledTile {
    const TiledPlan *plan;
    const TiledFns *fns;
    Problem pb;
    TilePart part;
    addr args, input; /* input: image n of what is sampled */
    addr partial;     /* sums of parts over input channels, where there are such */
    addr scratch;     /* this thread's workspace */
    idx n, p0, q0, rows, cols, pixels;
} TiledTile;

typedef struct TiledTileArgs {
    addr args, shared, scratch;
    idx number; /* of the part of a tile, in all images; those of a tile follow one another */
} TiledTileArgs;

/* tile.c: the function that computes one tile. */
LLVMValueRef tiled_emit_tile(Emit *e, const TiledPlan *p, const TiledFns *fns);
void tiled_call_tile(Emit *e, LLVMValueRef fn, const TiledTileArgs *in);

/* Tiles along a side of the map. */
static inline idx tiled_along(Emit *e, idx size, int tile)
{
    return x_ceil_div(e, size, tile);
}

/* Rows of a map are cut as evenly as they go: 25 rows in tiles of at most 8 are 6, 6, 6 and 7 of
** them, so that the last tile has no less to do than the others. */
typedef struct TiledRows {
    idx first, count;
} TiledRows;

static inline TiledRows tiled_rows(Emit *e, idx size, idx tiles, idx number)
{
    idx first = x_div(e, x_mul(e, number, size), tiles);
    idx end = x_div(e, x_mul(e, x_addk(e, number, 1), size), tiles);
    return (TiledRows){ first, x_sub(e, end, first) };
}

/* Byte `at` of the thread's workspace. */
static inline addr tiled_scratch(Emit *e, const TiledTile *t, int64_t at)
{
    return p_at_bytes(e, t->scratch, x_const(e, at));
}

/* parts.c: the part of that number; where the partial sums are in the shared workspace: behind the copy of the
** input. */
TilePart tiled_part(Emit *e, const TiledPlan *p, idx number);
addr tiled_partial(Emit *e, const TiledPlan *p, const Problem *pb, addr shared);

/* The residual and the activation of an nchw output come after its tile was transposed, for the
** residual is not in the tile's layout; else they come with the last micro-kernel. */
static inline bool tiled_epilogue_after_transpose(const TiledPlan *p)
{
    return p->s->residual && p->scratch.out_stride;
}

/* ---- offset_rows.c: nchw offsets and masks of (p, q) .. (p, q + cols - 1) to [pixel][channel] */

typedef struct TiledOffsetsArgs {
    addr args, offsets, masks; /* offsets, masks: where they go */
    idx n, p, q, cols;
} TiledOffsetsArgs;

LLVMValueRef tiled_emit_offset_rows(Emit *e, const TiledPlan *p, LLVMValueRef transpose);
void tiled_call_offset_rows(Emit *e, LLVMValueRef fn, const TiledOffsetsArgs *in);

/* ---- sample_table.c: entries of pixels (p, q) .. (p, q + cols - 1) ----------------------- */

typedef struct TiledTableArgs {
    addr args, at, coeff; /* at, coeff: the two tables */
    idx n, p, q, cols;
    idx pixel;           /* number of the first pixel in the tables */
    idx ahead;           /* pixels from here to what this thread will ask for next */
    addr offsets, masks; /* transposed, where the plan transposes them */
} TiledTableArgs;

LLVMValueRef tiled_emit_sample_table(Emit *e, const TiledPlan *p);
void tiled_call_sample_table(Emit *e, LLVMValueRef fn, const TiledTableArgs *in);

/* ---- column.c, column_narrow.c: a block of channels and taps of the im2col tile ---------- */

typedef struct TiledColumnArgs {
    addr args, input, at, coeff, column; /* of the first pixel */
    idx channel, tap, taps, pixels;      /* channel, tap: the first of the block */
} TiledColumnArgs;

/* Appends the function that samples `channels` channels of a block. */
LLVMValueRef tiled_emit_column(Emit *e, const TiledPlan *p, const char *name, int channels);
void tiled_call_column(Emit *e, LLVMValueRef fn, const TiledColumnArgs *in);

/* As tiled_emit_column, of a plan with several samples per vector.  Both begin the function by
** tiled_begin_column. */
LLVMValueRef tiled_begin_column(Emit *e, const char *name, TiledColumnArgs *in);
LLVMValueRef tiled_emit_column_narrow(Emit *e, const TiledPlan *p, const char *name, int channels);

/* ---- ukernel.c: the sum of a register tile over one column ------------------------------- */

typedef struct TiledUkernelArgs {
    addr a, weights; /* a: the column, or the map where the first pixel's first tap looks */
    idx kc;          /* rank-1 updates */
    addr rows, residual_rows; /* tables of addresses of the tile's first pixel */
    addr args;
    idx out;         /* first output channel */
    addr ahead;      /* weights to ask for meanwhile; .v == NULL: none */
    idx first, last; /* 1 if this is the first, the last block of the sum */
} TiledUkernelArgs;

/* is_last: of the last block of outputs, which may be ragged. */
LLVMValueRef tiled_emit_ukernel(Emit *e, const TiledPlan *p, const char *name, bool is_last);
LLVMValueRef tiled_emit_ukernel_implicit(Emit *e, const TiledPlan *p, const char *name,
                                         bool is_last);
void tiled_call_ukernel(Emit *e, LLVMValueRef fn, const TiledUkernelArgs *in);

/* ---- macrokernel.c: a block of the sum for all of the tile ------------------------------- */

/* Channels from c0 of packed group g. */
typedef struct TiledBlock {
    idx g, c0, column, weights; /* column, weights: elements from their beginnings */
    idx kc, first, last;        /* see TiledUkernelArgs */
} TiledBlock;

void tiled_macrokernel(Emit *e, const TiledTile *t, const TiledBlock *b);

/* Whether the register tile from a pixel on needs no column: its pixels stand side by side in a
** row, and no tap of theirs looks beyond the map. */
cond tiled_inside(Emit *e, const TiledTile *t, idx panel);

/* ---- prefetch.c: what the row of a tile at (p, q) will read and write, into L2 ----------- */

typedef struct TiledPrefetchArgs {
    addr args, input;
    idx n, p, q, cols;
    idx first; /* 1: nothing of the row above was asked for yet */
} TiledPrefetchArgs;

LLVMValueRef tiled_emit_prefetch(Emit *e, const TiledPlan *p);
void tiled_call_prefetch(Emit *e, LLVMValueRef fn, const TiledPrefetchArgs *in);

/* ---- unpack.c: a tile of outputs, [pixel][channel] to nchw ------------------------------- */

typedef struct TiledUnpackArgs {
    addr args, from;
    idx n, p0, q0, rows, cols;
    idx channel, channels; /* those that the task has computed */
} TiledUnpackArgs;

LLVMValueRef tiled_emit_unpack(Emit *e, const TiledPlan *p, LLVMValueRef transpose);
/* The epilogue of outputs that are transposed: act(x + residual), residual being laid out as they are. */
void tiled_epilogue_of_rows(Emit *e, const TiledPlan *p, const Transpose *t, addr residual);

void tiled_call_unpack(Emit *e, LLVMValueRef fn, const TiledUnpackArgs *in);

/* ---- pack.c: the entry point that packs the weights -------------------------------------- */

void tiled_emit_pack(Emit *e, Kernel *k, const TiledPlan *p);

/* ---- sum.c: the last phase, where tiles are split over input channels ---------------------- */

typedef struct TiledSumArgs {
    addr args, partial, scratch;
    idx number; /* of the task */
} TiledSumArgs;

idx tiled_sum_tasks(Emit *e, const TiledPlan *p, const Problem *pb);
LLVMValueRef tiled_emit_sum(Emit *e, const TiledPlan *p, LLVMValueRef transpose);
void tiled_call_sum(Emit *e, LLVMValueRef fn, const TiledSumArgs *in);

#endif
