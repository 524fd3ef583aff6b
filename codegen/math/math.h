/* math.h: elementary functions as polynomials, and the pieces of the operators made of them.
** Largest errors, in units of the last place, are stated in activation.c and tested.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MATH_H
#define DCN_CODEGEN_MATH_H

#include "codegen/ir/emit.h"
#include "runtime/spec/activation.h"

fvec emit_exp(Emit *e, fvec x); /* 0 below, inf above, NaN stays */
/* exp(x) for x <= 0, but not less than 1e-38, or 1e-307 in f64; NaN stays. */
fvec emit_exp_below_0(Emit *e, fvec x);
fvec emit_tanh(Emit *e, fvec x);
fvec emit_erf(Emit *e, fvec x);
fvec emit_sigmoid(Emit *e, fvec x); /* 1 / (1 + exp(-x)) */
fvec emit_silu(Emit *e, fvec x);    /* x sigmoid(x) */
fvec emit_gelu(Emit *e, fvec x);    /* x Phi(x) = x erfc(-x/sqrt 2) / 2 */
fvec emit_relu(Emit *e, fvec x);    /* max(x, 0); NaN stays */
fvec emit_activation(Emit *e, rt_activation a, fvec x);

/* Derivatives of activations; at kinks those of runtime/reference: relu, leaky_relu and hardswish from the
** left, clip 0 at both bounds.  NaN stays; far out they are 0 or 1. */
fvec emit_activation_slope(Emit *e, rt_activation a, fvec x);
fvec emit_gelu_slope(Emit *e, fvec x); /* Phi(x) + x Phi'(x) */

/* Whether an activation is so many instructions that it should stand in a loop, not once for each register. */
bool activation_is_long(dcn_activation a);

#endif
