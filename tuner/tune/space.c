/* space.c: the schedules of one kernel as a space to search.
**
** A fixed knob is a knob with one choice.  A lowering that has no account of its cost is ordered by the distance
** from its guess.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/tune/space.h"
#include "codegen/balance.h"
#include "runtime/base/base.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)SEARCH_MAX_DIMS == (int)MAX_KNOBS + 1, "a point has a place for every knob");
_Static_assert((int)SEARCH_MAX_LOWERINGS >= (int)MAX_LOWERINGS,
               "the search has a place for every lowering");

static const char SEPARATORS[] = " \t\n,";

static int knob_named(const Lowering *how, const char *name, size_t length)
{
    for (int i = 0; i < how->nknobs; i++)
        if (strlen(how->knobs[i]->name) == length && !memcmp(how->knobs[i]->name, name, length))
            return i;
    return -1;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* The knobs that a text which was parsed already names. */
static unsigned named_knobs(const Lowering *how, const char *text)
{
    unsigned named = 0;
    for (const char *at = text; *at; at += strspn(at, SEPARATORS)) {
        size_t length = strcspn(at, SEPARATORS), name = strcspn(at, "=");
        int knob = name < length ? knob_named(how, at, name) : -1;
        if (knob >= 0)
            named |= 1u << knob;
        at += length;
    }
    return named;
}

/* One thread has nothing to share with others. */
static void fix_knobs_for_threads(TuneSpace *sp, int l)
{
    for (int i = 0; sp->threads == 1 && i < sp->lowering[l]->nknobs; i++) {
        const Knob *q = sp->lowering[l]->knobs[i];
        if (!q->for_threads || sp->fixed[l] >> i & 1)
            continue;
        sp->fixed[l] |= 1u << i;
        sp->fixed_at[l][i] = sched_choice(q, q->guess);
    }
}

static void add_lowering(TuneSpace *sp, const Lowering *how)
{
    if (how->parts || !sched_takes(how, sp->spec))
        return;
    int *guess = sp->guess[sp->nlowerings];
    how->guess(sp->spec, sp->target, sp->threads, guess);
    if (how->refuse(sp->spec, sp->target, guess))
        return;
    sp->lowering[sp->nlowerings] = how;
    fix_knobs_for_threads(sp, sp->nlowerings++);
}

static void only(TuneSpace *sp, const Lowering *how)
{
    sp->nlowerings = 1;
    sp->lowering[0] = how;
}

static void narrow(TuneSpace *sp, const char *text)
{
    const Lowering *how = sp->start.lowering;
    only(sp, how);
    sp->fixed[0] = named_knobs(how, text);
    memcpy(sp->guess[0], sp->start.k, sizeof sp->guess[0]);
    for (int i = 0; i < how->nknobs; i++)
        sp->fixed_at[0][i] = sched_choice(how->knobs[i], sp->start.k[i]);
    fix_knobs_for_threads(sp, 0);
}

int tune_space_open(TuneSpace *sp, const TuneFor *f, dcn_error *err)
{
    *sp = (TuneSpace){
        .spec = f->spec, .bound = f->bound, .target = f->target, .threads = f->threads
    };
    if (f->narrow) {
        if (sched_parse(f->narrow, &(SchedFor){ f->spec, f->target, f->threads, NULL }, &sp->start,
                        err))
            return -1;
        if (sp->start.lowering->parts)
            only(sp, sp->start.lowering);
        else
            narrow(sp, f->narrow);
        return 0;
    }
    if (sched_guess(&(SchedFor){ f->spec, f->target, f->threads, NULL }, &sp->start, err))
        return -1;
    if (sp->start.lowering->parts)
        only(sp, sp->start.lowering);
    for (int i = 0; f->lowerings[i]; i++)
        add_lowering(sp, f->lowerings[i]);
    return 0;
}

/* ---- points -------------------------------------------------------------------------------- */

static bool is_fixed(const TuneSpace *sp, int lowering, int knob)
{
    return sp->fixed[lowering] >> knob & 1;
}

void tune_space_schedule(const TuneSpace *sp, const SearchPoint *p, Schedule *out)
{
    int l = p->at[0];
    *out = (Schedule){ .lowering = sp->lowering[l] };
    for (int i = 0; i < out->lowering->nknobs; i++) {
        int at = is_fixed(sp, l, i) ? sp->fixed_at[l][i] : p->at[i + 1];
        out->k[i] = out->lowering->knobs[i]->choice[at];
    }
}

