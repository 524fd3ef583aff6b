/* common.c: what the subverbs of sweep share.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/sweep/sweep.h"
#include "runtime/base/base.h"

#include <string.h>

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
