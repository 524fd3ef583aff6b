/* table.c: where every tap of every pixel of a tile looks, for the offset groups of one block.
**
**     at[entry]        element of the upper left of the four pixels, from the beginning of the
**                      image; TAP_OUTSIDE: the sample is 0; TAP_CLAMPED - element: the
**                      four pixels were moved into the map, and some are no part of the sample
**     coeff[entry][c]  bilinear coefficient of corner c, times the tap's modulation
**
** entry = (span*K + k)*entries.tap + pixel*entries.pixel.  Vectors run along a row of the tile, or along
** the taps of a pixel where their offsets lie side by side (nhwc); they may spill into entries that
** are written later.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "runtime/spec/shape.h"

typedef struct GradientTable {
    const GradientPlan *plan;
    const GradientTableArgs *in;
    Problem pb;
    GradientSteps to;
    int spans;
} GradientTable;

static void store_at(Emit *e, const GradientTable *w, idx entry, ivec y, ivec x, TapMasks m)
{
    ivec at = i_mul(e, x, i_const(e, w->to.pixel));
    at = i_add(e, i_mul(e, y, i_splat(e, w->to.row)), at);
    at = emit_tap_entry(e, at, m);
    p_store_i32(e, p_at_i32(e, w->in->at, entry), at);
}

static void store_coeff(Emit *e, const GradientTable *w, idx entry, const BilinearTap *s)
{
    const fvec zero = f_const(e, 0), y[] = { s->y0, s->y1 }, x[] = { s->x0, s->x1 };
    fvec corner[CORNERS];
    for (int c = 0; c < CORNERS; c++) {
        fvec row = s->valid.v ? f_select(e, s->valid, y[c / 2], zero) : y[c / 2];
        if (s->modulation.v)
            row = f_mul(e, row, s->modulation);
        corner[c] = f_mul(e, row, x[c % 2]);
    }
    p_store_interleaved4(e, p_at(e, w->in->coeff, x_mulk(e, entry, CORNERS)), corner);
}

static void plain_tap(Emit *e, const GradientTable *w, idx entry, const OutPixels *at,
                      const idx tap[2])
{
    PlainTap s = emit_plain_tap(e, &w->pb, at, tap);
    store_at(e, w, entry, s.y, s.x, (TapMasks){ .outside = m_not(e, s.inside) });
}

static void store_sample(Emit *e, const void *self, idx entry, const BilinearTap *s)
{
    const GradientTable *w = self;
    const TapMasks m = { s->valid.v ? m_not(e, s->valid) : s->valid, s->moved };
    store_at(e, w, entry, s->y, s->x, m);
    store_coeff(e, w, entry, s);
}

/* ---- lanes along the pixels of a row ----------------------------------------------------- */

static idx flat_tap(Emit *e, const dcn_spec *s, const idx tap[2])
{
    return x_add(e, x_mulk(e, tap[0], s->kernel[1]), tap[1]);
}

static void deformed_tap(Emit *e, const GradientTable *w, idx entry, const OutPixels *at,
                         const idx tap[2])
{
    if (gradient_fetches_planes(w->plan, w->spans)) {
        idx flat = x_add(e, x_mulk(e, at->d, w->plan->blocks.taps), flat_tap(e, w->plan->s, tap));
        const GradientTap here = { at, flat, w->pb.offset, w->pb.mask, 0, 2 };
        gradient_fetch_tap(e, w->plan, &w->pb, &here);
    }
    BilinearTap s = emit_tap(e, &w->pb, at, tap[0], tap[1]);
    store_sample(e, w, entry, &s);
}

/* All taps of one vector of pixels; `entry` is the first one's of tap 0. */
static void all_taps(Emit *e, const GradientTable *w, const OutPixels *at, idx entry)
{
    const dcn_spec *s = w->plan->s;
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), x_const(e, s->kernel[0]), 1) {
        EMIT_FOR_OPAQUE (e, j, x_const(e, 0), x_const(e, s->kernel[1]), 1) {
            const idx ij[] = { i.at, j.at };
            idx tap = flat_tap(e, s, ij);
            idx here = x_add(e, entry, x_mulk(e, tap, w->plan->entries.tap));
            if (w->plan->deformed)
                deformed_tap(e, w, here, at, ij);
            else
                plain_tap(e, w, here, at, ij);
        }
    }
}

