/* test_cores.c: what DCNv3 and DCNv4 have in common with other operators.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

typedef struct Core {
    dcn_op op;
    dcn_dtype dtype;
    int channels, groups, kernel[2];
} Core;

/* Groups that are one vector, less, more, and odd; kernels with and without a middle. */
static const Core cores[] = {
    { DCN_OP_DCNV3, DCN_F32, 32, 2, { 3, 3 } }, { DCN_OP_DCNV3, DCN_F64, 15, 3, { 3, 2 } },
    { DCN_OP_DCNV3, DCN_F32, 68, 1, { 1, 3 } }, { DCN_OP_DCNV3, DCN_F64, 64, 4, { 5, 5 } },
    { DCN_OP_DCNV3, DCN_F32, 7, 7, { 2, 2 } },
};
enum { NCORES = sizeof cores / sizeof *cores };

static dcn_spec core_spec(const Core *c, dcn_op op)
{
    dcn_spec s = case_spec(op, c->channels, c->channels, 7, 9);
    s.batch = 2;
    s.dtype = c->dtype;
    s.layout = DCN_NHWC;
    s.offset_groups = c->groups;
    s.kernel[0] = c->kernel[0];
    s.kernel[1] = c->kernel[1];
    s.modulation = DCN_MODULATION_MASK;
    return s;
}

static double tolerance(const Core *c)
{
    return c->dtype == DCN_F32 ? 2e-5 : 1e-13;
}

static double input_or_0(const Case *c, int64_t n, int64_t ch, int64_t y, int64_t x)
{
    const dcn_spec *s = &c->o.spec;
    return y < 0 || y >= s->height || x < 0 || x >= s->width ? 0
                                                             : *case_at(c, "input", n, ch, y, x);
}

/* The mean of the input under the kernel, which is 0 outside. */
static double box(const Case *c, int64_t n, int64_t ch, int64_t p, int64_t q)
{
    const dcn_spec *s = &c->o.spec;
    double sum = 0;
    for (int i = 0; i < s->kernel[0]; i++)
        for (int j = 0; j < s->kernel[1]; j++)
            sum += input_or_0(c, n, ch, p - 1 + i, q - 1 + j);
    return sum / (s->kernel[0] * s->kernel[1]);
}

static void expect_box(const Case *c, const Core *core, const char *what)
{
    const dcn_spec *s = &c->o.spec;
    int64_t p = dcn_out_height(s, s->height), q = dcn_out_width(s, s->width);
    double most = 0;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t ch = 0; ch < s->in_channels; ch++)
            for (int64_t i = 0; i < p * q; i++) {
                double d =
                    fabs(*case_at(c, "output", n, ch, i / q, i % q) - box(c, n, ch, i / q, i % q));
                most = isnan(d) ? INFINITY : fmax(most, d);
            }
    cr_expect(most <= tolerance(core), "%s, %d channels: off by %g", what, core->channels, most);
}

/* No offsets and equal masks, or equal logits, or all of it in one tensor: the mean under the kernel. */
static void mean_of(const Core *core, dcn_op op, dcn_modulation m)
{
    Case c;
    dcn_spec s = core_spec(core, op);
    s.modulation = m;
    case_open(&c, &s, NULL, NULL);
    case_fill(&c, 3);
    double mask = m == DCN_MODULATION_SOFTMAX ? -17 : 1.0 / (s.kernel[0] * s.kernel[1]);
    if (op == DCN_OP_DCNV3) {
        case_set(&c, "offset", 0);
        case_set(&c, "mask", mask);
    } else {
        int taps = s.kernel[0] * s.kernel[1];
        int64_t row = (3 * s.offset_groups * taps + 7) / 8 * 8;
        double *v = case_values(&c, "offset_mask");
        for (int64_t i = 0; i < case_count(&c, "offset_mask"); i++)
            v[i] = i % row >= 3 * s.offset_groups * taps ? NAN /* padding */
                   : i % row % (3 * taps) < 2 * taps     ? 0
                                                         : mask;
    }
    case_run(&c, 2);
    expect_box(&c, core, dcn_op_name(op));
    case_close(&c);
}

Test(cores, without_offsets_are_means)
{
    for (int i = 0; i < NCORES; i++) {
        mean_of(&cores[i], DCN_OP_DCNV3, DCN_MODULATION_MASK);
        mean_of(&cores[i], DCN_OP_DCNV3, DCN_MODULATION_SOFTMAX);
        mean_of(&cores[i], DCN_OP_DCNV4, DCN_MODULATION_MASK);
        mean_of(&cores[i], DCN_OP_DCNV4, DCN_MODULATION_SOFTMAX);
    }
}

