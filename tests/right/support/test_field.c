/* test_field.c: receptive fields that are known, and derivatives by small steps.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "tests/right/support/looked.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static SupportField field_of(Looked *l)
{
    dcn_error err;
    SupportField f = { .h = 0 };
    cr_assert_eq(support_field(l->support, &f, &err), 0, "%s", err.text);
    return f;
}

/* ---- box filters ------------------------------------------------------------------------------- */

enum { BOX_SIZE = 33 };

/* n plain layers of 3x3 on one channel. */
static void load_boxes(Looked *l, int n)
{
    char text[2048];
    int at = snprintf(text, sizeof text,
                      "local x = input { name = 'image', channels = 1, height = %d, width = %d, "
                      "dtype = 'f64' }\n",
                      BOX_SIZE, BOX_SIZE);
    for (int i = 1; i <= n; i++)
        at += snprintf(
            text + at, sizeof text - (size_t)at,
            "x = conv2d { x, name = 'c%d', out_channels = 1, kernel_size = 3, padding = 1 }\n", i);
    snprintf(text + at, sizeof text - (size_t)at,
             "return network { name = 'boxes', outputs = { y = x } }\n");
    looked_load(l, text);
    for (int64_t i = 0; i < l->net->parameters; i++)
        l->parameters[i] = 1 / 9.0;
}

/* The n-fold convolution of { 1/3, 1/3, 1/3 }. */
static void fold(int n, double to[BOX_SIZE])
{
    memset(to, 0, BOX_SIZE * sizeof *to);
    to[BOX_SIZE / 2] = 1;
    for (int k = 0; k < n; k++) {
        double from[BOX_SIZE];
        memcpy(from, to, sizeof from);
        for (int i = 1; i + 1 < BOX_SIZE; i++)
            to[i] = (from[i - 1] + from[i] + from[i + 1]) / 3;
    }
}

Test(support, box_filters_give_the_folded_box)
{
    for (int n = 1; n <= 12; n += 3) {
        Looked l;
        char node[32];
        double line[BOX_SIZE];
        load_boxes(&l, n);
        l.ask.response = SUPPORT_SUM;
        snprintf(node, sizeof node, "c%d:16,16", n);
        looked_open(&l, node);
        SupportField f = field_of(&l);
        fold(n, line);
        for (int i = 0; i < BOX_SIZE * BOX_SIZE; i++)
            cr_assert_float_eq(f.magnitude[i], line[i / BOX_SIZE] * line[i % BOX_SIZE], 1e-12);
        for (int a = 0; a < 2; a++) {
            cr_assert_float_eq(f.figures.centroid[a], 16, 1e-12);
            cr_assert_float_eq(f.figures.sigma[a] * f.figures.sigma[a], 2 * n / 3.0, 1e-12);
        }
        support_field_free(&f);
        looked_free(&l);
    }
}

/* In one box 5 of 9 pixels hold half, 9 all but nothing, and so does the square of 3. */
Test(support, figures_count_pixels)
{
    double field[81] = { 0 };
    SupportFigures f;
    for (int y = 3; y < 6; y++)
        for (int x = 3; x < 6; x++)
            field[9 * y + x] = 1;
    cr_assert_eq(support_figures(field, 9, 9, (double[2]){ 4, 4 }, &f), 0);
    cr_expect_eq(f.area[0], 5);
    cr_expect_eq(f.area[1], 9);
    cr_expect_eq(f.area[2], 9);
    cr_expect_eq(f.side[0], 3);
    cr_expect_eq(f.side[3], 3);
    cr_assert_eq(support_figures(field, 9, 9, (double[2]){ 0, 0 }, &f), 0);
    cr_expect_eq(f.side[3], 11);
}

/* ---- translations ------------------------------------------------------------------------------ */

static const char shifted[] =
    "local x = input { name = 'image', channels = 2, height = 24, width = 24, dtype = 'f64' }\n"
    "local o1 = input { name = 'o1', channels = 18, height = 24, width = 24, dtype = 'f64' }\n"
    "local o2 = input { name = 'o2', channels = 18, height = 24, width = 24, dtype = 'f64' }\n"
    "local a = deform_conv2d { x, name = 'd1', offset = o1, out_channels = 3, kernel_size = 3, "
    "padding = 1 }\n"
    "local b = deform_conv2d { a, name = 'd2', offset = o2, out_channels = 2, kernel_size = 3, "
    "padding = 1 }\n"
    "return network { name = 'shifted', outputs = { y = b } }\n";

/* Gives every tap and pixel the offset dy, dx. */
static void set_offsets(Looked *l, const char *name, double dy, double dx)
{
    int64_t n;
    double *o = looked_input(l, name, &n);
    for (int64_t i = 0; i < n; i++)
        o[i] = i / (24 * 24) % 2 ? dx : dy;
}

Test(support, whole_offsets_move_the_field_and_nothing_else)
{
    Looked l;
    looked_load(&l, shifted);
    looked_randomise(&l, 5);
    l.ask.response = SUPPORT_SUM;
    set_offsets(&l, "o1", 0, 0);
    set_offsets(&l, "o2", 0, 0);
    looked_open(&l, "d2:12,11");
    SupportField plain = field_of(&l);
    set_offsets(&l, "o1", 2, -1);
    set_offsets(&l, "o2", 1, 3);
    SupportField moved = field_of(&l);
    for (int y = 8; y < 17; y++)
        for (int x = 7; x < 16; x++)
            cr_assert_eq(memcmp(plain.gradient + (y * 24 + x) * 2,
                                moved.gradient + ((y + 3) * 24 + x + 2) * 2, 2 * sizeof(double)),
                         0, "%d,%d", y, x);
    cr_assert_gt(plain.figures.total, 0);
    support_field_free(&plain);
    support_field_free(&moved);
    looked_free(&l);
}

