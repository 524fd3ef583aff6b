/* test_roi_forms.c: what regions may look like: rows without an image, bins without offsets, grids that are not
** square, and very many of them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/laws/variant.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { CHANNELS = 12, HEIGHT = 8, WIDTH = 9, ROIS = 6 };

static dcn_spec spec_of(const Variant *v, dcn_op op)
{
    dcn_spec s;
    dcn_spec_init(&s, op);
    strcpy(s.name, "k");
    s.dtype = v->dtype;
    s.layout = v->layout;
    s.in_channels = CHANNELS;
    s.height = HEIGHT;
    s.width = WIDTH;
    s.rois = ROIS;
    s.pooled[0] = 2, s.pooled[1] = 3;
    s.spatial_scale = 0.5;
    if (op == DCN_OP_DEFORM_ROI_POOL_PACK)
        s.fc_channels = 7;
    dcn_spec_complete(&s);
    return s;
}

static void each_form(void (*law)(const Variant *v))
{
    for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++)
        for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++)
            if (thin_takes(THIN_LAWS))
                law(&(Variant){ (dcn_dtype)dtype, (dcn_layout)layout, NULL });
}

static void expect_same(Case *a, Case *b, const Variant *v, const char *what)
{
    case_run(a, 1);
    case_run(b, 2);
    const double d = case_distance(a, b);
    cr_expect_eq(d, 0, "%s, %s: differs by %g", variant_name(v), what, d);
}

/* ---- rows without an image ----------------------------------------------------------------- */

static void copy_all(Case *to, const Case *from)
{
    for (int i = 0; i < from->o.n; i++)
        if (strcmp(from->o.tensor[i].name, "rois") != 0)
            case_copy(to, from, from->o.tensor[i].name);
}

static void one_image(const Variant *v, dcn_op op)
{
    dcn_spec s = spec_of(v, op);
    Case a, b;
    variant_open(&a, v, &s);
    s.roi_format = DCN_ROI_XYXY;
    variant_open(&b, v, &s);
    copy_all(&b, &a);
    cr_assert_eq(case_count(&a, "rois"), 5 * ROIS);
    cr_assert_eq(case_count(&b, "rois"), 4 * ROIS);
    case_values(&a, "rois")[5 + 3] = NAN;
    for (int r = 0; r < ROIS; r++)
        memcpy(case_values(&b, "rois") + 4 * (size_t)r, case_values(&a, "rois") + 5 * (size_t)r + 1,
               4 * sizeof(double));
    expect_same(&a, &b, v, dcn_op_name(op));
    case_close(&a);
    case_close(&b);
}

static void no_index(const Variant *v)
{
    static const dcn_op ops[] = { DCN_OP_ROI_POOL,
                                  DCN_OP_PS_ROI_POOL,
                                  DCN_OP_ROI_ALIGN,
                                  DCN_OP_PS_ROI_ALIGN,
                                  DCN_OP_DEFORM_ROI_POOL,
                                  DCN_OP_DEFORM_PS_ROI_POOL,
                                  DCN_OP_DEFORM_ROI_POOL_PACK };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        one_image(v, ops[i]);
}

Test(roi_forms, without_an_index_a_region_is_of_the_only_image)
{
    each_form(no_index);
}

/* ---- bins without offsets ------------------------------------------------------------------ */

static void no_offset(const Variant *v)
{
    for (int m = DCN_MODULATION_NONE; m <= DCN_MODULATION_SIGMOID; m++) {
        dcn_spec s = spec_of(v, DCN_OP_DEFORM_ROI_POOL);
        Case a, b;
        s.modulation = (dcn_modulation)m;
        variant_open(&a, v, &s);
        s.no_offset = true;
        variant_open(&b, v, &s);
        cr_expect_eq(b.o.n, a.o.n - 1);
        case_set(&a, "offset", 0);
        for (int i = 0; i < b.o.n; i++)
            case_copy(&b, &a, b.o.tensor[i].name);
        expect_same(&a, &b, v, dcn_modulation_name(s.modulation));
        case_close(&a);
        case_close(&b);
    }
}

Test(roi_forms, without_offsets_bins_stay)
{
    each_form(no_offset);
}

/* ---- regions without an image --------------------------------------------------------------- */

/* They are zeros before the activation, of which clip may make something else. */
static void lost(const Variant *v)
{
    for (int op = DCN_OP_ROI_POOL; op <= DCN_OP_ROI_ALIGN; op += 2) {
        dcn_spec s = spec_of(v, (dcn_op)op);
        Case c;
        s.activation = DCN_ACT_CLIP;
        s.activation_min = 1.5;
        s.activation_max = 2;
        variant_open(&c, v, &s);
        for (int64_t r = 0; r < ROIS; r++)
            case_values(&c, "rois")[5 * r] = -1;
        case_run(&c, 1);
        for (int64_t i = 0; i < case_count(&c, "output"); i++)
            cr_assert_eq(case_values(&c, "output")[i], 1.5, "%s, %s", variant_name(v),
                         dcn_op_name(s.op));
        case_close(&c);
    }
}

