/* slope.c: derivatives of the activations, with the sides that math.h names.
**
** They are exact to a few units of the last place of 1: where a derivative is small it is a
** difference.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/math/poly.h"

/* 1 where m is set, else `other`; NaN where x is. */
static fvec step(Emit *e, mask m, fvec other, fvec x)
{
    return f_select(e, f_is_nan(e, x), x, f_select(e, m, f_const(e, 1), other));
}

static fvec none(Emit *e, rt_activation a, fvec x)
{
    (void)a, (void)x;
    return f_const(e, 1);
}

static fvec relu(Emit *e, rt_activation a, fvec x)
{
    (void)a;
    fvec zero = f_const(e, 0);
    return step(e, f_less(e, zero, x), zero, x);
}

/* s + x s s', s = sigmoid(x), s' = sigmoid(-x): 1 - s would lose what x magnifies.  Both are 0 or 1
** beyond the bounds. */
static fvec silu(Emit *e, rt_activation a, fvec x)
{
    (void)a;
    fvec lowest = f_per_type(e, -110, -760), highest = f_per_type(e, 110, 760);
    fvec y = f_min(e, highest, f_max(e, lowest, x));
    fvec s = emit_sigmoid(e, y), rest = emit_sigmoid(e, f_neg(e, y));
    return f_fma(e, f_mul(e, y, s), rest, s);
}

static fvec gelu(Emit *e, rt_activation a, fvec x)
{
    (void)a;
    return emit_gelu_slope(e, x);
}

static fvec leaky_relu(Emit *e, rt_activation a, fvec x)
{
    return step(e, f_less(e, f_const(e, 0), x), f_const(e, a.slope), x);
}

static fvec hardswish(Emit *e, rt_activation a, fvec x)
{
    (void)a;
    fvec within = f_fma(e, x, f_const(e, 1.0 / 3), f_const(e, 0.5));
    mask below = f_less_equal(e, x, f_const(e, -3)), above = f_less(e, f_const(e, 3), x);
    return f_select(e, below, f_const(e, 0), f_select(e, above, f_const(e, 1), within));
}

static fvec clip(Emit *e, rt_activation a, fvec x)
{
    mask above = f_less(e, f_const(e, a.min), x), below = f_less(e, x, f_const(e, a.max));
    return step(e, m_and(e, above, below), f_const(e, 0), x);
}

static fvec sigmoid(Emit *e, rt_activation a, fvec x)
{
    (void)a;
    return f_mul(e, emit_sigmoid(e, x), emit_sigmoid(e, f_neg(e, x)));
}

static fvec hyperbolic(Emit *e, rt_activation a, fvec x)
{
    (void)a;
    fvec t = emit_tanh(e, x);
    return f_fma(e, f_neg(e, t), t, f_const(e, 1));
}

fvec emit_activation_slope(Emit *e, rt_activation a, fvec x)
{
    static fvec (*const table[])(Emit *, rt_activation, fvec) = {
        [DCN_ACT_NONE] = none,
        [DCN_ACT_RELU] = relu,
        [DCN_ACT_SILU] = silu,
        [DCN_ACT_GELU] = gelu,
        [DCN_ACT_LEAKY_RELU] = leaky_relu,
        [DCN_ACT_HARDSWISH] = hardswish,
        [DCN_ACT_CLIP] = clip,
        [DCN_ACT_SIGMOID] = sigmoid,
        [DCN_ACT_TANH] = hyperbolic,
    };
    return table[a.kind](e, a, x);
}
