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

/* ---- pieces of rows -------------------------------------------------------------------------- */

fvec rows_sum_lanes(Emit *e, fvec x)
{
    for (int s = e->lanes / 2; s >= 1; s /= 2) {
        int from[EMIT_MAX_LANES];
        for (int i = 0; i < e->lanes; i++)
            from[i] = i ^ s;
        x = f_add(e, x, f_permute(e, x, from));
    }
    return x;
}

fvec rows_mean_of(Emit *e, addr row, int64_t n, const fvec *mean)
{
    fvec zero = f_const(e, 0);
    var sum = v_float(e, zero);
    EMIT_VECTORS (e, c, x_const(e, n)) {
        fvec x = p_load(e, p_at(e, row, c.at), c.live), d = mean ? f_sub(e, x, *mean) : x;
        if (mean && c.live.v)
            d = f_select(e, c.live, d, zero);
        v_set(e, sum, mean ? f_fma(e, d, d, v_get(e, sum)) : f_add(e, d, v_get(e, sum)));
    }
    return f_mul(e, rows_sum_lanes(e, v_get(e, sum)), f_const(e, 1.0 / (double)n));
}

fvec rows_deviation_of(Emit *e, const Rows *r, fvec variance)
{
    fvec deviation = f_sqrt(e, f_add(e, variance, f_const(e, r->st->rows.eps)));
    return f_div(e, f_const(e, 1), deviation);
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
