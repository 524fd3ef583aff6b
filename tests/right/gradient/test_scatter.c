/* test_scatter.c: what gradient kernels of DCNv3 and DCNv4 promise.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/gradient/promises.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALL = -1, MOST_TEXT = 1024 };

static const char *const rows[] = {
    "dcnv3 { name = 'v3', channels = 32, groups = 2",
    "dcnv3 { name = 'mask', channels = 24, groups = 3, modulation = 'mask', remove_center = true",
    "dcnv3 { name = 'odd', channels = 34, groups = 2, kernel_size = { 3, 2 }, offset_scale = 1.5,"
    " stride = { 2, 1 }, dilation = { 1, 2 }",
    "dcnv3 { name = 'single', channels = 5, groups = 5, kernel_size = 5, padding = 2",
    "dcnv3 { name = 'wide', channels = 80, groups = 2, kernel_size = 1, padding = 0",
    "dcnv4 { name = 'v4', channels = 32, groups = 4",
    "dcnv4 { name = 'packed', channels = 15, groups = 3, remove_center = true,"
    " modulation = 'softmax', offset_scale = 2",
};
enum { NROWS = sizeof rows / sizeof *rows };

static const char *const schedules[] = {
    NULL,
    "scatter block=1 task_groups=0 bands=1 compact=0",
    "scatter block=8 task_groups=1 bands=2 compact=0",
    "scatter block=8 task_groups=0 bands=2 compact=1",
};
enum { NSCHEDULES = sizeof schedules / sizeof *schedules };

#define STATIC_SIZES  "batch = 2, height = 7, width = 9"
#define DYNAMIC_SIZES "batch = dynamic, height = dynamic, width = dynamic"

static dcn_module *load(const char *row, const char *dtype, const char *sizes)
{
    char text[MOST_TEXT];
    dcn_module *m = NULL;
    dcn_error err;
    snprintf(text, sizeof text, "return %s, dtype = '%s', %s, gradient = true }", row, dtype,
             sizes);
    cr_assert_eq(dcn_load_text(text, "row", NULL, 0, &m, &err), 0, "%s: %s", text, err.text);
    return m;
}

/* Each in both types, by its guess and by schedules that cut it finely. */
static void each_kernel(void (*check)(const Backward *b))
{
    for (int i = 0; i < NROWS * 2; i++) {
        if (!thin_takes(THIN_GRADIENTS))
            continue;
        dcn_module *m = load(rows[i / 2], i % 2 ? "f64" : "f32", STATIC_SIZES);
        const dcn_spec *s = dcn_module_spec(m, 0);
        for (int j = 0; j < NSCHEDULES; j++) {
            Backward b = backward_open(s, s, schedules[j], i + 1);
            check(&b);
            backward_close(&b);
        }
        dcn_module_free(m);
    }
}

/* ---- values ------------------------------------------------------------------------------ */

/* Offsets that lie on borders and beside them by less than a float tells, and hostile ones. */
static void agrees_with_reference(const Backward *b)
{
    dcn_report report;
    dcn_error err;
    cr_assert_eq(dcn_verify(b->kernel, 1, 2, &report, &err), 0, "%s", err.text);
    cr_expect_gt(report.cases, 0);
    cr_expect_eq(report.failures, 0, "%s (%s): %s", b->spec.name, dcn_kernel_schedule(b->kernel),
                 report.what);
}

Test(scatter, agrees_with_the_reference)
{
    each_kernel(agrees_with_reference);
}

Test(scatter, bits)
{
    each_kernel(promise_bits);
}

Test(scatter, sums)
{
    each_kernel(promise_sums);
}