Test(roi_forms, without_an_image_a_region_is_zero_activated)
{
    each_form(lost);
}

/* ---- grids that are not square ------------------------------------------------------------- */

/* What bin {a, b} of an axis is made of, for output channel o of a region. */
typedef struct FormAxis {
    double size, first, step; /* of the region; the first sample, and from it to the next one */
    int samples;
} FormAxis;

static FormAxis axis_of(const Case *c, const double *row, int which, int64_t r, int64_t o,
                        const int ab[2])
{
    const dcn_spec *s = &c->o.spec;
    const double from = round(row[2 - which]) * s->spatial_scale - 0.5;
    const double to = (round(row[4 - which]) + 1) * s->spatial_scale - 0.5;
    FormAxis x = { .size = fmax(to - from, 0.1), .samples = s->sample_per_part[which] };
    const double bin = x.size / s->pooled[which];
    const int ty = ab[0] * s->part_size[0] / s->pooled[0];
    const int tx = ab[1] * s->part_size[1] / s->pooled[1];
    const int64_t set = o / (s->out_channels / s->num_classes);
    const double shift = *case_at(c, "trans", r, 2 * set + (which == 0), ty, tx);
    x.first = from + ab[which] * bin + shift * s->trans_std * x.size;
    x.step = bin / x.samples;
    return x;
}

/* The map between pixels, at a place on it. */
static double between(const Case *c, int64_t ch, double y, double x)
{
    y = fmin(fmax(y, 0), HEIGHT - 1);
    x = fmin(fmax(x, 0), WIDTH - 1);
    double sum = 0;
    for (int i = 0; i < HEIGHT; i++)
        for (int j = 0; j < WIDTH; j++)
            sum += fmax(0, 1 - fabs(y - i)) * fmax(0, 1 - fabs(x - j)) *
                   *case_at(c, "input", 0, ch, i, j);
    return sum;
}

static double by_hand(const Case *c, int64_t r, int64_t o, const int ab[2])
{
    const dcn_spec *s = &c->o.spec;
    const double *row = case_values(c, "rois") + 5 * r;
    const FormAxis y = axis_of(c, row, 0, r, o, ab), x = axis_of(c, row, 1, r, o, ab);
    const int gy = ab[0] * s->group_size[0] / s->pooled[0];
    const int gx = ab[1] * s->group_size[1] / s->pooled[1];
    const int64_t ch = (o * s->group_size[0] + gy) * s->group_size[1] + gx;
    double sum = 0;
    int n = 0;
    for (int i = 0; i < y.samples; i++)
        for (int j = 0; j < x.samples; j++) {
            const double py = y.first + i * y.step, px = x.first + j * x.step;
            if (py < -0.5 || py > HEIGHT - 0.5 || px < -0.5 || px > WIDTH - 0.5)
                continue;
            sum += between(c, ch, py, px);
            n++;
        }
    return n ? sum / n : 0;
}

static const struct {
    int pooled[2], part[2], group[2], samples[2], classes, outputs;
} grids[] = {
    { { 2, 3 }, { 0, 0 }, { 1, 1 }, { 4, 4 }, 1, 12 },
    { { 3, 2 }, { 1, 2 }, { 3, 1 }, { 2, 5 }, 2, 4 },
    { { 1, 4 }, { 3, 2 }, { 1, 2 }, { 9, 1 }, 3, 6 },
    { { 5, 3 }, { 2, 0 }, { 2, 3 }, { 1, 3 }, 1, 2 },
    { { 4, 4 }, { 4, 4 }, { 2, 2 }, { 3, 3 }, 1, 3 },
};

