/* finish.c: the end of a tuning run.
**
** Of what is as quick as the best within one per cent, the schedule nearest to the guess is taken, if measuring
** the two against each other does not say it is slower.  The winner is then verified on every case, and measured
** against the guess in reverse order; what does not beat the guess beyond the noise is not better than it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "tuner/tune/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double EQUAL = 0.01;
enum { MOST_SIMPLER = 2, MOST_WINNERS = 8 };

static int schedule_of(const Tuning *t, const TuneTrial *k, Schedule *out)
{
    SearchPoint p;
    if (tune_space_parse(&t->space, k->schedule, &p))
        return -1;
    tune_space_schedule(&t->space, &p, out);
    return 0;
}

static void lead_known(Tuning *t, const Schedule *sc, const TuneTrial *k)
{
    free(t->best.object);
    t->best = (Incumbent){ .schedule = *sc, .ns = k->ns };
    t->best_time = k->time;
}

static int fail_none(const Tuning *t, dcn_error *err)
{
    return dcn_fail(err, DCN_EFAILED,
                    "none of %lld candidates of '%s' computes the right result in time",
                    (long long)t->out->done, t->spec->name);
}

/* ---- the simpler of equals ----------------------------------------------------------------- */

static bool is_right(const TuneTrial *k)
{
    return k->outcome == TUNE_OK && k->time > 0;
}

/* The simplest schedule of those as quick as the best, if it is simpler than that; else -1. */
static int find_simpler(const Tuning *t, const bool *seen, Schedule *out)
{
    int found = -1, least = tune_space_complexity(&t->space, &t->best.schedule);
    for (int i = 0; i < t->tried.n; i++) {
        const TuneTrial *k = &t->tried.at[i];
        Schedule sc;
        if (seen[i] || !is_right(k) || k->time > t->best_time * (1 + EQUAL) ||
            schedule_of(t, k, &sc) || tune_space_complexity(&t->space, &sc) >= least)
            continue;
        least = tune_space_complexity(&t->space, &sc);
        found = i;
        *out = sc;
    }
    return found;
}

static int prefer_simpler(Tuning *t, CandidateResult *r, dcn_error *err)
{
    bool *seen = calloc((size_t)t->tried.n + 1, sizeof *seen);
    int failed = seen ? 0 : dcn_fail(err, DCN_EENV, "no memory to end tuning");
    for (int i = 0; i < MOST_SIMPLER && !failed && !tuning_is_stopped(t); i++) {
        Schedule sc;
        int at = find_simpler(t, seen, &sc);
        if (at < 0)
            break;
        seen[at] = true;
        failed = tuning_try(t, &sc, &t->best, LEVEL_CONFIRM, r, err);
        const Measured *m = &r->measured;
        if (!failed && !r->stopped && r->outcome == TUNE_OK)
            tuning_keep_turns(t, &sc, &t->best.schedule, m);
        if (!failed && !r->stopped && r->outcome == TUNE_OK && m->ratio_high <= 1 + EQUAL)
            tuning_lead(t, &sc, r, t->best_time * m->ratio);
        free(r->object);
        r->object = NULL;
    }
    free(seen);
    return failed;
}

/* ---- the winner ---------------------------------------------------------------------------- */

static bool is_guess(const Tuning *t)
{
    return sched_equal(&t->best.schedule, &t->space.start);
}

static int next_best(Tuning *t)
{
    const TuneTrial *best = NULL;
    for (int i = 0; i < t->tried.n; i++) {
        const TuneTrial *k = &t->tried.at[i];
        if (is_right(k) && (!best || k->time < best->time))
            best = k;
    }
    Schedule sc;
    if (!best || schedule_of(t, best, &sc))
        return -1;
    lead_known(t, &sc, best);
    return 0;
}

static void lead_guess(Tuning *t)
{
    char text[DCN_SCHEDULE_MAX];
    sched_print(&t->space.start, text, sizeof text);
    const TuneTrial *k = history_find(&t->tried, text);
    free(t->best.object);
    t->best = (Incumbent){ .schedule = t->space.start, .ns = k ? k->ns : 0 };
    t->best_time = 1;
}

