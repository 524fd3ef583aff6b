/* fake.c: the reference behind the binary interface of generated code, with whatever mistake a test plants.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/verify/fake.h"
#include "runtime/base/tensor.h"
#include "runtime/spec/op.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static dcn_spec spec;
static FakeCompute *compute_it;

static dcn_spec bound(const int64_t *sizes)
{
    dcn_spec s = spec;
    if (!rt_op_has(spec.op, RT_IS_NETWORK))
        cr_assert_eq(dcn_spec_bind(&spec, (dcn_sizes){ sizes[0], sizes[1], sizes[2], 0 }, &s, NULL),
                     0);
    return s;
}

static void run(const void *args, int64_t phase, int64_t first, int64_t last, void *workspace,
                int64_t thread)
{
    (void)phase, (void)first, (void)last, (void)workspace, (void)thread;
    void *const *tensor = args;
    double *v[RT_NUM_OPERANDS];
    const dcn_spec s = bound((const int64_t *)args + rt_operands_of(&spec).n);
    const rt_operands o = rt_operands_of(&s);
    for (int i = 0; i < o.n; i++) {
        const int64_t n = rt_tensor_count(&o.tensor[i]);
        v[i] = calloc((size_t)n + 1, sizeof(double));
        rt_convert(v[i], RT_F64, tensor[i], rt_kind_of(o.tensor[i].dtype), n);
    }
    compute_it(&s, &o, v);
    for (int i = 0; i < o.n; i++) {
        if (o.tensor[i].role == DCN_OUT)
            rt_convert(tensor[i], rt_kind_of(o.tensor[i].dtype), v[i], RT_F64,
                       rt_tensor_count(&o.tensor[i]));
        free(v[i]);
    }
}

static int64_t tasks(const void *args, int64_t phase)
{
    (void)args;
    return phase == 0 ? 1 : -1;
}

static int64_t workspace_bytes(int64_t batch, int64_t height, int64_t width, int64_t rois,
                               int64_t threads)
{
    (void)batch, (void)height, (void)width, (void)rois, (void)threads;
    return 0;
}

static int64_t packed_bytes(int64_t which)
{
    const rt_operands o = rt_operands_of(&spec);
    int at = 0;
    (void)which;
    while (at < o.n && o.tensor[at].role != DCN_WEIGHT)
        at++;
    return at < o.n ? (int64_t)rt_tensor_bytes(&o.tensor[at]) : 0;
}

static void pack(int64_t which, const void *plain, void *packed)
{
    memcpy(packed, plain, (size_t)packed_bytes(which));
}

dcn_kernel fake_kernel(const dcn_spec *s, FakeCompute *compute)
{
    spec = *s;
    compute_it = compute;
    return (dcn_kernel){ .spec = *s, .entry = { run, tasks, workspace_bytes, pack, packed_bytes } };
}
