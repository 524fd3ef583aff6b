/* gradient_out.h: gradients as outputs: a call may want fewer than the kernel makes, and have them
** added to what is there.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GRADIENT_OUT_H
#define DCN_CODEGEN_GRADIENT_OUT_H

#include "codegen/kernel/problem.h"

/* Tasks that each have sums of their own to make a gradient of, at most: sums are as much memory as tasks. */
enum { GRADIENT_MAX_SUMMING_TASKS = 64 };

typedef struct GradientOut {
    addr to;  /* the tensor; .v == NULL: the kernel does not make it */
    cond add; /* to what is there */
    cond wanted;
} GradientOut;

/* The gradient of an operand; args: of the call. */
GradientOut gradient_out(Emit *e, const Problem *pb, addr args, rt_operand of);

/* Tensor number nth of a kernel that has n of them. */
GradientOut gradient_out_nth(Emit *e, addr to, addr args, int n, int nth);

/* Store the live lanes `step` elements apart from `to` on, added to what is there if the call asks
** for it. */
void gradient_store(Emit *e, const GradientOut *out, addr to, idx step, fvec x, mask live);

/* Store them from element `at` of the tensor on, side by side, if the call wants it. */
void gradient_give(Emit *e, const GradientOut *out, idx at, fvec x, mask live);

/* Zeros to so many elements, which sums are then added to. */
void gradient_clear(Emit *e, addr to, idx elements);

/* A gradient times something, 0 where the gradient is: what it is multiplied with may be anything
** there. */
fvec gradient_times(Emit *e, fvec g, fvec x);

#endif
