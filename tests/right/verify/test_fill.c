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

static void check_operands(const Golden *g, const char *what)
{
    Operands o;
    dcn_error err;
    int n;
    rt_rng rng = rt_rng_seed(5);
    dcn_spec s = golden_spec(g, DCN_F32, g->spec.layout);
    s.batch = g->batch;
    const TuneCase *cases = tune_cases_of(&s, &n);
    cr_assert_eq(tune_operands_open(&o, NULL, &s, &err), 0);
    cr_assert_eq(tune_fill_inputs(&o, &rng, &err), 0);
    for (int i = 0; i < n; i++) {
        tune_fill_case(&o, &cases[i], &rng);
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
    check_operands(&g, which->name);
    golden_close(&g);
}
