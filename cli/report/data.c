/* data.c: what the store remembers of the tuning of kernels, put in order.
**
** A section is what one key and one distribution of offsets hold.  With a spec, those of this build
** of dcngen, this target and the spec's kernels; without one, all.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/report/data.h"
#include "codegen/lowering.h"
#include "runtime/base/base.h"
#include "runtime/base/grow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- collecting ----------------------------------------------------------- */

/* What has a section: a kernel of the spec, or a stage of one. */
typedef struct Subject {
    char name[2 * DCN_NAME_MAX]; /* "layer", "layer, core" */
    TuneKey key;                 /* threads are not compared */
    bool stage;
} Subject;

typedef struct SectionReader {
    TuningReport *report;
    const Args *args;
    TuneStore *store;
    const Kernels *kernels; /* NULL: all */
    Subject *wanted;        /* what they and their stages are */
    int nwanted;
    size_t room;
    int last; /* where the record before went */
    bool no_memory;
} SectionReader;

/* Whose records these are; NULL: nobody asked.  Keys differ in their threads, so ids do not
** help. */
static const Subject *subject_of(const SectionReader *c, const TuneKey *key)
{
    for (int i = 0; i < c->nwanted; i++) {
        const TuneKey *w = &c->wanted[i].key;
        if (!strcmp(w->spec, key->spec) && !strcmp(w->machine, key->machine) &&
            !strcmp(w->build, key->build))
            return &c->wanted[i];
    }
    return NULL;
}

static bool is_of(const Section *t, const TuneKey *key, const TuneRecord *r)
{
    return !strcmp(t->key.id, key->id) && !strcmp(t->record[0].offsets, r->offsets);
}

/* name: as the spec in hand calls it; NULL: as the store remembers it, else as its operator. */
static void name_section(Section *t, TuneStore *st, const char *name)
{
    char known[sizeof t->name];
    dcn_module *m;
    t->known = !dcn_load_text(t->key.spec, "store", NULL, 0, &m, NULL);
    if (t->known) {
        t->spec = *dcn_module_spec(m, 0);
        dcn_module_free(m);
    }
    if (!name && *tune_store_names(st, &t->key, known, sizeof known))
        name = known;
    snprintf(t->name, sizeof t->name, "%s",
             name       ? name
             : t->known ? dcn_op_name(t->spec.op)
                        : "kernel");
}

/* Where records of this key and these offsets go; NULL without memory. */
static Section *place(SectionReader *c, const TuneKey *key, const TuneRecord *r, const char *name)
{
    TuningReport *all = c->report;
    if (c->last < all->n && is_of(&all->section[c->last], key, r))
        return &all->section[c->last];
    for (c->last = 0; c->last < all->n; c->last++)
        if (is_of(&all->section[c->last], key, r))
            return &all->section[c->last];
    Section *more = rt_grow(all->section, (size_t)all->n + 1, &all->room, sizeof *more);
    if (!more)
        return NULL;
    all->section = more;
    Section *t = &more[all->n++];
    memset(t, 0, sizeof *t);
    t->key = *key;
    name_section(t, c->store, name);
    return t;
}

/* Whether this schedule is there already: the user's record of it comes before the system's. */
static bool is_there(const Section *t, const TuneRecord *r)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->record[i].schedule, r->schedule))
            return true;
    return false;
}

static int take(void *self, const TuneKey *key, const TuneRecord *r)
{
    SectionReader *c = self;
    const Subject *subject = c->kernels ? subject_of(c, key) : NULL;
    if ((c->kernels && !subject) || (c->args->threads && c->args->threads != key->threads))
        return 0;
    Section *t = place(c, key, r, subject ? subject->name : NULL);
    if (t && is_there(t, r))
        return 0;
    TuneRecord *more = t ? rt_grow(t->record, (size_t)t->n + 1, &t->room, sizeof *more) : NULL;
    c->no_memory = !more;
    if (!more)
        return 1;
    t->record = more;
    t->record[t->n++] = *r;
    return 0;
}

