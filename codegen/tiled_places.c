/* tiled_places.c: where every tap of every pixel of a tile looks, once for all channels.
**
**     at[entry]          element of the upper left of the four pixels in the view's block
**     weights[entry][c]  corner c of the four, the tap's modulation and the border rule multiplied in
**
** entry = (d*K + k)*tap_entries + pixel*pixel_entries, pixel = row*cols + column within the tile, so a tile at
** the edge of the map has no holes.  Vectors run along a row of the tile, or along the taps of a pixel where
** their offsets lie side by side (nhwc); they may spill into entries that are written later.
** Nothing in the map may leak into a sample that does not touch it (a weight of 0 would not keep a NaN out), so
** an entry may also be TILED_NOTHING, a sample wholly outside, or TILED_MOVED - at, one at the edge whose four
** pixels were moved into the map: those with weight 0 are not part of it.  A sample outside whose modulation is
** not finite stays a product, for 0 times it is not 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "sample.h"
#include "tiled.h"

enum { ARGS, AT, WEIGHTS, N, P0, Q0, ROWS, COLS, NARGS };

/* The two tables being written. */
typedef struct Table {
    addr at, weights;
    int view; /* elements per pixel of the view */
} Table;

/* Elements of a and b in turns, `each` at a time, from the lower or the upper half of both. */
static fvec in_turns(Emit *e, fvec a, fvec b, int each, int upper)
{
    int from[64], half = e->lanes / 2;
    if (each == e->lanes)
        return upper ? b : a;
    for (int i = 0; i < e->lanes; i++) {
        int pair = i / (2 * each), at = upper * half + pair * each + i % each;
        from[i] = i / each % 2 ? e->lanes + at : at;
    }
    return f_shuffle(e, a, b, from);
}

/* weights[entry][4] for a vector of entries: one line of the cache holds all corners of a sample. */
static void store_corners(Emit *e, const Table *t, idx entry, const Sample *s)
{
    fvec zero = f_const(e, 0), w[4];
    fvec y[] = { f_select(e, s->valid, s->y0, zero), f_select(e, s->valid, s->y1, zero) };
    fvec x[] = { s->x0, s->x1 };
    for (int c = 0; c < 4; c++) {
        fvec row = s->modulation.v ? f_mul(e, y[c / 2], s->modulation) : y[c / 2];
        w[c] = f_mul(e, row, x[c % 2]);
    }
    for (int i = 0; i < 4; i++) {
        fvec upper = in_turns(e, w[0], w[1], 1, i / 2), lower = in_turns(e, w[2], w[3], 1, i / 2);
        idx at = x_addk(e, x_mulk(e, entry, 4), i * e->lanes);
        p_store(e, p_at(e, t->weights, at), in_turns(e, upper, lower, 2, i % 2), (mask){ NULL });
    }
}

static mask leaves_nothing(Emit *e, const Sample *s)
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
    if (n->moved.v)
        at = i_select(e, n->moved, i_sub(e, i_const(e, TILED_MOVED), at), at);
    p_store_i32(e, p_at_i32(e, t->at, entry),
                i_select(e, n->nothing, i_const(e, TILED_NOTHING), at));
}

static void plain_tap(Emit *e, const Problem *pb, const Table *t, idx entry, const Place *at, idx i,
                      idx j)
{
    ivec y = i_splat(e, emit_tap_row(e, pb, at->p, i)), x = emit_tap_cols(e, pb, at->q, j);
    mask in = m_and(e, i_below(e, y, i_splat(e, pb->h)), i_below(e, x, i_splat(e, pb->w)));
    store_at(e, pb, t, entry, y, x, &(Notes){ .nothing = m_not(e, in) });
}

static void store_sample(Emit *e, const Problem *pb, const Table *t, idx entry, const Sample *s)
{
    Notes notes = { leaves_nothing(e, s), s->moved };
    store_at(e, pb, t, entry, s->y, s->x, &notes);
    store_corners(e, t, entry, s);
}

