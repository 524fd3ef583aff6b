/* database.c: what became of a sweep's items.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/database.h"
#include "runtime/base/base.h"
#include "tuner/store/db.h"
#include "tuner/store/form.h"
#include "tuner/sweep/hold.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *const sweep_state_names[SWEEP_NSTATES] = { "missing", "foreign",   "failed",
                                                       "running", "estimated", "done" };

#define COLUMNS                                                                                    \
    "state, key, build, offsets, schedule, ns, ns_low, ns_high, gain, measured_on_target, host, "  \
    "boot, why, at"

/* ---- the file ----------------------------------------------------------------------------- */

static int open_to_write(TuneStore *db, dcn_error *err)
{
    const Db *d = tune_store_db(db, true, err);
    return d && db_do(d, err, tune_store_sweep_table, "") >= 0 ? 0 : -1;
}

static int open_to_read(TuneStore *db, dcn_error *err)
{
    bool there;
    const Db *d = tune_store_db(db, false, NULL);
    if (!d)
        return dcn_fail(err, DCN_EENV, "there is no database %s", tune_store_path(db));
    if (db_has_table(d, "sweep_items", &there, err))
        return -1;
    return there ? 0
                 : dcn_fail(err, DCN_EUSAGE,
                            "%s is a store, but not of a sweep: `dcngen cache export` reads it",
                            d->file);
}

int sweep_db_open(const char *path, bool write, TuneStore **out, dcn_error *err)
{
    const TuneStoreAt at = { .file = path, .mode = write ? TUNE_STORE_RW : TUNE_STORE_RO };
    *out = NULL;
    if (tune_store_open(&at, out, err))
        return -1;
    int failed = write ? open_to_write(*out, err) : open_to_read(*out, err);
    if (failed) {
        tune_store_close(*out);
        *out = NULL;
    }
    return failed;
}

/* ---- rows --------------------------------------------------------------------------------- */

/* SWEEP_NSTATES: there is none of that name. */
static SweepState state_named(const char *name)
{
    int i = 0;
    while (i < SWEEP_NSTATES && strcmp(sweep_state_names[i], name) != 0)
        i++;
    return (SweepState)i;
}

static bool read_texts(DbRows *row, SweepRow *r)
{
    bool whole = db_text(row, 1, r->key, sizeof r->key);
    whole &= db_text(row, 2, r->build, sizeof r->build);
    whole &= db_text(row, 3, r->offsets, sizeof r->offsets);
    whole &= db_text(row, 4, r->schedule, sizeof r->schedule);
    whole &= db_text(row, 10, r->host, sizeof r->host);
    whole &= db_text(row, 11, r->boot, sizeof r->boot);
    return whole & db_text(row, 12, r->why, sizeof r->why);
}

static bool read_numbers(DbRows *row, SweepRow *r)
{
    double *const ns[] = { &r->ns, &r->ns_low, &r->ns_high };
    bool whole = true;
    for (int i = 0; i < 3; i++) {
        *ns[i] = db_double(row, 5 + i);
        whole &= form_is_time(*ns[i]);
    }
    r->gain = db_double(row, 8);
    r->measured_on_target = db_int(row, 9) != 0;
    r->when = db_int64(row, 13);
    return whole && r->ns_low <= r->ns_high && form_is_number(r->gain, FORM_MAX_GAIN) &&
           form_is_number((double)r->when, (double)FORM_MAX_TIME);
}

/* -1 for what no worker writes. */
static int read_row(DbRows *row, SweepRow *r)
{
    char state[16];
    bool whole = db_text(row, 0, state, sizeof state);
    whole &= read_texts(row, r);
    whole &= read_numbers(row, r);
    r->state = state_named(state);
    whole &= r->state < SWEEP_NSTATES;
    return whole && (!r->key[0] || form_is_digest(r->key)) ? 0 : -1;
}

int sweep_row_get(TuneStore *db, const char *item, SweepRow *out, dcn_error *err)
{
    const Db *d = tune_store_db(db, false, err);
    memset(out, 0, sizeof *out);
    DbRows *row =
        d ? db_ask(d, err, "SELECT " COLUMNS " FROM sweep_items WHERE id = ?", "s", item) : NULL;
    int got = db_next(d, row, err);
    if (got > 0 && read_row(row, out))
        got = dcn_fail(err, DCN_ESTORE,
                       "the database %s is damaged: what it says of item %s cannot be", d->file,
                       item);
    db_done(row);
    if (got > 0 && strcmp(out->build, tune_code_build()) != 0)
        out->state = SWEEP_MISSING;
    if (out->state == SWEEP_RUNNING && !sweep_is_running(db, item, out->boot))
        out->state = SWEEP_MISSING;
    return got < 0 ? -1 : 0;
}

int sweep_row_put(TuneStore *db, const char *item, const SweepRow *row, dcn_error *err)
{
    SweepRow clean = *row, *r = &clean;
    form_make_line(r->why);
    form_make_line(r->host);
    static const char sql[] =
        "INSERT INTO sweep_items VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"
        " ON CONFLICT (id) DO UPDATE SET state=?2, key=?3, build=?4, offsets=?5, schedule=?6, "
        "ns=?7,"
        " ns_low=?8, ns_high=?9, gain=?10, measured_on_target=?11, host=?12, boot=?13, why=?14, "
        "at=?15"
        " WHERE ?2 NOT IN ('foreign', 'failed') OR build <> ?4"
        " OR state NOT IN ('done', 'estimated')";
    const Db *d = tune_store_db(db, true, err);
    return !d || db_do(d, err, sql, "ssssssddddisssl", item, sweep_state_names[r->state], r->key,
                       tune_code_build(), r->offsets, r->schedule, r->ns, r->ns_low, r->ns_high,
                       r->gain, r->measured_on_target, r->host, r->boot, r->why,
                       (int64_t)time(NULL)) < 0
               ? -1
               : 0;
}
