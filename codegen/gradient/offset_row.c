/* offset_row.c: from dots to the gradients of offsets and masks, some pixels of an output row at a time.
**
** With s_ij the sum over channels of dx times the pixel of row i and column j (sample.c), wy and wx
** the coefficients of rows and columns, and m the modulation:
**
**     grad_y = m sum_ij wy'_i wx_j s_ij     grad_x = m sum_ij wy_i wx'_j s_ij
**     grad_m = sum_ij wy_i wx_j s_ij
**
** which is 0 where the border rule makes the sample 0.  With x the element of the mask and s the
** spec's scale, dm/dx is s for a plain mask and m (1 - m/s) for a sigmoid; of a softmax the
** gradient is m_k (grad_m_k - sum of m_j/s grad_m_j over the taps j).
** The parts that several blocks have of a dot are added in the order of the blocks.  Lanes run along
** pixels or along taps, as in the sample table.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "runtime/spec/shape.h"

typedef struct OffsetRow {
    const GradientPlan *plan;
    const GradientOffsetRowArgs *in;
    Problem pb;
    idx part; /* elements from a part of the dots to the next */
    GradientOut offset, mask;
    int64_t mask_first; /* channel of the mask's gradient in its map */
    OutPixels at;
    idx nth; /* offset group, of those in hand */
} OffsetRow;

/* What comes out of the dots of a tap. */
typedef struct TapGradient {
    fvec y, x, m;    /* with respect to position and modulation */
    fvec modulation; /* m itself; .v == NULL: 1, or not needed */
} TapGradient;

/* Where the dots of pixel q of the row and of flat tap t of the groups in hand are. */
static addr dots_at(Emit *e, const OffsetRow *r, idx t)
{
    idx pixel = x_mulk(e, x_sub(e, r->at.q, r->in->q), r->plan->dot_stride);
    return p_at(e, r->in->dots, x_add(e, pixel, x_mulk(e, t, CORNERS)));
}

static TapGradient tap_gradient(Emit *e, const TapSlopes *s, const fvec dot[CORNERS])
{
    const fvec wy[] = { s->tap.y0, s->tap.y1 }, wx[] = { s->tap.x0, s->tap.x1 };
    fvec zero = f_const(e, 0);
    TapGradient g = { zero, zero, zero, s->tap.modulation };
    for (int c = 0; c < CORNERS; c++) {
        g.y = f_add(e, g.y, bilinear_times(e, s->y[c / 2], wx[c % 2], dot[c]));
        g.x = f_add(e, g.x, bilinear_times(e, wy[c / 2], s->x[c % 2], dot[c]));
        g.m = f_add(e, g.m, bilinear_times(e, wy[c / 2], wx[c % 2], dot[c]));
    }
    if (s->tap.valid.v) {
        g.y = f_select(e, s->tap.valid, g.y, zero);
        g.x = f_select(e, s->tap.valid, g.x, zero);
        g.m = f_select(e, s->tap.valid, g.m, zero);
    }
    if (s->tap.modulation.v) {
        g.y = gradient_times(e, g.y, s->tap.modulation);
        g.x = gradient_times(e, g.x, s->tap.modulation);
    }
    return g;
}

/* m/s, which is a probability. */
static fvec share(Emit *e, const OffsetRow *r, fvec m)
{
    return f_mul(e, m, f_const(e, 1 / r->plan->s->modulation_scale));
}

/* With respect to the element of the mask; mean: of the softmax's gradients. */
static fvec mask_gradient(Emit *e, const OffsetRow *r, const TapGradient *g, fvec mean)
{
    const dcn_spec *s = r->plan->s;
    if (s->modulation == DCN_MODULATION_SIGMOID) {
        fvec rest = f_sub(e, f_const(e, 1), share(e, r, g->modulation));
        return gradient_times(e, g->m, f_mul(e, g->modulation, rest));
    }
    if (s->modulation == DCN_MODULATION_SOFTMAX)
        return gradient_times(e, f_sub(e, g->m, mean), g->modulation);
    return f_mul(e, g->m, f_const(e, s->modulation_scale));
}

/* ---- lanes along the pixels of a row ----------------------------------------------------- */

static idx flat_tap(Emit *e, const OffsetRow *r, idx group, idx i, idx j)
{
    const dcn_spec *s = r->plan->s;
    idx tap = x_add(e, x_mulk(e, i, s->kernel[1]), j);
    return x_add(e, x_mulk(e, group, r->plan->blocks.taps), tap);
}

