/* region.c: the greedy search for a saliency region.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/region.h"
#include "runtime/base/clock.h"
#include "runtime/reference/network.h"
#include "tuner/support/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct RegionSearch {
    Support *s;
    const SupportRegionAsk *ask;
    SupportRegion *r;
    const double *image;        /* as it came */
    double *masked;             /* with a mask, as it lies outside */
    double *whole, *part_error; /* f of the whole image; by part: the last error without it */
    bool *kept, *fresh;         /* by part; fresh: that error is of the mask as it is */
    double until;
    bool stopped;
} RegionSearch;

static double seconds(void)
{
    return rt_now_ns() * 1e-9;
}

/* ---- masks ----------------------------------------------------------------------------------- */

/* The pixel of element i of the image as it lies outside, or -1 in other images of the batch. */
static int64_t pixel_of(const RegionSearch *x, int64_t i)
{
    const dcn_network *n = x->s->ask->spec->network;
    const net_value *v = &n->value[x->s->ask->image];
    const net_shape z = v->shape;
    const int64_t plane = z.h * z.w, at = i % (plane * z.c);
    if (i / (plane * z.c) != x->s->image)
        return -1;
    return v->layout == DCN_NCHW ? at % plane : at / z.c;
}

static void apply(RegionSearch *x, const unsigned char *mask)
{
    const int64_t n = net_elements(support_image_shape(x->s));
    for (int64_t i = 0; i < n; i++) {
        const int64_t pixel = pixel_of(x, i);
        x->masked[i] = pixel < 0 || mask[pixel] ? x->image[i] : 0;
    }
}

