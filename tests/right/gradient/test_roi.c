/* test_roi.c: what gradient kernels of regions promise.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/gradient/backward.h"
#include "tests/right/gradient/promises.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT = 1024 };
#define EVERY (~(uint64_t)0)

/* Each is tried in both types and both layouts, by its guess and by a schedule that cuts it finely. */
typedef struct Row {
    const char *name, *text, *schedule;
} Row;

#define PARTS  "roi_gradient nv=1 channels=16 bin_rows=1 table_samples=1 share_tables=0"
#define TABLES "roi_gradient nv=1 channels=0 bin_rows=2 table_samples=1 share_tables=0"
#define SHARED "roi_gradient nv=1 channels=16 bin_rows=0 table_samples=2 share_tables=1"

static const Row rows[] = {
    { "align",
      "roi_align { channels = 37, output_size = { 3, 2 }, sampling_ratio = 3, activation = 'silu'",
      PARTS },
    { "adaptive", "roi_align { channels = 7, output_size = 3, aligned = true", TABLES },
    { "largest",
      "roi_align { channels = 20, output_size = { 4, 2 }, mode = 'max',"
      " activation = 'gelu'",
      PARTS },
    { "pool", "roi_pool { channels = 21, output_size = 3, activation = 'hardswish'", PARTS },
    { "pool_max",
      "roi_pool { channels = 33, output_size = { 3, 4 }, mode = 'max',"
      " variant = 'torchvision', activation = 'clip'",
      PARTS },
    { "ps_pool", "ps_roi_pool { channels = 40, output_dim = 4, output_size = 3", TABLES },
    { "ps_align", "ps_roi_align { channels = 112, output_dim = 18, output_size = { 3, 2 }", PARTS },
    { "deform",
      "deform_roi_pool { channels = 37, output_size = 4, modulation = 'mask',"
      " sampling_ratio = 2",
      PARTS },
    { "sigmoid",
      "deform_roi_pool { channels = 9, output_size = 3, modulation = 'sigmoid',"
      " activation = 'gelu'",
      TABLES },
    { "bins",
      "deform_roi_pool { channels = 18, output_size = 3, modulation = 'mask',"
      " no_offset = true",
      PARTS " repack=1" },
    { "parts",
      "deform_ps_roi_pool { channels = 120, output_dim = 30, group_size = 2,"
      " pooled_size = 4, part_size = 3, num_classes = 6, modulation = 'mask'",
      PARTS },
    { "classes",
      "deform_ps_roi_pool { channels = 36, output_dim = 36, group_size = 1,"
      " pooled_size = { 3, 4 }, part_size = { 2, 6 }, num_classes = 2,"
      " sample_per_part = 3",
      PARTS },
    { "shared",
      "roi_align { channels = 37, output_size = { 3, 2 }, sampling_ratio = 2, activation = 'silu'",
      SHARED },
    { "shared_deform",
      "deform_roi_pool { channels = 37, output_size = 4, modulation = 'mask', sampling_ratio = 2",
      SHARED },
};
enum { NROWS = sizeof rows / sizeof *rows };

#define STATIC_SIZES "batch = 2, height = 7, width = 9, rois = 11"

static dcn_module *load(const Row *row, const char *dtype, const char *layout, const char *sizes)
{
    char text[MOST_TEXT];
    dcn_module *m = NULL;
    dcn_error err;
    snprintf(text, sizeof text,
             "return %s, spatial_scale = 0.5, name = '%s', dtype = '%s', layout = '%s', %s,"
             " gradient = true }",
             row->text, row->name, dtype, layout, sizes);
    cr_assert_eq(dcn_load_text(text, "row", NULL, 0, &m, &err), 0, "%s: %s", text, err.text);
    return m;
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
        for (int j = 0; j < 2; j++) {
            Backward b = backward_open(s, s, j ? rows[i / 4].schedule : NULL, i + 1);
            check(&b);
            backward_close(&b);
        }
        dcn_module_free(m);
    }
}

