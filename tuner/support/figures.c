/* figures.c: how large a field is.
**
** centroid = sum f*p / sum f and sigma^2 = sum f*(p - centroid)^2 / sum f along each axis; areas count pixels,
** the largest first; squares stand around a pixel and are cut off where the map ends.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const double support_shares[SUPPORT_SHARES] = { 0.50, 0.95, 0.99 };
const double support_squares[SUPPORT_SQUARES] = { 0.20, 0.30, 0.50, 0.99 };

static void moments(const double *field, int64_t h, int64_t w, SupportFigures *f)
{
    double first[2] = { 0, 0 }, second[2] = { 0, 0 };
    for (int64_t i = 0; i < h * w; i++) {
        f->total += field[i];
        first[0] += field[i] * (double)(i / w);
        first[1] += field[i] * (double)(i % w);
    }
    if (!(f->total > 0))
        return;
    for (int a = 0; a < 2; a++)
        f->centroid[a] = first[a] / f->total;
    for (int64_t i = 0; i < h * w; i++) {
        const double d[2] = { (double)(i / w) - f->centroid[0], (double)(i % w) - f->centroid[1] };
        second[0] += field[i] * d[0] * d[0];
        second[1] += field[i] * d[1] * d[1];
    }
    for (int a = 0; a < 2; a++)
        f->sigma[a] = sqrt(second[a] / f->total);
}

static int falling(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* A share of a sum of n numbers, less what their rounding may have taken. */
static double part_of(double share, double total, int64_t n)
{
    return share * total - total * 0x1p-52 * (double)n;
}

static void areas(const double *field, int64_t n, double *sorted, SupportFigures *f)
{
    memcpy(sorted, field, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, falling);
    for (int k = 0; k < SUPPORT_SHARES && f->total > 0; k++) {
        double sum = 0;
        while (f->area[k] < n && sum < part_of(support_shares[k], f->total, n))
            sum += sorted[f->area[k]++];
    }
}

static int64_t nearest(double at, int64_t n)
{
    const double pixel = floor(at + 0.5);
    return pixel < 0 ? 0 : pixel > (double)(n - 1) ? n - 1 : (int64_t)pixel;
}

static double square(const double *field, int64_t h, int64_t w, const int64_t at[2], int64_t radius)
{
    double sum = 0;
    for (int64_t y = at[0] - radius < 0 ? 0 : at[0] - radius; y < h && y <= at[0] + radius; y++)
        for (int64_t x = at[1] - radius < 0 ? 0 : at[1] - radius; x < w && x <= at[1] + radius; x++)
            sum += field[y * w + x];
    return sum;
}

static void sides(const double *field, int64_t h, int64_t w, const double at[2], SupportFigures *f)
{
    const int64_t centre[2] = { nearest(at[0], h), nearest(at[1], w) };
    int64_t radius = 0;
    for (int k = 0; k < SUPPORT_SQUARES && f->total > 0; k++) {
        const double part = part_of(support_squares[k], f->total, h * w);
        while (radius < h + w && square(field, h, w, centre, radius) < part)
            radius++;
        f->side[k] = 2 * radius + 1;
    }
}

int support_figures(const double *field, int64_t h, int64_t w, const double at[2],
                    SupportFigures *f)
{
    double *sorted = malloc(((size_t)(h * w) + 1) * sizeof *sorted);
    *f = (SupportFigures){ .total = 0 };
    if (!sorted)
        return -1;
    moments(field, h, w, f);
    areas(field, h * w, sorted, f);
    sides(field, h, w, at, f);
    free(sorted);
    return 0;
}
