/* test_check.c: checks pass what is right and see what is not.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/support/looked.h"
#include "tuner/support/check.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char net[] =
    "local x = input { name = 'image', channels = 3, height = 16, width = 18, dtype = 'f64' }\n"
    "local o = input { name = 'o1', channels = 18, height = 16, width = 18, dtype = 'f64' }\n"
    "local a = deform_conv2d { x, name = 'd1', offset = o, out_channels = 6, kernel_size = 3, "
    "padding = 1,\n"
    "  activation = 'silu' }\n"
    "local b = deform_conv2d_pack { a, name = 'd2', out_channels = 8, kernel_size = 3, padding = "
    "1,\n"
    "  modulation = 'sigmoid', activation = 'silu' }\n"
    "local c = dcnv3_module { b, name = 'd3', groups = 2, kernel_size = 3, padding = 1, "
    "offset_scale = 2 }\n"
    "return network { name = 'net', outputs = { y = c } }\n";

static void open_net(Looked *l, bool fixed)
{
    looked_load(l, net);
    looked_randomise(l, 8);
    l->ask.fixed = fixed;
    looked_open(l, "d3:8,9");
}

/* With offsets held, small steps hold them, too. */
Test(support, fields_pass_and_wrong_ones_do_not)
{
    for (int fixed = 0; fixed < 2; fixed++) {
        Looked l;
        dcn_error err;
        SupportCheck c;
        SupportField f = { .h = 0 };
        open_net(&l, fixed);
        cr_assert_eq(support_field(l.support, &f, &err), 0, "%s", err.text);
        cr_assert_eq(support_check_field(l.support, &f, 8, 1, &c, &err), 0, "%s", err.text);
        cr_expect(c.passed && c.tried == 8, "%d: %g", fixed, c.worst);
        f.gradient[(8 * 18 + 9) * 3] += 1e-3 * f.figures.total;
        cr_assert_eq(support_check_field(l.support, &f, 8, 1, &c, &err), 0, "%s", err.text);
        cr_expect(!c.passed);
        support_field_free(&f);
        looked_free(&l);
    }
}

static void check_layer(Looked *l, SupportLayers *layers, int number)
{
    dcn_error err;
    SupportCheck c;
    const SupportTaps taps = { .number = number, .strongest = 10, .random = 5, .seed = 3 };
    SupportLayer *of = &layers->layer[number];
    cr_assert_eq(support_check_taps(l->support, layers, &taps, &c, &err), 0, "%s", err.text);
    cr_expect(c.passed && c.tried == 15, "%s: %g", of->name, c.worst);
    int64_t best = 0;
    for (int64_t e = 0; e < of->n * of->p * of->q * of->groups * of->taps; e++)
        best = of->strength[e] > of->strength[best] ? e : best;
    of->gradient[2 * best] += 0.01 * of->strength[best];
    cr_assert_eq(support_check_taps(l->support, layers, &taps, &c, &err), 0, "%s", err.text);
    cr_expect(!c.passed, "%s", of->name);
}

Test(support, strengths_pass_and_wrong_ones_do_not)
{
    for (int fixed = 0; fixed < 2; fixed++) {
        Looked l;
        dcn_error err;
        SupportLayers layers;
        open_net(&l, fixed);
        cr_assert_eq(support_sampling(l.support, &layers, &err), 0, "%s", err.text);
        cr_assert_eq(layers.n, 3);
        for (int i = 0; i < 3; i++)
            check_layer(&l, &layers, i);
        support_layers_free(&layers);
        looked_free(&l);
    }
}

/* Expects that outcome of the field and of every layer. */
static void expect_outcome(Looked *l, support_outcome outcome)
{
    dcn_error err;
    SupportCheck c;
    SupportField f = { .h = 0 };
    SupportLayers layers;
    cr_assert_eq(support_field(l->support, &f, &err), 0, "%s", err.text);
    cr_assert_eq(support_check_field(l->support, &f, 2, 1, &c, &err), 0, "%s", err.text);
    cr_expect_eq(c.outcome, outcome, "%d", c.outcome);
    cr_expect_eq(c.tried > 0, outcome != SUPPORT_NOT_FINITE);
    cr_assert_eq(support_sampling(l->support, &layers, &err), 0, "%s", err.text);
    for (int i = 0; i < layers.n; i++) {
        const SupportTaps taps = { .number = i, .strongest = 2, .random = 1 };
        cr_assert_eq(support_check_taps(l->support, &layers, &taps, &c, &err), 0, "%s", err.text);
        cr_expect_eq(c.outcome, outcome, "%s: %d", layers.layer[i].name, c.outcome);
        cr_expect_eq(c.passed, outcome != SUPPORT_NOT_FINITE);
    }
    support_layers_free(&layers);
    support_field_free(&f);
}