/* ---- against deform_conv2d ------------------------------------------------------------------------- */

/* The taps of one run row by row, those of the other column by column, with (y, x) and (x, y). */
static void copy_points(Case *to, const Case *from)
{
    const dcn_spec *s = &from->o.spec;
    int64_t p = dcn_out_height(s, s->height), q = dcn_out_width(s, s->width);
    int kh = s->kernel[0], kw = s->kernel[1], taps = kh * kw;
    for (int64_t at = 0; at < s->batch * p * q * s->offset_groups * taps; at++) {
        int64_t pixel = at / (s->offset_groups * taps), channel = at % (s->offset_groups * taps);
        int64_t n = pixel / (p * q), y = pixel / q % p, x = pixel % q, k = channel % taps;
        int64_t other = channel - k + k % kh * kw + k / kh;
        for (int xy = 0; xy < 2; xy++)
            *case_at(to, "offset", n, 2 * other + 1 - xy, y, x) =
                *case_at(from, "offset", n, 2 * channel + xy, y, x);
        *case_at(to, "mask", n, other, y, x) = *case_at(from, "mask", n, channel, y, x);
    }
}

/* Depthwise, with as many offset groups and weights of one. */
Test(cores, are_depthwise_convolutions_with_weights_of_one)
{
    for (int i = 0; i < NCORES; i++) {
        Case core, conv;
        dcn_spec s = core_spec(&cores[i], DCN_OP_DCNV3);
        case_open(&core, &s, NULL, NULL);
        case_fill(&core, 5);
        case_run(&core, 1);
        s = core_spec(&cores[i], DCN_OP_DEFORM_CONV2D);
        s.groups = (int)s.in_channels;
        case_open(&conv, &s, NULL, NULL);
        case_copy(&conv, &core, "input");
        case_set(&conv, "weight", 1);
        copy_points(&conv, &core);
        case_run(&conv, 1);
        cr_expect_leq(case_distance(&core, &conv), tolerance(&cores[i]), "%d channels",
                      cores[i].channels);
        case_close(&core);
        case_close(&conv);
    }
}

/* ---- tasks --------------------------------------------------------------------------------------------- */

/* What the tasks of a schedule have, and how they go about it. */
typedef struct CoreTasks {
    int block, tile_h, task_groups, compact;
} CoreTasks;

static void open_core(Case *c, const dcn_spec *s, const CoreTasks *t)
{
    char schedule[96];
    snprintf(schedule, sizeof schedule,
             "aggregate jam=1 block=%d tile_h=%d tile_w=0 task_groups=%d compact=%d", t->block,
             t->tile_h, t->task_groups, t->compact);
    case_open(c, s, schedule, NULL);
    case_fill(c, 5);
}

/* Tasks of some groups, on any number of threads. */
static void parts_of(const Core *core, dcn_op op, const CoreTasks *t)
{
    static const int threads[] = { 1, 2, 3, 7 };
    Case whole, part;
    dcn_spec s = core_spec(core, op);
    open_core(&whole, &s, &(CoreTasks){ 1, 1, 0, 0 });
    open_core(&part, &s, t);
    case_run(&whole, 1);
    for (int i = 0; i < 4; i++) {
        case_run(&part, threads[i]);
        cr_expect_eq(case_distance(&whole, &part), 0,
                     "%s, %d of %d groups, block=%d tile_h=%d compact=%d, %d threads",
                     dcn_op_name(op), t->task_groups, core->groups, t->block, t->tile_h, t->compact,
                     threads[i]);
    }
    case_close(&whole);
    case_close(&part);
}

Test(cores, groups_in_tasks_of_their_own_are_the_whole)
{
    for (int i = 0; i < NCORES; i++)
        for (int groups = 1; groups < cores[i].groups; groups *= 2)
            if (cores[i].groups % groups == 0) {
                const CoreTasks t = { 1, 1, groups, 0 }, pixels = { 4 * groups, 2, groups, 0 };
                parts_of(&cores[i], DCN_OP_DCNV3, &t);
                parts_of(&cores[i], DCN_OP_DCNV4, &t);
                parts_of(&cores[i], DCN_OP_DCNV3, &pixels);
                parts_of(&cores[i], DCN_OP_DCNV4, &pixels);
            }
}

