/* check_taps.c: strengths of sampling positions against the response when one of them moves.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "runtime/reference/network.h"
#include "runtime/spec/shape.h"
#include "tuner/support/check.h"
#include "tuner/support/held.h"
#include "tuner/support/positions.h"
#include "tuner/support/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double step = 1e-6, longest_step = 1e-3; /* pixels; as steps.h says */

typedef struct TapProbe {
    Support *s;
    const SupportLayer *l;
    const SupportDeformed *d;
    SupportHeld held; /* its places among what is held */
    double *offset; /* in [n][p][q][channels], also as it lies outside where the network reads it */
    double *outside;
    int64_t elements;
    double rounding, enough; /* of responses, of gradients: as steps.h has them */
} TapProbe;

/* ---- the network ----------------------------------------------------------------------------- */

static bool is_input(const TapProbe *p)
{
    return p->d->value < p->s->part->ninputs;
}

static int open_probe(TapProbe *p, dcn_error *err)
{
    p->elements = net_elements(p->s->part->value[p->d->value].shape);
    p->offset = support_offsets_of(p->s, (int)(p->d - p->s->deformed));
    p->outside = calloc((size_t)p->elements + 1, sizeof *p->outside);
    return p->offset && p->outside ? 0 : support_no_memory(err);
}

static void close_probe(TapProbe *p)
{
    support_held_close(&p->held);
    free(p->offset);
    free(p->outside);
}

/* ---- one response ---------------------------------------------------------------------------- */

/* The input of the network that was asked for. */
static int asked_input(const TapProbe *p)
{
    const dcn_network *n = p->s->ask->spec->network;
    int i = 0;
    while (strcmp(n->value[i].name, p->s->part->value[p->d->value].name) != 0)
        i++;
    return i;
}

/* Who else runs the network moves them; else they are among what is held, or an input. */
static int respond(TapProbe *p, double *response, dcn_error *err)
{
    Support *s = p->s;
    if (s->ask->model)
        return support_model_probe(s, (int)(p->d - s->deformed), p->offset, response, err);
    if (!is_input(p)) {
        memcpy(support_held_value(&p->held, p->d->value), p->offset,
               (size_t)p->elements * sizeof *p->offset);
        return support_held_respond(&p->held, s, response, err);
    }
    const int input = asked_input(p);
    const double *before = s->input[input];
    ref_net_to_outside(&s->part->value[p->d->value], p->offset, p->outside);
    s->input[input] = p->outside;
    const int failed = support_held_respond(&p->held, s, response, err);
    s->input[input] = before;
    return failed;
}

static int response_with(TapProbe *p, int64_t element, double offset, double *response,
                         dcn_error *err)
{
    const double before = p->offset[element];
    p->offset[element] = offset;
    const int failed = respond(p, response, err);
    p->offset[element] = before;
    return failed;
}

/* ---- one position ---------------------------------------------------------------------------- */

static SupportPosition position_of(const SupportLayer *l, int64_t e, const double *roi)
{
    const int64_t pixel = e / (l->groups * l->taps);
    return (SupportPosition){ .p = pixel / l->q % l->p,
                              .q = pixel % l->q,
                              .group = e / l->taps % l->groups,
                              .tap = e % l->taps,
                              .roi = roi };
}

/* One position along one axis. */
typedef struct TapAxis {
    TapProbe *p;
    int64_t element;
    double offset, factor;
    /* Pixels to the next whole one, halved; 0: it is on one, whose slope is that of further on. */
    double room;
} TapAxis;

static int quotient(void *self, double h, double *slope, double *span, dcn_error *err)
{
    const TapAxis *t = self;
    const double back = fmin(h, t->room), on = t->room > 0 ? back : h;
    double before, after;
    if (response_with(t->p, t->element, t->offset - back / t->factor, &before, err) ||
        response_with(t->p, t->element, t->offset + on / t->factor, &after, err))
        return -1;
    *span = on + back;
    *slope = (after - before) / *span;
    return 0;
}

/* The slope by position e along an axis, less what is said of it. */
static int try_axis(TapProbe *p, int64_t e, const double *roi, int axis, double *difference,
                    bool *hidden, dcn_error *err)
{
    const SupportLayer *l = p->l;
    const SupportPosition at = position_of(l, e, roi);
    const SupportAxis a = support_axis(p->d->spec, &at, axis);
    const int64_t pixel = e / (l->groups * l->taps);
    const int64_t element = pixel * p->s->part->value[p->d->value].shape.c + a.channel;
    const double position = l->position[2 * e + axis];
    TapAxis t = { p, element, p->offset[element], a.factor, fabs(position - round(position)) / 2 };
    const SupportSteps steps = { .usual = step,
                                 .longest = longest_step,
                                 .rounding = p->rounding,
                                 .enough = p->enough,
                                 .quotient = quotient,
                                 .self = &t };
    *difference = 0;
    *hidden = false;
    if (a.factor == 0)
        return 0;
    return support_try_steps(&steps, l->gradient[2 * e + axis], difference, hidden, err);
}

