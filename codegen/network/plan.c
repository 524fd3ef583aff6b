/* plan.c: blocks to places, by when they are needed.
**
** Blocks are put down one after another, each into the smallest gap that is left between those that are
** there at some time of its own, or behind them.  How good that is depends on the order, so a few are
** tried (large ones first, early ones first, long-lived ones first) and the best is kept.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/plan.h"

#include <stdlib.h>

/* Blocks that are written over one another: one place, needed from the first to the last. */
typedef struct Run {
    int64_t bytes, at, best;
    int first, last;
} Run;

typedef struct Planner {
    int n;
    Run *run;
    int *of;     /* the run of each block */
    Run **order; /* in which they are put down */
    Run **here;  /* those that are in the way of the one in hand, by place */
    int64_t bytes, best;
} Planner;

static int64_t aligned(int64_t bytes)
{
    return (bytes + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
}

/* A block comes after the one that it is written over. */
static void find_runs(Planner *p, const PlanBlock *b, int n)
{
    for (int i = 0; i < n; i++) {
        p->of[i] = b[i].over >= 0 ? p->of[b[i].over] : p->n++;
        Run *r = &p->run[p->of[i]];
        if (b[i].over < 0)
            *r = (Run){ .bytes = aligned(b[i].bytes), .first = b[i].first };
        r->last = b[i].last;
    }
}

/* ---- orders ---------------------------------------------------------------------------------- */

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* What is alike goes in the order of the blocks, so that a plan depends on nothing else. */
static int by_number(const Run *a, const Run *b)
{
    return (a > b) - (a < b);
}

static int by_size(const void *x, const void *y)
{
    const Run *a = *(Run *const *)x, *b = *(Run *const *)y;
    const int c = compare(b->bytes, a->bytes);
    const int d = c ? c : compare(a->first, b->first);
    return d ? d : by_number(a, b);
}

static int by_time(const void *x, const void *y)
{
    const Run *a = *(Run *const *)x, *b = *(Run *const *)y;
    const int c = compare(a->first, b->first);
    const int d = c ? c : compare(b->bytes, a->bytes);
    return d ? d : by_number(a, b);
}

static int by_area(const void *x, const void *y)
{
    const Run *a = *(Run *const *)x, *b = *(Run *const *)y;
    const int c = compare(b->bytes * (b->last - b->first + 1), a->bytes * (a->last - a->first + 1));
    return c ? c : by_time(x, y);
}

static int by_life(const void *x, const void *y)
{
    const Run *a = *(Run *const *)x, *b = *(Run *const *)y;
    const int c = compare(b->last - b->first, a->last - a->first);
    return c ? c : by_size(x, y);
}

static int by_place(const void *x, const void *y)
{
    const Run *a = *(Run *const *)x, *b = *(Run *const *)y;
    const int c = compare(a->at, b->at);
    return c ? c : by_number(a, b);
}

/* ---- places ---------------------------------------------------------------------------------- */

/* Of those that have a place, the ones that are needed when r is. */
static int find_neighbours(const Planner *p, int placed, const Run *r)
{
    int n = 0;
    for (int i = 0; i < placed; i++)
        if (p->order[i]->first <= r->last && r->first <= p->order[i]->last)
            p->here[n++] = p->order[i];
    qsort(p->here, (size_t)n, sizeof(Run *), by_place);
    return n;
}

static void put_down(Planner *p, int placed, Run *r)
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
    p->bytes = r->at + r->bytes > p->bytes ? r->at + r->bytes : p->bytes;
}

static void try_order(Planner *p, int (*order)(const void *, const void *))
{
    p->bytes = 0;
    qsort(p->order, (size_t)p->n, sizeof(Run *), order);
    for (int i = 0; i < p->n; i++)
        put_down(p, i, p->order[i]);
    if (p->best >= 0 && p->bytes >= p->best)
        return;
    p->best = p->bytes;
    for (int i = 0; i < p->n; i++)
        p->run[i].best = p->run[i].at;
}

int64_t plan_blocks(PlanBlock *block, int n)
{
    static int (*const orders[])(const void *, const void *) = { by_size, by_area, by_life,
                                                                 by_time };
    const size_t room = (size_t)n + 1;
    Planner p = { .run = malloc(room * sizeof(Run)),
                  .of = malloc(room * sizeof(int)),
                  .order = malloc(room * sizeof(Run *)),
                  .here = malloc(room * sizeof(Run *)),
                  .best = -1 };
    if (p.run && p.of && p.order && p.here) {
        find_runs(&p, block, n);
        for (int i = 0; i < p.n; i++)
            p.order[i] = &p.run[i];
        for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
            try_order(&p, orders[i]);
        for (int i = 0; i < n; i++)
            block[i].at = p.run[p.of[i]].best;
    }
    free(p.run);
    free(p.of);
    free(p.order);
    free(p.here);
    return p.best;
}

int64_t plan_least(const PlanBlock *block, int n)
{
    int64_t most = 0;
    for (int i = 0; i < n; i++) {
        int64_t sum = 0; /* when block i is first needed: sums grow at such times only */
        for (int j = 0; j < n; j++)
            if (block[j].first <= block[i].first && block[i].first <= block[j].last)
                sum += aligned(block[j].bytes);
        for (int j = 0; j < n; j++)
            if (block[j].over >= 0 && block[j].first == block[i].first)
                sum -= aligned(block[j].bytes);
        most = sum > most ? sum : most;
    }
    return most;
}
