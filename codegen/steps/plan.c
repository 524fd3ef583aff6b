/* plan.c: blocks to places, by when they are needed.
**
** Blocks are put down one after another, each into the smallest gap that is left between those that are
** there at some time of its own, or behind them.  How good that is depends on the order, so a few are
** tried (large ones first, early ones first, long-lived ones first, those first beside which a step needs
** much of its own) and the best is kept.  Each order is tried twice: with what a step needs of its own as
** one more block, so that others keep out of its way, and without.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/steps/plan.h"
#include "codegen/kernel/intmath.h"

#include <stdbool.h>
#include <stdlib.h>

/* Blocks that are written over one another: one place, needed from the first to the last. */
typedef struct PlanGroup {
    int64_t bytes, at, best;
    int64_t beside; /* the most that a step needs of its own meanwhile */
    int first, last;
    bool is_own; /* no block, but what a step needs */
} PlanGroup;

typedef struct Planner {
    const Plan *plan;
    int n, nblocks; /* those of blocks first */
    PlanGroup *group;
    int *of;           /* the group of each block */
    PlanGroup **order; /* in which they are put down */
    PlanGroup **here;  /* those that are in the way of the one in hand, by place */
    int64_t best;
} Planner;

static int64_t aligned(int64_t bytes)
{
    return int_round_up(bytes, PLAN_ALIGN);
}

/* Puts each block into a group; one that is written over another comes after that. */
static void find_block_groups(Planner *p)
{
    const PlanBlock *b = p->plan->block;
    for (int i = 0; i < p->plan->nblocks; i++) {
        p->of[i] = b[i].over >= 0 ? p->of[b[i].over] : p->nblocks++;
        PlanGroup *g = &p->group[p->of[i]];
        if (b[i].over < 0)
            *g = (PlanGroup){ .bytes = aligned(b[i].bytes), .first = b[i].first };
        g->last = b[i].last;
    }
}

static void find_groups(Planner *p)
{
    const PlanStep *step = p->plan->step;
    find_block_groups(p);
    for (int i = 0; i < p->nblocks; i++)
        for (int t = p->group[i].first; t <= p->group[i].last && t < p->plan->nsteps; t++)
            p->group[i].beside = int_max(p->group[i].beside, step[t].bytes);
    p->n = p->nblocks;
    for (int t = 0; t < p->plan->nsteps; t++)
        if (step[t].bytes > 0)
            p->group[p->n++] = (PlanGroup){
                .bytes = aligned(step[t].bytes), .first = t, .last = t, .is_own = true
            };
}

/* ---- orders ---------------------------------------------------------------------------------- */

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* What is alike goes in the order of the blocks, so that a plan depends on nothing else. */
static int by_number(const PlanGroup *a, const PlanGroup *b)
{
    return (a > b) - (a < b);
}

static int by_size(const void *x, const void *y)
{
    const PlanGroup *a = *(PlanGroup *const *)x, *b = *(PlanGroup *const *)y;
    const int c = compare(b->bytes, a->bytes);
    const int d = c ? c : compare(a->first, b->first);
    return d ? d : by_number(a, b);
}

static int by_time(const void *x, const void *y)
{
    const PlanGroup *a = *(PlanGroup *const *)x, *b = *(PlanGroup *const *)y;
    const int c = compare(a->first, b->first);
    const int d = c ? c : compare(b->bytes, a->bytes);
    return d ? d : by_number(a, b);
}

static int by_area(const void *x, const void *y)
{
    const PlanGroup *a = *(PlanGroup *const *)x, *b = *(PlanGroup *const *)y;
    const int c = compare(b->bytes * (b->last - b->first + 1), a->bytes * (a->last - a->first + 1));
    return c ? c : by_time(x, y);
}

static int by_life(const void *x, const void *y)
{
    const PlanGroup *a = *(PlanGroup *const *)x, *b = *(PlanGroup *const *)y;
    const int c = compare(b->last - b->first, a->last - a->first);
    return c ? c : by_size(x, y);
}

static int by_beside(const void *x, const void *y)
{
    const PlanGroup *a = *(PlanGroup *const *)x, *b = *(PlanGroup *const *)y;
    const int c = compare(b->is_own ? b->bytes : b->beside, a->is_own ? a->bytes : a->beside);
    const int d = c ? c : compare(a->is_own, b->is_own);
    return d ? d : by_size(x, y);
}

static int by_place(const void *x, const void *y)
{
    const PlanGroup *a = *(PlanGroup *const *)x, *b = *(PlanGroup *const *)y;
    const int c = compare(a->at, b->at);
    return c ? c : by_number(a, b);
}

