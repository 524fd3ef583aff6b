/* test_gradient.c: what gradient kernels of convolutions promise.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/gradient/backward.h"
#include "tests/right/gradient/expected.h"
#include "tests/right/gradient/promises.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALL = -1, MOST_TEXT = 1024 };

/* Each is tried in both types and both layouts, by its guess and by schedules that cut it finely. */
typedef struct Row {
    const char *name, *text;
} Row;

static const Row rows[] = {
    { "plain", "conv2d { in_channels = 32, out_channels = 24, kernel_size = 3, padding = 1" },
    { "pointwise", "conv2d { in_channels = 5, out_channels = 7, kernel_size = 1" },
    { "strided", "conv2d { in_channels = 6, out_channels = 10, kernel_size = 3, stride = 2" },
    { "depthwise", "conv2d { in_channels = 6, out_channels = 12, kernel_size = 3, groups = 6" },
    { "v1", "deform_conv2d { in_channels = 19, out_channels = 9, kernel_size = 3, padding = 1" },
    { "mask", "deform_conv2d { in_channels = 32, out_channels = 6, kernel_size = 3, padding = 1,"
              " modulation = 'mask', bias = true" },
    { "sigmoid", "deform_conv2d { in_channels = 16, out_channels = 8, kernel_size = 3,"
                 " modulation = 'sigmoid', offset_groups = 2, offset_order = 'xy'" },
    { "softmax", "deform_conv2d { in_channels = 16, out_channels = 8, kernel_size = { 2, 3 },"
                 " modulation = 'softmax', offset_groups = 4" },
    { "groups", "deform_conv2d { in_channels = 24, out_channels = 6, kernel_size = 3, groups = 3,"
                " offset_groups = 2, modulation = 'mask'" },
    { "narrow", "deform_conv2d { in_channels = 32, out_channels = 8, kernel_size = 3,"
                " offset_groups = 8, modulation = 'mask', padding = 1" },
    { "packed", "deform_conv2d { in_channels = 40, out_channels = 10, kernel_size = 3, groups = 10,"
                " modulation = 'mask', padding = 1" },
    { "packed_narrow", "deform_conv2d { in_channels = 64, out_channels = 96, kernel_size = 3,"
                       " groups = 32, offset_groups = 16,"
                       " modulation = 'sigmoid', padding = 1" },
    { "packed_plain",
      "conv2d { in_channels = 40, out_channels = 60, kernel_size = 3, groups = 20" },
    { "planes", "deform_conv2d { in_channels = 6, out_channels = 4, kernel_size = 3,"
                " offset_groups = 2, offset_order = 'xxyy', modulation = 'mask'" },
    { "odd", "deform_conv2d { in_channels = 15, out_channels = 9, kernel_size = 3, groups = 3,"
             " offset_groups = 5, stride = { 2, 1 }, dilation = { 1, 2 }" },
};
enum { NROWS = sizeof rows / sizeof *rows };

/* In nchw and in nhwc, where copies are a choice. */
static const char *const schedules[][2] = {
    { NULL, NULL },
    { "gradient mr=1 nv=1 tile_h=1 tile_w=4 channels=4 bands=1 group_pack=0 tap_lanes=0",
      "gradient mr=1 nv=1 tile_h=1 tile_w=4 channels=4 bands=1 group_pack=0 tap_lanes=0 "
      "compact=0" },
    { "gradient mr=2 nv=1 tile_h=2 tile_w=4 bands=2",
      "gradient mr=2 nv=1 tile_h=2 tile_w=4 bands=2 compact=1" },
};
enum { NSCHEDULES = sizeof schedules / sizeof *schedules };

static dcn_module *load(const Row *row, const char *dtype, const char *layout, const char *sizes)
{
    char text[MOST_TEXT];
    dcn_module *m = NULL;
    dcn_error err;
    snprintf(text, sizeof text,
             "return %s, name = '%s', dtype = '%s', layout = '%s', %s, gradient = true }",
             row->text, row->name, dtype, layout, sizes);
    cr_assert_eq(dcn_load_text(text, "row", NULL, 0, &m, &err), 0, "%s: %s", text, err.text);
    return m;
}

#define STATIC_SIZES "batch = 2, height = 7, width = 9"

/* ---- values ------------------------------------------------------------------------------ */

static double *zeros(const Backward *b, rt_operand of)
{
    const int64_t n = b->value[of] ? b->count[of] : 0;
    return n ? calloc((size_t)n, sizeof(double)) : NULL;
}

static void compare(const Backward *b, rt_operand of, const double *got, const double *want)
{
    const double u = b->spec.dtype == DCN_F32 ? 3e-6 : 1e-14;
    double largest = 1;
    for (int64_t i = 0; want && i < b->count[of]; i++)
        largest = fmax(largest, fabs(want[i]));
    for (int64_t i = 0; want && i < b->count[of]; i++)
        cr_assert(fabs(got[i] - want[i]) <= u * largest, "%s (%s): grad_%s[%d] is %.9g, not %.9g",
                  b->spec.name, dcn_kernel_schedule(b->kernel), rt_operand_names[of], (int)i,
                  got[i], want[i]);
}

