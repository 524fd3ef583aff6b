/* test_golden_gradient.c: the reference gives the gradients of other implementations.
**
** Every golden case that has gradients, in f64 and in every layout that the operator has: all of them
** at once, and each alone, which must be the same bits.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/reference.h"
#include "runtime/spec/gradient.h"
#include "tests/support/golden.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CASES = 512 };

/* The gradient of one operand alone, from the tensors of a kernel that computes more. */
static void expect_alone(const char *name, const Golden *g, const dcn_spec *s, int at,
                         double *const tensor[RT_NUM_OPERANDS], const double *want)
{
    const rt_operands all = rt_operands_of(s);
    const rt_operand grad = all.which[at];
    const double *part[RT_NUM_OPERANDS] = { NULL };
    dcn_spec one = *s;
    one.gradient = (rt_operand_set)1 << rt_operand_of_grad(grad);
    const rt_operands o = rt_operands_of(&one);
    for (int i = 0; i < o.n; i++)
        part[i] = tensor[rt_operand_at(s, o.which[i])];
    const size_t bytes = (size_t)g->tensor[at].count * sizeof *want;
    double *got = malloc(bytes + 1);
    cr_assert_eq(rt_reference(&one, part, grad, got), 0);
    cr_expect(!memcmp(got, want, bytes), "%s: %s alone", name, rt_operand_names[grad]);
    free(got);
}

static void check(const char *name, const Golden *g, dcn_layout layout)
{
    dcn_spec s = golden_spec(g, DCN_F64, layout);
    double *tensor[RT_NUM_OPERANDS] = { NULL };
    s.batch = g->batch;
    const rt_operands o = rt_operands_of(&s);
    for (int i = 0; i < g->n; i++)
        tensor[i] = golden_tensor(g, i, DCN_F64, layout, NULL);
    rt_ref *r = rt_ref_open(&s, (const double *const *)tensor);
    cr_assert_not_null(r);
    for (int i = 0; i < g->n; i++) {
        char what[256] = "";
        if (o.tensor[i].role != DCN_OUT)
            continue;
        double *got = malloc((size_t)g->tensor[i].count * sizeof *got + 1);
        cr_assert_eq(rt_ref_values(r, o.which[i], got), 0);
        const int64_t wrong = golden_compare_tensor(g, i, got, DCN_F64, layout, what);
        cr_expect_eq(wrong, 0, "%s, %s, %s: %lld of %lld elements are wrong: %s", name,
                     dcn_layout_name(layout), o.tensor[i].name, (long long)wrong,
                     (long long)g->tensor[i].count, what);
        expect_alone(name, g, &s, i, tensor, got);
        free(got);
    }
    rt_ref_close(r);
    for (int i = 0; i < g->n; i++)
        free(tensor[i]);
}

static void free_names(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(golden_gradient, reference)
{
    GoldenName *all = cr_malloc(MOST_CASES * sizeof *all);
    int n = golden_list(SOURCE_DIR, all, MOST_CASES);
    return cr_make_param_array(GoldenName, all, (size_t)n, free_names);
}

ParameterizedTest(const GoldenName *which, golden_gradient, reference)
{
    Golden g;
    dcn_error err = { .text = "" };
    if (!which->dir[0])
        cr_skip("literal case %s is not on this machine: DCNGEN_SHARED_GOLDEN names its folder",
                which->name);
    const int none = golden_open_gradient(which->dir, &g, &err);
    cr_assert_geq(none, 0, "%s: %s", which->name, err.text);
    for (int layout = DCN_NCHW; layout <= DCN_NHWC && !none; layout++)
        if (golden_has_layout(&g, (dcn_layout)layout))
            check(which->name, &g, (dcn_layout)layout);
    golden_close(&g);
}
