/* tiled.h: the pieces of the tiled lowering, and the plan that they share.
**
** Per tile of output pixels:
**
**     places     where every (offset group, tap, pixel) looks, and its four weights     tiled_places.c
**     column     for a block of channels and taps: sampled rows, [pixel][tap][channel]   tiled_column.c, tiled_abreast.c
**     product    register tiles: pixels x output channels, weights packed once           tiled_product.c
**
** The column tile is all that ever exists of the column matrix (im2col).  A plan is everything that
** follows from spec, target and knobs, worked out once; the emitters read nothing else.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TILED_H
#define DCN_CODEGEN_TILED_H

#include "codegen/kernel/entry.h"
#include "codegen/kernel/repack.h"
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
    TILED_NKNOBS
};

_Static_assert((int)TILED_NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

extern const Knob tiled_knobs[TILED_NKNOBS];
const char *tiled_refuse(const dcn_spec *s, const dcn_target *t, const int *k);
void tiled_guess(const dcn_spec *s, const dcn_target *t, int *k);
/* The same where a filler makes the columns, so that there must be some. */
void tiled_guess_filled(const dcn_spec *s, const dcn_target *t, int *k);
double tiled_cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads);

/* Weight groups that are narrower than a vector stand side by side in it: `pack` of them make one packed
** group.  Lane o*pack + i is output o of its group i, and one step of the product repeats the `pack` elements
** that the groups have at the same k.  With pack = 1 a packed group is a weight group. */
typedef struct TiledPlan {
    const dcn_spec *s;
    int lanes, fp_bytes;
    int mr, nv, nr;     /* register tile: mr pixels x nv vectors = nr output channels */
    int th, tw, pixels; /* tile of output pixels; at most so many */
    int panel_pixels;   /* pixels rounded up to whole register tiles */
    int prefetch; /* pixels around a tile's window of the input that are fetched ahead; -1: none */
    int grain;    /* tiles per task, which one thread computes one after another */
    int implicit; /* panels inside the map are multiplied from there, not from a column */
    int strip;    /* pixels whose places are worked out together: a tile's, or fewer */
    int by_taps;  /* places are worked out with lanes along taps, not along pixels */
    int turns;    /* for that, nchw offsets and masks are copied row by row to [pixel][channel] */
    int tap_entries, pixel_entries; /* entries of the places from a tap, from a pixel to the next */
    int64_t entries;                /* of the table of places; room for whole vectors at the ends */
    int taps, tap_block;            /* K, and how many of them one column holds */
    int pack, groups;               /* weight groups per packed group, packed groups */
    int in_group, out_group;        /* channels of a packed group */
    int offset_group;               /* input channels per offset group */
    Repack repack;                  /* the view: blocks of channels that are sampled together */
    int abreast;       /* samples that fill a vector, where offset groups are so narrow; else 0 */
    int channel_block; /* channels of a packed group per column; the last block may be shorter */
    int group_block;   /* packed groups per column; more than 1 only with whole groups */
    int column_group;  /* elements from a packed group of the column to the next */
    int column_stride; /* elements from a pixel of the column to the next */
    int out_padded;    /* out_group in whole vectors */
    int out_blocks, last_nv; /* register tiles across a group, vectors in the last */
    int by_outputs;          /* loop order: 1 output blocks outside, 0 pixels outside */
    int unroll;              /* of the product's loop */
    int out_stride;          /* nchw: row of the output tile, elements; else 0 */
    int64_t offset_rows, mask_rows, places, weights, rows, residual_rows, column, out_tile,
        spare;      /* byte offsets in a thread's workspace */
    int64_t filler; /* and of what a filler works in */
    int64_t thread_bytes;
    int64_t packed_elements;
} TiledPlan;

TiledPlan tiled_plan(const dcn_spec *s, const dcn_target *t, const int *k);

/* A schedule that is asked for. */
typedef struct TiledChoice {
    const dcn_spec *s;
    const dcn_target *t;
    const int *k;
    TiledPlan p;
} TiledChoice;

/* Every reason to refuse one, in the order in which they are looked for; a row without a reason ends them. */
typedef struct TiledRefusal {
    int knob; /* the one to change */
    const char *reason;
    bool (*holds)(const TiledChoice *c);
} TiledRefusal;

extern const TiledRefusal tiled_refusals[];

/* Samples are read from the view: the input in blocks of `view` channels, [block][H][W][view].  An nhwc input is
** its own view when there is one block; else the view is a copy in the shared workspace, made in a phase of
** its own. */
int tiled_repacks(const TiledPlan *p);

