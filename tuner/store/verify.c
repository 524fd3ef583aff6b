/* verify.c: is everything that was written still what was written?
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/digest.h"
#include "tuner/store/form.h"
#include "tuner/store/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct DamageReport {
    void (*print)(void *self, const char *line);
    void *self;
    int damages;
} DamageReport;

static void damage(DamageReport *r, const char *fmt, ...) RT_PRINTF(2, 3);

static void damage(DamageReport *r, const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    r->print(r->self, line);
    r->damages++;
}

/* SQLite's own check: one row "ok", or one for each damage. */
static int check_file(const Db *db, DamageReport *report, dcn_error *err)
{
    char line[400];
    DbRows *row = db_ask(db, err, "PRAGMA integrity_check", "");
    int more;
    while ((more = db_next(db, row, err)) > 0) {
        db_text(row, 0, line, sizeof line);
        if (strcmp(line, "ok") != 0)
            damage(report, "%s: %s", db->file, line);
    }
    db_done(row);
    return more;
}

static int check_records(const Db *db, DamageReport *report, dcn_error *err)
{
    DbRows *row = db_ask(db, err, SELECT_RECORDS, "");
    int more;
    while ((more = db_next(db, row, err)) > 0) {
        TuneKey key;
        TuneRecord r;
        char id[TUNE_ID_MAX];
        const bool whole = !row_key(row, &key);
        tune_key_id(&key, id);
        if (!whole || strcmp(id, key.id) != 0)
            damage(report, "key %.12s: it is not the digest of its parts", key.id);
        else if (row_record(row, key.id, &r))
            damage(report, "key %.12s, record '%s': it is not what was written", key.id,
                   r.schedule);
    }
    db_done(row);
    return more;
}

static bool is_time(int64_t at)
{
    return at >= 0 && at <= FORM_MAX_TIME;
}

/* When a kernel was used last says what goes first. */
static int check_times(const Db *db, DamageReport *report, dcn_error *err)
{
    DbRows *row = db_ask(db, err, "SELECT id, used FROM keys", "");
    int more;
    while ((more = db_next(db, row, err)) > 0) {
        char id[TUNE_ID_MAX];
        if (!db_text(row, 0, id, sizeof id) || !is_time(db_int64(row, 1)))
            damage(report, "key %.12s: it cannot have been used then", id);
    }
    db_done(row);
    return more;
}

static int check_objects(const StoreLayer *l, DamageReport *report, dcn_error *err)
{
    DbRows *row = db_ask(&l->db, err, "SELECT digest, name, triple, bytes, used FROM objects", "");
    int more;
    while ((more = db_next(&l->db, row, err)) > 0) {
        char digest[RT_DIGEST_HEX], name[DCN_NAME_MAX], triple[64];
        void *bytes = NULL;
        size_t size;
        bool whole = db_text(row, 0, digest, sizeof digest);
        whole &= db_text(row, 1, name, sizeof name);
        whole &= db_text(row, 2, triple, sizeof triple);
        const int64_t bytes_said = db_int64(row, 3);
        whole &= is_time(db_int64(row, 4));
        const char *no = whole ? code_read(l, &(CodeId){ digest, name, triple }, &bytes, &size)
                               : "it is not what was written";
        free(bytes);
        if (!no && (int64_t)size != bytes_said)
            no = "its row says another size";
        if (no)
            damage(report, "code of '%s', %.12s.o: %s", name, digest, no);
    }
    db_done(row);
    return more;
}

int tune_store_verify(TuneStore *st, void (*print)(void *self, const char *line), void *self,
                      dcn_error *err)
{
    DamageReport report = { print, self, 0 };
    const StoreLayer *l = &st->layer[LAYER_USER];
    if (!l->db.h && !l->why[0] && st->dirs.mode != TUNE_STORE_OFF)
        return 0;
    if (!store_reader(st, err))
        return -1;
    if (check_file(&l->db, &report, err) ||
        (!report.damages && (check_records(&l->db, &report, err) ||
                             check_times(&l->db, &report, err) || check_objects(l, &report, err))))
        return -1;
    return report.damages;
}
