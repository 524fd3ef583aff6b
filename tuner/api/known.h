/* known.h: the schedules that the store knows, for the stages of modules.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_API_KNOWN_H
#define DCN_TUNER_API_KNOWN_H

#include "codegen/lowering.h"
#include "tuner/store/store.h"

/* The store is opened when it is first asked: plain operators have no stages and leave it alone. */
typedef struct StoreKnown {
    int threads;      /* as many as will run the module; not 0 */
    bool off;         /* the environment forbids to ask */
    TuneStore *store; /* NULL: not opened yet, or it cannot be */
    dcn_error err;    /* DCN_ESTORE: it is damaged; the user must know */
    int found;        /* stages of which something was known */
} StoreKnown;

/* Reads the environment; -1 if it makes no sense. */
int known_open(StoreKnown *k, int threads, dcn_error *err);
void known_close(StoreKnown *k);

/* What sched_guess and sched_parse ask. */
SchedKnown known_of(StoreKnown *k);

/* The record to use of those whose schedule is legal; 0 found, 1 none, -1 err. */
int known_best(TuneStore *st, const TuneKey *key, const dcn_spec *s, const dcn_target *t,
               TuneRecord *out, dcn_error *err);

/* 1 and the record to use for a kernel of that spec, of whatever name; else 0. */
int known_record(StoreKnown *k, const dcn_spec *s, const dcn_target *t, TuneRecord *out);

/* "pinned", "tuned", or "estimated" by a sweep. */
dcn_origin known_origin(const TuneRecord *r);

#endif