/* Dot of corner c at every lane's pixel. */
static fvec gathered(Emit *e, const OffsetRow *r, addr first, int c)
{
    const GradientPlan *p = r->plan;
    ivec lanes = i_mul(e, i_lane(e), i_const(e, p->dot_stride));
    addr at = p_at(e, first, x_const(e, c));
    var all = v_float(e, p_gather(e, at, lanes, r->at.live));
    if (p->blocks.parts > 1) {
        EMIT_FOR (e, nth, x_const(e, 1), x_const(e, p->blocks.parts), 1) {
            addr from = p_at(e, at, x_mul(e, nth.at, r->part));
            v_set(e, all, f_add(e, v_get(e, all), p_gather(e, from, lanes, r->at.live)));
        }
    }
    return v_get(e, all);
}

static TapGradient pixels_gradient(Emit *e, const OffsetRow *r, idx i, idx j)
{
    TapSlopes s = emit_tap_slopes(e, &r->pb, &r->at, i, j);
    addr first = dots_at(e, r, flat_tap(e, r, r->nth, i, j));
    fvec dot[CORNERS];
    for (int c = 0; c < CORNERS; c++)
        dot[c] = gathered(e, r, first, c);
    return tap_gradient(e, &s, dot);
}

static void store_pixels(Emit *e, const OffsetRow *r, const GradientOut *out, idx channel,
                         int64_t channels, fvec x)
{
    const idx at[4] = { r->at.n, channel, r->at.p, r->at.q };
    idx all = x_const(e, channels), step = r->plan->transposes ? x_const(e, 1) : all;
    addr to = p_at(e, out->to, problem_at(e, &r->pb, all, r->pb.p, r->pb.q, at));
    gradient_store(e, out, to, step, x, r->at.live);
}

/* Channel of the offset of a flat tap along an axis. */
static idx offset_channel(Emit *e, const OffsetRow *r, idx flat, int axis)
{
    const dcn_spec *s = r->plan->s;
    idx at = x_mulk(e, flat, rt_offset_planes(s) ? 1 : 2);
    return x_addk(e, at, rt_offset_channel(s, 0, axis));
}

static void store_tap_of_pixels(Emit *e, const OffsetRow *r, idx flat, const TapGradient *g,
                                fvec mean)
{
    const GradientWant *want = &r->plan->want;
    for (int axis = 0; axis < 2 && want->offset; axis++) {
        EMIT_IF (e, r->offset.wanted) {
            idx channel = offset_channel(e, r, flat, axis);
            store_pixels(e, r, &r->offset, channel, r->pb.offset_channels, axis ? g->x : g->y);
        }
    }
    if (!want->mask)
        return;
    fvec m = mask_gradient(e, r, g, mean);
    EMIT_IF (e, r->mask.wanted) {
        store_pixels(e, r, &r->mask, x_addk(e, flat, r->mask_first), r->pb.mask_channels, m);
    }
}

static fvec softmax_mean(Emit *e, const OffsetRow *r)
{
    const dcn_spec *s = r->plan->s;
    fvec zero = f_const(e, 0);
    if (s->modulation != DCN_MODULATION_SOFTMAX || !r->plan->want.mask)
        return zero;
    var mean = v_float(e, zero);
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), x_const(e, s->kernel[0]), 1) {
        EMIT_FOR_OPAQUE (e, j, x_const(e, 0), x_const(e, s->kernel[1]), 1) {
            TapGradient g = pixels_gradient(e, r, i.at, j.at);
            fvec part = gradient_times(e, g.m, share(e, r, g.modulation));
            v_set(e, mean, f_add(e, v_get(e, mean), part));
        }
    }
    return v_get(e, mean);
}

/* The offsets have left the near caches since the table was made. */
static void fetch_next_group(Emit *e, const OffsetRow *r, idx flat)
{
    const GradientWant *want = &r->plan->want;
    GradientTap tap = { .at = &r->at, .flat = flat, .mask_first = r->mask_first };
    if (want->offset)
        tap.offset = r->offset.to;
    if (want->mask)
        tap.mask = r->mask.to;
    gradient_fetch_tap(e, r->plan, &r->pb, &tap);
    const GradientTap again = { &r->at, flat, r->pb.offset, r->pb.mask, 0, 2 };
    gradient_fetch_tap(e, r->plan, &r->pb, &again);
}