/* ---- what follows --------------------------------------------------------- */

static int by_trial(const void *a, const void *b)
{
    const TuneRecord *x = a, *y = b;
    if (x->run != y->run)
        return x->run < y->run ? -1 : 1;
    if (x->trial != y->trial)
        return x->trial < y->trial ? -1 : 1;
    return strcmp(x->schedule, y->schedule);
}

static bool is_better(const TuneRecord *a, const TuneRecord *b)
{
    if (a->pinned != b->pinned)
        return a->pinned;
    if (a->outcome != b->outcome)
        return a->outcome == TUNE_OK;
    if (a->winner != b->winner)
        return a->winner;
    return record_is_timed(a) && !(record_is_timed(b) && b->ns_median <= a->ns_median);
}

static void widen(double x, double *low, double *high)
{
    if (!(x > 0 && isfinite(x)))
        return;
    if (!*low || x < *low)
        *low = x;
    if (x > *high)
        *high = x;
}

/* The first run begins with the guess, whose gain over itself is 1. */
static bool may_be_guess(const TuneRecord *r)
{
    return r->trial == 0 && (r->gain <= 0 || (r->gain > 0.9 && r->gain < 1.1));
}

static void find_guess(Section *t)
{
    t->guess = -1;
    for (int i = 0; i < t->n && t->guess < 0; i++)
        if (may_be_guess(&t->record[i]))
            t->guess = i;
    if (t->guess >= 0 && record_is_timed(&t->record[t->guess]))
        t->guess_ns = section_time(t, t->guess);
    else if (t->best >= 0 && record_is_timed(&t->record[t->best]))
        t->guess_ns = t->record[t->best].ns_median * t->record[t->best].gain;
}

static int finish(Section *t, TuneStore *st, dcn_error *err)
{
    qsort(t->record, (size_t)t->n, sizeof *t->record, by_trial);
    t->best = -1;
    for (int i = 0; i < t->n; i++) {
        const TuneRecord *r = &t->record[i];
        t->count[r->outcome]++;
        if ((r->outcome == TUNE_OK || r->pinned) &&
            (t->best < 0 || is_better(r, &t->record[t->best])))
            t->best = i;
    }
    if (section_find_shares(t, st, err))
        return -1;
    for (int i = 0; i < t->n; i++) {
        if (!record_is_timed(&t->record[i]))
            continue;
        t->timed++;
        widen(section_time(t, i), &t->low_ns, &t->high_ns);
        widen(t->record[i].peak_gflops, &t->peak_low, &t->peak_high);
    }
    find_guess(t);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const Section *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (!order)
        order = strcmp(x->key.spec, y->key.spec);
    if (!order)
        order = x->key.threads - y->key.threads;
    if (!order)
        order = strcmp(x->record[0].offsets, y->record[0].offsets);
    return order ? order : strcmp(x->key.id, y->key.id);
}

/* ---- reading -------------------------------------------------------------- */

static int add_subject(SectionReader *c, const dcn_spec *s, const dcn_target *t, const char *layer,
                       const char *stage, dcn_error *err)
{
    Subject *more = rt_grow(c->wanted, (size_t)c->nwanted + 1, &c->room, sizeof *more);
    if (!more)
        return dcn_fail(err, DCN_EENV, "no memory for the kernels of the report");
    c->wanted = more;
    Subject *new = &more[c->nwanted++];
    *new = (Subject){ .stage = stage != NULL };
    snprintf(new->name, sizeof new->name, "%.60s%s%.60s", layer, stage ? ", " : "",
             stage ? stage : "");
    return tune_key(s, t, 1, &new->key, err);
}

/* Stages that are the same kernel have one section, which is called after the first. */
static int add_stages(SectionReader *c, const dcn_spec *s, const dcn_target *t, dcn_error *err)
{
    LoweringPart *part = NULL;
    int n = 0, failed = 0;
    for (int i = 0; cg_lowerings[i]; i++)
        if (cg_lowerings[i]->parts && sched_takes(cg_lowerings[i], s))
            n = cg_lowerings[i]->parts(s, &part);
    for (int i = 0; i < n && !failed; i++)
        if (sched_part_like(part, i) == i)
            failed = add_subject(c, &part[i].spec, t, s->name, part[i].name, err);
    free(part);
    return failed;
}

