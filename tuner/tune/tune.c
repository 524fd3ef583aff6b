/* tune.c: a tuning run: the search proposes, a process tries, the store remembers.
**
** The guess comes first and everything is measured against the best so far.  What seems to beat it is measured
** again in reverse order, in another process, before it takes its place: of many candidates one is always lucky.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/tune/tune.h"
#include "runtime/base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double HINT = 0.02; /* one of this size is looked into even if it is not sure */
static const double PATIENCE = 20, MIN_SECONDS = 1; /* seconds */

/* ---- a candidate that is new --------------------------------------------------------------- */

static bool is_promising(const CandidateResult *r)
{
    const Measured *m = &r->measured;
    bool surely = m->sure && m->ratio_high < 1 && m->ratio < 1 - TUNING_NOISE;
    return r->outcome == TUNE_OK && (surely || m->ratio < 1 - HINT);
}

/* Measure again what seems to be better; *time becomes what is believed then. */
static int challenge(Tuning *t, const Schedule *sc, CandidateResult *r, double *time,
                     dcn_error *err)
{
    free(r->object);
    r->object = NULL;
    if (tuning_try(t, sc, &t->best, LEVEL_CHALLENGE, r, err))
        return -1;
    *time = t->best_time * r->measured.ratio;
    if (r->outcome != TUNE_OK || !r->measured.sure || r->measured.ratio_high >= 1)
        return 0;
    if (r->measured.ratio < 1 - TUNING_NOISE) {
        tuning_keep_code(t, sc, r);
        tuning_lead(t, sc, r, *time);
    }
    return 0;
}

/* The store keeps the gain: a resumed run must hear the same number, to the last bit. */
static double as_remembered(double time)
{
    const volatile double gain = 1 / time;
    return 1 / gain;
}

/* 0, or -1; *time: relative to the guess, or -1 if it failed. */
static int measure(Tuning *t, const Schedule *sc, double *time, dcn_error *err)
{
    CandidateResult *r = calloc(1, sizeof *r);
    bool first = !t->best.schedule.lowering;
    const Schedule against = t->best.schedule;
    if (!r)
        return dcn_fail(err, DCN_EENV, "no memory for a result");
    int failed = tuning_try(t, sc, first ? NULL : &t->best, LEVEL_SCREEN, r, err);
    *time = first ? 1 : t->best_time * r->measured.ratio;
    if (!failed && !r->stopped && first && r->outcome == TUNE_OK)
        tuning_lead(t, sc, r, 1);
    else if (!failed && !r->stopped && is_promising(r))
        failed = challenge(t, sc, r, time, err);
    *time = r->outcome == TUNE_OK || r->outcome == TUNE_DROPPED ? as_remembered(*time) : -1;
    if (!failed && !r->stopped) {
        failed = tuning_record(t, sc, r, *time > 0 ? *time : 0, 0);
        if (!first && *time > 0)
            tuning_keep_turns(t, sc, &against, &r->measured);
        tuning_tell(t, &t->tried.at[t->tried.n - 1], r->why, 0, 0);
    }
    free(r->object);
    free(r);
    return failed;
}

/* ---- a candidate that is remembered -------------------------------------------------------- */

static void recall(Tuning *t, const Schedule *sc, const TuneTrial *k)
{
    bool better = !t->best.schedule.lowering || k->time < t->best_time * (1 - TUNING_NOISE);
    if (k->outcome == TUNE_OK && better) {
        free(t->best.object);
        t->best = (Incumbent){ .schedule = *sc, .ns = k->ns };
        t->best_time = k->time;
    }
    history_add(&t->tried, k);
    tuning_tell(t, k, "", 1, 0);
}

/* ---- a candidate that is only ranked ------------------------------------------------------- */

/* What was measured of it stays in the store. */
static int rank(Tuning *t, const Schedule *sc, const SearchPoint *p, dcn_error *err)
{
    CandidateResult *r = calloc(1, sizeof *r);
    if (!r)
        return dcn_fail(err, DCN_EENV, "no memory for a result");
    double ns = t->search_space.estimate(&t->space, p);
    r->outcome = TUNE_ESTIMATED;
    r->measured.b_median = ns;
    snprintf(r->why, sizeof r->why, "%.4g ms by the model of costs", ns / 1e6);
    if (!t->best.schedule.lowering || ns < t->best.ns)
        t->best = (Incumbent){ .schedule = *sc, .ns = ns };
    int failed = tuning_record(t, sc, r, 0, 0);
    tuning_tell(t, &t->tried.at[t->tried.n - 1], r->why, 0, 0);
    free(r);
    return failed;
}

