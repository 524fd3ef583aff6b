/* internal.h: the store, for the files that it is made of.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_INTERNAL_H
#define DCN_TUNER_STORE_INTERNAL_H

#include "tuner/store/db.h"
#include "tuner/store/store.h"

/* One SQLite file and its folder of code. */
typedef struct StoreLayer {
    Db db; /* closed: there is none */
    char objects[STORE_PATH_MAX];
    bool writable;
    char why[sizeof((dcn_error *)0)->text]; /* it cannot be used; "": not there, or it can */
} StoreLayer;

enum { LAYER_USER, LAYER_SYSTEM, STORE_NLAYERS };

struct dcn_cache {
    StoreDirs dirs;
    StoreLayer layer[STORE_NLAYERS];
};

/* The user's layer, made if it is not there; NULL with err if it cannot be written. */
StoreLayer *store_writer(TuneStore *st, dcn_error *err);

/* The user's layer if there is one to look at, else NULL with err. */
StoreLayer *store_reader(TuneStore *st, dcn_error *err);

/* ---- tables ------------------------------------------------------------------------------ */

/* Makes those of a new store; the ones of turns (turns.c) and of names (names.c), unless they are there. */
extern const char schema_script[], schema_turns[], schema_names[];

/* Whether the file holds the tables of a store, perhaps those of turns, of names and of a sweep, and nothing else. */
int schema_is_ours(const Db *db, bool *ours, dcn_error *err);

/* ---- rows -------------------------------------------------------------------------------- */

/* What row_key and row_record read. */
#define RECORD_COLUMNS                                                                             \
    "k.id, k.spec, k.machine, k.threads, k.build, "                                                \
    "r.offsets, r.schedule, r.lowering, r.rev, r.outcome, r.why, r.ns_median, r.ns_low, "          \
    "r.ns_high, r.gain, r.peak_gflops, r.flops, r.samples, r.at, r.place, r.trial, r.run, "        \
    "r.winner, r.sum, p.schedule IS r.schedule"
#define ROWS                                                                                       \
    "records r JOIN keys k ON k.id = r.key "                                                       \
    "LEFT JOIN pins p ON p.problem = k.problem "
#define SELECT_RECORDS "SELECT " RECORD_COLUMNS " FROM " ROWS
enum { KEY_NCOLUMNS = 5, RECORD_NCOLUMNS = KEY_NCOLUMNS + 20 };

/* -1 if the row is not what was written, or cannot be: then it does not count. */
int row_key(DbRows *row, TuneKey *key);
int row_record(DbRows *row, const char *key_id, TuneRecord *r);

/* Write key and record, in a change that is going on. */
int row_put(const Db *db, const TuneKey *key, const TuneRecord *r, dcn_error *err);

/* ---- readings in turns --------------------------------------------------------------------- */

/* Whether somebody can have measured them (form.h). */
bool turns_are_sound(const TuneTurns *t);

/* Write those of a record that is there; an internal error if they cannot be. */
int turns_put(const Db *db, const TuneKey *key, const TuneRecord *of, const TuneTurns *t,
              dcn_error *err);

/* ---- names -------------------------------------------------------------------------------- */

/* In a change that may be going on; "" is put nowhere. */
int name_put(const Db *db, const TuneKey *key, const char *name, dcn_error *err);

/* Drops the names of what has neither record, code nor pin. */
int names_drop_unused(const Db *db, dcn_error *err);

/* ---- pins -------------------------------------------------------------------------------- */

/* 1 and the schedule (DCN_SCHEDULE_MAX bytes), 0 if none is pinned, -1 err. */
int pin_get(const Db *db, const TuneKey *key, char *schedule, dcn_error *err);
int pin_put(const Db *db, const TuneKey *key, const char *schedule, dcn_error *err);

/* ---- code -------------------------------------------------------------------------------- */

/* Larger code is not kept.  A row that says anything else of its code's size does not count. */
enum { CODE_MAX_BYTES = 64 << 20 };
#define CODE_BYTES_ARE_SOUND "bytes BETWEEN 0 AND 67108864"
_Static_assert(CODE_MAX_BYTES == 67108864, "as the condition has it");
/* Files are shared by rows of the same digest, and counted once. */
#define COUNT_CODE_BYTES                                                                           \
    "SELECT coalesce(sum(bytes), 0) FROM"                                                          \
    " (SELECT DISTINCT digest, bytes FROM objects WHERE " CODE_BYTES_ARE_SOUND ")"

/* The file of the code with that digest; -1 also for a text that is no digest. */
int code_path(const StoreLayer *l, const char *digest, char out[STORE_PATH_MAX], dcn_error *err);

/* NULL if the bytes are code of the kernel `name` for a machine with that triple, else what is
** wrong. */
const char *code_refuse(const void *bytes, size_t size, const char *name, const char *triple);

typedef struct CodeId {
    const char *digest, *name, *triple;
} CodeId;

/* NULL if the file holds that code, malloc'ed in *bytes; else what is wrong with it. */
const char *code_read(const StoreLayer *l, const CodeId *id, void **bytes, size_t *size);

/* Deletes files in the folder of code that no row names and that are older than `before`; -1
** err. */
int code_collect_garbage(const StoreLayer *l, int64_t before, dcn_error *err);

/* Drops code by age and size as tune_store_prune says; how many rows went, or -1. */
int64_t code_evict(const StoreLayer *l, int64_t bytes, int64_t before, dcn_error *err);

#endif
