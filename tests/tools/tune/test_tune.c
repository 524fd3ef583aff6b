/* test_tune.c: whole tuning runs: what they find, survive and remember.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "tests/support/case.h"
#include "tests/tools/tune/bad.h"
#include "tests/tools/tune/scratch.h"
#include "tuner/tune/tune.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(tune, .init = scratch_open, .fini = scratch_close);

/* Few channels of a small map: each candidate takes next to no time. */
static dcn_spec small_spec(void)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 6, 3, 8, 10);
    s.modulation = DCN_MODULATION_MASK;
    return s;
}

/* What the progress told. */
typedef struct Heard {
    char schedule[64][DCN_TEXT_MAX];
    int n, stop_after;
    volatile int stop;
    int64_t count[DCN_TRIED_NKINDS];
} Heard;

static void hear(void *self, const dcn_tune_progress *p)
{
    Heard *h = self;
    memcpy(h->count, p->count, sizeof h->count);
    if (p->confirming || h->n == 64)
        return;
    snprintf(h->schedule[h->n++], DCN_TEXT_MAX, "%s", p->schedule);
    cr_expect_eq(p->done, h->n);
    if (h->n == h->stop_after)
        h->stop = 1;
}

/* Seconds that a candidate has; few only where some hang. */
static double patience = 30;

static int run(const dcn_spec *s, dcn_tune_options *o, const Lowering *const *lowerings, Heard *h,
               dcn_tuned *out, dcn_error *err)
{
    Tuning *t = calloc(1, sizeof *t);
    *h = (Heard){ .stop_after = h->stop_after };
    o->progress = hear;
    o->self = h;
    o->stop = &h->stop;
    o->threads = 1;
    memset(out, 0, sizeof *out);
    *t = (Tuning){ .spec = s, .opt = o, .lowerings = lowerings, .patience = patience, .out = out };
    t->min_seconds = 0.05;
    int failed = tuning_open(t, err) || tuning_run(t, err);
    tuning_close(t);
    free(t);
    return failed ? -1 : 0;
}

/* ---- candidates that go wrong -------------------------------------------------------------- */

typedef struct Reasons {
    int crashed, wrong, timeout, refused, winners;
} Reasons;

static int read_reason(void *self, const TuneKey *key, const TuneRecord *r)
{
    Reasons *n = self;
    (void)key;
    n->crashed += r->outcome == TUNE_CRASHED && strstr(r->why, "while");
    n->wrong += r->outcome == TUNE_WRONG && strstr(r->why, "expected");
    n->timeout += r->outcome == TUNE_TIMEOUT && strstr(r->why, "too long");
    n->refused += r->outcome == TUNE_REFUSED && r->why[0];
    n->winners += r->winner;
    return 0;
}

static Reasons reasons_in_store(void)
{
    Reasons n = { 0 };
    TuneStore *st;
    cr_assert_eq(tune_store_open(NULL, &st, NULL), 0);
    cr_assert_eq(tune_store_each(st, NULL, read_reason, &n, NULL), 0);
    tune_store_close(st);
    return n;
}

