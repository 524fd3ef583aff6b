/* check_field.c: a field against the response along directions.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/reference/network.h"
#include "tuner/support/check.h"
#include "tuner/support/held.h"
#include "tuner/support/steps.h"

#include <math.h>
#include <stdlib.h>

/* The first step is this part of the image's root mean square, or where the response is large the longer one at
** most. */
static const double part = 1e-6, longest_part = 1e-3;

/* The image, a direction, and both together as they lie outside. */
typedef struct FieldWalk {
    Support *s;
    SupportHeld *held; /* offsets and masks, where the gradient takes them for numbers; else NULL */
    const SupportField *f;
    const double *image;
    int64_t n;                              /* elements of the batch */
    double *inside, *outside, *moved, size; /* size: root mean square of the image */
} FieldWalk;

static const net_value *image_of(const Support *s)
{
    return &s->ask->spec->network->value[s->ask->image];
}

/* A normal number for every channel of the node's image; returns <gradient, direction>. */
static double draw_direction(FieldWalk *w, rt_rng *r)
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

static int response_at(FieldWalk *w, double step, double *response, dcn_error *err)
{
    for (int64_t i = 0; i < w->n; i++)
        w->moved[i] = w->image[i] + step * w->outside[i];
    support_set_image(w->s, w->moved);
    const int failed = w->held ? support_held_respond(w->held, w->s, response, err)
                               : support_respond(w->s, response, err);
    support_set_image(w->s, w->image);
    return failed;
}

static int quotient(void *self, double h, double *slope, double *span, dcn_error *err)
{
    double before, after;
    if (response_at(self, -h, &before, err) || response_at(self, h, &after, err))
        return -1;
    *span = 2 * h;
    *slope = (after - before) / *span;
    return 0;
}

static double length(const double *v, int64_t n)
{
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        squares += v[i] * v[i];
    return sqrt(squares);
}

static int try_directions(const SupportSteps *steps, double norm, int directions, uint64_t seed,
                          SupportCheck *c, dcn_error *err)
{
    rt_rng r = rt_rng_seed(seed);
    for (int i = 0; i < directions; i++) {
        double difference;
        bool hidden;
        if (support_try_steps(steps, draw_direction(steps->self, &r), &difference, &hidden, err))
            return -1;
        if (!hidden)
            c->worst = fmax(c->worst, difference / norm);
        c->hidden += hidden;
        c->tried += !hidden;
    }
    return 0;
}

static int try_all(FieldWalk *w, int directions, uint64_t seed, SupportCheck *c, dcn_error *err)
{
    const double norm = length(w->f->gradient, w->f->h * w->f->w * w->f->c);
    const double share_of = norm > 0 ? norm : 1;
    SupportSteps steps = { .usual = part * w->size,
                           .longest = longest_part * w->size,
                           .enough = c->bound * share_of,
                           .quotient = quotient,
                           .self = w };
    if (!isfinite(norm) || !isfinite(w->f->response)) {
        c->outcome = SUPPORT_NOT_FINITE;
        return 0;
    }
    if (support_rounding(w->s, &steps.rounding, err) ||
        try_directions(&steps, share_of, directions, seed, c, err))
        return -1;
    c->outcome = !(norm > 0) ? SUPPORT_ALL_ZERO : c->tried ? SUPPORT_COMPARED : SUPPORT_TOO_SMALL;
    c->passed = c->tried > 0 && c->worst <= c->bound;
    return 0;
}

static int try_walk(FieldWalk *w, int directions, uint64_t seed, SupportCheck *c, dcn_error *err)
{
    w->inside = calloc((size_t)w->n + 1, sizeof *w->inside);
    w->outside = calloc((size_t)w->n + 1, sizeof *w->outside);
    w->moved = calloc((size_t)w->n + 1, sizeof *w->moved);
    const int failed = w->inside && w->outside && w->moved ? try_all(w, directions, seed, c, err)
                                                           : support_no_memory(err);
    free(w->inside);
    free(w->outside);
    free(w->moved);
    return failed;
}

int support_check_field(Support *s, const SupportField *f, int directions, uint64_t seed,
                        SupportCheck *c, dcn_error *err)
{
    SupportHeld held = { .n = 0 };
    FieldWalk w = { .s = s, .f = f, .image = s->input[s->ask->image] };
    w.n = net_elements(image_of(s)->shape);
    const double size = length(w.image, w.n) / sqrt((double)w.n);
    w.size = size > 0 ? size : 1;
    bool fits = true;
    int failed = 0;
    *c = (SupportCheck){ .outcome = SUPPORT_TOO_LARGE, .bound = 1e-5 };
    if (s->ask->fixed) {
        w.held = &held;
        failed = support_held_open(&held, s, -1, &fits, err);
    }
    if (!failed && fits)
        failed = try_walk(&w, directions, seed, c, err);
    support_held_close(&held);
    return failed ? -1 : 0;
}
