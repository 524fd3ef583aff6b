/* beside.c: which steps run at one time.
**
** Neighbours of which none reads or writes what another one writes may share their phases: where a step has
** fewer tasks than there are threads, those of the next one follow at once, and there is one phase less to wait
** for.  That is done where it shortens the account (codegen/balance.h).  Threads that run a task of one while others
** run one of another must not share its workspace, so only parts all of whose workspace is each thread's own take
** part; all of them are given the same place.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/steps/steps.h"
#include "runtime/exec/kernel.h"

#include <string.h>

/* The first of the blocks that are written over one another. */
static int root_of(const StepList *l, int block)
{
    while (l->block[block].over >= 0)
        block = l->block[block].over;
    return block;
}

static bool is_same_memory(const StepList *l, const StepPlace *a, const StepPlace *b)
{
    if (a->in != b->in)
        return false;
    if (a->in == PLACE_BLOCK)
        return root_of(l, a->index) == root_of(l, b->index);
    return a->in == PLACE_OPERAND && a->index == b->index;
}

/* Whether a step reads or writes what another one writes. */
static bool touches(const StepList *l, const Step *st, const Step *other)
{
    const StepPlace *made = &l->place[other->first_place + other->out];
    for (int i = 0; i < st->n; i++)
        if (is_same_memory(l, &l->place[st->first_place + i], made))
            return true;
    return false;
}

static bool is_unshared(const StepList *l, const Step *st)
{
    return l->part[st->part].kernel.unshared;
}

/* Steps of one time, and their phases together. */
typedef struct Beside {
    const StepList *l;
    int first, n, ncosts;
    PhaseCost cost[MAX_PHASES];
} Beside;

static Beside begin(const StepList *l, int first)
{
    const StepPart *part = &l->part[l->step[first].part];
    Beside b = { .l = l, .first = first, .n = 1, .ncosts = part->ncosts };
    memcpy(b.cost, part->cost, sizeof b.cost);
    return b;
}

/* Whether the next step may run with these, and should. */
static bool takes_next(const Beside *b)
{
    const StepList *l = b->l;
    const int next = b->first + b->n;
    const Step *st = &l->step[next];
    const StepPart *part = &l->part[st->part];
    bool right = b->n < RT_PHASE_LAYERS && is_unshared(l, st) && is_unshared(l, &l->step[b->first]);
    for (int j = b->first; j < next && right; j++)
        right = !touches(l, st, &l->step[j]) && !touches(l, &l->step[j], st);
    return right && balance_gains_beside(b->cost, b->ncosts, part->cost, part->ncosts);
}

static void take_next(Beside *b)
{
    const StepPart *part = &b->l->part[b->l->step[b->first + b->n++].part];
    PhaseCost both[MAX_PHASES];
    b->ncosts = balance_join(b->cost, b->ncosts, part->cost, part->ncosts, both);
    memcpy(b->cost, both, (size_t)b->ncosts * sizeof *both);
}

void steps_find_beside(StepList *l)
{
    l->ntimes = 0;
    l->beside_bytes = 0;
    for (int i = 0, n = 0; i < l->nsteps; i += n) {
        Beside b = begin(l, i);
        while (i + b.n < l->nsteps && takes_next(&b))
            take_next(&b);
        n = b.n;
        for (int j = i; j < i + n; j++) {
            const int64_t bytes = l->part[l->step[j].part].kernel.one_thread_bytes;
            l->beside_bytes = n > 1 && bytes > l->beside_bytes ? bytes : l->beside_bytes;
            l->step[j].time = l->ntimes;
        }
        l->ntimes++;
    }
}
