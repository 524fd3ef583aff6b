/* maintain.c: how much there is, and what may go.
**
** Stale records (of another build, of another revision of their lowering) are never used again
** here, but a program of that build would use them: only pruning removes them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/grow.h"
#include "tuner/store/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- stat -------------------------------------------------------------------------------- */

static int64_t file_bytes(const char *file)
{
    static const char *const parts[] = { "", "-wal", "-shm" };
    char path[STORE_PATH_MAX + 8];
    struct stat st;
    int64_t total = 0;
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", file, parts[i]);
        total += stat(path, &st) ? 0 : (int64_t)st.st_size;
    }
    return total;
}

/* Time of tuning: from the start of each run to its first record, and from each record of it to the next.  A winner
** that a later run measures again keeps its run and has a new time, so what is longer than a candidate takes is
** none. */
#define COUNT_SECONDS                                                                              \
    "SELECT coalesce(sum(took), 0) FROM (SELECT at - lag(at, 1, run / 1000)"                       \
    " OVER (PARTITION BY key, run ORDER BY at) AS took FROM records WHERE outcome <> 'estimated')" \
    " WHERE took BETWEEN 0 AND 600"

static int count_rows(const Db *db, TuneStoreStat *out, dcn_error *err)
{
    const struct {
        const char *sql;
        int64_t *to;
    } counts[] = {
        { "SELECT count(*) FROM keys", &out->keys },
        { "SELECT count(*) FROM records", &out->records },
        { "SELECT count(*) FROM records WHERE winner AND outcome = 'ok'", &out->winners },
        { "SELECT count(*) FROM pins", &out->pinned },
        { "SELECT count(DISTINCT digest) FROM objects", &out->objects },
        { COUNT_CODE_BYTES, &out->object_bytes },
        { COUNT_SECONDS, &out->seconds },
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (db_number(db, err, counts[i].to, counts[i].sql, ""))
            return -1;
    return 0;
}

/* The records that are not current, one after another; their rowids are malloc'ed. */
static int64_t find_stale(const Db *db, int64_t **ids, dcn_error *err)
{
    int64_t n = 0;
    size_t room = 0;
    *ids = NULL;
    DbRows *row = db_ask(db, err, "SELECT " RECORD_COLUMNS ", r.rowid FROM " ROWS, "");
    int more;
    while ((more = db_next(db, row, err)) > 0) {
        TuneKey key;
        TuneRecord r;
        if (!row_key(row, &key) && !row_record(row, key.id, &r) && tune_record_is_current(&key, &r))
            continue;
        int64_t *grown = rt_grow(*ids, (size_t)n + 1, &room, sizeof *grown);
        if (!grown) {
            more = dcn_fail(err, DCN_EENV, "no memory to look through the store");
            break;
        }
        *ids = grown;
        (*ids)[n++] = db_int64(row, RECORD_NCOLUMNS);
    }
    db_done(row);
    return more < 0 ? -1 : n;
}

int tune_store_stat(TuneStore *st, TuneStoreStat *out, dcn_error *err)
{
    const StoreLayer *l = &st->layer[LAYER_USER];
    int64_t *ids = NULL;
    memset(out, 0, sizeof *out);
    memcpy(out->state, st->dirs.state, sizeof out->state);
    memcpy(out->cache, st->dirs.cache, sizeof out->cache);
    memcpy(out->system, st->dirs.system, sizeof out->system);
    if (!l->db.h)
        return 0;
    out->state_bytes = file_bytes(l->db.file);
    out->stale = count_rows(&l->db, out, err) ? -1 : find_stale(&l->db, &ids, err);
    free(ids);
    return out->stale < 0 ? -1 : 0;
}

/* ---- prune ------------------------------------------------------------------------------- */

static int64_t drop_stale(const Db *db, dcn_error *err)
{
    int64_t *ids, n = find_stale(db, &ids, err);
    for (int64_t i = 0; i < n; i++)
        if (db_do(db, err, "DELETE FROM records WHERE rowid = ?", "l", ids[i]) < 0)
            n = -1;
    free(ids);
    return n;
}

/* Losers go when they are old; winners when nobody asked for them for as long. */
static int64_t drop_old(const Db *db, int64_t before, dcn_error *err)
{
    return db_do(db, err,
                 "DELETE FROM records WHERE at < ?1 AND (NOT winner OR key IN"
                 " (SELECT id FROM keys WHERE used < ?1))",
                 "l", before);
}

static int64_t drop_rows(const StoreLayer *l, int64_t bytes, int64_t days, dcn_error *err)
{
    enum { DAY = 24 * 3600 };
    const Db *db = &l->db;
    int64_t before = days < 0 ? INT64_MIN : (int64_t)time(NULL) - days * DAY;
    int64_t stale = drop_stale(db, err);
    int64_t old = stale < 0 ? -1 : drop_old(db, before, err);
    int64_t code = old < 0 ? -1 : code_evict(l, bytes, before, err);
    if (code < 0 ||
        db_do(db, err,
              "DELETE FROM keys WHERE id NOT IN (SELECT key FROM records)"
              " AND id NOT IN (SELECT key FROM objects)",
              "") < 0 ||
        names_drop_unused(db, err))
        return -1;
    return stale + old + code;
}

/* Deletes what a process left behind that was killed while it made the store's file. */
static void collect_state_garbage(const TuneStore *st, int64_t before)
{
    static const char temp[] = "store.db.";
    DIR *dir = opendir(st->dirs.state);
    struct dirent *entry;
    struct stat s;
    while (dir && (entry = readdir(dir)))
        if (!strncmp(entry->d_name, temp, sizeof temp - 1) &&
            !fstatat(dirfd(dir), entry->d_name, &s, 0) && s.st_mtime < before)
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

/* After rows went, gives back their space, and deletes files older than `before` that belong to
** nothing. */
static int collect_garbage(const TuneStore *st, int64_t before, dcn_error *err)
{
    const StoreLayer *l = &st->layer[LAYER_USER];
    collect_state_garbage(st, before);
    (void)db_do(&l->db, NULL, "VACUUM", "");
    return code_collect_garbage(l, before, err);
}

/* Where nothing was ever written there is nothing to take away. */
static bool is_absent(const TuneStore *st)
{
    return !st->layer[LAYER_USER].db.h && !st->layer[LAYER_USER].why[0] &&
           st->dirs.mode == TUNE_STORE_RW;
}

/* A process may be about to name a file that it wrote, so young files stay. */
int64_t tune_store_prune(TuneStore *st, int64_t bytes, int64_t days, dcn_error *err)
{
    enum { HOUR = 3600 };
    if (is_absent(st))
        return 0;
    StoreLayer *l = store_writer(st, err);
    if (!l || db_begin(&l->db, err))
        return -1;
    int64_t rows = drop_rows(l, bytes, days, err);
    if (db_end(&l->db, rows < 0, err) || collect_garbage(st, (int64_t)time(NULL) - HOUR, err))
        return -1;
    return rows;
}

/* ---- clear ------------------------------------------------------------------------------- */

int tune_store_clear(TuneStore *st, dcn_error *err)
{
    static const char *const all[] = { "DELETE FROM records", "DELETE FROM keys",
                                       "DELETE FROM pins", "DELETE FROM objects" };
    if (is_absent(st))
        return 0;
    StoreLayer *l = store_writer(st, err);
    if (!l || db_begin(&l->db, err))
        return -1;
    bool failed = false;
    for (int i = 0; i < 4 && !failed; i++)
        failed = db_do(&l->db, err, all[i], "") < 0;
    failed = failed || names_drop_unused(&l->db, err);
    return db_end(&l->db, failed, err) || collect_garbage(st, INT64_MAX, err) ? -1 : 0;
}
