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
#include "codegen/network/program.h"
#include "runtime/exec/kernel.h"

#include <string.h>

static const NetPlace *output_of(const NetProgram *p, const NetStep *st)
{
    const int out = st->layer < 0 ? 1 : program_place_of_output(&p->net->layer[st->layer]);
    return &p->place[st->first_place + out];
}

/* The first of the blocks that are written over one another. */
static int root_of(const NetProgram *p, int block)
{
    while (p->block[block].over >= 0)
        block = p->block[block].over;
    return block;
}

static bool is_same_memory(const NetProgram *p, const NetPlace *a, const NetPlace *b)
{
    if (a->in != b->in)
        return false;
    if (a->in == PLACE_BLOCK)
        return root_of(p, a->index) == root_of(p, b->index);
    return a->in == PLACE_OPERAND && a->index == b->index;
}

/* Whether a step reads or writes what another one writes. */
static bool touches(const NetProgram *p, const NetStep *st, const NetStep *other)
{
    const NetPlace *made = output_of(p, other);
    for (int i = 0; i < st->n; i++)
        if (is_same_memory(p, &p->place[st->first_place + i], made))
            return true;
    return false;
}

static bool is_unshared(const NetProgram *p, const NetStep *st)
{
    return p->part[st->part].kernel.unshared;
}

/* Steps of one time, and their phases together. */
typedef struct Beside {
    const NetProgram *p;
    int first, n, ncosts;
    PhaseCost cost[MAX_PHASES];
} Beside;

static Beside begin(const NetProgram *p, int first)
{
    const ProgramPart *part = &p->part[p->step[first].part];
    Beside b = { .p = p, .first = first, .n = 1, .ncosts = part->ncosts };
    memcpy(b.cost, part->cost, sizeof b.cost);
    return b;
}

/* Whether the next step may run with these, and should. */
static bool takes_next(const Beside *b)
{
    const NetProgram *p = b->p;
    const int next = b->first + b->n;
    const NetStep *st = &p->step[next];
    const ProgramPart *part = &p->part[st->part];
    bool right = b->n < RT_PHASE_LAYERS && is_unshared(p, st) && is_unshared(p, &p->step[b->first]);
    for (int j = b->first; j < next && right; j++)
        right = !touches(p, st, &p->step[j]) && !touches(p, &p->step[j], st);
    return right && balance_gains_beside(b->cost, b->ncosts, part->cost, part->ncosts);
}

static void take_next(Beside *b)
{
    const ProgramPart *part = &b->p->part[b->p->step[b->first + b->n++].part];
    PhaseCost both[MAX_PHASES];
    b->ncosts = balance_join(b->cost, b->ncosts, part->cost, part->ncosts, both);
    memcpy(b->cost, both, (size_t)b->ncosts * sizeof *both);
}

void program_find_beside(NetProgram *p)
{
    p->ntimes = 0;
    p->beside_bytes = 0;
    for (int i = 0, n = 0; i < p->nsteps; i += n) {
        Beside b = begin(p, i);
        while (i + b.n < p->nsteps && takes_next(&b))
            take_next(&b);
        n = b.n;
        for (int j = i; j < i + n; j++) {
            const int64_t bytes = p->part[p->step[j].part].kernel.one_thread_bytes;
            p->beside_bytes = n > 1 && bytes > p->beside_bytes ? bytes : p->beside_bytes;
            p->step[j].time = p->ntimes;
        }
        p->ntimes++;
    }
}

int program_steps_beside(const NetProgram *p, int i)
{
    int n = 1;
    while (i + n < p->nsteps && p->step[i + n].time == p->step[i].time)
        n++;
    return n;
}

int program_phases_beside(const NetProgram *p, int i)
{
    int most = 0;
    for (int j = 0; j < program_steps_beside(p, i); j++) {
        const int phases = p->part[p->step[i + j].part].kernel.phases;
        most = phases > most ? phases : most;
    }
    return most;
}
