/* canvas.c: coverage of shapes, then one blend.
**
** Of discs and lines coverage is 1/2 minus the distance from the edge, cut to 0..1, which is right to a few
** hundredths for edges that are straight across a pixel.  Of filled contours it is the exact length of each of
** SUBLINES lines of sight through a pixel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/canvas.h"

#include <math.h>
#include <stdlib.h>

enum { SUBLINES = 5, MAX_CROSSINGS = 1024 };

bool canvas_open(Canvas *c, int h, int w, DrawColour colour)
{
    const size_t n = (size_t)h * (size_t)w;
    *c = (Canvas){ h, w, malloc(3 * n * sizeof *c->rgb), calloc(n, sizeof *c->cover) };
    if (!c->rgb || !c->cover)
        return false;
    const float parts[] = { (float)colour.r, (float)colour.g, (float)colour.b };
    for (size_t i = 0; i < 3 * n; i++)
        c->rgb[i] = parts[i % 3];
    return true;
}

void canvas_close(Canvas *c)
{
    free(c->rgb);
    free(c->cover);
}

/* ---- a box of pixels that a shape may touch ----------------------------------------- */

typedef struct PixelBox {
    int y0, y1, x0, x1; /* the last ones excluded */
} PixelBox;

static int clip(double v, int n)
{
    return v > 0 ? v < n ? (int)v : n : 0; /* 0 for NaN */
}

static PixelBox box_around(const Canvas *c, const DrawPoint *p, int n, double margin)
{
    double y0 = p[0].y, y1 = y0, x0 = p[0].x, x1 = x0;
    for (int i = 1; i < n; i++) {
        y0 = fmin(y0, p[i].y);
        y1 = fmax(y1, p[i].y);
        x0 = fmin(x0, p[i].x);
        x1 = fmax(x1, p[i].x);
    }
    return (PixelBox){ clip(floor(y0 - margin), c->h), clip(ceil(y1 + margin), c->h),
                       clip(floor(x0 - margin), c->w), clip(ceil(x1 + margin), c->w) };
}

static void blend(Canvas *c, size_t i, DrawColour colour, double alpha)
{
    const double parts[] = { colour.r, colour.g, colour.b };
    for (int k = 0; k < 3; k++)
        c->rgb[3 * i + k] += (float)(alpha * (parts[k] - c->rgb[3 * i + k]));
}

/* Paint what is covered, and forget it. */
static void paint(Canvas *c, PixelBox box, DrawColour colour, double alpha)
{
    for (int y = box.y0; y < box.y1; y++)
        for (int x = box.x0; x < box.x1; x++) {
            const size_t i = (size_t)y * (size_t)c->w + (size_t)x;
            if (c->cover[i] > 0)
                blend(c, i, colour, alpha * fmin(c->cover[i], 1));
            c->cover[i] = 0;
        }
}

/* ---- lines and discs ------------------------------------------------------------------ */

static double distance_to_segment(double x, double y, const DrawPoint *a, const DrawPoint *b)
{
    const double dx = b->x - a->x, dy = b->y - a->y, square = dx * dx + dy * dy;
    const double along = square > 0 ? ((x - a->x) * dx + (y - a->y) * dy) / square : 0;
    const double t = fmin(fmax(along, 0), 1);
    return hypot(x - a->x - t * dx, y - a->y - t * dy);
}

static void cover_segment(Canvas *c, const DrawPoint *a, const DrawPoint *b, double radius)
{
    const DrawPoint ends[] = { *a, *b };
    const PixelBox box = box_around(c, ends, 2, radius + 1);
    /* A line thinner than a pixel is as faint as it is thin. */
    const double edge = fmax(radius, 0.5), most = fmin(2 * radius, 1);
    for (int y = box.y0; y < box.y1; y++)
        for (int x = box.x0; x < box.x1; x++) {
            const double d = distance_to_segment(x + 0.5, y + 0.5, a, b);
            const double covers = most * fmin(fmax(edge + 0.5 - d, 0), 1);
            float *cover = &c->cover[(size_t)y * (size_t)c->w + (size_t)x];
            *cover = fmaxf(*cover, (float)covers);
        }
}

