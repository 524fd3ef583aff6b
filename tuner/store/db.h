/* db.h: SQLite in few words: a statement with its values is one call, failures are our errors.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_DB_H
#define DCN_TUNER_DB_H

#include "tuner/store/dirs.h"

#include <sqlite3.h>

typedef struct Db {
    sqlite3 *h;                /* NULL: closed */
    char file[STORE_PATH_MAX]; /* for messages */
} Db;

/* Only a file that is there.  Without `write`, also one in a directory that cannot be written. */
int db_open(Db *db, bool write, dcn_error *err);
void db_close(Db *db); /* a closed one allowed */

/* What SQLite says went wrong: damage is DCN_ESTORE, all else DCN_EENV. */
int db_fail(const Db *db, const char *verb, dcn_error *err);

/* A statement with its values, one letter each: s text, i int, l int64_t, d double, b void * and int
** (bytes).  NULL with err.  Ended by sqlite3_finalize, which takes NULL. */
sqlite3_stmt *db_ask(const Db *db, dcn_error *err, const char *sql, const char *types, ...);

/* 1: a row; 0: no more; -1 err. */
int db_next(const Db *db, sqlite3_stmt *row, dcn_error *err);

/* A statement without rows; returns how many it changed, or -1. */
int db_do(const Db *db, dcn_error *err, const char *sql, const char *types, ...);

/* The same where it does not matter if it fails; waits for nobody. */
void db_try(const Db *db, const char *sql, const char *types, ...);

/* The one number that a query gives, 0 where it gives none. */
int db_number(const Db *db, const char *sql, int64_t *out, dcn_error *err);

/* Column i as text, cut to size. */
void db_text(sqlite3_stmt *row, int i, char *buf, size_t size);

/* All that happens between is one change, or none if `failed` or the end fails. */
int db_begin(const Db *db, dcn_error *err);
int db_end(const Db *db, bool failed, dcn_error *err);

#endif
