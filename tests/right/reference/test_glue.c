/* test_glue.c: the reference of the layers that are no operators, against numbers worked out by hand as
** torch's rules say, and its gradients against differences.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/reference/glue.h"
#include "tests/support/glue_cases.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* ---- by hand: one channel -------------------------------------------------------------------- */

static void expect(const GlueCase *c, const double *const *arg, const double *want)
{
    GlueNet g;
    double got[16];
    glue_net(&g, c, 1, DCN_F64);
    ref_glue(&g.net, &g.layer, arg, got);
    for (int64_t i = 0; i < glue_out_count(&g); i++)
        cr_expect_float_eq(got[i], want[i], 1e-12, "%s: %g at %d, not %g", c->name, got[i], (int)i,
                           want[i]);
}

#define EXPECT(c, x, ...) expect(c, (const double *[]){ x }, (const double[]){ __VA_ARGS__ })

static const double plane[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static GlueCase pool(net_kind kind, bool counted)
{
    return (GlueCase){ .name = "pool",
                       .layer = { .kind = kind,
                                  .pool = { { 2, 2 },
                                            { 2, 2 },
                                            { 1, 1, 1, 1 },
                                            { 1, 1 },
                                            .count_include_pad = counted } },
                       .in = { { 1, 3, 3, 1 } },
                       .out = { 1, 2, 2, 1 } };
}

Test(glue, padding_is_no_pixel_unless_it_is_counted)
{
    const GlueCase largest = pool(NET_MAX_POOL, false), mean = pool(NET_AVG_POOL, false);
    const GlueCase counted = pool(NET_AVG_POOL, true);
    double below[9];
    for (int i = 0; i < 9; i++)
        below[i] = plane[i] - 100;
    EXPECT(&largest, plane, 1, 3, 7, 9);
    EXPECT(&largest, below, -99, -97, -93, -91);
    EXPECT(&mean, plane, 1, 2.5, 5.5, 7);
    EXPECT(&counted, plane, 0.25, 1.25, 2.75, 7);
}

/* Two channels of a map of 1x3, in memory pixel by pixel, are plane after plane in a row. */
Test(glue, a_row_is_plane_after_plane)
{
    const GlueCase flatten = { .name = "flatten",
                               .layer = { .kind = NET_RESHAPE },
                               .in = { { 1, 1, 3, 2 } },
                               .out = { 1, 1, 1, 6 } };
    const GlueCase unflatten = { .name = "unflatten",
                                 .layer = { .kind = NET_RESHAPE },
                                 .in = { { 1, 1, 1, 6 } },
                                 .out = { 1, 1, 3, 2 } };
    EXPECT(&flatten, plane, 1, 3, 5, 2, 4, 6);
    EXPECT(&unflatten, plane, 1, 4, 2, 5, 3, 6);
}

/* Shares of one half and, of log 3, of three quarters. */
Test(glue, a_share_is_of_a_group)
{
    const double zeros[4] = { 0 }, share[2] = { 0, 1.0986122886681098 };
    const GlueCase c = { .name = "blend",
                         .layer = { .kind = NET_BLEND },
                         .in = { { 1, 1, 1, 4 }, { 1, 1, 1, 4 }, { 1, 1, 1, 2 } },
                         .out = { 1, 1, 1, 4 } };
    const double *const one[] = { plane, zeros, share }, *const other[] = { zeros, plane, share };
    expect(&c, one, (const double[]){ 0.5, 1, 0.75, 1 });
    expect(&c, other, (const double[]){ 0.5, 1, 2.25, 3 });
}

/* One row of four pixels; the last window begins inside and ends in the padding, or beyond it. */
static GlueCase row_pool(net_kind kind, bool counted)
{
    return (GlueCase){ .name = "ceil_mode",
                       .layer = { .kind = kind,
                                  .pool = { { 1, 3 },
                                            { 1, 2 },
                                            { 0, 1, 0, 1 },
                                            { 1, 1 },
                                            .ceil_mode = true,
                                            .count_include_pad = counted } },
                       .in = { { 1, 1, 4, 1 } },
                       .out = { 1, 1, 3, 1 } };
}

Test(glue, a_window_of_ceil_mode_ends_with_the_padding)
{
    const GlueCase largest = row_pool(NET_MAX_POOL, false), mean = row_pool(NET_AVG_POOL, false);
    const GlueCase counted = row_pool(NET_AVG_POOL, true);
    EXPECT(&largest, plane, 2, 4, 4);
    EXPECT(&mean, plane, 1.5, 3, 4);
    EXPECT(&counted, plane, 1, 3, 2);
}

Test(glue, dilation_leaves_pixels_out)
{
    const GlueCase c = { .name = "dilation",
                         .layer = { .kind = NET_MAX_POOL,
                                    .pool = { .kernel = { 2, 2 },
                                              .stride = { 1, 1 },
                                              .padding = { 1, 0, 1, 0 },
                                              .dilation = { 2, 2 } } },
                         .in = { { 1, 3, 3, 1 } },
                         .out = { 1, 3, 1, 1 } };
    EXPECT(&c, plane, 6, 9, 6);
}

Test(glue, bins_share_pixels)
{
    const GlueCase c = { .name = "adaptive",
                         .layer = { .kind = NET_AVG_POOL, .pool = { .adaptive = true } },
                         .in = { { 1, 1, 5, 1 } },
                         .out = { 1, 1, 3, 1 } };
    EXPECT(&c, plane, 1.5, 3, 4.5);
}

static GlueCase resize(int from, int to, bool bilinear, bool corners)
{
    return (GlueCase){ .name = "resize",
                       .layer = { .kind = NET_RESIZE,
                                  .resize = { bilinear ? NET_BILINEAR : NET_NEAREST, corners } },
                       .in = { { 1, 1, from, 1 } },
                       .out = { 1, 1, to, 1 } };
}

Test(glue, resize)
{
    const GlueCase less = resize(5, 3, false, false), twice = resize(2, 4, false, false);
    const GlueCase smooth = resize(2, 4, true, false), corners = resize(2, 4, true, true);
    const GlueCase one = resize(3, 1, true, true), middle = resize(3, 1, true, false);
    EXPECT(&less, plane, 1, 2, 4);
    EXPECT(&twice, plane, 1, 1, 2, 2);
    EXPECT(&smooth, plane, 1, 1.25, 1.75, 2);
    EXPECT(&corners, plane, 1, 4.0 / 3, 5.0 / 3, 2);
    EXPECT(&one, plane, 1);
    EXPECT(&middle, plane, 2);
}

/* 41 * (2/82) is 1, but below it in single precision, in which torch has it. */
Test(glue, nearest_rounds_in_single_precision)
{
    const GlueCase c = resize(2, 82, false, false);
    double got[82];
    GlueNet g;
    glue_net(&g, &c, 1, DCN_F64);
    ref_glue(&g.net, &g.layer, (const double *[]){ plane }, got);
    cr_expect_eq(got[41], 1);
    cr_expect_eq(got[42], 2);
}

Test(glue, layer_norm)
{
    const GlueCase c = { .name = "layer_norm",
                         .layer = { .kind = NET_LAYER_NORM },
                         .in = { { 1, 1, 1, 3 } },
                         .out = { 1, 1, 1, 3 } };
    const double weight[3] = { 1, 2, 3 }, bias[3] = { 0, 1, 2 }, side = sqrt(1.5);
    GlueNet g;
    double got[3];
    glue_net(&g, &c, 3, DCN_F64);
    ref_glue(&g.net, &g.layer, (const double *[]){ plane, weight, bias }, got);
    cr_expect_float_eq(got[0], -side, 1e-12);
    cr_expect_float_eq(got[1], 1, 1e-12);
    cr_expect_float_eq(got[2], 3 * side + 2, 1e-12);
}

Test(glue, the_first_of_equal_pixels_has_the_gradient)
{
    const GlueCase c = pool(NET_MAX_POOL, false);
    const double same[9] = { 0 }, grad_out[4] = { 1, 2, 3, 4 };
    double grad[9] = { 0 };
    GlueNet g;
    glue_net(&g, &c, 1, DCN_F64);
    ref_glue_back(&g.net, &g.layer, (const double *[]){ same }, grad_out, (double *[]){ grad });
    const double want[9] = { 1, 2, 0, 3, 4, 0, 0, 0, 0 };
    for (int i = 0; i < 9; i++)
        cr_expect_eq(grad[i], want[i], "%g at %d, not %g", grad[i], i, want[i]);
}

Test(glue, a_gradient_of_0_adds_nothing)
{
    const GlueCase c = { .name = "mul",
                         .layer = { .kind = NET_MUL, .scale = 1 },
                         .in = { { 1, 1, 2, 1 }, { 1, 1, 2, 1 } },
                         .out = { 1, 1, 2, 1 } };
    const double a[2] = { NAN, 2 }, b[2] = { INFINITY, 3 }, grad_out[2] = { 0, 1 };
    double grad[2][2] = { { 5, 5 }, { 5, 5 } };
    GlueNet g;
    glue_net(&g, &c, 1, DCN_F64);
    ref_glue_back(&g.net, &g.layer, (const double *[]){ a, b }, grad_out,
                  (double *[]){ grad[0], grad[1] });
    cr_expect_eq(grad[0][0], 5);
    cr_expect_eq(grad[0][1], 8);
    cr_expect_eq(grad[1][0], 5);
    cr_expect_eq(grad[1][1], 7);
}

/* ---- gradients are those of the values ------------------------------------------------------- */

typedef struct Slopes {
    GlueNet g;
    double *arg[GLUE_MAX_INPUTS], *grad[GLUE_MAX_INPUTS], *grad_out, *out;
} Slopes;

static double *numbers(rt_rng *rng, int64_t n)
{
    double *v = calloc((size_t)n + 1, sizeof *v);
    cr_assert_not_null(v);
    for (int64_t i = 0; i < n; i++)
        v[i] = rng ? rt_rng_normal(rng) : 0;
    return v;
}

static double loss(const Slopes *s)
{
    double sum = 0;
    ref_glue(&s->g.net, &s->g.layer, (const double *const *)s->arg, s->out);
    for (int64_t i = 0; i < glue_out_count(&s->g); i++)
        sum += s->grad_out[i] * s->out[i];
    return sum;
}

/* The loss moved along a random direction of argument i, as its gradient says. */
static void check_slope(Slopes *s, int i, rt_rng *rng, const char *name)
{
    const int64_t n = glue_arg_count(&s->g, i);
    double *x = s->arg[i], *d = numbers(rng, n), *moved = numbers(NULL, n), at[2], want = 0;
    const double h = 1e-5;
    for (int sign = 0; sign < 2; sign++) {
        for (int64_t j = 0; j < n; j++)
            moved[j] = x[j] + (sign ? h : -h) * d[j];
        s->arg[i] = moved;
        at[sign] = loss(s);
    }
    s->arg[i] = x;
    for (int64_t j = 0; j < n; j++)
        want += s->grad[i][j] * d[j];
    cr_expect_float_eq((at[1] - at[0]) / (2 * h), want, 1e-5 * (1 + fabs(want)),
                       "%s, argument %d: %g, not %g", name, i, (at[1] - at[0]) / (2 * h), want);
    free(d);
    free(moved);
}

static void check_gradients(const GlueCase *c, rt_rng *rng)
{
    Slopes s = { .arg = { NULL } };
    glue_net(&s.g, c, 3, DCN_F64);
    const int n = s.g.layer.nargs;
    for (int i = 0; i < n; i++) {
        s.arg[i] = numbers(rng, glue_arg_count(&s.g, i));
        s.grad[i] = numbers(NULL, glue_arg_count(&s.g, i));
    }
    s.out = numbers(NULL, glue_out_count(&s.g));
    s.grad_out = numbers(rng, glue_out_count(&s.g));
    ref_glue_back(&s.g.net, &s.g.layer, (const double *const *)s.arg, s.grad_out, s.grad);
    for (int i = 0; i < n; i++)
        check_slope(&s, i, rng, c->name);
    for (int i = 0; i < n; i++) {
        free(s.arg[i]);
        free(s.grad[i]);
    }
    free(s.out);
    free(s.grad_out);
}

Test(glue, gradients_are_slopes)
{
    rt_rng rng = rt_rng_seed(17);
    for (int i = 0; glue_case(i); i++)
        check_gradients(glue_case(i), &rng);
}
