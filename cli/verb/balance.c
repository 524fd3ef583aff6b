/* balance.c: what a schedule is expected to make of some threads, phase by phase.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/balance.h"
#include "cli/out/print.h"

#include <stdio.h>
#include <string.h>

int balance_of(const dcn_spec *s, const dcn_target *t, const char *schedule, int threads,
               KernelBalance *out, dcn_error *err)
{
    const SchedFor f = { s, t, threads, NULL };
    Schedule sc;
    *out = (KernelBalance){ .threads = threads };
    if (sched_parse(schedule, &f, &sc, err))
        return -1;
    if (!sched_balance(&sc, s, t, threads, &out->balance))
        out->speedup = sched_speedup(&sc, &f);
    sched_free(&sc);
    return 0;
}

enum { PHASE_NAME = DCN_NAME_MAX + 32 };

/* "sums, phase 2"; of what is no module, "phase 2". */
static void name_of(const Balance *b, int i, char text[PHASE_NAME])
{
    const char *stage = b->phase[i].stage;
    int nth = 1;
    while (nth <= i && !strcmp(b->phase[i - nth].stage, stage))
        nth++;
    snprintf(text, PHASE_NAME, "%s%sphase %d", stage, *stage ? ", " : "", nth);
}

void balance_print(const KernelBalance *k)
{
    char name[PHASE_NAME], task[32], all[32];
    if (k->speedup <= 0)
        return;
    printf("  on %d thread%s, as estimated: %.3g times as fast as the best guess for one\n",
           k->threads, k->threads == 1 ? "" : "s", k->speedup);
    for (int i = 0; i < k->balance.n; i++) {
        const PhaseBalance *p = &k->balance.phase[i];
        name_of(&k->balance, i, name);
        printf("    %s: %.0f task%s of %s, %s\n", name, p->cost.tasks,
               p->cost.tasks == 1 ? "" : "s", print_time(p->cost.ns, task), print_time(p->ns, all));
    }
}

void balance_add_json(const KernelBalance *k, json_t *kernel)
{
    json_t *list = json_array();
    bool known = k->speedup > 0;
    for (int i = 0; known && i < k->balance.n; i++) {
        const PhaseBalance *p = &k->balance.phase[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:f, s:f}", "stage", p->stage, "tasks",
                                              (json_int_t)p->cost.tasks, "task_ns", p->cost.ns,
                                              "ns", p->ns));
    }
    json_object_set_new(kernel, "speedup", known ? json_real(k->speedup) : json_null());
    json_object_set_new(kernel, "phases", list);
}
