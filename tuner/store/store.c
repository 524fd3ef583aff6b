/* store.c: opening and closing the store.
**
** A store's file is made complete under another name and linked into place, so it is never seen
** half made and an empty one is not ours.  user_version counts the schema: a greater one is of a
** newer dcngen.  A file whose tables are not exactly those of schema.c is not ours, either.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "tuner/store/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCHEMA = 1, APPLICATION = 0x64636e67 }; /* "dcng" */

/* ---- the file ---------------------------------------------------------------------------- */

static int not_ours(const Db *db, dcn_error *err)
{
    return dcn_fail(err, DCN_ESTORE, "%s is not a store of dcngen; %s", db->file, db_advice(db));
}

static int check_schema(const Db *db, dcn_error *err)
{
    int64_t application, version;
    bool ours;
    if (db_number(db, err, &application, "PRAGMA application_id", "") ||
        db_number(db, err, &version, "PRAGMA user_version", ""))
        return -1;
    if (application != APPLICATION || version < 1)
        return not_ours(db, err);
    if (version > SCHEMA)
        return dcn_fail(err, DCN_ESTORE,
                        "the store %s is of a newer dcngen (schema %d, this one knows %d); %s",
                        db->file, (int)version, SCHEMA, db_advice(db));
    if (schema_is_ours(db, &ours, err))
        return -1;
    return ours ? 0 : not_ours(db, err);
}

/* 0 open, 1 there is no file, -1 err. */
static int layer_open(StoreLayer *l, bool write, dcn_error *err)
{
    struct stat st;
    if (stat(l->db.file, &st)) {
        if (errno == ENOENT)
            return 1;
        return dcn_fail(err, DCN_EENV, "cannot open the store %s: %s", l->db.file, strerror(errno));
    }
    if (db_open(&l->db, write, err))
        return -1;
    l->writable = write && db_is_writable(&l->db);
    if (!check_schema(&l->db, err))
        return 0;
    db_close(&l->db);
    return -1;
}

/* WAL comes last: all that is in the file before is in the file itself, not in a log beside it. */
static int fill(Db *db, dcn_error *err)
{
    char marks[128];
    snprintf(marks, sizeof marks,
             "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT; PRAGMA journal_mode=WAL;",
             APPLICATION, SCHEMA);
    return db_create(db, (const char *const[]){ "BEGIN", schema_script, marks, NULL }, err);
}

/* Several processes may do this at once: one of them links its file, the others find it there. */
static int create(const char *file, dcn_error *err)
{
    Db fresh = { .h = NULL };
    static const char *const logs[] = { "", "-wal", "-shm", "-journal" };
    char name[STORE_PATH_MAX + 8];
    if ((size_t)snprintf(fresh.file, sizeof fresh.file, "%s.XXXXXX", file) >= sizeof fresh.file)
        return dcn_fail(err, DCN_EENV, "the path of the store is too long");
    int fd = mkstemp(fresh.file);
    if (fd < 0)
        return dcn_fail(err, DCN_EENV, "cannot create the store %s: %s", file, strerror(errno));
    close(fd);
    int failed = fill(&fresh, err);
    if (!failed && link(fresh.file, file) && errno != EEXIST)
        failed = dcn_fail(err, DCN_EENV, "cannot create the store %s: %s", file, strerror(errno));
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", fresh.file, logs[i]);
        unlink(name);
    }
    return failed;
}

/* ---- the two layers ---------------------------------------------------------------------- */

static int layer_dirs(StoreLayer *l, const char *state, const char *cache, dcn_error *err)
{
    return dirs_join(l->db.file, state, "store.db", err) ||
                   dirs_join(l->objects, cache, "objects", err)
               ? -1
               : 0;
}

/* A store that is one file holds nothing that is run, so whose directory it is does not matter. */
static int look_at_file(TuneStore *st, dcn_error *err)
{
    StoreLayer *l = &st->layer[LAYER_USER];
    memcpy(l->db.file, st->dirs.file, sizeof l->db.file);
    l->db.given = true;
    return layer_open(l, st->dirs.mode == TUNE_STORE_RW, err) < 0 ? -1 : 0;
}

/* 0 open, 1 not there, -1 err. */
static int layer_look(StoreLayer *l, const char *state, const char *cache, bool shared, bool write,
                      dcn_error *err)
{
    if (layer_dirs(l, state, cache, err))
        return -1;
    l->db.unchanging = shared;
    int found = dirs_check(state, shared, err);
    if (found == 0 && dirs_check(cache, shared, err) < 0)
        return -1;
    return found ? found : layer_open(l, write, err);
}

