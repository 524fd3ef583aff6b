/* offsets.c: how offsets move a layer's samples, in means.
**
** The effective dilation of a pixel is the mean distance of taps that are neighbours in the kernel's grid.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/internal.h"

#include <math.h>
#include <stdlib.h>

static int64_t image_of(const Support *s, const SupportLayer *l)
{
    return s->node.image < l->n ? s->node.image : 0;
}

/* Number of the tap at row i and column j of the kernel; -1: it is left out. */
static int64_t tap_at(const SupportLayer *l, int64_t i, int64_t j)
{
    const int64_t k = l->by_columns ? j * l->kernel[0] + i : i * l->kernel[1] + j;
    if (k == l->removed)
        return -1;
    return k - (l->removed >= 0 && k > l->removed);
}

/* Adds the distance of two taps, if both are there. */
static void add_distance(const double *position, const int64_t tap[2], double *sum, int64_t *n)
{
    if (tap[0] < 0 || tap[1] < 0)
        return;
    const double *a = position + 2 * tap[0], *b = position + 2 * tap[1];
    *sum += hypot(a[0] - b[0], a[1] - b[1]);
    ++*n;
}

/* Adds the distances of one pixel and group, whose first position that is. */
static void add_distances(const SupportLayer *l, const double *position, double *sum, int64_t *n)
{
    for (int64_t i = 0; i < l->kernel[0]; i++)
        for (int64_t j = 0; j < l->kernel[1]; j++) {
            const int64_t here = tap_at(l, i, j);
            const int64_t right[2] = { here, j + 1 < l->kernel[1] ? tap_at(l, i, j + 1) : -1 };
            const int64_t below[2] = { here, i + 1 < l->kernel[0] ? tap_at(l, i + 1, j) : -1 };
            add_distance(position, right, sum, n);
            add_distance(position, below, sum, n);
        }
}

static double dilation_of(const SupportLayer *l, int64_t pixel)
{
    const int64_t each = l->groups * l->taps;
    double sum = 0;
    int64_t n = 0;
    for (int64_t g = 0; g < l->groups; g++)
        add_distances(l, l->position + 2 * (pixel * each + g * l->taps), &sum, &n);
    return n ? sum / (double)n : 0;
}

static void add_pixel(const SupportLayer *l, int64_t pixel, double *mean, double *tap)
{
    const int64_t each = l->groups * l->taps;
    for (int64_t i = 0; i < 2 * each; i++) {
        const double d = l->offset[2 * pixel * each + i];
        mean[i % 2] += d / (double)each;
        tap[i % (2 * l->taps)] += d / (double)(l->groups * l->p * l->q);
    }
}

/* The pixel of the layer's map nearest the node. */
static int64_t node_pixel(const Support *s, const SupportLayer *l)
{
    double at[2];
    int64_t pq[2];
    const int64_t size[2] = { l->p, l->q };
    const net_shape image = support_image_shape(s);
    const double all[2] = { (double)image.h, (double)image.w };
    support_node_pixel(s, at);
    for (int a = 0; a < 2; a++) {
        const double pixel = floor((at[a] + 0.5) * (double)size[a] / all[a]);
        pq[a] = pixel < 0 ? 0 : pixel >= (double)size[a] ? size[a] - 1 : (int64_t)pixel;
    }
    return pq[0] * l->q + pq[1];
}

int support_offsets(const Support *s, const SupportLayer *l, SupportOffsets *o, dcn_error *err)
{
    const int64_t pixels = l->p * l->q, first = image_of(s, l) * pixels;
    *o = (SupportOffsets){ .mean = calloc((size_t)pixels + 1, 2 * sizeof(double)),
                           .tap = calloc((size_t)l->taps + 1, 2 * sizeof(double)),
                           .dilation = calloc((size_t)pixels + 1, sizeof(double)) };
    if (!o->mean || !o->tap || !o->dilation) {
        support_offsets_free(o);
        return support_no_memory(err);
    }
    for (int64_t i = 0; i < pixels; i++) {
        add_pixel(l, first + i, o->mean + 2 * i, o->tap);
        o->dilation[i] = dilation_of(l, first + i);
        o->dilation_mean += o->dilation[i] / (double)pixels;
    }
    o->dilation_at_node = l->regions ? 0 : o->dilation[node_pixel(s, l)];
    return 0;
}

void support_offsets_free(SupportOffsets *o)
{
    free(o->mean);
    free(o->tap);
    free(o->dilation);
    *o = (SupportOffsets){ .mean = NULL };
}