/* ---- places ---------------------------------------------------------------------------------- */

/* Finds the groups that have a place already and are needed at some time when r is. */
static int find_neighbours(const Planner *p, int placed, const PlanGroup *r)
{
    int n = 0;
    for (int i = 0; i < placed; i++)
        if (p->order[i]->first <= r->last && r->first <= p->order[i]->last)
            p->here[n++] = p->order[i];
    qsort(p->here, (size_t)n, sizeof(PlanGroup *), by_place);
    return n;
}

static void put_down(Planner *p, int placed, PlanGroup *r)
{
    const int n = find_neighbours(p, placed, r);
    int64_t end = 0, smallest = INT64_MAX;
    r->at = -1;
    for (int i = 0; i < n; i++) {
        const int64_t gap = p->here[i]->at - end;
        if (gap >= r->bytes && gap < smallest) {
            smallest = gap;
            r->at = end;
        }
        const int64_t behind = p->here[i]->at + p->here[i]->bytes;
        end = behind > end ? behind : end;
    }
    r->at = r->at < 0 ? end : r->at;
}

/* Where all blocks end that are needed at that time. */
static int64_t end_at(const Planner *p, int time)
{
    int64_t end = 0;
    for (int i = 0; i < p->nblocks; i++)
        if (p->group[i].first <= time && time <= p->group[i].last)
            end = int_max(end, p->group[i].at + p->group[i].bytes);
    return end;
}

static int64_t bytes_of(const Planner *p)
{
    int64_t bytes = 0;
    for (int i = 0; i < p->nblocks; i++)
        bytes = int_max(bytes, p->group[i].at + p->group[i].bytes);
    for (int t = 0; t < p->plan->nsteps; t++)
        bytes = int_max(bytes, end_at(p, t) + p->plan->step[t].bytes);
    return bytes;
}

static void take(Planner *p)
{
    for (int i = 0; i < p->nblocks; i++)
        p->group[i].best = p->group[i].at;
    for (int t = 0; t < p->plan->nsteps; t++)
        p->plan->step[t].at = end_at(p, t);
}

/* Tries the first n groups in an order. */
static void try_order(Planner *p, int n, int (*order)(const void *, const void *))
{
    for (int i = 0; i < n; i++)
        p->order[i] = &p->group[i];
    qsort(p->order, (size_t)n, sizeof(PlanGroup *), order);
    for (int i = 0; i < n; i++)
        put_down(p, i, p->order[i]);
    const int64_t bytes = bytes_of(p);
    if (p->best >= 0 && bytes >= p->best)
        return;
    p->best = bytes;
    take(p);
}

static void try_orders(Planner *p)
{
    static int (*const orders[])(const void *, const void *) = { by_size, by_area, by_life, by_time,
                                                                 by_beside };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        try_order(p, p->nblocks, orders[i]);
        if (p->n > p->nblocks)
            try_order(p, p->n, orders[i]);
    }
}

int64_t plan_blocks(const Plan *plan)
{
    const size_t room = (size_t)plan->nblocks + (size_t)plan->nsteps + 1;
    Planner p = { .plan = plan,
                  .group = malloc(room * sizeof(PlanGroup)),
                  .of = malloc(room * sizeof(int)),
                  .order = malloc(room * sizeof(PlanGroup *)),
                  .here = malloc(room * sizeof(PlanGroup *)),
                  .best = -1 };
    if (p.group && p.of && p.order && p.here) {
        find_groups(&p);
        try_orders(&p);
        for (int i = 0; i < plan->nblocks; i++)
            plan->block[i].at = p.group[p.of[i]].best;
    }
    free(p.group);
    free(p.of);
    free(p.order);
    free(p.here);
    return p.best;
}

/* At one time; two blocks of which one is written over the other at that time are one. */
static int64_t needed_at(const Plan *plan, int time)
{
    const PlanBlock *b = plan->block;
    int64_t sum = time < plan->nsteps ? plan->step[time].bytes : 0;
    for (int i = 0; i < plan->nblocks; i++)
        if (b[i].first <= time && time <= b[i].last && !(b[i].over >= 0 && b[i].first == time))
            sum += aligned(b[i].bytes);
    return sum;
}

int64_t plan_least(const Plan *plan)
{
    int64_t most = 0;
    for (int i = 0; i < plan->nblocks; i++) /* sums of blocks grow at such times only */
        most = int_max(most, needed_at(plan, plan->block[i].first));
    for (int t = 0; t < plan->nsteps; t++)
        most = int_max(most, needed_at(plan, t));
    return most;
}
