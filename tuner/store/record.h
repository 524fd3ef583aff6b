/* record.h: what is remembered of one candidate.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STORE_RECORD_H
#define DCN_TUNER_STORE_RECORD_H

#include "tuner/store/key.h"

typedef enum TuneOutcome {
    TUNE_OK,        /* verified and timed */
    TUNE_REFUSED,   /* by the lowering, or by LLVM */
    TUNE_CRASHED,   /* the candidate's process died: signal in why */
    TUNE_TIMEOUT,   /* it hung */
    TUNE_WRONG,     /* it computes something else: which, in why */
    TUNE_DROPPED,   /* verified; stopped early, clearly slower than the best */
    TUNE_ESTIMATED, /* ranked by the model only, never mixed with measured ones */
} TuneOutcome;
extern const char *const tune_outcome_names[]; /* "ok", "refused", ... ended by NULL */

/* The outcome of that name, or -1. */
int tune_outcome_named(const char *name);

enum { TUNE_MAX_SAMPLES = 64 };

enum { TUNE_WHERE_MAX = 128 };

/* One candidate of one key under one distribution of offsets. */
typedef struct TuneRecord {
    char schedule[DCN_SCHEDULE_MAX];
    char lowering[32];
    int rev;                    /* the lowering's revision */
    char offsets[DCN_TEXT_MAX]; /* "normal:2", "zero", digest of a file */
    TuneOutcome outcome;
    char why[DCN_TEXT_MAX];            /* reason, "" for ok */
    double ns_median, ns_low, ns_high; /* confidence interval of the median; 0 if not timed */
    double gain;               /* time of the guess / own time, paired in one run; 0 if unknown */
    double peak_gflops, flops; /* what the machine could do in that run; the kernel's work */
    int nsamples;
    double sample[TUNE_MAX_SAMPLES]; /* ns, in the order of measuring */
    int64_t when;                    /* unix seconds */
    char where[TUNE_WHERE_MAX];      /* host name and CPU's own name, for people */
    int64_t trial;                   /* which of its run, from 0 */
    int64_t run;                     /* unix ms at which the run began */
    bool winner;                     /* confirmed as the best of its run */
    bool pinned;                     /* the user said so; beats every other */
} TuneRecord;

/* What `where` is of this machine, whose CPU has that name; returns buf. */
const char *tune_where(const char *cpu, char buf[TUNE_WHERE_MAX]);

/* Whether this build would make the same code: its lowering exists in that revision. */
bool tune_record_is_current(const TuneKey *key, const TuneRecord *r);

/* The first member that nobody can have measured or written (form.h), by its name in exports; NULL:
** none.  Asked wherever a record enters: before it is put, on import, and of each row. */
const char *tune_record_wrong(const TuneRecord *r);
const char *tune_key_wrong(const TuneKey *key);

/* -1 for what is wrong: the caller's mistake is found here rather than in a later run. */
int tune_record_check(const TuneKey *key, const TuneRecord *r, dcn_error *err);

#endif
