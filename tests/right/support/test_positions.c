/* test_positions.c: where layers sample: composed points, effective sampling, offsets in means.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/support/looked.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 20 };

/* Three layers whose offsets are inputs. */
static void load_three(Looked *l, int dilation)
{
    char text[2048];
    int at = snprintf(text, sizeof text,
                      "local x = input { name = 'image', channels = 2, height = %d, width = %d, "
                      "dtype = 'f64' }\n",
                      SIDE, SIDE);
    for (int i = 1; i <= 3; i++)
        at += snprintf(text + at, sizeof text - (size_t)at,
                       "local o%d = input { name = 'o%d', channels = 18, height = %d, width = %d, "
                       "dtype = 'f64' }\n"
                       "x = deform_conv2d { x, name = 'd%d', offset = o%d, out_channels = 2, "
                       "kernel_size = 3, padding = %d, dilation = %d }\n",
                       i, i, SIDE, SIDE, i, i, dilation, dilation);
    snprintf(text + at, sizeof text - (size_t)at,
             "return network { name = 'three', outputs = { y = x } }\n");
    looked_load(l, text);
}

static SupportPoints points_of(Looked *l, int depth)
{
    dcn_error err;
    SupportLayers layers;
    SupportPoints p;
    cr_assert_eq(support_positions(l->support, &layers, &err), 0, "%s", err.text);
    cr_assert_eq(support_points(l->support, &layers, depth, &p, &err), 0, "%s", err.text);
    support_layers_free(&layers);
    return p;
}

static bool has_point(const SupportPoints *p, double y, double x)
{
    for (int64_t i = 0; i < p->n; i++)
        if (p->at[2 * i] == y && p->at[2 * i + 1] == x)
            return true;
    return false;
}

Test(support, zero_offsets_make_a_grid)
{
    for (int dilation = 1; dilation <= 2; dilation++) {
        Looked l;
        load_three(&l, dilation);
        looked_open(&l, "d3:9,10");
        SupportPoints p = points_of(&l, 3);
        cr_assert_eq(p.depth, 3);
        cr_assert_eq(p.n, 729);
        cr_assert_eq(p.distinct, 49);
        cr_assert_eq(p.outside, 0);
        for (int y = -3; y <= 3; y++)
            for (int x = -3; x <= 3; x++)
                cr_assert(has_point(&p, 9 + y * dilation, 10 + x * dilation));
        support_points_free(&p);
        p = points_of(&l, 2);
        cr_assert_eq(p.n, 81);
        cr_assert_eq(p.distinct, 25);
        support_points_free(&p);
        looked_free(&l);
    }
}

/* At a corner taps outside the map read zeros, and nothing is behind them. */
Test(support, taps_outside_lead_nowhere)
{
    Looked l;
    load_three(&l, 1);
    looked_open(&l, "d3:0,0");
    SupportPoints p = points_of(&l, 3);
    /* 4 of 9 are inside; of these one has 4 inside, two have 6, one has 9. */
    cr_assert_eq(p.outside, 5 + 5 + 3 + 3 + 0);
    cr_assert_eq(p.n, (4 + 6 + 6 + 9) * 9);
    cr_assert_eq(p.distinct, 25);
    support_points_free(&p);
    looked_free(&l);
}

/* Tap 5 of the upper layer, the right one, goes two down and one to the left: y comes first. */
Test(support, offsets_move_the_right_tap)
{
    Looked l;
    int64_t n;
    load_three(&l, 1);
    double *o = looked_input(&l, "o3", &n);
    for (int i = 0; i < SIDE * SIDE; i++) {
        o[2 * 5 * SIDE * SIDE + i] = 2;
        o[(2 * 5 + 1) * SIDE * SIDE + i] = -1;
    }
    looked_open(&l, "d3:9,10");
    SupportPoints p = points_of(&l, 1);
    cr_assert_eq(p.n, 9);
    cr_assert_float_eq(p.at[2 * 5], 11, 0);
    cr_assert_float_eq(p.at[2 * 5 + 1], 10, 0);
    support_points_free(&p);
    looked_free(&l);
}

/* ---- strengths --------------------------------------------------------------------------------- */

static double response_of(Looked *l)
{
    dcn_error err;
    SupportField f = { .h = 0 };
    cr_assert_eq(support_field(l->support, &f, &err), 0, "%s", err.text);
    const double r = f.response;
    support_field_free(&f);
    return r;
}

/* Moves one tap by h and back. */
static void check_tap(Looked *l, const SupportLayer *of, int number, int64_t e)
{
    char name[8];
    int64_t n;
    const double h = 1e-6;
    snprintf(name, sizeof name, "o%d", number);
    double *o = looked_input(l, name, &n);
    for (int a = 0; a < 2; a++) {
        const int64_t pixel = e / 9, channel = e % 9 * 2 + a;
        double *at = o + channel * SIDE * SIDE + pixel, old = *at, r[2];
        *at = old + h;
        r[1] = response_of(l);
        *at = old - h;
        r[0] = response_of(l);
        *at = old;
        const double slope = (r[1] - r[0]) / (2 * h), want = of->gradient[2 * e + a];
        cr_assert(fabs(slope - want) <= 1e-7 * (1 + fabs(want)), "%s %d: %.12g, not %.12g",
                  of->name, (int)e, want, slope);
    }
}

