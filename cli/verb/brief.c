/* brief.c: schedules in few words.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/brief.h"
#include "cli/out/schedule.h"
#include "codegen/lowering.h"
#include "runtime/exec/threads.h"

#include <stdio.h>

const char *brief_schedule(const Args *a, const dcn_spec *s, const dcn_target *t,
                           const char *schedule, char *out)
{
    char guess[DCN_SCHEDULE_MAX] = "";
    Schedule sc = { .lowering = NULL };
    const int threads = rt_threads(a->threads, NULL);
    if (!args_has(a, OPT_VERBOSE) && !sched_guess(&(SchedFor){ s, t, threads, NULL }, &sc, NULL))
        sched_print(&sc, guess, sizeof guess);
    sched_free(&sc);
    return schedule_brief(schedule, guess, out);
}
