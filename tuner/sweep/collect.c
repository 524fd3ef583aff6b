/* collect.c: what several databases say of a plan, as one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/collect.h"
#include "codegen/lowering.h"
#include "runtime/base/base.h"
#include "tuner/store/db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int sweep_dbs_open(const char *const *path, int n, SweepDbs *out, dcn_error *err)
{
    *out = (SweepDbs){ .path = path, .at = calloc((size_t)n + 1, sizeof *out->at) };
    if (!out->at)
        return dcn_fail(err, DCN_EENV, "no memory for %d databases", n);
    for (; out->n < n; out->n++)
        if (sweep_db_open(path[out->n], false, &out->at[out->n], err))
            return -1;
    return 0;
}

void sweep_dbs_close(SweepDbs *dbs)
{
    for (int i = 0; i < dbs->n; i++)
        tune_store_close(dbs->at[i]);
    free(dbs->at);
    *dbs = (SweepDbs){ 0 };
}

/* ---- which row counts --------------------------------------------------------------------- */

static bool counts_more(const SweepRow *a, const SweepRow *b)
{
    if (a->state != b->state)
        return a->state > b->state;
    if (a->state != SWEEP_DONE)
        return false;
    return a->measured_on_target != b->measured_on_target ? a->measured_on_target : a->ns < b->ns;
}

/* Intervals that hold the medians and do not touch. */
static bool contradicts(const SweepRow *a, const SweepRow *b)
{
    return a->state == SWEEP_DONE && b->state == SWEEP_DONE &&
           strcmp(a->schedule, b->schedule) != 0 &&
           (a->ns_high < b->ns_low || b->ns_high < a->ns_low);
}

static void note_conflict(SweepFound *f, const SweepRow *other, int db)
{
    if (!contradicts(&f->row, other))
        return;
    f->conflict = true;
    f->other = *other;
    f->other_db = db;
}

static void consider(SweepFound *f, const SweepRow *row, int db)
{
    const SweepRow before = f->row;
    const int before_db = f->db;
    if (f->db < 0 || counts_more(row, &before)) {
        f->row = *row;
        f->db = db;
        note_conflict(f, &before, before_db);
    } else {
        note_conflict(f, row, db);
    }
}

static int find_one(const SweepItem *t, const SweepDbs *dbs, SweepFound *f, dcn_error *err)
{
    f->db = f->other_db = -1;
    for (int i = 0; i < dbs->n; i++) {
        SweepRow row;
        if (sweep_row_get(dbs->at[i], t->id, &row, err))
            return -1;
        consider(f, &row, i);
    }
    return 0;
}

/* Items that differ in the budget only are about the same records. */
static bool same_records(const SweepFound *a, const SweepFound *b)
{
    return a->row.key[0] && !strcmp(a->row.key, b->row.key) &&
           !strcmp(a->row.offsets, b->row.offsets);
}

static void find_duplicates(SweepFound *f, int n)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i && !f[i].duplicate; j++) {
            if (f[j].duplicate || !same_records(&f[i], &f[j]))
                continue;
            const bool later = counts_more(&f[i].row, &f[j].row);
            note_conflict(later ? &f[i] : &f[j], later ? &f[j].row : &f[i].row,
                          later ? f[j].db : f[i].db);
            f[later ? j : i].duplicate = true;
        }
    }
}

int sweep_find(const SweepPlan *plan, const SweepDbs *dbs, SweepFound **out, dcn_error *err)
{
    int failed = 0;
    *out = calloc((size_t)plan->n, sizeof **out);
    if (!*out)
        return dcn_fail(err, DCN_EENV, "no memory for %d items", plan->n);
    for (int i = 0; i < plan->n && !failed; i++)
        failed = find_one(&plan->at[i], dbs, &(*out)[i], err);
    if (!failed)
        find_duplicates(*out, plan->n);
    return failed;
}

/* ---- records ------------------------------------------------------------------------------ */

typedef struct RecordLines {
    FILE *to;
    TuneStore *from;
    const SweepRow *row;
    TuneKey key; /* of the last record */
    int64_t count;
    bool failed;
} RecordLines;

/* Beside what was measured estimates do not count; where all is estimated, only what is recommended
** does. */
static int write_record(void *self, const TuneKey *key, const TuneRecord *r)
{
    RecordLines *l = self;
    const bool estimate = r->outcome == TUNE_ESTIMATED;
    if (strcmp(r->offsets, l->row->offsets) != 0 ||
        (l->row->state == SWEEP_DONE ? estimate : !(estimate && r->winner)))
        return 0;
    l->failed |= tune_record_write(l->to, l->from, key, r) != 0;
    l->key = *key;
    l->count++;
    return l->failed;
}

