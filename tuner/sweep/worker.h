/* worker.h: a worker: its share of a plan, on the machine it is on.
**
** Each item is tuned in a process of its own, kept to cores that no other one uses meanwhile.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_WORKER_H
#define DCN_TUNER_SWEEP_WORKER_H

#include "tuner/sweep/database.h"
#include "tuner/sweep/plan.h"

typedef struct SweepRun {
    const SweepPlan *plan;    /* the share: every item of it */
    const char *db;           /* path */
    int jobs;                 /* items at a time; 0: as many as there are cores for */
    bool estimate;            /* rank what cannot be measured here */
    const volatile int *stop; /* a signal's number when it is time to stop */
    /* After an item ended, was found done (`before`), or was left. */
    void (*report)(void *self, const SweepItem *item, const SweepRow *row, bool before);
    void (*waits)(void *self); /* others hold the cores; may be NULL */
    void *self;
    int count[SWEEP_NSTATES]; /* out: what the items are now */
} SweepRun;

/* -1 if the work could not be done: a database that is damaged or cannot be written, no process. */
int sweep_run(SweepRun *run, dcn_error *err);

#endif
