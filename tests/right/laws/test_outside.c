/* test_outside.c: samples that fall outside the map are worth 0, whatever the map holds.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/laws/variant.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

static double activate(dcn_activation a, double x)
{
    const double sixth = fmin(fmax(x + 3, 0), 6) / 6;
    const double values[] = { [DCN_ACT_NONE] = x,
                              [DCN_ACT_RELU] = fmax(x, 0),
                              [DCN_ACT_SILU] = x / (1 + exp(-x)),
                              [DCN_ACT_GELU] = 0.5 * x * erfc(-x / sqrt(2)),
                              [DCN_ACT_LEAKY_RELU] = fmax(x, 0.01 * x),
                              [DCN_ACT_HARDSWISH] = x * sixth,
                              [DCN_ACT_CLIP] = fmin(fmax(x, 0), 6),
                              [DCN_ACT_SIGMOID] = 1 / (1 + exp(-x)),
                              [DCN_ACT_TANH] = tanh(x) };
    return values[a];
}

static dcn_spec biased(const Variant *v, dcn_activation a)
{
    dcn_spec s = variant_spec(v, DCN_OP_DEFORM_CONV2D);
    s.bias = true;
    s.activation = a;
    return s;
}

/* Every output is the activation of its bias. */
static void expect_bias(const Case *c, const Variant *v, const char *what)
{
    const dcn_spec *s = &c->o.spec;
    const double *bias = case_values(c, "bias");
    int64_t p = dcn_out_height(s, s->height), q = dcn_out_width(s, s->width);
    double most = 0;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t o = 0; o < s->out_channels; o++)
            for (int64_t i = 0; i < p * q; i++) {
                double d = fabs(*case_at(c, "output", n, o, i / q, i % q) -
                                activate(s->activation, bias[o]));
                most = isnan(d) ? INFINITY : fmax(most, d);
            }
    cr_expect(most <= variant_tolerance(v) / 10, "%s, %s, %s: not the bias by %g", variant_name(v),
              what, dcn_activation_name(s->activation), most);
}

static void activations(const Variant *v)
{
    for (int a = DCN_ACT_NONE; a <= DCN_ACT_TANH; a++) {
        dcn_spec s = biased(v, (dcn_activation)a);
        Case c;
        variant_open(&c, v, &s);
        case_set(&c, "offset", -100);
        case_run(&c, 1);
        expect_bias(&c, v, "offsets -100");
        case_close(&c);
    }
}

Test(outside, leaves_the_activation_of_the_bias)
{
    each_lowering(activations);
}

static const double outside[] = { NAN, INFINITY, -INFINITY, 1e30, -1e30, 3e38, -3e38, 20, -20 };
enum { NOUTSIDE = sizeof outside / sizeof *outside };

/* With all offsets outside in one axis at least, not even a map of NaN and infinity shows. */
static void poisoned(const Variant *v)
{
    for (int border = DCN_BORDER_ZERO; border <= DCN_BORDER_HYBRID; border++) {
        dcn_spec s = biased(v, DCN_ACT_NONE);
        s.border = (dcn_border)border;
        Case c;
        variant_open(&c, v, &s);
        double *map = case_values(&c, "input"), *offset = case_values(&c, "offset");
        for (int64_t i = 0; i < case_count(&c, "input"); i++)
            map[i] = i % 3 ? NAN : INFINITY;
        for (int k = 0; k < NOUTSIDE; k++) {
            for (int64_t i = 0; i < case_count(&c, "offset"); i++)
                offset[i] = outside[k];
            case_run(&c, 1);
            expect_bias(&c, v, dcn_border_name(s.border));
        }
        case_close(&c);
    }
}

Test(outside, a_poisoned_map_does_not_show)
{
    each_lowering(poisoned);
}

