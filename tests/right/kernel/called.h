/* called.h: one call of a kernel with all its operands between guards.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_CALLED_H
#define DCN_TESTS_CALLED_H

#include "tests/support/guarded.h"

#include "tuner/check/operands.h"

#include <dcngen.h>

/* plain[]: the operands in the order of dcn_spec_tensors, in the kernel's type and layout, weight
** not packed, the output's not read; bound: the kernel's spec with static sizes.  Inputs cannot be
** written, workspace is exactly what the kernel asks for.  Returns the output. */
Guarded called(const dcn_kernel *k, const dcn_spec *bound, void *const plain[RT_NUM_OPERANDS],
               int threads, Guard side);

/* Such tensors from filled operands; each is freed by free(). */
void plain_tensors(const Operands *o, void *plain[RT_NUM_OPERANDS]);

#endif
