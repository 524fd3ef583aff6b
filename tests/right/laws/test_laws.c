/* test_laws.c: what every kernel obeys, whatever its schedule, without any reference.
**
** Laws of the operator (offsets, masks, linearity, groups) and laws of the compiler (batch, threads,
** schedules must not matter).  Both sides of a law are compiled kernels.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/kernel.h"
#include "tests/right/laws/variant.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void expect_equal(const Case *a, const Case *b, double tolerance, const Variant *v)
{
    double d = case_distance(a, b);
    cr_expect(d <= tolerance, "%s: differs by %g, allowed %g", variant_name(v), d, tolerance);
}

/* Runs a plain and a deformable convolution that compute the same. */
static void run_pair(Case *a, const dcn_spec *sa, Case *b, const dcn_spec *sb, const Variant *v)
{
    variant_open(a, v, sa);
    variant_open(b, v, sb);
    case_copy(b, a, "input");
    case_copy(b, a, "weight");
}

static void close_pair(Case *a, Case *b)
{
    case_close(a);
    case_close(b);
}

/* ---- offsets ------------------------------------------------------------------------------ */

static void zero_offsets(const Variant *v)
{
    dcn_spec plain = variant_spec(v, DCN_OP_CONV2D),
             deformed = variant_spec(v, DCN_OP_DEFORM_CONV2D);
    plain.stride[0] = deformed.stride[0] = 2;
    plain.dilation[1] = deformed.dilation[1] = 2;
    Case a, b;
    run_pair(&a, &plain, &b, &deformed, v);
    case_set(&b, "offset", 0);
    case_run(&a, 1);
    case_run(&b, 1);
    expect_equal(&a, &b, variant_tolerance(v), v);
    close_pair(&a, &b);
}

Test(laws, zero_offsets_are_a_plain_convolution)
{
    each_variant(zero_offsets);
}

/* Offset channel 2k is dy, 2k + 1 is dx. */
static void set_offsets(Case *c, double dy, double dx)
{
    int i = case_index(c, "offset");
    const int64_t *d = c->o.tensor[i].dims;
    bool nhwc = c->o.spec.layout == DCN_NHWC;
    for (int64_t at = 0; at < c->o.count[i]; at++) {
        int64_t channel = nhwc ? at % d[3] : at / (d[2] * d[3]) % d[1];
        c->o.exact[i][at] = channel % 2 ? dx : dy;
    }
}

enum { REACH = 2 };

/* A plain convolution with REACH more padding has the shifted one inside. */
static void expect_shifted(const Case *wide, const Case *deformed, int dy, int dx, const Variant *v)
{
    const dcn_spec *s = &deformed->o.spec;
    double most = 0;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t o = 0; o < s->out_channels; o++)
            for (int64_t p = 0; p < s->height; p++)
                for (int64_t q = 0; q < s->width; q++)
                    most = fmax(
                        most, fabs(*case_at(wide, "output", n, o, p + REACH + dy, q + REACH + dx) -
                                   *case_at(deformed, "output", n, o, p, q)));
    cr_expect(most <= variant_tolerance(v), "%s: offsets %d, %d: differs by %g", variant_name(v),
              dy, dx, most);
}

static void whole_offsets(const Variant *v)
{
    dcn_spec plain = variant_spec(v, DCN_OP_CONV2D),
             deformed = variant_spec(v, DCN_OP_DEFORM_CONV2D);
    for (int i = 0; i < 4; i++)
        plain.padding[i] += REACH;
    Case a, b;
    run_pair(&a, &plain, &b, &deformed, v);
    case_run(&a, 1);
    static const int shifts[][2] = { { 1, 0 }, { 0, -1 }, { -2, 2 }, { 2, 1 } };
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
        set_offsets(&b, shifts[i][0], shifts[i][1]);
        case_run(&b, 1);
        expect_shifted(&a, &b, shifts[i][0], shifts[i][1], v);
    }
    close_pair(&a, &b);
}

Test(laws, whole_offsets_are_a_shifted_plain_convolution)
{
    each_variant(whole_offsets);
}

enum { TAPS = 9 };

