/* test_roi_max.c: roi_align with mode = "max", by numbers worked out by hand.
**
** A bin is the largest of all pixels times their weights in a sample, so a neighbour of weight 0 makes 0, and
** so does a sample outside.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/laws/variant.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { SIDE = 3, CHANNELS = 5 };

static const char *const schedules[] = { "roi", "roi table_samples=1", "roi table_samples=2",
                                         "roi table_samples=8 repack=0", "roi nv=1 repack=0" };
enum { NSCHEDULES = sizeof schedules / sizeof *schedules };

static const double map[SIDE][SIDE] = { { 4, 8, 2 }, { -6, 12, 10 }, { 1, 3, 5 } };

/* want[0] of the map, [1] of its negative, [2] where every pixel is -4. */
static const struct {
    const char *what;
    double box[4];
    int ratio;
    bool aligned;
    double want[3];
} bins[] = {
    { "between four pixels", { 0, 0, 1, 1 }, 1, false, { 3, 1.5, -1 } },
    { "between two pixels, others with weight 0", { 0.5, 0.25, 1.5, 1.25 }, 1, false, { 9, 0, 0 } },
    { "the same, aligned", { 1, 0.75, 2, 1.75 }, 1, true, { 9, 0, 0 } },
    { "four samples", { 0, 0, 2, 1 }, 2, false, { 4.5, 2.25, -0.5 } },
    { "as many samples as pixels", { 0, 0, 2, 1 }, 0, false, { 3, 1.5, -1 } },
    { "two of four samples outside", { -3.25, 0, 1.75, 1 }, 2, false, { 4.5, 2.25, 0 } },
    { "all samples outside", { 40, 40, 44, 44 }, 2, false, { 0, 0, 0 } },
    { "far more samples than pixels, most outside", { 0, 0, 1e30, 1 }, 0, false, { 5, 1.5, 0 } },
    { "no sample", { 1, 1, 1, 1 }, 0, true, { 0, 0, 0 } },
};
enum { NBINS = sizeof bins / sizeof *bins };

static dcn_spec spec_of(const Variant *v, int ratio, bool aligned)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_ROI_ALIGN);
    strcpy(s.name, "k");
    s.dtype = v->dtype;
    s.layout = v->layout;
    s.in_channels = s.out_channels = CHANNELS;
    s.height = s.width = SIDE;
    s.rois = s.pooled[0] = s.pooled[1] = 1;
    s.mode = DCN_ROI_MAX;
    s.roi_format = DCN_ROI_XYXY;
    s.sampling_ratio = ratio;
    s.aligned = aligned;
    return s;
}

/* A schedule that the spec has no use for is not run. */
static bool takes(const dcn_spec *s, const char *schedule)
{
    dcn_options opt = { .schedule = schedule };
    return dcn_explain(s, &opt, NULL, NULL, 0, NULL) == 0;
}

/* Channel c is c + 1 times the first. */
static void fill(const Case *c, int which)
{
    for (int i = 0; i < CHANNELS * SIDE * SIDE; i++) {
        const int ch = i / (SIDE * SIDE), y = i / SIDE % SIDE, x = i % SIDE;
        const double v = which == 2 ? -4 : which ? -map[y][x] : map[y][x];
        *case_at(c, "input", 0, ch, y, x) = (ch + 1) * v;
    }
}

static void check_bin(const Variant *v, int i)
{
    const dcn_spec s = spec_of(v, bins[i].ratio, bins[i].aligned);
    if (!takes(&s, v->schedule))
        return;
    Case c;
    variant_open(&c, v, &s);
    memcpy(case_values(&c, "rois"), bins[i].box, sizeof bins[i].box);
    for (int which = 0; which < 3; which++) {
        fill(&c, which);
        case_run(&c, 1);
        for (int ch = 0; ch < CHANNELS; ch++)
            cr_expect_eq(*case_at(&c, "output", 0, ch, 0, 0), (ch + 1) * bins[i].want[which],
                         "%s: %s, map %d, channel %d: %g", variant_name(v), bins[i].what, which, ch,
                         *case_at(&c, "output", 0, ch, 0, 0));
    }
    case_close(&c);
}

static void each(void (*check)(const Variant *v, int i), int n)
{
    for (int i = 0; i < n * NSCHEDULES * 4; i++) {
        const int k = i / n / NSCHEDULES;
        const Variant v = { (dcn_dtype)(k % 2), (dcn_layout)(k / 2),
                            schedules[i / n % NSCHEDULES] };
        if (thin_takes(THIN_SHAPES))
            check(&v, i % n);
    }
}

Test(roi_max, largest_product_of_pixel_and_weight)
{
    each(check_bin, NBINS);
}

static void check_nan(const Variant *v, int i)
{
    const dcn_spec s = spec_of(v, i, false);
    if (!takes(&s, v->schedule))
        return;
    Case c;
    variant_open(&c, v, &s);
    memcpy(case_values(&c, "rois"), (double[]){ 0, 0, 1, 1 }, 4 * sizeof(double));
    case_set(&c, "input", NAN);
    *case_at(&c, "input", 0, 1, 1, 1) = -8;
    case_run(&c, 1);
    cr_expect_eq(*case_at(&c, "output", 0, 0, 0, 0), -(double)FLT_MAX, "%s", variant_name(v));
    cr_expect_eq(*case_at(&c, "output", 0, 1, 0, 0), i == 2 ? -0.5 : -2, "%s: %g", variant_name(v),
                 *case_at(&c, "output", 0, 1, 0, 0));
    case_close(&c);
}

/* One sample, by the region's size and as told, or four. */
Test(roi_max, nan_is_passed_over)
{
    each(check_nan, 3);
}
