/* candidate.c: one schedule, built, verified and timed in a process of its own.
**
** The process inherits the fixture and leaves its result in shared memory, stage by stage, so that its death tells
** at least where it died.  Its threads are its own: those of the parent stay behind in a fork.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/tune/candidate.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/exec/pool.h"
#include "tuner/check/verify.h"
#include "tuner/measure/peak.h"
#include "tuner/tune/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_OBJECT = 8 << 20, ALIGN = 4096 };
/* Times the other's time, in the run that verifies: of the case that is timed, of one that is dearer.  Only where
** timing it would take long, which is a share of the time for that: first runs of quick work say little. */
static const double FAR_TOO_SLOW = 4, FAR_TOO_SLOW_ANYWHERE = 8, LONG = 0.02;

typedef enum { BUILDING, LOADING, VERIFYING, TIMING, DONE } TrialStage;
static const char *const doing[] = { "building", "loading", "verifying", "timing", "ending" };

typedef struct Report {
    TrialStage stage;
    CandidateResult result; /* without the object, which follows */
    size_t size;
    unsigned char object[MAX_OBJECT];
} Report;

/* ---- in the child -------------------------------------------------------------------------- */

typedef struct Side {
    dcn_kernel kernel;
    Operands operands;
} Side;

typedef struct Trial {
    const CandidateJob *job;
    Report *report;
    rt_pool *pool;
    Side side[2];    /* the other, the candidate */
    void *workspace; /* of both in turn, so that neither has the luckier memory */
    size_t bytes;    /* of it */
    double first_ns;
} Trial;

static double now_ns(void *self)
{
    (void)self;
    return rt_now_ns();
}

static void set_outcome(Trial *t, TuneOutcome outcome, const char *why)
{
    CandidateResult *r = &t->report->result;
    r->outcome = outcome;
    snprintf(r->why, sizeof r->why, "%.*s", (int)sizeof r->why - 1, why);
    t->report->stage = DONE;
}

static int load(Trial *t, Side *side, const void *object, size_t size, dcn_error *err)
{
    const Fixture *fixture = t->job->fixture;
    side->kernel.spec = *fixture->spec;
    side->kernel.target = *fixture->target;
    return cg_load(object, size, &side->kernel, err);
}

static int build(Trial *t, dcn_error *err)
{
    const Fixture *fixture = t->job->fixture;
    Report *r = t->report;
    void *object;
    size_t size;
    if (cg_build(fixture->spec, t->job->schedule, fixture->target, CG_OBJ, &object, &size, err))
        return -1;
    if (size > sizeof r->object)
        return dcn_fail(err, DCN_EFAILED, "the object has %zu bytes, more than %d", size,
                        MAX_OBJECT);
    r->stage = LOADING;
    memcpy(r->object, object, size);
    r->size = size;
    return load(t, &t->side[1], object, size, err);
}

static int make_workspace(Trial *t, const dcn_kernel *k, dcn_error *err)
{
    const dcn_spec *s = &t->job->fixture->bound;
    const dcn_sizes sizes = { s->batch, s->height, s->width, s->rois };
    size_t bytes = dcn_kernel_workspace_bytes(k, sizes, t->job->fixture->threads);
    if (bytes <= t->bytes && t->workspace)
        return 0;
    free(t->workspace);
    t->bytes = bytes;
    t->workspace = aligned_alloc(ALIGN, (bytes / ALIGN + 1) * ALIGN);
    return t->workspace ? 0 : dcn_fail(err, DCN_EENV, "no memory for %zu bytes", bytes);
}

/* Give a kernel the operands of a case and a workspace. */
static int bind_operands(Trial *t, Side *side, const FixtureCase *c, dcn_error *err)
{
    if (tune_operands_share(&side->operands, &c->operands, &side->kernel, err))
        return -1;
    side->operands.parallel_for = rt_pool_for;
    side->operands.parallel_self = t->pool;
    return make_workspace(t, &side->kernel, err);
}

static int run_side(const Trial *t, const Side *side, dcn_error *err)
{
    return tune_run(&side->operands, t->job->fixture->threads, t->workspace, err);
}

/* Whether the last run says that timing would be a waste. */
static int is_far_too_slow(const Trial *t, double limit)
{
    const Incumbent *c = t->job->against;
    const MeasurePlan *p = &t->job->plan;
    return c && c->ns > 0 && p->stop_if_slower_than > 0 && t->first_ns > LONG * 1e9 * p->seconds &&
           t->first_ns > limit * c->ns;
}

static void drop(Trial *t)
{
    t->report->result.measured.ratio = t->first_ns / t->job->against->ns;
    set_outcome(t, TUNE_DROPPED, "its first run was far slower than the best");
}

/* 1: right, 0: there is an outcome, -1: could not be run */
static int verify_case(Trial *t, const FixtureCase *c, dcn_error *err)
{
    dcn_report report = { 0 };
    Side *side = &t->side[1];
    tune_operands_drop(&side->operands);
    if (bind_operands(t, side, c, err))
        return -1;
    tune_poison_outputs(&side->operands);
    double start = now_ns(NULL);
    if (run_side(t, side, err))
        return -1;
    t->first_ns = now_ns(NULL) - start;
    if (!expected_compare(&c->expected, &side->operands, c->name, &report))
        set_outcome(t, TUNE_WRONG, report.what);
    else if (is_far_too_slow(t, c == t->job->fixture->at ? FAR_TOO_SLOW : FAR_TOO_SLOW_ANYWHERE))
        drop(t);
    else
        return 1;
    return 0;
}

