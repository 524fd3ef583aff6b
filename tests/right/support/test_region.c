/* test_region.c: saliency regions are within the bound and minimal; superpixels are connected.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "tests/right/support/looked.h"
#include "tuner/support/region.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char net[] =
    "local x = input { name = 'image', channels = 3, height = 24, width = 20, dtype = 'f64' }\n"
    "local s = conv2d { x, name = 'stem', out_channels = 8, kernel_size = 3, padding = 1, "
    "activation = 'relu' }\n"
    "local a = deform_conv2d_pack { s, name = 'd1', out_channels = 8, kernel_size = 3, padding = "
    "1,\n"
    "  modulation = 'sigmoid', activation = 'relu' }\n"
    "local b = deform_conv2d_pack { a, name = 'd2', out_channels = 8, kernel_size = 3, padding = 1 "
    "}\n"
    "return network { name = 'net', outputs = { y = b } }\n";

static void open_net(Looked *l)
{
    looked_load(l, net);
    looked_randomise(l, 21);
    looked_open(l, "d2:11,9");
}

static double error_of(Looked *l, const unsigned char *mask)
{
    dcn_error err;
    double e;
    cr_assert_eq(support_mask_error(l->support, mask, &e, &err), 0, "%s", err.text);
    return e;
}

/* Every part that is kept is needed. */
static void check_minimal(Looked *l, const SupportRegion *r, double epsilon)
{
    unsigned char *mask = malloc((size_t)(r->h * r->w));
    cr_assert(r->minimal);
    for (int part = 0; part < r->parts; part++) {
        bool some = false;
        for (int64_t i = 0; i < r->h * r->w; i++) {
            mask[i] = r->mask[i] && r->part[i] != part;
            some = some || (r->mask[i] && r->part[i] == part);
        }
        if (some)
            cr_assert_geq(error_of(l, mask), epsilon, "part %d", part);
    }
    free(mask);
}

static void check_region(Looked *l, const SupportRegionAsk *ask, SupportRegion *r)
{
    dcn_error err;
    cr_assert_eq(support_region(l->support, ask, r, &err), 0, "%s", err.text);
    cr_assert_eq(error_of(l, r->mask), r->error);
    cr_assert_lt(r->error, ask->epsilon);
    cr_assert_gt(r->area, 0);
    cr_assert_eq(r->errors[r->nremoved], r->error);
    check_minimal(l, r, ask->epsilon);
}

Test(support, regions_are_minimal)
{
    static const SupportRegionAsk asks[] = {
        { .epsilon = 0.1, .step = 1, .block = 2 },
        { .epsilon = 0.1, .step = 1, .block = 2, .lazy = true },
        { .epsilon = 0.1, .step = 2, .superpixels = 30, .lazy = true },
        { .epsilon = 0.02, .step = 1, .superpixels = 40 },
    };
    Looked l;
    open_net(&l);
    for (int i = 0; i < 4; i++) {
        SupportRegion r;
        check_region(&l, &asks[i], &r);
        cr_expect_gt(r.nremoved, 0, "%d", i);
        support_region_free(&r);
    }
    looked_free(&l);
}

/* Where parts are few a lazy search tries them all, as the definition does; where there may be one error more, it does
** not. */
Test(support, few_parts_are_dropped_by_the_definition)
{
    SupportRegionAsk ask = { .epsilon = 0.1, .step = 1, .block = 2 };
    Looked l;
    dcn_error err;
    SupportRegion plain, few, many;
    open_net(&l);
    cr_assert_eq(support_region(l.support, &ask, &plain, &err), 0, "%s", err.text);
    ask.lazy = true;
    ask.exact = (int64_t)plain.parts * (plain.parts + 1) / 2;
    cr_assert_eq(support_region(l.support, &ask, &few, &err), 0, "%s", err.text);
    ask.exact--;
    cr_assert_eq(support_region(l.support, &ask, &many, &err), 0, "%s", err.text);
    cr_assert_gt(plain.nremoved, 0);
    cr_expect_eq(few.forwards, plain.forwards);
    cr_expect_lt(many.forwards, plain.forwards);
    cr_assert_eq(few.nremoved, plain.nremoved);
    cr_expect(!memcmp(few.removed, plain.removed, (size_t)plain.nremoved * sizeof *plain.removed));
    cr_expect(!memcmp(few.mask, plain.mask, (size_t)(plain.h * plain.w)));
    support_region_free(&plain);
    support_region_free(&few);
    support_region_free(&many);
    looked_free(&l);
}

/* A larger bound has a square inside that of a smaller one. */
Test(support, squares_grow_as_the_bound_shrinks)
{
    Looked l;
    dcn_error err;
    int64_t before[4] = { 24, 0, 20, 0 };
    open_net(&l);
    for (double epsilon = 0.5; epsilon > 1e-3; epsilon /= 2) {
        const SupportRegionAsk ask = { .epsilon = epsilon, .step = 1, .block = 24 };
        SupportRegion r;
        cr_assert_eq(support_region(l.support, &ask, &r, &err), 0, "%s", err.text);
        cr_assert(r.square[0] <= before[0] && r.square[1] >= before[1] &&
                  r.square[2] <= before[2] && r.square[3] >= before[3]);
        memcpy(before, r.square, sizeof before);
        support_region_free(&r);
    }
    looked_free(&l);
}