static int find_wanted(const Kernels *k, SectionReader *c, dcn_error *err)
{
    for (int i = 0; i < k->n; i++) {
        KernelOptions choice;
        if (kernel_options(k, k->spec[i], &choice, err) ||
            add_subject(c, k->spec[i], &choice.target, k->spec[i]->name, NULL, err) ||
            add_stages(c, k->spec[i], &choice.target, err))
            return -1;
    }
    return 0;
}

static bool is_tuned(const TuningReport *r, const TuneKey *wanted)
{
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->section[i].key.spec, wanted->spec))
            return true;
    return false;
}

static int list_untuned(const SectionReader *c, TuningReport *r, dcn_error *err)
{
    const Kernels *k = c->kernels;
    r->untuned.at = calloc((size_t)k->n + 1, sizeof *r->untuned.at);
    if (!r->untuned.at)
        return dcn_fail(err, DCN_EENV, "no memory for %d kernels", k->n);
    for (int i = 0, kernel = 0; i < c->nwanted; i++) {
        if (c->wanted[i].stage)
            continue;
        if (!is_tuned(r, &c->wanted[i].key))
            r->untuned.at[r->untuned.n++] = k->spec[kernel]->name;
        kernel++;
    }
    return 0;
}

static int fail_empty(const SectionReader *c, dcn_error *err)
{
    const char *store = c->report->store;
    char threads[64] = "";
    if (c->args->threads)
        snprintf(threads, sizeof threads, " with %d threads", c->args->threads);
    if (!*store)
        return dcn_fail(err, DCN_EENV, "there is no store: DCNGEN_CACHE=off");
    if (!c->kernels)
        return dcn_fail(err, DCN_EFAILED,
                        "the store %.200s has no records%s: 'dcngen tune SPEC.lua' makes them",
                        store, threads);
    return dcn_fail(err, DCN_EFAILED,
                    "the store %.200s has no records of %.100s%s: 'dcngen tune %.100s' makes them",
                    store, c->kernels->path, threads, c->kernels->path);
}

static int collect(SectionReader *c, TuneStore *st, dcn_error *err)
{
    TuningReport *r = c->report;
    snprintf(r->store, sizeof r->store, "%s", tune_store_path(st));
    if (c->kernels && find_wanted(c->kernels, c, err))
        return -1;
    if (tune_store_each(st, NULL, take, c, err))
        return -1;
    if (c->no_memory)
        return dcn_fail(err, DCN_EENV, "no memory for the records of the store");
    if (!r->n && *tune_store_why(st))
        return dcn_fail(err, DCN_EENV, "%s", tune_store_why(st));
    if (!r->n)
        return fail_empty(c, err);
    for (int i = 0; i < r->n; i++)
        if (finish(&r->section[i], st, err))
            return -1;
    qsort(r->section, (size_t)r->n, sizeof *r->section, by_name);
    return c->kernels ? list_untuned(c, r, err) : 0;
}

int report_read(const Args *a, const Kernels *k, TuningReport *r, dcn_error *err)
{
    *r = (TuningReport){ 0 };
    SectionReader c = { .report = r, .args = a, .kernels = k };
    TuneStore *st = NULL;
    const TuneStoreAt at = { .mode = TUNE_STORE_RO };
    int failed = tune_store_open(&at, &st, err);
    c.store = st;
    failed = failed || collect(&c, st, err);
    tune_store_close(st);
    free(c.wanted);
    return failed ? -1 : 0;
}

void report_free(TuningReport *r)
{
    for (int i = 0; i < r->n; i++) {
        free(r->section[i].record);
        free(r->section[i].share);
    }
    free(r->section);
    free(r->untuned.at);
}
