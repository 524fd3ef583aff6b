/* offsets.c: from dots to the gradients of offsets and masks of a block, lanes along points.
**
** With s_ij the sum over channels of g times the pixel of row i and column j, wy and wx the coefficients of
** rows and columns, m the modulation and s the offset_scale:
**
**     grad_y = s m sum_ij wy'_i wx_j s_ij     grad_x = s m sum_ij wy_i wx'_j s_ij
**     grad_m = sum_ij wy_i wx_j s_ij
**
** which is 0 where the sample does not touch the map.  Of a softmax m is a term t, whose sum over the
** points of the group has divided g already (pass.c), and with r = 1 / that sum the gradient of a logit
** is  t grad_m - t r (sum of t grad_m over the group).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/points.h"
#include "codegen/scatter/scatter.h"

typedef struct ScatterOffsets {
    const ScatterPlan *plan;
    ScatterOffsetsArgs in;
    Problem pb;
    PointTable points;
    GradientOut offset, mask;
} ScatterOffsets;

/* What comes out of the dots of a vector of points. */
typedef struct PointGradient {
    fvec y, x, m; /* with respect to position and modulation; y and x without m */
    mask valid;   /* others are 0; .v == NULL: all are */
} PointGradient;

/* ---- sums of dots --------------------------------------------------------------------------- */

static fvec load_dots(Emit *e, const ScatterOffsets *t, idx point, mask live, int nth)
{
    idx first = x_addk(e, x_mulk(e, point, CORNERS), (int64_t)nth * e->lanes);
    idx rest = x_sub(e, x_mulk(e, t->in.points, CORNERS), first);
    addr dots = scatter_scratch(e, t->in.scratch, t->plan->scratch.dots);
    return p_load(e, p_at(e, dots, first), live.v ? m_below(e, rest) : all_lanes);
}

/* The lanes' dots of every corner. */
static void dots_of(Emit *e, const ScatterOffsets *t, idx point, mask live, fvec s[CORNERS])
{
    fvec x[CORNERS], half[CORNERS];
    for (int i = 0; i < CORNERS; i++)
        x[i] = load_dots(e, t, point, live, i);
    for (int i = 0; i < CORNERS; i++)
        half[i] = f_deinterleave(e, x[i / 2 * 2], x[i / 2 * 2 + 1], i % 2);
    for (int i = 0; i < CORNERS; i++)
        s[i] = f_deinterleave(e, half[i % 2], half[2 + i % 2], i / 2);
}

/* Where all four pixels are those of the sample. */
static PointGradient inner(Emit *e, const RowPair *y, const RowPair *x, const fvec s[CORNERS])
{
    const fvec *wy = y->coeff, *wx = x->coeff;
    fvec top = f_fma(e, wx[1], s[1], f_mul(e, wx[0], s[0]));
    fvec bottom = f_fma(e, wx[1], s[3], f_mul(e, wx[0], s[2]));
    fvec left = f_fma(e, wy[1], s[2], f_mul(e, wy[0], s[0]));
    fvec right = f_fma(e, wy[1], s[3], f_mul(e, wy[0], s[1]));
    PointGradient g = { .y = f_sub(e, bottom, top), .x = f_sub(e, right, left) };
    g.m = f_fma(e, wy[1], bottom, f_mul(e, wy[0], top));
    return g;
}

/* -1 < y < H, exactly: near H a sample is 0 once its coefficient is rounded, but not its slope. */
static mask has_slope(Emit *e, const RowPair *y, idx extent)
{
    ivec one = i_const(e, 1), size = i_splat(e, extent);
    mask above = i_below(e, i_add(e, y->at, one), i_add(e, size, one));
    mask whole = f_equal(e, y->coeff[1], f_const(e, 0));
    return m_and(e, above, m_not(e, m_and(e, whole, i_less(e, y->at, i_const(e, 0)))));
}

/* Coefficients and their slopes of the two rows, or columns, that the dots are of. */
typedef struct MovedSlopes {
    fvec coeff[2], slope[2];
    mask valid;
} MovedSlopes;

static MovedSlopes moved(Emit *e, const RowPair *y, idx extent)
{
    const RowPair slopes = { y->at, { f_const(e, -1), f_const(e, 1) } };
    MovedPair w = bilinear_move(e, y, extent), d = bilinear_move(e, &slopes, extent);
    return (MovedSlopes){ .coeff = { w.pair.coeff[0], w.pair.coeff[1] },
                          .slope = { d.pair.coeff[0], d.pair.coeff[1] },
                          .valid = has_slope(e, y, extent) };
}

