/* test_verify.c: verify passes a right kernel and finds every planted mistake.
**
** The kernels are the reference behind the binary interface of generated code, with one mistake
** each.  Whoever plants a mistake that verify does not find has found a case to add to it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/reference/reference.h"
#include "tests/right/verify/fake.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static dcn_spec spec;

/* What is done to the operands before, and to the output after, the reference computes it. */
typedef void Spoil(const dcn_spec *s, double *v, int64_t n);
static Spoil *spoil_offset, *spoil_mask, *spoil_output;

static void compute(const dcn_spec *s, const rt_operands *o, double *const *v)
{
    const int out = rt_operand_at(s, RT_OUTPUT);
    for (int i = 0; i < o->n; i++) {
        const int64_t n = rt_tensor_count(&o->tensor[i]);
        if (spoil_offset && o->which[i] == RT_OFFSET)
            spoil_offset(s, v[i], n);
        if (spoil_mask && o->which[i] == RT_MASK)
            spoil_mask(s, v[i], n);
    }
    rt_reference(s, (const double *const *)v, RT_OUTPUT, v[out]);
    if (spoil_output)
        spoil_output(s, v[out], rt_tensor_count(&o->tensor[out]));
}

static void small(dcn_op op)
{
    dcn_spec_init(&spec, op);
    spec.in_channels = 4;
    spec.out_channels = 3;
    spec.height = 6;
    spec.width = 9;
    spec.kernel[0] = spec.kernel[1] = 3;
    for (int i = 0; i < 4; i++)
        spec.padding[i] = 1;
    spec.bias = true;
    if (op == DCN_OP_DEFORM_CONV2D)
        spec.modulation = DCN_MODULATION_MASK;
}

static dcn_report verify(void)
{
    const dcn_kernel k = fake_kernel(&spec, compute);
    dcn_report report;
    dcn_error err = { 0 };
    cr_assert_eq(dcn_verify(&k, 1, 2, &report, &err), 0, "%s", err.text);
    return report;
}

static void expect_pass(int cases)
{
    dcn_report r = verify();
    cr_expect_eq(r.failures, 0, "%s", r.what);
    cr_expect_str_eq(r.what, "");
    cr_expect_eq(r.cases, cases);
    cr_expect_leq(r.worst, 1);
    cr_expect_gt(r.checked, 0);
}

/* `what`: how the report begins */
static void expect_found(const char *what)
{
    dcn_report r = verify();
    cr_expect_gt(r.failures, 0, "not found: %s", what);
    cr_expect_gt(r.worst, 1);
    cr_expect_eq(strncmp(r.what, what, strlen(what)), 0, "'%s' does not begin with '%s'", r.what,
                 what);
}

/* ---- right kernels -------------------------------------------------------- */

Test(verify, right_kernels_pass)
{
    for (int op = DCN_OP_CONV2D; op <= DCN_OP_DEFORM_CONV2D; op++)
        for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++)
            for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
                small((dcn_op)op);
                spec.dtype = (dcn_dtype)dtype;
                spec.layout = (dcn_layout)layout;
                expect_pass(op == DCN_OP_CONV2D ? 1 : 9);
            }
}

Test(verify, every_border_modulation_and_order_passes)
{
    for (int border = DCN_BORDER_ZERO; border <= DCN_BORDER_HYBRID; border++)
        for (int m = DCN_MODULATION_NONE; m <= DCN_MODULATION_SOFTMAX; m++) {
            small(DCN_OP_DEFORM_CONV2D);
            spec.border = (dcn_border)border;
            spec.modulation = (dcn_modulation)m;
            spec.offset_order = (dcn_offset_order)m;
            spec.offset_groups = 2;
            expect_pass(9);
        }
}

Test(verify, dynamic_sizes_are_tried_at_three)
{
    small(DCN_OP_DEFORM_CONV2D);
    spec.batch = spec.height = spec.width = DCN_DYNAMIC;
    expect_pass(27);
}