void tuning_fill(Tuning *t, const CandidateResult *r)
{
    const Measured *m = &r->measured;
    dcn_tuned *o = t->out;
    o->confirmed = 1;
    o->ns = m->b_median;
    o->ns_low = m->b_sure ? m->b_low : 0;
    o->ns_high = m->b_sure ? m->b_high : 0;
    o->guess_ns = is_guess(t) ? m->b_median : m->a_median;
    o->gain = is_guess(t) ? 1 : 1 / m->ratio;
    o->gain_low = is_guess(t) ? 1 : 1 / m->ratio_high;
    o->drift = fabs(m->drift - 1) > 0.1;
}

/* 1: it is the winner; 0: another one must be looked at; -1 */
static int confirm(Tuning *t, CandidateResult *r, dcn_error *err)
{
    const Schedule sc = t->best.schedule;
    const Incumbent guess = { .schedule = t->space.start };
    const Measured *m = &r->measured;
    if (tuning_try(t, &sc, is_guess(t) ? NULL : &guess, LEVEL_FINAL, r, err))
        return -1;
    if (r->stopped)
        return 1;
    if (r->outcome != TUNE_OK)
        return tuning_record(t, &sc, r, 0, 0) || next_best(t) ? fail_none(t, err) : 0;
    double time = is_guess(t) ? 1 : m->ratio;
    if (!is_guess(t) && (!m->sure || m->ratio_high >= 1)) {
        tuning_keep_turns(t, &sc, &guess.schedule, m);
        lead_guess(t);
        return 0;
    }
    tuning_fill(t, r);
    tuning_keep_code(t, &sc, r);
    t->best_time = time;
    t->best.ns = m->b_median;
    return tuning_record(t, &sc, r, time, tuning_is_open(t)) ? -1 : 1;
}

static int find_winner(Tuning *t, CandidateResult *r, dcn_error *err)
{
    int found = 0;
    for (int i = 0; i < MOST_WINNERS && !found && !tuning_is_stopped(t); i++) {
        found = confirm(t, r, err);
        free(r->object);
        r->object = NULL;
    }
    return found < 0 ? -1 : 0;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* A run that was told all by the store ends as the one before it did. */
static bool is_settled(Tuning *t)
{
    const TuneTrial *k = NULL;
    for (int i = 0; i < t->before.n && !k; i++)
        if (t->before.at[i].winner && is_right(&t->before.at[i]))
            k = &t->before.at[i];
    Schedule sc;
    if (t->measured || !k || schedule_of(t, k, &sc))
        return false;
    lead_known(t, &sc, k);
    t->out->confirmed = 1;
    return true;
}

void tuning_fill_unconfirmed(Tuning *t)
{
    dcn_tuned *o = t->out;
    o->ns = t->best.ns;
    o->gain = t->best_time > 0 ? 1 / t->best_time : 0;
    o->guess_ns = t->best.ns * o->gain;
}

int tuning_finish(Tuning *t, dcn_error *err)
{
    dcn_tuned *o = t->out;
    CandidateResult *r = calloc(1, sizeof *r);
    int failed = r ? 0 : dcn_fail(err, DCN_EENV, "no memory for a result");
    if (!failed && !t->best.schedule.lowering && o->end != DCN_TUNE_STOPPED)
        failed = fail_none(t, err);
    if (!failed && t->best.schedule.lowering && o->end != DCN_TUNE_STOPPED && !is_settled(t))
        failed = prefer_simpler(t, r, err) || find_winner(t, r, err);
    if (!failed && tuning_is_stopped(t))
        o->end = DCN_TUNE_STOPPED;
    if (!failed && !t->best.schedule.lowering)
        snprintf(o->schedule, sizeof o->schedule, "%s", o->guess);
    else if (!failed)
        sched_print(&t->best.schedule, o->schedule, sizeof o->schedule);
    if (!failed && o->ns <= 0)
        tuning_fill_unconfirmed(t);
    if (!failed && o->confirmed) {
        const TuneTrial *k = history_find(&t->tried, o->schedule);
        TuneTrial shown = k ? *k : (TuneTrial){ .schedule = o->schedule, .outcome = TUNE_OK };
        tuning_tell(t, &shown, "", 0, 1);
    }
    free(r);
    return failed;
}
