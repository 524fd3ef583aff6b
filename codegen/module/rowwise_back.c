/* rowwise_back.c: gradients through the operations of rowwise.c, with g the gradient of the output.
**
**     norm     x^ = (x - mean)*r,  r = 1/sqrt(var + eps),  e = g act'(x^*weight + bias),  u = e*weight
**              grad_weight = sum e*x^,  grad_bias = sum e,  grad_x = r (u - mean(u) - x^ mean(u*x^))
**     blend    c = sigmoid(logit):  grad_y = g (1 - c),  grad_x = g c,
**              grad_logits = c (1 - c) sum of g (x - y) over the group
**     transpose    [a][b] -> [b][a] within the row, its own gradient the other way round
**
** Where g is 0 nothing is added, whatever stands beside it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/module/rows.h"

static fvec load(Emit *e, addr p, idx at, mask live)
{
    return p_load(e, p_at(e, p, at), live);
}

/* ---- norm ------------------------------------------------------------------------------------ */

/* A row; the tensors begin with it. */
typedef struct NormRow {
    const Rows *rows;
    addr x, weight, bias, g; /* .v == NULL: not needed */
    fvec mean, scale;
} NormRow;

/* Of some channels: x^, e and u. */
typedef struct NormLanes {
    fvec x, e, u;
} NormLanes;

static NormLanes lanes_of(Emit *e, const NormRow *n, const VecLoop *c)
{
    const rt_activation act = n->rows->st->rows.activation;
    NormLanes l = { .x = f_const(e, 0), .e = load(e, n->g, c->at, c->live) };
    fvec weight = f_const(e, 0);
    if (n->x.v)
        l.x = f_mul(e, f_sub(e, load(e, n->x, c->at, c->live), n->mean), n->scale);
    if (n->weight.v)
        weight = load(e, n->weight, c->at, c->live);
    if (act.kind != DCN_ACT_NONE) {
        fvec y = f_fma(e, l.x, weight, load(e, n->bias, c->at, c->live));
        l.e = gradient_times(e, l.e, emit_activation_slope(e, act, y));
    }
    l.u = gradient_times(e, l.e, weight);
    return l;
}

/* Both of its means over the row, of u and of u*x^; the sums of the task go on. */
static void add_norm_sums(Emit *e, const NormRow *n, fvec mean[2])
{
    const Rows *r = n->rows;
    const int64_t channels = r->st->rows.channels;
    const bool weight = rows_tensor(r, "grad_weight").v, bias = rows_tensor(r, "grad_bias").v;
    var sum[2] = { v_float(e, f_const(e, 0)), v_float(e, f_const(e, 0)) };
    EMIT_VECTORS (e, c, x_const(e, channels)) {
        const NormLanes l = lanes_of(e, n, &c);
        v_set(e, sum[0], f_add(e, v_get(e, sum[0]), l.u));
        v_set(e, sum[1], f_add(e, v_get(e, sum[1]), gradient_times(e, l.u, l.x)));
        if (weight)
            rows_add_sum(e, r, 0, c.at, gradient_times(e, l.e, l.x), c.live);
        if (bias)
            rows_add_sum(e, r, 1, c.at, l.e, c.live);
    }
    for (int i = 0; i < 2; i++)
        mean[i] = f_mul(e, rows_sum_lanes(e, v_get(e, sum[i])), f_const(e, 1.0 / (double)channels));
}

static void norm_back_row(Emit *e, const Rows *r, idx row)
{
    const int64_t channels = r->st->rows.channels;
    idx first = x_mulk(e, row, channels);
    NormRow n = { .rows = r, .x = rows_tensor(r, "x"), .g = rows_tensor(r, "g") };
    fvec mean[2];
    n.weight = rows_tensor(r, "weight");
    n.bias = rows_tensor(r, "bias");
    n.g = p_at(e, n.g, first);
    if (n.x.v) {
        n.x = p_at(e, n.x, first);
        n.mean = rows_mean_of(e, n.x, channels, NULL);
        n.scale = rows_deviation_of(e, r, rows_mean_of(e, n.x, channels, &n.mean));
    }
    add_norm_sums(e, &n, mean);
    const GradientOut out = rows_gradient(e, r, "grad_x");
    if (!out.to.v)
        return;
    EMIT_IF (e, out.wanted) {
        EMIT_VECTORS (e, c, x_const(e, channels)) {
            const NormLanes l = lanes_of(e, &n, &c);
            fvec d = f_sub(e, f_sub(e, l.u, mean[0]), gradient_times(e, mean[1], l.x));
            addr to = p_at(e, out.to, x_add(e, first, c.at));
            gradient_store(e, &out, to, x_const(e, 1), gradient_times(e, d, n.scale), c.live);
        }
    }
}

