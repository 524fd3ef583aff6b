/* rowwise.c: the small operations between the operators of a module, on rows of a channels-last
** map.
**
**     norm     x = act((x - mean) / sqrt(var + eps) * weight + bias)        mean and var over the row
**     blend    y = act(y*(1 - c) + x*c),  c = sigmoid(logit of the channel's group)
**     reorder  [a][b] -> [b][a] within the row
** SPDX-License-Identifier: Apache-2.0
*/
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

static void blend_stage(Emit *e, const Rows *r, idx row)
{
    const Blend of = rows_blend_of(r, r->tensor[0], r->tensor[1], r->tensor[2]);
    blend_row(e, &of, made(r), row);
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

const RowKind rows_blend = { blend_stage, { NULL } }, rows_reorder = { reorder_row, { NULL } };
