/* open.c: what a tuning run needs, from spec and options; what it remembers.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/exec/threads.h"
#include "tuner/target.h"
#include "tuner/tune/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_SEEDS = 8 };

static const struct {
    int64_t trials;
    double seconds;
    SearchMode mode;
} efforts[] = {
    [DCN_TUNE_MEASURE] = { 100, 60, SEARCH_GUIDED },
    [DCN_TUNE_ESTIMATE] = { 16, 0, SEARCH_BY_ESTIMATE },
    [DCN_TUNE_PATIENT] = { 600, 900, SEARCH_GUIDED },
    [DCN_TUNE_EXHAUSTIVE] = { INT64_MAX, 0, SEARCH_ALL },
};

double tuning_seconds(const Tuning *t)
{
    return (rt_now_ns() - t->started) / 1e9;
}

int tuning_is_stopped(const Tuning *t)
{
    return t->opt->stop && *t->opt->stop;
}

/* ---- what is tuned ------------------------------------------------------------------------- */

static int64_t size_of(int64_t in_spec, int64_t given, int64_t otherwise)
{
    return in_spec != DCN_DYNAMIC ? in_spec : given ? given : otherwise;
}

static int bind(Tuning *t, dcn_error *err)
{
    const dcn_spec *s = t->spec;
    const dcn_sizes *g = &t->opt->sizes;
    dcn_sizes sizes = { size_of(s->batch, g->batch, 1), size_of(s->height, g->height, 64),
                        size_of(s->width, g->width, 64), size_of(s->rois, g->rois, 100) };
    t->out->sizes = sizes;
    t->out->dynamic = s->batch < 0 || s->height < 0 || s->width < 0 || s->rois < 0;
    return dcn_spec_bind(s, sizes, &t->bound, err);
}

static int find_target(Tuning *t, dcn_error *err)
{
    dcn_target native;
    if (t->opt->target)
        t->target = *t->opt->target;
    else if (tune_spec_target(t->spec, &t->target, err))
        return -1;
    if (t->opt->effort == DCN_TUNE_ESTIMATE)
        return 0;
    if (dcn_target_native(&native, err) || tune_can_run(&t->target, &native, err))
        return -1;
    memcpy(t->host, native.cpu, sizeof t->host);
    return 0;
}

static int open_space(Tuning *t, dcn_error *err)
{
    const char *spec_text = t->spec->schedule[0] ? t->spec->schedule : NULL;
    const TuneFor f = { .spec = t->spec,
                        .bound = &t->bound,
                        .target = &t->target,
                        .threads = t->threads,
                        .narrow = t->opt->schedule ? t->opt->schedule : spec_text,
                        .lowerings = t->lowerings };
    if (tune_space_open(&t->space, &f, err))
        return !t->opt->schedule && spec_text ? tune_blame("schedule", spec_text, err) : -1;
    t->search_space = tune_space_search(&t->space);
    sched_print(&t->space.start, t->out->guess, sizeof t->out->guess);
    return 0;
}

int tuning_open_fixture(Tuning *t, dcn_error *err)
{
    const FixtureFor f = { t->spec,     &t->bound,    &t->target,  t->threads,
                           &t->offsets, t->opt->seed, t->opt->stop };
    return t->opt->effort == DCN_TUNE_ESTIMATE ? 0 : fixture_open(&t->fixture, &f, err);
}

bool tuning_is_open(const Tuning *t)
{
    return !t->opt->schedule && !t->spec->schedule[0];
}

/* ---- what is remembered -------------------------------------------------------------------- */

/* A store that is damaged must be seen; without one that cannot be used tuning goes on. */
static int open_store(Tuning *t, dcn_error *err)
{
    dcn_error why = { .code = DCN_OK };
    if (tune_key(t->spec, &t->target, t->threads, &t->key, err))
        return -1;
    if (!tune_store_open(t->place, &t->store, &why)) {
        snprintf(t->out->note, sizeof t->out->note, "%s", tune_store_why(t->store));
        return 0;
    }
    snprintf(t->out->note, sizeof t->out->note, "%s", why.text);
    return why.code == DCN_ESTORE ? dcn_fail(err, DCN_ESTORE, "%s", why.text) : 0;
}

