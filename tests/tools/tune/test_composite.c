/* test_composite.c: tuning a module is tuning its stages, which others share.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/case.h"
#include "tests/tools/tune/scratch.h"
#include "tuner/tune/tune.h"

#include <criterion/criterion.h>
#include <dcngen/cache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(composite, .init = scratch_open, .fini = scratch_close, .timeout = 900);

/* Stages: offset, a convolution to 27 channels, and deform. */
static dcn_spec pack(void)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D_PACK);
    snprintf(s.name, sizeof s.name, "pack");
    s.batch = 1;
    s.height = s.width = 8;
    s.in_channels = s.out_channels = 16;
    s.kernel[0] = s.kernel[1] = 3;
    s.padding[0] = s.padding[1] = s.padding[2] = s.padding[3] = 1;
    s.modulation = DCN_MODULATION_SIGMOID;
    dcn_spec_complete(&s);
    return s;
}

/* Four fully connected layers, of which two are the same kernel. */
static dcn_spec roi_pack(void)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_ROI_POOL_PACK);
    snprintf(s.name, sizeof s.name, "roi_pack");
    s.batch = 1;
    s.height = s.width = 8;
    s.in_channels = 4;
    s.rois = 5;
    s.pooled[0] = s.pooled[1] = 2;
    s.spatial_scale = 0.5;
    s.fc_channels = 16;
    s.modulation = DCN_MODULATION_SIGMOID;
    dcn_spec_complete(&s);
    return s;
}

/* ---- a run --------------------------------------------------------------------------------- */

enum { MOST_ENDS = 16 };

typedef struct Heard {
    int ends;
    char stage[MOST_ENDS][DCN_NAME_MAX]; /* in the order in which they ended */
    dcn_tuned end[MOST_ENDS];
    int64_t candidates, stop_after;
    int confirmed; /* times that the module itself was measured */
    volatile int stop;
} Heard;

static void hear(void *self, const dcn_tune_progress *p)
{
    Heard *h = self;
    cr_expect_leq(p->done, p->planned, "%s: %lld of %lld, end %d conf %d",
                  p->stage ? p->stage : "-", (long long)p->done, (long long)p->planned,
                  !!p->stage_end, p->confirming);
    if (p->stage_end) {
        cr_assert_lt(h->ends, MOST_ENDS);
        snprintf(h->stage[h->ends], DCN_NAME_MAX, "%s", p->stage);
        h->end[h->ends++] = *p->stage_end;
    } else if (!p->confirming) {
        cr_expect_not_null(p->stage);
        cr_expect_eq(p->done, ++h->candidates);
        h->stop = h->stop || p->done == h->stop_after;
    } else {
        h->confirmed += !p->stage;
    }
}

static int run(const dcn_spec *s, dcn_tune_options *o, Heard *h, dcn_tuned *out, dcn_error *err)
{
    const Tuning like = { .lowerings = cg_lowerings, .patience = 30, .min_seconds = 0.05 };
    *h = (Heard){ .stop_after = h->stop_after };
    o->progress = hear;
    o->self = h;
    o->stop = &h->stop;
    o->threads = 1;
    return tuning_like(&like, s, o, out, err);
}

static dcn_tuned tuned(const dcn_spec *s, int64_t trials, Heard *h)
{
    dcn_tune_options o = { .trials = trials };
    dcn_tuned t;
    dcn_error err;
    cr_assert_eq(run(s, &o, h, &t, &err), 0, "%s", err.text);
    return t;
}

/* ---- the store ----------------------------------------------------------------------------- */

/* The best record of a spec on this machine; 0 found. */
static int best(const dcn_spec *s, TuneRecord *out)
{
    TuneKey key;
    TuneStore *st;
    dcn_target native;
    cr_assert_eq(dcn_target_native(&native, NULL), 0);
    cr_assert_eq(tune_key(s, &native, 1, &key, NULL), 0);
    cr_assert_eq(tune_store_open(NULL, &st, NULL), 0);
    int none = tune_store_best(st, &key, NULL, out, NULL);
    tune_store_close(st);
    return none;
}

