/* dirs.h: where the store lies, and whether its directories can be trusted.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_PLACE_H
#define DCN_TUNER_PLACE_H

#include "tuner/store/store.h"

enum { PLACE_MAX = 4096 };

typedef struct Place {
    char state[PLACE_MAX], cache[PLACE_MAX], system[PLACE_MAX]; /* "": nowhere */
    char file[PLACE_MAX];                                       /* "": store.db in `state` */
    TuneStoreMode mode;
} Place;

/* -1 only for environment variables without sense; err also says why state or cache is nowhere. */
int place_find(const TuneStoreAt *at, Place *out, dcn_error *err);

/* The store's file and folder of code in a directory; -1 if the path is too long. */
int place_join(char out[PLACE_MAX], const char *dir, const char *name, dcn_error *err);

/* 0 if the directory is ours (or root's, if `shared`) and nobody else may write it; 1 if it is not there; -1
** with err. */
int place_check(const char *dir, bool shared, dcn_error *err);

/* Make it and those above it, only for their owner; then check it. */
int place_make(const char *dir, dcn_error *err);

#endif
