/* test_roi_rounding.c: with variant = "torchvision" bins are rounded in the dtype.
**
** A map that rises from pixel to pixel, and one that falls, show by their maxima the first and the
** last pixel of a bin.  They are compared with bins computed here in float and in double; the
** regions must be such that these differ somewhere, or nothing was tested.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/reference/reference.h"
#include "tests/right/laws/variant.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { REGIONS = 1000, SIDE = 60, BINS = 7 };
static const double scale = 0.0625;

/* First pixel of bin b and the first one after it, before clipping. */
typedef struct Pixels {
    int from, to;
} Pixels;

static Pixels in_float(double e1, double e2, int b)
{
    const float s = (float)scale;
    const int start = (int)roundf((float)e1 * s), end = (int)roundf((float)e2 * s);
    const volatile float bin = (float)(end - start < 0 ? 1 : end - start + 1) / (float)BINS;
    const volatile float low = (float)b * bin, high = (float)(b + 1) * bin;
    return (Pixels){ (int)floorf(low) + start, (int)ceilf(high) + start };
}

static Pixels in_double(double e1, double e2, int b)
{
    const int start = (int)round(e1 * scale), end = (int)round(e2 * scale);
    const double bin = (double)(end - start < 0 ? 1 : end - start + 1) / BINS;
    return (Pixels){ (int)floor(b * bin) + start, (int)ceil((b + 1) * bin) + start };
}

static Pixels clipped(Pixels p)
{
    p.from = p.from < 0 ? 0 : p.from > SIDE ? SIDE : p.from;
    p.to = p.to < 0 ? 0 : p.to > SIDE ? SIDE : p.to;
    return p;
}

static void fill(Case *c)
{
    rt_rng rng = rt_rng_seed(5);
    for (int i = 0; i < SIDE * SIDE; i++) {
        *case_at(c, "input", 0, 0, i / SIDE, i % SIDE) = i;
        *case_at(c, "input", 0, 1, i / SIDE, i % SIDE) = -i;
    }
    for (int r = 0; r < REGIONS; r++) {
        double *row = case_values(c, "rois") + 5 * (int64_t)r;
        row[0] = 0;
        for (int i = 1; i < 5; i++)
            row[i] = (double)(float)((i > 2 ? row[i - 2] : -40) + 700 * rt_rng_uniform(&rng));
    }
}

/* Counts bins that are not where both types put them; what the values say is checked for all. */
static int check(const Case *c, const double *values, const char *who)
{
    const bool f32 = c->o.spec.dtype == DCN_F32;
    const double *out = case_values(c, "output");
    int differ = 0;
    for (int64_t r = 0; r < REGIONS; r++)
        for (int b = 0; b < BINS; b++) {
            const double *row = case_values(c, "rois") + 5 * r;
            const Pixels f = in_float(row[1], row[3], b), d = in_double(row[1], row[3], b);
            const Pixels fy = in_float(row[2], row[4], b), dy = in_double(row[2], row[4], b);
            const Pixels x = clipped(f32 ? f : d), y = clipped(f32 ? fy : dy);
            const bool empty = x.from >= x.to || y.from >= y.to;
            const double last = values[case_at(c, "output", r, 0, b, b) - out];
            const double first = values[case_at(c, "output", r, 1, b, b) - out];
            differ += f.from != d.from || f.to != d.to;
            cr_assert_eq(last, empty ? 0 : (y.to - 1) * SIDE + x.to - 1,
                         "%s: last of bin %d of %g %g %g %g", who, b, row[1], row[2], row[3],
                         row[4]);
            cr_assert_eq(first, empty ? 0 : -(y.from * SIDE + x.from),
                         "%s: first of bin %d of %g %g %g %g", who, b, row[1], row[2], row[3],
                         row[4]);
        }
    return differ;
}

static void bins(const Variant *v)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_ROI_POOL);
    strcpy(s.name, "k");
    s.dtype = v->dtype;
    s.layout = v->layout;
    s.in_channels = s.out_channels = 2;
    s.height = s.width = SIDE;
    s.rois = REGIONS;
    s.pooled[0] = s.pooled[1] = BINS;
    s.spatial_scale = scale;
    s.mode = DCN_ROI_MAX;
    s.variant = DCN_ROI_TORCHVISION;
    Case c;
    variant_open(&c, v, &s);
    fill(&c);
    case_run(&c, 1);
    double *reference = calloc((size_t)case_count(&c, "output"), sizeof *reference);
    cr_assert_eq(rt_reference(&s, (const double *const *)c.o.exact, RT_OUTPUT, reference), 0);
    cr_expect_gt(check(&c, case_values(&c, "output"), variant_name(v)), 0, "nothing was tested");
    check(&c, reference, "the reference");
    free(reference);
    case_close(&c);
}

Test(roi_rounding, torchvision_rounds_in_the_dtype)
{
    for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++)
        for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++)
            bins(&(Variant){ (dcn_dtype)dtype, (dcn_layout)layout, "roi" });
}
