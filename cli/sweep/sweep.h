/* sweep.h: the parts of the verb that tunes on many machines.
**
** Each returns the exit code, or -1 with err.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_SWEEP_SWEEP_H
#define DCN_CLI_SWEEP_SWEEP_H

#include "cli/args/args.h"
#include "tuner/sweep/plan.h"

int sweep_plan(const Args *a, dcn_error *err);
int sweep_worker(const Args *a, dcn_error *err);
int sweep_status(const Args *a, dcn_error *err);
int sweep_collect(const Args *a, dcn_error *err);

/* The job arrays for a plan, in a directory that is made, with the plan itself: slurm.c. */
int sweep_slurm(const SweepPlan *plan, const char *dir, dcn_error *err);

/* The plan that --plan names. */
int sweep_plan_given(const Args *a, SweepPlan *plan, dcn_error *err);

/* One word of a list with commas: its length, and the rest of the list in *at ("" at its end). */
size_t sweep_word(const char **at, char *buf, size_t size);

#endif
