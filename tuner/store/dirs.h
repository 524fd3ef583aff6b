/* dirs.h: where the store lies, and whether its directories can be trusted.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_PLACE_H
#define DCN_TUNER_PLACE_H

#include "tuner/store/store.h"

enum { STORE_PATH_MAX = 4096 };

typedef struct StoreDirs {
    char state[STORE_PATH_MAX], cache[STORE_PATH_MAX], system[STORE_PATH_MAX]; /* "": nowhere */
    char file[STORE_PATH_MAX]; /* "": store.db in `state` */
    TuneStoreMode mode;
} StoreDirs;

/* -1 only for environment variables without sense; err also says why state or cache is nowhere. */
int dirs_find(const TuneStoreAt *at, StoreDirs *out, dcn_error *err);

/* The store's file and folder of code in a directory; -1 if the path is too long. */
int dirs_join(char out[STORE_PATH_MAX], const char *dir, const char *name, dcn_error *err);

/* 0 if the directory is ours (or root's, if `shared`) and nobody else may write it; 1 if it is not there; -1
** with err. */
int dirs_check(const char *dir, bool shared, dcn_error *err);

/* Make it and those above it, only for their owner; then check it. */
int dirs_make(const char *dir, dcn_error *err);

#endif
