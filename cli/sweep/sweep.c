/* sweep.c: the verb that tunes many kernels for many CPUs, on many machines.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/sweep/sweep.h"
#include "cli/args/subverb.h"
#include "cli/verbs.h"

#define WORK (BIT(OPT_PLAN) | BIT(OPT_DB) | BIT(OPT_CPUS) | BIT(OPT_JSON))

static const struct {
    const char *name;
    uint64_t options; /* that mean something here */
    int (*run)(const Args *a, dcn_error *err);
} subverbs[] = {
    { "plan",
      BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_CPUS) | BIT(OPT_CPU) | BIT(OPT_ATTRS) |
          BIT(OPT_OS) | BIT(OPT_TRIPLE) | BIT(OPT_SCHEDULE) | BIT(OPT_OUT_FILE) | BIT(OPT_SEED) |
          BIT(OPT_TIME) | BIT(OPT_TRIALS) | BIT(OPT_EFFORT) | BIT(OPT_OFFSETS_LIST) |
          BIT(OPT_COUNTS) | BIT(OPT_CANONICAL) | BIT(OPT_SLURM),
      sweep_plan },
    { "worker", WORK | BIT(OPT_SHARD) | BIT(OPT_ITEM) | BIT(OPT_JOBS) | BIT(OPT_ESTIMATE),
      sweep_worker },
    { "status", WORK & ~BIT(OPT_CPUS), sweep_status },
    { "collect", (WORK & ~BIT(OPT_CPUS)) | BIT(OPT_OUT_FILE) | BIT(OPT_IMPORT) | BIT(OPT_EXPORT),
      sweep_collect },
};
enum { NSUBVERBS = sizeof subverbs / sizeof *subverbs };

const char *sweep_subverb(int i)
{
    return i < NSUBVERBS ? subverbs[i].name : NULL;
}

int verb_sweep(const Args *a, dcn_error *err)
{
    const char *names[NSUBVERBS + 1] = { NULL };
    for (int i = 0; i < NSUBVERBS; i++)
        names[i] = subverbs[i].name;
    int i = subverb_find(a, names, err);
    if (i < 0 || subverb_check(a, subverbs[i].name, subverbs[i].options, err))
        return -1;
    return subverbs[i].run(a, err);
}
