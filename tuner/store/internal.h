/* internal.h: the store, for the files that it is made of.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_INSIDE_H
#define DCN_TUNER_STORE_INSIDE_H

#include "tuner/store/db.h"

/* One SQLite file and its folder of code. */
typedef struct StoreLayer {
    Db db; /* closed: there is none */
    char objects[STORE_PATH_MAX];
    bool writable;
    char why[sizeof((dcn_error *)0)->text]; /* it cannot be used; "": not there, or it can */
} StoreLayer;

enum { STORE_NLAYERS = 2 };

struct dcn_cache {
    StoreDirs dirs;
    StoreLayer layer[STORE_NLAYERS]; /* the user's, the system's */
};

/* The user's level, made if it is not there; NULL with err if it cannot be written. */
StoreLayer *store_writer(TuneStore *st, dcn_error *err);

/* The user's level if there is one to look at, else NULL with err. */
StoreLayer *store_reader(TuneStore *st, dcn_error *err);

/* ---- rows -------------------------------------------------------------------------------- */

/* What row_key and row_record read: SELECT KEY_COLUMNS "," RECORD_COLUMNS FROM ROWS. */
#define KEY_COLUMNS "k.id, k.spec, k.machine, k.threads, k.build"
#define RECORD_COLUMNS                                                                             \
    "r.offsets, r.schedule, r.lowering, r.rev, r.outcome, r.why, r.ns_median, r.ns_low, "          \
    "r.ns_high, r.gain, r.peak_gflops, r.flops, r.samples, r.at, r.place, r.trial, r.run, "        \
    "r.winner, r.sum, p.schedule IS r.schedule"
#define ROWS "records r JOIN keys k ON k.id = r.key LEFT JOIN pins p ON p.problem = k.problem "
enum { KEY_NCOLUMNS = 5 };

void row_key(sqlite3_stmt *row, TuneKey *key);
/* Columns from `first` on; -1 if the row is not what was written: then it does not count. */
int row_record(sqlite3_stmt *row, int first, const char *key_id, TuneRecord *r);

/* Write key and record, in a change that is going on. */
int row_put(const Db *db, const TuneKey *key, const TuneRecord *r, dcn_error *err);

/* Whether this build would write the same: its lowering exists in that revision. */
bool record_is_current(const TuneKey *key, const TuneRecord *r);

/* The outcome of that name, or -1. */
int outcome_named(const char *name);

/* ---- pins -------------------------------------------------------------------------------- */

/* 1 and the schedule (DCN_TEXT_MAX bytes), 0 if none is pinned, -1 err. */
int pin_get(const Db *db, const TuneKey *key, char *schedule, dcn_error *err);
int pin_put(const Db *db, const TuneKey *key, const char *schedule, dcn_error *err);
/* As records that have only a schedule; all of them, or those whose schedule was never tried. */
int pin_each(const StoreLayer *l, bool all, TuneEach each, void *self, dcn_error *err);

/* ---- code -------------------------------------------------------------------------------- */

/* The file of the code with that digest. */
int object_path(const StoreLayer *l, const char *digest, char out[STORE_PATH_MAX], dcn_error *err);

/* NULL if the bytes are code of the kernel `name` for a machine with that triple, else what is wrong. */
const char *object_refuse(const void *bytes, size_t size, const char *name, const char *triple);

typedef struct ObjectId {
    const char *digest, *name, *triple;
} ObjectId;

/* NULL if the file holds that code, malloc'ed in *bytes; else what is wrong with it. */
const char *object_read(const StoreLayer *l, const ObjectId *id, void **bytes, size_t *size);

/* Delete files in the folder of code that no row names and that are older than `before`; -1 err. */
int object_sweep(const StoreLayer *l, int64_t before, dcn_error *err);

/* Drop code by age and size as tune_store_prune says; how many rows went, or -1. */
int64_t object_evict(const StoreLayer *l, int64_t bytes, int64_t before, dcn_error *err);

#endif
