/* test_candidate.c: a candidate that goes wrong costs that candidate only.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/case.h"
#include "tests/tools/tune/bad.h"
#include "tuner/tune/candidate.h"
#include "tuner/tune/child.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Setting {
    dcn_spec spec;
    dcn_target target;
    TuneOffsets offsets;
    Fixture fixture;
} Setting;

static Setting *setting(int threads)
{
    static Setting s;
    dcn_error err;
    s.spec = case_spec(DCN_OP_DEFORM_CONV2D, 8, 8, 9, 11);
    s.spec.modulation = DCN_MODULATION_MASK;
    cr_assert_eq(dcn_target_native(&s.target, &err), 0);
    cr_assert_eq(tune_offsets_open(&s.offsets, "normal:1", &err), 0);
    const FixtureFor f = { &s.spec, &s.spec, &s.target, threads, &s.offsets, 1, NULL };
    cr_assert_eq(fixture_open(&s.fixture, &f, &err), 0, "%s", err.text);
    return &s;
}

static CandidateJob job_of(const Setting *s, const Schedule *sc, const Incumbent *against)
{
    return (CandidateJob){ .fixture = &s->fixture,
                           .schedule = sc,
                           .against = against,
                           .plan = { .min_pairs = 8,
                                     .max_pairs = 32,
                                     .seconds = 0.05,
                                     .reading_ns = 1e4,
                                     .confidence = 0.95,
                                     .resolution = 0.05 },
                           .seconds = 60 };
}

/* static: the result is large */
static CandidateResult *try_way(const Setting *s, BadWay way, double seconds)
{
    static CandidateResult r;
    const Schedule sc = { .lowering = &bad_lowering, .k = { way } };
    CandidateJob job = job_of(s, &sc, NULL);
    job.seconds = seconds;
    dcn_error err;
    cr_assert_eq(candidate_try(&job, &r, &err), 0, "%s", err.text);
    free(r.object);
    return &r;
}

Test(candidate, every_way_to_go_wrong_is_told)
{
    static const struct {
        BadWay way;
        TuneOutcome outcome;
        const char *why; /* part of it */
    } rows[] = {
        { BAD_NOT, TUNE_OK, "" },
        { BAD_CRASHES_BUILDING, TUNE_CRASHED, "Segmentation fault while building" },
        { BAD_ABORTS_BUILDING, TUNE_CRASHED, "Aborted while building: this was it" },
        { BAD_HANGS_BUILDING, TUNE_TIMEOUT, "killed while building: it took too long" },
        { BAD_FATAL_IN_LLVM, TUNE_REFUSED, "LLVM" },
        { BAD_INVALID_IR, TUNE_REFUSED, "internal" },
        { BAD_CRASHES_RUNNING, TUNE_CRASHED, "while verifying" },
        { BAD_HANGS_RUNNING, TUNE_TIMEOUT, "killed while verifying" },
        { BAD_COMPUTES_WRONG, TUNE_WRONG, "expected" },
        { BAD_WRONG_AT_BORDERS, TUNE_WRONG, "offsets of every kind" },
    };
    Setting *s = setting(1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool hangs = rows[i].outcome == TUNE_TIMEOUT;
        CandidateResult *r = try_way(s, rows[i].way, hangs ? 1 : 60);
        cr_expect_eq(r->outcome, rows[i].outcome, "way %d: %s: %s", rows[i].way,
                     tune_outcome_names[r->outcome], r->why);
        cr_expect_not_null(strstr(r->why, rows[i].why), "way %d: %s", rows[i].way, r->why);
        cr_expect_eq(r->stopped, 0);
    }
    fixture_close(&s->fixture);
}

Test(candidate, a_right_one_is_timed_and_brings_its_code)
{
    for (int threads = 1; threads <= 2; threads++) {
        Setting *s = setting(threads);
        Schedule sc[2];
        dcn_error err;
        static CandidateResult a, b;
        cr_assert_eq(
            sched_parse("direct", &(SchedFor){ &s->spec, &s->target, 0, NULL }, &sc[0], &err), 0);
        cr_assert_eq(sched_guess(&(SchedFor){ &s->spec, &s->target, 0, NULL }, &sc[1], &err), 0);
        CandidateJob job = job_of(s, &sc[0], NULL);
        job.peak = 1;
        cr_assert_eq(candidate_try(&job, &a, &err), 0, "%s", err.text);
        cr_assert_eq(a.outcome, TUNE_OK, "%s", a.why);
        cr_expect(a.measured.pairs >= 2 && a.measured.ratio > 0 && a.measured.b_median > 0);
        cr_expect_gt(a.peak_gflops, 0);
        const Incumbent with_code = { sc[0], a.object, a.size, a.measured.b_median };
        const Incumbent without = { .schedule = sc[0] };
        const Incumbent *against[] = { &with_code, &without };
        for (int i = 0; i < 2; i++) {
            CandidateJob second = job_of(s, &sc[1], against[i]);
            second.thorough = i;
            cr_assert_eq(candidate_try(&second, &b, &err), 0, "%s", err.text);
            cr_expect_eq(b.outcome, TUNE_OK, "%s", b.why);
            dcn_kernel k = { .spec = s->spec };
            cr_expect_eq(cg_load(b.object, b.size, &k, &err), 0, "%s", err.text);
            cg_unload(k.owner);
            free(b.object);
        }
        free(a.object);
        fixture_close(&s->fixture);
    }
}