/* Where an order has channel c of yx: tap c/2, dy or dx. */
static int64_t channel_in(dcn_offset_order order, int64_t c)
{
    const int64_t tap = c / 2, is_x = c % 2;
    const int64_t at[] = { [DCN_ORDER_YX] = c,
                           [DCN_ORDER_XY] = 2 * tap + !is_x,
                           [DCN_ORDER_YYXX] = tap + TAPS * is_x,
                           [DCN_ORDER_XXYY] = tap + TAPS * !is_x };
    return at[order];
}

static void expect_renamed(const Variant *v, dcn_offset_order order)
{
    dcn_spec yx = variant_spec(v, DCN_OP_DEFORM_CONV2D), other = yx;
    other.offset_order = order;
    Case a, b;
    run_pair(&a, &yx, &b, &other, v);
    const int64_t pixels = 7 * 9;
    for (int64_t n = 0; n < yx.batch; n++)
        for (int64_t c = 0; c < 2 * TAPS; c++)
            for (int64_t i = 0; i < pixels; i++)
                *case_at(&b, "offset", n, channel_in(order, c), i / 9, i % 9) =
                    *case_at(&a, "offset", n, c, i / 9, i % 9);
    case_run(&a, 1);
    case_run(&b, 1);
    expect_equal(&a, &b, 0, v);
    close_pair(&a, &b);
}

static void offset_orders(const Variant *v)
{
    for (int order = DCN_ORDER_XY; order <= DCN_ORDER_XXYY; order++)
        expect_renamed(v, (dcn_offset_order)order);
}

Test(laws, offset_order_only_renames_channels)
{
    each_variant(offset_orders);
}

/* ---- masks ---------------------------------------------------------------------------------- */

/* Modulation `a` with all mask elements x equals modulation `b` with all y. */
static void expect_same_modulation(const Variant *v, dcn_modulation m, double x, dcn_modulation n,
                                   double y)
{
    dcn_spec one = variant_spec(v, DCN_OP_DEFORM_CONV2D), other = one;
    one.offset_groups = other.offset_groups = strstr(v->schedule, "kc_channels=16") ? 1 : 2;
    one.modulation = m;
    other.modulation = n;
    Case a, b;
    run_pair(&a, &one, &b, &other, v);
    case_copy(&b, &a, "offset");
    if (m != DCN_MODULATION_NONE)
        case_set(&a, "mask", x);
    case_set(&b, "mask", y);
    case_run(&a, 1);
    case_run(&b, 1);
    expect_equal(&a, &b, variant_tolerance(v), v);
    close_pair(&a, &b);
}

static void mask_of_ones(const Variant *v)
{
    expect_same_modulation(v, DCN_MODULATION_NONE, 1, DCN_MODULATION_MASK, 1);
}

static void sigmoid_of_0(const Variant *v)
{
    expect_same_modulation(v, DCN_MODULATION_SIGMOID, 0, DCN_MODULATION_MASK, 0.5);
}

static void softmax_of_equals(const Variant *v)
{
    expect_same_modulation(v, DCN_MODULATION_SOFTMAX, 3.25, DCN_MODULATION_MASK, 1.0 / 9);
}

Test(laws, a_mask_of_ones_is_no_mask)
{
    each_variant(mask_of_ones);
}

Test(laws, sigmoid_of_0_is_a_half)
{
    each_variant(sigmoid_of_0);
}

Test(laws, softmax_of_equal_logits_is_1_over_taps)
{
    each_variant(softmax_of_equals);
}

static void modulation_scale(const Variant *v)
{
    static const dcn_modulation all[] = { DCN_MODULATION_MASK, DCN_MODULATION_SIGMOID,
                                          DCN_MODULATION_SOFTMAX };
    for (int i = 0; i < 3; i++) {
        dcn_spec one = variant_spec(v, DCN_OP_DEFORM_CONV2D), twice = one;
        one.modulation = twice.modulation = all[i];
        twice.modulation_scale = 2;
        Case a, b;
        run_pair(&a, &one, &b, &twice, v);
        case_copy(&b, &a, "offset");
        case_copy(&b, &a, "mask");
        case_run(&a, 1);
        case_run(&b, 1);
        double *out = case_values(&a, "output");
        for (int64_t e = 0; e < case_count(&a, "output"); e++)
            out[e] *= 2;
        expect_equal(&a, &b, 2 * variant_tolerance(v), v);
        close_pair(&a, &b);
    }
}