static PointGradient outer(Emit *e, const ScatterOffsets *t, const RowPair *y, const RowPair *x,
                           const fvec s[CORNERS])
{
    const MovedSlopes my = moved(e, y, t->pb.h), mx = moved(e, x, t->pb.w);
    fvec zero = f_const(e, 0);
    PointGradient g = { zero, zero, zero, m_and(e, my.valid, mx.valid) };
    for (int c = 0; c < CORNERS; c++) {
        g.y = f_add(e, g.y, bilinear_times(e, my.slope[c / 2], mx.coeff[c % 2], s[c]));
        g.x = f_add(e, g.x, bilinear_times(e, my.coeff[c / 2], mx.slope[c % 2], s[c]));
        g.m = f_add(e, g.m, bilinear_times(e, my.coeff[c / 2], mx.coeff[c % 2], s[c]));
    }
    return g;
}

/* ---- storing -------------------------------------------------------------------------------- */

static fvec valid_part(Emit *e, const PointGradient *g, fvec x)
{
    return g->valid.v ? f_select(e, g->valid, x, f_const(e, 0)) : x;
}

/* A vector of points. */
typedef struct ScatterPoints {
    idx first;
    mask live;
    fvec m; /* .v == NULL: 1, or not needed */
} ScatterPoints;

static void store_offsets(Emit *e, const ScatterOffsets *t, const ScatterPoints *v,
                          const PointGradient *g)
{
    const double scale = t->plan->s->offset_scale;
    fvec xy[] = { g->x, g->y };
    for (int i = 0; i < 2; i++) {
        if (v->m.v)
            xy[i] = f_mul(e, xy[i], v->m);
        if (scale != 1)
            xy[i] = f_mul(e, xy[i], f_const(e, scale));
        xy[i] = valid_part(e, g, xy[i]);
    }
    idx first = x_mulk(e, v->first, 2), rest = x_sub(e, x_mulk(e, t->in.points, 2), first);
    EMIT_IF (e, t->offset.wanted) {
        for (int i = 0; i < 2; i++) {
            int64_t before = (int64_t)i * e->lanes;
            addr to = p_at(e, t->in.grad_offset, x_addk(e, first, before));
            mask live = v->live.v ? m_below(e, x_addk(e, rest, -before)) : all_lanes;
            gradient_store(e, &t->offset, to, x_const(e, 1), f_interleave(e, xy[0], xy[1], 1, i),
                           live);
        }
    }
}

static void store_masks(Emit *e, const ScatterOffsets *t, const ScatterPoints *v,
                        const PointGradient *g)
{
    const ScatterPlan *p = t->plan;
    fvec x = p->softmax ? f_mul(e, g->m, v->m) : g->m;
    x = valid_part(e, g, x);
    if (p->softmax) {
        addr own = scatter_scratch(e, t->in.scratch, p->scratch.grad_masks);
        p_store(e, p_at(e, own, v->first), x, v->live);
        return;
    }
    EMIT_IF (e, t->mask.wanted) {
        gradient_store(e, &t->mask, p_at(e, t->in.grad_mask, v->first), x_const(e, 1), x, v->live);
    }
}

static void one_vector(Emit *e, const ScatterOffsets *t, idx point, mask live)
{
    const ScatterPlan *p = t->plan;
    ScatterPoints v = { .first = point, .live = live };
    fvec xy[2], s[CORNERS];
    points_offsets(e, t->in.offsets, point, t->in.points, live, xy);
    if (p->modulated)
        v.m = p_load(e, p_at(e, t->in.masks, point), live);
    RowPair y = points_pair(e, &t->points, 0, point, xy[1]);
    RowPair x = points_pair(e, &t->points, 1, point, xy[0]);
    dots_of(e, t, point, live, s);
    mask inside = points_inside(e, &t->pb, &y, &x);
    EMIT_IF_ELSE (e, border, c_any(e, m_not(e, inside))) {
        PointGradient g = border.yes ? outer(e, t, &y, &x, s) : inner(e, &y, &x, s);
        if (p->want.offset)
            store_offsets(e, t, &v, &g);
        if (p->want.mask)
            store_masks(e, t, &v, &g);
    }
}

/* ---- softmax -------------------------------------------------------------------------------- */