Test(candidate, what_is_far_slower_is_dropped)
{
    Setting *s = setting(1);
    const Schedule sc = { .lowering = &bad_lowering, .k = { BAD_NOT } };
    const Incumbent other = { .schedule = sc, .ns = 1 }; /* a nanosecond: nothing can be near it */
    CandidateJob job = job_of(s, &sc, &other);
    static CandidateResult r;
    job.plan.stop_if_slower_than = 1.1;
    job.plan.seconds = 1e-9; /* any run takes long beside this */
    cr_assert_eq(candidate_try(&job, &r, NULL), 0);
    cr_expect_eq(r.outcome, TUNE_DROPPED, "%s", r.why);
    cr_expect_gt(r.measured.ratio, 4);
    cr_expect_null(r.object);
    job.plan.seconds = 60;
    cr_assert_eq(candidate_try(&job, &r, NULL), 0);
    cr_expect_neq(r.measured.pairs, 0, "quick work is timed whatever its first run took: %s",
                  r.why);
    free(r.object);
    fixture_close(&s->fixture);
}

/* ---- the process --------------------------------------------------------------------------- */

static volatile int stop;

static void raise_stop(int signal)
{
    (void)signal;
    stop = 1;
}

Test(candidate, a_stop_ends_it)
{
    Setting *s = setting(1);
    const Schedule sc = { .lowering = &bad_lowering, .k = { BAD_HANGS_BUILDING } };
    CandidateJob job = job_of(s, &sc, NULL);
    static CandidateResult r;
    job.stop = &stop;
    signal(SIGALRM, raise_stop);
    alarm(1);
    cr_assert_eq(candidate_try(&job, &r, NULL), 0);
    cr_expect_eq(r.stopped, 1);
    fixture_close(&s->fixture);
}

/* The reference of a large gradient, which is computed as a whole, takes long. */
Test(candidate, a_stop_ends_the_reference, .timeout = 300)
{
    static Fixture fixture;
    static TuneOffsets offsets;
    dcn_error err;
    dcn_target target;
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 128, 128, 256, 256);
    s.gradient = DCN_GRADIENT_ALL;
    cr_assert_eq(dcn_target_native(&target, &err), 0);
    cr_assert_eq(tune_offsets_open(&offsets, "zero", &err), 0);
    const FixtureFor f = { &s, &s, &target, 1, &offsets, 1, &stop };
    signal(SIGALRM, raise_stop);
    alarm(1);
    cr_expect_eq(fixture_open(&fixture, &f, &err), 0, "%s", err.text);
    cr_expect_eq(stop, 1);
    cr_expect_leq(fixture.ncases, 1);
    cr_expect_eq(fixture.at[0].expected.n, 0);
    fixture_close(&fixture);
}

static void sleep_long(void *self)
{
    *(pid_t *)self = getpid();
    for (;;)
        pause();
}

/* The child must not outlive a parent that was killed. */
Test(child, dies_with_its_parent)
{
    pid_t *child = child_share(sizeof *child, NULL);
    pid_t parent = fork();
    if (parent == 0) {
        const ChildWork w = { sleep_long, child, 1000, NULL };
        ChildEnd end;
        child_run(&w, &end, NULL);
        _exit(0);
    }
    while (!*(volatile pid_t *)child)
        usleep(1000);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    int tries = 0;
    while (kill(*child, 0) == 0 && tries++ < 5000)
        usleep(1000);
    cr_expect_lt(tries, 5000);
    child_unshare(child, sizeof *child);
}

static void chatter(void *self)
{
    (void)self;
    char line[1000];
    memset(line, 'x', sizeof line);
    for (int i = 0; i < 1000; i++)
        if (write(2, line, sizeof line) < 0)
            return;
    if (write(2, "\nthe end\n", 9) == 9)
        _exit(7);
}

Test(child, may_say_as_much_as_it_likes)
{
    const ChildWork w = { chatter, NULL, 60, NULL };
    ChildEnd end;
    cr_assert_eq(child_run(&w, &end, NULL), 0);
    cr_expect_eq(end.fate, CHILD_DIED);
    cr_expect_eq(end.status, 7);
    cr_expect_str_eq(end.last_words, "the end");
}