/* As many pixels anywhere else do not keep the response. */
Test(support, random_regions_fail)
{
    const SupportRegionAsk ask = { .epsilon = 0.1, .step = 1, .block = 2 };
    Looked l;
    SupportRegion r;
    rt_rng rng = rt_rng_seed(4);
    open_net(&l);
    check_region(&l, &ask, &r);
    unsigned char *mask = calloc((size_t)(r.h * r.w), 1);
    for (int trial = 0; trial < 20; trial++) {
        memset(mask, 0, (size_t)(r.h * r.w));
        for (int64_t left = r.area; left > 0;) {
            unsigned char *at = mask + rt_rng_next(&rng) % (uint64_t)(r.h * r.w);
            left -= !*at;
            *at = 1;
        }
        cr_expect_geq(error_of(&l, mask), ask.epsilon);
    }
    free(mask);
    support_region_free(&r);
    looked_free(&l);
}

static bool stop_soon(void *self, const SupportProgress *p)
{
    cr_assert(p->share > 0 && p->share <= 1 && p->error < 0.1);
    return ++*(int *)self < 5;
}

/* A search that is stopped has a mask within the bound. */
Test(support, a_stopped_search_has_a_region)
{
    int calls = 0;
    const SupportRegionAsk ask = {
        .epsilon = 0.1, .step = 1, .block = 2, .progress = stop_soon, .self = &calls
    };
    Looked l;
    SupportRegion r;
    dcn_error err;
    open_net(&l);
    cr_assert_eq(support_region(l.support, &ask, &r, &err), 0, "%s", err.text);
    cr_assert_eq(calls, 5);
    cr_assert(!r.minimal);
    cr_assert_lt(error_of(&l, r.mask), 0.1);
    support_region_free(&r);
    looked_free(&l);
}

static bool stop_at_once(void *self, const SupportProgress *p)
{
    (void)self;
    cr_assert(p->share == 1 && p->error == 0 && p->parts == 0);
    return false;
}

/* While the square is not within the bound what there is so far is the image. */
Test(support, a_search_stopped_while_its_square_grows_has_the_image)
{
    const SupportRegionAsk ask = {
        .epsilon = 1e-6, .step = 1, .superpixels = 20, .progress = stop_at_once
    };
    Looked l;
    SupportRegion r;
    dcn_error err;
    open_net(&l);
    cr_assert_eq(support_region(l.support, &ask, &r, &err), 0, "%s", err.text);
    cr_assert_eq(r.area, r.h * r.w);
    cr_assert_eq(r.forwards, 2);
    cr_assert(!r.minimal);
    support_region_free(&r);
    looked_free(&l);
}

/* ---- superpixels ------------------------------------------------------------------------------- */

/* Pixels of a part that hang together with its first one. */
static int reach(const int *part, int h, int w, int p, bool *seen)
{
    static const int step[4][2] = { { 0, 1 }, { 1, 0 }, { 0, -1 }, { -1, 0 } };
    int n = 1;
    seen[p] = true;
    for (int d = 0; d < 4; d++) {
        const int y = p / w + step[d][0], x = p % w + step[d][1];
        if (y >= 0 && y < h && x >= 0 && x < w && !seen[y * w + x] && part[y * w + x] == part[p])
            n += reach(part, h, w, y * w + x, seen);
    }
    return n;
}

Test(support, superpixels_are_connected_and_follow_edges)
{
    enum { H = 40, W = 50 };
    static double pixels[H * W];
    static int part[H * W];
    static bool seen[H * W];
    const int64_t hwc[3] = { H, W, 1 }, square[4] = { 2, 37, 3, 48 };
    for (int i = 0; i < H * W; i++)
        pixels[i] = i / W + i % W > 41 ? 1 : -1;
    const int n = support_slic(pixels, hwc, square, 40, part);
    cr_assert(n >= 20 && n <= 80, "%d", n);
    for (int k = 0; k < n; k++) {
        int size = 0, ones = 0, first = -1;
        for (int i = 0; i < H * W; i++)
            if (part[i] == k) {
                first = first < 0 ? i : first;
                size++;
                ones += pixels[i] > 0;
            }
        cr_assert_gt(size, 0, "part %d is empty", k);
        cr_assert_eq(reach(part, H, W, first, seen), size, "part %d", k);
        cr_expect(ones <= size / 10 || ones >= size - size / 10, "part %d: %d of %d", k, ones,
                  size);
    }
    for (int i = 0; i < H * W; i++) {
        const bool inside = i / W >= 2 && i / W <= 37 && i % W >= 3 && i % W <= 48;
        cr_assert_eq(part[i] >= 0, inside);
    }
}
