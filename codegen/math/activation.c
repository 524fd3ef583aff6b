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
** NaN stays NaN.  silu and gelu take their limit, a zero, at -infinity (where x / (1 + exp(-x)) is
** NaN).  erf and tanh keep the sign of zero.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"

fvec emit_relu(Emit *e, fvec x)
{
    return f_max(e, f_const(e, 0), x);
}

static fvec as_it_is(Emit *e, fvec x)
{
    (void)e;
    return x;
}

fvec emit_activation(Emit *e, dcn_activation a, fvec x)
{
    static fvec (*const table[])(Emit *, fvec) = {
        [DCN_ACT_NONE] = as_it_is,
        [DCN_ACT_RELU] = emit_relu,
        [DCN_ACT_SILU] = emit_silu,
        [DCN_ACT_GELU] = emit_gelu,
    };
    return table[a](e, x);
}
