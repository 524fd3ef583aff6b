/* query.c: putting records, and finding the one to use.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/form.h"
#include "tuner/store/internal.h"

#include <string.h>
#include <time.h>

/* ---- put --------------------------------------------------------------------------------- */

/* What a compiler or a dying process said may be more than a line, and be cut within a character. */
int tune_store_put(TuneStore *st, const TuneKey *key, const TuneRecord *record, dcn_error *err)
{
    TuneRecord r = *record;
    form_make_line(r.why);
    form_make_line(r.where);
    StoreLayer *l = tune_record_check(key, &r, err) ? NULL : store_writer(st, err);
    if (!l || db_begin(&l->db, err))
        return -1;
    return db_end(&l->db, row_put(&l->db, key, &r, err), err);
}

/* ---- each -------------------------------------------------------------------------------- */

/* 1 if `each` wants no more; -1 err. */
static int each_of(const StoreLayer *l, const char *id, TuneEach each, void *self, dcn_error *err)
{
    TuneKey key;
    TuneRecord r;
    DbRows *row =
        db_ask(&l->db, err,
               SELECT_RECORDS "WHERE ?1 = '' OR k.id = ?1 ORDER BY r.run, r.trial, r.at", "s", id);
    int more = 0, stop = 0;
    while (!stop && (more = db_next(&l->db, row, err)) > 0) {
        if (!row_key(row, &key) && !row_record(row, key.id, &r))
            stop = each(self, &key, &r);
    }
    db_done(row);
    return more < 0 ? -1 : stop != 0;
}

int tune_store_each(TuneStore *st, const TuneKey *key, TuneEach each, void *self, dcn_error *err)
{
    int status = 0;
    for (int i = 0; i < STORE_NLAYERS && !status; i++)
        if (st->layer[i].db.h)
            status = each_of(&st->layer[i], key ? key->id : "", each, self, err);
    return status < 0 ? -1 : 0;
}

/* ---- best -------------------------------------------------------------------------------- */

typedef struct BestQuery {
    const TuneKey *key;
    const char *offsets;  /* "": any */
    const char *schedule; /* "": any */
    const char *outcome;  /* ok; or estimated: the one that a sweep recommends */
    TuneTakes takes;      /* NULL: any */
    void *self;
} BestQuery;

static bool is_taken(const BestQuery *w, const TuneRecord *r)
{
    return !w->takes || w->takes(w->self, r);
}

/* 0 found, 1 none, -1 err. */
static int fastest(const Db *db, const BestQuery *w, TuneRecord *out, dcn_error *err)
{
    DbRows *row =
        db_ask(db, err,
               SELECT_RECORDS
               "WHERE k.id = ?1 AND (?2 = '' OR r.offsets = ?2)"
               " AND (?3 = '' OR r.schedule = ?3) AND r.outcome = ?4"
               " AND (r.winner OR ?4 = 'ok')"
               " ORDER BY r.winner DESC, CASE WHEN r.winner THEN -r.at ELSE r.ns_median END",
               "ssss", w->key->id, w->offsets, w->schedule, w->outcome);
    int more = 0, found = 0;
    while (!found && (more = db_next(db, row, err)) > 0)
        found = !row_record(row, w->key->id, out) && tune_record_is_current(w->key, out) &&
                is_taken(w, out);
    db_done(row);
    return more < 0 ? -1 : !found;
}

/* The pinned schedule with what is known of it. */
static int pinned(const Db *db, const BestQuery *w, TuneRecord *out, dcn_error *err)
{
    char schedule[DCN_SCHEDULE_MAX];
    int found = pin_get(db, w->key, schedule, err);
    if (found <= 0)
        return found < 0 ? -1 : 1;
    BestQuery same = { w->key, w->offsets, schedule, "ok", NULL, NULL };
    int none = fastest(db, &same, out, err);
    if (none > 0) {
        memset(out, 0, sizeof *out);
        out->outcome = TUNE_ESTIMATED;
        memcpy(out->schedule, schedule, sizeof out->schedule);
    }
    out->pinned = 1;
    return none < 0 ? -1 : !is_taken(w, out);
}

/* Once a day is enough to know what is in use, and spares the disk. */
static void touch(const StoreLayer *l, const TuneKey *key)
{
    enum { DAY = 24 * 3600 };
    const int64_t now = (int64_t)time(NULL);
    int64_t used;
    if (!db_number(&l->db, NULL, &used, "SELECT used FROM keys WHERE id = ?", "s", key->id) &&
        used < now - DAY)
        db_try(&l->db, "UPDATE keys SET used = ? WHERE id = ?", "ls", now, key->id);
}

/* What was only estimated, where nothing was measured.  0 found, 1 none, -1 err. */
static int estimated(TuneStore *st, const BestQuery *measured, TuneRecord *out, dcn_error *err)
{
    BestQuery w = *measured;
    int none = 1;
    w.outcome = "estimated";
    for (int i = 0; i < STORE_NLAYERS && none > 0; i++)
        if (st->layer[i].db.h)
            none = fastest(&st->layer[i].db, &w, out, err);
    return none;
}

static int best(TuneStore *st, const BestQuery *w, TuneRecord *out, dcn_error *err)
{
    for (int i = 0; i < STORE_NLAYERS; i++) {
        const StoreLayer *l = &st->layer[i];
        if (!l->db.h)
            continue;
        int none = pinned(&l->db, w, out, err);
        if (none > 0)
            none = fastest(&l->db, w, out, err);
        if (!none && l->writable)
            touch(l, w->key);
        if (none <= 0)
            return none;
    }
    return estimated(st, w, out, err);
}

int tune_store_best(TuneStore *st, const TuneKey *key, const char *offsets, TuneRecord *out,
                    dcn_error *err)
{
    const BestQuery w = { key, offsets ? offsets : "", "", "ok", NULL, NULL };
    return best(st, &w, out, err);
}

int tune_store_best_of(TuneStore *st, const TuneKey *key, TuneTakes takes, void *self,
                       TuneRecord *out, dcn_error *err)
{
    const BestQuery w = { key, "", "", "ok", takes, self };
    return best(st, &w, out, err);
}