/* 1 - cos, not below 0 by rounding; 1 where one of them is zero. */
static double distance(const double *a, const double *b, int64_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (int64_t i = 0; i < n; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    if (!(aa > 0 && bb > 0))
        return 1;
    const double turned = 1 - ab / (sqrt(aa) * sqrt(bb));
    return turned < 0 ? 0 : turned;
}

static int error_of(RegionSearch *x, const unsigned char *mask, double *error, dcn_error *err)
{
    const double *f;
    apply(x, mask);
    support_set_image(x->s, x->masked);
    const int failed = support_forward(x->s, &f, err);
    support_set_image(x->s, x->image);
    if (failed)
        return -1;
    x->r->forwards++;
    *error = distance(x->whole, f, support_node_shape(x->s).c);
    return 0;
}

/* The error without one more part. */
static int error_without(RegionSearch *x, int part, double *error, dcn_error *err)
{
    SupportRegion *r = x->r;
    for (int64_t i = 0; i < r->h * r->w; i++)
        r->mask[i] &= r->part[i] != part;
    const int failed = error_of(x, r->mask, error, err);
    for (int64_t i = 0; i < r->h * r->w; i++)
        r->mask[i] = r->part[i] >= 0 && x->kept[r->part[i]];
    return failed;
}

/* ---- how far it is --------------------------------------------------------------------------- */

/* Says how far the search is to whoever asked for it, who may stop it, as its time may. */
static void report(RegionSearch *x, SupportProgress p)
{
    p.parts = x->r->parts;
    p.forwards = x->r->forwards;
    if (x->ask->progress && !x->ask->progress(x->ask->self, &p))
        x->stopped = true;
    if (x->ask->seconds > 0 && seconds() > x->until)
        x->stopped = true;
}

static void report_mask(RegionSearch *x, int kept)
{
    const SupportRegion *r = x->r;
    int64_t area = 0;
    for (int64_t i = 0; i < r->h * r->w; i++)
        area += r->mask[i];
    report(x, (SupportProgress){
                  .share = (double)area / (double)(r->h * r->w), .error = r->error, .kept = kept });
}

/* ---- the square ------------------------------------------------------------------------------ */

static int64_t clip(double at, int64_t n)
{
    return at < 0 ? 0 : at > (double)(n - 1) ? n - 1 : (int64_t)at;
}

static void set_square(SupportRegion *r, const double at[2], int64_t radius)
{
    const int64_t size[2] = { r->h, r->w };
    for (int a = 0; a < 2; a++) {
        const double centre = (double)clip(floor(at[a] + 0.5), size[a]);
        r->square[2 * a] = clip(centre - (double)radius, size[a]);
        r->square[2 * a + 1] = clip(centre + (double)radius, size[a]);
    }
    for (int64_t i = 0; i < r->h * r->w; i++) {
        const int64_t y = i / r->w, c = i % r->w;
        r->mask[i] =
            y >= r->square[0] && y <= r->square[1] && c >= r->square[2] && c <= r->square[3];
    }
}

/* The square grows until the bound holds: at the latest when it is the image. */
static int grow(RegionSearch *x, dcn_error *err)
{
    SupportRegion *r = x->r;
    double at[2];
    support_node_pixel(x->s, at);
    for (int64_t radius = 0;; radius += x->ask->step) {
        set_square(r, at, radius);
        const bool all = r->square[0] == 0 && r->square[1] == r->h - 1 && r->square[2] == 0 &&
                         r->square[3] == r->w - 1;
        if (error_of(x, r->mask, &r->error, err))
            return -1;
        if (r->error < x->ask->epsilon || all)
            break;
        /* A square that is not within the bound is no result: the image is. */
        report(x, (SupportProgress){ .share = 1 });
        if (x->stopped)
            radius += r->h + r->w;
    }
    return 0;
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* Blocks of the image's grid that the square has pixels of, row by row. */
static int number_blocks(const RegionSearch *x)
{
    SupportRegion *r = x->r;
    const int64_t side = x->ask->block, first[2] = { r->square[0] / side, r->square[2] / side };
    const int64_t across = r->square[3] / side - first[1] + 1;
    for (int64_t i = 0; i < r->h * r->w; i++)
        r->part[i] = r->mask[i]
                         ? (int)((i / r->w / side - first[0]) * across + i % r->w / side - first[1])
                         : -1;
    return (int)((r->square[1] / side - first[0] + 1) * across);
}

/* The node's image in [h][w][c], without memory NULL. */
static double *inside_image(const RegionSearch *x)
{
    const net_shape z = support_image_shape(x->s);
    const net_value *v = &x->s->ask->spec->network->value[x->s->ask->image];
    double *all = calloc((size_t)net_elements(z) + 1, sizeof *all);
    if (!all)
        return NULL;
    ref_net_from_outside(v, x->image, all);
    const int64_t one = z.h * z.w * z.c;
    memmove(all, all + x->s->image * one, (size_t)one * sizeof *all);
    return all;
}

static int number_superpixels(const RegionSearch *x)
{
    const SupportRegion *r = x->r;
    double *pixels = inside_image(x);
    const int64_t hwc[3] = { r->h, r->w, support_image_shape(x->s).c };
    const int n = pixels ? support_slic(pixels, hwc, r->square, x->ask->superpixels, r->part) : -1;
    free(pixels);
    return n;
}

static int make_parts(RegionSearch *x, dcn_error *err)
{
    SupportRegion *r = x->r;
    r->parts = x->ask->block > 0 ? number_blocks(x) : number_superpixels(x);
    if (r->parts < 0)
        return support_no_memory(err);
    x->kept = calloc((size_t)r->parts + 1, sizeof *x->kept);
    x->fresh = calloc((size_t)r->parts + 1, sizeof *x->fresh);
    x->part_error = calloc((size_t)r->parts + 1, sizeof *x->part_error);
    r->removed = calloc((size_t)r->parts + 1, sizeof *r->removed);
    r->errors = calloc((size_t)r->parts + 1, sizeof *r->errors);
    if (!x->kept || !x->fresh || !x->part_error || !r->removed || !r->errors)
        return support_no_memory(err);
    memset(x->kept, true, (size_t)r->parts);
    r->errors[0] = r->error;
    return 0;
}

/* ---- dropping -------------------------------------------------------------------------------- */

/* The kept part of least known error; -1: there is none. */
static int least(const RegionSearch *x)
{
    int best = -1;
    for (int i = 0; i < x->r->parts; i++)
        if (x->kept[i] && (best < 0 || x->part_error[i] < x->part_error[best]))
            best = i;
    return best;
}

static int count_kept(const RegionSearch *x)
{
    int n = 0;
    for (int i = 0; i < x->r->parts; i++)
        n += x->kept[i];
    return n;
}

static void drop(RegionSearch *x, int part)
{
    SupportRegion *r = x->r;
    x->kept[part] = false;
    memset(x->fresh, false, (size_t)r->parts);
    for (int64_t i = 0; i < r->h * r->w; i++)
        r->mask[i] &= r->part[i] != part;
    r->error = x->part_error[part];
    r->removed[r->nremoved++] = part;
    r->errors[r->nremoved] = r->error;
}

static int look_at(RegionSearch *x, int part, dcn_error *err)
{
    if (error_without(x, part, &x->part_error[part], err))
        return -1;
    x->fresh[part] = true;
    report_mask(x, count_kept(x));
    return 0;
}

/* All that are kept and whose errors are those of a larger mask; *any: there were some. */
static int look_at_all(RegionSearch *x, bool *any, dcn_error *err)
{
    *any = false;
    for (int i = 0; i < x->r->parts && !x->stopped; i++) {
        if (!x->kept[i] || x->fresh[i])
            continue;
        *any = true;
        if (look_at(x, i, err))
            return -1;
    }
    return 0;
}

/* S parts have at most S + (S - 1) + ... + 1 errors. */
static bool is_lazy(const RegionSearch *x)
{
    const int64_t parts = x->r->parts;
    return x->ask->lazy && parts * (parts + 1) / 2 > x->ask->exact;
}

/* The part to drop next; -1: none, because each breaks the bound, or the search is stopped. */
static int choose(RegionSearch *x, int *part, dcn_error *err)
{
    bool any = true;
    if (!is_lazy(x) && look_at_all(x, &any, err))
        return -1;
    for (*part = least(x); *part >= 0 && !x->stopped; *part = least(x)) {
        if (!x->fresh[*part]) {
            if (look_at(x, *part, err))
                return -1;
            continue;
        }
        if (x->part_error[*part] < x->ask->epsilon)
            return 0;
        if (look_at_all(x, &any, err))
            return -1;
        if (!any)
            break;
    }
    *part = -1;
    return 0;
}

static int shrink(RegionSearch *x, dcn_error *err)
{
    int part;
    do {
        if (choose(x, &part, err))
            return -1;
        if (part >= 0)
            drop(x, part);
    } while (part >= 0);
    x->r->minimal = !x->stopped;
    return 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int open_search(RegionSearch *x, dcn_error *err)
{
    const double *f;
    const net_shape image = support_image_shape(x->s);
    const int64_t c = support_node_shape(x->s).c;
    SupportRegion *r = x->r;
    *r = (SupportRegion){ .h = image.h, .w = image.w };
    r->mask = calloc((size_t)(image.h * image.w) + 1, 1);
    r->part = calloc((size_t)(image.h * image.w) + 1, sizeof *r->part);
    x->masked = calloc((size_t)net_elements(image) + 1, sizeof *x->masked);
    x->whole = calloc((size_t)c + 1, sizeof *x->whole);
    if (!r->mask || !r->part || !x->masked || !x->whole)
        return support_no_memory(err);
    if (support_forward(x->s, &f, err))
        return -1;
    memcpy(x->whole, f, (size_t)c * sizeof *f);
    return 0;
}

static void close_search(RegionSearch *x)
{
    free(x->masked);
    free(x->whole);
    free(x->part_error);
    free(x->kept);
    free(x->fresh);
}

static int check_response(const RegionSearch *x, dcn_error *err)
{
    const int64_t c = support_node_shape(x->s).c;
    double squares = 0;
    if (distance(x->whole, x->whole, c) < 1)
        return 0;
    for (int64_t i = 0; i < c; i++)
        squares += x->whole[i] * x->whole[i];
    return dcn_fail(err, DCN_EUSAGE, "'%s' is %s at the node: no region of the image is behind it",
                    x->s->node.layer, squares == 0 ? "zero" : "of no finite length");
}

static int search(RegionSearch *x, dcn_error *err)
{
    SupportRegion *r = x->r;
    if (open_search(x, err) || check_response(x, err) || grow(x, err) || make_parts(x, err))
        return -1;
    const int failed = shrink(x, err);
    for (int64_t i = 0; i < r->h * r->w; i++)
        r->area += r->mask[i];
    return failed;
}

int support_region(Support *s, const SupportRegionAsk *ask, SupportRegion *r, dcn_error *err)
{
    RegionSearch x = { .s = s, .ask = ask, .r = r, .image = s->input[s->ask->image] };
    x.until = seconds() + ask->seconds;
    const int failed = search(&x, err);
    close_search(&x);
    if (failed)
        support_region_free(r);
    return failed;
}

int support_mask_error(Support *s, const unsigned char *mask, double *error, dcn_error *err)
{
    SupportRegion r;
    RegionSearch x = { .s = s, .r = &r, .image = s->input[s->ask->image] };
    const int failed = open_search(&x, err) || error_of(&x, mask, error, err);
    close_search(&x);
    support_region_free(&r);
    return failed ? -1 : 0;
}

void support_region_free(SupportRegion *r)
{
    free(r->part);
    free(r->mask);
    free(r->removed);
    free(r->errors);
    *r = (SupportRegion){ .h = 0 };
}
