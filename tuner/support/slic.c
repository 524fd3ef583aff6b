/* slic.c: superpixels: SLIC of Achanta et al. 2012, with connected parts.
**
** Centres begin on a grid of step S = sqrt(area/count) and move to the mean of the pixels nearest to them
** by  |colour difference|^2 / m^2 + |distance|^2 / S^2,  looked for within 2*S; colours are divided
** by the spread of the square's, m = 1/2.  Then pieces that do not hang together, and those smaller than
** S*S/4, go to a neighbour.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 10 };

typedef struct Slic {
    const double *pixels;
    int64_t w, c; /* of the map */
    int64_t top, left, rows, columns;
    double step, weight; /* S; 1/(m * spread)^2 */
    int n;
    double *centre; /* [n][2 + c]: y, x in the square, colours */
    double *nearest;
    int *label; /* [rows][columns] */
} Slic;

static const double *colour(const Slic *s, int64_t y, int64_t x)
{
    return s->pixels + ((s->top + y) * s->w + s->left + x) * s->c;
}

/* Mean square distance of colours from their mean. */
static double spread(const Slic *s)
{
    double all = 0;
    for (int64_t k = 0; k < s->c; k++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < s->rows * s->columns; i++) {
            const double v = colour(s, i / s->columns, i % s->columns)[k];
            sum += v;
            squares += v * v;
        }
        const double n = (double)(s->rows * s->columns);
        all += fmax(squares / n - sum / n * sum / n, 0);
    }
    return all;
}

/* ---- clusters -------------------------------------------------------------------------------- */

static void set_centre(const Slic *s, int i, double y, double x)
{
    double *to = s->centre + i * (2 + s->c);
    to[0] = y;
    to[1] = x;
    memcpy(to + 2, colour(s, (int64_t)y, (int64_t)x), (size_t)s->c * sizeof *to);
}

static void place_centres(Slic *s, int64_t down, int64_t across)
{
    for (int64_t i = 0; i < down * across; i++)
        set_centre(s, (int)i, floor(((double)(i / across) + 0.5) * (double)s->rows / (double)down),
                   floor(((double)(i % across) + 0.5) * (double)s->columns / (double)across));
}

static double distance(const Slic *s, const double *centre, int64_t y, int64_t x)
{
    const double *v = colour(s, y, x);
    const double dy = (double)y - centre[0], dx = (double)x - centre[1];
    double sum = 0;
    for (int64_t k = 0; k < s->c; k++)
        sum += (v[k] - centre[2 + k]) * (v[k] - centre[2 + k]);
    return sum * s->weight + (dy * dy + dx * dx) / (s->step * s->step);
}

static int64_t bound(double at, int64_t n)
{
    return at < 0 ? 0 : at > (double)n ? n : (int64_t)at;
}

static void claim(const Slic *s, int i)
{
    const double *at = s->centre + i * (2 + s->c), reach = 2 * s->step;
    for (int64_t y = bound(at[0] - reach, s->rows); y < bound(at[0] + reach + 1, s->rows); y++)
        for (int64_t x = bound(at[1] - reach, s->columns); x < bound(at[1] + reach + 1, s->columns);
             x++) {
            const double d = distance(s, at, y, x);
            if (d < s->nearest[y * s->columns + x]) {
                s->nearest[y * s->columns + x] = d;
                s->label[y * s->columns + x] = i;
            }
        }
}

static void assign(const Slic *s)
{
    for (int64_t i = 0; i < s->rows * s->columns; i++)
        s->nearest[i] = HUGE_VAL;
    for (int i = 0; i < s->n; i++)
        claim(s, i);
}

/* A centre that nobody is nearest to stays. */
static void move_centre(const Slic *s, int i)
{
    double *to = s->centre + i * (2 + s->c);
    double sum[2] = { 0, 0 };
    int64_t n = 0;
    for (int64_t p = 0; p < s->rows * s->columns; p++)
        if (s->label[p] == i) {
            if (n++ == 0)
                memset(to + 2, 0, (size_t)s->c * sizeof *to);
            sum[0] += (double)(p / s->columns);
            sum[1] += (double)(p % s->columns);
            for (int64_t k = 0; k < s->c; k++)
                to[2 + k] += colour(s, p / s->columns, p % s->columns)[k];
        }
    if (n == 0)
        return;
    to[0] = sum[0] / (double)n;
    to[1] = sum[1] / (double)n;
    for (int64_t k = 0; k < s->c; k++)
        to[2 + k] /= (double)n;
}

