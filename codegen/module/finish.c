/* finish.c: what is done to sums on their way to an output, by itself, and its gradients.
**
**     z = x*scale[o] + shift[o] + residual        y = act(z),  e = g act'(z)
**     grad_x = e*scale[o]   grad_scale[o] = sum e*x   grad_shift[o] = sum e   grad_residual = e
**
** grad_x may lie where x does.  Where g is 0 nothing is added, whatever stands beside it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/module/rows.h"

/* Some elements of a row. */
typedef struct FinishLanes {
    const Rows *rows;
    idx at;      /* the first of them in a map */
    idx channel; /* of the first */
    mask live;
} FinishLanes;

static fvec of_map(Emit *e, const FinishLanes *l, const char *name)
{
    return p_load(e, p_at(e, rows_tensor(l->rows, name), l->at), l->live);
}

static fvec of_channel(Emit *e, const FinishLanes *l, const char *name)
{
    addr at = p_at(e, rows_tensor(l->rows, name), l->channel);
    return l->rows->st->rows.planes ? p_splat(e, at) : p_load(e, at, l->live);
}

static bool has(const FinishLanes *l, const char *name)
{
    return rows_tensor(l->rows, name).v;
}

/* z */
static fvec given(Emit *e, const FinishLanes *l)
{
    fvec z = of_map(e, l, "x");
    if (has(l, "scale"))
        z = f_fma(e, z, of_channel(e, l, "scale"), of_channel(e, l, "shift"));
    return has(l, "residual") ? f_add(e, z, of_map(e, l, "residual")) : z;
}

/* The lanes of a vector of the row. */
static FinishLanes lanes_at(Emit *e, const Rows *r, idx row, const VecLoop *v)
{
    FinishLanes l = { .rows = r, .live = v->live, .channel = v->at };
    l.at = x_add(e, x_mul(e, row, r->length), v->at);
    if (r->st->rows.planes)
        l.channel = x_rem(e, row, x_const(e, r->st->rows.channels));
    return l;
}

/* ---- forwards -------------------------------------------------------------------------------- */

static void finish_row(Emit *e, const Rows *r, idx row)
{
    EMIT_VECTORS (e, v, r->length) {
        const FinishLanes l = lanes_at(e, r, row, &v);
        fvec y = emit_activation(e, r->st->rows.activation, given(e, &l));
        p_store(e, p_at(e, rows_tensor(r, "y"), l.at), y, l.live);
    }
}

const RowKind rows_finish = { finish_row, { NULL } };

/* ---- backwards ------------------------------------------------------------------------------- */

static void store(Emit *e, const FinishLanes *l, const char *name, fvec x)
{
    const GradientOut out = rows_gradient(e, l->rows, name);
    EMIT_IF (e, out.wanted) {
        gradient_store(e, &out, p_at(e, out.to, l->at), x_const(e, 1), x, l->live);
    }
}

/* A number of a plane is added up first, and then to its channel. */
static void add_sum(Emit *e, const FinishLanes *l, int which, var plane, fvec x)
{
    if (l->rows->st->rows.planes)
        v_set(e, plane, f_add(e, v_get(e, plane), x));
    else
        rows_add_sum(e, l->rows, which, l->channel, x, l->live);
}

static void finish_back_row(Emit *e, const Rows *r, idx row)
{
    const bool scale = rows_tensor(r, "grad_scale").v, shift = rows_tensor(r, "grad_shift").v;
    const rt_activation act = r->st->rows.activation;
    var plane[ROWS_SUMS] = { v_float(e, f_const(e, 0)), v_float(e, f_const(e, 0)) };
    EMIT_VECTORS (e, v, r->length) {
        const FinishLanes l = lanes_at(e, r, row, &v);
        fvec g = of_map(e, &l, "g");
        if (act.kind != DCN_ACT_NONE)
            g = gradient_times(e, g, emit_activation_slope(e, act, given(e, &l)));
        if (scale)
            add_sum(e, &l, 0, plane[0], gradient_times(e, g, of_map(e, &l, "x")));
        if (shift)
            add_sum(e, &l, 1, plane[1], g);
        if (has(&l, "grad_residual"))
            store(e, &l, "grad_residual", g);
        if (has(&l, "grad_x"))
            store(e, &l, "grad_x",
                  has(&l, "scale") ? gradient_times(e, g, of_channel(e, &l, "scale")) : g);
    }
    idx channel = x_rem(e, row, x_const(e, r->st->rows.channels));
    for (int i = 0; i < ROWS_SUMS && r->st->rows.planes; i++)
        if (i ? shift : scale)
            rows_add_sum(e, r, i, channel, f_hadd(e, v_get(e, plane[i])), m_first(e, 1));
}

const RowKind rows_finish_back = { finish_back_row, { "grad_scale", "grad_shift" } };