Test(verify, large_kernels_are_sampled)
{
    small(DCN_OP_CONV2D);
    spec.height = 130;
    spec.width = 150;
    spec.in_channels = spec.out_channels = 32;
    dcn_report r = verify();
    cr_expect_eq(r.failures, 0, "%s", r.what);
    cr_expect_eq(r.checked, 1040);
}

/* ---- planted mistakes ----------------------------------------------------- */

static void one_part_in_a_thousand(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    for (int64_t i = 0; i < n; i++)
        v[i] *= 1.001;
}

Test(verify, a_small_error_is_found)
{
    small(DCN_OP_CONV2D);
    spoil_output = one_part_in_a_thousand;
    expect_found("ordinary offsets, batch 1, 6x9: output[0][0][0][");
}

static void leave_last(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    v[n - 1] = NAN;
}

Test(verify, an_unwritten_element_is_found)
{
    small(DCN_OP_CONV2D);
    spoil_output = leave_last;
    expect_found("ordinary offsets, batch 1, 6x9: output[0][2][5][8] is nan, expected ");
}

static void leave_one_inside(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    v[n / 2 + 7] = NAN;
}

Test(verify, an_unwritten_element_outside_the_sample_is_found)
{
    small(DCN_OP_CONV2D);
    spec.height = 130;
    spec.width = 150;
    spec.in_channels = spec.out_channels = 32;
    spoil_output = leave_one_inside;
    expect_found(
        "ordinary offsets, batch 1, 130x150: output[0][16][0][7] is nan, expected a number");
}

static void nan_is_zero(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    for (int64_t i = 0; i < n; i++)
        v[i] = isnan(v[i]) ? 0 : v[i];
}

Test(verify, nan_taken_for_zero_is_found)
{
    small(DCN_OP_DEFORM_CONV2D);
    spoil_offset = nan_is_zero;
    expect_found("NaN offsets, batch 1, 6x9: output[");
}

static void wrap_to_int(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    for (int64_t i = 0; i < n; i++)
        if (fabs(v[i]) > 2147483647 && isfinite(v[i]))
            v[i] = fmod(v[i], 4);
}

Test(verify, huge_offsets_that_wrap_are_found)
{
    small(DCN_OP_DEFORM_CONV2D);
    spoil_offset = wrap_to_int;
    expect_found("huge offsets, batch 1, 6x9: output[");
}

static void infinity_is_zero(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    for (int64_t i = 0; i < n; i++)
        v[i] = isinf(v[i]) ? 0 : v[i];
}

Test(verify, infinity_taken_for_zero_is_found)
{
    small(DCN_OP_DEFORM_CONV2D);
    spoil_offset = infinity_is_zero;
    expect_found("infinite offsets, batch 1, 6x9: output[");
}

static void reach_12(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    for (int64_t i = 0; i < n; i++)
        v[i] = fmax(-12, fmin(12, v[i]));
}

/* A tile that holds 12 rows around it would be right on ordinary offsets. */
Test(verify, limited_reach_is_found)
{
    small(DCN_OP_DEFORM_CONV2D);
    spec.height = spec.width = 40;
    spoil_offset = reach_12;
    expect_found("samples on the borders, batch 1, 40x40: output[");
}

static void limit_logits(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    for (int64_t i = 0; i < n; i++)
        v[i] = v[i] > 88 ? NAN : v[i];
}

Test(verify, overflow_of_exp_is_found)
{
    small(DCN_OP_DEFORM_CONV2D);
    spec.modulation = DCN_MODULATION_SIGMOID;
    spoil_mask = limit_logits;
    expect_found("extreme masks, batch 1, 6x9: output[");
}

static void repeat_the_first_image(const dcn_spec *s, double *v, int64_t n)
{
    for (int64_t i = n / s->batch; i < n; i++)
        v[i] = v[i - n / s->batch];
}

