/* item_run.c: one item of a sweep: held, tuned, recorded.
**
** The item is recorded as running before and as done after; the tuner's records are there as soon
** as each is made.  So whatever kills the process, the next one that takes the item goes on where
** this one was.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/item_run.h"
#include "runtime/base/base.h"
#include "tuner/sweep/hold.h"
#include "tuner/target.h"
#include "tuner/tune/tune.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- whether it runs here ----------------------------------------------------------------- */

int sweep_can_run(const SweepItem *t, const Cores *c, dcn_error *err)
{
    SweepJob job;
    dcn_target native;
    if (sweep_item_open(t, &job, err) || dcn_target_native(&native, err) ||
        tune_can_run(&job.target, &native, err))
        return -1;
    if (t->threads > c->cpus)
        return dcn_fail(err, DCN_EENV, "%d threads on %d CPU%s", t->threads, c->cpus,
                        c->cpus == 1 ? "" : "s");
    return 0;
}

/* Names such as x86-64-v3 and generic are no CPU's, and a list that says all features needs no
** name. */
static bool is_measured_on_target(const TuneKey *key, const dcn_target *target,
                                  const dcn_target *native)
{
    return strstr(key->machine, " cpu=- ") != NULL || !strncmp(target->cpu, "x86-64", 6) ||
           !strncmp(target->cpu, "generic", 7) || !strcmp(target->cpu, native->cpu);
}

static void record_machine(const SweepJob *job, SweepRow *row)
{
    char host[64] = "";
    dcn_target native = { .cpu = "?" };
    (void)dcn_target_native(&native, NULL);
    gethostname(host, sizeof host - 1);
    snprintf(row->host, sizeof row->host, "%.60s, %.60s", host, native.cpu);
    row->measured_on_target = is_measured_on_target(&job->key, &job->target, &native);
    sweep_boot(row->boot);
}

/* ---- the estimate ------------------------------------------------------------------------- */

typedef struct Adopt {
    const char *schedule, *offsets;
    TuneRecord record;
    bool found;
} Adopt;

static int find_estimate(void *self, const TuneKey *key, const TuneRecord *r)
{
    Adopt *a = self;
    (void)key;
    if (r->outcome == TUNE_ESTIMATED && !strcmp(r->schedule, a->schedule) &&
        !strcmp(r->offsets, a->offsets)) {
        a->record = *r;
        a->found = true;
    }
    return a->found;
}

/* Make what the model ranks first the one that is recommended where nothing was measured. */
static int recommend(TuneStore *db, const TuneKey *key, const SweepRow *row, dcn_error *err)
{
    Adopt a = { .schedule = row->schedule, .offsets = row->offsets };
    if (tune_store_each(db, key, find_estimate, &a, err))
        return -1;
    if (!a.found)
        return dcn_fail(err, DCN_EFAILED, "the estimate was not remembered");
    a.record.winner = true;
    return tune_store_put(db, key, &a.record, err);
}

/* ---- the tuning --------------------------------------------------------------------------- */

static int tune(const ItemRun *run, const SweepJob *job, SweepRow *row, dcn_error *err)
{
    const SweepItem *t = run->item;
    const bool estimate = run->estimate;
    const TuneStoreAt at = { .file = run->db, .mode = TUNE_STORE_RW };
    const dcn_tune_options o = { .target = &job->target,
                                 .threads = t->threads,
                                 .effort = estimate ? DCN_TUNE_ESTIMATE : t->effort,
                                 .trials = estimate ? 0 : t->trials,
                                 .seconds = estimate ? 0 : t->seconds,
                                 .seed = t->seed,
                                 .offsets = t->offsets,
                                 .stop = run->stop };
    dcn_tuned got;
    if (tune_remembering(&job->spec, &o, &at, &got, err))
        return -1;
    if (got.note[0])
        return dcn_fail(err, DCN_EENV, "%s", got.note);
    row->state = got.end == DCN_TUNE_STOPPED ? SWEEP_MISSING
                 : estimate                  ? SWEEP_ESTIMATED
                                             : SWEEP_DONE;
    memcpy(row->schedule, got.schedule, sizeof row->schedule);
    row->ns = got.ns;
    row->ns_low = got.ns_low;
    row->ns_high = got.ns_high;
    row->gain = got.gain;
    return 0;
}

/* A network may send its offsets anew under the same name. */
static int check_offsets(const SweepItem *t, dcn_error *err)
{
    TuneOffsets o;
    int failed = tune_offsets_open(&o, t->offsets, err);
    if (!failed && strcmp(o.name, t->offsets_name) != 0)
        failed = dcn_fail(err, DCN_EUSAGE, "%s is not what it was when the sweep was planned",
                          t->offsets);
    tune_offsets_close(&o);
    return failed;
}

static int work(const ItemRun *run, TuneStore *db, SweepRow *row, dcn_error *err)
{
    const SweepItem *t = run->item;
    SweepJob job;
    if (sweep_item_open(t, &job, err) || check_offsets(t, err))
        return -1;
    memcpy(row->key, job.key.id, sizeof row->key);
    memcpy(row->offsets, t->offsets_name, sizeof row->offsets);
    record_machine(&job, row);
    row->state = SWEEP_RUNNING;
    if (sweep_row_put(db, t->id, row, err) || tune(run, &job, row, err))
        return -1;
    if (row->state == SWEEP_ESTIMATED && recommend(db, &job.key, row, err))
        return -1;
    return sweep_row_put(db, t->id, row, err);
}

int sweep_run_item(const ItemRun *run, SweepRow *row, dcn_error *err)
{
    const SweepItem *t = run->item;
    TuneStore *db;
    dcn_error why = { .code = DCN_OK };
    if (sweep_db_open(run->db, true, &db, err))
        return -1;
    int held = sweep_hold(db, t->id, err);
    int failed = held == -2 || sweep_row_get(db, t->id, row, err) ? -1 : 0;
    if (!failed && held == -1)
        row->state = SWEEP_RUNNING;
    const bool open = row->state < (run->estimate ? SWEEP_ESTIMATED : SWEEP_DONE) && held >= 0;
    if (!failed && open && work(run, db, row, &why)) {
        row->state = SWEEP_FAILED;
        snprintf(row->why, sizeof row->why, "%.*s", (int)sizeof row->why - 1, why.text);
        failed = why.code == DCN_ESTORE || sweep_row_put(db, t->id, row, &why)
                     ? dcn_fail(err, why.code, "%s", why.text)
                     : 0;
    }
    if (held >= 0)
        close(held);
    tune_store_close(db);
    return failed;
}
