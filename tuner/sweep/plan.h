/* plan.h: the list of a sweep's items.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_PLAN_H
#define DCN_TUNER_SWEEP_PLAN_H

#include "tuner/sweep/item.h"

typedef struct SweepPlan {
    SweepItem *at;
    int n;
    size_t room;
} SweepPlan;

/* Items are compared with each other. */
enum { SWEEP_PLAN_MAX = 1 << 15 };

/* 1: added; 0: the plan has it already; -1 err. */
int sweep_plan_add(SweepPlan *plan, const SweepItem *item, dcn_error *err);

/* A file of JSON lines.  What is not a plan, or was changed, is DCN_EUSAGE with its line; one
** without an item, too.  Freed by sweep_plan_free, also after a failure. */
int sweep_plan_read(const char *path, SweepPlan *out, dcn_error *err);
/* The text of a plan's file, malloc'ed. */
int sweep_plan_print(const SweepPlan *plan, char **text, size_t *size, dcn_error *err);
void sweep_plan_free(SweepPlan *plan);

#endif