static void one_span(Emit *e, const GradientTable *w, idx span)
{
    const GradientTableArgs *in = w->in;
    const GradientPlan *p = w->plan;
    idx first = x_mulk(e, span, (int64_t)p->blocks.taps * p->entries.tap);
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), in->rows, 1) {
        EMIT_VECTORS (e, v, in->cols) {
            OutPixels at = { .n = in->n, .live = v.live };
            at.d = x_add(e, in->offset, span);
            at.p = x_add(e, in->p0, row.at);
            at.q = x_add(e, in->q0, v.at);
            if (p->deformed)
                emit_softmax(e, &w->pb, &at);
            idx pixel = x_add(e, x_mul(e, row.at, in->cols), v.at);
            all_taps(e, w, &at, x_add(e, first, pixel));
        }
    }
}

/* ---- lanes along the taps of a pixel ----------------------------------------------------- */

/* A pixel's row of a map, from channel `first` on. */
static addr row_of(Emit *e, const Problem *pb, addr map, int64_t channels, const OutPixels *at,
                   idx first)
{
    const idx pixel[4] = { at->n, first, at->p, at->q };
    return p_at(e, map, problem_at(e, pb, x_const(e, channels), pb->p, pb->q, pixel));
}

TapRows gradient_tap_rows(Emit *e, const Problem *pb, const OutPixels *at, idx group)
{
    idx tap = x_mulk(e, group, problem_taps(pb->s));
    idx first = rt_offset_planes(pb->s) ? tap : x_mulk(e, tap, 2);
    TapRows rows = { row_of(e, pb, pb->offset, pb->offset_channels, at, first), { NULL } };
    if (pb->mask.v)
        rows.mask = row_of(e, pb, pb->mask, pb->mask_channels, at, tap);
    return rows;
}

static void all_pixels(Emit *e, const GradientTable *w, int spans)
{
    const GradientTableArgs *in = w->in;
    const GradientPlan *p = w->plan;
    TapTable table = emit_tap_table(e, p->s);
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), in->rows, 1) {
        EMIT_FOR_OPAQUE (e, col, x_const(e, 0), in->cols, 1) {
            OutPixels at = { .n = in->n, .p = x_add(e, in->p0, row.at) };
            at.q = x_add(e, in->q0, col.at);
            TapRows rows = gradient_tap_rows(e, &w->pb, &at, in->offset);
            idx pixel = x_add(e, x_mul(e, row.at, in->cols), col.at);
            EMIT_VECTORS (e, v, x_const(e, (int64_t)spans * p->blocks.taps)) {
                v.at = x_opaque(e, v.at);
                TapPos taps = emit_tap_positions(e, &w->pb, &table, &at, &rows, &v);
                idx entry = x_add(e, x_mulk(e, pixel, p->entries.pixel), v.at);
                emit_taps_stored(e, &w->pb, &taps, entry, store_sample, w);
            }
        }
    }
}

/* ---- the function ------------------------------------------------------------------------ */

static const Param param[] = { PARAM(GradientTableArgs, args),  PARAM(GradientTableArgs, at),
                               PARAM(GradientTableArgs, coeff), PARAM(GradientTableArgs, n),
                               PARAM(GradientTableArgs, p0),    PARAM(GradientTableArgs, q0),
                               PARAM(GradientTableArgs, rows),  PARAM(GradientTableArgs, cols),
                               PARAM(GradientTableArgs, offset) };
static const Params params = PARAMS(GradientTableArgs, param);

LLVMValueRef gradient_emit_table(Emit *e, const GradientPlan *p, int shape)
{
    const int spans = p->blocks.shape[shape].spans;
    GradientTableArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "sample_table", 1, e->none, &params, &in);
    GradientTable w = { .plan = p, .in = &in, .pb = problem_load(e, p->s, in.args) };
    w.to = gradient_steps(e, p, &w.pb, shape);
    w.spans = spans;
    if (p->entries.tap_lanes) {
        all_pixels(e, &w, spans);
    } else {
        EMIT_FOR_OPAQUE (e, span, x_const(e, 0), x_const(e, spans), 1) {
            one_span(e, &w, span.at);
        }
    }
    e_fn_end(e);
    return fn;
}

void gradient_call_table(Emit *e, LLVMValueRef fn, const GradientTableArgs *in)
{
    e_call_with(e, fn, &params, in);
}
