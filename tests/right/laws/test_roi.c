/* test_roi.c: what pooling of regions obeys, without any reference.
**
** Laws between operators (no offset, no groups, no mask), of what they compute (a ramp is its value at the
** middle of a bin, an average lies between the extremes), and of malformed regions.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/laws/variant.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { ROIS = 9, CHANNELS = 18, HEIGHT = 13, WIDTH = 17 };

static const char *const schedules[] = {
    "roi",
    "roi nv=1 bin_rows=1 repack=0",
    "roi nv=2 bin_rows=2 table_samples=2",
    "roi table_samples=1 nv=1",
    "roi task_channels=16 nv=1 repack=0",
    "roi task_channels=16 nv=1 bin_rows=2",
};
enum { NSCHEDULES = sizeof schedules / sizeof *schedules };

static dcn_spec roi_spec(const Variant *v, dcn_op op)
{
    dcn_spec s;
    dcn_spec_init(&s, op);
    strcpy(s.name, "k");
    s.dtype = v->dtype;
    s.layout = v->layout;
    s.batch = 2;
    s.in_channels = s.out_channels = CHANNELS;
    s.height = HEIGHT;
    s.width = WIDTH;
    s.rois = ROIS;
    s.pooled[0] = s.pooled[1] = 3;
    s.spatial_scale = 0.5;
    if (op == DCN_OP_PS_ROI_POOL || op == DCN_OP_DEFORM_PS_ROI_POOL)
        s.group_size[0] = s.group_size[1] = 1;
    dcn_spec_complete(&s);
    return s;
}

static void set_roi(Case *c, int r, const double row[5])
{
    memcpy(case_values(c, "rois") + 5 * (int64_t)r, row, 5 * sizeof *row);
}

/* Inside and across the borders, tiny, larger than the map, inverted. */
static void set_rois(Case *c)
{
    static const double rows[ROIS][5] = {
        { 0, 2, 3, 20, 18 },   { 1, 0, 0, 33, 25 },       { 1, -7, -9, 12, 11 },
        { 0, 9, 9, 9, 9 },     { 0, -40, -40, 90, 90 },   { 1, 20, 18, 4, 6 },
        { 0, 200, 7, 260, 9 }, { 1, 5.25, 6.5, 7, 21.5 }, { 0, 31, 24, 36, 30 },
    };
    for (int r = 0; r < ROIS; r++)
        set_roi(c, r, rows[r]);
}

static void open_filled(Case *c, const Variant *v, const dcn_spec *s)
{
    variant_open(c, v, s);
    set_rois(c);
}

/* A schedule that the spec has no use for is not run. */
static bool takes(const dcn_spec *s, const char *schedule)
{
    dcn_options opt = { .schedule = schedule };
    return dcn_explain(s, &opt, NULL, NULL, 0, NULL) == 0;
}

static void each_roi_variant(void (*law)(const Variant *v))
{
    for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++)
        for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
            Variant v = { (dcn_dtype)dtype, (dcn_layout)layout, "roi" };
            if (thin_takes(THIN_LAWS))
                law(&v);
        }
}

static void expect_same(Case *a, Case *b, double tolerance, const Variant *v, const char *what)
{
    case_run(a, 1);
    case_run(b, 2);
    double d = case_distance(a, b);
    cr_expect(d <= tolerance, "%s: %s: differs by %g", variant_name(v), what, d);
}

/* b computes what a does; the tensors named are equal. */
static void compare(const dcn_spec *sa, const dcn_spec *sb, const Variant *v, const char *zero,
                    const char *one)
{
    Case a, b;
    open_filled(&a, v, sa);
    open_filled(&b, v, sb);
    case_copy(&b, &a, "input");
    if (zero)
        case_set(&b, zero, 0);
    if (one)
        case_set(&b, one, 1);
    expect_same(&a, &b, 0, v, dcn_op_name(sb->op));
    case_close(&a);
    case_close(&b);
}

/* ---- between operators --------------------------------------------------------------------- */

