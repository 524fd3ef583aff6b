/* finish_offset.c: from dots to the gradients of offsets and masks, a row of the output at a time.
**
** With s_ij the sum over channels of dx times the pixel of row i and column j (samples.c), wy and wx
** the weights of rows and columns, and m the modulation:
**
**     grad_y = m sum_ij wy'_i wx_j s_ij     grad_x = m sum_ij wy_i wx'_j s_ij
**     grad_m = sum_ij wy_i wx_j s_ij
**
** which is 0 where the border rule makes the sample 0.  With x the element of the mask and s the
** spec's scale, dm/dx is s for a plain mask and m (1 - m/s) for a sigmoid; of a softmax the
** gradient is m_k (grad_m_k - sum of m_j/s grad_m_j over the taps j).
** The parts that several blocks have of a dot are added in the order of the blocks.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/sample.h"
#include "runtime/spec/shape.h"

enum { CORNERS = 4 };

typedef struct OffsetRow {
    const GradientPlan *plan;
    Problem pb;
    addr dots;
    GradientOut offset, mask;
    int64_t mask_first; /* channel of the mask's gradient in its map */
    OutPixels at;
} OffsetRow;

/* What comes out of the dots of a tap. */
typedef struct TapGradient {
    fvec y, x, m;    /* with respect to position and modulation */
    fvec modulation; /* m itself; .v == NULL: 1, or not needed */
} TapGradient;

/* Dot of corner c of flat tap t, at every lane's pixel. */
static fvec dot(Emit *e, const OffsetRow *r, idx t, int c)
{
    const GradientPlan *p = r->plan;
    const int pixel = p->s->offset_groups * p->blocks.taps * CORNERS;
    idx row = x_add(e, x_mul(e, r->at.n, r->pb.p), r->at.p);
    idx at = x_mulk(e, x_add(e, x_mul(e, row, r->pb.q), r->at.q), pixel);
    at = x_addk(e, x_add(e, at, x_mulk(e, t, CORNERS)), c);
    ivec lanes = i_mul(e, i_lane(e), i_const(e, pixel));
    fvec sum = p_gather(e, p_at(e, r->dots, at), lanes, r->at.live);
    idx part = gradient_dot_elements(e, p, &r->pb);
    for (int i = 1; i < p->blocks.parts && i < 2; i++) {
        var all = v_float(e, sum);
        EMIT_FOR (e, nth, x_const(e, 1), x_const(e, p->blocks.parts), 1) {
            addr from = p_at(e, r->dots, x_add(e, at, x_mul(e, nth.at, part)));
            v_set(e, all, f_add(e, v_get(e, all), p_gather(e, from, lanes, r->at.live)));
        }
        sum = v_get(e, all);
    }
    return sum;
}

/* a b x, or 0 where a or b is: x may be anything there. */
static fvec weighed(Emit *e, fvec a, fvec b, fvec x)
{
    fvec zero = f_const(e, 0), w = f_mul(e, a, b);
    return f_select(e, f_equal(e, w, zero), zero, f_mul(e, w, x));
}

static TapGradient tap_gradient(Emit *e, const OffsetRow *r, idx i, idx j)
{
    const GradientPlan *p = r->plan;
    TapSlopes s = emit_tap_slopes(e, &r->pb, &r->at, i, j);
    const fvec wy[] = { s.tap.y0, s.tap.y1 }, wx[] = { s.tap.x0, s.tap.x1 };
    idx tap = x_add(e, x_mulk(e, i, p->s->kernel[1]), j);
    idx flat = x_add(e, x_mulk(e, r->at.d, p->blocks.taps), tap);
    fvec zero = f_const(e, 0);
    TapGradient g = { zero, zero, zero, s.tap.modulation };
    for (int c = 0; c < CORNERS; c++) {
        fvec x = dot(e, r, flat, c);
        g.y = f_add(e, g.y, weighed(e, s.y[c / 2], wx[c % 2], x));
        g.x = f_add(e, g.x, weighed(e, wy[c / 2], s.x[c % 2], x));
        g.m = f_add(e, g.m, weighed(e, wy[c / 2], wx[c % 2], x));
    }
    g.y = f_select(e, s.tap.valid, g.y, zero);
    g.x = f_select(e, s.tap.valid, g.x, zero);
    g.m = f_select(e, s.tap.valid, g.m, zero);
    if (s.tap.modulation.v) {
        g.y = gradient_times(e, g.y, s.tap.modulation);
        g.x = gradient_times(e, g.x, s.tap.modulation);
    }
    return g;
}

/* ---- storing ----------------------------------------------------------------------------- */

