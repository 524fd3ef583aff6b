/* balance.c: how long a call takes on a number of threads.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/kernel/cost.h"

#include <stdlib.h>
#include <string.h>

/* ---- tasks that differ ----------------------------------------------------------------------- */

/* Threads that have done the same so far. */
typedef struct Level {
    double ns, threads;
} Level;

/* A kind of task ends in the middle of a level at most once, which makes a level more. */
enum { MAX_LEVELS = MAX_TASK_KINDS + 1 };

typedef struct Levels {
    int n;
    Level at[MAX_LEVELS];
} Levels;

/* A task for each of the threads that are free first, while there are some. */
static double hand_out(Levels *l, double tasks, double ns)
{
    Level *first = &l->at[0];
    for (int i = 1; i < l->n; i++)
        if (l->at[i].ns < first->ns)
            first = &l->at[i];
    if (tasks >= first->threads) {
        first->ns += ns;
        return first->threads;
    }
    l->at[l->n++] = (Level){ first->ns + ns, tasks };
    first->threads -= tasks;
    return tasks;
}

/* When the last of so many threads is done, each of which takes a task as soon as it is free. */
static double last_ns(const PhaseCost *p, double threads)
{
    enum { ROUNDS = 4 }; /* one by one; those before them leave all threads alike */
    Levels l = { 1, { { 0, threads } } };
    double last = 0;
    for (int i = 0; i < p->nkinds; i++) {
        const TaskCost *of = &p->kind[i];
        double rounds = (double)(int64_t)(of->tasks / threads) - ROUNDS, left = of->tasks;
        for (int j = 0; rounds > 0 && j < l.n; j++)
            l.at[j].ns += rounds * of->ns;
        left -= rounds > 0 ? rounds * threads : 0;
        while (left > 0)
            left -= hand_out(&l, left, of->ns);
    }
    for (int i = 0; i < l.n; i++)
        last = cost_larger(last, l.at[i].ns);
    return last;
}

/* ---- tasks of several sizes in turns ------------------------------------------------------------ */

/* More are taken for so many: the account of a guess does not wait for it. */
enum { MAX_THREADS = 256 };

/* The first of n threads is busy until `ns` now: a heap, the one that is free first on top. */
static void sink(double *free_at, int n, double ns)
{
    int at = 0;
    for (int under = 1; under < n; under = 2 * at + 1) {
        if (under + 1 < n && free_at[under + 1] < free_at[under])
            under++;
        if (free_at[under] >= ns)
            break;
        free_at[at] = free_at[under];
        at = under;
    }
    free_at[at] = ns;
}

/* The kind of which the largest part is left. */
static int next_kind(const PhaseCost *p, const double *left)
{
    int next = 0;
    for (int i = 1; i < p->nkinds; i++)
        if (left[i] * p->kind[next].tasks > left[next] * p->kind[i].tasks)
            next = i;
    return next;
}

/* As last_ns, where sizes come in turns: long tasks that begin late keep the others waiting. */
static double last_in_turns(const PhaseCost *p, int threads)
{
    enum { ROUNDS = 4 }; /* one by one; those before them leave all threads alike */
    double free_at[MAX_THREADS] = { 0 }, left[MAX_TASK_KINDS], last = 0, work = 0;
    const int n = threads < MAX_THREADS ? threads : MAX_THREADS;
    const double before = (double)(int64_t)(p->tasks / n) - ROUNDS;
    const double rounds = before > 0 ? before : 0;
    for (int i = 0; i < p->nkinds; i++)
        left[i] = p->kind[i].tasks * (1 - rounds * n / p->tasks);
    for (double tasks = p->tasks - rounds * n; tasks >= 1; tasks--) {
        const int i = next_kind(p, left);
        const double end = free_at[0] + p->kind[i].ns;
        left[i]--;
        work += p->kind[i].ns;
        last = cost_larger(last, end);
        sink(free_at, n, end);
    }
    return (p->tasks * p->ns - work) / n + last;
}

/* ---- phases ---------------------------------------------------------------------------------- */

static double phase_ns(const PhaseCost *p, int threads)
{
    double shared = threads > 1 && p->tasks > 1 ? BALANCE_PHASE_NS : 0;
    if (threads <= 1)
        return p->tasks * p->ns;
    if (p->nkinds)
        return (p->in_turns ? last_in_turns(p, threads) : last_ns(p, threads)) + shared;
    return cost_ceil_div(p->tasks, threads) * p->ns + shared;
}

double balance_ns(const PhaseCost *phase, int n, int threads)
{
    double ns = 0;
    for (int i = 0; i < n; i++)
        ns += phase_ns(&phase[i], threads);
    return ns;
}

double balance_call_ns(BalancePhases phases, const dcn_spec *s, const dcn_target *t, int threads,
                       const int *k)
{
    PhaseCost phase[MAX_PHASES];
    return balance_ns(phase, phases(s, t, k, phase), threads);
}

/* ---- side by side ---------------------------------------------------------------------------- */

