/* composite.c: tuning what is made of stages.
**
** Each distinct stage is tuned as the kernel that it is, in its own space and under its own key, so
** that what is found serves every kernel of that spec.  The dearest comes first; each has the share
** of candidates and of time that it has of the estimated cost, and what one leaves over goes to the
** others.  Then the whole is built once of the stages' winners and measured against the whole built
** of their guesses: that is what is recorded of it.
**
** A network has many stages and a schedule that does not name them (Lowering.is_brief): an effort is so much
** for each distinct one, and the whole is measured anew each time, because no text tells of which winners an
** earlier one was built.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "runtime/base/base.h"
#include "tuner/tune/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One stage. */
typedef struct Member {
    int like;    /* the first stage that is the same kernel */
    double cost; /* estimated ns by the guess, of all stages like it; only of the first of them */
    bool done;   /* tuned, or nothing is left to tune it with */
    double ns;   /* measured, of one run */
} Member;

typedef struct Composite {
    Tuning *t;
    int n;
    LoweringPart *part, *bound; /* as compiled; with the sizes that are timed */
    Member *member;
    Schedule whole; /* of what was found so far */

    int now;       /* the stage in hand */
    int64_t after; /* candidates that are planned for the stages after it */
} Composite;

enum { LEAST_CANDIDATES = 2 }; /* of a stage: the guess and one that could be better */

/* ---- which stages, and what each is worth ---------------------------------------------------- */

/* Where a lowering does not know its cost: as if memory were all. */
static double cost_of(const Composite *c, int i)
{
    static const double NS_PER_BYTE = 0.1;
    const Schedule *guess = &c->t->space.start.part[i].sched;
    const dcn_spec *s = &c->bound[i].spec;
    double ns = sched_cost(guess, s, &c->t->target, c->t->threads);
    return ns > 0 ? ns : NS_PER_BYTE * dcn_spec_bytes(s);
}

static void weigh(Composite *c)
{
    for (int i = 0; i < c->n; i++) {
        c->member[i].like = sched_part_like(c->part, i);
        c->member[i].done = c->member[i].like < i;
        c->member[c->member[i].like].cost += c->part[i].times * cost_of(c, i);
    }
}

/* What an effort grants, unless the user counts or clocks. */
static void scale_budget(const Composite *c)
{
    Tuning *t = c->t;
    int distinct = 0;
    for (int i = 0; i < c->n; i++)
        distinct += !c->member[i].done;
    if (!t->space.start.lowering->is_brief || distinct < 2 || t->opt->trials > 0)
        return;
    if (t->trials < INT64_MAX / distinct)
        t->trials *= distinct;
    if (t->opt->seconds <= 0)
        t->seconds *= distinct;
}

static int open(Composite *c, Tuning *t, dcn_error *err)
{
    const Lowering *lowering = t->space.start.lowering;
    *c = (Composite){ .t = t };
    c->n = lowering->parts(t->spec, &c->part);
    if (c->n >= 0 && lowering->parts(&t->bound, &c->bound) == c->n)
        c->member = calloc((size_t)c->n + 1, sizeof *c->member);
    if (!c->member || sched_copy(&t->space.start, &c->whole))
        return dcn_fail(err, DCN_EENV, "no memory for the stages of '%s'", t->spec->name);
    weigh(c);
    scale_budget(c);
    return 0;
}

static void close(Composite *c)
{
    free(c->part);
    free(c->bound);
    free(c->member);
    sched_free(&c->whole);
}

/* The dearest that is to be tuned, or -1; *share: its part of what is left of the cost. */
static int next_stage(const Composite *c, double *share)
{
    int next = -1;
    double sum = 0;
    for (int i = 0; i < c->n; i++) {
        if (c->member[i].done)
            continue;
        sum += c->member[i].cost;
        if (next < 0 || c->member[i].cost > c->member[next].cost)
            next = i;
    }
    *share = next < 0 ? 0 : c->member[next].cost / sum;
    return next;
}

/* ---- one stage ------------------------------------------------------------------------------- */

/* The candidates of the stages before this one are done, and those of the stages after it are to
** come. */
static void pass_on(void *self, const dcn_tune_progress *p)
{
    const Composite *c = self;
    const Tuning *t = c->t;
    const dcn_tuned *o = t->out;
    dcn_tune_progress whole = *p;
    whole.stage = c->part[c->now].name;
    whole.done += o->done;
    whole.planned += o->done + c->after;
    whole.seconds = tuning_seconds(t);
    whole.planned_seconds = t->seconds;
    for (int i = 0; i < DCN_TRIED_NKINDS; i++)
        whole.count[i] += o->count[i];
    t->opt->progress(t->opt->self, &whole);
}

static void report_end(Composite *c, const dcn_tuned *stage)
{
    const Tuning *t = c->t;
    const dcn_tune_progress p = { .done = t->out->done,
                                  .planned = t->out->done,
                                  .seconds = tuning_seconds(t),
                                  .planned_seconds = t->seconds,
                                  .schedule = stage->schedule,
                                  .why = "",
                                  .best = stage->schedule,
                                  .stage = c->part[c->now].name,
                                  .stage_end = stage };
    if (t->opt->progress)
        t->opt->progress(t->opt->self, &p);
}