/* Copies of all groups and of one, a pixel at a time and several, rows that are copied once and again. */
Test(cores, copies_of_groups_are_the_map)
{
    for (int i = 0; i < NCORES; i++) {
        const int one = cores[i].groups > 1;
        const CoreTasks tasks[] = { { 1, 1, 0, 1 }, { 1, 8, one, 1 }, { 4, 4, one, 1 } };
        for (int t = 0; t < 3; t++) {
            parts_of(&cores[i], DCN_OP_DCNV3, &tasks[t]);
            parts_of(&cores[i], DCN_OP_DCNV4, &tasks[t]);
        }
    }
}

/* ---- projection ---------------------------------------------------------------------------------------- */

/* One product over the sums, as a pointwise convolution makes it. */
Test(cores, projected_are_cores_and_then_pointwise)
{
    for (int i = 0; i < NCORES; i++) {
        Case core, both, point;
        dcn_spec s = core_spec(&cores[i], DCN_OP_DCNV3);
        case_open(&core, &s, NULL, NULL);
        case_fill(&core, 5);
        case_run(&core, 1);
        s.projection = s.out_channels = 21;
        s.bias = s.scale_shift = s.residual = true;
        s.activation = DCN_ACT_SILU;
        case_open(&both, &s, NULL, NULL);
        case_fill(&both, 5);
        const char *const same[] = { "input", "offset", "mask" };
        for (int t = 0; t < 3; t++)
            case_copy(&both, &core, same[t]);
        case_run(&both, 2);
        dcn_spec c = case_spec(DCN_OP_CONV2D, s.in_channels, 21, dcn_out_height(&s, s.height),
                               dcn_out_width(&s, s.width));
        c.batch = s.batch;
        c.dtype = s.dtype;
        c.layout = s.layout;
        c.kernel[0] = c.kernel[1] = 1;
        for (int a = 0; a < 4; a++)
            c.padding[a] = 0;
        c.bias = c.scale_shift = c.residual = true;
        c.activation = DCN_ACT_SILU;
        case_open(&point, &c, NULL, NULL);
        case_fill(&point, 5);
        const char *const after[] = { "weight", "bias", "scale", "shift", "residual" };
        for (int t = 0; t < 5; t++)
            case_copy(&point, &both, after[t]);
        double *in = case_values(&point, "input"), *out = case_values(&core, "output");
        for (int64_t e = 0; e < case_count(&point, "input"); e++)
            in[e] = out[e];
        case_run(&point, 1);
        cr_expect_leq(case_distance(&both, &point), 10 * tolerance(&cores[i]), "%d channels",
                      cores[i].channels);
        case_close(&core);
        case_close(&both);
        case_close(&point);
    }
}

/* ---- what must not leak --------------------------------------------------------------------------------- */

/* Offsets that put every sample on whole pixels of the last row and column: nothing else may show. */
static void expect_no_leak(int compact)
{
    for (int i = 0; i < NCORES; i++) {
        Case c;
        dcn_spec s = core_spec(&cores[i], DCN_OP_DCNV3);
        s.kernel[0] = s.kernel[1] = 1;
        for (int a = 0; a < 4; a++)
            s.padding[a] = 0;
        open_core(&c, &s, &(CoreTasks){ 1, 1, 0, compact });
        case_set(&c, "input", NAN);
        case_set(&c, "mask", 1);
        for (int64_t n = 0; n < s.batch; n++)
            for (int64_t ch = 0; ch < s.in_channels; ch++)
                *case_at(&c, "input", n, ch, s.height - 1, s.width - 1) = 3;
        for (int64_t n = 0; n < s.batch; n++)
            for (int64_t at = 0; at < s.offset_groups * s.height * s.width; at++) {
                int64_t g = at % s.offset_groups, pixel = at / s.offset_groups;
                int64_t y = pixel / s.width, x = pixel % s.width;
                *case_at(&c, "offset", n, 2 * g, y, x) = (double)(s.width - 1 - x);
                *case_at(&c, "offset", n, 2 * g + 1, y, x) = (double)(s.height - 1 - y);
            }
        case_run(&c, 1);
        const double *out = case_values(&c, "output");
        for (int64_t e = 0; e < case_count(&c, "output"); e++)
            cr_assert_eq(out[e], 3, "%d channels: element %d is %g", cores[i].channels, (int)e,
                         out[e]);
        case_close(&c);
    }
}

Test(cores, nothing_leaks_from_beside_a_sample)
{
    expect_no_leak(0);
    expect_no_leak(1);
}
