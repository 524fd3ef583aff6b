/* test_expected.c: outputs compared with what is expected of them, however many there are and
** wherever they stand among the operands.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/shape.h"
#include "tuner/check/expected.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* first[4] f32, read[4] f32, second[2][3] f64; both outputs are expected to count up from 1. */
typedef struct Pair {
    float first[4], read[4];
    double second[6], value[6];
    int64_t at[6];
    Operands o;
    Expected x;
} Pair;

static void make_pair(Pair *p)
{
    static const dcn_tensor tensor[] = {
        { .name = "first", .role = DCN_OUT, .dtype = DCN_F32, .rank = 1, .dims = { 4 } },
        { .name = "read", .role = DCN_IN, .dtype = DCN_F32, .rank = 1, .dims = { 4 } },
        { .name = "second", .role = DCN_OUT, .dtype = DCN_F64, .rank = 2, .dims = { 2, 3 } }
    };
    memset(p, 0, sizeof *p);
    dcn_spec_init(&p->o.spec, DCN_OP_CONV2D);
    p->o.spec.height = p->o.spec.width = p->o.spec.in_channels = 1;
    p->o.n = 3;
    for (int i = 0; i < 3; i++) {
        p->o.tensor[i] = tensor[i];
        p->o.which[i] = i == 1 ? RT_INPUT : RT_OUTPUT;
        p->o.count[i] = rt_tensor_count(&tensor[i]);
    }
    p->o.typed[0] = p->first, p->o.typed[1] = p->read, p->o.typed[2] = p->second;
    for (int i = 0; i < 6; i++) {
        p->value[i] = p->second[i] = i + 1;
        p->first[i % 4] = p->read[i % 4] = (float)(i % 4 + 1);
        p->at[i] = i;
    }
    p->x = (Expected){
        .n = 2, .output = { { 0, 4, p->at, p->value, NULL }, { 2, 6, p->at, p->value, NULL } }
    };
}

static void expect_result(const Pair *p, const char *what)
{
    dcn_report report = { .what = "" };
    cr_expect_eq(expected_compare(&p->x, &p->o, "a case", &report), !*what, "%s", what);
    cr_expect_str_eq(report.what, what);
    cr_expect_eq(report.checked, 10);
    cr_expect_eq(report.cases, 1);
    cr_expect_eq(report.failures, *what ? 1 : 0);
}

Test(expected, every_output_is_compared_in_its_own_type)
{
    Pair p;
    make_pair(&p);
    expect_result(&p, "");
    p.second[4] += 1e-6; /* less than f32 may be off */
    expect_result(&p, "a case, batch 1, 1x1: second[1][1] is 5.000001, expected 5");
    p.first[3] = 0;
    expect_result(&p, "a case, batch 1, 1x1: first[3] is 0, expected 4");
}

Test(expected, what_the_sample_leaves_out_must_be_written)
{
    Pair p;
    make_pair(&p);
    dcn_report report = { .what = "" };
    p.second[5] = NAN;
    p.x.output[1].n = 5;
    cr_expect_not(expected_compare(&p.x, &p.o, "a case", &report));
    cr_expect_str_eq(report.what, "a case, batch 1, 1x1: second[1][2] is nan, expected a number");
}

Test(expected, every_output_is_poisoned_and_nothing_else)
{
    Pair p;
    make_pair(&p);
    tune_poison_outputs(&p.o);
    for (int i = 0; i < 4; i++)
        cr_expect(isnan(p.first[i]) && p.read[i] == (float)(i + 1));
    for (int i = 0; i < 6; i++)
        cr_expect(isnan(p.second[i]));
}

Test(expected, only_very_long_sums_may_be_off_by_more)
{
    static const struct {
        dcn_dtype dtype;
        double terms, rtol, atol;
    } rows[] = { { DCN_F32, 1, 2e-4, 5e-5 },
                 { DCN_F32, 0x1p20, 2e-4, 5e-5 },
                 { DCN_F32, 0x1p22, 4e-4, 1e-4 },
                 { DCN_F64, 0, 1e-9, 1e-10 },
                 { DCN_F64, 0x1p26, 8e-9, 8e-10 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const Tolerance t = expected_tolerance(rows[i].dtype, rows[i].terms);
        cr_expect_float_eq(t.rtol, rows[i].rtol, 1e-15 * rows[i].rtol + 1e-20, "row %zu", i);
        cr_expect_float_eq(t.atol, rows[i].atol, 1e-15 * rows[i].atol + 1e-20, "row %zu", i);
    }
}

/* The tolerance of a gradient follows its own sum: a bias adds all pixels, a residual nothing. */
Test(expected, gradients_may_be_off_as_far_as_they_are_summed)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.in_channels = s.out_channels = 1, s.height = s.width = 4096;
    s.kernel[0] = s.kernel[1] = 1;
    s.bias = s.residual = true;
    s.gradient = DCN_GRADIENT_ALL;
    const Tolerance bias = expected_tolerance(DCN_F32, rt_terms(&s, RT_GRAD_BIAS));
    const Tolerance residual = expected_tolerance(DCN_F32, rt_terms(&s, RT_GRAD_RESIDUAL));
    cr_expect_float_eq(bias.rtol, 8 * residual.rtol, 1e-9);
    cr_expect_float_eq(residual.rtol, 2e-4, 1e-9);
}