/* A bad offset in one axis is as outside as in both: dy bad, dx 0, and the other way round. */
static void one_axis(const Variant *v)
{
    dcn_spec s = biased(v, DCN_ACT_NONE);
    Case c;
    variant_open(&c, v, &s);
    case_set(&c, "input", NAN);
    for (int axis = 0; axis < 2; axis++)
        for (int k = 0; k < NOUTSIDE; k++) {
            case_set(&c, "offset", 0);
            for (int64_t n = 0; n < s.batch; n++)
                for (int64_t ch = axis; ch < 18; ch += 2)
                    for (int64_t i = 0; i < s.height * s.width; i++)
                        *case_at(&c, "offset", n, ch, i / s.width, i % s.width) = outside[k];
            case_run(&c, 1);
            expect_bias(&c, v, axis ? "dx" : "dy");
        }
    case_close(&c);
}

Test(outside, one_bad_axis_is_enough)
{
    each_variant(one_axis);
}

/* A 1x1 kernel puts every sample where its offset says. */
static void sample_all_at(Case *c, double y, double x)
{
    const dcn_spec *s = &c->o.spec;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t i = 0; i < s->height * s->width; i++) {
            int64_t p = i / s->width, q = i % s->width;
            *case_at(c, "offset", n, 0, p, q) = y - (double)p;
            *case_at(c, "offset", n, 1, p, q) = x - (double)q;
        }
}

static void point_open(Case *c, const Variant *v, dcn_border border)
{
    dcn_spec s = biased(v, DCN_ACT_NONE);
    s.kernel[0] = s.kernel[1] = 1;
    s.padding[0] = s.padding[1] = s.padding[2] = s.padding[3] = 0;
    s.border = border;
    const Variant any = { v->dtype, v->layout, v->schedule[0] == 'd' ? "direct" : "tiled" };
    variant_open(c, &any, &s);
}

/* The open rectangle of the rule: its edge is outside, exactly. */
static void edges(const Variant *v)
{
    static const double at[][2] = {
        { -1, 3 }, { 7, 3 }, { 3, -1 }, { 3, 9 }, { -1, -1 }, { 7, 9 }
    };
    for (int border = DCN_BORDER_ZERO; border <= DCN_BORDER_HYBRID; border++) {
        Case c;
        point_open(&c, v, (dcn_border)border);
        case_set(&c, "input", NAN);
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
            sample_all_at(&c, at[i][0], at[i][1]);
            case_run(&c, 1);
            char what[64];
            snprintf(what, sizeof what, "border %s, sample at (%g, %g)",
                     dcn_border_name((dcn_border)border), at[i][0], at[i][1]);
            expect_bias(&c, v, what);
        }
        case_close(&c);
    }
}

Test(outside, the_edge_itself_is_outside)
{
    each_lowering(edges);
}

static void set_row(Case *c, int64_t row, double value)
{
    const dcn_spec *s = &c->o.spec;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t ch = 0; ch < s->in_channels; ch++)
            for (int64_t x = 0; x < s->width; x++)
                *case_at(c, "input", n, ch, row, x) = value;
}

static void set_column(Case *c, int64_t column, double value)
{
    const dcn_spec *s = &c->o.spec;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t ch = 0; ch < s->in_channels; ch++)
            for (int64_t y = 0; y < s->height; y++)
                *case_at(c, "input", n, ch, y, column) = value;
}

/* Where a sample hangs over the edge, the second row from the edge is none of its four pixels. */
static void untouched(const Variant *v)
{
    static const struct {
        double y, x;
        int64_t row, column; /* holds NaN, and is not touched; -1: none */
    } cases[] = {
        { -0.5, 3.5, 1, -1 },
        { 6.5, 3.5, 5, -1 },
        { 3.5, -0.5, -1, 1 },
        { 3.5, 8.5, -1, 7 },
    };
    Case c;
    point_open(&c, v, DCN_BORDER_ZERO);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        case_set(&c, "input", 0);
        if (cases[i].row >= 0)
            set_row(&c, cases[i].row, NAN);
        if (cases[i].column >= 0)
            set_column(&c, cases[i].column, NAN);
        sample_all_at(&c, cases[i].y, cases[i].x);
        case_run(&c, 1);
        expect_bias(&c, v, "a pixel that no sample touches is NaN");
    }
    case_close(&c);
}

Test(outside, pixels_that_are_not_touched_do_not_show)
{
    each_variant(untouched);
}