static void no_offsets(const Variant *v)
{
    for (int ratio = 0; ratio < 4; ratio++) {
        dcn_spec align = roi_spec(v, DCN_OP_ROI_ALIGN),
                 deform = roi_spec(v, DCN_OP_DEFORM_ROI_POOL);
        align.aligned = true;
        align.sampling_ratio = deform.sampling_ratio = ratio;
        compare(&align, &deform, v, "offset", NULL);
        deform.modulation = DCN_MODULATION_MASK;
        compare(&align, &deform, v, "offset", "mask");
    }
}

Test(roi_laws, without_offsets_deformable_pooling_is_roi_align)
{
    each_roi_variant(no_offsets);
}

static void no_trans(const Variant *v)
{
    dcn_spec plain = roi_spec(v, DCN_OP_DEFORM_PS_ROI_POOL), deform = plain;
    plain.no_trans = true;
    deform.num_classes = 3;
    compare(&plain, &deform, v, "trans", NULL);
    deform.num_classes = CHANNELS;
    deform.modulation = DCN_MODULATION_MASK;
    compare(&plain, &deform, v, "trans", "mask");
}

Test(roi_laws, without_trans_position_sensitive_pooling_is_regular)
{
    each_roi_variant(no_trans);
}

static void one_group(const Variant *v)
{
    dcn_spec plain = roi_spec(v, DCN_OP_ROI_POOL), ps = roi_spec(v, DCN_OP_PS_ROI_POOL);
    compare(&plain, &ps, v, NULL, NULL);
}

Test(roi_laws, one_group_is_plain_pooling)
{
    each_roi_variant(one_group);
}

/* Output o of a position-sensitive operator is output o of the plain one on its bin's channels. */
static void groups_of_channels(const Variant *v)
{
    dcn_spec plain = roi_spec(v, DCN_OP_DEFORM_PS_ROI_POOL), ps = plain;
    ps.group_size[0] = ps.group_size[1] = 3;
    ps.out_channels = CHANNELS / 9;
    Case a, b;
    open_filled(&a, v, &plain);
    open_filled(&b, v, &ps);
    case_copy(&b, &a, "input");
    case_copy(&b, &a, "trans");
    case_run(&a, 1);
    case_run(&b, 1);
    for (int r = 0; r < ROIS; r++)
        for (int o = 0; o < ps.out_channels; o++)
            for (int bin = 0; bin < 9; bin++)
                cr_expect_eq(*case_at(&b, "output", r, o, bin / 3, bin % 3),
                             *case_at(&a, "output", r, o * 9 + bin, bin / 3, bin % 3),
                             "%s: region %d, output %d, bin %d", variant_name(v), r, o, bin);
    case_close(&a);
    case_close(&b);
}

Test(roi_laws, groups_choose_channels)
{
    each_roi_variant(groups_of_channels);
}

/* ---- what is computed ---------------------------------------------------------------------- */

/* Input channel c is y * (c + 1) - x. */
static void set_ramp(Case *c)
{
    for (int64_t n = 0; n < 2; n++)
        for (int64_t ch = 0; ch < CHANNELS; ch++)
            for (int64_t y = 0; y < HEIGHT; y++)
                for (int64_t x = 0; x < WIDTH; x++)
                    *case_at(c, "input", n, ch, y, x) = (double)(y * (ch + 1) - x);
}

static void expect_middles(const Case *c, const double roi[5], double scale, const Variant *v)
{
    double bin_h = (roi[4] - roi[2]) * scale / 3, bin_w = (roi[3] - roi[1]) * scale / 3;
    for (int ch = 0; ch < CHANNELS; ch++)
        for (int b = 0; b < 9; b++) {
            double y = roi[2] * scale - 0.5 + bin_h * (b / 3 + 0.5);
            double x = roi[1] * scale - 0.5 + bin_w * (b % 3 + 0.5), want = y * (ch + 1) - x;
            double got = *case_at(c, "output", 0, ch, b / 3, b % 3);
            cr_expect_float_eq(got, want, 200 * variant_tolerance(v), "%s: bin %d: %g, not %g",
                               variant_name(v), b, got, want);
        }
}