static int lowering_of(const TuneSpace *sp, const Lowering *how)
{
    for (int i = 0; i < sp->nlowerings; i++)
        if (sp->lowering[i] == how)
            return i;
    return -1;
}

int tune_space_point(const TuneSpace *sp, const Schedule *sc, SearchPoint *out)
{
    int l = lowering_of(sp, sc->lowering);
    if (l < 0)
        return -1;
    *out = (SearchPoint){ { l } };
    for (int i = 0; i < sc->lowering->nknobs; i++) {
        int at = sched_choice(sc->lowering->knobs[i], sc->k[i]);
        if (at < 0 || (is_fixed(sp, l, i) && at != sp->fixed_at[l][i]))
            return -1;
        out->at[i + 1] = is_fixed(sp, l, i) ? 0 : at;
    }
    return 0;
}

int tune_space_parse(const TuneSpace *sp, const char *text, SearchPoint *out)
{
    size_t length = strcspn(text, SEPARATORS);
    Schedule sc = { .lowering = NULL };
    for (int i = 0; i < sp->nlowerings; i++)
        if (strlen(sp->lowering[i]->name) == length && !memcmp(sp->lowering[i]->name, text, length))
            sc.lowering = sp->lowering[i];
    if (!sc.lowering || named_knobs(sc.lowering, text) != (1u << sc.lowering->nknobs) - 1)
        return -1;
    for (const char *at = text + length; *at; at += strcspn(at, SEPARATORS)) {
        at += strspn(at, SEPARATORS);
        size_t name = strcspn(at, "=");
        int knob = at[name] ? knob_named(sc.lowering, at, name) : -1;
        if (knob < 0)
            return -1;
        sc.k[knob] = atoi(at + name + 1);
    }
    return tune_space_point(sp, &sc, out);
}

int tune_space_complexity(const TuneSpace *sp, const Schedule *sc)
{
    int l = lowering_of(sp, sc->lowering), changed = 0;
    for (int i = 0; l >= 0 && i < sc->lowering->nknobs; i++)
        changed += sc->k[i] != sp->guess[l][i];
    return 2 * changed + (sc->lowering != sp->start.lowering);
}

/* ---- for the search ------------------------------------------------------------------------ */

static int dims(void *self, int lowering)
{
    return ((const TuneSpace *)self)->lowering[lowering]->nknobs;
}

static int choices(void *self, int lowering, int dim)
{
    const TuneSpace *sp = self;
    return is_fixed(sp, lowering, dim) ? 1 : sp->lowering[lowering]->knobs[dim]->nchoices;
}

static int legal(void *self, const SearchPoint *p)
{
    const TuneSpace *sp = self;
    Schedule sc;
    tune_space_schedule(sp, p, &sc);
    return !sc.lowering->refuse(sp->spec, sp->target, sc.k);
}

static double guess_distance(const TuneSpace *sp, const Schedule *sc, int lowering)
{
    int steps = 0;
    for (int i = 0; i < sc->lowering->nknobs; i++) {
        const Knob *q = sc->lowering->knobs[i];
        steps += abs(sched_choice(q, sc->k[i]) - sched_choice(q, sp->guess[lowering][i]));
    }
    return 1 + 0.02 * steps;
}

/* Lowerings of which none knows its cost can be compared with one another only. */
static double estimate(void *self, const SearchPoint *p)
{
    const TuneSpace *sp = self;
    Schedule sc;
    tune_space_schedule(sp, p, &sc);
    if (sc.lowering->phases)
        return sched_cost(&sc, sp->bound, sp->target, sp->threads);
    double unit = sched_cost(&sp->start, sp->bound, sp->target, sp->threads);
    return (unit > 0 ? unit : 1) * guess_distance(sp, &sc, p->at[0]);
}

SearchSpace tune_space_search(TuneSpace *sp)
{
    return (SearchSpace){ .self = sp,
                          .nlowerings = sp->nlowerings,
                          .dims = dims,
                          .choices = choices,
                          .legal = legal,
                          .estimate = estimate,
                          .min_ratio = 0.5 };
}
