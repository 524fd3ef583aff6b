/* choose.c: the target and the schedule that a call means.
**
** The store can only help: what is wrong with it is noted and the guess is taken, but for a store that is
** damaged or not ours, which the user must know of.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/api/choose.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "runtime/exec/threads.h"
#include "tuner/api/known.h"
#include "tuner/store/store.h"
#include <dcngen/tune.h>

#include <stdio.h>
#include <string.h>

const char *dcn_origin_name(dcn_origin o)
{
    static const char *const names[] = { "option",    "spec",   "pinned", "tuned",
                                         "estimated", "stages", "guess" };
    return (unsigned)o < sizeof names / sizeof *names ? names[o] : "?";
}

static int choose_target(const dcn_spec *s, const dcn_options *opt, dcn_target *t, dcn_error *err)
{
    if (!opt || !opt->target)
        return tune_spec_target(s, t, err);
    *t = *opt->target;
    return 0;
}

static int choose_threads(const dcn_options *opt, Choice *c, dcn_error *err)
{
    c->threads = rt_threads(opt ? opt->threads : 0, err);
    return c->threads < 0 ? -1 : 0;
}

/* ---- from the store ------------------------------------------------------------------------ */

static void note(Choice *c, const char *text)
{
    if (*text)
        snprintf(c->what.note, sizeof c->what.note, "%s", text);
}

static int parse(const char *text, const dcn_spec *s, StoreKnown *k, Choice *c, dcn_error *err)
{
    const SchedKnown known = known_of(k);
    return sched_parse(text, &(SchedFor){ s, &c->target, c->threads, &known }, &c->schedule, err);
}

/* A record may come from elsewhere: what it says is checked like any other schedule. */
static int take(const dcn_spec *s, StoreKnown *k, Choice *c)
{
    dcn_error err;
    const TuneRecord *r = &c->record;
    if (parse(r->schedule, s, k, c, &err)) {
        snprintf(c->why_not, sizeof c->why_not, "what the store has is refused");
        note(c, err.text);
        return 0;
    }
    c->what.origin = known_origin(r);
    c->what.gain = r->gain;
    c->why_not[0] = '\0';
    return 1;
}

/* 1 taken, 0 none, -1 err. */
static int look_up(const dcn_spec *s, TuneStore *st, StoreKnown *k, Choice *c, dcn_error *err)
{
    dcn_error why = { .code = DCN_OK };
    note(c, tune_store_why(st));
    int none = tune_store_best(st, &c->key, NULL, &c->record, &why);
    if (!none && take(s, k, c))
        return 1;
    const bool refused = !none;
    if (refused)
        none = known_best(st, &c->key, s, &c->target, &c->record, &why);
    if (!none)
        return take(s, k, c);
    if (none < 0 && why.code == DCN_ESTORE)
        return dcn_fail(err, why.code, "%s", why.text);
    if (none < 0)
        note(c, why.text);
    if (refused)
        return 0;
    snprintf(c->why_not, sizeof c->why_not, "nothing is remembered of it for %d thread%s",
             c->key.threads, c->key.threads == 1 ? "" : "s");
    return 0;
}

static void report_tuning(const dcn_spec *s, const dcn_options *opt, const dcn_tune_options *o)
{
    if (opt && opt->before_tuning)
        opt->before_tuning(opt->self, s, o->threads, o->seconds);
    else
        fprintf(
            stderr,
            "dcngen: note: DCNGEN_TUNE=on: tuning '%s' for %d thread%s first, for %.0f s at most\n",
            s->name, o->threads, o->threads == 1 ? "" : "s", o->seconds);
}

/* DCNGEN_TUNE=on: a little tuning where nothing is remembered.  What fails of it is noted. */
static int tune_first(const dcn_spec *s, const dcn_options *opt, Choice *c, dcn_error *err)
{
    const dcn_tune_options o = { .target = &c->target,
                                 .threads = c->key.threads,
                                 .trials = 40,
                                 .seconds = 10,
                                 .stop = opt ? opt->stop : NULL };
    dcn_tuned t = { .end = DCN_TUNE_COMPLETE };
    dcn_error why;
    report_tuning(s, opt, &o);
    if (dcn_tune(s, &o, &t, &why))
        note(c, why.text);
    if (opt && opt->after_tuning)
        opt->after_tuning(opt->self, s);
    if (t.end == DCN_TUNE_STOPPED)
        return dcn_fail(
            err, DCN_EFAILED,
            "its tuning was stopped; what was found is saved and used, and `dcngen tune` "
            "goes on from there");
    return 0;
}

