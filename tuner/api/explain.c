/* explain.c: where a schedule came from and what it beat, for people.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/text.h"
#include "tuner/api/choose.h"
#include "tuner/api/known.h"
#include "tuner/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Candidates of the same key and offsets. */
typedef struct Rivals {
    const char *offsets;
    int timed, failed;
} Rivals;

static int count(void *self, const TuneKey *key, const TuneRecord *r)
{
    Rivals *rivals = self;
    (void)key;
    if (!strcmp(r->offsets, rivals->offsets) && r->outcome != TUNE_ESTIMATED) {
        if (r->outcome == TUNE_OK || r->outcome == TUNE_DROPPED)
            rivals->timed++;
        else
            rivals->failed++;
    }
    return 0;
}

static Rivals find_rivals(const Choice *c)
{
    Rivals rivals = { .offsets = c->record.offsets };
    TuneStore *st = NULL;
    if (!tune_store_open(NULL, &st, NULL))
        tune_store_each(st, &c->key, count, &rivals, NULL);
    tune_store_close(st);
    return rivals;
}

/* Whether this machine measured it.  Its name is all there is to tell by, and that of its CPU. */
static bool is_from_here(const TuneRecord *r)
{
    char here[TUNE_WHERE_MAX];
    dcn_target native;
    return !dcn_target_native(&native, NULL) && !strcmp(tune_where(native.cpu, here), r->where);
}

/* What was measured elsewhere may be no more than the winner, which says nothing of how many it beat. */
static void add_rivals(rt_text *t, const Choice *c, bool here)
{
    const Rivals rivals = find_rivals(c);
    if (rivals.timed + rivals.failed < 2 && (!here || c->record.trial > 0))
        return;
    rt_text_add(t, here ? ", of %d candidate%s timed" : ", of %d candidate%s that came along",
                rivals.timed, rivals.timed == 1 ? "" : "s");
    if (rivals.failed)
        rt_text_add(t, " and %d that failed", rivals.failed);
}

/* What was measured of it. */
static void add_measured(rt_text *t, const Choice *c)
{
    const TuneRecord *r = &c->record;
    const bool here = is_from_here(r);
    char day[16] = "?";
    struct tm tm;
    time_t when = (time_t)r->when;
    if (gmtime_r(&when, &tm))
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    if (r->gain > 0)
        rt_text_add(t, ", %.2f times as fast as the guess", r->gain);
    add_rivals(t, c, here);
    rt_text_add(t, "; offsets %s, %d thread%s, %s", r->offsets, c->key.threads,
                c->key.threads == 1 ? "" : "s", day);
    if (!here)
        rt_text_add(t, ", measured on %s", r->where);
}

/* A schedule that was tuned for other threads is no better than a guess, so it is not taken, but
** whoever did the tuning should know. */
static void add_other_threads(rt_text *t, const Choice *c)
{
    TuneStore *st = NULL;
    int other = 0;
    if (c->key.threads && !tune_store_open(NULL, &st, NULL))
        other = tune_store_other_threads(st, &c->key);
    tune_store_close(st);
    if (other)
        rt_text_add(t, "; it was tuned for %d: --threads %d takes that", other, other);
}

void tune_origin(const Choice *c, char *buf, size_t size)
{
    static const char *const first[] = {
        [DCN_ORIGIN_OPTION] = "as the options say",
        [DCN_ORIGIN_SPEC] = "as the spec says",
        [DCN_ORIGIN_PINNED] = "pinned",
        [DCN_ORIGIN_TUNED] = "tuned",
        [DCN_ORIGIN_ESTIMATED] =
            "estimated by a sweep, not measured: the best of the model of costs",
        [DCN_ORIGIN_STAGES] = "of stages as they are known: ",
        [DCN_ORIGIN_GUESS] = "guessed: ",
    };
    rt_text t = rt_text_in(buf, size);
    rt_text_add(&t, "%s%s", first[c->what.origin], c->why_not);
    if (tune_is_stored(c) && c->record.ns_median > 0)
        add_measured(&t, c);
    else if (*c->why_not)
        add_other_threads(&t, c);
}

/* ---- stages -------------------------------------------------------------------------------- */

