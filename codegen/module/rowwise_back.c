/* rowwise_back.c: gradients through the operations of rowwise.c, with g the gradient of the output.
**
**     norm     see kernel/norm.h
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

static void norm_back_stage(Emit *e, const Rows *r, idx row)
{
    static const char *const grads[ROWS_SUMS] = { "grad_weight", "grad_bias" };
    const Norm of = rows_norm_of(r, rows_tensor(r, "weight"), rows_tensor(r, "bias"));
    NormBack b = { .x = rows_tensor(r, "x"), .g = rows_tensor(r, "g") };
    b.first = x_mulk(e, row, of.n);
    b.out = rows_gradient(e, r, "grad_x");
    for (int i = 0; i < ROWS_SUMS; i++)
        if (rows_tensor(r, grads[i]).v)
            b.sum[i] = p_at(e, r->sums, rows_sum_at(e, r, i, x_const(e, 0)));
    norm_back_row(e, &of, &b);
}

const RowKind rows_norm_back = { norm_back_stage, { "grad_weight", "grad_bias" } };

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
        fvec all = gradient_times(e, f_hadd(e, v_get(e, sum)), f_mul(e, b->share, rest));
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
