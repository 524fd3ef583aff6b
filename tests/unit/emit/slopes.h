/* slopes.h: derivatives of the activations, emitted and in long double, for test_math.c.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_SLOPES_H
#define DCN_TESTS_SLOPES_H

#include "codegen/math/math.h"

typedef long double Long;

Long want_silu_slope(Long x);
Long want_gelu_slope(Long x);
Long want_relu_slope(Long x);
Long want_leaky_relu_slope(Long x);
Long want_hardswish_slope(Long x);
Long want_clip_slope(Long x);
Long want_sigmoid_slope(Long x);
Long want_tanh_slope(Long x);
fvec slope_silu(Emit *e, fvec x);
fvec slope_gelu(Emit *e, fvec x);
fvec slope_relu(Emit *e, fvec x);
fvec slope_leaky_relu(Emit *e, fvec x);
fvec slope_hardswish(Emit *e, fvec x);
fvec slope_clip(Emit *e, fvec x);
fvec slope_sigmoid(Emit *e, fvec x);
fvec slope_tanh(Emit *e, fvec x);

#endif