static int write_part(TuneStore *db, const TuneKey *whole, const dcn_spec *part, RecordLines *lines,
                      dcn_error *err)
{
    TuneKey key;
    return tune_key_like(whole, part, &key, err) ||
           tune_store_each(db, &key, write_record, lines, err);
}

/* A layer's stages were tuned for it, as kernels of their own. */
static int write_parts(TuneStore *db, const TuneKey *whole, RecordLines *lines, dcn_error *err)
{
    dcn_module *m;
    LoweringPart *part = NULL;
    int n = 0, failed = 0;
    if (dcn_load_text(whole->spec, "store", NULL, 0, &m, err))
        return -1;
    for (int i = 0; cg_lowerings[i]; i++)
        if (cg_lowerings[i]->parts && sched_takes(cg_lowerings[i], dcn_module_spec(m, 0)))
            n = cg_lowerings[i]->parts(dcn_module_spec(m, 0), &part);
    for (int i = 0; i < n && !failed; i++)
        if (sched_part_like(part, i) == i)
            failed = write_part(db, whole, &part[i].spec, lines, err);
    free(part);
    dcn_module_free(m);
    return failed;
}

static int write_records(const SweepDbs *dbs, const SweepFound *f, RecordLines *lines,
                         dcn_error *err)
{
    TuneKey key = { .threads = 1 };
    if (f->duplicate || f->row.state < SWEEP_ESTIMATED)
        return 0;
    memcpy(key.id, f->row.key, sizeof key.id);
    lines->row = &f->row;
    lines->from = dbs->at[f->db];
    const int64_t before = lines->count;
    if (tune_store_each(dbs->at[f->db], &key, write_record, lines, err))
        return -1;
    key = lines->key;
    return lines->count > before ? write_parts(dbs->at[f->db], &key, lines, err) : 0;
}

int sweep_records(const SweepPlan *plan, const SweepDbs *dbs, const SweepFound *found, char **text,
                  size_t *size, int64_t *count, dcn_error *err)
{
    *text = NULL;
    RecordLines lines = { .to = open_memstream(text, size) };
    int failed = 0;
    for (int i = 0; i < plan->n && lines.to && !failed; i++)
        failed = write_records(dbs, &found[i], &lines, err);
    if (!lines.to || fclose(lines.to) || lines.failed)
        failed = dcn_fail(err, DCN_EENV, "no memory for the records");
    *count = lines.count;
    return failed;
}

/* ---- a database of them ------------------------------------------------------------------- */

static int put_rows(TuneStore *db, const SweepPlan *plan, const SweepFound *f, dcn_error *err)
{
    const Db *d = tune_store_db(db, true, err);
    if (!d || db_begin(d, err))
        return -1;
    int failed = 0;
    for (int i = 0; i < plan->n && !failed; i++)
        if (f[i].row.state >= SWEEP_ESTIMATED)
            failed = sweep_row_put(db, plan->at[i].id, &f[i].row, err);
    return db_end(d, failed, err);
}

static int fill(const SweepPlan *plan, const SweepFound *f, const char *text, size_t size,
                const char *path, dcn_error *err)
{
    TuneStore *db;
    TuneImported got;
    if (sweep_db_open(path, true, &db, err))
        return -1;
    int failed = tune_store_merge(db, path, text, size, &got, err) || put_rows(db, plan, f, err);
    tune_store_close(db);
    return failed;
}

/* A log that another process left beside the file would be taken for one of the new file. */
static int check_log(const char *path, dcn_error *err)
{
    char log[STORE_PATH_MAX];
    struct stat st;
    if ((size_t)snprintf(log, sizeof log, "%s-wal", path) >= sizeof log)
        return dcn_fail(err, DCN_EENV, "the path of the database is too long");
    return !stat(log, &st) && st.st_size
               ? dcn_fail(err, DCN_EENV, "%s is in use, and is not replaced", path)
               : 0;
}

static void remove_all(const char *path)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    char name[STORE_PATH_MAX + 16];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

int sweep_write_db(const SweepPlan *plan, const SweepFound *found, const char *text, size_t size,
                   const char *path, dcn_error *err)
{
    char fresh[STORE_PATH_MAX];
    if (check_log(path, err))
        return -1;
    if ((size_t)snprintf(fresh, sizeof fresh, "%s.new.%ld", path, (long)getpid()) >= sizeof fresh)
        return dcn_fail(err, DCN_EENV, "the path of the database is too long");
    int failed = fill(plan, found, text, size, fresh, err);
    if (!failed && rename(fresh, path))
        failed = dcn_fail(err, DCN_EENV, "cannot create %s: %s", path, strerror(errno));
    if (failed)
        remove_all(fresh);
    return failed;
}