Test(support, a_node_without_a_response_is_told_from_one_that_agrees)
{
    Looked l;
    int64_t n;
    open_net(&l, false);
    expect_outcome(&l, SUPPORT_COMPARED);
    double *image = looked_input(&l, "image", &n);
    for (int64_t i = 0; i < n; i++)
        image[i] = NAN;
    expect_outcome(&l, SUPPORT_NOT_FINITE);
    looked_randomise(&l, 8);
    memset(l.parameters, 0, (size_t)l.net->parameters * sizeof *l.parameters);
    looked_open(&l, "d3:8,9");
    expect_outcome(&l, SUPPORT_ALL_ZERO);
    looked_free(&l);
}

Test(support, regions_pass_and_larger_ones_are_not_minimal)
{
    const SupportRegionAsk ask = { .epsilon = 0.1, .step = 1, .block = 3 };
    Looked l;
    dcn_error err;
    SupportRegion r;
    SupportRegionCheck c;
    open_net(&l, false);
    looked_open(&l, "d2:8,9");
    cr_assert_eq(support_region(l.support, &ask, &r, &err), 0, "%s", err.text);
    cr_assert_gt(r.nremoved, 0);
    cr_assert_eq(support_check_region(l.support, &ask, &r, r.mask, &c, &err), 0, "%s", err.text);
    cr_expect(c.within && c.minimal && c.failed == c.trials, "%g %d/%d", c.error, c.failed,
              c.trials);
    cr_assert_eq(c.error, r.error);
    for (int64_t i = 0; i < r.h * r.w; i++)
        r.mask[i] |= r.part[i] == r.removed[r.nremoved - 1];
    cr_assert_eq(support_check_region(l.support, &ask, &r, r.mask, &c, &err), 0, "%s", err.text);
    cr_expect(c.within && !c.minimal);
    support_region_free(&r);
    looked_free(&l);
}

/* ---- a node that says where a layer above it samples --------------------------------------------- */

static const char above[] =
    "local x = input { name = 'image', channels = 3, height = 12, width = 14, dtype = 'f64' }\n"
    "local function deformed(a, i)\n"
    "  local o = conv2d { a, name = 'off' .. i, out_channels = 18, kernel_size = 3, padding = 1 }\n"
    "  return deform_conv2d { a, name = 'dcn' .. i, offset = o, out_channels = 4, kernel_size = 3, "
    "padding = 1 }\n"
    "end\n"
    "local a = deformed(deformed(x, 1), 2)\n"
    "local b = deform_conv2d_pack { a, name = 'pack', out_channels = 4, kernel_size = 3, padding = "
    "1 "
    "}\n"
    "return network { name = 'above', outputs = { y = b } }\n";

/* Only what is below the node is held. */
Test(support, a_node_may_be_what_a_layer_above_it_samples_by)
{
    static const char *const nodes[] = { "off2:3,4", "pack.offset:3,4" };
    for (int k = 0; k < 4; k++) {
        Looked l;
        dcn_error err;
        SupportCheck c;
        SupportSplit split;
        SupportField f = { .h = 0 };
        looked_load(&l, above);
        looked_randomise(&l, 31);
        l.ask.fixed = k % 2;
        looked_open(&l, nodes[k / 2]);
        cr_assert_eq(support_field(l.support, &f, &err), 0, "%d: %s", k, err.text);
        cr_assert_eq(support_split(l.support, &f, &split, &err), 0, "%d: %s", k, err.text);
        cr_expect(split.made == !l.ask.fixed && f.figures.total > 0);
        cr_assert_eq(support_check_field(l.support, &f, 4, 1, &c, &err), 0, "%s", err.text);
        cr_expect(c.passed && c.tried == 4, "%d: %g", k, c.worst);
        support_field_free(&f);
        looked_free(&l);
    }
}

/* ---- a response beside which gradients are small ---------------------------------------------------- */

