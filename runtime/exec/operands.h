/* operands.h: whether the tensors of a call can be what a kernel takes.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_EXEC_OPERANDS_H
#define DCN_RUNTIME_EXEC_OPERANDS_H

#include <dcngen/error.h>
#include <dcngen/spec.h>

/* at[i] is where tensor t[i] of bytes[i] bytes lies.  0 if all are there and aligned to their
** elements, and no output shares a byte with another tensor; else -1 with the tensor's name. */
int rt_check_pointers(const dcn_tensor *t, int n, void *const *at, const size_t *bytes,
                      dcn_error *err);

#endif