static int64_t candidates_for(const Composite *c, double share)
{
    const Tuning *t = c->t;
    if (t->trials == INT64_MAX)
        return 0;
    if (t->opt->effort == DCN_TUNE_ESTIMATE) /* the model has time for all of them */
        return t->trials;
    int64_t left = t->trials - t->out->done, n = llround((double)left * share);
    return n > LEAST_CANDIDATES ? n : LEAST_CANDIDATES;
}

static int64_t candidates_after(const Composite *c, int64_t now)
{
    const Tuning *t = c->t;
    int64_t left = now ? t->trials - t->out->done - now : 0, least = 0;
    for (int i = 0; i < c->n; i++)
        least += !c->member[i].done && i != c->now ? LEAST_CANDIDATES : 0;
    return left > least ? left : least;
}

static dcn_tune_options options_for(Composite *c, double share, char narrow[DCN_SCHEDULE_MAX])
{
    const Tuning *t = c->t;
    const char *text = t->opt->schedule ? t->opt->schedule : t->spec->schedule;
    const dcn_spec *bound = &c->bound[c->now].spec;
    dcn_tune_options o = *t->opt;
    o.schedule = sched_part_text(text, c->part[c->now].name, narrow) ? narrow : NULL;
    o.target = &t->target;
    o.threads = t->threads;
    o.trials = candidates_for(c, share);
    o.seconds = t->seconds > 0 ? fmax(0.01, (t->seconds - tuning_seconds(t)) * share) : 0;
    o.sizes = (dcn_sizes){ bound->batch, bound->height, bound->width, bound->rois };
    o.progress = t->opt->progress ? pass_on : NULL;
    o.self = c;
    return o;
}

static void add_to(dcn_tuned *o, const dcn_tuned *stage)
{
    o->legal += stage->legal;
    o->done += stage->done;
    o->remembered += stage->remembered;
    for (int i = 0; i < DCN_TRIED_NKINDS; i++)
        o->count[i] += stage->count[i];
    o->drift |= stage->drift;
    o->end = stage->end > o->end ? stage->end : o->end;
    if (!o->note[0])
        memcpy(o->note, stage->note, sizeof o->note);
}

/* Every stage that is the same kernel gets the schedule. */
static int spread(Composite *c, const dcn_tuned *stage, dcn_error *err)
{
    const Tuning *t = c->t;
    for (int i = c->now; i < c->n; i++) {
        Schedule sc;
        if (c->member[i].like != c->now)
            continue;
        if (sched_parse(stage->schedule,
                        &(SchedFor){ &c->part[i].spec, &t->target, t->threads, NULL }, &sc, err))
            return -1;
        sched_free(&c->whole.part[i].sched);
        c->whole.part[i].sched = sc;
        c->member[i].ns = stage->ns;
    }
    return 0;
}

static int tune_stage(Composite *c, double share, dcn_error *err)
{
    char narrow[DCN_SCHEDULE_MAX];
    Tuning *t = c->t;
    dcn_error why;
    const dcn_tune_options o = options_for(c, share, narrow);
    dcn_tuned *stage = calloc(1, sizeof *stage);
    if (!stage)
        return dcn_fail(err, DCN_EENV, "no memory to tune '%s'", t->spec->name);
    c->after = candidates_after(c, o.trials);
    int failed = tuning_like(t, &c->part[c->now].spec, &o, stage, &why);
    if (failed)
        dcn_fail(err, why.code, "stage %s: %s", c->part[c->now].name, why.text);
    failed = failed || spread(c, stage, err);
    if (!failed) {
        add_to(t->out, stage);
        t->peak = stage->peak_gflops > 0 ? stage->peak_gflops : t->peak;
        report_end(c, stage);
    }
    c->member[c->now].done = true;
    free(stage);
    return failed;
}

static bool is_time_over(const Tuning *t)
{
    return t->out->done && t->seconds > 0 && tuning_seconds(t) >= t->seconds;
}

