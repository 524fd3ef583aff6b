/* activation.h: what becomes of an output, or of a value on the way: a function and its parameters.
**
**     none   x                       relu         x < 0 ? 0 : x
**     silu   x / (1 + exp(-x))       leaky_relu   x < 0 ? slope*x : x
**     gelu   x Phi(x)                hardswish    x * min(max(x + 3, 0), 6) / 6
**     clip   min(max(x, min), max)   sigmoid      1 / (1 + exp(-x))
**     tanh   tanh x
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_ACTIVATION_H
#define DCN_RUNTIME_SPEC_ACTIVATION_H

#include <dcngen/spec.h>

typedef struct rt_activation {
    dcn_activation kind;
    double slope, min, max;
} rt_activation;

/* What the parameters are unless a spec says more: PyTorch's slope, and relu6. */
#define RT_DEFAULT_SLOPE 0.01
#define RT_DEFAULT_MIN   0.0
#define RT_DEFAULT_MAX   6.0

static inline rt_activation rt_plain_activation(dcn_activation kind)
{
    return (rt_activation){ kind, RT_DEFAULT_SLOPE, RT_DEFAULT_MIN, RT_DEFAULT_MAX };
}

static inline rt_activation rt_activation_of(const dcn_spec *s)
{
    return (rt_activation){ s->activation, s->activation_slope, s->activation_min,
                            s->activation_max };
}

static inline void rt_set_activation(dcn_spec *s, rt_activation a)
{
    s->activation = a.kind;
    s->activation_slope = a.slope;
    s->activation_min = a.min;
    s->activation_max = a.max;
}

#endif
