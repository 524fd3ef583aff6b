/* regions.c: random regions.
**
** A case moves the edges of a region as it moves a sample of a convolution: by some pixels of the map, onto its
** borders, to 1e30, to NaN.  Where it moves things that far it also takes the image away.
** SPDX-License-Identifier: Apache-2.0
*/
#include "regions.h"

#include <math.h>
#include <string.h>

typedef struct Regions {
    const Operands *o;
    const TuneCase *c;
    rt_rng *r;
} Regions;

static double uniform(const Regions *g, double from, double to)
{
    return from + (to - from) * rt_rng_uniform(g->r);
}

/* A region of some million pixels has more samples than the reference can count, and too few for it to
** leave some out; those are made larger still. */
static double moved(const Regions *g, double base, double size)
{
    const double by = g->c->offset(g->c, g->r, base, size), far = fabs(by);
    return base + (far >= 0x1p14 && far < 0x1p40 ? by * 0x1p20 : by);
}

/* Edges of a region along an axis, in pixels of the image. */
static void edges(const Regions *g, double size, double *from, double *to)
{
    const double first = rint(uniform(g, -0.1, 0.8) * size);
    const double last = first + rint(uniform(g, 0.05, 0.6) * size);
    *from = moved(g, first, size) / g->o->spec.spatial_scale;
    *to = moved(g, last, size) / g->o->spec.spatial_scale;
}

static double image(const Regions *g)
{
    const double images = (double)g->o->spec.batch, n = floor(uniform(g, 0, images));
    const double by = g->c->offset(g->c, g->r, 0, images);
    return fabs(by) < 1000 || rt_rng_next(g->r) % 2 ? fmin(n, images - 1) : by;
}

static void fill_rois(const Regions *g, double *row)
{
    for (int64_t i = 0; i < g->o->spec.rois; i++, row += 5) {
        row[0] = image(g);
        edges(g, (double)g->o->spec.width, &row[1], &row[3]);
        edges(g, (double)g->o->spec.height, &row[2], &row[4]);
    }
}

/* Offsets and trans are shares of a region. */
static double share(const Regions *g)
{
    return g->c->offset(g->c, g->r, 0, 1);
}

static double weight(const Regions *g)
{
    return g->c->mask(g->r);
}

static void fill_each(const Regions *g, int tensor, double (*value)(const Regions *g))
{
    for (int64_t i = 0; i < g->o->count[tensor]; i++)
        g->o->exact[tensor][i] = value(g);
}

static void fill_tensor(const Regions *g, int i)
{
    const char *name = g->o->tensor[i].name;
    if (!strcmp(name, "rois"))
        fill_rois(g, g->o->exact[i]);
    else if (!strcmp(name, "offset") || !strcmp(name, "trans"))
        fill_each(g, i, share);
    else if (!strcmp(name, "mask"))
        fill_each(g, i, weight);
}

void tune_fill_regions(Operands *o, const TuneCase *c, rt_rng *r)
{
    const Regions g = { o, c, r };
    const rt_kind kind = rt_kind_of(o->spec.dtype);
    for (int i = 0; i < o->n; i++) {
        if (o->tensor[i].role != DCN_IN || !strcmp(o->tensor[i].name, "input"))
            continue;
        fill_tensor(&g, i);
        for (int64_t at = 0; at < o->count[i]; at++)
            o->exact[i][at] = rt_round_to(kind, o->exact[i][at]);
        rt_convert(o->typed[i], kind, o->exact[i], RT_F64, o->count[i]);
    }
}
