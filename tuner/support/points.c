/* points.c: the composed sampling points of a node, the papers' picture.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 1 << 22, MAX_DEPTH = SUPPORT_MAX_DEFORMED };

/* ---- the stack ------------------------------------------------------------------------------- */

/* Marks what leads to a value. */
static void mark(const dcn_network *n, int value, bool *leads)
{
    memset(leads, 0, (size_t)n->nvalues * sizeof *leads);
    leads[value] = true;
    for (int i = n->nlayers - 1; i >= 0; i--)
        for (int a = 0; a < n->layer[i].nargs && leads[n->layer[i].out]; a++)
            if (n->layer[i].arg[a].value >= 0)
                leads[n->layer[i].arg[a].value] = true;
}

/* The last deformable convolution that leads to a value, or makes it; -1: there is none. */
static int last_before(const Support *s, int value, bool *leads)
{
    mark(s->part, value, leads);
    for (int i = s->ndeformed - 1; i >= 0; i--)
        if (s->deformed[i].rois < 0 && leads[s->part->layer[s->deformed[i].layer].out])
            return i;
    return -1;
}

/* From the node down: each samples what the next leads to. */
static int find_stack(const Support *s, int depth, int stack[MAX_DEPTH], dcn_error *err)
{
    bool *leads = calloc((size_t)s->part->nvalues + 1, sizeof *leads);
    int n = 0, value = s->part->output[0];
    if (!leads)
        return support_no_memory(err);
    for (int i; n < depth && n < MAX_DEPTH && (i = last_before(s, value, leads)) >= 0;) {
        stack[n++] = i;
        value = s->deformed[i].input;
    }
    free(leads);
    return n;
}

/* ---- points ---------------------------------------------------------------------------------- */

/* Growing by levels: places in pixels of what the next layer makes. */
typedef struct Cloud {
    int64_t n;
    double *at;
    int64_t *outside; /* counts those that were lost */
} Cloud;

static int64_t pixel_near(double at)
{
    return (int64_t)floor(at + 0.5);
}

/* The places of one group of a layer for the pixel nearest a place; 0: there is no such pixel. */
static int64_t look(const SupportLayer *l, int64_t image, int64_t group, const double at[2],
                    double *to)
{
    if (!(at[0] >= -0.5 && at[0] < (double)l->p - 0.5 && at[1] >= -0.5 &&
          at[1] < (double)l->q - 0.5))
        return 0;
    const int64_t pixel = (image * l->p + pixel_near(at[0])) * l->q + pixel_near(at[1]);
    const int64_t first = (pixel * l->groups + group % l->groups) * l->taps;
    memcpy(to, l->position + 2 * first, 2 * (size_t)l->taps * sizeof *to);
    return l->taps;
}

/* From pixels of the map that a layer samples to those of another map of the same image. */
static void carry(double *at, int64_t n, const double factor[2])
{
    for (int64_t i = 0; i < 2 * n; i++)
        at[i] = (at[i] + 0.5) * factor[i % 2] - 0.5;
}

/* One level: all places of `from` give theirs. */
static int descend(const SupportLayer *l, int64_t image, int64_t group, Cloud *c)
{
    double *to = malloc(((size_t)(c->n * l->taps) + 1) * 2 * sizeof *to);
    int64_t n = 0;
    for (int64_t i = 0; to && i < c->n; i++) {
        const int64_t more = look(l, image, group, c->at + 2 * i, to + 2 * n);
        *c->outside += more == 0;
        n += more;
    }
    free(c->at);
    *c = (Cloud){ to ? n : 0, to, c->outside };
    return to ? 0 : -1;
}

/* Where a cloud begins: the node in pixels of a map, h x w. */
typedef struct Begin {
    double at[2], h, w;
} Begin;

/* A cloud begins on the node's own map; of a node on a region, whose map covers that, on the image. */
static Begin begin_of(const Support *s)
{
    const net_shape z = support_node_shape(s), image = support_image_shape(s);
    double box[4];
    if (!support_node_region(s, box))
        return (Begin){ { (double)s->node.y, (double)s->node.x }, (double)z.h, (double)z.w };
    Begin b = { .h = (double)image.h, .w = (double)image.w };
    support_node_pixel(s, b.at);
    return b;
}