/* -1 only for what must not be passed over: a user's store that is damaged or not ours. */
static int look_both(TuneStore *st, dcn_error *err)
{
    const StoreDirs *p = &st->dirs;
    StoreLayer *user = &st->layer[LAYER_USER], *system = &st->layer[LAYER_SYSTEM];
    dcn_error why = { .code = DCN_OK };
    if (!user->why[0] &&
        layer_look(user, p->state, p->cache, false, p->mode == TUNE_STORE_RW, &why) < 0) {
        if (why.code == DCN_ESTORE)
            return dcn_fail(err, why.code, "%s", why.text);
        memcpy(user->why, why.text, sizeof user->why);
    }
    if (layer_look(system, p->system, p->system, true, false, &why) < 0)
        memcpy(system->why, why.text, sizeof system->why);
    return 0;
}

int tune_store_open(const TuneStoreAt *at, TuneStore **out, dcn_error *err)
{
    static const TuneStoreAt usual = { .mode = TUNE_STORE_RW };
    dcn_error why = { .code = DCN_OK };
    TuneStore *st = calloc(1, sizeof *st);
    if (!st)
        return dcn_fail(err, DCN_EENV, "no memory for the store");
    int failed = dirs_find(at ? at : &usual, &st->dirs, &why);
    if (failed)
        dcn_fail(err, why.code, "%s", why.text);
    if (!failed && st->dirs.file[0]) {
        failed = look_at_file(st, err);
    } else if (!failed && st->dirs.mode != TUNE_STORE_OFF) {
        if (!st->dirs.state[0] || !st->dirs.cache[0])
            memcpy(st->layer[LAYER_USER].why, why.text, sizeof why.text);
        failed = look_both(st, err);
    }
    if (failed) {
        tune_store_close(st);
        return -1;
    }
    *out = st;
    return 0;
}

void tune_store_close(TuneStore *st)
{
    if (!st)
        return;
    for (int i = 0; i < STORE_NLAYERS; i++)
        db_close(&st->layer[i].db);
    free(st);
}

const char *tune_store_path(const TuneStore *st)
{
    return st->layer[LAYER_USER].db.file;
}

const char *tune_store_why(const TuneStore *st)
{
    return st->layer[LAYER_USER].why[0] ? st->layer[LAYER_USER].why : st->layer[LAYER_SYSTEM].why;
}

int tune_store_usable(const TuneStore *st, dcn_error *err)
{
    const char *why = st->layer[LAYER_USER].why;
    return *why ? dcn_fail(err, DCN_EENV, "%s", why) : 0;
}

/* ---- for writing ------------------------------------------------------------------------- */

StoreLayer *store_reader(TuneStore *st, dcn_error *err)
{
    if (st->layer[LAYER_USER].db.h)
        return &st->layer[LAYER_USER];
    if (st->dirs.mode == TUNE_STORE_OFF)
        dcn_fail(err, DCN_EENV, "there is no store: DCNGEN_CACHE=off");
    else if (st->layer[LAYER_USER].why[0])
        dcn_fail(err, DCN_EENV, "%s", st->layer[LAYER_USER].why);
    else
        dcn_fail(err, DCN_EENV, "there is no store yet: %s", st->layer[LAYER_USER].db.file);
    return NULL;
}

static int make(TuneStore *st, dcn_error *err)
{
    StoreLayer *l = &st->layer[LAYER_USER];
    if (!st->dirs.file[0] && (dirs_make(st->dirs.state, err) || dirs_make(st->dirs.cache, err)))
        return -1;
    int found = layer_open(l, true, err);
    if (found > 0 && !create(l->db.file, err))
        found = layer_open(l, true, err);
    if (found > 0)
        dcn_fail(err, DCN_EENV, "the store %s was removed", l->db.file);
    return found ? -1 : 0;
}

StoreLayer *store_writer(TuneStore *st, dcn_error *err)
{
    StoreLayer *l = &st->layer[LAYER_USER];
    if (st->dirs.mode == TUNE_STORE_RO) {
        dcn_fail(err, DCN_EENV, "the store is only read: DCNGEN_CACHE=ro");
        return NULL;
    }
    bool absent = st->dirs.mode == TUNE_STORE_RW && !l->db.h && !l->why[0];
    if (absent && make(st, err))
        return NULL;
    if (!l->db.h)
        return store_reader(st, err);
    if (l->writable)
        return l;
    dcn_fail(err, DCN_EENV, "the store %s cannot be written", l->db.file);
    return NULL;
}

const Db *tune_store_db(TuneStore *st, bool write, dcn_error *err)
{
    const StoreLayer *l = write ? store_writer(st, err) : store_reader(st, err);
    return l ? &l->db : NULL;
}
