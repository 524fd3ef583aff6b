/* db.c: SQLite in few words.
**
** synchronous=FULL: what was committed is on disk, also after a loss of power.  A lock that another
** process holds is waited for, WAIT_MS at most.
**
** A database may come from anybody.  Views and triggers are off, functions in its schema are not
** trusted, no value is longer than VALUE_MAX, and a statement that takes more steps than reading
** the whole file many times over is ended.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/db.h"
#include "runtime/base/text.h"
#include "tuner/store/form.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A record takes about 100 steps to read and sort, and at least 300 bytes of the file. */
enum { WAIT_MS = 10000, VALUE_MAX = 1 << 20, STEPS_MIN = 1 << 28, STEPS_PER_BYTE = 64 };

const char *db_advice(const Db *db)
{
    return db->given ? "name another file" : "move it away, or set DCNGEN_CACHE=off";
}

/* Damage is DCN_ESTORE, all else DCN_EENV. */
static int fail(const Db *db, const char *verb, dcn_error *err)
{
    int code = sqlite3_errcode(db->h) & 0xff;
    const char *why = sqlite3_errmsg(db->h);
    if (code == SQLITE_NOTADB)
        return dcn_fail(err, DCN_ESTORE, "%s is not a store of dcngen; %s", db->file,
                        db_advice(db));
    if (code == SQLITE_INTERRUPT)
        why = "a query does not end";
    if (code == SQLITE_CORRUPT || code == SQLITE_INTERRUPT || code == SQLITE_TOOBIG)
        return dcn_fail(err, DCN_ESTORE, "the store %s is damaged (%s); %s", db->file, why,
                        db_advice(db));
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return dcn_fail(err, DCN_EENV, "cannot %s the store %s: another process keeps it locked",
                        verb, db->file);
    return dcn_fail(err, DCN_EENV, "cannot %s the store %s: %s", verb, db->file, why);
}

/* ---- open and close ---------------------------------------------------------------------- */

/* file:PATH with what has a meaning in a URI escaped, read as a file that nobody changes. */
static void immutable_uri(const char *path, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    rt_text_add(&t, "file:");
    for (; *path; path++)
        rt_text_add(&t, strchr("?#%", *path) ? "%%%02x" : "%c", (unsigned)(unsigned char)*path);
    rt_text_add(&t, "?immutable=1");
}

static int end_statement(void *unused)
{
    (void)unused;
    return 1;
}

/* SQLite counts the steps of each statement for itself. */
static void bound_steps(const Db *db)
{
    struct stat st;
    const int64_t bytes = stat(db->file, &st) ? 0 : (int64_t)st.st_size;
    const int64_t room = (INT_MAX - STEPS_MIN) / STEPS_PER_BYTE;
    const int64_t steps = STEPS_MIN + STEPS_PER_BYTE * (bytes < room ? bytes : room);
    sqlite3_progress_handler(db->h, (int)steps, end_statement, NULL);
}

