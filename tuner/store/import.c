/* import.c: JSON lines into the store, all of them or none.
**
** Records that differ in (key, offsets, schedule) stand beside each other; where they are the same,
** the verified one stays, and the faster of two verified ones.  A (key, offsets) has one winner,
** the fastest.  What was only estimated never takes the place of what was measured.  A pin that is
** here already stays.
**
** The file may come from anybody.  A record that would count is refused with its line if its
** schedule is not legal for its kernel and machine: with a tiny time it would hide all others.  A
** pin that is not legal is left out, and counted: pins outlive builds, so it may be one of another.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/file.h"
#include "tuner/store/internal.h"
#include "tuner/store/json.h"
#include "tuner/store/legal.h"

#include <stdlib.h>
#include <string.h>

typedef struct Merge {
    const Db *db;
    TuneImported *count;
    LegalKey *last;
} Merge;

/* ---- which is better --------------------------------------------------------------------- */

/* 1: ours is as good; 0: take it; -1 err.  What computed something wrong here is not made right by
** an import. */
static int ours_is_as_good(const Db *db, const JsonLine *in, dcn_error *err)
{
    char outcome[16] = "";
    const TuneRecord *r = &in->record;
    DbRows *row = db_ask(db, err,
                         "SELECT outcome, ns_median, winner FROM records"
                         " WHERE key = ? AND offsets = ? AND schedule = ?",
                         "sss", in->key.id, r->offsets, r->schedule);
    int as_good = db_next(db, row, err);
    if (as_good > 0) {
        db_text(row, 0, outcome, sizeof outcome);
        bool faster = !strcmp(outcome, "ok") && db_double(row, 1) <= r->ns_median;
        bool advice = r->outcome == TUNE_ESTIMATED && r->winner && !strcmp(outcome, "estimated") &&
                      !db_int(row, 2);
        as_good = !advice && (r->outcome != TUNE_OK || !strcmp(outcome, "wrong") || faster);
    }
    db_done(row);
    return as_good;
}

/* Time of our winner, 0 if there is none; -1 err.  An estimate has none and gives way. */
static double winner_time(const Db *db, const JsonLine *in, dcn_error *err)
{
    DbRows *row =
        db_ask(db, err, "SELECT ns_median FROM records WHERE key = ? AND offsets = ? AND winner",
               "ss", in->key.id, in->record.offsets);
    int got = db_next(db, row, err);
    double ns = got > 0 ? db_double(row, 0) : got;
    db_done(row);
    return ns;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* An estimate recommends only where nothing was measured, and the one that is here stays. */
static int64_t recommended(const Db *db, const JsonLine *in, dcn_error *err)
{
    int64_t n;
    return db_number(db, err, &n,
                     "SELECT count(*) FROM records WHERE key = ? AND offsets = ?"
                     " AND (outcome = 'ok' OR winner)",
                     "ss", in->key.id, in->record.offsets)
               ? -1
               : n;
}

/* Whether it may take the place of our winner; -1 err. */
static int is_winner(const Db *db, const JsonLine *in, dcn_error *err)
{
    if (!in->record.winner)
        return 0;
    if (in->record.outcome == TUNE_ESTIMATED) {
        int64_t n = recommended(db, in, err);
        return n < 0 ? -1 : n == 0;
    }
    double ours = winner_time(db, in, err);
    return ours < 0 ? -1 : !(ours > 0 && ours <= in->record.ns_median);
}

static bool may_count(const TuneRecord *r)
{
    return r->outcome == TUNE_OK || r->outcome == TUNE_ESTIMATED;
}

static int merge_record(const Merge *m, JsonLine *in, dcn_error *err)
{
    if (!tune_record_is_current(&in->key, &in->record)) {
        m->count->stale++;
        return 0;
    }
    if (may_count(&in->record) && legal_check(m->last, &in->key, &in->record, err))
        return -1;
    int older = ours_is_as_good(m->db, in, err);
    if (older) {
        m->count->older += older > 0;
        return older < 0 ? -1 : 0;
    }
    int winner = is_winner(m->db, in, err);
    if (winner < 0)
        return -1;
    in->record.winner = winner;
    m->count->taken++;
    if (row_put(m->db, &in->key, &in->record, err) || name_put(m->db, &in->key, in->name, err))
        return -1;
    return in->turns.against[0] ? turns_put(m->db, &in->key, &in->record, &in->turns, err) : 0;
}

static int merge_pin(const Merge *m, const JsonLine *in, dcn_error *err)
{
    char schedule[DCN_SCHEDULE_MAX];
    int here = pin_get(m->db, &in->key, schedule, err);
    if (here) {
        m->count->older += here > 0;
        return here < 0 ? -1 : 0;
    }
    if (legal_check(m->last, &in->key, &in->record, NULL)) {
        m->count->illegal++;
        return 0;
    }
    m->count->taken++;
    return pin_put(m->db, &in->key, in->record.schedule, err) ||
                   name_put(m->db, &in->key, in->name, err)
               ? -1
               : 0;
}

static int merge_line(void *self, const json_t *object, dcn_error *err)
{
    JsonLine in;
    if (json_to_line(object, &in, err))
        return -1;
    return in.record.pinned ? merge_pin(self, &in, err) : merge_record(self, &in, err);
}

int tune_store_merge(TuneStore *st, const char *name, const char *text, size_t size,
                     TuneImported *out, dcn_error *err)
{
    *out = (TuneImported){ .taken = 0 };
    StoreLayer *l = store_writer(st, err);
    if (!l || db_begin(&l->db, err))
        return -1;
    LegalKey last = { .id = "" };
    Merge m = { &l->db, out, &last };
    return db_end(&l->db, rt_json_lines(name, text, size, merge_line, &m, err), err);
}

int tune_store_import(TuneStore *st, const char *path, TuneImported *out, dcn_error *err)
{
    void *text;
    size_t size;
    const char *from = strcmp(path, "-") != 0 ? path : "/dev/stdin";
    if (rt_read_file(from, (size_t)1 << 30, &text, &size, err))
        return -1;
    int failed = tune_store_merge(st, path, text, size, out, err);
    free(text);
    if (!failed && !(out->taken + out->older + out->stale + out->illegal))
        return dcn_fail(err, DCN_EUSAGE, "%s: no record in it; `dcngen cache export` writes them",
                        path);
    return failed;
}