static int tune_stages(Composite *c, dcn_error *err)
{
    double share;
    while ((c->now = next_stage(c, &share)) >= 0 && !tuning_is_stopped(c->t)) {
        if (is_time_over(c->t)) {
            c->t->out->end = DCN_TUNE_OUT_OF_TIME;
            return 0;
        }
        if (tune_stage(c, share, err))
            return -1;
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static double sum_of(const Composite *c)
{
    double ns = 0;
    for (int i = 0; i < c->n; i++)
        ns += c->part[i].times * c->member[i].ns;
    return ns;
}

/* Nothing is measured: what the model says of the stages is what there is to say of the whole. */
static int rank(Composite *c, dcn_error *err)
{
    Tuning *t = c->t;
    dcn_tuned *o = t->out;
    CandidateResult *r = calloc(1, sizeof *r);
    if (!r)
        return dcn_fail(err, DCN_EENV, "no memory for a result");
    r->outcome = TUNE_ESTIMATED;
    r->measured.b_median = sum_of(c);
    snprintf(r->why, sizeof r->why, "%.4g ms by the model of costs", r->measured.b_median / 1e6);
    int failed = tuning_record(t, &c->whole, r, 0, 0);
    o->ns = r->measured.b_median;
    o->guess_ns = sched_cost(&t->space.start, &t->bound, &t->target, t->threads);
    free(r);
    return failed;
}

static void report_whole(Tuning *t, const Schedule *sc, const CandidateResult *r)
{
    char text[DCN_SCHEDULE_MAX];
    sched_print(sc, text, sizeof text);
    const TuneTrial k = { .schedule = text, .outcome = r->outcome, .ns = r->measured.b_median };
    tuning_tell(t, &k, r->why, 0, 1);
}

/* 1: the schedule won against the guess, or is it, or is a network's, whose text means winners of the
** stages in any case; 0: it did not, or the run was stopped; -1 */
static int confirm(Tuning *t, const Schedule *sc, CandidateResult *r, dcn_error *err)
{
    const Schedule *start = &t->space.start;
    const Incumbent guess = { .schedule = *start };
    const bool is_guess = sched_equal(sc, start), brief = start->lowering->is_brief;
    const Measured *m = &r->measured;
    if (tuning_try(t, sc, is_guess ? NULL : &guess, LEVEL_FINAL, r, err))
        return -1;
    if (r->stopped)
        return 0;
    const bool right = r->outcome == TUNE_OK;
    const bool won = right && (is_guess || brief || (m->sure && m->ratio_high < 1));
    const double time = !right ? 0 : is_guess ? 1 : m->ratio;
    if (won) {
        t->best = (Incumbent){ .schedule = *sc, .ns = m->b_median };
        t->best_time = time;
        tuning_fill(t, r);
        if (!brief)
            tuning_keep_code(t, sc, r);
    }
    if (tuning_record(t, sc, r, time, won && tuning_is_open(t)))
        return dcn_fail(err, DCN_EENV, "no memory to remember a candidate");
    report_whole(t, sc, r);
    return won;
}

static int confirm_either(Composite *c, CandidateResult *r, dcn_error *err)
{
    Tuning *t = c->t;
    const bool same = sched_equal(&c->whole, &t->space.start);
    int won = same ? 0 : confirm(t, &c->whole, r, err);
    free(r->object);
    r->object = NULL;
    if (won == 0 && !tuning_is_stopped(t))
        won = confirm(t, &t->space.start, r, err);
    if (won != 0 || tuning_is_stopped(t))
        return won < 0 ? -1 : 0;
    return dcn_fail(err, DCN_EFAILED, "'%s' does not compute the right result: %s", t->spec->name,
                    r->why);
}

/* An earlier run has confirmed this one, or measured it and found that the guess stays. */
static bool is_settled(Composite *c)
{
    Tuning *t = c->t;
    char whole[DCN_SCHEDULE_MAX];
    if (t->space.start.lowering->is_brief)
        return false;
    sched_print(&c->whole, whole, sizeof whole);
    const TuneTrial *known = history_find(&t->before, whole);
    const TuneTrial *guess = history_find(&t->before, t->out->guess);
    const TuneTrial *winner = known && known->winner   ? known
                              : guess && guess->winner ? guess
                                                       : NULL;
    if (!known || known->outcome != TUNE_OK || !winner)
        return false;
    t->best =
        (Incumbent){ .schedule = winner == known ? c->whole : t->space.start, .ns = winner->ns };
    t->best_time = winner->time;
    t->out->confirmed = 1;
    tuning_fill_unconfirmed(t);
    return true;
}

static int finish(Composite *c, dcn_error *err)
{
    Tuning *t = c->t;
    t->best = (Incumbent){ .schedule = c->whole, .ns = sum_of(c) };
    if (tuning_is_stopped(t) || is_settled(c))
        return 0;
    CandidateResult *r = calloc(1, sizeof *r);
    int failed = r ? 0 : dcn_fail(err, DCN_EENV, "no memory for a result");
    failed = failed || tuning_open_fixture(t, err) || confirm_either(c, r, err);
    if (r)
        free(r->object);
    free(r);
    return failed;
}

int tuning_run_composite(Tuning *t, dcn_error *err)
{
    Composite c;
    dcn_tuned *o = t->out;
    int failed = open(&c, t, err) || tune_stages(&c, err);
    if (!failed)
        failed = t->opt->effort == DCN_TUNE_ESTIMATE ? rank(&c, err) : finish(&c, err);
    if (!failed)
        sched_print(t->opt->effort == DCN_TUNE_ESTIMATE ? &c.whole : &t->best.schedule, o->schedule,
                    sizeof o->schedule);
    if (tuning_is_stopped(t))
        o->end = DCN_TUNE_STOPPED;
    t->best = (Incumbent){ .ns = 0 }; /* it borrowed */
    close(&c);
    return failed;
}