static LoweringPart *parts_of(const dcn_spec *s, int *n)
{
    LoweringPart *part = NULL;
    for (int i = 0; cg_lowerings[i]; i++)
        if (sched_takes(cg_lowerings[i], s))
            *n = cg_lowerings[i]->parts(s, &part);
    return part;
}

static dcn_spec part_named(const dcn_spec *s, const char *name)
{
    int n = 0, i = 0;
    LoweringPart *part = parts_of(s, &n);
    while (i < n && strcmp(part[i].name, name) != 0)
        i++;
    cr_assert_lt(i, n);
    const dcn_spec found = part[i].spec;
    free(part);
    return found;
}

/* ---- what is tuned --------------------------------------------------------------------------- */

Test(composite, records_each_stage_as_a_kernel_and_the_module)
{
    static Heard h;
    dcn_spec s = pack();
    dcn_tuned t = tuned(&s, 10, &h);
    TuneRecord r;
    int n = 0;
    LoweringPart *part = parts_of(&s, &n);
    cr_expect_eq(t.confirmed, 1);
    cr_expect_eq(t.done, h.candidates);
    cr_expect_eq(h.ends, 2);
    for (int i = 0; i < n; i++) {
        char text[DCN_SCHEDULE_MAX];
        cr_expect_eq(best(&part[i].spec, &r), 0, "%s", part[i].name);
        cr_expect(r.winner && r.outcome == TUNE_OK, "%s", part[i].name);
        cr_assert(sched_part_text(t.schedule, part[i].name, text));
        if (strcmp(t.schedule, t.guess) != 0)
            cr_expect_str_eq(text, r.schedule);
    }
    cr_assert_eq(best(&s, &r), 0);
    cr_expect(r.winner && r.outcome == TUNE_OK);
    cr_expect_str_eq(r.schedule, t.schedule);
    cr_expect_str_eq(r.lowering, "stages");
    free(part);
}

/* The dearest stage has most of the candidates, and the least of them two. */
Test(composite, candidates_are_shared_by_cost)
{
    static Heard h;
    dcn_spec s = pack();
    s.out_channels = 64; /* of deform only */
    tuned(&s, 12, &h);
    cr_expect_str_eq(h.stage[0], "deform");
    cr_expect_gt(h.end[0].done, h.end[1].done);
    cr_expect_geq(h.end[1].done, 2);
    cr_expect_geq(h.candidates, 12);
}

Test(composite, stages_that_are_one_kernel_are_tuned_once)
{
    static Heard h;
    dcn_spec s = roi_pack();
    dcn_tuned t = tuned(&s, 14, &h);
    int n = 0, distinct = 0;
    LoweringPart *part = parts_of(&s, &n);
    for (int i = 0; i < n; i++)
        distinct += sched_part_like(part, i) == i;
    cr_expect_lt(distinct, n);
    cr_expect_eq(h.ends, distinct);
    cr_expect_eq(t.confirmed, 1);
    free(part);
}

/* ---- what is remembered ---------------------------------------------------------------------- */

Test(composite, the_same_run_again_measures_nothing)
{
    static Heard first, second;
    dcn_spec s = pack();
    dcn_tuned t = tuned(&s, 10, &first), again = tuned(&s, 10, &second);
    cr_expect_eq(again.done, t.done);
    cr_expect_eq(again.remembered, again.done);
    cr_expect_eq(second.confirmed, 0);
    cr_expect_eq(again.confirmed, 1);
    cr_expect_str_eq(again.schedule, t.schedule);
    cr_expect_float_eq(again.gain, t.gain, 1e-9);
}

