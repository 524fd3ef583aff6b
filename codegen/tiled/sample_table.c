/* sample_table.c: where every tap of every pixel of a tile looks, once for all channels.
**
**     at[entry]        element of the upper left of the four pixels, from the beginning of the
**                      image; of a repacked one, in the block of its offset group
**     coeff[entry][c]  bilinear coefficient of corner c, times the tap's modulation; 0 by the
**                      border rule
**
** entry = (d*K + k)*tap_entries + pixel*pixel_entries, pixel counts along the rows of the tile,
** so a tile at the edge of the map has no holes.  Vectors run along a row of the tile, or along
** the taps of a pixel where their offsets lie side by side (nhwc); they may spill into entries
** that are written later.  Nothing in the map may leak into a sample that does not touch it (a
** coefficient of 0 would not keep a NaN out), so an entry may also be TAP_OUTSIDE, a sample
** wholly outside, or TAP_CLAMPED - at, one at the edge whose four pixels were moved into the map:
** those of coefficient 0 are not part of it.  A sample outside whose modulation is not finite
** stays a product, for 0 times it is not 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/sample.h"
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tile.h"

/* The table being written. */
typedef struct TableWriter {
    const TiledPlan *plan;
    const TiledTableArgs *in;
    Problem pb;
    ivec block; /* where those of the lanes' offset groups begin; .v == NULL: there is one */
} TableWriter;

/* ---- one vector of entries --------------------------------------------------------------- */

/* coeff[entry][4] for a vector of entries: one line of the cache holds all corners of a sample. */
static void store_coeff(Emit *e, const TableWriter *w, idx entry, const BilinearTap *s)
{
    fvec zero = f_const(e, 0), corner[CORNERS];
    fvec y[] = { s->y0, s->y1 };
    fvec x[] = { s->x0, s->x1 };
    for (int i = 0; i < 2 && s->valid.v; i++)
        y[i] = f_select(e, s->valid, y[i], zero);
    for (int c = 0; c < CORNERS; c++) {
        fvec row = s->modulation.v ? f_mul(e, y[c / 2], s->modulation) : y[c / 2];
        corner[c] = f_mul(e, row, x[c % 2]);
    }
    p_store_interleaved4_opaque(e, w->in->coeff, entry, corner);
}

static mask is_outside(Emit *e, const BilinearTap *s)
{
    if (!s->valid.v)
        return s->valid;
    mask out = m_not(e, s->valid);
    if (!s->modulation.v)
        return out;
    fvec zero = f_const(e, 0);
    return m_and(e, out, f_equal(e, f_mul(e, s->modulation, zero), zero));
}

static void store_at(Emit *e, const TableWriter *w, idx entry, ivec y, ivec x, TapMasks m)
{
    ivec at = i_add(e, i_mul(e, y, i_splat(e, w->pb.w)), x);
    at = i_mul(e, at, i_const(e, w->plan->repack.block));
    if (w->block.v)
        at = i_add(e, at, w->block);
    at = emit_tap_entry(e, at, m);
    p_store_i32(e, p_at_i32(e, w->in->at, entry), at);
}

static void store_sample(Emit *e, const void *self, idx entry, const BilinearTap *s)
{
    const TableWriter *w = self;
    TapMasks m = { is_outside(e, s), s->moved };
    store_at(e, w, entry, s->y, s->x, m);
    store_coeff(e, w, entry, s);
}

/* The input in blocks has one for each offset group. */
static ivec blocks_of(Emit *e, const TableWriter *w, ivec d)
{
    const Repack *r = &w->plan->repack;
    if (r->block == w->plan->s->in_channels)
        return (ivec){ NULL };
    return i_mul(e, d, i_splat(e, repack_block_elements(e, r, &w->pb)));
}

/* ---- lanes along the pixels of a row ----------------------------------------------------- */

static void plain_tap(Emit *e, const TableWriter *w, idx entry, const OutPixels *at,
                      const idx tap[2])
{
    PlainTap s = emit_plain_tap(e, &w->pb, at, tap);
    store_at(e, w, entry, s.y, s.x, (TapMasks){ .outside = m_not(e, s.inside) });
}

static void deformed_tap(Emit *e, const TableWriter *w, idx entry, const OutPixels *at,
                         const idx tap[2])
{
    BilinearTap s = emit_tap(e, &w->pb, at, tap[0], tap[1]);
    store_sample(e, w, entry, &s);
}

/* All taps of one vector of pixels; `pixel` is the first one's number in the table. */
static void all_taps(Emit *e, const TableWriter *w, const OutPixels *at, idx pixel)
{
    const TiledPlan *p = w->plan;
    const dcn_spec *s = p->s;
    idx first = x_mulk(e, at->d, p->groups.taps), zero = x_const(e, 0);
    EMIT_FOR_OPAQUE (e, i, zero, x_const(e, s->kernel[0]), 1) {
        EMIT_FOR_OPAQUE (e, j, zero, x_const(e, s->kernel[1]), 1) {
            idx tap = x_add(e, first, x_add(e, x_mulk(e, i.at, s->kernel[1]), j.at));
            idx entry = x_add(e, x_mulk(e, tap, p->table.tap_entries), pixel);
            if (problem_is_deformed(s))
                deformed_tap(e, w, entry, at, (const idx[]){ i.at, j.at });
            else
                plain_tap(e, w, entry, at, (const idx[]){ i.at, j.at });
        }
    }
}