/* y = a + gamma*dcn(a), and a constant as large as one likes. */
static const char scaled[] =
    "local x = input { name = 'image', channels = 3, height = 16, width = 18, dtype = 'f64' }\n"
    "local a = conv2d { x, name = 'stem', out_channels = 4, kernel_size = 3, padding = 1, "
    "bias = true }\n"
    "local o = conv2d { a, name = 'off', out_channels = 18, kernel_size = 3, padding = 1 }\n"
    "local b = deform_conv2d { a, name = 'dcn', offset = o, out_channels = 4, kernel_size = 3, "
    "padding = 1, bias = true }\n"
    "return network { name = 'scaled', outputs = { y = add { a, mul { b, name = 'gamma' }, name = "
    "'sum' } } }\n";

static void open_scaled(Looked *l, const char *node, double gamma, double bias)
{
    int64_t n;
    looked_load(l, scaled);
    looked_randomise(l, 17);
    double *at = looked_parameter(l, "gamma.weight", &n);
    for (int64_t i = 0; i < n; i++)
        at[i] = gamma;
    at = looked_parameter(l, "dcn.bias", &n);
    for (int64_t i = 0; i < n; i++)
        at[i] += bias;
    looked_open(l, node);
}

/* Both checks, of gradients that are wrong by this share of the largest one. */
static void check_scaled(Looked *l, double wrong, SupportCheck c[2])
{
    const SupportTaps taps = { .number = 0, .strongest = 10, .random = 5, .seed = 3 };
    dcn_error err;
    SupportLayers layers;
    SupportField f = { .h = 0 };
    cr_assert_eq(support_field(l->support, &f, &err), 0, "%s", err.text);
    double norm = 0;
    for (int64_t i = 0; i < f.h * f.w * f.c; i++)
        norm += f.gradient[i] * f.gradient[i];
    f.gradient[(8 * 18 + 9) * 3] += wrong * sqrt(norm);
    cr_assert_eq(support_check_field(l->support, &f, 8, 1, &c[0], &err), 0, "%s", err.text);
    cr_assert_eq(support_sampling(l->support, &layers, &err), 0, "%s", err.text);
    SupportLayer *of = &layers.layer[0];
    int64_t best = 0;
    for (int64_t e = 0; e < of->n * of->p * of->q * of->groups * of->taps; e++)
        best = of->strength[e] > of->strength[best] ? e : best;
    of->gradient[2 * best] += wrong * of->strength[best];
    cr_assert_eq(support_check_taps(l->support, &layers, &taps, &c[1], &err), 0, "%s", err.text);
    support_layers_free(&layers);
    support_field_free(&f);
}

Test(support, rounding_of_a_large_response_is_not_taken_for_a_wrong_gradient)
{
    static const struct {
        const char *node;
        double gamma, bias;
    } cases[] = { { "dcn:8,9", 1, 0 },
                  { "dcn:8,9", 1e-5, 0 },
                  { "dcn:8,9", 1e-6, 0 },
                  { "dcn:8,9", 1, 1e4 },
                  { "dcn:8,9", 1, 1e6 } };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Looked l;
        SupportCheck c[2];
        open_scaled(&l, cases[k].node, cases[k].gamma, cases[k].bias);
        check_scaled(&l, 0, c);
        for (int i = 0; i < 2; i++)
            cr_expect(c[i].passed && c[i].tried + c[i].hidden == (i ? 15 : 8) && c[i].tried > 0,
                      "%zu, %d: %g of %d, %d hidden", k, i, c[i].worst, c[i].tried, c[i].hidden);
        check_scaled(&l, 1e-2, c);
        for (int i = 0; i < 2; i++)
            cr_expect(c[i].tried > 0 && !c[i].passed, "%zu, %d: %g", k, i, c[i].worst);
        looked_free(&l);
    }
}

/* The shortest steps that show anything are too long. */
Test(support, what_rounding_hides_is_said_to_be_hidden)
{
    Looked l;
    SupportCheck c[2];
    open_scaled(&l, "dcn:8,9", 1, 1e12);
    check_scaled(&l, 0, c);
    cr_expect(c[0].outcome == SUPPORT_TOO_SMALL && c[0].tried == 0 && c[0].hidden == 8, "%d, %d",
              (int)c[0].outcome, c[0].hidden);
    cr_expect(c[1].hidden >= 8 && c[1].worst <= c[1].bound, "%d, %g", c[1].hidden, c[1].worst);
    looked_free(&l);
}