/* ---- small steps ------------------------------------------------------------------------------- */

static const char live[] =
    "local x = input { name = 'image', channels = 3, height = 20, width = 22, dtype = 'f64' }\n"
    "local s = conv2d { x, name = 'stem', out_channels = 6, kernel_size = 3, stride = 2, padding = "
    "1, bias = true,\n"
    "  activation = 'silu' }\n"
    "local a = deform_conv2d_pack { s, name = 'd1', out_channels = 6, kernel_size = 3, padding = "
    "1,\n"
    "  modulation = 'sigmoid', bias = true, activation = 'silu' }\n"
    "local b = dcnv3_module { a, name = 'd2', groups = 2, kernel_size = 3, padding = 1 }\n"
    "local c = dcnv4_module { add { a, b }, name = 'd3', groups = 2, kernel_size = 3, padding = 1 "
    "}\n"
    "return network { name = 'live', outputs = { y = c } }\n";

static double response_at(Looked *l, const double *image)
{
    dcn_error err;
    SupportField f = { .h = 0 };
    support_set_image(l->support, image);
    cr_assert_eq(support_field(l->support, &f, &err), 0, "%s", err.text);
    const double r = f.response;
    support_field_free(&f);
    return r;
}

/* <g, v> against central differences along v, offsets being functions of the image. */
static void check_directions(Looked *l, const char *node)
{
    rt_rng r = rt_rng_seed(9);
    int64_t n;
    const double *image = looked_input(l, "image", &n), h = 1e-6;
    looked_open(l, node);
    SupportField f = field_of(l);
    double *to = calloc((size_t)n, sizeof *to), *v = calloc((size_t)n, sizeof *v);
    for (int k = 0; k < 8; k++) {
        double product = 0, r2[2];
        for (int64_t i = 0; i < n; i++) {
            const int64_t plane = f.h * f.w;
            v[i] = rt_rng_normal(&r);
            product += v[i] * f.gradient[i % plane * f.c + i / plane];
        }
        for (int side = 0; side < 2; side++) {
            for (int64_t i = 0; i < n; i++)
                to[i] = image[i] + (side ? h : -h) * v[i];
            r2[side] = response_at(l, to);
        }
        const double slope = (r2[1] - r2[0]) / (2 * h);
        cr_assert(fabs(slope - product) <= 1e-7 * (1 + fabs(product)), "%s: %.12g, not %.12g", node,
                  slope, product);
    }
    free(to);
    free(v);
    support_field_free(&f);
}

Test(support, fields_are_derivatives_through_offsets)
{
    Looked l;
    looked_load(&l, live);
    looked_randomise(&l, 3);
    for (int response = 0; response < 3; response++) {
        l.ask.response = (support_response)response;
        l.ask.channel = 4;
        check_directions(&l, "d1:4,5");
        check_directions(&l, "d3:9,0");
    }
    looked_free(&l);
}

/* The share of the offsets' branches is the difference. */
Test(support, fixed_offsets_are_another_field)
{
    Looked l;
    looked_load(&l, live);
    looked_randomise(&l, 3);
    looked_open(&l, "d3:5,5");
    SupportField f = field_of(&l);
    l.ask.fixed = true;
    looked_open(&l, "d3:5,5");
    SupportField g = field_of(&l);
    cr_expect_float_eq(f.response, g.response, 1e-12);
    cr_expect_gt(fabs(f.figures.total - g.figures.total), 1e-6);
    support_field_free(&f);
    support_field_free(&g);
    looked_free(&l);
}

static SupportSplit split_of(Looked *l)
{
    dcn_error err;
    SupportSplit split;
    SupportField f = field_of(l);
    cr_assert_eq(support_split(l->support, &f, &split, &err), 0, "%s", err.text);
    support_field_free(&f);
    return split;
}

Test(support, a_field_splits_into_values_and_offsets)
{
    Looked l;
    int64_t n;
    looked_load(&l, live);
    looked_randomise(&l, 3);
    l.ask.fixed = true;
    looked_open(&l, "d1:4,5");
    SupportField held = field_of(&l);
    cr_expect(!split_of(&l).made);
    l.ask.fixed = false;
    looked_open(&l, "d1:4,5");
    const SupportSplit split = split_of(&l);
    cr_expect(split.made);
    cr_expect_eq(split.held, held.figures.total);
    cr_expect(split.share > 0.01 && split.share < 1, "%g", split.share);
    /* Offsets and masks that are the same whatever the image is let nothing through. */
    double *w = looked_parameter(&l, "d1.offset_weight", &n);
    memset(w, 0, (size_t)n * sizeof *w);
    looked_open(&l, "d1:4,5");
    cr_expect_lt(split_of(&l).share, 1e-12);
    looked_open(&l, "stem:4,5");
    cr_expect(!split_of(&l).made);
    support_field_free(&held);
    looked_free(&l);
}
