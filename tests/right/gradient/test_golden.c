/* test_golden.c: gradient kernels give the numbers of other implementations.
**
** Every golden case that has gradients and whose operator has a lowering for them, in both types and
** both layouts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "tests/support/golden.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

enum { MOST_CASES = 512 };

static bool has_lowering(const dcn_spec *s);

/* A composite can what all of its parts can. */
static bool can(const Lowering *how, const dcn_spec *s)
{
    LoweringPart *part = NULL;
    bool all = sched_takes(how, s);
    const int n = all && how->parts ? how->parts(s, &part) : 0;
    for (int i = 0; i < n; i++)
        all = all && has_lowering(&part[i].spec);
    free(part);
    return all;
}

static bool has_lowering(const dcn_spec *s)
{
    for (int i = 0; cg_lowerings[i]; i++)
        if (can(cg_lowerings[i], s))
            return true;
    return false;
}

/* Weights as the kernel wants them; others as they are. */
static void *operand(const dcn_kernel *k, int i, const dcn_tensor *t, void *plain)
{
    if (t->role != DCN_WEIGHT)
        return plain;
    void *packed = malloc(dcn_kernel_tensor_bytes(k, i) + 1);
    cr_assert_eq(dcn_pack_tensor(k, i, plain, packed), 0);
    free(plain);
    return packed;
}

static void check(const char *name, const Golden *g, dcn_dtype dtype, dcn_layout layout)
{
    dcn_kernel *k = NULL;
    dcn_error err;
    dcn_spec s = golden_spec(g, dtype, layout), bound = s;
    void *at[RT_NUM_OPERANDS] = { NULL };
    cr_assert_eq(dcn_compile(&s, NULL, &k, &err), 0, "%s: %s", name, err.text);
    bound.batch = g->batch;
    const rt_operands o = rt_operands_of(&bound);
    for (int i = 0; i < o.n; i++)
        at[i] = operand(k, i, &o.tensor[i], golden_tensor(g, i, dtype, layout, NULL));
    const dcn_call call = { .tensor = at, .ntensors = o.n, .batch = g->batch, .threads = 2 };
    cr_assert_eq(dcn_execute(k, &call, &err), 0, "%s: %s", name, err.text);
    for (int i = 0; i < o.n; i++) {
        char what[256] = "";
        if (o.tensor[i].role == DCN_OUT)
            cr_expect_eq(golden_compare_tensor(g, i, at[i], dtype, layout, what), 0,
                         "%s, %s, %s (%s): %s: %s", name, dcn_dtype_name(dtype),
                         dcn_layout_name(layout), dcn_kernel_schedule(k), o.tensor[i].name, what);
        free(at[i]);
    }
    dcn_kernel_free(k);
}

static void free_names(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(golden_gradient, kernel)
{
    GoldenName *all = cr_malloc(MOST_CASES * sizeof *all);
    int n = golden_list(SOURCE_DIR, all, MOST_CASES);
    return cr_make_param_array(GoldenName, all, (size_t)n, free_names);
}

ParameterizedTest(const GoldenName *which, golden_gradient, kernel)
{
    Golden g;
    dcn_error err = { .text = "" };
    if (!which->dir[0])
        cr_skip("literal case %s is not on this machine: DCNGEN_SHARED_GOLDEN names its folder",
                which->name);
    const int none = golden_open_gradient(which->dir, &g, &err);
    cr_assert_geq(none, 0, "%s: %s", which->name, err.text);
    for (int i = 0; i < 4 && !none && has_lowering(&g.spec); i++)
        if (thin_takes(THIN_GOLDEN) && golden_has_layout(&g, (dcn_layout)(i % 2)))
            check(which->name, &g, (dcn_dtype)(i / 2), (dcn_layout)(i % 2));
    golden_close(&g);
}