static void add_kinds(PhaseCost *to, const PhaseCost *p, bool each)
{
    if (!each || !p->nkinds) {
        to->kind[to->nkinds++] = (TaskCost){ p->tasks, p->ns };
        return;
    }
    for (int i = 0; i < p->nkinds; i++)
        to->kind[to->nkinds++] = p->kind[i];
}

/* Where tasks are of too many sizes, those of a and of b are two. */
static PhaseCost join(const PhaseCost *a, const PhaseCost *b)
{
    const double tasks = a->tasks + b->tasks;
    PhaseCost out = { .tasks = tasks, .ns = (a->tasks * a->ns + b->tasks * b->ns) / tasks };
    const int kinds = (a->nkinds ? a->nkinds : 1) + (b->nkinds ? b->nkinds : 1);
    add_kinds(&out, a, kinds <= MAX_TASK_KINDS);
    add_kinds(&out, b, kinds <= MAX_TASK_KINDS);
    return out;
}

int balance_join(const PhaseCost *a, int na, const PhaseCost *b, int nb, PhaseCost out[MAX_PHASES])
{
    const int n = na > nb ? na : nb;
    for (int i = 0; i < n; i++)
        out[i] = i >= na ? b[i] : i >= nb ? a[i] : join(&a[i], &b[i]);
    return n;
}

/* MANY: threads for which maps of networks are small.  GAIN: what the account must promise of two that run beside
** each other; its phases are estimates.  Both are choices, not measured ones. */
enum { MANY = 16 };
static const double GAIN = 1.1;

bool balance_gains_beside(const PhaseCost *a, int na, const PhaseCost *b, int nb)
{
    PhaseCost both[MAX_PHASES];
    bool known = na > 0 && nb > 0;
    for (int i = 0; i < na; i++)
        known = known && a[i].tasks > 0 && a[i].ns > 0;
    for (int i = 0; i < nb; i++)
        known = known && b[i].tasks > 0 && b[i].ns > 0;
    if (!known)
        return false;
    const int n = balance_join(a, na, b, nb, both);
    return balance_ns(a, na, MANY) + balance_ns(b, nb, MANY) > GAIN * balance_ns(both, n, MANY);
}

/* ---- calls ----------------------------------------------------------------------------------- */

double sched_cost(const Schedule *sc, const dcn_spec *s, const dcn_target *t, int threads)
{
    LoweringPart *part = NULL;
    double sum = 0;
    if (!sc->lowering->parts && !sc->lowering->phases)
        return 0;
    if (!sc->lowering->parts)
        return balance_call_ns(sc->lowering->phases, s, t, threads, sc->k);
    int n = sc->lowering->parts(s, &part);
    for (int i = 0; i < n && i < sc->nparts; i++) {
        double ns = sched_cost(&sc->part[i].sched, &part[i].spec, t, threads);
        sum = ns > 0 && sum >= 0 ? sum + part[i].times * ns : -1;
    }
    free(part);
    return sum > 0 ? sum : 0;
}

/* ---- phase by phase -------------------------------------------------------------------------- */

/* Adds the phases of a schedule that is no composite, as those of the stage of that name. */
static int add_phases(const Schedule *sc, const LoweringPart *of, const dcn_target *t, int threads,
                      Balance *b)
{
    PhaseCost phase[MAX_PHASES];
    int n = sc->lowering->phases ? sc->lowering->phases(&of->spec, t, sc->k, phase) : 0;
    if (n == 0 || b->n + n > BALANCE_MAX_PHASES)
        return -1;
    for (int i = 0; i < n; i++) {
        PhaseBalance *p = &b->phase[b->n++];
        *p = (PhaseBalance){ .cost = phase[i], .ns = phase_ns(&phase[i], threads) };
        memcpy(p->stage, of->name, sizeof p->stage);
        b->ns += p->ns;
        b->one_ns += phase_ns(&phase[i], 1);
    }
    return 0;
}

static int add_parts(const Schedule *sc, const LoweringPart *of, const dcn_target *t, int threads,
                     Balance *b)
{
    LoweringPart *part = NULL;
    if (!sc->lowering->parts)
        return add_phases(sc, of, t, threads, b);
    int n = sc->lowering->parts(&of->spec, &part), failed = n < 0;
    for (int i = 0; i < n && i < sc->nparts; i++)
        for (int j = 0; j < part[i].times && !failed; j++)
            failed = add_parts(&sc->part[i].sched, &part[i], t, threads, b);
    free(part);
    return failed ? -1 : 0;
}

int sched_balance(const Schedule *sc, const dcn_spec *s, const dcn_target *t, int threads,
                  Balance *out)
{
    const LoweringPart whole = { .name = "", .spec = *s };
    *out = (Balance){ .n = 0 };
    if (add_parts(sc, &whole, t, threads, out) || out->ns <= 0)
        return -1;
    out->balance = out->one_ns / ((threads > 1 ? threads : 1) * out->ns);
    return 0;
}
