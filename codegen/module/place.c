/* place.c: which stages of a module run at one time, and where its intermediates live.
**
** Neighbours of which none reads or writes what another one writes share their phases, as steps of a network do
** (codegen/network/beside.c), if all of their workspace is each thread's own and that shortens the account.  Only
** operators that compute outputs do.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/module/module.h"

#include <string.h>

/* ---- side by side ----------------------------------------------------------------------------- */

static bool is_same(StageRef a, StageRef b)
{
    return a.kind == b.kind && a.index == b.index;
}

static StageRef output_of(const Stage *st)
{
    int i = 0;
    while (strcmp(st->tensor[i], "output") != 0)
        i++;
    return st->ref[i];
}

static bool touches(const Stage *st, const Stage *other)
{
    const StageRef made = output_of(other);
    for (int i = 0; i < st->n; i++)
        if (is_same(st->ref[i], made))
            return true;
    return false;
}

/* Stages of one time, and their phases together. */
typedef struct BesideStages {
    const Stages *g;
    int first, ncosts;
    PhaseCost cost[MAX_PHASES];
} BesideStages;

/* The phases of an operator; 0: they are unknown, or it cannot run beside others. */
static int costs_of(const Stages *g, int i, const Kernel *k, const Schedule *sc,
                    const dcn_target *t, PhaseCost cost[MAX_PHASES])
{
    if (!sc || g->module->gradient || !k->unshared || !sc->lowering->phases)
        return 0;
    const int n = sc->lowering->phases(&g->stage[i].spec, t, sc->k, cost);
    return n == k->phases ? n : 0;
}

/* Whether stage i, whose phases are these, may run with those before it, and should. */
static bool takes(const BesideStages *b, int i, const PhaseCost *cost, int n)
{
    const Stage *st = b->g->stage;
    bool right = n > 0 && b->ncosts > 0;
    for (int j = b->first; j < i && right; j++)
        right = !touches(&st[i], &st[j]) && !touches(&st[j], &st[i]);
    return right && balance_gains_beside(b->cost, b->ncosts, cost, n);
}

static void find_times(Stages *g, const Kernel *stage, const SchedPart *part, const dcn_target *t)
{
    BesideStages b = { .g = g };
    for (int i = 0; i < g->n; i++) {
        PhaseCost cost[MAX_PHASES], both[MAX_PHASES];
        const Schedule *sc = g->stage[i].kind == STAGE_OPERATOR ? &part++->sched : NULL;
        const int n = costs_of(g, i, &stage[i], sc, t, cost);
        const bool beside = i > 0 && takes(&b, i, cost, n);
        g->stage[i].time = i ? g->stage[i - 1].time + !beside : 0;
        b.first = beside ? b.first : i;
        b.ncosts = balance_join(b.cost, beside ? b.ncosts : 0, cost, n, both);
        memcpy(b.cost, both, (size_t)b.ncosts * sizeof *both);
    }
    for (int i = 0; i < g->n; i++)
        if (stages_is_beside(g, i) && stage[i].one_thread_bytes > g->beside_bytes)
            g->beside_bytes = stage[i].one_thread_bytes;
}

bool stages_is_beside(const Stages *g, int i)
{
    const int time = g->stage[i].time;
    return (i > 0 && g->stage[i - 1].time == time) ||
           (i + 1 < g->n && g->stage[i + 1].time == time);
}

/* ---- slots ------------------------------------------------------------------------------------ */

/* Intermediates are numbered in the order in which they are first written. */
static void find_lifetimes(Stages *g)
{
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            const StageRef ref = g->stage[i].ref[j];
            if (ref.kind != REF_TEMP)
                continue;
            Temp *t = &g->temp[ref.index];
            t->first = t->first < 0 ? g->stage[i].time : t->first;
            t->last = g->stage[i].time;
        }
}

/* Each intermediate goes to the first slot that nothing alive occupies. */
static void assign_slots(Stages *g)
{
    int busy_until[MAX_TEMPS];
    for (int i = 0; i < g->ntemps; i++) {
        Temp *t = &g->temp[i];
        while (t->slot < g->nslots && busy_until[t->slot] >= t->first)
            t->slot++;
        busy_until[t->slot] = t->last;
        g->nslots = t->slot == g->nslots ? g->nslots + 1 : g->nslots;
    }
}

void stages_place(Stages *g, const Kernel *stage, const SchedPart *part, const dcn_target *t)
{
    find_times(g, stage, part, t);
    find_lifetimes(g);
    assign_slots(g);
}
