/* landscape.c: spaces whose best point is known, or can be found by looking at all of them.
**
** Knobs stand at 0 .. choices - 1; `want` is where each would best stand.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/search/landscape.h"
#include "tuner/search/points.h"

#include <math.h>
#include <stdlib.h>

static const int want[] = { 0, 3, 6, 1, 4, 2, 5, 0, 3 };

static const SearchPoint layer_best = { { 0, 3, 5, 1, 4, 2, 5, 0, 3 } };

static double off(const SearchPoint *p, int i)
{
    return fabs((double)p->at[i] - want[i]);
}

/* Each knob costs alone. */
static double separable(const SearchPoint *p, int dims)
{
    double time = 1;
    for (int i = 1; i <= dims; i++)
        time *= 1 + 0.05 * off(p, i) * (1 + i % 3);
    return time;
}

/* Neighbouring knobs must stand in a proportion: a narrow valley across the axes. */
static double interacting(const SearchPoint *p, int dims)
{
    double time = separable(p, 2);
    for (int i = 2; i <= dims; i++) {
        double apart = (p->at[i] - want[i]) - 0.5 * (p->at[i - 1] - want[i - 1]);
        time += 0.1 * apart * apart;
    }
    return time;
}

/* A working set that falls out of a cache: half as fast beyond a sum of knobs, and best just below
** it. */
static double cliff(const SearchPoint *p, int dims)
{
    int sum = 0;
    for (int i = 1; i <= dims; i++)
        sum += p->at[i];
    return (2 - 0.03 * sum) * (sum > 16 ? 2 : 1) + 0.01 * (off(p, 1) + off(p, 2));
}

/* One in five fails. */
static double failing(const SearchPoint *p, int dims)
{
    return (p->at[1] + 2 * p->at[2] + p->at[3]) % 5 == 4 ? -1 : separable(p, dims);
}

/* Only two knobs matter, and in steps. */
static double plateau(const SearchPoint *p, int dims)
{
    (void)dims;
    return 1 + 0.2 * floor(off(p, 2) / 2) + 0.2 * floor(off(p, 4) / 2);
}

/* Noise that no model explains, on top of what one does. */
static double rough(const SearchPoint *p, int dims)
{
    uint64_t h = 1;
    for (int i = 1; i <= dims; i++)
        h = (h + (uint64_t)p->at[i]) * 0x9e3779b97f4a7c15u;
    return separable(p, dims) * (1 + 0.03 * (double)(h >> 40) / 0x1p24);
}

/* The second lowering is better, though it is said to be worse. */
static double two_ways(const SearchPoint *p, int dims)
{
    return separable(p, dims) * (p->at[0] ? 1 : 1.5);
}

static double says_first(const SearchPoint *p, int dims)
{
    return separable(p, dims) * (p->at[0] ? 1.2 : 1);
}

/* Right about half of the knobs. */
static double half_right(const SearchPoint *p, int dims)
{
    double time = 1e6;
    for (int i = 1; i <= dims; i += 2)
        time *= 1 + 0.05 * off(p, i) * (1 + i % 3);
    return time;
}

/* Says the opposite of what is. */
static double misleading(const SearchPoint *p, int dims)
{
    return 1e3 / separable(p, dims);
}

/* Most of the space is refused. */
static int some(const SearchPoint *p, int dims)
{
    int sum = 0;
    for (int i = 1; i <= dims; i++)
        sum += p->at[i];
    return sum % 3 == 0 && (p->at[1] + p->at[2]) < 11;
}

/* As the layers of networks are: a few of a dozen knobs matter, two of them together, some hardly,
** some not at all. */
static double layer(const SearchPoint *p, int dims)
{
    static const double weight[] = { 0.04, 0.03, 0.02, 0.03, 0.004, 0.004, 0.003, 0.005 };
    (void)dims;
    double apart = (p->at[1] - 3) - (p->at[2] - 5), time = 1;
    for (int i = 1; i <= 8; i++)
        time *= 1 + weight[i - 1] * fabs((double)p->at[i] - layer_best.at[i]);
    return time + 0.01 * apart * apart;
}

/* What an account of costs says of it: right in one knob, beside it in two, and silent about the
** others. */
static double account(const SearchPoint *p, int dims)
{
    (void)dims;
    return 1e6 * (1 + 0.05 * abs(p->at[1] - 2)) * (1 + 0.02 * abs(p->at[3] - 2)) *
           (1 + 0.01 * abs(p->at[5] - 2));
}

const Landscape landscapes[] = {
    { "separable", 1, 6, 7, separable, NULL, NULL, 100, 0 },
    { "separable, half known", 1, 8, 7, separable, half_right, NULL, 60, 0 },
    { "interacting", 1, 6, 7, interacting, NULL, NULL, 160, 0 },
    { "cliff", 1, 6, 7, cliff, NULL, NULL, 140, 0 },
    { "failures", 1, 6, 7, failing, half_right, NULL, 200, 0 },
    { "refusals", 1, 6, 7, separable, NULL, some, 120, 0 },
    { "plateaus", 1, 8, 7, plateau, NULL, NULL, 60, 0 },
    { "rough", 1, 6, 7, rough, half_right, NULL, 150, 0 },
    { "misleading estimate", 1, 6, 7, separable, misleading, NULL, 150, 0 },
    { "two lowerings", 2, 6, 7, two_ways, says_first, NULL, 80, 0 },
    { "layer", 1, 12, 6, layer, account, NULL, 80, 1 },
    { "layer, nothing known", 1, 12, 6, layer, NULL, NULL, 80, 1 },
    { "small", 1, 3, 4, interacting, NULL, NULL, 64, 0 },
};
const int nlandscapes = sizeof landscapes / sizeof *landscapes;

/* ---- as a space ---------------------------------------------------------------------------- */

static int dims(void *self, int lowering)
{
    (void)lowering;
    return ((const Landscape *)self)->dims;
}

static int choices(void *self, int lowering, int dim)
{
    (void)lowering, (void)dim;
    return ((const Landscape *)self)->choices;
}

static int legal(void *self, const SearchPoint *p)
{
    const Landscape *l = self;
    return !l->legal || l->legal(p, l->dims);
}

static double estimate(void *self, const SearchPoint *p)
{
    const Landscape *l = self;
    return l->estimate ? l->estimate(p, l->dims) : 1;
}

SearchSpace landscape_space(const Landscape *l)
{
    return (SearchSpace){ (void *)l, l->nlowerings, dims, choices, legal, estimate, 0 };
}

double landscape_best(const Landscape *l)
{
    SearchSpace s = landscape_space(l);
    double best = INFINITY;
    if (l->best > 0)
        return l->best;
    for (uint64_t i = 0; i < points_count(&s); i++) {
        SearchPoint p = points_at(&s, i);
        double time = legal((void *)l, &p) ? l->time(&p, l->dims) : -1;
        if (time > 0 && time < best)
            best = time;
    }
    return best;
}
