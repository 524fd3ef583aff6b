/* rowwise.c: the small operations between the operators of a module, on rows of a channels-last
** map.
**
**     norm     x = act((x - mean) / sqrt(var + eps) * weight + bias)        mean and var over the row
**     blend    y = act(y*(1 - c) + x*c),  c = sigmoid(logit of the channel's group)
**     reorder  [a][b] -> [b][a] within the row
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/module/rows.h"

/* A stage writes over what it reads, unless it has an operand for what it makes. */
static addr made(const Rows *r)
{
    return r->tensor[r->st->n > 3 ? 3 : 0];
}

/* ---- norm ----------------------------------------------------------------------------------- */

static void norm_stage(Emit *e, const Rows *r, idx row)
{
    const Norm of = rows_norm_of(r, r->tensor[1], r->tensor[2]);
    const idx first = x_mulk(e, row, of.n);
    norm_row(e, &of, p_at(e, r->tensor[0], first), p_at(e, made(r), first));
}

const RowKind rows_norm = { norm_stage, { NULL } };

/* ---- blend and reorder ----------------------------------------------------------------------- */

static void blend_row(Emit *e, const Rows *r, idx row)
{
    const Rowwise *rows = &r->st->rows;
    int64_t groups = rows->groups, channels = rows->channels / groups;
    addr logits = p_at(e, r->tensor[2], x_mulk(e, row, groups));
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, groups), 1) {
        fvec share = emit_sigmoid(e, p_splat(e, p_at(e, logits, g.at)));
        idx first = x_add(e, x_mulk(e, row, rows->channels), x_mulk(e, g.at, channels));
        EMIT_VECTORS (e, c, x_const(e, channels)) {
            idx at = x_add(e, first, c.at);
            addr to = p_at(e, made(r), at);
            fvec y = p_load(e, p_at(e, r->tensor[0], at), c.live);
            fvec x = p_load(e, p_at(e, r->tensor[1], at), c.live);
            fvec kept = f_mul(e, y, f_sub(e, f_const(e, 1), share));
            fvec blended = f_fma(e, x, share, kept);
            p_store(e, to, emit_activation(e, rows->activation, blended), c.live);
        }
    }
}

static void reorder_row(Emit *e, const Rows *r, idx row)
{
    const Rowwise *rows = &r->st->rows;
    const idx first = x_mulk(e, row, rows->channels), a = x_const(e, rows->groups),
              b = x_const(e, rows->channels / rows->groups);
    const Transpose give = { .from = p_at(e, r->tensor[0], first),
                             .to = p_at(e, r->tensor[1], first),
                             .rows = a,
                             .cols = b,
                             .from_step = b,
                             .to_step = a };
    call_transpose(e, r->transpose, &give);
}

const RowKind rows_blend = { blend_row, { NULL } }, rows_reorder = { reorder_row, { NULL } };
