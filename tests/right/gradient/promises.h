/* promises.h: what every gradient kernel promises; each ends the test where it is broken.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_PROMISES_H
#define DCN_TESTS_PROMISES_H

#include "tests/right/gradient/backward.h"

/* Gradients have the same bits on more threads, in another order of tasks, and for any gradient alone or left
** out. */
void promise_bits(const Backward *b);

/* Overwritten and then added to is added to twice. */
void promise_sums(const Backward *b);

/* All gradients are 0 where grad_output is, beside infinities; spoils the operands. */
void promise_nothing(Backward *b);

/* That gradient is 0 everywhere. */
void promise_zeros(const Backward *b, rt_operand of, const BackwardResult *r);

#endif