static void trust_nothing(const Db *db)
{
    static const struct {
        int what, on;
    } settings[] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },
        { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
        { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        sqlite3_db_config(db->h, settings[i].what, settings[i].on, NULL);
    sqlite3_limit(db->h, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    bound_steps(db);
}

static int try_open(Db *db, const char *name, int flags)
{
    int rc = sqlite3_open_v2(name, &db->h, flags, NULL);
    if (rc == SQLITE_OK) {
        trust_nothing(db);
        sqlite3_busy_timeout(db->h, WAIT_MS);
        rc = sqlite3_exec(db->h,
                          "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                          "PRAGMA schema_version;",
                          NULL, NULL, NULL);
    }
    return rc;
}

/* WAL needs a writable directory even to read, unless nobody writes: then there is no log to
** read. */
static int open_unchanging(Db *db)
{
    char uri[3 * STORE_PATH_MAX + 32], log[STORE_PATH_MAX + 8];
    struct stat st;
    snprintf(log, sizeof log, "%s-wal", db->file);
    if (!stat(log, &st) && st.st_size)
        return SQLITE_CANTOPEN;
    immutable_uri(db->file, uri, sizeof uri);
    sqlite3_close(db->h);
    return try_open(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

/* Read-only directories and full disks have no room for what SQLite writes to read. */
static bool cannot_write(int rc)
{
    return rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY || rc == SQLITE_IOERR ||
           rc == SQLITE_FULL;
}

/* Opening a pipe waits for somebody at its other end, and SQLite would open one. */
static bool is_pipe_or_device(const char *file)
{
    static const char *const parts[] = { "", "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[STORE_PATH_MAX + 16];
        struct stat st;
        snprintf(name, sizeof name, "%s%s", file, parts[i]);
        if (!stat(name, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
            return true;
    }
    return false;
}

int db_open(Db *db, bool write, dcn_error *err)
{
    if (is_pipe_or_device(db->file))
        return dcn_fail(err, DCN_ESTORE, "%s is not a store of dcngen; %s", db->file,
                        db_advice(db));
    if (db->unchanging && !write && open_unchanging(db) == SQLITE_OK)
        return 0;
    db_close(db);
    int rc = try_open(db, db->file, write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    if (cannot_write(rc & 0xff))
        rc = open_unchanging(db);
    if (rc == SQLITE_OK)
        return 0;
    fail(db, "open", err);
    db_close(db);
    return -1;
}

void db_close(Db *db)
{
    sqlite3_close(db->h);
    db->h = NULL;
}

bool db_is_writable(const Db *db)
{
    return !sqlite3_db_readonly(db->h, "main");
}

int db_create(Db *db, const char *const *scripts, dcn_error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int failed = sqlite3_open_v2(db->file, &db->h, flags, NULL);
    for (int i = 0; scripts[i] && !failed; i++)
        failed = sqlite3_exec(db->h, scripts[i], NULL, NULL, NULL);
    if (failed)
        fail(db, "create", err);
    db_close(db);
    return failed ? -1 : 0;
}

/* ---- statements -------------------------------------------------------------------------- */

static int bind_one(sqlite3_stmt *st, int i, char type, va_list *args)
{
    if (type == 'i')
        return sqlite3_bind_int(st, i, va_arg(*args, int));
    if (type == 'l')
        return sqlite3_bind_int64(st, i, va_arg(*args, int64_t));
    if (type == 'd')
        return sqlite3_bind_double(st, i, va_arg(*args, double));
    if (type == 's')
        return sqlite3_bind_text(st, i, va_arg(*args, const char *), -1, SQLITE_TRANSIENT);
    const void *bytes = va_arg(*args, const void *);
    return sqlite3_bind_blob(st, i, bytes, va_arg(*args, int), SQLITE_TRANSIENT);
}

static sqlite3_stmt *prepare(const Db *db, dcn_error *err, const char *sql, const char *types,
                             va_list *args)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db->h, sql, -1, &st, NULL);
    for (int i = 0; rc == SQLITE_OK && types[i]; i++)
        rc = bind_one(st, i + 1, types[i], args);
    if (rc == SQLITE_OK)
        return st;
    fail(db, "read", err);
    sqlite3_finalize(st);
    return NULL;
}

DbRows *db_ask(const Db *db, dcn_error *err, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *st = prepare(db, err, sql, types, &args);
    va_end(args);
    return st;
}

void db_done(DbRows *rows)
{
    sqlite3_finalize(rows);
}

int db_next(const Db *db, DbRows *rows, dcn_error *err)
{
    if (!rows)
        return -1;
    int rc = sqlite3_step(rows);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    return fail(db, sqlite3_stmt_readonly(rows) ? "read" : "write", err);
}

static int run(const Db *db, dcn_error *err, sqlite3_stmt *st)
{
    int more;
    do
        more = db_next(db, st, err);
    while (more > 0);
    sqlite3_finalize(st);
    return more;
}

int db_do(const Db *db, dcn_error *err, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    int failed = run(db, err, prepare(db, err, sql, types, &args));
    va_end(args);
    return failed ? -1 : sqlite3_changes(db->h);
}

void db_try(const Db *db, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_busy_timeout(db->h, 0);
    run(db, NULL, prepare(db, NULL, sql, types, &args));
    sqlite3_busy_timeout(db->h, WAIT_MS);
    va_end(args);
}

int db_number(const Db *db, dcn_error *err, int64_t *out, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    DbRows *rows = prepare(db, err, sql, types, &args);
    va_end(args);
    int got = db_next(db, rows, err);
    *out = got > 0 ? sqlite3_column_int64(rows, 0) : 0;
    db_done(rows);
    return got < 0 ? -1 : 0;
}

int db_has_table(const Db *db, const char *name, bool *out, dcn_error *err)
{
    int64_t n = 0;
    int failed = db_number(db, err, &n,
                           "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?",
                           "s", name);
    *out = n > 0;
    return failed;
}

/* ---- columns ----------------------------------------------------------------------------- */

bool db_text(DbRows *rows, int i, char *buf, size_t size)
{
    const bool is_text = sqlite3_column_type(rows, i) == SQLITE_TEXT;
    const char *text = (const char *)sqlite3_column_text(rows, i);
    const int length = sqlite3_column_bytes(rows, i);
    snprintf(buf, size, "%s", text ? text : "");
    return is_text && text && strlen(text) == (size_t)length && (size_t)length < size &&
           form_is_line(buf);
}

int db_int(DbRows *rows, int i)
{
    return sqlite3_column_int(rows, i);
}

int64_t db_int64(DbRows *rows, int i)
{
    return sqlite3_column_int64(rows, i);
}

double db_double(DbRows *rows, int i)
{
    return sqlite3_column_double(rows, i);
}

const void *db_blob(DbRows *rows, int i, size_t *size)
{
    const void *bytes = sqlite3_column_blob(rows, i);
    *size = (size_t)sqlite3_column_bytes(rows, i);
    return bytes;
}

/* ---- one change -------------------------------------------------------------------------- */

int db_begin(const Db *db, dcn_error *err)
{
    return db_do(db, err, "BEGIN IMMEDIATE", "") < 0 ? -1 : 0;
}

int db_end(const Db *db, bool failed, dcn_error *err)
{
    if (!failed && db_do(db, err, "COMMIT", "") >= 0)
        return 0;
    sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}