Test(tune, survives_every_way_to_go_wrong, .timeout = 600)
{
    static const Lowering *lowerings[] = { &lower_direct, &bad_lowering, NULL };
    static Heard h;
    dcn_spec s = small_spec();
    dcn_tune_options o = { .effort = DCN_TUNE_EXHAUSTIVE };
    dcn_tuned t;
    dcn_error err;
    patience = 4;
    cr_assert_eq(run(&s, &o, lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.end, DCN_TUNE_COMPLETE);
    cr_expect_eq(t.done, t.legal);
    cr_expect_eq(t.confirmed, 1);
    cr_expect_eq(t.count[DCN_TRIED_CRASHED], 3);
    cr_expect_eq(t.count[DCN_TRIED_TIMEOUT], 2);
    cr_expect_eq(t.count[DCN_TRIED_WRONG], 2);
    cr_expect_eq(t.count[DCN_TRIED_REFUSED], 2);
    cr_expect(strncmp(t.schedule, "bad", 3) != 0 || !strcmp(t.schedule, "bad how=0"), "%s",
              t.schedule);
    Reasons n = reasons_in_store();
    cr_expect_eq(n.crashed, 3);
    cr_expect_eq(n.timeout, 2);
    cr_expect_eq(n.wrong, 2);
    cr_expect_eq(n.refused, 2);
    cr_expect_eq(n.winners, 1);
    dcn_tuned again;
    cr_assert_eq(run(&s, &o, lowerings, &h, &again, &err), 0, "%s", err.text);
    cr_expect_eq(again.remembered, t.done);
    cr_expect_eq(again.confirmed, 1);
    cr_expect_str_eq(again.schedule, t.schedule);
}

Test(tune, no_right_candidate_is_an_error, .timeout = 400)
{
    static const Lowering *lowerings[] = { &bad_lowering, NULL };
    static Heard h;
    dcn_spec s = small_spec();
    dcn_tune_options o = { .effort = DCN_TUNE_EXHAUSTIVE, .trials = 1 };
    dcn_tuned t;
    dcn_error err;
    bad_first = BAD_COMPUTES_WRONG;
    cr_expect_eq(run(&s, &o, lowerings, &h, &t, &err), -1);
    cr_expect_eq(err.code, DCN_EFAILED);
    cr_expect_not_null(strstr(err.text, "none of 1 candidates"), "%s", err.text);
}

/* ---- what decided -------------------------------------------------------------------------- */

typedef struct TurnsSeen {
    TuneStore *other; /* on the same file */
    int timed, kept;
} TurnsSeen;

static int look_for_turns(void *self, const TuneKey *key, const TuneRecord *r)
{
    TurnsSeen *n = self;
    TuneTurns turns;
    if (r->outcome != TUNE_OK && r->outcome != TUNE_DROPPED)
        return 0;
    n->timed++;
    if (tune_turns_get(n->other, key, r, &turns, NULL))
        return 0;
    n->kept++;
    cr_expect(turns.low <= turns.ratio && turns.ratio <= turns.high && turns.low > 0);
    cr_expect_str_neq(turns.against, r->schedule);
    return 0;
}

/* All but the guess are measured against another, and that stays when the winner is confirmed.  Which
** lowering the guess is of depends on the machine, so that both may be tried. */
Test(tune, keeps_what_decided, .timeout = 400)
{
    static const Lowering *lowerings[] = { &lower_direct, &lower_tiled, NULL };
    static Heard h;
    dcn_spec s = small_spec();
    dcn_tune_options o = { .trials = 4 };
    dcn_tuned t;
    dcn_error err;
    TuneStore *st;
    TurnsSeen n = { .timed = 0 };
    cr_assert_eq(run(&s, &o, lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_str_eq(t.note, "");
    cr_assert_eq(tune_store_open(NULL, &st, NULL), 0);
    cr_assert_eq(tune_store_open(NULL, &n.other, NULL), 0);
    cr_assert_eq(tune_store_each(st, NULL, look_for_turns, &n, NULL), 0);
    tune_store_close(n.other);
    tune_store_close(st);
    cr_expect_geq(n.timed, 2);
    cr_expect_geq(n.kept, n.timed - 1);
}

/* ---- what is used of a store that others wrote ---------------------------------------------- */

static void put_as(const TuneKey *key, const char *schedule, double ns, bool winner)
{
    TuneStore *st;
    dcn_error err;
    TuneRecord r = { .lowering = "direct",
                     .rev = lower_direct.rev,
                     .offsets = "zero",
                     .ns_median = ns,
                     .gain = 2,
                     .winner = winner };
    snprintf(r.schedule, sizeof r.schedule, "%s", schedule);
    cr_assert_eq(tune_store_open(NULL, &st, NULL), 0);
    cr_assert_eq(tune_store_put(st, key, &r, &err), 0, "%s", err.text);
    tune_store_close(st);
}

/* A winner, and a record that is faster than all, of schedules that there are not. */
Test(tune, what_is_not_legal_hides_nothing)
{
    const dcn_spec s = small_spec();
    const dcn_options opt = { .threads = 1 };
    dcn_target native;
    TuneKey key;
    dcn_choice c;
    dcn_error err;
    Schedule sc;
    char good[DCN_SCHEDULE_MAX];
    cr_assert_eq(dcn_target_native(&native, NULL), 0);
    cr_assert_eq(tune_key(&s, &native, 1, &key, NULL), 0);
    cr_assert_eq(sched_parse("direct oc_block=1", &(SchedFor){ &s, &native, 1, NULL }, &sc, NULL),
                 0);
    sched_print(&sc, good, sizeof good);
    put_as(&key, "direct lanes=3 oc_block=7", 100, true);
    put_as(&key, "direct lanes=5 oc_block=7", 1, false);
    cr_assert_eq(dcn_explain(&s, &opt, &c, NULL, 0, &err), 0, "%s", err.text);
    cr_expect_eq(c.origin, DCN_ORIGIN_GUESS);
    cr_expect_not_null(strstr(c.note, "lanes"), "and it says why: %s", c.note);
    put_as(&key, good, 200, false);
    cr_assert_eq(dcn_explain(&s, &opt, &c, NULL, 0, &err), 0, "%s", err.text);
    cr_expect_eq(c.origin, DCN_ORIGIN_TUNED);
    cr_expect_str_eq(c.schedule, good);
}

/* ---- stopping and going on ----------------------------------------------------------------- */

Test(tune, goes_on_where_it_was_stopped, .timeout = 400)
{
    static Heard first, second;
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 16, 16, 8, 10);
    dcn_tune_options o = { .trials = 12, .seed = 5 };
    dcn_tuned t;
    dcn_error err;
    first.stop_after = 7;
    cr_assert_eq(run(&s, &o, cg_lowerings, &first, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.end, DCN_TUNE_STOPPED);
    cr_expect_eq(t.done, 7);
    cr_expect_eq(t.confirmed, 0);
    cr_assert_eq(run(&s, &o, cg_lowerings, &second, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.end, DCN_TUNE_COMPLETE);
    cr_expect_eq(t.remembered, 7);
    cr_expect_eq(t.done, 12);
    cr_expect_eq(t.confirmed, 1);
    for (int i = 0; i < 7; i++)
        cr_expect_str_eq(second.schedule[i], first.schedule[i]);
}

Test(tune, time_ends_it, .timeout = 400)
{
    static Heard h;
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 16, 16, 8, 10);
    dcn_tune_options o = { .effort = DCN_TUNE_EXHAUSTIVE, .seconds = 0.3 };
    dcn_tuned t;
    dcn_error err;
    cr_assert_eq(run(&s, &o, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.end, DCN_TUNE_OUT_OF_TIME);
    cr_expect_geq(t.done, 1);
    cr_expect_lt(t.done, t.legal);
    cr_expect_eq(t.confirmed, 1);
}

/* ---- what it is for ------------------------------------------------------------------------ */

static int count_estimated(void *self, const TuneKey *key, const TuneRecord *r)
{
    (void)key;
    *(int *)self += r->outcome == TUNE_ESTIMATED && r->ns_median == 0 && r->gain == 0;
    return 0;
}

Test(tune, an_estimate_measures_nothing)
{
    static Heard h;
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 100, 100);
    dcn_tune_options o = { .effort = DCN_TUNE_ESTIMATE };
    dcn_tuned t;
    dcn_error err;
    TuneStore *st;
    TuneKey key;
    static TuneRecord best;
    dcn_target target;
    cr_assert_eq(run(&s, &o, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.count[DCN_TRIED_ESTIMATED], 16);
    cr_expect_eq(t.done, 16);
    cr_expect_eq(t.confirmed, 0);
    cr_expect(t.ns > 0 && t.ns <= t.guess_ns, "%g %g", t.ns, t.guess_ns);
    int estimated = 0;
    cr_assert_eq(tune_store_open(NULL, &st, &err), 0);
    cr_assert_eq(tune_store_each(st, NULL, count_estimated, &estimated, &err), 0);
    cr_expect_eq(estimated, 16);
    dcn_target_native(&target, &err);
    cr_assert_eq(tune_key(&s, &target, 1, &key, &err), 0);
    cr_expect_eq(tune_store_best(st, &key, NULL, &best, &err), 1);
    tune_store_close(st);
}

Test(tune, fixed_knobs_stay_and_make_no_winner, .timeout = 400)
{
    static Heard h;
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 16, 16, 8, 10);
    dcn_tune_options o = { .trials = 5, .schedule = "direct lanes=8" };
    dcn_tuned t;
    dcn_error err;
    cr_assert_eq(run(&s, &o, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.legal, 5);
    for (int i = 0; i < h.n; i++)
        cr_expect_not_null(strstr(h.schedule[i], "direct lanes=8 "), "%s", h.schedule[i]);
    cr_expect_eq(reasons_in_store().winners, 0);
    strcpy(s.schedule, "direct oc_block=4");
    o.schedule = NULL;
    cr_assert_eq(run(&s, &o, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
    for (int i = 0; i < h.n; i++)
        cr_expect_not_null(strstr(h.schedule[i], " oc_block=4"), "%s", h.schedule[i]);
    cr_expect_eq(reasons_in_store().winners, 0);
}

Test(tune, dynamic_sizes_get_one_that_is_told, .timeout = 400)
{
    static Heard h;
    dcn_spec s = small_spec();
    dcn_tune_options o = { .trials = 2, .sizes = { 0, 9, 0, 0 } };
    dcn_tuned t;
    dcn_error err;
    s.batch = s.height = s.width = DCN_DYNAMIC;
    cr_assert_eq(run(&s, &o, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.dynamic, 1);
    cr_expect(t.sizes.batch == 1 && t.sizes.height == 9 && t.sizes.width == 64);
    cr_expect_eq(t.confirmed, 1);
}

Test(tune, goes_on_without_a_store, .timeout = 400)
{
    static Heard h;
    dcn_spec s = small_spec();
    dcn_tune_options o = { .trials = 2 };
    dcn_tuned t;
    dcn_error err;
    setenv("DCNGEN_CACHE", "off", 1);
    cr_assert_eq(run(&s, &o, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.confirmed, 1);
    setenv("DCNGEN_CACHE", "rw", 1);
    cr_assert_eq(run(&s, &o, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.remembered, 0);
}

Test(tune, what_cannot_be_tuned_is_said)
{
    static Heard h;
    dcn_spec s = small_spec();
    dcn_tuned t;
    dcn_error err;
    dcn_target arm;
    cr_assert_eq(dcn_target_parse("neoverse-v1", NULL, NULL, &arm, &err), 0, "%s", err.text);
    const struct {
        dcn_tune_options o;
        dcn_status code;
        const char *text;
    } rows[] = {
        { { .offsets = "normal:x" }, DCN_EUSAGE, "offsets 'normal:x' are not" },
        { { .offsets = "/nonexistent/o.npy" }, DCN_EENV, "o.npy" },
        { { .schedule = "direct lanes=3" }, DCN_EUSAGE, "lanes" },
        { { .target = &arm }, DCN_EENV, "does not run on this machine" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        dcn_tune_options o = rows[i].o;
        cr_expect_eq(run(&s, &o, cg_lowerings, &h, &t, &err), -1);
        cr_expect_not_null(strstr(err.text, rows[i].text), "%s", err.text);
    }
    dcn_tune_options estimate = { .target = &arm, .effort = DCN_TUNE_ESTIMATE };
    cr_expect_eq(run(&s, &estimate, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
}

/* A file's own offsets, which must have the tensor's shape. */
Test(tune, offsets_from_a_file, .timeout = 400)
{
    static Heard h;
    dcn_spec s = small_spec();
    dcn_tuned t;
    dcn_error err;
    char path[96];
    snprintf(path, sizeof path, "%s/o.npy", getenv("DCNGEN_CACHE_DIR"));
    static float data[18 * 8 * 10];
    rt_array a = { RT_F32, 4, { 1, 18, 8, 10 }, 18 * 8 * 10, data };
    dcn_tune_options o = { .trials = 2, .offsets = path };
    cr_assert_eq(rt_npy_write(path, &a, &err), 0, "%s", err.text);
    cr_assert_eq(run(&s, &o, cg_lowerings, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.confirmed, 1);
    s.height = 9;
    cr_expect_eq(run(&s, &o, cg_lowerings, &h, &t, &err), -1);
    cr_expect_not_null(strstr(err.text, "[1,18,8,10]"), "%s", err.text);
    cr_expect_not_null(strstr(err.text, "[1,18,9,10]"), "%s", err.text);
}
