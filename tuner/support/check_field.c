/* check_field.c: a field against the response along directions.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/reference/network.h"
#include "tuner/support/check.h"
#include "tuner/support/internal.h"

#include <math.h>
#include <stdlib.h>

/* The step is this part of the image's root mean square. */
static const double part = 1e-6;

/* The image, a direction, and both together as they lie outside. */
typedef struct Walk {
    Support *s;
    const SupportField *f;
    const double *image;
    int64_t n; /* elements of the batch */
    double *inside, *outside, *moved, h;
} Walk;

static const net_value *image_of(const Support *s)
{
    return &s->ask->spec->network->value[s->ask->image];
}

/* A normal number for every channel of the node's image; returns <gradient, direction>. */
static double draw_direction(const Walk *w, rt_rng *r)
{
    const int64_t one = w->f->h * w->f->w * w->f->c;
    double product = 0;
    for (int64_t i = 0; i < one; i++) {
        const double v = rt_rng_normal(r);
        w->inside[w->s->image * one + i] = v;
        product += v * w->f->gradient[i];
    }
    ref_net_to_outside(image_of(w->s), w->inside, w->outside);
    return product;
}

static int response_at(const Walk *w, double step, double *response, dcn_error *err)
{
    for (int64_t i = 0; i < w->n; i++)
        w->moved[i] = w->image[i] + step * w->outside[i];
    support_set_image(w->s, w->moved);
    const int failed = support_respond(w->s, response, err);
    support_set_image(w->s, w->image);
    return failed;
}

static int try_direction(const Walk *w, rt_rng *r, double *difference, dcn_error *err)
{
    double before, after;
    const double product = draw_direction(w, r);
    if (response_at(w, -w->h, &before, err) || response_at(w, w->h, &after, err))
        return -1;
    *difference = fabs((after - before) / (2 * w->h) - product);
    return 0;
}

static double length(const double *v, int64_t n)
{
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        squares += v[i] * v[i];
    return sqrt(squares);
}

static int try_all(const Walk *w, int directions, uint64_t seed, SupportCheck *c, dcn_error *err)
{
    const double norm = length(w->f->gradient, w->f->h * w->f->w * w->f->c);
    rt_rng r = rt_rng_seed(seed);
    for (int i = 0; i < directions; i++) {
        double difference;
        if (try_direction(w, &r, &difference, err))
            return -1;
        c->worst = fmax(c->worst, norm > 0 ? difference / norm : difference);
        c->tried++;
    }
    c->passed = c->tried > 0 && c->worst <= c->bound;
    return 0;
}

int support_check_field(Support *s, const SupportField *f, int directions, uint64_t seed,
                        SupportCheck *c, dcn_error *err)
{
    Walk w = { .s = s, .f = f, .image = s->input[s->ask->image] };
    w.n = net_elements(image_of(s)->shape);
    const double size = length(w.image, w.n) / sqrt((double)w.n);
    w.h = part * (size > 0 ? size : 1);
    w.inside = calloc((size_t)w.n + 1, sizeof *w.inside);
    w.outside = calloc((size_t)w.n + 1, sizeof *w.outside);
    w.moved = calloc((size_t)w.n + 1, sizeof *w.moved);
    *c = (SupportCheck){ .bound = 1e-5 };
    const int failed = w.inside && w.outside && w.moved ? try_all(&w, directions, seed, c, err)
                                                        : support_no_memory(err);
    free(w.inside);
    free(w.outside);
    free(w.moved);
    return failed;
}