Test(laws, the_modulation_scale_multiplies)
{
    each_lowering(modulation_scale);
}

/* ---- linearity -------------------------------------------------------------------------------- */

static double *copy_of(const Case *c, const char *tensor)
{
    size_t bytes = (size_t)case_count(c, tensor) * sizeof(double);
    double *v = malloc(bytes + 1);
    memcpy(v, case_values(c, tensor), bytes);
    return v;
}

/* f(x) + 2 f(y) = f(x + 2y) in one operand, the others being fixed; values are short, so that x + 2y
** is exact. */
static void linear_in(const Variant *v, const char *tensor)
{
    dcn_spec s = variant_spec(v, DCN_OP_DEFORM_CONV2D);
    s.modulation = DCN_MODULATION_MASK;
    Case c;
    variant_open(&c, v, &s);
    double *x = case_values(&c, tensor);
    int64_t n = case_count(&c, tensor), outs = case_count(&c, "output");
    for (int64_t i = 0; i < n; i++)
        x[i] = rint(64 * x[i]) / 64;
    double *first = copy_of(&c, tensor);
    case_run(&c, 1);
    double *fx = copy_of(&c, "output");
    for (int64_t i = 0; i < n; i++)
        x[i] = first[(i * 7 + 3) % n];
    double *second = copy_of(&c, tensor);
    case_run(&c, 1);
    double *fy = copy_of(&c, "output"), *out = case_values(&c, "output"), most = 0;
    for (int64_t i = 0; i < n; i++)
        x[i] = first[i] + 2 * second[i];
    case_run(&c, 1);
    for (int64_t i = 0; i < outs; i++)
        most = fmax(most, fabs(out[i] - (fx[i] + 2 * fy[i])));
    cr_expect(most <= 4 * variant_tolerance(v), "%s: not linear in %s by %g", variant_name(v),
              tensor, most);
    free(first);
    free(second);
    free(fx);
    free(fy);
    case_close(&c);
}

static void linear(const Variant *v)
{
    linear_in(v, "input");
    linear_in(v, "weight");
    linear_in(v, "mask");
}

Test(laws, linear_in_input_in_weight_and_in_mask)
{
    each_variant(linear);
}

/* ---- groups ------------------------------------------------------------------------------------ */

enum { GROUPS = 3, IN = 4, OUT = 5 };

/* Channels and weights of group g alone. */
static void take_group(Case *one, const Case *all, int g)
{
    const dcn_spec *s = &all->o.spec;
    int64_t weights = (int64_t)OUT * IN * s->kernel[0] * s->kernel[1];
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t c = 0; c < IN; c++)
            for (int64_t i = 0; i < s->height * s->width; i++)
                *case_at(one, "input", n, c, i / s->width, i % s->width) =
                    *case_at(all, "input", n, g * IN + c, i / s->width, i % s->width);
    memcpy(case_values(one, "weight"), case_values(all, "weight") + g * weights,
           (size_t)weights * sizeof(double));
    case_copy(one, all, "offset");
}

static void expect_group(const Case *one, const Case *all, int g, const Variant *v)
{
    const dcn_spec *s = &all->o.spec;
    double most = 0;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t o = 0; o < OUT; o++)
            for (int64_t i = 0; i < s->height * s->width; i++)
                most =
                    fmax(most,
                         fabs(*case_at(one, "output", n, o, i / s->width, i % s->width) -
                              *case_at(all, "output", n, g * OUT + o, i / s->width, i % s->width)));
    cr_expect(most <= variant_tolerance(v), "%s: group %d differs by %g", variant_name(v), g, most);
}

/* Only the schedules without a channel block fit so few channels. */
static void groups(const Variant *v)
{
    if (strstr(v->schedule, "kc_channels=16"))
        return;
    dcn_spec whole = variant_spec(v, DCN_OP_DEFORM_CONV2D);
    whole.in_channels = GROUPS * IN;
    whole.out_channels = GROUPS * OUT;
    whole.groups = GROUPS;
    dcn_spec part = whole;
    part.in_channels = IN;
    part.out_channels = OUT;
    part.groups = 1;
    Case all, one;
    variant_open(&all, v, &whole);
    variant_open(&one, v, &part);
    case_run(&all, 1);
    for (int g = 0; g < GROUPS; g++) {
        take_group(&one, &all, g);
        case_run(&one, 1);
        expect_group(&one, &all, g, v);
    }
    close_pair(&all, &one);
}