/* From pixels of the map that the layer above samples (NULL: where the cloud begins) to those that the layer makes. */
static void factors(const Begin *b, const SupportLayer *above, const SupportLayer *l,
                    double factor[2])
{
    factor[0] = (double)l->p / (above ? (double)above->in_h : b->h);
    factor[1] = (double)l->q / (above ? (double)above->in_w : b->w);
}

/* The points of one group. */
static int compose(const Support *s, const SupportLayers *l, const int *stack, int depth,
                   int64_t group, Cloud *c)
{
    const Begin begin = begin_of(s);
    const SupportLayer *above = NULL;
    double factor[2];
    c->n = 1;
    c->at = malloc(2 * sizeof *c->at);
    if (!c->at)
        return -1;
    memcpy(c->at, begin.at, sizeof begin.at);
    for (int k = 0; k < depth; k++) {
        const SupportLayer *of = &l->layer[stack[k]];
        factors(&begin, above, of, factor);
        carry(c->at, c->n, factor);
        if (descend(of, of->n == 1 ? 0 : s->node.image, group, c))
            return -1;
        above = of;
    }
    carry(c->at, c->n, above->scale);
    return 0;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const double *p = a, *q = b;
    const int y = (p[0] > q[0]) - (p[0] < q[0]);
    return y ? y : (p[1] > q[1]) - (p[1] < q[1]);
}

static int count_distinct(SupportPoints *p)
{
    const size_t each = 2 * sizeof *p->at;
    double *sorted = malloc(((size_t)p->n + 1) * each);
    if (!sorted)
        return -1;
    memcpy(sorted, p->at, (size_t)p->n * each);
    qsort(sorted, (size_t)p->n, each, by_place);
    for (int64_t i = 0; i < p->n; i++)
        p->distinct += i == 0 || by_place(sorted + 2 * i - 2, sorted + 2 * i) != 0;
    free(sorted);
    return 0;
}

/* Groups of the layer that has most, and points of all of them if none is outside. */
static int64_t count_points(const SupportLayers *l, const int *stack, int depth, int64_t *groups)
{
    double n = 1;
    *groups = 1;
    for (int k = 0; k < depth; k++) {
        const SupportLayer *of = &l->layer[stack[k]];
        n *= (double)of->taps;
        *groups = of->groups > *groups ? of->groups : *groups;
    }
    n *= (double)*groups;
    return n > MAX_POINTS ? -1 : (int64_t)n;
}

static int fill(const Support *s, const SupportLayers *l, const int *stack, SupportPoints *p,
                int64_t groups)
{
    int failed = 0;
    for (int64_t g = 0; g < groups && !failed; g++) {
        Cloud c = { 0, NULL, &p->outside };
        failed = compose(s, l, stack, p->depth, g, &c);
        if (!failed)
            memcpy(p->at + 2 * p->n, c.at, 2 * (size_t)c.n * sizeof *p->at);
        p->n += failed ? 0 : c.n;
        free(c.at);
    }
    return failed || count_distinct(p) ? -1 : 0;
}

int support_points(Support *s, const SupportLayers *l, int depth, SupportPoints *p, dcn_error *err)
{
    int stack[MAX_DEPTH];
    int64_t groups;
    *p = (SupportPoints){ .depth = find_stack(s, depth, stack, err) };
    if (p->depth < 0)
        return -1;
    if (p->depth == 0)
        return dcn_fail(err, DCN_EUSAGE, "no deformable convolution leads to '%s'", s->node.layer);
    const int64_t most = count_points(l, stack, p->depth, &groups);
    if (most < 0)
        return dcn_fail(err, DCN_EUSAGE, "%d layers have more than %d points; ask for fewer layers",
                        p->depth, MAX_POINTS);
    p->at = malloc(((size_t)most + 1) * 2 * sizeof *p->at);
    if (p->at && !fill(s, l, stack, p, groups))
        return 0;
    support_points_free(p);
    return support_no_memory(err);
}

void support_points_free(SupportPoints *p)
{
    free(p->at);
    *p = (SupportPoints){ .n = 0 };
}
