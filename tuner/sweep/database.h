/* database.h: what became of a sweep's items: one row each, in the same file as the records.
**
** The database of a sweep is a store in one file with a table more.  Every machine, or every job,
** writes its own.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_DATABASE_H
#define DCN_TUNER_SWEEP_DATABASE_H

#include "tuner/store/store.h"
#include "tuner/sweep/item.h"

/* What became of an item; where several databases differ, the greatest counts. */
typedef enum SweepState {
    SWEEP_MISSING,   /* never begun, or begun and killed: the next worker goes on with it */
    SWEEP_FOREIGN,   /* left: this machine cannot run it */
    SWEEP_FAILED,    /* why says it */
    SWEEP_RUNNING,   /* in a process that lives, or perhaps on another machine */
    SWEEP_ESTIMATED, /* ranked by the model of costs */
    SWEEP_DONE,      /* measured */
    SWEEP_NSTATES,
} SweepState;
extern const char *const sweep_state_names[SWEEP_NSTATES];

typedef struct SweepRow {
    SweepState state;
    char key[TUNE_ID_MAX]; /* of its records; "": it was left, or could not be opened */
    char build[TUNE_ID_MAX + 64];
    char offsets[DCN_TEXT_MAX];
    char schedule[DCN_SCHEDULE_MAX]; /* the winner */
    double ns, ns_low, ns_high, gain;
    bool measured_on_target; /* on a CPU of the target's name, or that name is no CPU's */
    char host[128];          /* name of the machine, and of its CPU */
    char boot[64];           /* which start of which machine runs it */
    char why[DCN_TEXT_MAX];
    int64_t when; /* unix seconds */
} SweepRow;

/* The path must outlive the call only.  Without `write` the file must be there and be of a
** sweep. */
int sweep_db_open(const char *path, bool write, TuneStore **out, dcn_error *err);

/* SWEEP_MISSING if there is no row, if its process is gone, or if another build of dcngen measured
** it. */
int sweep_row_get(TuneStore *db, const char *item, SweepRow *out, dcn_error *err);

/* Replaces the item's row; what was left or failed does not replace what was found out before. */
int sweep_row_put(TuneStore *db, const char *item, const SweepRow *row, dcn_error *err);

#endif