static void taps_of_pixels(Emit *e, const OffsetRow *r, fvec mean)
{
    const dcn_spec *s = r->plan->s;
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), x_const(e, s->kernel[0]), 1) {
        EMIT_FOR_OPAQUE (e, j, x_const(e, 0), x_const(e, s->kernel[1]), 1) {
            idx flat = flat_tap(e, r, r->at.d, i.at, j.at);
            if (gradient_fetches_planes(r->plan, (int)s->offset_groups))
                fetch_next_group(e, r, flat);
            TapGradient g = pixels_gradient(e, r, i.at, j.at);
            store_tap_of_pixels(e, r, flat, &g, mean);
        }
    }
}

static void by_pixels(Emit *e, OffsetRow *r)
{
    EMIT_FOR_OPAQUE (e, nth, x_const(e, 0), r->in->groups, 1) {
        EMIT_VECTORS (e, v, r->in->cols) {
            r->nth = nth.at;
            r->at.d = x_add(e, r->in->group, nth.at);
            r->at.q = x_add(e, r->in->q, v.at);
            r->at.live = v.live;
            emit_softmax(e, &r->pb, &r->at);
            taps_of_pixels(e, r, softmax_mean(e, r));
        }
    }
}

/* ---- lanes along the taps of a pixel ----------------------------------------------------- */

/* Vector `which` of `per` that hold `per` numbers of each lane. */
static mask lanes_of(Emit *e, const VecLoop *v, int per, int which)
{
    if (!v->live.v)
        return v->live;
    idx first = x_addk(e, x_mulk(e, v->at, per), (int64_t)which * e->lanes);
    return m_below(e, x_sub(e, x_mulk(e, v->extent, per), first));
}

/* Loads the dots of all corners, summed over all parts. */
static void load_dots(Emit *e, const OffsetRow *r, const VecLoop *v, fvec dot[CORNERS])
{
    const int parts = r->plan->blocks.parts;
    addr first = dots_at(e, r, v->at);
    fvec mixed[CORNERS], half[CORNERS];
    for (int i = 0; i < CORNERS; i++) {
        addr at = p_at(e, first, x_const(e, (int64_t)i * e->lanes));
        mask live = lanes_of(e, v, CORNERS, i);
        var all = v_float(e, p_load(e, at, live));
        if (parts > 1) {
            EMIT_FOR (e, nth, x_const(e, 1), x_const(e, parts), 1) {
                addr from = p_at(e, at, x_mul(e, nth.at, r->part));
                v_set(e, all, f_add(e, v_get(e, all), p_load(e, from, live)));
            }
        }
        mixed[i] = v_get(e, all);
    }
    for (int i = 0; i < CORNERS; i++)
        half[i] = f_deinterleave(e, mixed[i / 2 * 2], mixed[i / 2 * 2 + 1], i % 2);
    for (int i = 0; i < CORNERS; i++)
        dot[i] = f_deinterleave(e, half[i % 2], half[i % 2 + 2], i / 2);
}

static void store_offsets(Emit *e, const OffsetRow *r, const VecLoop *v, addr row,
                          const TapGradient *g)
{
    const dcn_spec *s = r->plan->s;
    const fvec axis[] = { g->y, g->x };
    const int first = rt_offset_first(s);
    for (int i = 0; i < 2; i++) {
        if (rt_offset_planes(s)) {
            idx plane = x_const(e, rt_offset_channel(s, 0, i));
            addr to = p_at(e, row, x_add(e, plane, v->at));
            gradient_store(e, &r->offset, to, x_const(e, 1), axis[i], v->live);
            continue;
        }
        idx at = x_addk(e, x_mulk(e, v->at, 2), (int64_t)i * e->lanes);
        fvec both = f_interleave(e, axis[first], axis[!first], 1, i);
        gradient_store(e, &r->offset, p_at(e, row, at), x_const(e, 1), both, lanes_of(e, v, 2, i));
    }
}

/* Where the gradients of the groups in hand begin at a pixel. */
static TapRows rows_to(Emit *e, const OffsetRow *r)
{
    Problem out = r->pb;
    out.offset = r->plan->want.offset ? r->offset.to : r->mask.to;
    out.mask = r->mask.to;
    TapRows to = gradient_tap_rows(e, &out, &r->at, r->in->group);
    if (to.mask.v)
        to.mask = p_at(e, to.mask, x_const(e, r->mask_first));
    return to;
}

