/* dirs.h: where the store lies, and whether its directories can be trusted.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_DIRS_H
#define DCN_TUNER_STORE_DIRS_H

#include <dcngen/error.h>
#include <stdbool.h>
#include <stddef.h>

enum { STORE_PATH_MAX = 4096 };

/* off: nothing is read or written; ro: read only; rw. */
typedef enum TuneStoreMode { TUNE_STORE_OFF, TUNE_STORE_RO, TUNE_STORE_RW } TuneStoreMode;

/* Where a caller wants the store.  A directory that is NULL is that of the environment:
** DCNGEN_CACHE_DIR, else dcngen below the homes of XDG; DCNGEN_SYSTEM_DIR, else share/dcngen
** below the prefix P of this code's own file, P/lib/libdcngen.so or P/bin/dcngen, and nowhere where
** that is not in a lib or bin.  DCNGEN_CACHE can only lower the mode of a store that the
** environment places. */
typedef struct TuneStoreAt {
    const char *state_dir, *cache_dir, *system_dir;
    TuneStoreMode mode;
    /* Not NULL: records in this file, wherever it lies, and nothing else: no code, no system-wide
    ** store. */
    const char *file;
} TuneStoreAt;

/* Where it is. */
typedef struct StoreDirs {
    char state[STORE_PATH_MAX], cache[STORE_PATH_MAX], system[STORE_PATH_MAX]; /* "": nowhere */
    char file[STORE_PATH_MAX]; /* "": store.db in `state` */
    TuneStoreMode mode;
} StoreDirs;

/* -1 only for environment variables without sense; err also says why state or cache is nowhere. */
int dirs_find(const TuneStoreAt *at, StoreDirs *out, dcn_error *err);

/* A name in a directory: the store's file, its folder of code; -1 if the path is too long. */
int dirs_join(char out[STORE_PATH_MAX], const char *dir, const char *name, dcn_error *err);

/* 0 if the directory is ours (or root's, if `shared`) and nobody else may write it; 1 if it is not
** there; -1 with err. */
int dirs_check(const char *dir, bool shared, dcn_error *err);

/* Makes it and those above it, only for their owner; then checks it. */
int dirs_make(const char *dir, dcn_error *err);

#endif