static void ramp(const Variant *v)
{
    static const double roi[5] = { 1, 4, 5, 29, 22 };
    for (int i = 0; i < NSCHEDULES * 4; i++) {
        dcn_spec s = roi_spec(v, DCN_OP_ROI_ALIGN);
        Variant with = { v->dtype, v->layout, schedules[i % NSCHEDULES] };
        s.aligned = true;
        s.sampling_ratio = i / NSCHEDULES;
        if (!takes(&s, with.schedule))
            continue;
        Case c;
        open_filled(&c, &with, &s);
        set_ramp(&c);
        set_roi(&c, 0, roi);
        case_run(&c, 1);
        expect_middles(&c, roi, s.spatial_scale, &with);
        case_close(&c);
    }
}

Test(roi_laws, a_ramp_is_its_value_in_the_middle_of_the_bin)
{
    each_roi_variant(ramp);
}

/* Largest |x| of a tensor. */
static double extreme(const Case *c, const char *tensor)
{
    double most = 0;
    for (int64_t i = 0; i < case_count(c, tensor); i++) {
        double x = fabs(case_values(c, tensor)[i]);
        most = x > most || isnan(x) ? x : most;
    }
    return most;
}

static const struct {
    dcn_op op;
    int mode, variant, ratio, classes;
} operators[] = {
    { DCN_OP_ROI_POOL, DCN_ROI_AVERAGE, DCN_ROI_MXNET, 0, 1 },
    { DCN_OP_ROI_POOL, DCN_ROI_MAX, DCN_ROI_TORCHVISION, 0, 1 },
    { DCN_OP_ROI_POOL, DCN_ROI_MAX, DCN_ROI_MMCV, 0, 1 },
    { DCN_OP_PS_ROI_POOL, 0, DCN_ROI_TORCHVISION, 0, 1 },
    { DCN_OP_ROI_ALIGN, 0, 0, 0, 1 },
    { DCN_OP_ROI_ALIGN, 0, 0, 5, 1 },
    { DCN_OP_ROI_ALIGN, DCN_ROI_MAX, 0, 0, 1 },
    { DCN_OP_ROI_ALIGN, DCN_ROI_MAX, 0, 3, 1 },
    { DCN_OP_DEFORM_ROI_POOL, 0, 0, 0, 1 },
    { DCN_OP_DEFORM_ROI_POOL, 0, 0, 2, 1 },
    { DCN_OP_DEFORM_PS_ROI_POOL, 0, 0, 0, 1 },
    { DCN_OP_DEFORM_PS_ROI_POOL, 0, 0, 0, 3 },
};
enum { NOPERATORS = sizeof operators / sizeof *operators };

static dcn_spec operator_spec(const Variant *v, int i)
{
    dcn_spec s = roi_spec(v, operators[i].op);
    s.mode = (dcn_roi_mode)operators[i].mode;
    s.variant = (dcn_roi_variant)operators[i].variant;
    s.sampling_ratio = operators[i].ratio;
    s.num_classes = operators[i].classes;
    if (s.op == DCN_OP_PS_ROI_POOL && s.variant == DCN_ROI_TORCHVISION) {
        s.group_size[0] = s.group_size[1] = 3;
        s.out_channels = CHANNELS / 9;
    }
    return s;
}

/* Numbers that regions must not hold: 5^5 of them in turn would be too many, so a walk through them. */
static void set_malformed(Case *c, int round)
{
    static const double odd[] = {
        0,      1e30, -1e30, (double)NAN, (double)INFINITY, -(double)INFINITY, 5, -3e38, 1e9,
        0x1p31, 12,   -1,    1e-30
    };
    for (int i = 0; i < ROIS * 5; i++)
        case_values(c, "rois")[i] = odd[(i * 7 + i / 5 * 3 + round * (1 + i % 5)) % 13];
    for (int r = 0; r < ROIS; r++)
        case_values(c, "rois")[5 * r] = r % 2;
}

/* Averages, and maxima of what there is, lie between the extremes of the map, whatever regions hold. */
static void malformed(const Variant *v)
{
    for (int i = 0; i < NOPERATORS * NSCHEDULES; i++) {
        dcn_spec s = operator_spec(v, i / NSCHEDULES);
        Variant with = { v->dtype, v->layout, schedules[i % NSCHEDULES] };
        if (!takes(&s, with.schedule))
            continue;
        Case c;
        open_filled(&c, &with, &s);
        for (int round = 0; round < 13; round++) {
            set_malformed(&c, round);
            case_run(&c, 1);
            double most = extreme(&c, "output");
            cr_expect(most <= extreme(&c, "input") * 1.001, "%s: %s, round %d: %g",
                      variant_name(&with), dcn_op_name(s.op), round, most);
        }
        case_close(&c);
    }
}