static int try_position(TapProbe *p, int64_t e, const double *rois, SupportCheck *c, dcn_error *err)
{
    const SupportLayer *l = p->l;
    const int64_t region = e / (l->p * l->q * l->groups * l->taps);
    const double *roi = rois ? rois + region * rt_roi_numbers(p->d->spec) : NULL;
    double worst = 0;
    int unknown = 0;
    for (int axis = 0; axis < 2; axis++) {
        double difference;
        bool hidden;
        if (try_axis(p, e, roi, axis, &difference, &hidden, err))
            return -1;
        worst = hidden ? worst : fmax(worst, difference);
        unknown += hidden;
    }
    const bool hidden = unknown > 0 && worst <= p->enough; /* one axis suffices to be wrong */
    c->worst = fmax(c->worst, worst);
    c->hidden += hidden;
    c->tried += !hidden;
    return 0;
}

/* ---- which ----------------------------------------------------------------------------------- */

/* The strongest one weaker than `than`, and of equals that behind `after`. */
static int64_t next_strongest(const SupportLayer *l, int64_t n, double than, int64_t after)
{
    int64_t best = -1;
    for (int64_t e = 0; e < n; e++) {
        const bool weaker = l->strength[e] < than || (l->strength[e] == than && e > after);
        if (weaker && (best < 0 || l->strength[e] > l->strength[best]))
            best = e;
    }
    return best;
}

static int64_t count_places(const SupportLayer *l)
{
    return l->n * l->p * l->q * l->groups * l->taps;
}

/* Whether there is something to compare: all strengths, and the response where nothing is moved. */
static int look_first(TapProbe *p, SupportCheck *c, dcn_error *err)
{
    double response, sum = 0;
    if (response_with(p, 0, p->offset[0], &response, err))
        return -1;
    for (int64_t e = 0; e < count_places(p->l); e++)
        sum += p->l->strength[e];
    c->outcome = !isfinite(response + sum) ? SUPPORT_NOT_FINITE
                 : sum > 0                 ? SUPPORT_COMPARED
                                           : SUPPORT_ALL_ZERO;
    return 0;
}

static int try_taps(TapProbe *p, const SupportTaps *taps, SupportCheck *c, dcn_error *err)
{
    const SupportLayer *l = p->l;
    const int64_t n = count_places(l);
    if (look_first(p, c, err))
        return -1;
    if (c->outcome == SUPPORT_NOT_FINITE)
        return 0;
    double *rois = p->d->rois >= 0 ? support_input_of(p->s, p->d->rois) : NULL;
    int64_t e = next_strongest(l, n, HUGE_VAL, -1);
    const double most = l->strength[e] > 0 ? l->strength[e] : 1;
    rt_rng r = rt_rng_seed(taps->seed);
    p->enough = c->bound * most;
    int failed = p->d->rois >= 0 && !rois ? support_no_memory(err) : 0;
    for (int i = 0; i < taps->strongest && e >= 0 && !failed; i++) {
        failed = try_position(p, e, rois, c, err);
        e = next_strongest(l, n, l->strength[e], e);
    }
    for (int i = 0; i < taps->random && !failed; i++)
        failed = try_position(p, (int64_t)(rt_rng_next(&r) % (uint64_t)n), rois, c, err);
    c->worst /= most;
    if (c->hidden > 0 && c->tried == 0)
        c->outcome = SUPPORT_TOO_SMALL;
    c->passed = !failed && c->tried > 0 && c->worst <= c->bound;
    free(rois);
    return failed;
}

int support_check_taps(Support *s, const SupportLayers *l, const SupportTaps *taps, SupportCheck *c,
                       dcn_error *err)
{
    TapProbe p = { .s = s, .l = &l->layer[taps->number], .d = &s->deformed[taps->number] };
    bool fits;
    *c = (SupportCheck){ .outcome = SUPPORT_TOO_LARGE, .bound = 1e-5 };
    int failed = support_held_open(&p.held, s, p.d->value, &fits, err);
    if (!failed && fits)
        failed = open_probe(&p, err) || support_rounding(s, &p.rounding, err) ||
                 try_taps(&p, taps, c, err);
    close_probe(&p);
    return failed ? -1 : 0;
}
