/* item.h: one piece of work of a sweep.
**
** An item is one kernel for one target, one number of threads and one distribution of offsets, with
** its budget.  It holds all that a worker on another machine needs; its id is a digest of that, so
** the same request is the same item whoever plans it and however often.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_ITEM_H
#define DCN_TUNER_SWEEP_ITEM_H

#include "tuner/store/key.h"
#include <dcngen/tune.h>

enum { SWEEP_ID_MAX = 17 }; /* 16 hex digits */

typedef struct SweepItem {
    char id[SWEEP_ID_MAX];
    char kernel[DCN_NAME_MAX]; /* its name, for people: not in the id */
    /* The kernel as a spec file, with another name and without target and schedule. */
    char spec[TUNE_SPEC_MAX];
    char schedule[DCN_SCHEDULE_MAX]; /* what the spec says; "": open */
    /* What --target, --triple and --attrs said; "": nothing. */
    char target[64], triple[64], attrs[DCN_TEXT_MAX];
    char isa[32];
    char machine[SWEEP_ID_MAX]; /* digest of the machine's part of the key */
    int threads;
    char offsets[DCN_TEXT_MAX];      /* as --offsets takes it; a file by its whole path */
    char offsets_name[DCN_TEXT_MAX]; /* as records say it */
    dcn_effort effort;
    int64_t trials; /* 0: by effort */
    double seconds; /* 0: by effort */
    uint64_t seed;
} SweepItem;

/* What an item is made of; the rest follows. */
typedef struct SweepRequest {
    const dcn_spec *spec;
    const char *target, *triple, *attrs; /* the latter may be NULL */
    const char *schedule;                /* what stays of it; NULL: as the spec says */
    int threads;                         /* >= 1 */
    const char *offsets;
    dcn_effort effort;
    int64_t trials;
    double seconds;
    uint64_t seed;
} SweepRequest;

int sweep_item_make(const SweepRequest *request, SweepItem *out, dcn_error *err);

/* The id that belongs to the other fields. */
void sweep_item_id(const SweepItem *item, char id[SWEEP_ID_MAX]);

/* What a worker needs of an item: its spec, the target that it names here, its key. */
typedef struct SweepJob {
    dcn_spec spec;
    dcn_target target;
    TuneKey key;
} SweepJob;
int sweep_item_open(const SweepItem *item, SweepJob *out, dcn_error *err);

/* "measure", "patient", ... */
extern const char *const sweep_efforts[]; /* ended by NULL */

#endif