static void check_grid(const Variant *v, int i)
{
    dcn_spec s = spec_of(v, DCN_OP_DEFORM_PS_ROI_POOL);
    memcpy(s.pooled, grids[i].pooled, sizeof s.pooled);
    memcpy(s.part_size, grids[i].part, sizeof s.part_size);
    memcpy(s.group_size, grids[i].group, sizeof s.group_size);
    memcpy(s.sample_per_part, grids[i].samples, sizeof s.sample_per_part);
    s.num_classes = grids[i].classes;
    s.out_channels = grids[i].outputs;
    dcn_spec_complete(&s);
    Case c;
    variant_open(&c, v, &s);
    case_run(&c, 2);
    for (int64_t r = 0; r < ROIS; r++)
        for (int64_t o = 0; o < s.out_channels; o++)
            for (int bin = 0; bin < s.pooled[0] * s.pooled[1]; bin++) {
                const int ab[2] = { bin / s.pooled[1], bin % s.pooled[1] };
                const double got = *case_at(&c, "output", r, o, ab[0], ab[1]);
                const double want = by_hand(&c, r, o, ab);
                cr_expect_float_eq(got, want, 10 * variant_tolerance(v),
                                   "%s, grid %d: [%d][%d][%d][%d] is %g, not %g", variant_name(v),
                                   i, (int)r, (int)o, ab[0], ab[1], got, want);
            }
    case_close(&c);
}

static void grids_of_any_shape(const Variant *v)
{
    static const char *const schedules[] = { "roi",
                                             "roi table_samples=1 bin_rows=0 nv=1 repack=0" };
    for (size_t i = 0; i < sizeof grids / sizeof *grids; i++)
        for (int k = 0; k < 2; k++)
            check_grid(&(Variant){ v->dtype, v->layout, schedules[k] }, (int)i);
}

Test(roi_forms, grids_by_part_need_not_be_square)
{
    each_form(grids_of_any_shape);
}

/* ---- very many ----------------------------------------------------------------------------- */

enum { MANY_REGIONS = 100000, MANY_IMAGES = 70000 };

static void expect_value(const Case *c, int64_t n, double want, const Variant *v)
{
    const double got = *case_at(c, "output", n, 0, 0, 0);
    cr_assert_eq(got, want, "%s: %lld is %g, not %g", variant_name(v), (long long)n, got, want);
}

/* Region r is one pixel of an image. */
static void many_regions(const Variant *v)
{
    dcn_spec s = spec_of(v, DCN_OP_ROI_POOL);
    Case c;
    s.rois = MANY_REGIONS;
    s.in_channels = s.out_channels = 1;
    s.pooled[0] = s.pooled[1] = 1;
    s.spatial_scale = 1;
    variant_open(&c, v, &s);
    for (int64_t r = 0; r < MANY_REGIONS; r++) {
        const double y = (double)(r % HEIGHT), x = (double)(r % WIDTH);
        memcpy(case_values(&c, "rois") + 5 * r, (double[]){ 0, x, y, x, y }, 5 * sizeof(double));
    }
    case_run(&c, 2);
    for (int64_t r = 0; r < MANY_REGIONS; r++)
        expect_value(&c, r, *case_at(&c, "input", 0, 0, r % HEIGHT, r % WIDTH), v);
    case_close(&c);
}

Test(roi_forms, many_regions)
{
    each_form(many_regions);
}

/* Region r is the only pixel of image MANY_IMAGES - 1 - r. */
static void many_images(const Variant *v)
{
    dcn_spec s = spec_of(v, DCN_OP_ROI_POOL);
    Case c;
    s.batch = s.rois = MANY_IMAGES;
    s.height = s.width = s.in_channels = s.out_channels = 1;
    s.pooled[0] = s.pooled[1] = 1;
    s.spatial_scale = 1;
    variant_open(&c, v, &s);
    memset(case_values(&c, "rois"), 0, 5 * MANY_IMAGES * sizeof(double));
    for (int64_t r = 0; r < MANY_IMAGES; r++)
        case_values(&c, "rois")[5 * r] = (double)(MANY_IMAGES - 1 - r);
    case_run(&c, 2);
    for (int64_t r = 0; r < MANY_IMAGES; r++)
        expect_value(&c, r, *case_at(&c, "input", MANY_IMAGES - 1 - r, 0, 0, 0), v);
    case_close(&c);
}

Test(roi_forms, many_images)
{
    each_form(many_images);
}

/* A pointwise weight of 4 multiplies without rounding. */
static void many_images_of_a_convolution(const Variant *v)
{
    dcn_spec s;
    Case c;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    strcpy(s.name, "k");
    s.dtype = v->dtype;
    s.layout = v->layout;
    s.batch = MANY_IMAGES;
    s.in_channels = s.out_channels = s.height = s.width = s.kernel[0] = s.kernel[1] = 1;
    variant_open(&c, v, &s);
    case_set(&c, "offset", 0);
    case_set(&c, "weight", 4);
    case_run(&c, 2);
    for (int64_t n = 0; n < MANY_IMAGES; n++)
        expect_value(&c, n, 4 * *case_at(&c, "input", n, 0, 0, 0), v);
    case_close(&c);
}

Test(roi_forms, many_images_of_a_convolution)
{
    each_form(many_images_of_a_convolution);
}