static void store(Emit *e, const OffsetRow *r, const GradientOut *out, idx channel,
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

static void store_offset(Emit *e, const OffsetRow *r, idx flat, const TapGradient *g)
{
    EMIT_IF (e, r->offset.wanted) {
        store(e, r, &r->offset, offset_channel(e, r, flat, 0), r->pb.offset_channels, g->y);
        store(e, r, &r->offset, offset_channel(e, r, flat, 1), r->pb.offset_channels, g->x);
    }
}

/* m/s, which is a probability. */
static fvec share(Emit *e, const OffsetRow *r, fvec m)
{
    return f_mul(e, m, f_const(e, 1 / r->plan->s->modulation_scale));
}

/* mean: of the softmax's gradients. */
static void store_mask(Emit *e, const OffsetRow *r, idx flat, const TapGradient *g, fvec mean)
{
    const dcn_spec *s = r->plan->s;
    fvec x = f_mul(e, g->m, f_const(e, s->modulation_scale));
    if (s->modulation == DCN_MODULATION_SIGMOID) {
        fvec rest = f_sub(e, f_const(e, 1), share(e, r, g->modulation));
        x = gradient_times(e, g->m, f_mul(e, g->modulation, rest));
    } else if (s->modulation == DCN_MODULATION_SOFTMAX) {
        x = gradient_times(e, f_sub(e, g->m, mean), g->modulation);
    }
    EMIT_IF (e, r->mask.wanted) {
        store(e, r, &r->mask, x_addk(e, flat, r->mask_first), r->pb.mask_channels, x);
    }
}

/* ---- a row ------------------------------------------------------------------------------- */

static fvec softmax_mean(Emit *e, const OffsetRow *r)
{
    const dcn_spec *s = r->plan->s;
    fvec zero = f_const(e, 0);
    if (s->modulation != DCN_MODULATION_SOFTMAX || !r->plan->want.mask)
        return zero;
    var mean = v_float(e, zero);
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), x_const(e, s->kernel[0]), 1) {
        EMIT_FOR_OPAQUE (e, j, x_const(e, 0), x_const(e, s->kernel[1]), 1) {
            TapGradient g = tap_gradient(e, r, i.at, j.at);
            fvec part = gradient_times(e, g.m, share(e, r, g.modulation));
            v_set(e, mean, f_add(e, v_get(e, mean), part));
        }
    }
    return v_get(e, mean);
}

static void all_taps(Emit *e, const OffsetRow *r, fvec mean)
{
    const GradientPlan *p = r->plan;
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), x_const(e, p->s->kernel[0]), 1) {
        EMIT_FOR_OPAQUE (e, j, x_const(e, 0), x_const(e, p->s->kernel[1]), 1) {
            TapGradient g = tap_gradient(e, r, i.at, j.at);
            idx tap = x_add(e, x_mulk(e, i.at, p->s->kernel[1]), j.at);
            idx flat = x_add(e, x_mulk(e, r->at.d, p->blocks.taps), tap);
            if (p->want.offset)
                store_offset(e, r, flat, &g);
            if (p->want.mask)
                store_mask(e, r, flat, &g, mean);
        }
    }
}

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

static LLVMValueRef emit_row(Emit *e, const GradientPlan *p, LLVMValueRef transpose)
{
    GradientFinishArgs in;
    LLVMValueRef fn = gradient_begin_finish(e, "finish_offset", &in);
    OffsetRow r = { .plan = p, .pb = problem_load(e, p->s, in.args) };
    (void)transpose;
    r.dots = gradient_shared(e, p, &r.pb, in.workspace).dots;
    find_outputs(e, &r, in.args);
    r.at.n = x_div(e, in.number, r.pb.p);
    r.at.p = x_rem(e, in.number, r.pb.p);
    EMIT_IF (e, any_wanted(e, &r)) {
        EMIT_FOR_OPAQUE (e, d, x_const(e, 0), x_const(e, p->s->offset_groups), 1) {
            EMIT_VECTORS (e, v, r.pb.q) {
                r.at.d = d.at;
                r.at.q = v.at;
                r.at.live = v.live;
                emit_softmax(e, &r.pb, &r.at);
                all_taps(e, &r, softmax_mean(e, &r));
            }
        }
    }
    e_fn_end(e);
    return fn;
}

static bool wanted(const GradientPlan *p)
{
    return p->want.dots;
}

static idx rows_of(Emit *e, const GradientPlan *p, const Problem *pb)
{
    (void)p;
    return x_mul(e, pb->n, pb->p);
}

const GradientFinish gradient_finish_offset = { wanted, rows_of, emit_row };
