/* item_run.h: one item of a sweep, tuned in this process.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_ITEM_RUN_H
#define DCN_TUNER_SWEEP_ITEM_RUN_H

#include "tuner/sweep/cores.h"
#include "tuner/sweep/database.h"

/* 0 if this machine, with these cores, can measure the item; else err says why not. */
int sweep_can_run(const SweepItem *item, const Cores *c, dcn_error *err);

typedef struct ItemRun {
    const SweepItem *item;
    const char *db;           /* path; nobody has it open in this process */
    bool estimate;            /* rank its schedules by the model of costs, measure none */
    const volatile int *stop; /* a signal's number when it is time to stop */
} ItemRun;

/* 0 with the item's row, or -1.  Where another process has the item in hand the row is SWEEP_RUNNING;
** where `stop` came first it is SWEEP_MISSING. */
int sweep_run_item(const ItemRun *run, SweepRow *row, dcn_error *err);

#endif