static void check_values(const Backward *b)
{
    double **v = (double **)b->value;
    ConvGradients g = { v[RT_INPUT],         v[RT_WEIGHT],        v[RT_OFFSET],
                        v[RT_MASK],          v[RT_GRAD_OUTPUT],   zeros(b, RT_INPUT),
                        zeros(b, RT_WEIGHT), zeros(b, RT_OFFSET), zeros(b, RT_MASK),
                        zeros(b, RT_BIAS) };
    expected_gradients(&b->spec, &g);
    BackwardResult r = backward_call(b, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
    compare(b, RT_INPUT, r.grad[RT_INPUT], g.grad_input);
    compare(b, RT_WEIGHT, r.grad[RT_WEIGHT], g.grad_weight);
    compare(b, RT_OFFSET, r.grad[RT_OFFSET], g.grad_offset);
    compare(b, RT_MASK, r.grad[RT_MASK], g.grad_mask);
    compare(b, RT_BIAS, r.grad[RT_BIAS], g.grad_bias);
    double *const made[] = { g.grad_input, g.grad_weight, g.grad_offset, g.grad_mask, g.grad_bias };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        free(made[i]);
    backward_free(&r);
}

/* ---- all rows ---------------------------------------------------------------------------- */

static void each_kernel(void (*check)(const Backward *b))
{
    for (int i = 0; i < NROWS * 4; i++) {
        if (!thin_takes(THIN_GRADIENTS))
            continue;
        const char *dtype = i % 2 ? "f64" : "f32", *layout = i / 2 % 2 ? "nhwc" : "nchw";
        dcn_module *m = load(&rows[i / 4], dtype, layout, STATIC_SIZES);
        const dcn_spec *s = dcn_module_spec(m, 0);
        for (int j = 0; j < NSCHEDULES; j++) {
            Backward b = backward_open(s, s, schedules[j][i / 2 % 2], i + 1);
            check(&b);
            backward_close(&b);
        }
        dcn_module_free(m);
    }
}

Test(gradient, values)
{
    each_kernel(check_values);
}

Test(gradient, bits)
{
    each_kernel(promise_bits);
}

Test(gradient, sums)
{
    each_kernel(promise_sums);
}

/* Several weight groups in a block, each of which fills a vector, or several, on every machine. */
Test(gradient, wide_groups_side_by_side)
{
    static const Row wide[] = {
        { "wide",
          "deform_conv2d { in_channels = 64, out_channels = 40, kernel_size = 3, groups = 4,"
          " offset_groups = 2, modulation = 'mask', padding = 1" },
        { "wide_plain",
          "conv2d { in_channels = 80, out_channels = 15, kernel_size = 2, groups = 5" },
    };
    for (int i = 0; i < 8; i++) {
        const char *layout = i / 2 % 2 ? "nhwc" : "nchw";
        dcn_module *m = load(&wide[i / 4], i % 2 ? "f64" : "f32", layout, STATIC_SIZES);
        const dcn_spec *s = dcn_module_spec(m, 0);
        Backward b = backward_open(s, s,
                                   "gradient mr=2 nv=3 tile_h=2 tile_w=4 channels=32 bands=2 "
                                   "group_pack=1",
                                   i + 1);
        check_values(&b);
        promise_bits(&b);
        backward_close(&b);
        dcn_module_free(m);
    }
}

/* A schedule gives the same bits whether sizes are known or not; gradients of no image are 0. */
Test(gradient, dynamic_sizes)
{
    static const char *const of_layout[] = {
        "gradient mr=2 nv=1 tile_h=2 tile_w=4 channels=4 bands=2 group_pack=0",
        "gradient mr=2 nv=1 tile_h=2 tile_w=4 channels=4 bands=2 group_pack=0 compact=1",
    };
    for (int i = 0; i < NROWS; i++) {
        const char *schedule = of_layout[i % 2];
        dcn_module *fixed = load(&rows[i], "f32", i % 2 ? "nhwc" : "nchw", STATIC_SIZES);
        dcn_module *open = load(&rows[i], "f32", i % 2 ? "nhwc" : "nchw",
                                "batch = dynamic, height = dynamic, width = dynamic");
        const dcn_spec *s = dcn_module_spec(fixed, 0), *d = dcn_module_spec(open, 0);
        Backward a = backward_open(s, s, schedule, 3), b = backward_open(d, s, schedule, 3);
        BackwardResult x = backward_call(&a, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
        BackwardResult y = backward_call(&b, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
        cr_expect(backward_same(&a, &x, &y), "%s: other bits with dynamic sizes", s->name);
        dcn_spec none = *s;
        none.batch = 0;
        Backward c = backward_open(d, &none, schedule, 3);
        BackwardResult z = backward_call(&c, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
        for (int64_t j = 0; j < c.count[RT_WEIGHT]; j++)
            cr_assert_eq(z.grad[RT_WEIGHT][j], 0);
        backward_free(&x);
        backward_free(&y);
        backward_free(&z);
        backward_close(&a);
        backward_close(&b);
        backward_close(&c);
        dcn_module_free(fixed);
        dcn_module_free(open);
    }
}

/* ---- numbers that are no numbers ----------------------------------------------------------- */

/* Whatever stands beside it. */
Test(gradient, of_nothing_is_nothing)
{
    for (int i = 0; i < NROWS; i++) {
        dcn_module *m = load(&rows[i], "f32", i % 2 ? "nhwc" : "nchw", STATIC_SIZES);
        const dcn_spec *s = dcn_module_spec(m, 0);
        Backward b = backward_open(s, s, NULL, 4);
        promise_nothing(&b);
        backward_close(&b);
        dcn_module_free(m);
    }
}

/* Offsets that are no places give nothing and get nothing; all others are as they would be without
** them. */
Test(gradient, offsets_that_are_no_places)
{
    static const double bad[] = { NAN, INFINITY, -INFINITY, 1e30, -1e30 };
    dcn_module *m = load(&rows[5], "f64", "nhwc", STATIC_SIZES);
    const dcn_spec *s = dcn_module_spec(m, 0);
    Backward b = backward_open(s, s, NULL, 5);
    for (int64_t i = 0; i < b.count[RT_OFFSET]; i++)
        b.value[RT_OFFSET][i] = bad[i % 5];
    BackwardResult r = backward_call(&b, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
    promise_zeros(&b, RT_INPUT, &r);
    promise_zeros(&b, RT_OFFSET, &r);
    promise_zeros(&b, RT_MASK, &r);
    promise_zeros(&b, RT_WEIGHT, &r);
    backward_free(&r);
    backward_close(&b);
    dcn_module_free(m);
}

/* ---- against the reference, on its cases --------------------------------------------------- */

static const char *const borders[] = { "zero', gradient_border = 'mmcv",
                                       "zero', gradient_border = 'torchvision", "clamp", "hybrid" };

/* Offsets that lie on borders and beside them by less than a float tells, and hostile ones. */
Test(gradient, agrees_with_the_reference)
{
    for (int i = 0; i < 16; i++) {
        if (!thin_takes(THIN_GRADIENTS))
            continue;
        char text[MOST_TEXT];
        dcn_error err;
        dcn_report report;
        snprintf(text, sizeof text,
                 "deform_conv2d { in_channels = 6, out_channels = 4, kernel_size = 3, padding = 1,"
                 " offset_groups = 2, border = '%s', modulation = '%s'",
                 borders[i % 4], i / 8 ? "softmax" : "mask");
        dcn_module *m = load(&(Row){ "borders", text }, i / 4 % 2 ? "f64" : "f32",
                             i / 4 % 2 ? "nhwc" : "nchw", STATIC_SIZES);
        dcn_kernel *k = NULL;
        cr_assert_eq(dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err), 0, "%s", err.text);
        cr_assert_eq(dcn_verify(k, 1, 2, &report, &err), 0, "%s", err.text);
        cr_expect_gt(report.cases, 0);
        cr_expect_eq(report.failures, 0, "%s: %s", text, report.what);
        dcn_kernel_free(k);
        dcn_module_free(m);
    }
}

/* ---- what a call may not ask for ----------------------------------------------------------- */

Test(gradient, only_gradients_are_added_to)
{
    dcn_module *m = load(&rows[0], "f32", "nhwc", STATIC_SIZES);
    const dcn_spec *s = dcn_module_spec(m, 0);
    Backward b = backward_open(s, s, NULL, 6);
    void *at[RT_NUM_OPERANDS] = { NULL };
    dcn_error err;
    dcn_call call = { .tensor = at, .ntensors = b.of.n, .threads = 1, .accumulate = 1 };
    cr_expect_eq(dcn_execute(b.kernel, &call, &err), -1);
    cr_expect_str_eq(err.text, "accumulate: tensor 0 of kernel 'plain' is no gradient");
    cr_expect_eq(err.code, DCN_EUSAGE);
    backward_close(&b);
    dcn_module_free(m);
}

/* ---- one of them ---------------------------------------------------------------------------- */

/* A kernel of one gradient has only the operands that this one needs. */
Test(gradient, of_one_operand)
{
    static const char *const names[] = { "input", "weight", "bias", "scale", "shift", "residual" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[MOST_TEXT];
        dcn_module *m;
        dcn_kernel *k;
        dcn_report report;
        dcn_error err;
        snprintf(text, sizeof text,
                 "return conv2d { name = 'one', in_channels = 4, height = 5, width = 6,"
                 " out_channels = 5, kernel_size = 3, padding = 1, bias = true, scale_shift = true,"
                 " residual = true, gradient = { '%s' } }",
                 names[i]);
        cr_assert_eq(dcn_load_text(text, "one", NULL, 0, &m, &err), 0, "%s", err.text);
        cr_assert_eq(dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err), 0, "%s: %s", names[i],
                     err.text);
        cr_assert_eq(dcn_verify(k, 1, 2, &report, &err), 0, "%s: %s", names[i], err.text);
        cr_expect_eq(report.failures, 0, "%s: %s", names[i], report.what);
        dcn_kernel_free(k);
        dcn_module_free(m);
    }
}
