/* resize.c: rows, then columns, with a triangle as wide as a new pixel covers, at least one old pixel to each side.
**
**     new[i] = sum_j tri((j + 1/2 - c) / r) old[j] / sum_j tri(...)     c = from + (i + 1/2) s,  r = max(s, 1)
**
** s: old pixels for each new one.  Edges are those of the photograph: weights beyond them are left out.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/resize.h"
#include "runtime/base/base.h"

#include <math.h>
#include <stdlib.h>

/* Numbers in one direction: n old ones, `step` apart, become m new ones. */
typedef struct ResizeAxis {
    double from, size; /* of the part, in old pixels */
    int n, m;
} ResizeAxis;

static double triangle(double t)
{
    return fmax(1 - fabs(t), 0);
}

/* The i-th new number of `old`, whose numbers are `stride` apart. */
static double resize_one(const ResizeAxis *a, const float *old, size_t stride, int i)
{
    const double s = a->size / a->m, reach = fmax(s, 1), centre = a->from + (i + 0.5) * s;
    const int first = (int)fmin(fmax(floor(centre - reach - 0.5), 0), a->n - 1);
    const int last = (int)fmax(fmin(ceil(centre + reach - 0.5), a->n - 1), first);
    double sum = 0, weights = 0;
    for (int j = first; j <= last; j++) {
        const double weight = triangle((j + 0.5 - centre) / reach);
        sum += weight * old[(size_t)j * stride];
        weights += weight;
    }
    return weights > 0 ? sum / weights : old[(size_t)first * stride];
}

/* To rows[p->h][w][3]. */
static void resize_columns(const Photo *p, const ResizeAxis *x, const float *old, float *rows)
{
    for (int y = 0; y < p->h; y++)
        for (int i = 0; i < 3 * x->m; i++)
            rows[(size_t)y * 3 * (size_t)x->m + (size_t)i] = (float)resize_one(
                x, old + (size_t)y * 3 * (size_t)p->w + (size_t)(i % 3), 3, i / 3);
}

static void resize_rows(const ResizeAxis *y, size_t stride, const float *rows, uint16_t *rgb)
{
    for (int i = 0; i < y->m; i++)
        for (size_t k = 0; k < stride; k++)
            rgb[(size_t)i * stride + k] = (uint16_t)lrint(resize_one(y, rows + k, stride, i));
}

int photo_resize(const Photo *p, PhotoPart part, int h, int w, Photo *out, dcn_error *err)
{
    const size_t n = 3 * (size_t)p->h * (size_t)p->w, stride = 3 * (size_t)w;
    const ResizeAxis y = { part.y, part.h, p->h, h }, x = { part.x, part.w, p->w, w };
    float *old = malloc(n * sizeof *old), *rows = malloc((size_t)p->h * stride * sizeof *rows);
    *out = (Photo){ h, w, malloc((size_t)h * stride * sizeof *out->rgb) };
    const int failed = !old || !rows || !out->rgb;
    if (!failed) {
        for (size_t i = 0; i < n; i++)
            old[i] = p->rgb[i];
        resize_columns(p, &x, old, rows);
        resize_rows(&y, stride, rows, out->rgb);
    }
    free(old);
    free(rows);
    return failed ? dcn_fail(err, DCN_EENV, "no memory for a photograph of %d x %d pixels", h, w)
                  : 0;
}
