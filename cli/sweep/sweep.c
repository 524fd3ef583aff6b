/* sweep.c: the verb that tunes many kernels for many CPUs, on many machines.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/sweep/sweep.h"
#include "cli/args/subverb.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"

#include <string.h>

#define WORK (BIT(OPT_PLAN) | BIT(OPT_DB) | BIT(OPT_CPUS) | BIT(OPT_JSON))

static const struct {
    const char *name;
    uint64_t options; /* that mean something here */
    int (*run)(const Args *a, dcn_error *err);
} tasks[] = {
    { "plan",
      BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_CPUS) | BIT(OPT_CPU) | BIT(OPT_ATTRS) |
          BIT(OPT_TRIPLE) | BIT(OPT_SCHEDULE) | BIT(OPT_OUT_FILE) | BIT(OPT_SEED) | BIT(OPT_TIME) |
          BIT(OPT_TRIALS) | BIT(OPT_EFFORT) | BIT(OPT_OFFSETS_LIST) | BIT(OPT_COUNTS) |
          BIT(OPT_CANONICAL) | BIT(OPT_SLURM),
      sweep_plan },
    { "worker", WORK | BIT(OPT_SHARD) | BIT(OPT_ITEM) | BIT(OPT_JOBS) | BIT(OPT_ESTIMATE),
      sweep_worker },
    { "status", WORK & ~BIT(OPT_CPUS), sweep_status },
    { "collect", (WORK & ~BIT(OPT_CPUS)) | BIT(OPT_OUT_FILE) | BIT(OPT_IMPORT) | BIT(OPT_EXPORT),
      sweep_collect },
};
enum { NTASKS = sizeof tasks / sizeof *tasks };

const char *sweep_task(int i)
{
    return i < NTASKS ? tasks[i].name : NULL;
}

size_t sweep_word(const char **at, char *buf, size_t size)
{
    size_t n = strcspn(*at, ","), fits = n < size ? n : size - 1;
    memcpy(buf, *at, fits);
    buf[fits] = '\0';
    *at += n + ((*at)[n] == ',');
    return n;
}

int sweep_plan_given(const Args *a, SweepPlan *plan, dcn_error *err)
{
    *plan = (SweepPlan){ 0 };
    if (!a->plan)
        return dcn_fail(err, DCN_EUSAGE, "sweep %s needs --plan FILE", a->words.at[0]);
    return sweep_plan_read(a->plan, plan, err);
}

int verb_sweep(const Args *a, dcn_error *err)
{
    const char *names[NTASKS + 1] = { NULL };
    for (int i = 0; i < NTASKS; i++)
        names[i] = tasks[i].name;
    int i = task_find(a, names, err);
    if (i < 0 || task_check(a, tasks[i].name, tasks[i].options, err))
        return -1;
    return tasks[i].run(a, err);
}