Test(laws, weight_groups_are_convolutions_of_their_own)
{
    each_variant(groups);
}

/* ---- batch, threads, schedules ------------------------------------------------------------------- */

static void batch(const Variant *v)
{
    dcn_spec two = variant_spec(v, DCN_OP_DEFORM_CONV2D), one = two;
    one.batch = 1;
    Case a, b;
    variant_open(&a, v, &two);
    variant_open(&b, v, &one);
    case_run(&a, 1);
    case_copy(&b, &a, "weight");
    for (int64_t n = 0; n < 2; n++) {
        static const char *const images[] = { "input", "offset" };
        for (int i = 0; i < 2; i++) {
            int64_t each = case_count(&b, images[i]);
            memcpy(case_values(&b, images[i]), case_values(&a, images[i]) + n * each,
                   (size_t)each * sizeof(double));
        }
        case_run(&b, 1);
        int64_t each = case_count(&b, "output");
        cr_expect_arr_eq(case_values(&b, "output"), case_values(&a, "output") + n * each,
                         (size_t)each * sizeof(double), "%s: image %d", variant_name(v), (int)n);
    }
    close_pair(&a, &b);
}

Test(laws, images_of_a_batch_do_not_see_each_other)
{
    each_variant(batch);
}

/* All tasks, last first, as thread 0 and 1 in turn. */
static void backwards(void *self, int64_t n, int threads, void (*body)(void *, int64_t, int),
                      void *arg)
{
    (void)self;
    for (int64_t i = n - 1; i >= 0; i--)
        body(arg, i, (int)(i % threads));
}

static void run_backwards(Case *c)
{
    dcn_call call = {
        .tensor = c->o.typed, .ntensors = c->o.n, .threads = 2, .parallel_for = backwards
    };
    dcn_error err;
    tune_poison_outputs(&c->o);
    cr_assert_eq(rt_execute(c->kernel, &call, true, &err), 0, "%s", err.text);
}

static void threads(const Variant *v)
{
    static const int counts[] = { 2, 3, 16 };
    dcn_spec s = variant_spec(v, DCN_OP_DEFORM_CONV2D);
    s.modulation = DCN_MODULATION_SOFTMAX;
    s.activation = DCN_ACT_SILU;
    Case c;
    variant_open(&c, v, &s);
    case_run(&c, 1);
    int out = case_index(&c, "output");
    size_t bytes = (size_t)c.o.count[out] * dcn_dtype_bytes(s.dtype);
    void *alone = malloc(bytes);
    memcpy(alone, c.o.typed[out], bytes);
    for (int i = 0; i < 3; i++) {
        case_run(&c, counts[i]);
        cr_expect_arr_eq(c.o.typed[out], alone, bytes, "%s: %d threads", variant_name(v),
                         counts[i]);
    }
    run_backwards(&c);
    cr_expect_arr_eq(c.o.typed[out], alone, bytes, "%s: tasks backwards", variant_name(v));
    free(alone);
    case_close(&c);
}

Test(laws, the_number_of_threads_and_the_order_of_tasks_change_no_bit)
{
    each_variant(threads);
}

/* Every variant against the plainest one of its dtype and layout. */
static void schedules(const Variant *v)
{
    dcn_spec s = variant_spec(v, DCN_OP_DEFORM_CONV2D);
    s.modulation = DCN_MODULATION_SIGMOID;
    s.bias = true;
    s.activation = DCN_ACT_GELU;
    const Variant plain = { v->dtype, v->layout, "direct lanes=2 oc_block=1" };
    Case a, b;
    variant_open(&a, &plain, &s);
    variant_open(&b, v, &s);
    case_run(&a, 1);
    case_run(&b, 1);
    expect_equal(&a, &b, variant_tolerance(v), v);
    close_pair(&a, &b);
}

Test(laws, schedules_compute_the_same)
{
    each_variant(schedules);
}
