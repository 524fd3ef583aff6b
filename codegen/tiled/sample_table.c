/* sample_table.c: where every tap of every pixel of a tile looks, once for all channels.
**
**     at[entry]          element of the upper left of the four pixels in the view, in its offset group's block
**     weights[entry][c]  corner c of the four, the tap's modulation and the border rule multiplied in
**
** entry = (d*K + k)*tap_entries + pixel*pixel_entries, pixel counts along the rows of the tile, so a tile at
** the edge of the map has no holes.  Vectors run along a row of the tile, or along the taps of a pixel where
** their offsets lie side by side (nhwc); they may spill into entries that are written later.
** Nothing in the map may leak into a sample that does not touch it (a weight of 0 would not keep a NaN out), so
** an entry may also be TILED_NOTHING, a sample wholly outside, or TILED_MOVED - at, one at the edge whose four
** pixels were moved into the map: those with weight 0 are not part of it.  A sample outside whose modulation is
** not finite stays a product, for 0 times it is not 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/sample.h"
#include "codegen/tiled/tiled.h"

enum { ARGS, AT, WEIGHTS, N, P, Q, COLS, PIXEL, AHEAD, OFFSETS, MASKS, NARGS };

/* The two tables being written. */
typedef struct Table {
    addr at, weights;
    int view;   /* elements per pixel of the view */
    ivec block; /* of the lanes' offset groups in the view, in elements; .v == NULL: there is one */
} Table;

/* Interleaved, and opaque: LLVM would take the stores that follow apart again. */
static fvec interleave(Emit *e, fvec a, fvec b, int each, int upper)
{
    fvec x = f_interleave(e, a, b, each, upper);
    return each == e->lanes ? x : f_opaque(e, x);
}

/* weights[entry][4] for a vector of entries: one line of the cache holds all corners of a sample. */
static void store_corners(Emit *e, const Table *t, idx entry, const BilinearTap *s)
{
    fvec zero = f_const(e, 0), w[4];
    fvec y[] = { s->y0, s->y1 };
    fvec x[] = { s->x0, s->x1 };
    for (int i = 0; i < 2 && s->valid.v; i++)
        y[i] = f_select(e, s->valid, y[i], zero);
    for (int c = 0; c < 4; c++) {
        fvec row = s->modulation.v ? f_mul(e, y[c / 2], s->modulation) : y[c / 2];
        w[c] = f_mul(e, row, x[c % 2]);
    }
    for (int i = 0; i < 4; i++) {
        fvec upper = interleave(e, w[0], w[1], 1, i / 2),
             lower = interleave(e, w[2], w[3], 1, i / 2);
        idx at = x_addk(e, x_mulk(e, entry, 4), i * e->lanes);
        p_store(e, p_at(e, t->weights, at), interleave(e, upper, lower, 2, i % 2), all_lanes);
    }
}

static mask leaves_nothing(Emit *e, const BilinearTap *s)
{
    mask out = m_not(e, s->valid);
    if (!s->modulation.v)
        return out;
    fvec zero = f_const(e, 0);
    return m_and(e, out, f_equal(e, f_mul(e, s->modulation, zero), zero));
}

/* What a place says besides where it looks; see the top. */
typedef struct Notes {
    mask nothing, moved;
} Notes;

static void store_at(Emit *e, const Problem *pb, const Table *t, idx entry, ivec y, ivec x,
                     const Notes *n)
{
    ivec at = i_add(e, i_mul(e, y, i_splat(e, pb->w)), x);
    at = i_mul(e, at, i_const(e, t->view));
    if (t->block.v)
        at = i_add(e, at, t->block);
    if (n->moved.v)
        at = i_select(e, n->moved, i_sub(e, i_const(e, TILED_MOVED), at), at);
    if (n->nothing.v)
        at = i_select(e, n->nothing, i_const(e, TILED_NOTHING), at);
    p_store_i32(e, p_at_i32(e, t->at, entry), at);
}

