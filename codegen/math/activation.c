/* activation.c: the activations, and how exact the functions of this folder are.
**
** Largest errors in units of the last place, over every float with 2^-14 <= |x| < 2^7 in f32
** (every third one, but for gelu) and over millions of random numbers in f64.  Promised, and tested
** on samples: 4.  Below the smallest normal number a unit is the smallest denormal.
**
**                   exp   tanh  erf   sigmoid  silu  gelu
**     f32, FMA      1.01  2.42  2.34  2.41     2.66  3.74
**     f32, no FMA   0.99  2.45  2.36  2.41     2.76  3.96
**     f64, FMA      1.03  2.59  1.54  2.30     2.44  3.35
**     f64, no FMA   1.00  2.54  1.70  2.30     2.41  3.73
**
** hardswish: 2.45 in f32 and 2.46 in f64, on the samples of the tests.  leaky_relu is rounded once, relu
** and clip never.
**
** NaN stays NaN.  silu, gelu and hardswish take their limit, a zero, at -infinity (where x / (1 + exp(-x))
** is NaN).  erf and tanh keep the sign of zero.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"

fvec emit_relu(Emit *e, fvec x)
{
    return f_max(e, f_const(e, 0), x);
}

static fvec leaky_relu(Emit *e, rt_activation a, fvec x)
{
    return f_select(e, f_less(e, x, f_const(e, 0)), f_mul(e, x, f_const(e, a.slope)), x);
}

/* x + 3 is exact near -3, where the product is small; below it both factors stand still. */
static fvec hardswish(Emit *e, fvec x)
{
    fvec least = f_max(e, f_const(e, -3), x);
    fvec sixths = f_min(e, f_const(e, 6), f_add(e, least, f_const(e, 3)));
    return f_mul(e, least, f_mul(e, sixths, f_const(e, 1.0 / 6)));
}

static fvec clip(Emit *e, rt_activation a, fvec x)
{
    return f_min(e, f_const(e, a.max), f_max(e, f_const(e, a.min), x));
}

/* An activation has parameters or none; that which does nothing has no function. */
fvec emit_activation(Emit *e, rt_activation a, fvec x)
{
    static const struct {
        fvec (*plain)(Emit *, fvec);
        fvec (*with)(Emit *, rt_activation, fvec);
    } table[] = {
        [DCN_ACT_NONE] = { NULL, NULL },
        [DCN_ACT_RELU] = { emit_relu, NULL },
        [DCN_ACT_SILU] = { emit_silu, NULL },
        [DCN_ACT_GELU] = { emit_gelu, NULL },
        [DCN_ACT_LEAKY_RELU] = { NULL, leaky_relu },
        [DCN_ACT_HARDSWISH] = { hardswish, NULL },
        [DCN_ACT_CLIP] = { NULL, clip },
        [DCN_ACT_SIGMOID] = { emit_sigmoid, NULL },
        [DCN_ACT_TANH] = { emit_tanh, NULL },
    };
    if (table[a.kind].plain)
        return table[a.kind].plain(e, x);
    return table[a.kind].with ? table[a.kind].with(e, a, x) : x;
}

bool activation_is_long(dcn_activation a)
{
    return a == DCN_ACT_SILU || a == DCN_ACT_GELU || a == DCN_ACT_SIGMOID || a == DCN_ACT_TANH;
}