Test(roi_laws, malformed_regions_give_no_more_than_the_map_holds)
{
    each_roi_variant(malformed);
}

static void no_image(const Variant *v)
{
    static const double nowhere[ROIS] = {
        -1, 2, (double)NAN, 1e30, -1e30, 3, 100, (double)INFINITY, -(double)INFINITY
    };
    for (int i = 0; i < NOPERATORS; i++) {
        dcn_spec s = operator_spec(v, i);
        Case c;
        open_filled(&c, v, &s);
        for (int r = 0; r < ROIS; r++)
            case_values(&c, "rois")[5 * r] = nowhere[r];
        case_run(&c, 1);
        cr_expect_eq(extreme(&c, "output"), 0, "%s: %s", variant_name(v), dcn_op_name(s.op));
        case_close(&c);
    }
}

Test(roi_laws, a_region_without_an_image_is_zero)
{
    each_roi_variant(no_image);
}

static void not_a_number(const Variant *v)
{
    dcn_spec s = roi_spec(v, DCN_OP_ROI_POOL);
    s.mode = DCN_ROI_MAX;
    s.variant = DCN_ROI_TORCHVISION;
    Case c;
    open_filled(&c, v, &s);
    case_set(&c, "input", NAN);
    static const double whole[5] = { 0, 0, 0, 2 * WIDTH, 2 * HEIGHT };
    for (int r = 0; r < ROIS; r++)
        set_roi(&c, r, whole);
    *case_at(&c, "input", 0, 3, 0, 0) = -5;
    case_run(&c, 1);
    cr_expect_eq(*case_at(&c, "output", 0, 3, 0, 0), -5, "%s", variant_name(v));
    cr_expect_eq(*case_at(&c, "output", 0, 2, 0, 0), -(double)FLT_MAX, "%s", variant_name(v));
    case_close(&c);
}

Test(roi_laws, a_maximum_passes_over_nan)
{
    each_roi_variant(not_a_number);
}

/* ---- the compiler -------------------------------------------------------------------------- */

static void all_schedules(const Variant *v)
{
    for (int i = 0; i < NOPERATORS; i++) {
        dcn_spec s = operator_spec(v, i);
        Case a, b;
        open_filled(&a, v, &s);
        for (int k = 1; k < NSCHEDULES; k++) {
            Variant with = { v->dtype, v->layout, schedules[k] };
            if (!takes(&s, with.schedule))
                continue;
            open_filled(&b, &with, &s);
            expect_same(&a, &b, variant_tolerance(v), &with, dcn_op_name(s.op));
            case_close(&b);
        }
        case_close(&a);
    }
}

Test(roi_laws, schedules_do_not_matter)
{
    each_roi_variant(all_schedules);
}

/* Tasks of some channels, or of one class, on any number of threads; a region in one task is what
** they are held against. */
static void parts(const Variant *v)
{
    static const int threads[] = { 1, 2, 3, 7 };
    const Variant whole = { v->dtype, v->layout, "roi nv=1" },
                  part = { v->dtype, v->layout, "roi nv=1 task_channels=16 bin_rows=1" };
    for (int i = 0; i < NOPERATORS; i++) {
        dcn_spec s = operator_spec(v, i);
        Case a, b;
        if (!takes(&s, part.schedule))
            continue;
        open_filled(&a, &whole, &s);
        open_filled(&b, &part, &s);
        case_run(&a, 1);
        for (size_t j = 0; j < sizeof threads / sizeof *threads; j++) {
            case_run(&b, threads[j]);
            cr_expect_eq(case_distance(&a, &b), 0, "%s: %s, %d classes, %d threads",
                         variant_name(&part), dcn_op_name(s.op), s.num_classes, threads[j]);
        }
        case_close(&a);
        case_close(&b);
    }
}

Test(roi_laws, parts_of_the_channels_on_any_threads_are_the_whole)
{
    each_roi_variant(parts);
}