static void plain_tap(Emit *e, const Problem *pb, const Table *t, idx entry, const OutPixels *at,
                      idx i, idx j)
{
    ivec y = i_splat(e, emit_tap_row(e, pb, at->p, i)), x = emit_tap_cols(e, pb, at->q, j);
    mask in = m_and(e, i_below(e, y, i_splat(e, pb->h)), i_below(e, x, i_splat(e, pb->w)));
    store_at(e, pb, t, entry, y, x, &(Notes){ .nothing = m_not(e, in) });
}

static void store_sample(Emit *e, const Problem *pb, const Table *t, idx entry,
                         const BilinearTap *s)
{
    Notes notes = { s->valid.v ? leaves_nothing(e, s) : s->valid, s->moved };
    store_at(e, pb, t, entry, s->y, s->x, &notes);
    store_corners(e, t, entry, s);
}

static void deformed_tap(Emit *e, const Problem *pb, const Table *t, idx entry, const OutPixels *at,
                         idx i, idx j)
{
    BilinearTap s = emit_tap(e, pb, at, i, j);
    store_sample(e, pb, t, entry, &s);
}

/* All taps of one vector of pixels; `pixel` is the first one's number in the tile. */
static void all_taps(Emit *e, const TiledPlan *plan, const Problem *pb, const Table *t,
                     const OutPixels *at, idx pixel)
{
    const dcn_spec *s = plan->s;
    idx first = x_mulk(e, at->d, plan->taps), zero = x_const(e, 0);
    EMIT_FOR_OPAQUE (e, i, zero, x_const(e, s->kernel[0]), 1) {
        EMIT_FOR_OPAQUE (e, j, zero, x_const(e, s->kernel[1]), 1) {
            idx tap = x_add(e, first, x_add(e, x_mulk(e, i.at, s->kernel[1]), j.at));
            idx entry = x_add(e, x_mulk(e, tap, plan->tap_entries), pixel);
            if (problem_is_deformed(s))
                deformed_tap(e, pb, t, entry, at, i.at, j.at);
            else
                plain_tap(e, pb, t, entry, at, i.at, j.at);
        }
    }
}

static ivec blocks_of(Emit *e, const TiledPlan *plan, const Problem *pb, ivec d)
{
    if (plan->repack.block == plan->s->in_channels)
        return (ivec){ NULL };
    return i_mul(e, d, i_splat(e, repack_block_elements(e, &plan->repack, pb)));
}

/* Lanes along the columns of the row. */
static void row_by_pixels(Emit *e, const TiledPlan *plan, const Problem *pb, const Table *t)
{
    EMIT_FOR_OPAQUE (e, d, x_const(e, 0), x_const(e, plan->s->offset_groups), 1) {
        Table here = *t;
        here.block = blocks_of(e, plan, pb, i_splat(e, d.at));
        EMIT_VECTORS (e, v, e_arg_idx(e, COLS)) {
            v.at = x_opaque(e, v.at);
            OutPixels at = {
                .n = e_arg_idx(e, N), .d = d.at, .p = e_arg_idx(e, P), .live = v.live
            };
            at.q = x_add(e, e_arg_idx(e, Q), v.at);
            emit_softmax(e, pb, &at);
            all_taps(e, plan, pb, &here, &at, x_add(e, e_arg_idx(e, PIXEL), v.at));
        }
    }
}

/* Offsets (per = 2) or masks (1) of all taps of a pixel. */
static int64_t row_length(const TiledPlan *p, int per)
{
    return (int64_t)p->taps * p->s->offset_groups * per;
}