/* Whether a text means that schedule of the part. */
static bool means(const char *text, const SchedFor *part, const Schedule *sc)
{
    Schedule own = { .lowering = NULL };
    const bool same = !sched_parse(text, part, &own, NULL) && sched_equal(&own, sc);
    sched_free(&own);
    return same;
}

static bool is_known(StoreKnown *k, const LoweringPart *part, const dcn_target *t,
                     const Schedule *sc, StageChoice *out)
{
    TuneRecord r;
    const bool same = known_record(k, &part->spec, t, &r) &&
                      means(r.schedule, &(SchedFor){ &part->spec, t, k->threads, NULL }, sc);
    if (same) {
        out->origin = known_origin(&r);
        out->gain = r.gain;
    }
    return same;
}

static bool is_said(const LoweringPart *part, const Choice *c, const Schedule *sc)
{
    const SchedFor f = { &part->spec, &c->target, c->threads, NULL };
    return part->spec.schedule[0] && means(part->spec.schedule, &f, sc);
}

static bool is_guess(const LoweringPart *part, const Choice *c, const Schedule *sc)
{
    Schedule own = { .lowering = NULL };
    const bool same =
        !sched_guess(&(SchedFor){ &part->spec, &c->target, c->threads, NULL }, &own, NULL) &&
        sched_equal(&own, sc);
    sched_free(&own);
    return same;
}

int tune_each_stage(const dcn_spec *s, const Choice *c,
                    void (*each)(void *self, const StageChoice *stage), void *self, dcn_error *err)
{
    const Schedule *sc = &c->schedule;
    LoweringPart *part = NULL;
    StoreKnown k;
    if (!sc->nparts)
        return 0;
    if (known_open(&k, c->threads, err))
        return -1;
    int n = sc->lowering->parts(s, &part);
    for (int i = 0; i < n; i++) {
        char text[DCN_SCHEDULE_MAX];
        StageChoice stage = { sc->part[i].name, text, c->what.origin, 0 };
        if (is_said(&part[i], c, &sc->part[i].sched))
            stage.origin = DCN_ORIGIN_SPEC;
        else if (!is_known(&k, &part[i], &c->target, &sc->part[i].sched, &stage) &&
                 is_guess(&part[i], c, &sc->part[i].sched))
            stage.origin = DCN_ORIGIN_GUESS;
        sched_print(&sc->part[i].sched, text, sizeof text);
        each(self, &stage);
    }
    known_close(&k);
    free(part);
    return n < 0 ? dcn_fail(err, DCN_EENV, "no memory for the stages of '%s'", s->name) : 0;
}

/* A stage's schedule comes from what is known of its own kernel, or from what was said of the module. */
static void add_stage(void *self, const StageChoice *stage)
{
    static const char *const words[] = {
        [DCN_ORIGIN_OPTION] = "as the options say",
        [DCN_ORIGIN_SPEC] = "as the spec says",
        [DCN_ORIGIN_PINNED] = "pinned",
        [DCN_ORIGIN_TUNED] = "tuned",
        [DCN_ORIGIN_ESTIMATED] = "estimated",
        [DCN_ORIGIN_GUESS] = "guessed",
    };
    rt_text *t = self;
    rt_text_add(t, "\n%s, %s", stage->name, words[stage->origin]);
    if (stage->gain > 0)
        rt_text_add(t, ", %.2f times as fast as the guess", stage->gain);
    rt_text_add(t, ": %s", stage->schedule);
}

int tune_explain(const dcn_spec *s, const Choice *c, char *buf, size_t size, dcn_error *err)
{
    tune_origin(c, buf, size);
    size_t n = strlen(buf);
    if (c->schedule.nparts) {
        rt_text t = rt_text_in(buf + n, size - n);
        return tune_each_stage(s, c, add_stage, &t, err);
    }
    /* A network without operators is a composite without parts. */
    if (n + 2 > size || !c->schedule.lowering->explain)
        return 0;
    strcpy(buf + n, "\n");
    c->schedule.lowering->explain(s, &c->target, c->schedule.k, buf + n + 1, size - n - 1);
    return 0;
}
