/* spread.c: what a schedule is expected to make of some threads, phase by phase.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/spread.h"
#include "cli/out/print.h"

#include <stdio.h>
#include <string.h>

int spread_of(const dcn_spec *s, const dcn_target *t, const char *schedule, int threads,
              KernelSpread *out, dcn_error *err)
{
    const SchedFor f = { s, t, threads, NULL };
    Schedule sc;
    *out = (KernelSpread){ .threads = threads };
    if (sched_parse(schedule, &f, &sc, err))
        return -1;
    if (!sched_balance(&sc, s, t, threads, &out->balance))
        out->speedup = sched_speedup(&sc, &f);
    sched_free(&sc);
    return 0;
}

/* "sums, phase 2"; of what is no module, "phase 2". */
static void name_of(const Balance *b, int i, char text[DCN_NAME_MAX + 32])
{
    const char *stage = b->phase[i].stage;
    int nth = 1;
    while (nth <= i && !strcmp(b->phase[i - nth].stage, stage))
        nth++;
    snprintf(text, DCN_NAME_MAX + 32, "%s%sphase %d", stage, *stage ? ", " : "", nth);
}

void spread_print(const KernelSpread *sp)
{
    char name[DCN_NAME_MAX + 32], task[32], all[32];
    if (sp->speedup <= 0)
        return;
    printf("  on %d thread%s, as estimated: %.3g times as fast as the best guess for one\n",
           sp->threads, sp->threads == 1 ? "" : "s", sp->speedup);
    for (int i = 0; i < sp->balance.n; i++) {
        const PhaseBalance *p = &sp->balance.phase[i];
        name_of(&sp->balance, i, name);
        printf("    %s: %.0f task%s of %s, %s\n", name, p->cost.tasks,
               p->cost.tasks == 1 ? "" : "s", print_time(p->cost.ns, task), print_time(p->ns, all));
    }
}

void spread_add_json(const KernelSpread *sp, json_t *kernel)
{
    json_t *list = json_array();
    bool known = sp->speedup > 0;
    for (int i = 0; known && i < sp->balance.n; i++) {
        const PhaseBalance *p = &sp->balance.phase[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:f, s:f}", "stage", p->stage, "tasks",
                                              (json_int_t)p->cost.tasks, "task_ns", p->cost.ns,
                                              "ns", p->ns));
    }
    json_object_set_new(kernel, "speedup", known ? json_real(sp->speedup) : json_null());
    json_object_set_new(kernel, "phases", list);
}