/* On ordinary and hostile regions, offsets and masks, and on a gradient of few bins. */
static void check_values(const Backward *b)
{
    dcn_report report;
    dcn_error err;
    cr_assert_eq(dcn_verify(b->kernel, 1, 2, &report, &err), 0, "%s", err.text);
    cr_expect_gt(report.cases, 0);
    cr_expect_eq(report.failures, 0, "%s %s (%s): %s", b->spec.name, dcn_dtype_name(b->spec.dtype),
                 dcn_kernel_schedule(b->kernel), report.what);
}

Test(roi_gradient, values)
{
    each_kernel(check_values);
}

Test(roi_gradient, bits)
{
    each_kernel(promise_bits);
}

Test(roi_gradient, sums)
{
    each_kernel(promise_sums);
}

/* ---- sizes -------------------------------------------------------------------------------- */

static void expect_zeros(const Backward *b, const BackwardResult *r, const char *what)
{
    for (int of = 0; of < RT_NUM_PLAIN; of++)
        for (int64_t i = 0; r->grad[of] && i < b->count[rt_grad_of((rt_operand)of)]; i++)
            cr_assert_eq(r->grad[of][i], 0, "%s: grad_%s[%d] %s is %g", b->spec.name,
                         rt_operand_names[of], (int)i, what, r->grad[of][i]);
}

/* A schedule gives the same bits whether sizes are known or not. */
static void check_sizes(const dcn_spec *s, const dcn_spec *open, const char *schedule)
{
    const BackwardCall all = { .wanted = EVERY };
    Backward a = backward_open(s, s, schedule, 3), b = backward_open(open, s, schedule, 3);
    BackwardResult x = backward_call(&a, &all, NULL), y = backward_call(&b, &all, NULL);
    cr_expect(backward_same(&a, &x, &y), "%s: other bits with dynamic sizes", s->name);
    backward_free(&x);
    backward_free(&y);
    backward_close(&a);
    backward_close(&b);
}

/* Without a region no pixel gets anything; without an image no offset does. */
static void check_nothing(const dcn_spec *s, const dcn_spec *open)
{
    for (int i = 0; i < 2; i++) {
        dcn_spec none = *s;
        *(i ? &none.batch : &none.rois) = 0;
        Backward b = backward_open(open, &none, NULL, 3);
        BackwardResult r = backward_call(&b, &(BackwardCall){ .wanted = EVERY }, NULL);
        expect_zeros(&b, &r, i ? "without images" : "without regions");
        backward_free(&r);
        backward_close(&b);
    }
}

Test(roi_gradient, dynamic_sizes)
{
    for (int i = 0; i < NROWS; i++) {
        const char *layout = i % 2 ? "nhwc" : "nchw";
        dcn_module *fixed = load(&rows[i], "f32", layout, STATIC_SIZES);
        dcn_module *open = load(&rows[i], "f32", layout,
                                "batch = dynamic, height = dynamic, width = dynamic,"
                                " rois = dynamic");
        const dcn_spec *s = dcn_module_spec(fixed, 0), *d = dcn_module_spec(open, 0);
        check_sizes(s, d, rows[i].schedule);
        check_nothing(s, d);
        dcn_module_free(fixed);
        dcn_module_free(open);
    }
}

/* ---- numbers that are no numbers ----------------------------------------------------------- */

