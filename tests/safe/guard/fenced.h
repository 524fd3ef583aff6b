/* fenced.h: kernels with all their operands between forbidden pages, for the tests of this folder.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_GUARD_FENCED_H
#define DCN_TESTS_GUARD_FENCED_H

#include <dcngen.h>

/* All cases of dcn_verify between fences, then dcn_verify itself; dynamic: with sizes given at the call.
** 0 if the schedule is refused. */
int fenced_kernel(const dcn_spec *bound, int dynamic, const char *schedule, const dcn_target *t);

/* The i-th machine that this one can imitate; 0 past the last one. */
int fenced_machine(int i, dcn_target *t);

#endif
