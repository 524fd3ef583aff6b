/* test_fill.c: tensors to check kernels with, for every operator.
**
** The specs are those of the golden cases.  Whatever a case holds, the reference gives numbers: a NaN
** would mean that a kernel's element cannot be told from one that was never written.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/reference.h"
#include "runtime/spec/fields.h"
#include "tests/support/golden.h"
#include "tuner/check/operands.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

enum { MOST_CASES = 512 };

static void check_case(Operands *o, const TuneCase *c, const char *what)
{
    const int at = rt_operand_at(&o->spec, RT_OUTPUT);
    double *output = o->exact[at];
    const int64_t count = o->count[at];
    double largest = 0;
    cr_assert_eq(rt_reference(&o->spec, (const double *const *)o->exact, RT_OUTPUT, output), 0);
    for (int64_t i = 0; i < count; i++) {
        cr_assert(isfinite(output[i]), "%s, %s: element %lld is %g", what, c->name, (long long)i,
                  output[i]);
        largest = fmax(largest, fabs(output[i]));
    }
    if (strstr(c->name, "ordinary") && count > 8) /* of few, all may lie outside */
        cr_expect(largest > 1e-3 && largest < 1e3, "%s: %g", what, largest);
}

/* All gradients, of which `sparse` leaves some. */
static void check_gradients(Operands *o, const TuneCase *c, const char *what)
{
    rt_ref *r = rt_ref_open(&o->spec, (const double *const *)o->exact);
    int64_t dead = 0;
    cr_assert_not_null(r);
    for (int i = 0; i < o->n; i++)
        for (int64_t at = 0; at < o->count[i]; at++) {
            if (o->which[i] == RT_GRAD_OUTPUT)
                dead += o->exact[i][at] == 0;
            if (o->tensor[i].role == DCN_OUT)
                cr_assert(isfinite(rt_ref_value(r, o->which[i], at)), "%s, %s: %s", what, c->name,
                          o->tensor[i].name);
        }
    const int g = rt_operand_at(&o->spec, RT_GRAD_OUTPUT);
    cr_expect(c->sparse ? dead < o->count[g] || !o->count[g] : dead == 0, "%s: %s", what, c->name);
    rt_ref_close(r);
}

static void check_operands(const Golden *g, uint64_t gradient, const char *what)
{
    Operands o;
    dcn_error err;
    int n;
    rt_rng rng = rt_rng_seed(5);
    dcn_spec s = golden_spec(g, DCN_F32, g->spec.layout);
    s.batch = g->batch;
    s.gradient = gradient;
    const TuneCase *cases = tune_cases_of(&s, &n);
    cr_assert_eq(tune_operands_open(&o, NULL, &s, &err), 0);
    cr_assert_eq(tune_fill_inputs(&o, &rng, &err), 0);
    for (int i = 0; i < n; i++) {
        tune_fill_case(&o, &cases[i], &rng);
        if (gradient)
            check_gradients(&o, &cases[i], what);
        else
            check_case(&o, &cases[i], what);
    }
    tune_operands_close(&o);
}

static void free_names(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(fill, every_case_gives_numbers)
{
    GoldenName *all = cr_malloc(MOST_CASES * sizeof *all);
    int n = golden_list(SOURCE_DIR, all, MOST_CASES), kept = 0;
    for (int i = 0; i < n; i++) {
        if (all[i].dir[0] && !strstr(all[i].name, "dcnv1_tv") && !strstr(all[i].name, "dcnv2_tv"))
            all[kept++] = all[i];
    }
    return cr_make_param_array(GoldenName, all, (size_t)kept, free_names);
}

ParameterizedTest(const GoldenName *which, fill, every_case_gives_numbers)
{
    Golden g;
    dcn_error err = { .text = "" };
    cr_assert_eq(golden_open(which->dir, &g, &err), 0, "%s: %s", which->name, err.text);
    check_operands(&g, 0, which->name);
    check_operands(&g, DCN_GRADIENT_ALL, which->name);
    golden_close(&g);
}

/* Where relu is given a number near 0, its gradient is not asked for. */
Test(fill, rounding_decides_about_no_gradient)
{
    Operands o;
    dcn_error err = { .text = "" };
    rt_rng rng = rt_rng_seed(5);
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.in_channels = 1, s.out_channels = 1, s.height = 1, s.width = 2;
    s.kernel[0] = s.kernel[1] = 1;
    s.activation = DCN_ACT_RELU;
    s.gradient = DCN_GRADIENT_ALL;
    cr_assert_eq(tune_operands_open(&o, NULL, &s, &err), 0);
    cr_assert_eq(tune_fill_inputs(&o, &rng, &err), 0);
    const int input = rt_operand_at(&s, RT_INPUT), g = rt_operand_at(&s, RT_GRAD_OUTPUT);
    o.exact[input][0] = 1;
    o.exact[input][1] = 1e-6;
    cr_assert_eq(tune_avoid_kinks(&o, &err), 0);
    cr_expect(o.exact[g][0] != 0 && o.exact[g][1] == 0);
    cr_expect_eq(((const float *)o.typed[g])[1], 0);
    tune_operands_close(&o);
}