/* Where they are: in the tensor, or in a copy of it. */
static addr row_of(Emit *e, const TiledPlan *p, const Problem *pb, int per, const OutPixels *at,
                   idx col)
{
    if (p->turns)
        return p_at(e, e_arg_addr(e, per == 2 ? OFFSETS : MASKS),
                    x_mulk(e, col, row_length(p, per)));
    const idx pixel[4] = { at->n, x_const(e, 0), at->p, at->q };
    idx channels = x_const(e, per == 2 ? pb->offset_channels : pb->mask_channels);
    addr map = per == 2 ? pb->offset : pb->mask;
    return p_at(e, map, problem_at(e, pb, channels, pb->p, pb->q, pixel));
}

/* What will be read AHEAD pixels from here, a row of the tile later; stride: elements from pixel to pixel. */
static void prefetch_ahead(Emit *e, const TiledPlan *p, addr row, int per, int64_t stride)
{
    addr next = p_at(e, row, x_mulk(e, e_arg_idx(e, AHEAD), stride));
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), x_const(e, row_length(p, per)), 64 / e->fp_bytes) {
        p_prefetch(e, p_at(e, next, i.at), 1);
    }
}

static void store_spot(Emit *e, const Problem *pb, const Table *t, idx entry, const TapPos *spot)
{
    mask outside = m_not(e, emit_tap_inside(e, pb, spot));
    EMIT_IF_ELSE (e, border, c_any(e, outside)) {
        BilinearTap s = emit_bilinear_tap(e, pb, spot, !border.yes);
        store_sample(e, pb, t, entry, &s);
    }
}

static TapRows rows_of(Emit *e, const TiledPlan *p, const Problem *pb, const OutPixels *at, idx col)
{
    TapRows rows = { row_of(e, p, pb, 2, at, col), { NULL } };
    if (pb->mask.v)
        rows.mask = row_of(e, p, pb, 1, at, col);
    if (p->prefetch < 0 || p->turns)
        return rows;
    prefetch_ahead(e, p, rows.offset, 2, pb->offset_channels);
    if (pb->mask.v)
        prefetch_ahead(e, p, rows.mask, 1, pb->mask_channels);
    return rows;
}

/* Lanes along the taps of each pixel of the row. */
static void row_by_taps(Emit *e, const TiledPlan *plan, const Problem *pb, const Table *t)
{
    TapTable table = emit_tap_table(e, plan->s);
    EMIT_FOR_OPAQUE (e, col, x_const(e, 0), e_arg_idx(e, COLS), 1) {
        OutPixels at = { .n = e_arg_idx(e, N), .p = e_arg_idx(e, P) };
        at.q = x_add(e, e_arg_idx(e, Q), col.at);
        TapRows rows = rows_of(e, plan, pb, &at, col.at);
        idx pixel = x_add(e, e_arg_idx(e, PIXEL), col.at);
        EMIT_VECTORS (e, v, x_const(e, (int64_t)plan->taps * plan->s->offset_groups)) {
            Table here = *t;
            v.at = x_opaque(e, v.at);
            here.block = blocks_of(e, plan, pb, p_load_i32(e, p_at_i32(e, table.d, v.at)));
            TapPos spot = emit_tap_positions(e, pb, &table, &at, &rows, &v);
            idx entry = x_add(e, x_mulk(e, pixel, plan->pixel_entries), v.at);
            store_spot(e, pb, &here, entry, &spot);
        }
    }
}

LLVMValueRef tiled_emit_places(Emit *e, const TiledPlan *plan)
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->ptr, e->i64, e->i64, e->i64,
                                      e->i64, e->i64, e->i64, e->ptr, e->ptr };
    LLVMValueRef fn = e_fn_begin(e, "places", 1, e->none, NARGS, args);
    Problem pb = problem_load(e, plan->s, e_arg_addr(e, ARGS));
    Table t = { .at = e_arg_addr(e, AT),
                .weights = e_arg_addr(e, WEIGHTS),
                .view = plan->repack.block };
    (plan->by_taps ? row_by_taps : row_by_pixels)(e, plan, &pb, &t);
    e_fn_end(e);
    return fn;
}
