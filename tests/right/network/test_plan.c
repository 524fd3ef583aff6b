/* test_plan.c: where blocks of the workspace lie.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/steps/plan.h"
#include "runtime/base/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { MAX_BLOCKS = 120, MAX_STEPS = MAX_BLOCKS + 40, ROUNDS = 2000 };

/* A chain of layers with readers that are near, or far as those of a decoder are. */
static int draw(rt_rng *r, PlanBlock *b)
{
    const int n = 1 + (int)(rt_rng_next(r) % MAX_BLOCKS);
    for (int i = 0; i < n; i++) {
        const int far = rt_rng_next(r) % 4 == 0;
        b[i] = (PlanBlock){ .bytes = 1 + (int64_t)(rt_rng_next(r) % 100000),
                            .first = i,
                            .last = i + 1 + (int)(rt_rng_next(r) % (far ? 30 : 3)),
                            .over = -1 };
        for (int j = 0; j < i && rt_rng_next(r) % 2; j++)
            if (b[j].last == i) {
                b[i].over = j;
                b[i].bytes = b[j].bytes;
                break;
            }
        for (int j = 0; j < i && b[i].over >= 0; j++)
            if (b[j].over == b[i].over)
                b[i].over = -1;
    }
    return n;
}

static bool share_bytes(const PlanBlock *a, const PlanBlock *b)
{
    return a->at < b->at + b->bytes && b->at < a->at + a->bytes;
}

static void expect_apart(const PlanBlock *b, int n, int64_t bytes)
{
    for (int i = 0; i < n; i++) {
        cr_assert_eq(b[i].at % PLAN_ALIGN, 0);
        cr_assert(b[i].at >= 0 && b[i].at + b[i].bytes <= bytes);
        if (b[i].over >= 0)
            cr_assert_eq(b[i].at, b[b[i].over].at);
        for (int j = 0; j < i; j++) {
            const bool together = b[i].first <= b[j].last && b[j].first <= b[i].last;
            if (together && b[i].over != j)
                cr_assert(!share_bytes(&b[i], &b[j]), "blocks %d and %d", i, j);
        }
    }
}

Test(plan, blocks_that_are_needed_together_share_nothing)
{
    PlanBlock b[MAX_BLOCKS];
    rt_rng r = rt_rng_seed(1);
    for (int i = 0; i < ROUNDS; i++) {
        const int n = draw(&r, b);
        const Plan plan = { .block = b, .nblocks = n };
        const int64_t bytes = plan_blocks(&plan);
        expect_apart(b, n, bytes);
        cr_assert_geq(bytes, plan_least(&plan));
    }
}

Test(plan, takes_little_more_than_what_is_needed_at_once)
{
    PlanBlock b[MAX_BLOCKS];
    rt_rng r = rt_rng_seed(2);
    for (int i = 0; i < ROUNDS; i++) {
        const int n = draw(&r, b);
        const Plan plan = { .block = b, .nblocks = n };
        const double bytes = (double)plan_blocks(&plan), least = (double)plan_least(&plan);
        cr_assert_leq(bytes, 1.3 * least, "%g of %g", bytes, least);
    }
}

/* As layers need of their own: nothing most of them, a few more than any map. */
static int draw_steps(rt_rng *r, const PlanBlock *b, int n, PlanStep *step)
{
    int end = 0;
    for (int i = 0; i < n; i++)
        end = b[i].last >= end ? b[i].last + 1 : end;
    for (int t = 0; t < end; t++)
        step[t] =
            (PlanStep){ .bytes = rt_rng_next(r) % 4 ? 0 : (int64_t)(rt_rng_next(r) % 300000) };
    return end;
}

Test(plan, what_a_step_needs_of_its_own_lies_behind_what_is_there)
{
    PlanBlock b[MAX_BLOCKS];
    PlanStep step[MAX_STEPS];
    rt_rng r = rt_rng_seed(3);
    for (int i = 0; i < ROUNDS; i++) {
        const int n = draw(&r, b), nsteps = draw_steps(&r, b, n, step);
        const Plan plan = { b, n, step, nsteps };
        const int64_t bytes = plan_blocks(&plan);
        expect_apart(b, n, bytes);
        for (int t = 0; t < nsteps; t++) {
            cr_assert(step[t].at % PLAN_ALIGN == 0 && step[t].at + step[t].bytes <= bytes);
            for (int j = 0; j < n; j++)
                if (b[j].first <= t && t <= b[j].last)
                    cr_assert_leq(b[j].at + b[j].bytes, step[t].at, "step %d, block %d", t, j);
        }
        cr_assert_geq(bytes, plan_least(&plan));
        cr_assert_leq((double)bytes, 1.5 * (double)plan_least(&plan));
    }
}

Test(plan, nothing_takes_nothing)
{
    const Plan none = { NULL, 0, NULL, 0 };
    cr_expect_eq(plan_blocks(&none), 0);
    cr_expect_eq(plan_least(&none), 0);
}