/* The arrays of a group: terms, gradients times terms, and where those of its logits go. */
typedef struct ScatterLogits {
    addr terms, products, to;
} ScatterLogits;

static void one_softmax(Emit *e, const ScatterOffsets *t, const ScatterLogits *l, fvec scale)
{
    const ScatterPlan *p = t->plan;
    fvec sum = f_const(e, 0);
    for (int k = 0; k < p->points; k += e->lanes)
        sum = f_add(e, sum,
                    p_load(e, p_at(e, l->products, x_const(e, k)), m_up_to(e, p->points - k)));
    fvec mean = f_mul(e, f_hadd(e, sum), scale);
    for (int k = 0; k < p->points; k += e->lanes) {
        idx at = x_const(e, k);
        mask live = m_up_to(e, p->points - k);
        fvec product = p_load(e, p_at(e, l->products, at), live);
        fvec term = p_load(e, p_at(e, l->terms, at), live);
        fvec x = f_fma(e, f_neg(e, term), mean, product);
        gradient_store(e, &t->mask, p_at(e, l->to, at), x_const(e, 1), x, live);
    }
}

static void all_softmaxes(Emit *e, const ScatterOffsets *t)
{
    const ScatterPlan *p = t->plan;
    addr scratch = t->in.scratch, products = scatter_scratch(e, scratch, p->scratch.grad_masks);
    idx groups = x_div(e, t->in.points, x_const(e, p->points));
    EMIT_FOR (e, g, x_const(e, 0), groups, 1) {
        idx first = x_mulk(e, g.at, p->points);
        ScatterLogits l = { .terms = p_at(e, t->in.masks, first),
                            .products = p_at(e, products, first) };
        l.to = p->copies ? l.products : p_at(e, t->in.grad_mask, first);
        addr scale = p_at(e, scatter_scratch(e, scratch, p->scratch.scales), g.at);
        one_softmax(e, t, &l, p_splat(e, scale));
    }
}

/* ---- the function --------------------------------------------------------------------------- */

ScatterOuts scatter_outs(Emit *e, const ScatterPlan *p, const Problem *pb, addr args)
{
    return (ScatterOuts){ gradient_out(e, pb, args, p->packed ? RT_OFFSET_MASK : RT_OFFSET),
                          gradient_out(e, pb, args, p->packed ? RT_OFFSET_MASK : RT_MASK) };
}

/* In the workspace nothing is added to what is there. */
static void find_outputs(Emit *e, ScatterOffsets *t)
{
    ScatterOuts outs = scatter_outs(e, t->plan, &t->pb, t->in.args);
    t->offset = outs.offset;
    t->mask = outs.mask;
    if (t->plan->copies)
        t->offset.add = t->mask.add = x_less(e, x_const(e, 1), x_const(e, 0));
}

static const Param param[] = { PARAM(ScatterOffsetsArgs, args),
                               PARAM(ScatterOffsetsArgs, offsets),
                               PARAM(ScatterOffsetsArgs, masks),
                               PARAM(ScatterOffsetsArgs, scratch),
                               PARAM(ScatterOffsetsArgs, grad_offset),
                               PARAM(ScatterOffsetsArgs, grad_mask),
                               PARAM(ScatterOffsetsArgs, points),
                               PARAM(ScatterOffsetsArgs, y),
                               PARAM(ScatterOffsetsArgs, x) };
static const Params params = PARAMS(ScatterOffsetsArgs, param);

LLVMValueRef scatter_emit_offsets(Emit *e, const ScatterPlan *p)
{
    ScatterOffsets t = { .plan = p, .points.s = p->s };
    LLVMValueRef fn = e_fn_begin_with(e, "offsets", 1, e->none, &params, &t.in);
    const int constants = p->block.points + p->lanes;
    t.pb = problem_load(e, p->s, t.in.args);
    for (int axis = 0; axis < 2; axis++)
        points_constants(e, &t.points, axis, constants, p->block.groups, axis ? t.in.x : t.in.y);
    find_outputs(e, &t);
    EMIT_VECTORS (e, v, t.in.points) {
        one_vector(e, &t, v.at, v.live);
    }
    if (p->softmax && p->want.mask) {
        EMIT_IF (e, t.mask.wanted) {
            all_softmaxes(e, &t);
        }
    }
    e_fn_end(e);
    return fn;
}

void scatter_call_offsets(Emit *e, LLVMValueRef fn, const ScatterOffsetsArgs *in)
{
    e_call_with(e, fn, &params, in);
}