Test(verify, a_batch_that_is_ignored_is_found)
{
    small(DCN_OP_CONV2D);
    spec.batch = DCN_DYNAMIC;
    spoil_output = repeat_the_first_image;
    expect_found("ordinary offsets, batch 2, 6x9: output[1][");
}

static void wrong_border(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    for (int64_t i = 0; i < n; i++)
        v[i] += 0x1p-12;
}

/* Samples exactly on a jump of the rule fall to its wrong side. */
Test(verify, a_closed_border_is_found)
{
    small(DCN_OP_DEFORM_CONV2D);
    spec.border = DCN_BORDER_CLAMP;
    spoil_offset = wrong_border;
    dcn_report r = verify();
    cr_expect_gt(r.max_abs, 0.05, "%g", r.max_abs);
    cr_expect_gt(r.failures, 0);
}

/* ---- what cannot run ------------------------------------------------------ */

Test(verify, a_kernel_that_cannot_run_is_an_error)
{
    small(DCN_OP_CONV2D);
    const dcn_kernel k = fake_kernel(&spec, compute);
    dcn_report report;
    dcn_error err;
    cr_expect_eq(dcn_verify(&k, 1, -3, &report, &err), -1);
    cr_expect_str_eq(err.text, "threads = -3 is outside 0..1024");
}

/* ---- given tensors -------------------------------------------------------- */

static dcn_report verify_given(float *input)
{
    static float weight[3 * 4 * 9], bias[3];
    const void *tensor[4] = { input, weight, bias, NULL };
    const dcn_verify_options opt = { .tensor = tensor, .sizes = { 1, 6, 9, 0 } };
    const dcn_kernel k = fake_kernel(&spec, compute);
    dcn_report report;
    dcn_error err = { 0 };
    for (int i = 0; i < 3 * 4 * 9; i++)
        weight[i] = 1;
    cr_assert_eq(dcn_verify_with(&k, &opt, &report, &err), 0, "%s", err.text);
    return report;
}

static void lose_a_nan(const dcn_spec *s, double *v, int64_t n)
{
    (void)s;
    for (int64_t i = 0; i < n; i++)
        v[i] = isnan(v[i]) ? 0 : v[i];
}

static void leave_one(const dcn_spec *s, double *v, int64_t n)
{
    uint32_t poison = 0xffffffff;
    float bits;
    (void)s;
    memcpy(&bits, &poison, sizeof bits);
    v[n - 1] = (double)bits;
}

Test(verify, given_tensors_may_lead_to_what_is_no_number)
{
    float input[4 * 6 * 9] = { NAN, [30] = INFINITY, [100] = 1 };
    small(DCN_OP_CONV2D);
    dcn_report r = verify_given(input);
    cr_expect_eq(r.failures, 0, "%s", r.what);
    cr_expect_eq(r.cases, 1);
    cr_expect_eq(r.checked, 3 * 6 * 9);
    cr_expect_eq(r.outputs, r.checked);
    spoil_output = lose_a_nan;
    r = verify_given(input);
    cr_expect_eq(r.failures, 1);
    cr_expect_eq(strncmp(r.what, "given tensors, ", 15), 0, "%s", r.what);
    spoil_output = leave_one;
    cr_expect_eq(verify_given(input).failures, 1);
}

Test(verify, a_tensor_that_is_not_given_is_random)
{
    small(DCN_OP_CONV2D);
    float input[4 * 6 * 9] = { 0 };
    const void *tensor[4] = { input, NULL };
    const dcn_verify_options opt = { .tensor = tensor, .sizes = { 1, 6, 9, 0 } };
    const dcn_kernel k = fake_kernel(&spec, compute);
    dcn_report report;
    dcn_error err;
    cr_assert_eq(dcn_verify_with(&k, &opt, &report, &err), 0, "%s", err.text);
    cr_expect_eq(report.cases, 1);
    cr_expect_eq(report.failures, 0, "%s", report.what);
    cr_expect_eq(report.worst, 0, "of zeros all weights make zeros");
}
