/* item.c: what there is to do in a sweep: one item.
**
**     id = first 16 hex digits of SHA-256(spec, schedule, target, triple, attrs, machine, threads,
**                                         name of the offsets, effort, trials, seconds, seed)
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/item.h"
#include "codegen/lowering.h"
#include "runtime/base/base.h"
#include "runtime/base/digest.h"
#include "tuner/check/offsets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sweep_efforts[] = { [DCN_TUNE_MEASURE] = "measure",
                                      [DCN_TUNE_ESTIMATE] = "estimate",
                                      [DCN_TUNE_PATIENT] = "patient",
                                      [DCN_TUNE_EXHAUSTIVE] = "exhaustive",
                                      NULL };

_Static_assert(sizeof sweep_efforts / sizeof *sweep_efforts == DCN_TUNE_EXHAUSTIVE + 2,
               "every effort has a name");

_Static_assert(SWEEP_ID_MAX == 16 + 1, "as the digest is cut below");

static void short_digest(const char *const *text, int n, char out[SWEEP_ID_MAX])
{
    char hex[RT_DIGEST_HEX];
    rt_digest d;
    rt_digest_open(&d);
    for (int i = 0; i < n; i++)
        rt_digest_text(&d, text[i]);
    rt_digest_hex(&d, hex);
    snprintf(out, SWEEP_ID_MAX, "%.16s", hex);
}

void sweep_item_id(const SweepItem *t, char out[SWEEP_ID_MAX])
{
    char numbers[128];
    snprintf(numbers, sizeof numbers, "%d %" PRId64 " %.9g %" PRIu64, t->threads, t->trials,
             t->seconds, t->seed);
    const char *const text[] = { t->spec,   t->schedule,     t->target,
                                 t->triple, t->attrs,        t->machine,
                                 numbers,   t->offsets_name, sweep_efforts[t->effort] };
    short_digest(text, sizeof text / sizeof *text, out);
}

/* ---- from a request ------------------------------------------------------------------------ */

typedef struct Copy {
    char *to;
    size_t size;
    const char *from; /* NULL: nothing */
    const char *what;
} Copy;

static int copy_all(const Copy *c, int n, dcn_error *err)
{
    for (int i = 0; i < n; i++)
        if ((size_t)snprintf(c[i].to, c[i].size, "%s", c[i].from ? c[i].from : "") >= c[i].size)
            return dcn_fail(err, DCN_EUSAGE, "%s '%.60s...' is too long for a plan", c[i].what,
                            c[i].from);
    return 0;
}

/* A file is found wherever the worker is started; what it holds is in its name. */
static int set_offsets(SweepItem *t, const char *text, dcn_error *err)
{
    TuneOffsets o;
    char *whole = NULL;
    int failed = tune_offsets_open(&o, text, err);
    if (!failed && o.file.data)
        whole = realpath(text, NULL);
    if (!failed) {
        const Copy c[] = {
            { t->offsets, sizeof t->offsets, whole ? whole : o.name, "the path" },
            { t->offsets_name, sizeof t->offsets_name, o.name, "the name" },
        };
        failed = copy_all(c, 2, err);
    }
    free(whole);
    tune_offsets_close(&o);
    return failed;
}

static void set_machine(SweepItem *t, const TuneKey *key)
{
    const char *text = key->machine;
    short_digest(&text, 1, t->machine);
}

/* One of the command line; that of a spec is the worker's affair, as the rest of the spec is. */
static int check_schedule(const SweepRequest *w, const dcn_target *target, dcn_error *err)
{
    Schedule sc = { .lowering = NULL };
    if (!w->schedule ||
        !sched_parse(w->schedule, &(SchedFor){ w->spec, target, w->threads, NULL }, &sc, err)) {
        sched_free(&sc);
        return 0;
    }
    return dcn_fail(err, err->code, "kernel '%s' for %s: %s", w->spec->name, w->target, err->text);
}

int sweep_item_make(const SweepRequest *w, SweepItem *t, dcn_error *err)
{
    dcn_target target;
    TuneKey key;
    *t = (SweepItem){ .threads = w->threads,
                      .effort = w->effort,
                      .trials = w->trials,
                      .seconds = w->seconds,
                      .seed = w->seed };
    if (dcn_target_parse(w->target, w->triple, w->attrs, &target, err) ||
        check_schedule(w, &target, err) || tune_key(w->spec, &target, w->threads, &key, err) ||
        set_offsets(t, w->offsets, err))
        return -1;
    const Copy c[] = {
        { t->kernel, sizeof t->kernel, w->spec->name, "the name" },
        { t->spec, sizeof t->spec, key.spec, "the spec" },
        { t->schedule, sizeof t->schedule, w->schedule ? w->schedule : w->spec->schedule,
          "the schedule" },
        { t->target, sizeof t->target, w->target, "the target" },
        { t->triple, sizeof t->triple, w->triple, "the triple" },
        { t->attrs, sizeof t->attrs, w->attrs, "the list of features" },
        { t->isa, sizeof t->isa, target.isa, "the class" },
    };
    if (copy_all(c, sizeof c / sizeof *c, err))
        return -1;
    set_machine(t, &key);
    sweep_item_id(t, t->id);
    return 0;
}

/* ---- for a worker ------------------------------------------------------------------------- */

static int load_spec(const SweepItem *t, dcn_spec *out, dcn_error *err)
{
    dcn_module *m;
    if (dcn_load_text(t->spec, t->kernel, NULL, 0, &m, err))
        return -1;
    int failed = dcn_module_count(m) != 1
                     ? dcn_fail(err, DCN_EUSAGE, "item %s holds more than one kernel", t->id)
                     : 0;
    if (!failed)
        *out = *dcn_module_spec(m, 0);
    dcn_module_free(m);
    memcpy(out->name, t->kernel, sizeof out->name);
    memcpy(out->schedule, t->schedule, sizeof out->schedule);
    return failed ? -1 : dcn_spec_check(out, err);
}

int sweep_item_open(const SweepItem *t, SweepJob *out, dcn_error *err)
{
    SweepItem here = { .threads = t->threads };
    const char *triple = t->triple[0] ? t->triple : NULL, *attrs = t->attrs[0] ? t->attrs : NULL;
    if (load_spec(t, &out->spec, err) ||
        dcn_target_parse(t->target, triple, attrs, &out->target, err) ||
        tune_key(&out->spec, &out->target, t->threads, &out->key, err))
        return -1;
    set_machine(&here, &out->key);
    if (strcmp(here.machine, t->machine) != 0)
        return dcn_fail(err, DCN_EENV,
                        strcmp(t->target, "native") != 0
                            ? "this dcngen knows another '%s' than the one that planned"
                            : "'%s' is the machine on which it was planned, and this is another",
                        t->target);
    return 0;
}