/* The internal functions of a kernel. */
typedef struct TiledParts {
    LLVMValueRef turn /* nchw only, see turn.h */, coords /* NULL: the offsets lie well */, places,
        columns[2] /* whole, last channel block */, products[2] /* inner, last block of outputs */;
    LLVMValueRef implicits[2];   /* the same products from the map; NULL: none */
    LLVMValueRef repack, unpack; /* nchw only */
    LLVMValueRef prefetch;       /* NULL: none */
    LLVMValueRef fill;           /* instead of places and columns */
} TiledParts;

/* Entries of the table of places below 0. */
enum { TILED_NOTHING = -1, TILED_MOVED = -2 };

/* coords(args, offset rows, mask rows, n, p, q, cols, ahead): offsets and masks to [pixel][channel] */
LLVMValueRef tiled_emit_coords(Emit *e, const TiledPlan *plan, LLVMValueRef turn);

/* places(args, at, weights, n, p, q, cols, pixel, ahead, offset rows, mask rows): of `cols` pixels from (p, q), the first of which is
** number `pixel` in the tables; what they read will be read `ahead` pixels from here next. */
LLVMValueRef tiled_emit_places(Emit *e, const TiledPlan *plan);

/* column(args, view of image n, at, weights, column, first channel, first tap, taps, pixels) */
LLVMValueRef tiled_emit_column(Emit *e, const TiledPlan *plan, const char *name, int channels);

/* The same function where the plan has samples abreast. */
LLVMValueRef tiled_emit_abreast(Emit *e, const TiledPlan *plan, const char *name, int channels);

/* The most weight groups that fill a vector evenly, side by side; 1: none do. */
int tiled_fitting_pack(const dcn_spec *s, int lanes);

/* Whether lanes can run along the taps of a pixel. */
int tiled_can_by_taps(const dcn_spec *s);

/* Channels in a row of a column that share one offset group. */
int tiled_run(const TiledPlan *plan, int channels);

/* Those of them in one packed group: a column is ordered [chunk][tap][channel], so that the samples of an
** offset group are written, and its places read, side by side. */
int tiled_chunk(const TiledPlan *plan, int channels);

/* The residual and the activation of an nchw output come when its tile leaves, for the residual is not in the
** tile's layout; else they come with the last product. */
int tiled_finishes_late(const TiledPlan *p);

/* The tile in hand: what the loops over it hand on. */
typedef struct TiledTile {
    const TiledPlan *plan;
    const TiledParts *parts;
    Problem pb;
    addr args, input; /* the view of image n */
    addr own;         /* this thread's workspace */
    idx n, p0, q0, rows, cols, pixels;
} TiledTile;

/* Byte `at` of the thread's workspace. */
addr tiled_own(Emit *e, const TiledTile *c, int64_t at);

/* The block of the sum in hand: channels from c0 of packed group g. */
typedef struct TiledBlock {
    idx g, c0, column, weights; /* column, weights: elements from their beginnings */
    idx depth, first, last;     /* first, last: 1 or 0 */
} TiledBlock;

/* The products of a block with all of the tile. */
void tiled_multiply(Emit *e, const TiledTile *c, const TiledBlock *b);

/* Whether the register tile from a pixel on needs no column: its pixels stand side by side in a row, and no tap of
** theirs looks beyond the map. */
cond tiled_inside(Emit *e, const TiledTile *c, idx panel);

/* product(column, weights, depth, rows, residual rows, args, first output channel, is first, is last block of the depth);
** is_last: of the last block of outputs, which may be ragged */
LLVMValueRef tiled_emit_product(Emit *e, const TiledPlan *plan, const char *name, int nv,
                                int is_last);

/* The same function with the map in place of the column: where the first pixel's first tap looks. */
LLVMValueRef tiled_emit_implicit(Emit *e, const TiledPlan *plan, const char *name, int nv,
                                 int is_last);

/* prefetch(args, view of image n, n, p, q, cols, first): what the row of a tile at (p, q) will read and write,
** into L2, given that the row above came before, if not first */
LLVMValueRef tiled_emit_prefetch(Emit *e, const TiledPlan *plan);

/* unpack(args, from, n, p0, q0, rows, cols): a tile of outputs, [pixel][channel] to nchw */
LLVMValueRef tiled_emit_unpack(Emit *e, const TiledPlan *plan, LLVMValueRef turn);

void tiled_emit_pack(Emit *e, Kernel *k, const TiledPlan *p);

/* Another way to fill the column of a tile, all channels and taps at once: writes a function
** (args, own, column, row_stride, n, p0, q0, rows, cols); row_stride: elements of a row of pixels in the column. */
typedef LLVMValueRef (*TiledFiller)(Emit *e, const void *self);

TiledParts tiled_emit_parts(Emit *e, const TiledPlan *p, TiledFiller fill, const void *self);

/* A whole kernel. */
void tiled_emit_plan(Emit *e, Kernel *k, const TiledPlan *p, TiledFiller fill, const void *self);

#endif
