/* slopes.c: derivatives of the activations, emitted and in long double.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/emit/slopes.h"

#include <math.h>

Long want_silu_slope(Long x)
{
    const Long s = 1 / (1 + expl(-x));
    return isinf(x) ? x > 0 : s + x * s * (1 - s);
}

Long want_gelu_slope(Long x)
{
    const Long density = expl(-x * x / 2) / sqrtl(2 * acosl(-1));
    return isinf(x) ? x > 0 : erfcl(-x * sqrtl(0.5L)) / 2 + x * density;
}

Long want_relu_slope(Long x)
{
    return isnan(x) ? x : x > 0;
}

Long want_leaky_relu_slope(Long x)
{
    return isnan(x) ? x : x > 0 ? 1 : -0.25L;
}

Long want_hardswish_slope(Long x)
{
    return x <= -3 ? 0 : x > 3 ? 1 : (2 * x + 3) / 6;
}

Long want_clip_slope(Long x)
{
    return isnan(x) ? x : x > -1.5L && x < 2;
}

Long want_sigmoid_slope(Long x)
{
    const Long small = expl(-fabsl(x));
    return isinf(x) ? 0 : small / ((1 + small) * (1 + small));
}

Long want_tanh_slope(Long x)
{
    return 1 - tanhl(x) * tanhl(x);
}

fvec slope_silu(Emit *e, fvec x)
{
    return emit_activation_slope(e, rt_plain_activation(DCN_ACT_SILU), x);
}
fvec slope_gelu(Emit *e, fvec x)
{
    return emit_activation_slope(e, rt_plain_activation(DCN_ACT_GELU), x);
}
fvec slope_relu(Emit *e, fvec x)
{
    return emit_activation_slope(e, rt_plain_activation(DCN_ACT_RELU), x);
}
fvec slope_leaky_relu(Emit *e, fvec x)
{
    return emit_activation_slope(e, (rt_activation){ .kind = DCN_ACT_LEAKY_RELU, .slope = -0.25 },
                                 x);
}
fvec slope_hardswish(Emit *e, fvec x)
{
    return emit_activation_slope(e, rt_plain_activation(DCN_ACT_HARDSWISH), x);
}
fvec slope_clip(Emit *e, fvec x)
{
    return emit_activation_slope(e, (rt_activation){ .kind = DCN_ACT_CLIP, .min = -1.5, .max = 2 },
                                 x);
}
fvec slope_sigmoid(Emit *e, fvec x)
{
    return emit_activation_slope(e, rt_plain_activation(DCN_ACT_SIGMOID), x);
}
fvec slope_tanh(Emit *e, fvec x)
{
    return emit_activation_slope(e, rt_plain_activation(DCN_ACT_TANH), x);
}
