/* rows.c: operands of stages on rows, and what several of them do with a row.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/rows.h"

#include <string.h>

/* ---- operands -------------------------------------------------------------------------------- */

int rows_number_of(const Stage *st, const char *name)
{
    int i = st->n - 1;
    while (i >= 0 && strcmp(st->tensor[i], name) != 0)
        i--;
    return i;
}

addr rows_tensor(const Rows *r, const char *name)
{
    const int i = rows_number_of(r->st, name);
    return i < 0 ? (addr){ NULL } : r->tensor[i];
}

GradientOut rows_gradient(Emit *e, const Rows *r, const char *name)
{
    const int i = rows_number_of(r->st, name);
    if (i < 0)
        return (GradientOut){ .to = { NULL } };
    return gradient_out_nth(e, r->tensor[i], r->args, r->st->n, i);
}

Norm rows_norm_of(const Rows *r, addr weight, addr bias)
{
    const Rowwise *rows = &r->st->rows;
    return (Norm){ rows->channels, rows->eps, rows->activation, weight, bias };
}

Blend rows_blend_of(const Rows *r, addr y, addr x, addr logits)
{
    const Rowwise *rows = &r->st->rows;
    return (Blend){ rows->channels, rows->groups, rows->activation, y, x, logits };
}

/* ---- sums ------------------------------------------------------------------------------------ */

idx rows_sum_at(Emit *e, const Rows *r, int which, idx channel)
{
    return x_addk(e, channel, which * r->st->rows.channels);
}

void rows_add_sum(Emit *e, const Rows *r, int which, idx first, fvec x, mask live)
{
    addr at = p_at(e, r->sums, rows_sum_at(e, r, which, first));
    p_store(e, at, f_add(e, p_load(e, at, live), x), live);
}
