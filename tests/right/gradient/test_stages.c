/* test_stages.c: gradients that several stages make: through epilogues, and of modules.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/gradient/promises.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALL = -1, MOST_TEXT = 1024 };

typedef struct Row {
    const char *name, *text;
    bool nhwc; /* has no other layout */
} Row;

static const Row rows[] = {
    { "relu",
      "conv2d { in_channels = 5, out_channels = 19, kernel_size = 3, bias = true,"
      " activation = 'relu'",
      false },
    { "folded",
      "conv2d { in_channels = 6, out_channels = 7, kernel_size = 3, stride = 2,"
      " scale_shift = true, residual = true, activation = 'silu'",
      false },
    { "passed_on", "conv2d { in_channels = 3, out_channels = 4, kernel_size = 1, residual = true",
      false },
    { "scaled",
      "deform_conv2d { in_channels = 6, out_channels = 5, kernel_size = 3, bias = true,"
      " modulation = 'mask', scale_shift = true",
      false },
    { "pack",
      "deform_conv2d_pack { in_channels = 6, out_channels = 5, kernel_size = 3, padding = 1,"
      " modulation = 'sigmoid', bias = true, activation = 'gelu'",
      false },
    { "pack_strided",
      "deform_conv2d_pack { in_channels = 4, out_channels = 6, kernel_size = 3,"
      " stride = 2, scale_shift = true, residual = true, activation = 'hardswish'",
      false },
    { "separable",
      "separable_conv2d { in_channels = 6, out_channels = 9, kernel_size = 3, stride = 2,"
      " bias = true",
      false },
    { "separable_clip",
      "separable_conv2d { in_channels = 3, out_channels = 5, kernel_size = 3,"
      " depth_multiplier = 2, scale_shift = true, activation = 'clip'",
      false },
    { "squashed",
      "deform_conv2d { in_channels = 6, out_channels = 5, kernel_size = 3, bias = true,"
      " activation = 'tanh'",
      false },
    { "gates",
      "conv2d { in_channels = 6, out_channels = 5, kernel_size = 3, activation = 'sigmoid'",
      false },
    { "regions", "roi_align { channels = 5, rois = 3, output_size = { 2, 3 }, activation = 'silu'",
      false },
    { "region_layer",
      "deform_roi_pool_pack { channels = 5, rois = 3, output_size = { 2, 3 }, modulation = 'mask',"
      " deform_fc_channels = 7, activation = 'leaky_relu'",
      false },
    { "core", "dcnv3 { channels = 24, groups = 3, projection = 7, bias = true, activation = 'relu'",
      true },
    { "dcnv3", "dcnv3_module { channels = 24, groups = 3, center_feature_scale = true", true },
    { "dcnv3_plain", "dcnv3_module { channels = 18, groups = 2, norm_layer = 'none'", true },
    { "dcnv4",
      "dcnv4_module { channels = 24, groups = 3, center_feature_scale = true,"
      " dw_kernel_size = 3, activation = 'silu'",
      true },
    { "dcnv3_strided",
      "dcnv3_module { channels = 24, groups = 3, stride = { 2, 3 }, center_feature_scale = true",
      true },
    { "dcnv4_strided",
      "dcnv4_module { channels = 24, groups = 3, stride = 2, center_feature_scale = true", true },
    { "dcnv4_bare", "dcnv4_module { channels = 16, groups = 1, without_pointwise = true", true },
};

enum { NROWS = sizeof rows / sizeof *rows };

static dcn_module *load(const Row *row, const char *dtype, const char *layout, const char *sizes)
{
    char text[MOST_TEXT];
    dcn_module *m = NULL;
    dcn_error err;
    snprintf(text, sizeof text,
             "return %s, name = '%s', dtype = '%s', %s%s%s batch = %s, gradient = true }",
             row->text, row->name, dtype, row->nhwc ? "" : "layout = '", row->nhwc ? "" : layout,
             row->nhwc ? "" : "',", sizes);
    cr_assert_eq(dcn_load_text(text, "row", NULL, 0, &m, &err), 0, "%s: %s", text, err.text);
    return m;
}

static dcn_module *load_fixed(const Row *row, const char *dtype, const char *layout)
{
    return load(row, dtype, layout, "2, height = 6, width = 7");
}

static void each_kernel(void (*check)(Backward *b))
{
    for (int i = 0; i < NROWS * 2; i++) {
        if ((rows[i / 2].nhwc && i % 2) || !thin_takes(THIN_GRADIENTS))
            continue;
        dcn_module *m = load_fixed(&rows[i / 2], "f32", i % 2 ? "nhwc" : "nchw");
        const dcn_spec *s = dcn_module_spec(m, 0);
        Backward b = backward_open(s, s, NULL, i + 1);
        check(&b);
        backward_close(&b);
        dcn_module_free(m);
    }
}

/* One compilation for all of them: modules are long. */
static void check_promises(Backward *b)
{
    promise_bits(b);
    promise_sums(b);
    promise_nothing(b);
}

Test(gradient_stages, promises)
{
    each_kernel(check_promises);
}

Test(gradient_stages, agree_with_the_reference)
{
    for (int i = 0; i < NROWS * 4; i++) {
        if ((rows[i / 4].nhwc && i % 2) || !thin_takes(THIN_GRADIENTS))
            continue;
        dcn_module *m =
            load_fixed(&rows[i / 4], i / 2 % 2 ? "f64" : "f32", i % 2 ? "nhwc" : "nchw");
        dcn_kernel *k = NULL;
        dcn_error err;
        dcn_report report;
        cr_assert_eq(dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err), 0, "%s", err.text);
        cr_assert_eq(dcn_verify(k, 1, 2, &report, &err), 0, "%s", err.text);
        cr_expect_gt(report.cases, 0);
        cr_expect_eq(report.failures, 0, "%s: %s", rows[i / 4].name, report.what);
        dcn_kernel_free(k);
        dcn_module_free(m);
    }
}

/* A schedule gives the same bits whether sizes are known or not; there are gradients of no
** image, too. */
Test(gradient_stages, dynamic_sizes)
{
    for (int i = 0; i < NROWS; i++) {
        const char *layout = i % 2 ? "nhwc" : "nchw";
        dcn_module *fixed = load_fixed(&rows[i], "f32", layout);
        dcn_module *open =
            load(&rows[i], "f32", layout, "dynamic, height = dynamic, width = dynamic");
        const dcn_spec *s = dcn_module_spec(fixed, 0), *d = dcn_module_spec(open, 0);
        Backward a = backward_open(s, s, NULL, 3);
        Backward b = backward_open(d, s, dcn_kernel_schedule(a.kernel), 3);
        BackwardResult x = backward_call(&a, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
        BackwardResult y = backward_call(&b, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
        cr_expect(backward_same(&a, &x, &y), "%s: other bits with dynamic sizes", s->name);
        dcn_spec none = *s;
        none.batch = 0;
        Backward c = backward_open(d, &none, NULL, 3);
        BackwardResult z = backward_call(&c, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
        for (int j = 0; j < RT_NUM_PLAIN; j++)
            promise_zeros(&c, (rt_operand)j, &z);
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