static int64_t strongest(const SupportLayer *l, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 0; i < n; i++)
        best = l->strength[i] > l->strength[best] ? i : best;
    return best;
}

Test(support, strengths_are_what_moved_taps_do)
{
    Looked l;
    dcn_error err;
    SupportLayers layers;
    load_three(&l, 1);
    looked_randomise(&l, 11);
    looked_open(&l, "d3:9,10");
    cr_assert_eq(support_sampling(l.support, &layers, &err), 0, "%s", err.text);
    cr_assert_eq(layers.n, 3);
    for (int i = 0; i < 3; i++) {
        SupportLayer *of = &layers.layer[i];
        const int64_t n = of->p * of->q * of->groups * of->taps;
        cr_assert_eq(n, SIDE * SIDE * 9);
        for (int k = 0; k < 9; k++) {
            const int64_t e = strongest(of, n);
            cr_assert_gt(of->strength[e], 0);
            check_tap(&l, of, i + 1, e);
            of->strength[e] = 0;
        }
        check_tap(&l, of, i + 1, 1234 + 100 * i);
    }
    support_layers_free(&layers);
    looked_free(&l);
}

/* ---- modules ----------------------------------------------------------------------------------- */

static const char modules[] =
    "local x = input { name = 'image', channels = 8, height = 12, width = 10, dtype = 'f64' }\n"
    "local a = deform_conv2d_pack { x, name = 'd1', out_channels = 8, kernel_size = 3, padding = "
    "1,\n"
    "  modulation = 'sigmoid', bias = true, offset_groups = 2 }\n"
    "local b = dcnv3_module { a, name = 'd2', groups = 2, kernel_size = 3, padding = 1, "
    "offset_scale = 2 }\n"
    "local c = dcnv4_module { b, name = 'd3', groups = 2, kernel_size = 3, padding = 1 }\n"
    "return network { name = 'modules', outputs = { y = c } }\n";

/* Taps without offsets stand around the pixel of the input on which the kernel does. */
Test(support, strided_modules_stand_on_their_pixels)
{
    static const char *const zeros[] = { "d.offset_weight", "d.offset_bias" };
    Looked l;
    int64_t n;
    looked_load(&l, "local x = input { name = 'image', channels = 8, height = 12, width = 10, "
                    "dtype = 'f64' }\n"
                    "local d = dcnv3_module { x, name = 'd', groups = 1, stride = { 2, 3 } }\n"
                    "return network { name = 'one', outputs = { y = d } }\n");
    looked_randomise(&l, 2);
    for (int i = 0; i < 2; i++) {
        double *p = looked_parameter(&l, zeros[i], &n);
        memset(p, 0, (size_t)n * sizeof *p);
    }
    looked_open(&l, "d:3,2");
    SupportPoints p = points_of(&l, 1);
    cr_assert_eq(p.n, 9);
    for (int y = -1; y <= 1; y++)
        for (int x = -1; x <= 1; x++)
            cr_assert(has_point(&p, 6 + y, 6 + x));
    support_points_free(&p);
    looked_free(&l);
}

/* Offsets made inside modules are zero where their generators are, and positions those of plain layers. */
Test(support, modules_show_their_offsets)
{
    Looked l;
    dcn_error err;
    SupportLayers layers;
    int64_t n;
    static const char *const zeros[] = { "d1.offset_weight", "d1.offset_bias" };
    looked_load(&l, modules);
    looked_randomise(&l, 2);
    for (int i = 0; i < 2; i++) {
        double *p = looked_parameter(&l, zeros[i], &n);
        memset(p, 0, (size_t)n * sizeof *p);
    }
    looked_open(&l, "d3:6,5");
    cr_assert_eq(support_sampling(l.support, &layers, &err), 0, "%s", err.text);
    cr_assert_eq(layers.n, 3);
    for (int i = 0; i < 3; i++) {
        const SupportLayer *of = &layers.layer[i];
        SupportOffsets o;
        char name[16];
        double sum = 0;
        snprintf(name, sizeof name, "d%d", i + 1);
        cr_assert_str_eq(of->name, name);
        cr_assert_eq(of->groups * of->taps, 18);
        cr_assert_eq(support_offsets(l.support, of, &o, &err), 0, "%s", err.text);
        for (int64_t k = 0; k < of->p * of->q * 18; k++)
            sum += of->strength[k];
        cr_assert_gt(sum, 0, "%s", name);
        cr_assert_eq(fabs(o.dilation_mean - 1) < 1e-12, i == 0, "%s: %.17g", name, o.dilation_mean);
        cr_assert_eq(o.mean[0] == 0, i == 0);
        support_offsets_free(&o);
    }
    support_layers_free(&layers);
    looked_free(&l);
}