Test(composite, a_stage_that_was_tuned_as_a_kernel_is_reused)
{
    static Heard h;
    dcn_spec s = pack(), offset = part_named(&s, "offset");
    dcn_tune_options o = { .trials = 12, .threads = 1 };
    dcn_tuned t;
    dcn_error err;
    const Tuning like = { .lowerings = cg_lowerings, .patience = 30, .min_seconds = 0.05 };
    snprintf(offset.name, sizeof offset.name, "some_convolution");
    cr_assert_eq(tuning_like(&like, &offset, &o, &t, &err), 0, "%s", err.text);
    tuned(&s, 12, &h);
    const int reused = strcmp(h.stage[0], "offset") != 0; /* the dearest comes first */
    cr_assert_str_eq(h.stage[reused], "offset");
    cr_expect_eq(h.end[reused].remembered, h.end[reused].done);
    cr_expect_eq(h.end[!reused].remembered, 0);
}

/* Only the deformable convolutions differ. */
Test(composite, two_modules_share_a_stage)
{
    static Heard h;
    dcn_spec a = pack(), b = pack();
    b.activation = DCN_ACT_RELU;
    tuned(&a, 10, &h);
    tuned(&b, 10, &h);
    for (int i = 0; i < h.ends; i++)
        cr_expect_eq(h.end[i].remembered, strcmp(h.stage[i], "offset") ? 0 : h.end[i].done, "%s",
                     h.stage[i]);
}

Test(composite, goes_on_where_it_was_stopped)
{
    static Heard first = { .stop_after = 4 }, second, third = { .stop_after = 8 };
    dcn_spec s = pack();
    dcn_tuned t = tuned(&s, 10, &first);
    cr_expect_eq(t.end, DCN_TUNE_STOPPED);
    cr_expect_eq(t.confirmed, 0);
    t = tuned(&s, 10, &third);
    cr_expect_eq(t.remembered, 4);
    t = tuned(&s, 10, &second);
    cr_expect_eq(t.end, DCN_TUNE_COMPLETE);
    cr_expect_eq(t.remembered, 8);
    cr_expect_eq(t.confirmed, 1);
}

Test(composite, several_processes_tune_one_module)
{
    static Heard h;
    pid_t child[3];
    TuneRecord r;
    dcn_spec s = pack();
    for (int i = 0; i < 3; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            dcn_tune_options o = { .trials = 6 };
            dcn_tuned t;
            _exit(run(&s, &o, &h, &t, NULL) ? 1 : 0);
        }
    }
    for (int i = 0; i < 3; i++) {
        int status;
        cr_assert_eq(waitpid(child[i], &status, 0), child[i]);
        cr_expect_eq(status, 0);
    }
    cr_assert_eq(best(&s, &r), 0);
    cr_expect_eq(r.winner, 1);
}

/* ---- what stays ------------------------------------------------------------------------------ */

Test(composite, what_a_text_gives_stays)
{
    static Heard h;
    dcn_spec s = pack();
    dcn_tune_options o = { .trials = 8, .schedule = "deform={tiled mr=4 unroll=1}" };
    dcn_tuned t;
    dcn_error err;
    char text[DCN_SCHEDULE_MAX];
    TuneRecord r;
    cr_assert_eq(run(&s, &o, &h, &t, &err), 0, "%s", err.text);
    cr_assert(sched_part_text(t.schedule, "deform", text));
    cr_expect(strstr(text, "tiled mr=4 ") && strstr(text, " unroll=1 "), "%s", text);
    cr_assert_eq(best(&s, &r), 0);
    cr_expect_eq(r.winner, 0);
}

Test(composite, an_estimate_measures_nothing)
{
    static Heard h;
    dcn_spec s = pack();
    dcn_tune_options o = { .effort = DCN_TUNE_ESTIMATE };
    dcn_target t;
    dcn_tuned out;
    dcn_error err;
    cr_assert_eq(dcn_target_parse("a64fx", NULL, NULL, &t, &err), 0, "%s", err.text);
    o.target = &t;
    cr_assert_eq(run(&s, &o, &h, &out, &err), 0, "%s", err.text);
    cr_expect_eq(out.count[DCN_TRIED_ESTIMATED], out.done);
    cr_expect_gt(out.ns, 0);
    cr_expect_eq(strncmp(out.schedule, "stages offset={", 15), 0, "%s", out.schedule);
}