/* ---- connected parts ------------------------------------------------------------------------- */

/* Neighbour number d of a pixel; -1: it is not in the square. */
static int64_t neighbour(const Slic *s, int64_t p, int d)
{
    static const int dy[] = { -1, 0, 0, 1 }, dx[] = { 0, -1, 1, 0 };
    const int64_t y = p / s->columns + dy[d], x = p % s->columns + dx[d];
    return y >= 0 && y < s->rows && x >= 0 && x < s->columns ? y * s->columns + x : -1;
}

/* Gives the piece of p that number in `to`; returns its pixels, listed in `queue`. */
static int64_t flood(const Slic *s, int64_t p, int number, int *to, int64_t *queue)
{
    int64_t n = 1;
    queue[0] = p;
    to[p] = number;
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < 4; d++) {
            const int64_t q = neighbour(s, queue[i], d);
            if (q >= 0 && to[q] < 0 && s->label[q] == s->label[p]) {
                to[q] = number;
                queue[n++] = q;
            }
        }
    return n;
}

/* A piece found before that touches the one that begins at p; -1: it is the first. */
static int earlier(const Slic *s, int64_t p, const int *to)
{
    for (int d = 0; d < 4; d++) {
        const int64_t q = neighbour(s, p, d);
        if (q >= 0 && to[q] >= 0)
            return to[q];
    }
    return -1;
}

/* Numbers of connected pieces; small ones go to one before them. */
static int connect(const Slic *s, int *to, int64_t *queue)
{
    const double least = s->step * s->step / 4;
    int n = 0;
    for (int64_t p = 0; p < s->rows * s->columns; p++)
        to[p] = -1;
    for (int64_t p = 0; p < s->rows * s->columns; p++) {
        if (to[p] >= 0)
            continue;
        const int before = earlier(s, p, to);
        const int64_t size = flood(s, p, n, to, queue);
        if ((double)size >= least || before < 0) {
            n++;
            continue;
        }
        for (int64_t i = 0; i < size; i++)
            to[queue[i]] = before;
    }
    return n;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int cluster(Slic *s, int64_t h, int *part)
{
    const size_t area = (size_t)(s->rows * s->columns);
    int *to = malloc((area + 1) * sizeof *to), n = -1;
    int64_t *queue = malloc((area + 1) * sizeof *queue);
    if (to && queue) {
        for (int round = 0; round < ROUNDS; round++) {
            assign(s);
            for (int i = 0; i < s->n; i++)
                move_centre(s, i);
        }
        assign(s);
        n = connect(s, to, queue);
        for (int64_t i = 0; i < h * s->w; i++)
            part[i] = -1;
        for (int64_t p = 0; p < (int64_t)area; p++)
            part[(s->top + p / s->columns) * s->w + s->left + p % s->columns] = to[p];
    }
    free(to);
    free(queue);
    return n;
}

int support_slic(const double *pixels, const int64_t hwc[3], const int64_t square[4], int count,
                 int *part)
{
    Slic s = { .pixels = pixels, .w = hwc[1], .c = hwc[2], .top = square[0], .left = square[2] };
    s.rows = square[1] - square[0] + 1;
    s.columns = square[3] - square[2] + 1;
    const double area = (double)(s.rows * s.columns);
    s.step = fmax(sqrt(area / (count < 1 ? 1 : count)), 1);
    const int64_t down = (int64_t)ceil((double)s.rows / s.step);
    const int64_t across = (int64_t)ceil((double)s.columns / s.step);
    s.n = (int)(down * across);
    s.weight = 1 / fmax(spread(&s) / 4, 0x1p-1000);
    s.centre = calloc((size_t)(s.n * (2 + s.c)) + 1, sizeof *s.centre);
    s.nearest = calloc((size_t)area + 1, sizeof *s.nearest);
    s.label = calloc((size_t)area + 1, sizeof *s.label);
    int n = -1;
    if (s.centre && s.nearest && s.label) {
        place_centres(&s, down, across);
        n = cluster(&s, hwc[0], part);
    }
    free(s.centre);
    free(s.nearest);
    free(s.label);
    return n;
}