static void one_vector(Emit *e, const OffsetRow *r, const TapRows *to, const VecLoop *v,
                       const TapSlopes *slopes)
{
    const GradientWant *want = &r->plan->want;
    fvec dot[CORNERS];
    load_dots(e, r, v, dot);
    TapGradient g = tap_gradient(e, slopes, dot);
    if (want->offset) {
        EMIT_IF (e, r->offset.wanted) {
            store_offsets(e, r, v, to->offset, &g);
        }
    }
    if (want->mask) {
        fvec m = mask_gradient(e, r, &g, f_const(e, 0));
        EMIT_IF (e, r->mask.wanted) {
            gradient_store(e, &r->mask, p_at(e, to->mask, v->at), x_const(e, 1), m, v->live);
        }
    }
}

/* Most vectors lie inside the map, where slopes are 1 and -1. */
static void taps_of_pixel(Emit *e, const OffsetRow *r, const TapTable *table)
{
    const TapRows from = gradient_tap_rows(e, &r->pb, &r->at, r->in->group), to = rows_to(e, r);
    EMIT_VECTORS (e, v, x_mulk(e, r->in->groups, r->plan->blocks.taps)) {
        v.at = x_opaque(e, v.at);
        TapPos taps = emit_tap_positions(e, &r->pb, table, &r->at, &from, &v);
        EMIT_IF_ELSE (e, border, c_any(e, m_not(e, emit_tap_inside(e, &r->pb, &taps)))) {
            TapSlopes slopes = emit_slopes_at(e, &r->pb, &taps, !border.yes);
            one_vector(e, r, &to, &v, &slopes);
        }
    }
}

static void by_taps(Emit *e, OffsetRow *r)
{
    const TapTable table = emit_tap_table(e, r->plan->s);
    EMIT_FOR_OPAQUE (e, col, x_const(e, 0), r->in->cols, 1) {
        r->at.q = x_add(e, r->in->q, col.at);
        taps_of_pixel(e, r, &table);
    }
}

/* ---- the function ------------------------------------------------------------------------ */

static void find_outputs(Emit *e, OffsetRow *r, addr args)
{
    const dcn_spec *s = r->plan->s;
    r->offset = gradient_out(e, &r->pb, args, s->offset_mask ? RT_OFFSET_MASK : RT_OFFSET);
    r->mask = gradient_out(e, &r->pb, args, s->offset_mask ? RT_OFFSET_MASK : RT_MASK);
    r->mask_first = s->offset_mask ? 2 * (int64_t)s->offset_groups * r->plan->blocks.taps : 0;
}

static cond any_wanted(Emit *e, const OffsetRow *r)
{
    const GradientWant *w = &r->plan->want;
    if (w->offset && w->mask)
        return c_not(e, c_and(e, c_not(e, r->offset.wanted), c_not(e, r->mask.wanted)));
    return w->offset ? r->offset.wanted : r->mask.wanted;
}

static const Param param[] = {
    PARAM(GradientOffsetRowArgs, args),  PARAM(GradientOffsetRowArgs, dots),
    PARAM(GradientOffsetRowArgs, n),     PARAM(GradientOffsetRowArgs, p),
    PARAM(GradientOffsetRowArgs, q),     PARAM(GradientOffsetRowArgs, cols),
    PARAM(GradientOffsetRowArgs, group), PARAM(GradientOffsetRowArgs, groups)
};
static const Params params = PARAMS(GradientOffsetRowArgs, param);

LLVMValueRef gradient_emit_offset_row(Emit *e, const GradientPlan *p)
{
    GradientOffsetRowArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "offset_row", 1, e->none, &params, &in);
    OffsetRow r = { .plan = p, .in = &in, .pb = problem_load(e, p->s, in.args) };
    r.part = gradient_dot_elements(e, p, &r.pb);
    r.at = (OutPixels){ .n = in.n, .p = in.p };
    find_outputs(e, &r, in.args);
    EMIT_IF (e, any_wanted(e, &r)) {
        if (p->entries.tap_lanes)
            by_taps(e, &r);
        else
            by_pixels(e, &r);
    }
    e_fn_end(e);
    return fn;
}

void gradient_call_offset_row(Emit *e, LLVMValueRef fn, const GradientOffsetRowArgs *in)
{
    e_call_with(e, fn, &params, in);
}