const RowKind rows_norm_back = { norm_back_row, { "grad_weight", "grad_bias" } };

/* ---- blend ----------------------------------------------------------------------------------- */

/* The channels of a group, from element `first` on. */
typedef struct BlendGroup {
    const Rows *rows;
    idx first;
    fvec share;
} BlendGroup;

static void back_to(Emit *e, const BlendGroup *b, const char *name, fvec factor)
{
    const Rowwise *rows = &b->rows->st->rows;
    const GradientOut out = rows_gradient(e, b->rows, name);
    if (!out.to.v)
        return;
    EMIT_IF (e, out.wanted) {
        EMIT_VECTORS (e, c, x_const(e, rows->channels / rows->groups)) {
            idx at = x_add(e, b->first, c.at);
            fvec g = load(e, rows_tensor(b->rows, "g"), at, c.live);
            gradient_store(e, &out, p_at(e, out.to, at), x_const(e, 1),
                           gradient_times(e, g, factor), c.live);
        }
    }
}

/* logit: which one. */
static void back_to_logit(Emit *e, const BlendGroup *b, idx logit)
{
    const Rows *r = b->rows;
    const GradientOut out = rows_gradient(e, r, "grad_logits");
    if (!out.to.v)
        return;
    EMIT_IF (e, out.wanted) {
        fvec rest = f_sub(e, f_const(e, 1), b->share);
        var sum = v_float(e, f_const(e, 0));
        EMIT_VECTORS (e, c, x_const(e, r->st->rows.channels / r->st->rows.groups)) {
            idx at = x_add(e, b->first, c.at);
            fvec x = load(e, rows_tensor(r, "x"), at, c.live);
            fvec d = f_sub(e, x, load(e, rows_tensor(r, "y"), at, c.live));
            fvec g = load(e, rows_tensor(r, "g"), at, c.live);
            v_set(e, sum, f_add(e, v_get(e, sum), gradient_times(e, g, d)));
        }
        fvec all = gradient_times(e, rows_sum_lanes(e, v_get(e, sum)), f_mul(e, b->share, rest));
        gradient_store(e, &out, p_at(e, out.to, logit), x_const(e, 1), all, m_first(e, 1));
    }
}

static void blend_back_row(Emit *e, const Rows *r, idx row)
{
    const Rowwise *rows = &r->st->rows;
    EMIT_FOR_OPAQUE (e, g, x_const(e, 0), x_const(e, rows->groups), 1) {
        idx logit = x_add(e, x_mulk(e, row, rows->groups), g.at);
        BlendGroup b = { .rows = r };
        b.share = emit_sigmoid(e, p_splat(e, p_at(e, rows_tensor(r, "logits"), logit)));
        b.first = x_mulk(e, logit, rows->channels / rows->groups);
        back_to(e, &b, "grad_y", f_sub(e, f_const(e, 1), b.share));
        back_to(e, &b, "grad_x", b.share);
        back_to_logit(e, &b, logit);
    }
}

const RowKind rows_blend_back = { blend_back_row, { NULL } };

/* ---- transpose ------------------------------------------------------------------------------- */

static void transpose_row(Emit *e, const Rows *r, idx row)
{
    const Rowwise *rows = &r->st->rows;
    const int64_t a = rows->groups, b = rows->channels / a;
    const GradientOut out = rows_gradient(e, r, "grad_x");
    idx first = x_mulk(e, row, rows->channels);
    EMIT_IF (e, out.wanted) {
        EMIT_FOR_OPAQUE (e, i, x_const(e, 0), x_const(e, a), 1) {
            EMIT_VECTORS (e, j, x_const(e, b)) {
                idx from = x_add(e, first, x_add(e, x_mulk(e, i.at, b), j.at));
                idx to = x_add(e, first, x_add(e, x_mulk(e, j.at, a), i.at));
                fvec x = load(e, rows_tensor(r, "x"), from, j.live);
                gradient_store(e, &out, p_at(e, out.to, to), x_const(e, a), x, j.live);
            }
        }
    }
}

const RowKind rows_transpose = { transpose_row, { NULL } };