static int ask_store(const dcn_spec *s, StoreKnown *k, Choice *c, dcn_error *err)
{
    TuneStore *st;
    if (tune_store_open(NULL, &st, err))
        return -1;
    int found = look_up(s, st, k, c, err);
    tune_store_close(st);
    return found;
}

/* What is found is remembered, or it would be looked for again each time. */
static void note_no_tuning(const rt_env *env, Choice *c)
{
    if (env->tune == RT_TUNE_ON && env->cache != RT_CACHE_RW)
        note(c, env->cache == RT_CACHE_OFF ? "DCNGEN_TUNE=on tunes nothing with DCNGEN_CACHE=off"
                                           : "DCNGEN_TUNE=on tunes nothing with DCNGEN_CACHE=ro");
}

static int from_store(const dcn_spec *s, const dcn_options *opt, StoreKnown *k, Choice *c,
                      dcn_error *err)
{
    rt_env env;
    if (rt_env_read(&env, err))
        return -1;
    note_no_tuning(&env, c);
    if (env.tune == RT_TUNE_OFF || env.cache == RT_CACHE_OFF) {
        snprintf(c->why_not, sizeof c->why_not, "%s=off",
                 env.tune == RT_TUNE_OFF ? "DCNGEN_TUNE" : "DCNGEN_CACHE");
        return 0;
    }
    if (tune_key(s, &c->target, c->threads, &c->key, err))
        return -1;
    int found = ask_store(s, k, c, err);
    if (found || env.tune != RT_TUNE_ON || env.cache != RT_CACHE_RW)
        return found;
    if (tune_first(s, opt, c, err))
        return -1;
    return ask_store(s, k, c, err);
}

/* ---- all together -------------------------------------------------------------------------- */

/* A module of which nothing is remembered has the stages that are known, if any is. */
static int guess(const dcn_spec *s, StoreKnown *k, Choice *c, dcn_error *err)
{
    const SchedKnown known = known_of(k);
    if (sched_guess(&(SchedFor){ s, &c->target, c->threads, &known }, &c->schedule, err))
        return -1;
    c->what.origin = k->found ? DCN_ORIGIN_STAGES : DCN_ORIGIN_GUESS;
    return 0;
}

static int choose_schedule(const dcn_spec *s, const dcn_options *opt, StoreKnown *k, Choice *c,
                           dcn_error *err)
{
    if (opt && opt->schedule) {
        c->what.origin = DCN_ORIGIN_OPTION;
        return parse(opt->schedule, s, k, c, err);
    }
    if (s->schedule[0]) {
        c->what.origin = DCN_ORIGIN_SPEC;
        return parse(s->schedule, s, k, c, err) ? tune_blame("schedule", s->schedule, err) : 0;
    }
    int found = from_store(s, opt, k, c, err);
    return found ? (found < 0 ? -1 : 0) : guess(s, k, c, err);
}

static int choose_known(const dcn_spec *s, const dcn_options *opt, Choice *c, dcn_error *err)
{
    StoreKnown k;
    if (known_open(&k, c->threads, err))
        return -1;
    int failed = choose_schedule(s, opt, &k, c, err);
    if (!failed && k.err.code == DCN_ESTORE) {
        tune_choice_free(c);
        failed = dcn_fail(err, DCN_ESTORE, "%s", k.err.text);
    }
    known_close(&k);
    return failed;
}

void tune_choice_free(Choice *c)
{
    sched_free(&c->schedule);
}

static void report_choice(const dcn_spec *s, const Choice *c)
{
    rt_env env;
    char origin[DCN_TEXT_MAX];
    if (rt_env_read(&env, NULL) || !(env.verbose & RT_VERBOSE_DISPATCH))
        return;
    tune_origin(c, origin, sizeof origin);
    fprintf(stderr, "dcngen: dispatch: %s: %s: %s\n", s->name, c->what.schedule, origin);
}

int tune_choose(const dcn_spec *s, const dcn_options *opt, Choice *out, dcn_error *err)
{
    memset(&out->what, 0, sizeof out->what);
    out->schedule = (Schedule){ .lowering = NULL };
    out->threads = 0;
    out->why_not[0] = '\0';
    out->key.threads = 0;
    if (dcn_spec_check(s, err) || choose_target(s, opt, &out->target, err) ||
        choose_threads(opt, out, err) || choose_known(s, opt, out, err))
        return -1;
    sched_print(&out->schedule, out->what.schedule, sizeof out->what.schedule);
    report_choice(s, out);
    return 0;
}
