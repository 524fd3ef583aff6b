/* store.h: tuning results, remembered across runs and processes.
**
** One SQLite file (WAL) under the state home, one folder of compiled code under the cache home; a
** read-only system-wide store is read after the user's.  Nothing is created before something is
** written.  Opening never fails for a reason that the work could go on without: then the store is
** empty and tune_store_why says why.  A store that is corrupt, foreign or newer is DCN_ESTORE and
** is left as it is.  docs/CACHE.md has the rest.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_H
#define DCN_TUNER_STORE_H

#include "tuner/store/dirs.h"
#include "tuner/store/record.h"

#include <stdio.h>

/* One thread at a time uses a handle; any number of handles and processes may use one store. */
typedef struct dcn_cache TuneStore;

int tune_store_open(const TuneStoreAt *at, TuneStore **out, dcn_error *err);
void tune_store_close(TuneStore *st); /* NULL allowed */
/* The user's file, there or not; "" if there is no place for it. */
const char *tune_store_path(const TuneStore *st);
/* Why the user's store or the system's cannot be used; "" if nothing is wrong. */
const char *tune_store_why(const TuneStore *st);

/* -1 with the reason if the user's own store is there and cannot be used. */
int tune_store_usable(const TuneStore *st, dcn_error *err);

/* Append or replace (same key, offsets, schedule): durable when it returns.  One winner is kept for
** a key and its offsets: a new one takes the place of the old, which otherwise stays one as long as
** it is TUNE_OK. */
int tune_store_put(TuneStore *st, const TuneKey *key, const TuneRecord *r, dcn_error *err);

/* The record to use: pinned, else the confirmed winner, else the fastest verified, else the one
** that a sweep estimated to be the best; those of stale revisions of a lowering are not looked at.
** offsets NULL: any, the latest winner first.  A pinned schedule that was never measured has only
** its schedule and `pinned`.  0 found, 1 none, -1 err. */
int tune_store_best(TuneStore *st, const TuneKey *key, const char *offsets, TuneRecord *out,
                    dcn_error *err);

/* As tune_store_best, of the records that `takes` takes: a file that was copied from elsewhere may hold a winner that
** is not legal, which must not hide the good ones beside it.  takes NULL: any. */
typedef bool (*TuneTakes)(void *self, const TuneRecord *r);
int tune_store_best_of(TuneStore *st, const TuneKey *key, TuneTakes takes, void *self,
                       TuneRecord *out, dcn_error *err);

/* Every record of a key (NULL: of all), oldest first, the user's before the system's; stops when
** each returns non-zero. */
typedef int (*TuneEach)(void *self, const TuneKey *key, const TuneRecord *r);
int tune_store_each(TuneStore *st, const TuneKey *key, TuneEach each, void *self, dcn_error *err);

/* Every pin, as a record that has only a schedule: all of them, or those whose schedule was never
** tried. */
int tune_store_each_pin(TuneStore *st, bool all, TuneEach each, void *self, dcn_error *err);

/* Winners of other keys that differ only in the spec's sizes or in the build, nearest first: seeds,
** which a changed lowering may refuse.  Returns how many. */
int tune_store_neighbours(TuneStore *st, const TuneKey *key, TuneRecord *out, int max);

/* The nearest other number of threads for which a verified record of the same spec and machine is
** there; 0: none. */
int tune_store_other_threads(TuneStore *st, const TuneKey *key);

/* Names of kernels of that key: "a, b", those whose code is kept first, the last used first; "": none is
** known.  Returns buf. */
const char *tune_store_names(TuneStore *st, const TuneKey *key, char *buf, size_t size);
/* Remember one, which is no part of the key, for its spec, machine and threads, whatever the build. */
int tune_name_put(TuneStore *st, const TuneKey *key, const char *name, dcn_error *err);

/* What decided about a candidate: its time as a share of another's, from readings in turns. */
typedef struct TuneTurns {
    char against[DCN_SCHEDULE_MAX]; /* the other's schedule */
    double ratio, low, high;        /* time / the other's time, and its interval */
} TuneTurns;

/* Turns go with the record of that key, offsets and schedule, which must be there, and are lost when it is put again.
** get: 0 found, 1 none, -1 err. */
int tune_turns_put(TuneStore *st, const TuneKey *key, const TuneRecord *of, const TuneTurns *t,
                   dcn_error *err);