static void deformed_tap(Emit *e, const Problem *pb, const Table *t, idx entry, const Place *at,
                         idx i, idx j)
{
    Sample s = emit_sample(e, pb, at, i, j);
    store_sample(e, pb, t, entry, &s);
}

/* All taps of one vector of pixels; `pixel` is the first one's number in the tile. */
static void all_taps(Emit *e, const TiledPlan *plan, const Problem *pb, const Table *t,
                     const Place *at, idx pixel)
{
    const dcn_spec *s = plan->s;
    idx first = x_mulk(e, at->d, plan->taps), zero = x_const(e, 0);
    EMIT_FOR (e, i, zero, x_const(e, s->kernel[0]), 1) {
        EMIT_FOR (e, j, zero, x_const(e, s->kernel[1]), 1) {
            idx tap = x_add(e, first, x_add(e, x_mulk(e, i.at, s->kernel[1]), j.at));
            idx entry = x_add(e, x_mulk(e, tap, plan->tap_entries), pixel);
            if (problem_is_deformed(s))
                deformed_tap(e, pb, t, entry, at, i.at, j.at);
            else
                plain_tap(e, pb, t, entry, at, i.at, j.at);
        }
    }
}

/* Lanes along the columns of a row of the tile. */
static void row_by_pixels(Emit *e, const TiledPlan *plan, const Problem *pb, const Table *t,
                          idx row)
{
    idx cols = e_arg_idx(e, COLS);
    EMIT_FOR (e, d, x_const(e, 0), x_const(e, plan->s->offset_groups), 1) {
        EMIT_TILES (e, v, cols) {
            Place at = { .n = e_arg_idx(e, N), .d = d.at, .live = v.live };
            at.p = x_add(e, e_arg_idx(e, P0), row);
            at.q = x_add(e, e_arg_idx(e, Q0), v.at);
            emit_softmax(e, pb, &at);
            all_taps(e, plan, pb, t, &at, x_add(e, x_mul(e, row, cols), v.at));
        }
    }
}

/* Lanes along the taps of each pixel of a row of the tile. */
static void row_by_taps(Emit *e, const TiledPlan *plan, const Problem *pb, const Table *t, idx row)
{
    idx cols = e_arg_idx(e, COLS);
    EMIT_FOR (e, col, x_const(e, 0), cols, 1) {
        Place at = { .n = e_arg_idx(e, N), .p = x_add(e, e_arg_idx(e, P0), row) };
        at.q = x_add(e, e_arg_idx(e, Q0), col.at);
        idx pixel = x_add(e, x_mul(e, row, cols), col.at);
        int taps = plan->taps * plan->s->offset_groups;
        for (int tap = 0; tap < taps; tap += e->lanes) {
            Sample s = emit_sample_taps(e, pb, &at, tap);
            idx entry = x_addk(e, x_mulk(e, pixel, plan->pixel_entries), tap);
            store_sample(e, pb, t, entry, &s);
        }
    }
}

LLVMValueRef tiled_emit_places(Emit *e, const TiledPlan *plan)
{
    const LLVMTypeRef args[NARGS] = {
        e->ptr, e->ptr, e->ptr, e->i64, e->i64, e->i64, e->i64, e->i64
    };
    LLVMValueRef fn = e_fn_begin(e, "places", 1, e->none, NARGS, args);
    Problem pb = problem_load(e, plan->s, e_arg_addr(e, ARGS));
    Table t = { e_arg_addr(e, AT), e_arg_addr(e, WEIGHTS), plan->view };
    EMIT_FOR (e, row, x_const(e, 0), e_arg_idx(e, ROWS), 1) {
        (plan->by_taps ? row_by_taps : row_by_pixels)(e, plan, &pb, &t, row.at);
    }
    e_fn_end(e);
    return fn;
}
