/* fake.h: the reference behind the binary interface of generated code, with whatever mistake a test plants.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_FAKE_H
#define DCN_TESTS_FAKE_H

#include "runtime/exec/kernel.h"
#include "runtime/spec/operands.h"

/* Computes outputs from inputs, all by operand in calling order and in double precision. */
typedef void FakeCompute(const dcn_spec *s, const rt_operands *o, double *const *v);

/* One at a time; its weights are not packed. */
dcn_kernel fake_kernel(const dcn_spec *s, FakeCompute *compute);

#endif