int tune_turns_get(TuneStore *st, const TuneKey *key, const TuneRecord *of, TuneTurns *out,
                   dcn_error *err);

/* A pin is for the spec, machine and threads of the key, whatever build of dcngen. */
int tune_store_pin(TuneStore *st, const TuneKey *key, const char *schedule, dcn_error *err);
/* How many pins went, 0 or 1, or -1. */
int tune_store_unpin(TuneStore *st, const TuneKey *key, dcn_error *err);

typedef struct TunePin {
    TuneKey key;
    char name[DCN_NAME_MAX]; /* of the kernel; "": not known */
    char schedule[DCN_SCHEDULE_MAX];
} TunePin;
/* All of them or none. */
int tune_store_pin_all(TuneStore *st, const TunePin *pin, int n, dcn_error *err);

/* ---- code: content-addressed, checked before it is handed out ------------------------------ */

/* Symbols begin with the kernel's name, which is not part of the key. */
typedef struct TuneCode {
    const TuneKey *key;
    const char *name, *schedule;
} TuneCode;

/* Code is checked on the way in and out: digest, relocatable ELF for the key's machine, the five
** entry points, no undefined symbols.  get: *bytes is malloc'ed; 0 found, 1 none (or dropped
** because damaged, with err->text saying so, else ""), -1 err. */
int tune_code_put(TuneStore *st, const TuneCode *code, const void *bytes, size_t size,
                  dcn_error *err);
int tune_code_get(TuneStore *st, const TuneCode *code, void **bytes, size_t *size, dcn_error *err);

/* ---- maintaining the user's store --------------------------------------------------------- */

typedef struct TuneStoreStat {
    char state[STORE_PATH_MAX], cache[STORE_PATH_MAX], system[STORE_PATH_MAX]; /* "": nowhere */
    int64_t keys, records, winners, pinned, objects, state_bytes, object_bytes;
    int64_t stale;   /* records of other builds and of other revisions of a lowering */
    int64_t seconds; /* of all runs together, each from its beginning to its last record */
} TuneStoreStat;
int tune_store_stat(TuneStore *st, TuneStoreStat *out, dcn_error *err);

/* Drop stale records and code, files that belong to nothing, what was not used for so many days,
** and code beyond so many bytes: longest unused first, code of winners last (-1: no limit).  Pins
** stay.  Returns how many records and code files went, or -1. */
int64_t tune_store_prune(TuneStore *st, int64_t bytes, int64_t days, dcn_error *err);
/* Everything, pins too. */
int tune_store_clear(TuneStore *st, dcn_error *err);
/* Check the file and every object; a line per damage through print; returns the number of damages
** or -1. */
int tune_store_verify(TuneStore *st, void (*print)(void *self, const char *line), void *self,
                      dcn_error *err);

/* A record of the store as a line of JSON, with what decided about it; -1 if it cannot be written. */
int tune_record_write(FILE *to, TuneStore *from, const TuneKey *key, const TuneRecord *r);

/* Makes the table of a sweep's items (tuner/sweep/database.h), unless it is there.  It is kept here
** because a store's file may hold it and no other. */
extern const char tune_store_sweep_table[];

/* The user's file as a database (db.h), for tables beside the store's own; NULL with err if there
** is none, or if it is to be written and cannot be.  Closed with the store. */
const struct Db *tune_store_db(TuneStore *st, bool write, dcn_error *err);

/* JSON lines, one record or pin each, written completely or not at all; "-" is the standard
** output.  Nothing is written, and -1 returned, where there is nothing, or where the user's store
** cannot be used. */
int tune_store_export(TuneStore *st, const char *path, int64_t *count, dcn_error *err);

typedef struct TuneImported {
    int64_t taken, stale, older; /* older: ours is as good */
    int64_t illegal;             /* pins of schedules that cannot be compiled */
} TuneImported;

/* All lines or none; "-" is the standard input.  Merges: the best verified record wins, our own
** pins stay, stale records and illegal pins are left out. */
int tune_store_import(TuneStore *st, const char *path, TuneImported *out, dcn_error *err);
/* Merges text in memory, which messages call `name`, as import does a file. */
int tune_store_merge(TuneStore *st, const char *name, const char *text, size_t size,
                     TuneImported *out, dcn_error *err);

#endif