Test(composite, dynamic_sizes_are_bound_for_every_stage)
{
    static Heard h;
    dcn_spec s = pack();
    s.height = s.width = DCN_DYNAMIC;
    dcn_tune_options o = { .trials = 4, .sizes = { .height = 6, .width = 10 } };
    dcn_tuned t;
    dcn_error err;
    cr_assert_eq(run(&s, &o, &h, &t, &err), 0, "%s", err.text);
    cr_expect_eq(t.dynamic, 1);
    for (int i = 0; i < h.ends; i++) {
        cr_expect_eq(h.end[i].sizes.height, 6);
        cr_expect_eq(h.end[i].sizes.width, 10);
    }
}

/* ---- what a compilation takes ---------------------------------------------------------------- */

static void explain(const dcn_spec *s, const char *schedule, dcn_choice *what, char *why,
                    size_t size)
{
    const dcn_options o = { .schedule = schedule, .threads = 1 };
    dcn_error err;
    cr_assert_eq(dcn_explain(s, &o, what, why, size, &err), 0, "%s", err.text);
}

static void pin(const dcn_spec *s, const char *schedule)
{
    dcn_cache *c;
    const dcn_options o = { .schedule = schedule, .threads = 1 };
    dcn_error err;
    cr_assert_eq(dcn_cache_open(&c, &err), 0, "%s", err.text);
    cr_assert_eq(dcn_cache_pin(c, s, &o, &err), 0, "%s", err.text);
    dcn_cache_close(c);
}

Test(composite, a_stage_takes_the_schedule_of_its_own_spec)
{
    dcn_choice what;
    char why[2 * DCN_SCHEDULE_MAX], text[DCN_SCHEDULE_MAX];
    dcn_spec s = pack(), offset = part_named(&s, "offset");
    snprintf(offset.name, sizeof offset.name, "another_name");
    explain(&s, NULL, &what, why, sizeof why);
    cr_expect_eq(what.origin, DCN_ORIGIN_GUESS);
    pin(&offset, "direct lanes=4 oc_block=1");
    explain(&s, NULL, &what, why, sizeof why);
    cr_expect_eq(what.origin, DCN_ORIGIN_STAGES);
    cr_expect_str_eq(dcn_origin_name(what.origin), "stages");
    cr_assert(sched_part_text(what.schedule, "offset", text));
    cr_expect_str_eq(text, "direct lanes=4 oc_block=1");
    cr_expect(strstr(why, "\noffset, pinned: direct") && strstr(why, "\ndeform, guessed: "), "%s",
              why);
    explain(&s, "deform=direct", &what, why, sizeof why);
    cr_expect_eq(what.origin, DCN_ORIGIN_OPTION);
    cr_assert(sched_part_text(what.schedule, "offset", text));
    cr_expect_str_eq(text, "direct lanes=4 oc_block=1");
    setenv("DCNGEN_TUNE", "off", 1);
    explain(&s, NULL, &what, why, sizeof why);
    cr_expect_eq(what.origin, DCN_ORIGIN_GUESS);
}

/* What is remembered of the module is what was measured of it: it comes before its stages'. */
Test(composite, a_pin_of_the_module_comes_first)
{
    dcn_choice what;
    char why[2 * DCN_SCHEDULE_MAX], pinned[DCN_SCHEDULE_MAX];
    dcn_spec s = pack(), offset = part_named(&s, "offset");
    pin(&s, "deform={tiled mr=4}");
    explain(&s, NULL, &what, why, sizeof why);
    cr_expect_eq(what.origin, DCN_ORIGIN_PINNED);
    snprintf(pinned, sizeof pinned, "%s", what.schedule);
    pin(&offset, "direct");
    explain(&s, NULL, &what, why, sizeof why);
    cr_expect_str_eq(what.schedule, pinned);
}
