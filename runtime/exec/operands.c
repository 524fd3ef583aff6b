/* operands.c: whether the tensors of a call can be what a kernel takes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/operands.h"
#include "runtime/base/base.h"

static int check_pointer(const dcn_tensor *t, const void *at, dcn_error *err)
{
    const size_t align = dcn_dtype_bytes(t->dtype);
    if (!at)
        return dcn_fail(err, DCN_EUSAGE, "tensor '%s' is NULL", t->name);
    if ((uintptr_t)at % align)
        return dcn_fail(err, DCN_EUSAGE, "tensor '%s' is not aligned to its %zu-byte elements",
                        t->name, align);
    return 0;
}

static bool overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    const uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    return x < y + b_bytes && y < x + a_bytes;
}

int rt_check_pointers(const dcn_tensor *t, int n, void *const *at, const size_t *bytes,
                      dcn_error *err)
{
    for (int i = 0; i < n; i++)
        if (check_pointer(&t[i], at[i], err))
            return -1;
    for (int out = 0; out < n; out++)
        for (int i = 0; i < n && t[out].role == DCN_OUT; i++)
            if (i != out && overlap(at[i], bytes[i], at[out], bytes[out]))
                return dcn_fail(err, DCN_EUSAGE, "tensor '%s' overlaps '%s', which is written",
                                t[i].name, t[out].name);
    return 0;
}
