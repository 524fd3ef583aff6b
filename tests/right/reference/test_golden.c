/* test_golden.c: the reference gives the numbers of other implementations.
**
** Every golden case in f64, in every layout that the operator has: the whole output, and single
** elements of it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/reference.h"
#include "runtime/spec/fields.h"
#include "tests/support/golden.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CASES = 512, ELEMENTS = 7 };

static void check(const char *name, const Golden *g, dcn_layout layout)
{
    dcn_spec s = golden_spec(g, DCN_F64, layout);
    double *tensor[RT_NUM_OPERANDS] = { NULL };
    char what[256] = "";
    const int64_t count = g->tensor[g->output].count;
    s.batch = g->batch;
    for (int i = 0; i < g->n; i++)
        tensor[i] = golden_tensor(g, i, DCN_F64, layout, NULL);
    double *output = tensor[g->output];
    const double *const *operands = (const double *const *)tensor;
    for (int64_t i = 0; i < count; i++)
        output[i] = NAN;
    cr_assert_eq(rt_reference(&s, operands, RT_OUTPUT, output), 0);
    const int64_t wrong = golden_compare(g, output, DCN_F64, layout, what);
    cr_expect_eq(wrong, 0, "%s, %s: %lld of %lld elements are wrong: %s", name,
                 dcn_layout_name(layout), (long long)wrong, (long long)count, what);
    for (int64_t i = 0; count && i < ELEMENTS; i++) {
        const int64_t at = i * (count - 1) / (ELEMENTS - 1);
        cr_expect_eq(rt_reference_at(&s, operands, RT_OUTPUT, at), output[at],
                     "%s: one element alone", name);
    }
    for (int i = 0; i < g->n; i++)
        free(tensor[i]);
}

static void free_names(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(golden, reference)
{
    GoldenName *all = cr_malloc(MOST_CASES * sizeof *all);
    int n = golden_list(SOURCE_DIR, all, MOST_CASES);
    return cr_make_param_array(GoldenName, all, (size_t)n, free_names);
}

ParameterizedTest(const GoldenName *which, golden, reference)
{
    Golden g;
    dcn_error err = { .text = "" };
    if (!which->dir[0])
        cr_skip("literal case %s is not on this machine: DCNGEN_SHARED_GOLDEN names its folder",
                which->name);
    cr_assert_eq(golden_open(which->dir, &g, &err), 0, "%s: %s", which->name, err.text);
    for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
        if (golden_has_layout(&g, (dcn_layout)layout))
            check(which->name, &g, (dcn_layout)layout);
    }
    golden_close(&g);
}

/* Every operator has a case, and none was lost; networks are made of these. */
Test(golden, every_operator_has_cases)
{
    static GoldenName all[MOST_CASES];
    int n = golden_list(SOURCE_DIR, all, MOST_CASES), cases[DCN_NUM_OPS] = { 0 };
    for (int i = 0; i < n; i++) {
        Golden g;
        if (strstr(all[i].dir, "/tests/golden/") && !golden_open(all[i].dir, &g, NULL)) {
            cases[g.spec.op]++;
            golden_close(&g);
        }
    }
    for (int op = 0; op < DCN_NUM_OPS; op++)
        if (rt_op_in((dcn_op)op, RT_ANY_OP))
            cr_expect_gt(cases[op], 0, "%s", dcn_op_name((dcn_op)op));
}
