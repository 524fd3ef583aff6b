/* test_module.c: layers with options that nobody chose, against the reference and between guards; and layers that
** are fed offsets that no map has.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "tests/right/kernel/called.h"
#include "tests/support/random_module.h"
#include "tests/support/random_spec.h"
#include "tests/support/thin.h"
#include "tuner/check/operands.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KERNELS = 12 };

/* 1 and 2 threads, guards before and behind: the same bits. */
static void check_guarded(const dcn_kernel *k, const Operands *o, const char *what)
{
    void *plain[RT_NUM_OPERANDS];
    plain_tensors(o, plain);
    Guarded one = called(k, &o->spec, plain, 1, GUARD_AFTER);
    Guarded two = called(k, &o->spec, plain, 2, GUARD_BEFORE);
    cr_expect(one.bytes && !memcmp(one.at, two.at, one.bytes), "%s: 2 threads give other bits",
              what);
    guarded_free(&one);
    guarded_free(&two);
    for (int i = 0; i < o->n; i++)
        free(plain[i]);
}

static Operands open_operands(const dcn_kernel *k, rt_rng *r)
{
    Operands o;
    dcn_error err;
    dcn_spec bound = random_sizes(r, dcn_kernel_spec(k));
    cr_assert(!tune_operands_open(&o, k, &bound, &err) && !tune_fill_inputs(&o, r, &err), "%s",
              err.text);
    return o;
}

static void check_seed(dcn_op op, uint64_t seed)
{
    dcn_error err;
    dcn_report report;
    dcn_kernel *k;
    char schedule[DCN_SCHEDULE_MAX];
    const dcn_options o = { .schedule = seed % 2 ? schedule : NULL };
    char what[DCN_SPEC_TEXT_MAX];
    rt_rng r = rt_rng_seed(seed);
    dcn_spec s = random_module(&r, op);
    dcn_spec_print(&s, what, sizeof what);
    random_schedule_text(&r, &s, schedule);
    cr_assert_eq(dcn_compile(&s, &o, &k, &err), 0, "%s: %s", what, err.text);
    cr_expect(!o.schedule || !strcmp(dcn_kernel_schedule(k), schedule), "%s", schedule);
    cr_assert_eq(dcn_verify(k, seed, 2, &report, &err), 0, "%s: %s", what, err.text);
    cr_expect_gt(report.checked, 0);
    cr_expect_eq(report.failures, 0, "%s, %s: %s", what, dcn_kernel_schedule(k), report.what);
    Operands p = open_operands(k, &r);
    check_guarded(k, &p, what);
    tune_operands_close(&p);
    dcn_kernel_free(k);
}

static const dcn_op ops[] = { DCN_OP_DEFORM_CONV2D_PACK, DCN_OP_SEPARABLE_CONV2D,
                              DCN_OP_DCNV3_MODULE, DCN_OP_DCNV4_MODULE,
                              DCN_OP_DEFORM_ROI_POOL_PACK };
enum { NOPS = sizeof ops / sizeof *ops };

ParameterizedTestParameters(random_modules, agree_with_the_reference)
{
    return cr_make_param_array(dcn_op, (dcn_op *)(size_t)ops, NOPS);
}

ParameterizedTest(const dcn_op *op, random_modules, agree_with_the_reference)
{
    const int n = thin_share(THIN_RANDOM, KERNELS);
    for (int i = 0; i < n; i++)
        check_seed(*op, 1000 * (uint64_t)*op + (uint64_t)i);
}

/* ---- stages as kernels of their own ---------------------------------------------------------------- */

/* The spec that a user would write: it passes the check, and loading its text gives the same. */
static void check_part(const LoweringPart *part, const char *module)
{
    char text[DCN_SPEC_TEXT_MAX];
    dcn_module *m;
    dcn_error err;
    cr_assert_eq(dcn_spec_check(&part->spec, &err), 0, "%s of %s: %s", part->name, module,
                 err.text);
    dcn_spec_print(&part->spec, text, sizeof text);
    cr_assert_eq(dcn_load_text(text, "part", NULL, 0, &m, &err), 0, "%s: %s", text, err.text);
    cr_expect_arr_eq(dcn_module_spec(m, 0), &part->spec, sizeof part->spec, "%s of %s", text,
                     module);
    dcn_module_free(m);
}

Test(random_modules, stages_are_kernels_of_their_own)
{
    for (uint64_t seed = 0; seed < 40 * NOPS; seed++) {
        rt_rng r = rt_rng_seed(seed);
        dcn_spec s = random_module(&r, ops[seed % NOPS]);
        char what[DCN_SPEC_TEXT_MAX];
        Schedule sc;
        dcn_target t;
        dcn_error err;
        LoweringPart *part;
        snprintf(s.schedule, sizeof s.schedule, "stages");
        dcn_spec_print(&s, what, sizeof what);
        cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
        cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, 0, NULL }, &sc, &err), 0, "%s: %s", what,
                     err.text);
        int n = sc.lowering->parts(&s, &part);
        cr_assert_eq(n, sc.nparts);
        for (int i = 0; i < n; i++)
            check_part(&part[i], what);
        free(part);
        sched_free(&sc);
    }
}

/* ---- hostile offsets ------------------------------------------------------------------------------ */

static const struct {
    dcn_op op;
    const char *tensor; /* that reaches the offsets */
} hostile[] = {
    { DCN_OP_DEFORM_CONV2D_PACK, "offset_bias" },
    { DCN_OP_DEFORM_CONV2D_PACK, "input" },
    { DCN_OP_DCNV3_MODULE, "offset_bias" },
    { DCN_OP_DCNV4_MODULE, "offset_mask_bias" },
    { DCN_OP_DEFORM_ROI_POOL_PACK, "offset_fc_4_bias" },
    { DCN_OP_DEFORM_ROI_POOL_PACK, "rois" },
};

static void poison(Operands *o, const char *tensor, double value)
{
    for (int i = 0; i < o->n; i++)
        for (int64_t j = 0; !strcmp(o->tensor[i].name, tensor) && j < o->count[i]; j += 3)
            o->exact[i][j] = value;
}

Test(hostile_modules, touch_nothing_outside)
{
    static const double values[] = { NAN, INFINITY, -INFINITY, 1e30, -1e30, 3e9 };
    for (size_t h = 0; h < sizeof hostile / sizeof *hostile; h++)
        for (uint64_t v = 0; v < sizeof values / sizeof *values; v++) {
            if (!thin_takes(THIN_SHAPES))
                continue;
            dcn_kernel *k;
            dcn_error err;
            rt_rng r = rt_rng_seed(77 + v);
            dcn_spec s = random_module(&r, hostile[h].op);
            cr_assert_eq(dcn_compile(&s, NULL, &k, &err), 0, "%s", err.text);
            Operands o = open_operands(k, &r);
            poison(&o, hostile[h].tensor, values[v]);
            check_guarded(k, &o, hostile[h].tensor);
            tune_operands_close(&o);
            dcn_kernel_free(k);
        }
}