/* A schedule gives the same bits whether sizes are known or not; of no image there is
** nothing to write. */
Test(scatter, dynamic_sizes)
{
    static const char schedule[] = "scatter block=8 task_groups=1 bands=2 compact=1";
    for (int i = 0; i < NROWS; i++) {
        dcn_module *fixed = load(rows[i], "f32", STATIC_SIZES);
        dcn_module *open = load(rows[i], "f32", DYNAMIC_SIZES);
        const dcn_spec *s = dcn_module_spec(fixed, 0), *d = dcn_module_spec(open, 0);
        const BackwardCall all = { .wanted = (uint64_t)ALL };
        Backward a = backward_open(s, s, schedule, 3), b = backward_open(d, s, schedule, 3);
        BackwardResult x = backward_call(&a, &all, NULL), y = backward_call(&b, &all, NULL);
        cr_expect(backward_same(&a, &x, &y), "%s: other bits with dynamic sizes", s->name);
        dcn_spec none = *s;
        none.batch = 0;
        Backward c = backward_open(d, &none, schedule, 3);
        BackwardResult z = backward_call(&c, &all, NULL);
        BackwardResult *const made[] = { &x, &y, &z };
        Backward *const kernels[] = { &a, &b, &c };
        for (int j = 0; j < 3; j++) {
            backward_free(made[j]);
            backward_close(kernels[j]);
        }
        dcn_module_free(fixed);
        dcn_module_free(open);
    }
}

/* ---- numbers that are no numbers ----------------------------------------------------------- */

Test(scatter, of_nothing_is_nothing)
{
    for (int i = 0; i < NROWS; i++) {
        dcn_module *m = load(rows[i], "f32", STATIC_SIZES);
        const dcn_spec *s = dcn_module_spec(m, 0);
        Backward b = backward_open(s, s, schedules[i % NSCHEDULES], 4);
        promise_nothing(&b);
        backward_close(&b);
        dcn_module_free(m);
    }
}

/* Offsets that are no places give nothing and get nothing, whatever stands in the map. */
Test(scatter, offsets_that_are_no_places)
{
    static const double bad[] = { NAN, INFINITY, -INFINITY, 1e30, -1e30 };
    dcn_module *m = load(rows[1], "f64", STATIC_SIZES);
    const dcn_spec *s = dcn_module_spec(m, 0);
    Backward b = backward_open(s, s, NULL, 5);
    for (int64_t i = 0; i < b.count[RT_OFFSET]; i++)
        b.value[RT_OFFSET][i] = bad[i % 5];
    for (int64_t i = 0; i < b.count[RT_INPUT]; i++)
        b.value[RT_INPUT][i] = NAN;
    BackwardResult r = backward_call(&b, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
    promise_zeros(&b, RT_INPUT, &r);
    promise_zeros(&b, RT_OFFSET, &r);
    promise_zeros(&b, RT_MASK, &r);
    backward_free(&r);
    backward_close(&b);
    dcn_module_free(m);
}

/* An infinite gradient reaches the pixels of its samples, and none that merely stand in for what lies
** outside the map: half a pixel above the left upper corner there is that pixel alone. */
Test(scatter, infinities_reach_their_own_pixels)
{
    dcn_module *m = load(rows[4], "f32", STATIC_SIZES);
    const dcn_spec *s = dcn_module_spec(m, 0);
    for (int j = 0; j < NSCHEDULES; j++) {
        Backward b = backward_open(s, s, schedules[j], 6);
        for (int64_t i = 0; i < b.count[RT_OFFSET]; i++)
            b.value[RT_OFFSET][i] = -0.5;
        for (int64_t i = 0; i < b.count[RT_GRAD_OUTPUT]; i++)
            b.value[RT_GRAD_OUTPUT][i] = i < s->in_channels ? INFINITY : 0;
        BackwardResult r = backward_call(&b, &(BackwardCall){ .wanted = 1 << RT_INPUT }, NULL);
        for (int64_t i = 0; i < b.count[RT_INPUT]; i++)
            cr_expect_eq(r.grad[RT_INPUT][i], i < s->in_channels ? INFINITY : 0,
                         "%s: grad_input[%d] is %g", schedules[j] ? schedules[j] : "", (int)i,
                         r.grad[RT_INPUT][i]);
        backward_free(&r);
        backward_close(&b);
    }
    dcn_module_free(m);
}
