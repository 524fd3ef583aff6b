/* try.c: one candidate of a tuning run: tried, put down, told.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "tuner/tune/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double FIRST = 5; /* times the patience: nothing is known of how long a run takes */

/* Whatever slows one reading by that much hardly hits B, and B only, in both of the first pairs. */
static const double STOP_IF_SLOWER = 1.15;

static MeasurePlan plan_of(const Tuning *t, const Incumbent *against, MeasureLevel level)
{
    const double run = t->best.ns / 1e9;
    const bool screens = level == LEVEL_SCREEN && against, challenges = level == LEVEL_CHALLENGE;
    MeasurePlan plan = { .min_pairs = 8,
                         .max_pairs = MEASURE_MAX_PAIRS,
                         .seconds = level == LEVEL_SCREEN ? t->min_seconds / 2
                                                          : fmax(t->min_seconds, 40 * run),
                         .reading_ns = 3e5,
                         .confidence = 0.95,
                         .resolution = level == LEVEL_SCREEN ? 0.02 : 0.005,
                         .stop_if_slower_than = screens ? STOP_IF_SLOWER : 0,
                         .stop_unless_below = screens || challenges ? 1 - TUNING_NOISE : 0,
                         .reversed = level != LEVEL_SCREEN };
    return plan;
}

int tuning_try(Tuning *t, const Schedule *sc, const Incumbent *against, MeasureLevel level,
               CandidateResult *r, dcn_error *err)
{
    const bool first = t->best.ns <= 0;
    CandidateJob job = { .fixture = &t->fixture,
                         .schedule = sc,
                         .against = against,
                         .plan = plan_of(t, against, level),
                         .thorough = level == LEVEL_FINAL,
                         .peak = t->peak <= 0,
                         .stop = t->opt->stop };
    job.seconds = t->patience * (first ? FIRST : 1) + 300 * t->best.ns / 1e9;
    t->measured++;
    if (candidate_try(&job, r, err))
        return -1;
    if (r->peak_gflops > 0)
        t->peak = r->peak_gflops;
    return 0;
}

/* ---- putting down -------------------------------------------------------------------------- */

static void say_where(const Tuning *t, TuneRecord *to)
{
    tune_where(t->host[0] ? t->host : "not measured", to->where);
}

static void fill_times(TuneRecord *to, const CandidateResult *r, double time)
{
    const Measured *m = &r->measured;
    to->ns_median = m->b_median;
    to->ns_low = m->b_low;
    to->ns_high = m->b_high;
    to->gain = time > 0 ? 1 / time : 0;
    to->nsamples = m->pairs < TUNE_MAX_SAMPLES ? m->pairs : TUNE_MAX_SAMPLES;
    memcpy(to->sample, m->b, (size_t)to->nsamples * sizeof *to->sample);
}

/* The store may fail in the middle of a run, as when the disk is full: that is noted once. */
static void note(Tuning *t, const dcn_error *why)
{
    if (!t->out->note[0])
        snprintf(t->out->note, sizeof t->out->note, "%s", why->text);
}

/* What decided about a candidate stays when it is measured once more. */
static void put(Tuning *t, const TuneRecord *r)
{
    dcn_error why;
    TuneTurns turns;
    if (!t->store)
        return;
    const bool has_turns = tune_turns_get(t->store, &t->key, r, &turns, NULL) == 0;
    if (tune_store_put(t->store, &t->key, r, &why) ||
        (has_turns && tune_turns_put(t->store, &t->key, r, &turns, &why)))
        note(t, &why);
    if (!t->is_named)
        t->is_named = !tune_name_put(t->store, &t->key, t->spec->name, NULL);
}

