/* store.h: tuning results, remembered across runs and processes.
**
** One SQLite file (WAL) under the state home, one folder of compiled code under the cache home; a read-only
** system-wide store is read after the user's.  Nothing is created before something is written.  Opening never
** fails for a reason that the work could go on without: then the store is empty and tune_store_why says why.
** A store that is corrupt, foreign or newer is DCN_ESTORE and is left as it is.  docs/CACHE.md has the rest.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_H
#define DCN_TUNER_STORE_H

#include "tuner/store/key.h"

/* One thread at a time uses a handle; any number of handles and processes may use one store. */
typedef struct dcn_cache TuneStore;

/* off: nothing is read or written; ro: read only; rw. */
typedef enum { TUNE_STORE_OFF, TUNE_STORE_RO, TUNE_STORE_RW } TuneStoreMode;

/* The directories themselves.  NULL: that of the environment: DCNGEN_CACHE_DIR, else dcngen below the homes
** of XDG; DCNGEN_SYSTEM_DIR, else share/dcngen where dcngen is installed.  DCNGEN_CACHE can only lower the
** mode of a store that the environment places. */
typedef struct TuneStoreAt {
    const char *state_dir, *cache_dir, *system_dir;
    TuneStoreMode mode;
    /* Not NULL: records in this file, wherever it lies, and nothing else: no code, no system-wide store. */
    const char *file;
} TuneStoreAt;

int tune_store_open(const TuneStoreAt *at, TuneStore **out, dcn_error *err);
void tune_store_close(TuneStore *st); /* NULL allowed */
const char *
tune_store_path(const TuneStore *st); /* the user's file, there or not; "" if no place */
/* Why the user's store or the system's cannot be used; "" if nothing is wrong. */
const char *tune_store_why(const TuneStore *st);

typedef enum {
    TUNE_OK,        /* verified and timed */
    TUNE_REFUSED,   /* by the lowering, or by LLVM */
    TUNE_CRASHED,   /* the candidate's process died: signal in why */
    TUNE_TIMEOUT,   /* it hung */
    TUNE_WRONG,     /* it computes something else: which, in why */
    TUNE_DROPPED,   /* verified; stopped early, clearly slower than the best */
    TUNE_ESTIMATED, /* ranked by the model only, never mixed with measured ones */
} TuneOutcome;
extern const char *const tune_outcome_names[]; /* "ok", "refused", ... ended by NULL */

enum { TUNE_MAX_SAMPLES = 64 };

/* One candidate of one key under one distribution of offsets. */
typedef struct TuneRecord {
    char schedule[DCN_TEXT_MAX];
    char lowering[32];
    int rev;                    /* of the lowering */
    char offsets[DCN_TEXT_MAX]; /* "normal:2", "zero", digest of a file */
    TuneOutcome outcome;
    char why[DCN_TEXT_MAX];            /* reason, "" for ok */
    double ns_median, ns_low, ns_high; /* confidence interval of the median; 0 if not timed */
    double gain;               /* time of the guess / own time, paired in one run; 0 if unknown */
    double peak_gflops, flops; /* of the same run */
    int nsamples;
    double sample[TUNE_MAX_SAMPLES]; /* ns, in the order of measuring */
    int64_t when;                    /* unix seconds */
    char where[128];                 /* host name and CPU's own name, for people */
    int64_t trial; /* place in its run, from 0; run: unix ms at which the run began */
    int64_t run;
    int winner; /* 1: confirmed as the best of its run */
    int pinned; /* 1: the user said so; beats every other */
} TuneRecord;

/* Append or replace (same key, offsets, schedule): durable when it returns.  One winner is kept for a key and
** its offsets: a new one takes the place of the old, which otherwise stays one as long as it is TUNE_OK. */
int tune_store_put(TuneStore *st, const TuneKey *key, const TuneRecord *r, dcn_error *err);

/* The record to use: pinned, else the confirmed winner, else the fastest verified, else the one that a sweep
** estimated to be the best; those of stale revisions
** of a lowering are not looked at.  offsets NULL: any, the latest winner first.  A pinned schedule that was
** never measured has only its schedule and `pinned`.  0 found, 1 none, -1 err. */
int tune_store_best(TuneStore *st, const TuneKey *key, const char *offsets, TuneRecord *out,
                    dcn_error *err);

/* Every record of a key (NULL: of all), oldest first, the user's before the system's; stops when each
** returns non-zero. */
typedef int (*TuneEach)(void *self, const TuneKey *key, const TuneRecord *r);
int tune_store_each(TuneStore *st, const TuneKey *key, TuneEach each, void *self, dcn_error *err);

/* Winners of other keys that differ only in the spec's sizes or in the build, nearest first: seeds, which a
** changed lowering may refuse.  Returns how many. */
int tune_store_neighbours(TuneStore *st, const TuneKey *key, TuneRecord *out, int most);

/* A pin is for the spec, machine and threads of the key, whatever build of dcngen. */
int tune_store_pin(TuneStore *st, const TuneKey *key, const char *schedule, dcn_error *err);
int tune_store_unpin(TuneStore *st, const TuneKey *key, dcn_error *err);

/* ---- code: content-addressed, checked before it is handed out ------------------------------ */

/* Symbols begin with the kernel's name, which is not part of the key. */
typedef struct TuneCode {
    const TuneKey *key;
    const char *name, *schedule;
} TuneCode;

/* Code is checked on the way in and out: digest, relocatable ELF for the key's machine, the five entry points,
** no undefined symbols.  get: *bytes is malloc'ed; 0 found, 1 none (or dropped because damaged, with
** err->text saying so, else ""), -1 err. */
int tune_code_put(TuneStore *st, const TuneCode *code, const void *bytes, size_t size,
                  dcn_error *err);
int tune_code_get(TuneStore *st, const TuneCode *code, void **bytes, size_t *size, dcn_error *err);

/* ---- care: of the user's store -------------------------------------------------------------- */

typedef struct TuneStoreStat {
    char state[4096], cache[4096], system[4096]; /* directories; "" if there is no place for them */
    int64_t keys, records, winners, pinned, objects, state_bytes, object_bytes;
    int64_t stale; /* records of other builds and of other revisions of a lowering */
} TuneStoreStat;
int tune_store_stat(TuneStore *st, TuneStoreStat *out, dcn_error *err);

/* Drop stale records and code, files that belong to nothing, what was not used for so many days, and code
** beyond so many bytes: longest unused first, code of winners last (-1: no limit).  Pins stay.  Returns how
** many records and code files went, or -1. */
int64_t tune_store_prune(TuneStore *st, int64_t bytes, int64_t days, dcn_error *err);
/* Everything, pins too. */
int tune_store_clear(TuneStore *st, dcn_error *err);
/* Check the file and every object; a line per damage through say; returns the number of damages or -1. */
int tune_store_verify(TuneStore *st, void (*say)(void *self, const char *line), void *self,
                      dcn_error *err);

/* JSON lines, one record or pin each, written completely or not at all; "-" is the standard output. */
int tune_store_export(TuneStore *st, const char *path, int64_t *count, dcn_error *err);

typedef struct TuneImported {
    int64_t taken, stale, older; /* older: ours is as good */
} TuneImported;

/* All lines or none; "-" is the standard input.  Merges: the best verified record wins, our own pins stay; stale ones are left out. */
int tune_store_import(TuneStore *st, const char *path, TuneImported *out, dcn_error *err);
/* The same of text in memory that messages call `name`. */
int tune_store_merge(TuneStore *st, const char *name, const char *text, size_t size,
                     TuneImported *out, dcn_error *err);

#endif