/* ---- bins -------------------------------------------------------------------------------------- */

/* Eight regions of a map that is half the image; all say the same with zero offsets: bins tile the region. */
static const char regions[] =
    "local x = input { name = 'image', channels = 18, height = 32, width = 40, dtype = 'f64' }\n"
    "local r = input { name = 'rois', rois = 3, dtype = 'f64' }\n"
    "local s = conv2d { x, name = 'stem', out_channels = 18, kernel_size = 3, padding = 1, stride "
    "= 2 }\n"
    "local o = linear { roi_align { s, rois = r, output_size = 3, spatial_scale = 0.5 }, name = "
    "'shift', out_features = 2 }\n"
    "local a = deform_roi_pool { s, name = 'bins', rois = r, offset = o, output_size = 3, "
    "spatial_scale = 0.5,\n"
    "  sampling_ratio = 2, gamma = 0.5 }\n"
    "local p = deform_ps_roi_pool { s, name = 'parts', rois = r, trans = o, output_dim = 2, "
    "group_size = 3,\n"
    "  pooled_size = 3, part_size = 3, sample_per_part = 2, trans_std = 0.25, spatial_scale = 0.5 "
    "}\n"
    "local y = linear { concat { a, p }, name = 'head', out_features = 4 }\n"
    "return network { name = 'regions', outputs = { y = y } }\n";

static void open_regions(Looked *l)
{
    static const double box[3][5] = { { 0, 4, 6, 24, 22 },
                                      { 0, 10, 3, 33, 28 },
                                      { 0, 1, 1, 9, 9 } };
    int64_t n;
    looked_load(l, regions);
    looked_randomise(l, 12);
    double *rois = looked_input(l, "rois", &n);
    cr_assert_eq(n, 15);
    for (int i = 0; i < 15; i++)
        rois[i] = box[i / 5][i % 5];
    looked_open(l, "head:roi=1,1,2");
}

Test(support, bins_are_where_pooling_looks)
{
    Looked l;
    dcn_error err;
    SupportLayers layers;
    double box[4];
    open_regions(&l);
    cr_assert(support_node_region(l.support, box));
    cr_expect(box[0] == 3 && box[1] == 10 && box[2] == 28 && box[3] == 33);
    cr_assert_eq(support_sampling(l.support, &layers, &err), 0, "%s", err.text);
    cr_assert_eq(layers.n, 2);
    for (int i = 0; i < 2; i++) {
        cr_assert(layers.layer[i].regions);
        cr_assert_eq(layers.layer[i].n, 3);
        check_layer(&l, &layers, i);
    }
    support_layers_free(&layers);
    looked_free(&l);
}

/* Whose map covers it: this one is a bin of 3x3. */
Test(support, a_node_on_a_region_is_in_it)
{
    Looked l;
    double at[2];
    open_regions(&l);
    support_node_pixel(l.support, at);
    cr_expect_float_eq(at[0], 3 + 1.5 / 3 * 25, 1e-12);
    cr_expect_float_eq(at[1], 10 + 2.5 / 3 * 23, 1e-12);
    looked_free(&l);
}

Test(support, bins_without_offsets_tile_the_region)
{
    Looked l;
    dcn_error err;
    SupportLayers layers;
    int64_t n;
    open_regions(&l);
    double *w = looked_parameter(&l, "shift.weight", &n);
    for (int64_t i = 0; i < n; i++)
        w[i] = 0;
    looked_open(&l, "head:roi=1,1,2");
    cr_assert_eq(support_positions(l.support, &layers, &err), 0, "%s", err.text);
    const SupportLayer *of = &layers.layer[0];
    for (int k = 0; k < 9; k++) {
        const double *at = of->position + 2 * (9 + k), *size = of->size + 2 * (9 + k);
        cr_expect_float_eq(size[0], 12.5 / 3, 1e-12);
        cr_expect_float_eq(size[1], 11.5 / 3, 1e-12);
        cr_expect_float_eq(at[0], 1.5 - 0.5 + (k / 3 + 0.5) * size[0], 1e-12);
        cr_expect_float_eq(at[1], 5 - 0.5 + (k % 3 + 0.5) * size[1], 1e-12);
    }
    support_layers_free(&layers);
    looked_free(&l);
}