/* The guess is among what is ranked, as the first start. */
static void take_ranked(Tuning *t)
{
    dcn_tuned *o = t->out;
    const TuneTrial *guess = history_find(&t->tried, o->guess);
    o->ns = t->best.ns;
    o->guess_ns = guess ? guess->ns : 0;
    sched_print(&t->best.schedule, o->schedule, sizeof o->schedule);
}

/* ---- the search ---------------------------------------------------------------------------- */

static int try_point(Tuning *t, const SearchPoint *p, dcn_error *err)
{
    Schedule sc;
    char text[DCN_SCHEDULE_MAX];
    tune_space_schedule(&t->space, p, &sc);
    sched_print(&sc, text, sizeof text);
    if (t->opt->effort == DCN_TUNE_ESTIMATE)
        return rank(t, &sc, p, err);
    const TuneTrial *k = history_find(&t->before, text);
    double time = k && k->time > 0 ? k->time : -1;
    if (k)
        recall(t, &sc, k);
    else if (measure(t, &sc, &time, err))
        return -1;
    search_tell(t->search, p, time);
    return 0;
}

static bool is_over(Tuning *t)
{
    dcn_tuned *o = t->out;
    if (tuning_is_stopped(t))
        o->end = DCN_TUNE_STOPPED;
    else if (o->done && o->done < t->trials && t->seconds > 0 && tuning_seconds(t) >= t->seconds)
        o->end = DCN_TUNE_OUT_OF_TIME;
    return o->end != DCN_TUNE_COMPLETE || o->done >= t->trials;
}

static int search(Tuning *t, dcn_error *err)
{
    SearchPoint p;
    while (!is_over(t) && search_next(t->search, &p))
        if (try_point(t, &p, err))
            return -1;
    is_over(t);
    return 0;
}

static int run_plain(Tuning *t, dcn_error *err)
{
    if (search(t, err))
        return -1;
    if (t->opt->effort != DCN_TUNE_ESTIMATE)
        return tuning_finish(t, err);
    take_ranked(t);
    return 0;
}

int tuning_run(Tuning *t, dcn_error *err)
{
    int failed = t->space.start.lowering->parts ? tuning_run_composite(t, err) : run_plain(t, err);
    t->out->seconds = tuning_seconds(t);
    t->out->peak_gflops = t->peak;
    return failed;
}

/* ---- for everybody ------------------------------------------------------------------------- */

const char *dcn_tried_name(dcn_tried t)
{
    return (unsigned)t < DCN_TRIED_NKINDS ? tune_outcome_names[t] : "?";
}

int tuning_like(const Tuning *like, const dcn_spec *s, const dcn_tune_options *opt, dcn_tuned *out,
                dcn_error *err)
{
    static const dcn_tune_options plain;
    Tuning *t = calloc(1, sizeof *t);
    if (!t)
        return dcn_fail(err, DCN_EENV, "no memory to tune '%s'", s->name);
    *out = (dcn_tuned){ .end = DCN_TUNE_COMPLETE };
    *t = (Tuning){ .spec = s,
                   .opt = opt ? opt : &plain,
                   .lowerings = like->lowerings,
                   .place = like->place,
                   .patience = like->patience,
                   .min_seconds = like->min_seconds,
                   .out = out };
    int failed = tuning_open(t, err) || tuning_run(t, err);
    tuning_close(t);
    free(t);
    return failed ? -1 : 0;
}

int tune_remembering(const dcn_spec *s, const dcn_tune_options *opt, const TuneStoreAt *place,
                     dcn_tuned *out, dcn_error *err)
{
    const Tuning like = {
        .lowerings = cg_lowerings, .place = place, .patience = PATIENCE, .min_seconds = MIN_SECONDS
    };
    return tuning_like(&like, s, opt, out, err);
}

int dcn_tune(const dcn_spec *s, const dcn_tune_options *opt, dcn_tuned *out, dcn_error *err)
{
    return tune_remembering(s, opt, NULL, out, err);
}
