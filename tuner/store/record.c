/* record.c: putting records, and finding the one to use.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "tuner/store/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SELECT "SELECT " KEY_COLUMNS ", " RECORD_COLUMNS " FROM " ROWS

/* ---- put --------------------------------------------------------------------------------- */

/* What has no meaning is the caller's mistake, found here rather than in a later run. */
static int check(const TuneRecord *r, dcn_error *err)
{
    const double x[] = { r->ns_median, r->ns_low, r->ns_high, r->gain, r->peak_gflops, r->flops };
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        if (!(x[i] >= 0 && x[i] < INFINITY))
            return dcn_fail(err, DCN_EFAILED, "internal: a record with a time or rate of %g", x[i]);
    if (!r->schedule[0] || (unsigned)r->outcome > TUNE_ESTIMATED || r->nsamples < 0 ||
        r->nsamples > TUNE_MAX_SAMPLES)
        return dcn_fail(err, DCN_EFAILED, "internal: a record without schedule or outcome");
    return 0;
}

int tune_store_put(TuneStore *st, const TuneKey *key, const TuneRecord *r, dcn_error *err)
{
    StoreLayer *l = check(r, err) ? NULL : store_writer(st, err);
    if (!l || db_begin(&l->db, err))
        return -1;
    return db_end(&l->db, row_put(&l->db, key, r, err), err);
}

/* ---- each -------------------------------------------------------------------------------- */