/* Regions whose gradient is 0 give nothing, whatever stands beside it. */
Test(roi_gradient, of_nothing_is_nothing)
{
    for (int i = 0; i < NROWS; i++) {
        dcn_module *m = load(&rows[i], "f32", i % 2 ? "nhwc" : "nchw", STATIC_SIZES);
        const dcn_spec *s = dcn_module_spec(m, 0);
        Backward b = backward_open(s, s, NULL, 4);
        memset(b.value[RT_GRAD_OUTPUT], 0, (size_t)b.count[RT_GRAD_OUTPUT] * sizeof(double));
        for (int64_t j = 0; j < b.count[RT_INPUT]; j += 3)
            b.value[RT_INPUT][j] = j % 2 ? INFINITY : NAN;
        for (int64_t j = 0; j < b.count[RT_MASK]; j += 2)
            b.value[RT_MASK][j] = -INFINITY;
        BackwardResult r = backward_call(&b, &(BackwardCall){ .wanted = EVERY }, NULL);
        expect_zeros(&b, &r, "of nothing");
        backward_free(&r);
        backward_close(&b);
        dcn_module_free(m);
    }
}

/* Channels whose gradient is 0 give nothing beside channels that do. */
Test(roi_gradient, infinite_channels_without_gradient)
{
    dcn_module *m = load(&rows[7], "f64", "nhwc", STATIC_SIZES);
    const dcn_spec *s = dcn_module_spec(m, 0);
    const BackwardCall all = { .wanted = EVERY };
    Backward b = backward_open(s, s, NULL, 5);
    for (int64_t i = 0; i < b.count[RT_GRAD_OUTPUT]; i += s->out_channels)
        b.value[RT_GRAD_OUTPUT][i] = 0;
    BackwardResult plain = backward_call(&b, &all, NULL);
    for (int64_t i = 0; i < b.count[RT_INPUT]; i += s->in_channels)
        b.value[RT_INPUT][i] = INFINITY;
    BackwardResult infinite = backward_call(&b, &all, NULL);
    cr_expect(backward_same(&b, &plain, &infinite));
    backward_free(&plain);
    backward_free(&infinite);
    backward_close(&b);
    dcn_module_free(m);
}

/* The first of equal pixels is the largest, the rows one after another. */
Test(roi_gradient, ties_go_to_the_first)
{
    dcn_module *m = load(&rows[4], "f32", "nhwc", STATIC_SIZES);
    const dcn_spec *s = dcn_module_spec(m, 0);
    Backward b = backward_open(s, s, NULL, 6);
    for (int64_t i = 0; i < b.count[RT_INPUT]; i++)
        b.value[RT_INPUT][i] = 1;
    for (int64_t i = 0; i < b.count[RT_ROIS]; i++)
        b.value[RT_ROIS][i] = i % 5 > 2 ? 100 : 0;
    for (int64_t i = 0; i < b.count[RT_GRAD_OUTPUT]; i++)
        b.value[RT_GRAD_OUTPUT][i] = 1;
    BackwardResult r = backward_call(&b, &(BackwardCall){ .wanted = EVERY }, NULL);
    cr_expect_eq(r.grad[RT_INPUT][0], (double)s->rois, "the first pixel got %g",
                 r.grad[RT_INPUT][0]);
    cr_expect_eq(r.grad[RT_INPUT][s->in_channels], 0, "the second pixel got something");
    backward_free(&r);
    backward_close(&b);
    dcn_module_free(m);
}

/* Gradients of offsets cancel on a map of one column; what masks of 1000 leave of them is rounding. */
Test(roi_gradient, offsets_on_one_column)
{
    dcn_module *m;
    dcn_kernel *k;
    dcn_report report;
    dcn_error err;
    cr_assert_eq(dcn_load_text("return deform_roi_pool { name = 'column', height = 9, width = 1,"
                               " rois = 5, output_size = 7, channels = 8, modulation = 'mask',"
                               " gamma = 1, gradient = { 'offset' } }",
                               "column", NULL, 0, &m, &err),
                 0, "%s", err.text);
    cr_assert_eq(dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err), 0, "%s", err.text);
    for (unsigned seed = 0; seed < 4; seed++) {
        cr_assert_eq(dcn_verify(k, seed, 1, &report, &err), 0, "%s", err.text);
        cr_expect_eq(report.failures, 0, "%s", report.what);
    }
    dcn_kernel_free(k);
    dcn_module_free(m);
}
