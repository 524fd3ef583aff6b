/* called.c: one call of a kernel with all its operands between guards.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/kernel/called.h"
#include "runtime/base/tensor.h"
#include "runtime/exec/kernel.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static Guarded operand(const dcn_kernel *k, int i, const dcn_tensor *t, const void *plain,
                       Guard side)
{
    const bool packed = t->role == DCN_WEIGHT;
    const size_t bytes = (size_t)rt_tensor_count(t) * dcn_dtype_bytes(dcn_kernel_spec(k)->dtype);
    Guarded g = guarded_new(packed ? dcn_kernel_tensor_bytes(k, i) : bytes, side);
    if (t->role == DCN_OUT)
        return g;
    if (packed) {
        Guarded weight = guarded_new(bytes, side);
        memcpy(weight.at, plain, bytes);
        guarded_read_only(&weight);
        cr_assert_eq(dcn_pack_tensor(k, i, weight.at, g.at), 0);
        guarded_free(&weight);
    } else
        memcpy(g.at, plain, bytes);
    guarded_read_only(&g);
    return g;
}

Guarded called(const dcn_kernel *k, const dcn_spec *bound, void *const plain[RT_NUM_OPERANDS],
               int threads, Guard side)
{
    dcn_error err;
    dcn_tensor t[RT_NUM_OPERANDS];
    Guarded g[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(bound, t, RT_NUM_OPERANDS);
    void *at[RT_NUM_OPERANDS];
    dcn_call call = {
        .tensor = at,
        .ntensors = n,
        .batch = bound->batch,
        .height = bound->height,
        .width = bound->width,
        .rois = bound->rois,
        .threads = threads,
    };
    for (int i = 0; i < n; i++) {
        g[i] = operand(k, i, &t[i], plain[i], side);
        at[i] = g[i].at;
    }
    size_t bytes = dcn_kernel_workspace_bytes(
        k, (dcn_sizes){ call.batch, call.height, call.width, call.rois }, threads);
    Guarded workspace = guarded_new((bytes + 63) / 64 * 64, side);
    call.workspace = bytes ? workspace.at : NULL;
    cr_assert_eq(rt_execute(k, &call, true, &err), 0, "%s", err.text);
    guarded_free(&workspace);
    const int output = rt_operand_at(bound, RT_OUTPUT);
    for (int i = 0; i < n; i++)
        if (i != output)
            guarded_free(&g[i]);
    return g[output];
}

void plain_tensors(const Operands *o, void *plain[RT_NUM_OPERANDS])
{
    rt_kind kind = rt_kind_of(o->spec.dtype);
    for (int i = 0; i < o->n; i++) {
        plain[i] = malloc((size_t)o->count[i] * rt_kind_bytes(kind) + 1);
        rt_convert(plain[i], kind, o->exact[i], RT_F64, o->count[i]);
    }
}