static int verify_thoroughly(Trial *t, dcn_error *err)
{
    dcn_report report;
    TuneTeam team = { t->job->fixture->threads, rt_pool_for, t->pool };
    if (tune_verify(&t->side[1].kernel, 1, &team, &report, err))
        return -1;
    if (report.failures)
        set_outcome(t, TUNE_WRONG, report.what);
    return !report.failures;
}

/* The case that is timed comes last and stays. */
static int verify(Trial *t, dcn_error *err)
{
    const Fixture *fixture = t->job->fixture;
    int right = 1;
    t->report->stage = VERIFYING;
    for (int i = fixture->ncases - 1; i >= 0 && right > 0; i--)
        right = verify_case(t, &fixture->at[i], err);
    if (right > 0 && t->job->thorough)
        right = verify_thoroughly(t, err);
    return right;
}

static int run_repeats(void *self, int which, int repeats)
{
    Trial *t = self;
    for (int i = 0; i < repeats; i++)
        if (run_side(t, &t->side[which], NULL))
            return -1;
    return 0;
}

static int open_other(Trial *t, dcn_error *err)
{
    const Incumbent *c = t->job->against;
    const Fixture *fixture = t->job->fixture;
    if (!c) {
        if (load(t, &t->side[0], t->report->object, t->report->size, err))
            return -1;
        return bind_operands(t, &t->side[0], &fixture->at[0], err);
    }
    void *object = c->object, *built = NULL;
    size_t size = c->size;
    int failed = !object &&
                 cg_build(fixture->spec, &c->schedule, fixture->target, CG_OBJ, &built, &size, err);
    failed = failed || load(t, &t->side[0], built ? built : object, size, err) ||
             bind_operands(t, &t->side[0], &fixture->at[0], err);
    free(built);
    return failed;
}

static int measure(Trial *t, dcn_error *err)
{
    Measured *m = &t->report->result.measured;
    const MeasureWork work = { t, run_repeats, now_ns };
    t->report->stage = TIMING;
    if (open_other(t, err) || measure_pair(&work, &t->job->plan, m))
        return -1;
    if (m->stopped_early)
        set_outcome(t, TUNE_DROPPED, "clearly slower than the best");
    else
        set_outcome(t, TUNE_OK, "");
    return 0;
}

static int find_peak(Trial *t, dcn_error *err)
{
    TunePeak probe;
    const Fixture *fixture = t->job->fixture;
    int failed =
        tune_peak_open(&probe, fixture->spec->dtype, fixture->target, fixture->threads, err);
    if (!failed) {
        probe.parallel_for = rt_pool_for;
        probe.parallel_self = t->pool;
        tune_peak_run(&probe);
        t->report->result.peak_gflops = tune_peak_run(&probe);
    }
    tune_peak_close(&probe);
    return failed;
}

static int stages(Trial *t, dcn_error *err)
{
    if (build(t, err) || rt_pool_open(t->job->fixture->threads, true, &t->pool, err))
        return -1;
    int right = verify(t, err);
    if (right <= 0)
        return right;
    if (t->job->peak && find_peak(t, err))
        return -1;
    return measure(t, err);
}

static void work(void *self)
{
    Trial *t = self;
    dcn_error err = { .code = DCN_OK };
    if (stages(t, &err))
        set_outcome(t, TUNE_REFUSED, err.text);
}

/* ---- in the parent ------------------------------------------------------------------------- */

static void report_death(const ChildEnd *end, TrialStage stage, CandidateResult *out)
{
    const char *when = doing[stage <= DONE ? stage : DONE];
    out->outcome = end->fate == CHILD_HUNG ? TUNE_TIMEOUT : TUNE_CRASHED;
    if (end->fate == CHILD_HUNG)
        snprintf(out->why, sizeof out->why, "killed while %s: it took too long", when);
    else if (end->signal)
        snprintf(out->why, sizeof out->why, "%s while %s%s%s", strsignal(end->signal), when,
                 *end->last_words ? ": " : "", end->last_words);
    else
        snprintf(out->why, sizeof out->why, "exit status %d while %s%s%s", end->status, when,
                 *end->last_words ? ": " : "", end->last_words);
}

/* The child may have written anything anywhere before it returned. */
static int take(const Report *r, CandidateResult *out, dcn_error *err)
{
    *out = r->result;
    out->object = NULL;
    out->why[sizeof out->why - 1] = '\0';
    if (r->stage != DONE || (unsigned)out->outcome > TUNE_DROPPED || r->size > sizeof r->object ||
        out->measured.pairs < 0 || out->measured.pairs > MEASURE_MAX_PAIRS) {
        out->outcome = TUNE_CRASHED;
        snprintf(out->why, sizeof out->why, "it ended without a result");
    }
    if (out->outcome != TUNE_OK)
        return 0;
    out->object = malloc(r->size + 1);
    out->size = r->size;
    if (!out->object)
        return dcn_fail(err, DCN_EENV, "no memory for an object of %zu bytes", r->size);
    memcpy(out->object, r->object, r->size);
    return 0;
}

int candidate_try(const CandidateJob *job, CandidateResult *out, dcn_error *err)
{
    *out = (CandidateResult){ .outcome = TUNE_CRASHED };
    Report *report = child_share(sizeof *report, err);
    if (!report)
        return -1;
    Trial trial = { .job = job, .report = report };
    ChildWork w = { work, &trial, job->seconds, job->stop };
    ChildEnd end;
    int failed = child_run(&w, &end, err);
    if (!failed && end.fate == CHILD_RETURNED)
        failed = take(report, out, err);
    else if (!failed && end.fate == CHILD_STOPPED)
        out->stopped = 1;
    else if (!failed)
        report_death(&end, report->stage, out);
    child_unshare(report, sizeof *report);
    return failed;
}
