/* laws.h: what does not change gradients, whatever kernel makes them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_GRADIENT_LAWS_H
#define DCN_TESTS_GRADIENT_LAWS_H

#include "tests/right/gradient/backward.h"

/* The same bits on more threads, in another order of tasks, and for any subset. */
void gradient_expect_same_bits(const Backward *b);

/* Overwritten and then added to is added to twice, from 0; and that is twice as much. */
void gradient_expect_sums(const Backward *b);

#endif
