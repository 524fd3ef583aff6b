/* norm.h: layer norm of a row of numbers that lie side by side, in both directions.
**
**     y = act(x^*weight + bias),  x^ = (x - mean)*r,  r = 1/sqrt(variance + eps)
**
**     with g the gradient of y:   e = g act'(x^*weight + bias),  u = e*weight
**     grad_weight = sum e*x^,  grad_bias = sum e,  grad_x = r (u - mean(u) - x^ mean(u*x^))
**
** The mean is taken first and the variance from the differences: the usual sum of squares loses digits.  Where g is 0
** nothing is added, whatever stands beside it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_NORM_H
#define DCN_CODEGEN_NORM_H

#include "codegen/kernel/gradient_out.h"
#include "runtime/spec/activation.h"

/* The norm of rows of n numbers; .v == NULL: what the gradients that are wanted do not read. */
typedef struct Norm {
    int64_t n;
    double eps;
    rt_activation activation;
    addr weight, bias;
} Norm;

void norm_row(Emit *e, const Norm *of, addr x, addr y);

typedef struct NormBack {
    addr x, g;       /* of all rows; x.v == NULL: it is not read */
    idx first;       /* where the row begins in both, and in `out` */
    addr sum[2];     /* grad_weight and grad_bias are added to these; .v == NULL: not wanted */
    GradientOut out; /* grad_x; .to.v == NULL: not wanted */
} NormBack;

void norm_back_row(Emit *e, const Norm *of, const NormBack *b);

#endif
