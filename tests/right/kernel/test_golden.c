/* test_golden.c: kernels give the numbers of other implementations.
**
** Every golden case in both types and both layouts, by each lowering, on one thread and on two; and
** then against the reference on offsets of our own.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "runtime/spec/fields.h"
#include "tests/right/kernel/called.h"
#include "tests/support/golden.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CASES = 512, MOST_LOWERINGS = 8 };

typedef struct Variant {
    const char *name; /* of the case */
    const Golden *g;
    dcn_dtype dtype;
    dcn_layout layout;
    const char *schedule; /* a lowering, by its own guess */
    char text[400];       /* all of this, for messages */
} Variant;

static void describe(Variant *v)
{
    snprintf(v->text, sizeof v->text, "%s, %s, %s, %s", v->name, dcn_dtype_name(v->dtype),
             dcn_layout_name(v->layout), v->schedule);
}

static void check_numbers(const Variant *v, const dcn_kernel *k)
{
    dcn_spec bound = *dcn_kernel_spec(k);
    bound.batch = v->g->batch;
    void *plain[RT_NUM_OPERANDS] = { NULL };
    for (int i = 0; i < v->g->n; i++)
        plain[i] = golden_tensor(v->g, i, v->dtype, v->layout, NULL);
    Guarded one = called(k, &bound, plain, 1, GUARD_AFTER);
    Guarded two = called(k, &bound, plain, 2, GUARD_BEFORE);
    char what[256] = "";
    int64_t wrong = golden_compare(v->g, one.at, v->dtype, v->layout, what);
    cr_expect_eq(wrong, 0, "%s (%s): %lld elements are wrong: %s", v->text, dcn_kernel_schedule(k),
                 (long long)wrong, what);
    cr_expect(one.bytes == two.bytes && !memcmp(one.at, two.at, one.bytes),
              "%s (%s): 2 threads give other bits than 1", v->text, dcn_kernel_schedule(k));
    guarded_free(&one);
    guarded_free(&two);
    for (int i = 0; i < v->g->n; i++)
        free(plain[i]);
}

static void check_reference(const Variant *v, const dcn_kernel *k)
{
    dcn_error err;
    dcn_report report;
    cr_assert_eq(dcn_verify(k, 1, 2, &report, &err), 0, "%s: %s", v->text, err.text);
    cr_expect_gt(report.cases, 0);
    cr_expect_eq(report.failures, 0, "%s (%s): %s", v->text, dcn_kernel_schedule(k), report.what);
}

/* used: the schedule in use; 1 if the lowering refuses the case. */
static int check_variant(const Variant *v, char used[DCN_SCHEDULE_MAX])
{
    dcn_error err;
    dcn_kernel *k = NULL;
    dcn_spec s = golden_spec(v->g, v->dtype, v->layout);
    dcn_options options = { .schedule = v->schedule };
    if (dcn_compile(&s, &options, &k, &err)) {
        cr_assert(strstr(err.text, "is refused: "), "%s: %s", v->text, err.text);
        cr_log_info("%s: %s", v->text, err.text);
        return 1;
    }
    snprintf(used, DCN_SCHEDULE_MAX, "%s", dcn_kernel_schedule(k));
    check_numbers(v, k);
    if (!thin_is_on()) /* they see the reference, not the kernel, and see it in tests/right/reference */
        check_reference(v, k);
    dcn_kernel_free(k);
    return 0;
}

/* The schedule that is used when nobody asks for one is one of those that were checked. */
static int check_schedules(const char *name, const Golden *g, dcn_dtype dtype, dcn_layout layout)
{
    char used[MOST_LOWERINGS][DCN_SCHEDULE_MAX] = { "" };
    dcn_choice guess;
    int refused = 0, checked = 0, n = 0;
    for (int i = 0; cg_lowerings[i]; i++) {
        Variant v = { name, g, dtype, layout, cg_lowerings[i]->name, "" };
        describe(&v);
        if (sched_takes(cg_lowerings[i], &g->spec))
            refused += check_variant(&v, used[n++]);
    }
    dcn_error err;
    dcn_spec s = golden_spec(g, dtype, layout);
    cr_assert_eq(dcn_explain(&s, NULL, &guess, NULL, 0, &err), 0, "%s: %s", name, err.text);
    for (int i = 0; i < n; i++)
        checked += !strcmp(guess.schedule, used[i]);
    cr_expect_gt(checked, 0, "%s: the guess is %s", name, guess.schedule);
    return refused;
}

static void free_names(struct criterion_test_params *p)
{
    cr_free(p->params);
}

ParameterizedTestParameters(golden, numbers)
{
    GoldenName *all = cr_malloc(MOST_CASES * sizeof *all);
    int n = golden_list(SOURCE_DIR, all, MOST_CASES);
    return cr_make_param_array(GoldenName, all, (size_t)n, free_names);
}

ParameterizedTest(const GoldenName *which, golden, numbers)
{
    Golden g;
    dcn_error err;
    if (!which->dir[0])
        cr_skip("literal case %s is not on this machine: DCNGEN_SHARED_GOLDEN names its folder",
                which->name);
    cr_assert_eq(golden_open(which->dir, &g, &err), 0, "%s", err.text);
    int refused = 0;
    for (int i = 0; i < 4; i++) {
        if (thin_takes(THIN_GOLDEN) && rt_op_of(g.spec.op) &&
            golden_has_layout(&g, (dcn_layout)(i % 2)))
            refused += check_schedules(which->name, &g, (dcn_dtype)(i / 2), (dcn_layout)(i % 2));
    }
    if (!rt_op_of(g.spec.op))
        cr_log_info("%s: no lowering compiles it", which->name);
    if (refused)
        cr_log_info("%s: %d schedules refused", which->name, refused);
    golden_close(&g);
}

/* A folder that was lost would otherwise be a test that passes. */
Test(golden, all_cases_are_here)
{
    static GoldenName all[MOST_CASES];
    int n = golden_list(SOURCE_DIR, all, MOST_CASES), literal = 0;
    for (int i = 0; i < n; i++)
        literal += !strstr(all[i].dir, "/tests/golden/");
    cr_expect_eq(literal, 36);
    cr_expect_eq(n - literal, 169);
}

/* The comparison itself: an element that is off by more than allowed, or NaN, is found. */
Test(golden, comparison_can_fail)
{
    Golden g;
    dcn_error err;
    char what[256] = "";
    cr_assert_eq(golden_open(SOURCE_DIR "/tests/golden/dcnv2_tv_04_stride2_groups", &g, &err), 0,
                 "%s", err.text);
    double *f64 = golden_tensor(&g, g.output, DCN_F64, DCN_NHWC, NULL);
    float *f32 = golden_tensor(&g, g.output, DCN_F32, DCN_NCHW, NULL);
    cr_expect_eq(golden_compare(&g, f64, DCN_F64, DCN_NHWC, what), 0, "%s", what);
    cr_expect_eq(golden_compare(&g, f32, DCN_F32, DCN_NCHW, what), 0, "%s", what);
    cr_expect_gt(golden_compare(&g, f64, DCN_F64, DCN_NCHW, what), 0);
    f64[3] += 1e-8 * (1 + fabs(f64[3]));
    f32[0] += 1e-3f * (1 + fabsf(f32[0]));
    f32[2] = NAN;
    cr_expect_eq(golden_compare(&g, f64, DCN_F64, DCN_NHWC, what), 1);
    cr_expect_eq(golden_compare(&g, f32, DCN_F32, DCN_NCHW, what), 2);
    cr_expect(strstr(what, "element 0 "), "%s", what);
    free(f64);
    free(f32);
    golden_close(&g);
}