static bool is_current(const TuneSpace *sp, const TuneRecord *r)
{
    for (int i = 0; i < sp->nlowerings; i++)
        if (!strcmp(sp->lowering[i]->name, r->lowering))
            return r->rev == (sp->lowering[i]->parts ? sched_rev(r->lowering, r->schedule)
                                                     : sp->lowering[i]->rev);
    return false;
}

static int remember(void *self, const TuneKey *key, const TuneRecord *r)
{
    Tuning *t = self;
    TuneTrial k = { .schedule = r->schedule,
                    .outcome = r->outcome,
                    .ns = r->ns_median,
                    .winner = r->winner,
                    .run = r->run,
                    .trial = r->trial };
    (void)key;
    k.time = r->gain > 0 ? 1 / r->gain : 0;
    bool timed = r->outcome == TUNE_OK || r->outcome == TUNE_DROPPED;
    if (strcmp(r->offsets, t->offsets.name) != 0 || r->outcome == TUNE_ESTIMATED ||
        !is_current(&t->space, r) || (timed && !(k.time > 0)) ||
        history_find(&t->before, k.schedule))
        return 0;
    return history_add(&t->before, &k);
}

static int load_memory(Tuning *t, dcn_error *err)
{
    dcn_error why = { .code = DCN_OK };
    if (!t->store || !tune_store_each(t->store, &t->key, remember, t, &why))
        return 0;
    if (why.code == DCN_ESTORE)
        return dcn_fail(err, why.code, "%s", why.text);
    snprintf(t->out->note, sizeof t->out->note, "%s", why.text);
    return 0;
}

/* The guess, and what is best for other sizes. */
static int open_search(Tuning *t, dcn_error *err)
{
    SearchPoint start[MOST_SEEDS + 1];
    int n = 0, seeds = 0;
    TuneRecord *seed = calloc(MOST_SEEDS, sizeof *seed);
    if (seed && t->store)
        seeds = tune_store_neighbours(t->store, &t->key, seed, MOST_SEEDS);
    n += !tune_space_point(&t->space, &t->space.start, &start[n]);
    for (int i = 0; i < seeds; i++)
        n += !tune_space_parse(&t->space, seed[i].schedule, &start[n]);
    free(seed);
    SearchMode mode = efforts[t->opt->effort].mode;
    t->search = search_open(&t->search_space, mode, t->opt->seed, start, n);
    if (!t->search)
        return dcn_fail(err, DCN_EENV, "no memory to search the schedules of '%s'", t->spec->name);
    t->out->legal = search_legal(t->search);
    return 0;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void set_budget(Tuning *t)
{
    const dcn_tune_options *o = t->opt;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    t->started = rt_now_ns();
    t->run = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    t->trials = o->trials > 0 ? o->trials : efforts[o->effort].trials;
    t->seconds = o->seconds > 0 ? o->seconds : o->trials > 0 ? 0 : efforts[o->effort].seconds;
}

int tuning_open(Tuning *t, dcn_error *err)
{
    if ((unsigned)t->opt->effort >= sizeof efforts / sizeof *efforts)
        return dcn_fail(err, DCN_EUSAGE, "no effort %d", (int)t->opt->effort);
    set_budget(t);
    t->threads = rt_threads(t->opt->threads, err);
    if (t->threads < 0 || dcn_spec_check(t->spec, err) || bind(t, err) || find_target(t, err) ||
        tune_offsets_open(&t->offsets, t->opt->offsets, err) || open_space(t, err) ||
        open_store(t, err) || load_memory(t, err))
        return -1;
    t->out->flops = dcn_spec_flops(&t->bound);
    if (t->space.start.lowering->parts)
        return 0;
    return open_search(t, err) || tuning_open_fixture(t, err) ? -1 : 0;
}

void tuning_close(Tuning *t)
{
    free(t->best.object);
    history_free(&t->before);
    history_free(&t->tried);
    search_close(t->search);
    sched_free(&t->space.start);
    fixture_close(&t->fixture);
    tune_offsets_close(&t->offsets);
    tune_store_close(t->store);
}