void canvas_stroke(Canvas *c, const DrawPoint *p, int n, double width, DrawColour colour,
                   double alpha)
{
    if (!n)
        return;
    for (int i = 0; i < n; i++) {
        const bool alone = p[i].first && (i + 1 == n || p[i + 1].first);
        if (alone || !p[i].first)
            cover_segment(c, &p[alone || !i ? i : i - 1], &p[i], width / 2);
    }
    paint(c, box_around(c, p, n, width / 2 + 1), colour, alpha);
}

void canvas_disc(Canvas *c, double x, double y, double radius, DrawColour colour, double alpha)
{
    const DrawPoint at = { x, y, true };
    canvas_stroke(c, &at, 1, 2 * radius, colour, alpha);
}

/* ---- filled contours ------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const double d = *(const double *)a - *(const double *)b;
    return (d > 0) - (d < 0);
}

/* Where the contours cross a line of sight at height y, from left to right. */
static int find_crossings(const DrawPoint *p, int n, double y, double at[MAX_CROSSINGS])
{
    int count = 0, first = 0;
    for (int i = 0; i < n && count < MAX_CROSSINGS; i++) {
        first = p[i].first ? i : first;
        const DrawPoint *a = &p[i], *b = i + 1 < n && !p[i + 1].first ? &p[i + 1] : &p[first];
        if ((a->y <= y) != (b->y <= y))
            at[count++] = a->x + (y - a->y) / (b->y - a->y) * (b->x - a->x);
    }
    qsort(at, (size_t)count, sizeof *at, by_place);
    return count - count % 2;
}

static void cover_span(float *row, PixelBox box, double from, double to)
{
    const int x0 = (int)fmin(fmax(floor(from), box.x0), box.x1);
    const int x1 = (int)fmin(fmax(ceil(to), box.x0), box.x1);
    for (int x = x0; x < x1; x++)
        row[x] += (float)(fmax(fmin(to, x + 1) - fmax(from, x), 0) / SUBLINES);
}

void canvas_fill(Canvas *c, const DrawPoint *p, int n, DrawColour colour, double alpha)
{
    double at[MAX_CROSSINGS];
    if (!n)
        return;
    const PixelBox box = box_around(c, p, n, 1);
    for (int y = box.y0; y < box.y1; y++)
        for (int k = 0; k < SUBLINES; k++) {
            const int count = find_crossings(p, n, y + (k + 0.5) / SUBLINES, at);
            for (int i = 0; i < count; i += 2)
                cover_span(c->cover + (size_t)y * (size_t)c->w, box, at[i], at[i + 1]);
        }
    paint(c, box, colour, alpha);
}

/* ---- pictures --------------------------------------------------------------------------- */

void canvas_image(Canvas *c, const Pixels *p, double x, double y, int scale)
{
    const int left = (int)lround(x), top = (int)lround(y);
    for (int i = 0; i < p->h * scale; i++)
        for (int j = 0; j < p->w * scale; j++) {
            const uint8_t *from =
                p->rgba + 4 * ((size_t)(i / scale) * (size_t)p->w + (size_t)(j / scale));
            const int cy = top + i, cx = left + j;
            if (cy >= 0 && cy < c->h && cx >= 0 && cx < c->w)
                blend(c, (size_t)cy * (size_t)c->w + (size_t)cx,
                      (DrawColour){ from[0] / 255., from[1] / 255., from[2] / 255. },
                      from[3] / 255.);
        }
}

uint8_t *canvas_pixels(const Canvas *c)
{
    const size_t n = (size_t)c->h * (size_t)c->w;
    uint8_t *rgba = malloc(4 * n);
    for (size_t i = 0; rgba && i < n; i++) {
        for (int k = 0; k < 3; k++)
            rgba[4 * i + k] = (uint8_t)lrintf(255 * c->rgb[3 * i + k]);
        rgba[4 * i + 3] = 255;
    }
    return rgba;
}