/* 1 if `each` wants no more. */
static int each_of(const StoreLayer *l, const char *id, TuneEach each, void *self, dcn_error *err)
{
    TuneKey key;
    TuneRecord r;
    sqlite3_stmt *row = db_ask(
        &l->db, err, SELECT "WHERE ?1 = '' OR k.id = ?1 ORDER BY r.run, r.trial, r.at", "s", id);
    int more = row ? 1 : -1, stop = 0;
    while (more > 0 && !stop && (more = db_next(&l->db, row, err)) > 0) {
        row_key(row, &key);
        if (!row_record(row, KEY_NCOLUMNS, key.id, &r))
            stop = each(self, &key, &r);
    }
    sqlite3_finalize(row);
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

typedef struct Wanted {
    const TuneKey *key;
    const char *offsets;  /* "": any */
    const char *schedule; /* "": any */
    const char *outcome;  /* ok; or estimated: the one that a sweep recommends */
} Wanted;

/* 0 found, 1 none, -1 err. */
static int fastest(const Db *db, const Wanted *w, TuneRecord *out, dcn_error *err)
{
    sqlite3_stmt *row =
        db_ask(db, err,
               SELECT "WHERE k.id = ?1 AND (?2 = '' OR r.offsets = ?2)"
                      " AND (?3 = '' OR r.schedule = ?3) AND r.outcome = ?4"
                      " AND (r.winner OR ?4 = 'ok')"
                      " ORDER BY r.winner DESC, CASE WHEN r.winner THEN -r.at ELSE r.ns_median END",
               "ssss", w->key->id, w->offsets, w->schedule, w->outcome);
    int more = row ? 1 : -1, found = 0;
    while (more > 0 && !found && (more = db_next(db, row, err)) > 0)
        found = !row_record(row, KEY_NCOLUMNS, w->key->id, out) && record_is_current(w->key, out);
    sqlite3_finalize(row);
    return more < 0 ? -1 : !found;
}

/* The pinned schedule with what is known of it. */
static int pinned(const Db *db, const Wanted *w, TuneRecord *out, dcn_error *err)
{
    char schedule[DCN_TEXT_MAX];
    int found = pin_get(db, w->key, schedule, err);
    if (found <= 0)
        return found < 0 ? -1 : 1;
    Wanted same = { w->key, w->offsets, schedule, "ok" };
    int none = fastest(db, &same, out, err);
    if (none > 0) {
        memset(out, 0, sizeof *out);
        out->outcome = TUNE_ESTIMATED;
        memcpy(out->schedule, schedule, sizeof out->schedule);
    }
    out->pinned = 1;
    return none < 0 ? -1 : 0;
}

/* Once a day is enough to know what is in use, and spares the disk. */
static void touch(const StoreLayer *l, const TuneKey *key)
{
    enum { DAY = 24 * 3600 };
    int64_t now = (int64_t)time(NULL);
    int64_t used = now;
    sqlite3_stmt *row = db_ask(&l->db, NULL, "SELECT used FROM keys WHERE id = ?", "s", key->id);
    if (row && db_next(&l->db, row, NULL) > 0)
        used = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    if (used < now - DAY)
        db_try(&l->db, "UPDATE keys SET used = ? WHERE id = ?", "ls", now, key->id);
}

/* What was only estimated, where nothing was measured.  0 found, 1 none, -1 err. */
static int estimated(TuneStore *st, const Wanted *measured, TuneRecord *out, dcn_error *err)
{
    Wanted w = *measured;
    int none = 1;
    w.outcome = "estimated";
    for (int i = 0; i < STORE_NLAYERS && none > 0; i++)
        if (st->layer[i].db.h)
            none = fastest(&st->layer[i].db, &w, out, err);
    return none;
}

int tune_store_best(TuneStore *st, const TuneKey *key, const char *offsets, TuneRecord *out,
                    dcn_error *err)
{
    const Wanted w = { key, offsets ? offsets : "", "", "ok" };
    for (int i = 0; i < STORE_NLAYERS; i++) {
        const StoreLayer *l = &st->layer[i];
        if (!l->db.h)
            continue;
        int none = pinned(&l->db, &w, out, err);
        if (none > 0)
            none = fastest(&l->db, &w, out, err);
        if (!none && l->writable)
            touch(l, key);
        if (none <= 0)
            return none;
    }
    return estimated(st, &w, out, err);
}

/* ---- neighbours -------------------------------------------------------------------------- */

/* Sum of |log of the ratio|; another kind of size (dynamic or not) counts as a factor of 16. */
static double distance(const int64_t *a, const int64_t *b)
{
    double sum = 0;
    for (int i = 0; i < TUNE_NSIZES; i++)
        sum += a[i] > 0 && b[i] > 0 ? fabs(log((double)a[i] / (double)b[i]))
                                    : log(16) * (a[i] != b[i]);
    return sum;
}

enum { MOST_NEIGHBOURS = 64 };

typedef struct Nearest {
    TuneRecord *record;
    double far[MOST_NEIGHBOURS]; /* ascending */
    int n, most;
} Nearest;

static void insert(Nearest *list, const TuneRecord *r, double far)
{
    int at = list->n;
    while (at > 0 && list->far[at - 1] > far)
        at--;
    if (at == list->most)
        return;
    int last = list->n < list->most ? list->n++ : list->most - 1;
    for (int i = last; i > at; i--) {
        list->record[i] = list->record[i - 1];
        list->far[i] = list->far[i - 1];
    }
    list->record[at] = *r;
    list->far[at] = far;
}

static void collect(const StoreLayer *l, const TuneKey *key, Nearest *list)
{
    char family[TUNE_ID_MAX], same[TUNE_ID_MAX];
    int64_t mine[TUNE_NSIZES], its[TUNE_NSIZES];
    TuneKey other;
    TuneRecord r;
    tune_key_family(key, family, mine);
    sqlite3_stmt *row = db_ask(&l->db, NULL,
                               SELECT "WHERE k.family = ? AND k.id <> ? AND r.winner"
                                      " AND r.outcome = 'ok' ORDER BY r.at DESC",
                               "ss", family, key->id);
    while (row && db_next(&l->db, row, NULL) > 0) {
        row_key(row, &other);
        if (row_record(row, KEY_NCOLUMNS, other.id, &r))
            continue;
        tune_key_family(&other, same, its);
        insert(list, &r, distance(mine, its));
    }
    sqlite3_finalize(row);
}

int tune_store_neighbours(TuneStore *st, const TuneKey *key, TuneRecord *out, int most)
{
    Nearest list = { .record = out, .most = most < MOST_NEIGHBOURS ? most : MOST_NEIGHBOURS };
    for (int i = 0; i < STORE_NLAYERS; i++)
        if (st->layer[i].db.h)
            collect(&st->layer[i], key, &list);
    return list.n;
}