static void row_by_pixels(Emit *e, TableWriter *w)
{
    const TiledTableArgs *in = w->in;
    EMIT_FOR_OPAQUE (e, d, x_const(e, 0), x_const(e, w->plan->s->offset_groups), 1) {
        w->block = blocks_of(e, w, i_splat(e, d.at));
        EMIT_VECTORS (e, v, in->cols) {
            v.at = x_opaque(e, v.at);
            OutPixels at = { .n = in->n, .d = d.at, .p = in->p, .live = v.live };
            at.q = x_add(e, in->q, v.at);
            emit_softmax(e, &w->pb, &at);
            all_taps(e, w, &at, x_add(e, in->pixel, v.at));
        }
    }
}

/* ---- lanes along the taps of a pixel ----------------------------------------------------- */

/* A map of `per` numbers to each tap: 2 of offsets, 1 of masks. */
typedef struct TapMap {
    addr map, transposed;
    int64_t channels; /* of the map, which may hold both */
    int per;
} TapMap;

static int64_t row_length(const TableWriter *w, const TapMap *m)
{
    return (int64_t)w->plan->groups.taps * w->plan->s->offset_groups * m->per;
}

/* What all taps of a pixel have: in the tensor, or in the transposed copy of it. */
static addr row_of(Emit *e, const TableWriter *w, const TapMap *m, const OutPixels *at, idx col)
{
    const Problem *pb = &w->pb;
    if (w->plan->table.transposes)
        return p_at(e, m->transposed, x_mulk(e, col, row_length(w, m)));
    const idx pixel[4] = { at->n, x_const(e, 0), at->p, at->q };
    return p_at(e, m->map, problem_at(e, pb, x_const(e, m->channels), pb->p, pb->q, pixel));
}

/* What will be read `ahead` pixels from here, a row of the tile later. */
static void prefetch_ahead(Emit *e, const TableWriter *w, const TapMap *m, addr row)
{
    addr next = p_at(e, row, x_mulk(e, w->in->ahead, m->channels));
    idx n = x_const(e, row_length(w, m));
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), n, CACHE_LINE / e->fp_bytes) {
        p_prefetch(e, p_at(e, next, i.at), 1);
    }
}

static TapRows rows_of(Emit *e, const TableWriter *w, const OutPixels *at, idx col)
{
    const TiledTableArgs *in = w->in;
    const Problem *pb = &w->pb;
    const TapMap offsets = { pb->offset, in->offsets, pb->offset_channels, 2 };
    const TapMap masks = { pb->mask, in->masks, pb->mask_channels, 1 };
    TapRows rows = { row_of(e, w, &offsets, at, col), { NULL } };
    if (pb->mask.v)
        rows.mask = row_of(e, w, &masks, at, col);
    if (w->plan->prefetch < 0 || w->plan->table.transposes)
        return rows;
    prefetch_ahead(e, w, &offsets, rows.offset);
    if (pb->mask.v)
        prefetch_ahead(e, w, &masks, rows.mask);
    return rows;
}

static void row_by_taps(Emit *e, TableWriter *w)
{
    const TiledPlan *p = w->plan;
    const TiledTableArgs *in = w->in;
    TapTable table = emit_tap_table(e, p->s);
    idx all = x_const(e, (int64_t)p->groups.taps * p->s->offset_groups);
    EMIT_FOR_OPAQUE (e, col, x_const(e, 0), in->cols, 1) {
        OutPixels at = { .n = in->n, .p = in->p };
        at.q = x_add(e, in->q, col.at);
        TapRows rows = rows_of(e, w, &at, col.at);
        idx pixel = x_add(e, in->pixel, col.at);
        EMIT_VECTORS (e, v, all) {
            v.at = x_opaque(e, v.at);
            w->block = blocks_of(e, w, p_load_i32(e, p_at_i32(e, table.d, v.at)));
            TapPos taps = emit_tap_positions(e, &w->pb, &table, &at, &rows, &v);
            idx entry = x_add(e, x_mulk(e, pixel, p->table.pixel_entries), v.at);
            emit_taps_stored(e, &w->pb, &taps, entry, store_sample, w);
        }
    }
}

/* ---- the function ------------------------------------------------------------------------ */

static const Param param[] = { PARAM(TiledTableArgs, args),  PARAM(TiledTableArgs, at),
                               PARAM(TiledTableArgs, coeff), PARAM(TiledTableArgs, n),
                               PARAM(TiledTableArgs, p),     PARAM(TiledTableArgs, q),
                               PARAM(TiledTableArgs, cols),  PARAM(TiledTableArgs, pixel),
                               PARAM(TiledTableArgs, ahead), PARAM(TiledTableArgs, offsets),
                               PARAM(TiledTableArgs, masks) };
static const Params params = PARAMS(TiledTableArgs, param);

LLVMValueRef tiled_emit_sample_table(Emit *e, const TiledPlan *p)
{
    TiledTableArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "sample_table", 1, e->none, &params, &in);
    TableWriter w = { .plan = p, .in = &in, .pb = tiled_problem(e, p, in.args) };
    if (p->table.tap_lanes)
        row_by_taps(e, &w);
    else
        row_by_pixels(e, &w);
    e_fn_end(e);
    return fn;
}

void tiled_call_sample_table(Emit *e, LLVMValueRef fn, const TiledTableArgs *in)
{
    e_call_with(e, fn, &params, in);
}
