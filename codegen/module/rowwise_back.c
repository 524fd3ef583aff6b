/* rowwise_back.c: gradients through the operations of rowwise.c, with g the gradient of the output.
**
**     norm     see kernel/norm.h
**     blend    see kernel/blend.h
**     transpose    [a][b] -> [b][a] within the row, its own gradient the other way round
**
** Where g is 0 nothing is added, whatever stands beside it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/rows.h"

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

static void blend_back_stage(Emit *e, const Rows *r, idx row)
{
    const Blend of =
        rows_blend_of(r, rows_tensor(r, "y"), rows_tensor(r, "x"), rows_tensor(r, "logits"));
    const BlendBack b = { .g = rows_tensor(r, "g"),
                          .y = rows_gradient(e, r, "grad_y"),
                          .x = rows_gradient(e, r, "grad_x"),
                          .logits = rows_gradient(e, r, "grad_logits") };
    blend_back_row(e, &of, &b, row);
}

const RowKind rows_blend_back = { blend_back_stage, { NULL } };

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
                fvec x = p_load(e, p_at(e, rows_tensor(r, "x"), from), j.live);
                gradient_store(e, &out, p_at(e, out.to, to), x_const(e, a), x, j.live);
            }
        }
    }
}

const RowKind rows_transpose = { transpose_row, { NULL } };
