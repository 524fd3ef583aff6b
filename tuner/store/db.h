/* db.h: SQLite in few words: a statement with its values is one call, failures are our errors.
**
** Nobody but db.c names SQLite.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_DB_H
#define DCN_TUNER_DB_H

#include "tuner/store/dirs.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Db {
    struct sqlite3 *h;         /* NULL: closed */
    char file[STORE_PATH_MAX]; /* for messages */
    bool unchanging;           /* replaced as a whole: reading leaves nothing beside it */
    bool given;                /* a file that the user names, as a sweep's, not the store's own */
} Db;

/* Only a file that is there.  Without `write`, also one in a directory that cannot be written. */
int db_open(Db *db, bool write, dcn_error *err);
void db_close(Db *db); /* a closed one allowed */
bool db_is_writable(const Db *db);

/* What to do about a file that is none of ours. */
const char *db_advice(const Db *db);

/* Makes the file, which is there but empty, runs the scripts (ended by NULL) and leaves it
** closed. */
int db_create(Db *db, const char *const *scripts, dcn_error *err);

/* ---- statements: their values have one letter each in `types` ------------------------------ */
/*      s text, i int, l int64_t, d double, b void * and int (bytes)                            */

/* What a question is answered with; at one row at a time. */
typedef struct sqlite3_stmt DbRows;

/* NULL with err.  Ended by db_done. */
DbRows *db_ask(const Db *db, dcn_error *err, const char *sql, const char *types, ...);
void db_done(DbRows *rows); /* NULL allowed */

/* 1: at the next row; 0: no more; -1 err.  NULL, which db_ask made with an err, gives -1. */
int db_next(const Db *db, DbRows *rows, dcn_error *err);

/* Column i of the row; bytes are valid until the next row.  A text is cut to size; false if it was
** cut, or is no line of UTF-8 (form.h). */
bool db_text(DbRows *rows, int i, char *buf, size_t size);
int db_int(DbRows *rows, int i);
int64_t db_int64(DbRows *rows, int i);
double db_double(DbRows *rows, int i);
const void *db_blob(DbRows *rows, int i, size_t *size);

/* A statement without rows; returns how many it changed, or -1. */
int db_do(const Db *db, dcn_error *err, const char *sql, const char *types, ...);

/* A statement that may fail; it waits for nobody. */
void db_try(const Db *db, const char *sql, const char *types, ...);

/* The one number that a question is answered with, 0 where it is answered with none. */
int db_number(const Db *db, dcn_error *err, int64_t *out, const char *sql, const char *types, ...);

/* Whether there is such a table. */
int db_has_table(const Db *db, const char *name, bool *out, dcn_error *err);

/* All that happens between is one change, or none if `failed` or the end fails. */
int db_begin(const Db *db, dcn_error *err);
int db_end(const Db *db, bool failed, dcn_error *err);

#endif