void tuning_keep_turns(Tuning *t, const Schedule *sc, const Schedule *against, const Measured *m)
{
    TuneRecord *of = calloc(1, sizeof *of);
    TuneTurns turns = { .ratio = m->ratio, .low = m->ratio_low, .high = m->ratio_high };
    dcn_error why;
    if (of && t->store && m->pairs > 0 && turns.low > 0) {
        sched_print(sc, of->schedule, sizeof of->schedule);
        memcpy(of->offsets, t->offsets.name, sizeof of->offsets);
        sched_print(against, turns.against, sizeof turns.against);
        if (tune_turns_put(t->store, &t->key, of, &turns, &why))
            note(t, &why);
    }
    free(of);
}

/* One that is measured again, to confirm it, stays where it was tried first. */
static void keep_place(const Tuning *t, TuneTrial *k)
{
    const TuneTrial *first = history_find(&t->tried, k->schedule);
    k->run = first ? first->run : t->run;
    k->trial = first ? first->trial : t->out->done;
}

int tuning_record(Tuning *t, const Schedule *sc, const CandidateResult *r, double relative,
                  int winner)
{
    TuneRecord *to = calloc(1, sizeof *to);
    if (!to)
        return -1;
    sched_print(sc, to->schedule, sizeof to->schedule);
    TuneTrial k = { .schedule = to->schedule,
                    .outcome = r->outcome,
                    .time = relative,
                    .ns = r->measured.b_median,
                    .winner = winner };
    keep_place(t, &k);
    memcpy(to->offsets, t->offsets.name, sizeof to->offsets);
    memcpy(to->why, r->why, sizeof to->why);
    snprintf(to->lowering, sizeof to->lowering, "%s", sc->lowering->name);
    to->rev = sc->nparts ? sched_rev(to->lowering, to->schedule) : sc->lowering->rev;
    to->outcome = r->outcome;
    to->peak_gflops = t->peak;
    to->flops = t->out->flops;
    to->when = (int64_t)time(NULL);
    to->run = k.run;
    to->trial = k.trial;
    to->winner = winner;
    say_where(t, to);
    if (r->outcome == TUNE_OK || r->outcome == TUNE_DROPPED)
        fill_times(to, r, relative);
    if (r->outcome != TUNE_ESTIMATED || !history_find(&t->before, k.schedule))
        put(t, to);
    int failed = history_add(&t->tried, &k);
    free(to);
    return failed;
}

void tuning_keep_code(Tuning *t, const Schedule *sc, const CandidateResult *r)
{
    char text[DCN_SCHEDULE_MAX];
    dcn_error why;
    sched_print(sc, text, sizeof text);
    const TuneCode code = { &t->key, t->spec->name, text };
    if (t->store && r->object && tune_code_put(t->store, &code, r->object, r->size, &why))
        note(t, &why);
}

void tuning_lead(Tuning *t, const Schedule *sc, CandidateResult *r, double time)
{
    free(t->best.object);
    t->best = (Incumbent){ *sc, r->object, r->size, r->measured.b_median };
    t->best_time = time;
    r->object = NULL;
}

/* ---- telling ------------------------------------------------------------------------------- */

void tuning_tell(Tuning *t, const TuneTrial *k, const char *why, int remembered, int confirming)
{
    dcn_tuned *o = t->out;
    char best[DCN_SCHEDULE_MAX] = "";
    if (!confirming) {
        o->done++;
        o->remembered += remembered;
        o->count[k->outcome]++;
    }
    if (!t->opt->progress)
        return;
    if (t->best.schedule.lowering)
        sched_print(&t->best.schedule, best, sizeof best);
    int64_t planned = t->trials < o->legal ? t->trials : o->legal;
    dcn_tune_progress p = { .done = o->done,
                            .planned = planned > o->done ? planned : o->done,
                            .seconds = tuning_seconds(t),
                            .planned_seconds = t->seconds,
                            .schedule = k->schedule,
                            .outcome = (dcn_tried)k->outcome,
                            .why = why,
                            .remembered = remembered,
                            .confirming = confirming,
                            .ns = k->ns,
                            .best = best,
                            .best_ns = t->best.ns,
                            .gain = t->best_time > 0 ? 1 / t->best_time : 0 };
    memcpy(p.count, o->count, sizeof p.count);
    t->opt->progress(t->opt->self, &p);
}
