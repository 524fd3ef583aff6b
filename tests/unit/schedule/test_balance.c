/* test_balance.c: one account says what a schedule takes on a number of threads.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <math.h>

static dcn_target target(void)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse("x86-64-v4", "x86_64-linux-gnu", NULL, &t, NULL), 0);
    return t;
}

static void expect_near(double is, double want, const char *what)
{
    cr_expect(fabs(is - want) <= 1e-9 * fabs(want), "%s: %.12g, want %.12g", what, is, want);
}

Test(balance, a_phase_takes_as_long_as_the_thread_with_the_most_tasks)
{
    const PhaseCost one = { .tasks = 7, .ns = 1000 };
    cr_expect_eq(balance_ns(&one, 1, 1), 7000);
    cr_expect_eq(balance_ns(&one, 1, 0), 7000, "an unknown number of threads counts as one");
    cr_expect_eq(balance_ns(&one, 1, 4), 2000 + BALANCE_PHASE_NS);
    cr_expect_eq(balance_ns(&one, 1, 7), 1000 + BALANCE_PHASE_NS);
    cr_expect_eq(balance_ns(&one, 1, 32), 1000 + BALANCE_PHASE_NS);
}

Test(balance, phases_follow_one_another)
{
    const PhaseCost both[2] = { { .tasks = 4, .ns = 500 }, { .tasks = 1, .ns = 300 } };
    cr_expect_eq(balance_ns(both, 2, 1), 2300);
    cr_expect_eq(balance_ns(both, 2, 4), 800 + BALANCE_PHASE_NS, "one task is shared with nobody");
}

/* What is listed phase by phase is what the schedule costs. */
static void expect_listed(const dcn_spec *s, const dcn_target *t, int threads)
{
    Schedule sc;
    Balance b;
    double sum = 0;
    cr_assert_eq(sched_guess(&(SchedFor){ s, t, threads, NULL }, &sc, NULL), 0);
    cr_assert_eq(sched_balance(&sc, s, t, threads, &b), 0);
    for (int i = 0; i < b.n; i++) {
        cr_expect(b.phase[i].cost.tasks >= 1 && b.phase[i].cost.ns > 0);
        cr_expect_eq(b.phase[i].cost.tasks, floor(b.phase[i].cost.tasks));
        sum += b.phase[i].ns;
    }
    expect_near(sum, b.ns, "the sum of the phases");
    expect_near(sched_cost(&sc, s, t, threads), b.ns, "the cost");
    expect_near(sched_cost(&sc, s, t, 1), b.one_ns, "the cost on one thread");
    expect_near(b.balance, b.one_ns / (threads * b.ns), "the balance");
    double faster = sched_speedup(&sc, &(SchedFor){ s, t, threads, NULL });
    cr_expect(faster > 0 && faster <= threads * b.balance * (1 + 1e-9), "%g", faster);
    sched_free(&sc);
}

/* Two tasks of 4, three of 2: of two threads one has 4 + 2 + 2, the other 4 + 2; of three the last
** begins a third small one when the others are done. */
Test(balance, uneven_tasks)
{
    const PhaseCost p = { .tasks = 5,
                          .ns = 2.8,
                          .nkinds = 2,
                          .kind = { { .tasks = 2, .ns = 4 }, { .tasks = 3, .ns = 2 } } };
    cr_expect_float_eq(balance_ns(&p, 1, 1), 14, 1e-9);
    cr_expect_eq(balance_ns(&p, 1, 2), 8 + BALANCE_PHASE_NS);
    cr_expect_eq(balance_ns(&p, 1, 3), 6 + BALANCE_PHASE_NS);
    cr_expect_eq(balance_ns(&p, 1, 5), 4 + BALANCE_PHASE_NS);
    cr_expect_eq(balance_ns(&p, 1, 1000), 4 + BALANCE_PHASE_NS);
}

/* Long and short by turns on 4 threads: two short ones end at 1, where a long and a short one begin; that one ends
** at 2, where the last long one begins. */
Test(balance, uneven_tasks_in_turns)
{
    PhaseCost p = { .tasks = 8,
                    .ns = 2,
                    .nkinds = 2,
                    .kind = { { .tasks = 4, .ns = 3 }, { .tasks = 4, .ns = 1 } } };
    cr_expect_eq(balance_ns(&p, 1, 4), 4 + BALANCE_PHASE_NS);
    p.in_turns = true;
    cr_expect_eq(balance_ns(&p, 1, 4), 5 + BALANCE_PHASE_NS);
    cr_expect_eq(balance_ns(&p, 1, 8), 3 + BALANCE_PHASE_NS);
    cr_expect_eq(balance_ns(&p, 1, 1000), 3 + BALANCE_PHASE_NS);
}

Test(balance, many_uneven_tasks_in_turns)
{
    const PhaseCost p = { .tasks = 2000000,
                          .ns = 2,
                          .in_turns = true,
                          .nkinds = 2,
                          .kind = { { .tasks = 1000000, .ns = 1 },
                                    { .tasks = 1000000, .ns = 3 } } };
    const double even = 400000;
    cr_expect_geq(balance_ns(&p, 1, 10), even + BALANCE_PHASE_NS);
    cr_expect_leq(balance_ns(&p, 1, 10), even + 3 + BALANCE_PHASE_NS);
}

/* Rounds that are not handed out one by one count as well. */
Test(balance, many_uneven_tasks)
{
    const PhaseCost p = { .tasks = 1000001,
                          .ns = 1,
                          .nkinds = 2,
                          .kind = { { .tasks = 1000000, .ns = 1 }, { .tasks = 1, .ns = 3 } } };
    cr_expect_eq(balance_ns(&p, 1, 10), 100003 + BALANCE_PHASE_NS);
}

Test(balance, phases_are_listed)
{
    static const int threads[] = { 1, 2, 16 };
    dcn_target t = target();
    for (int i = 0; i < 6; i++) {
        dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 28, 30);
        s.layout = i % 2 ? DCN_NHWC : DCN_NCHW;
        expect_listed(&s, &t, threads[i / 2]);
        s.op = DCN_OP_DEFORM_CONV2D_PACK;
        dcn_spec_complete(&s);
        expect_listed(&s, &t, threads[i / 2]);
    }
}

Test(balance, one_thread_has_no_speedup)
{
    dcn_target t = target();
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 28, 30);
    const SchedFor one = { &s, &t, 1, NULL };
    Schedule sc;
    cr_assert_eq(sched_guess(&one, &sc, NULL), 0);
    cr_expect_eq(sched_speedup(&sc, &one), 1);
}

/* Schedules for one and two threads are measured ones, and so are those for nobody knows how
** many. */
Test(balance, few_threads_are_guessed_for_alike)
{
    dcn_target t = target();
    for (int size = 7; size < 120; size *= 2) {
        dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, size, size);
        Schedule sc, other;
        cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, 1, NULL }, &sc, NULL), 0);
        for (int threads = 0; threads <= 2; threads += 2) {
            cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, threads, NULL }, &other, NULL), 0);
            cr_expect(sched_equal(&sc, &other), "%d threads, %d pixels", threads, size);
        }
    }
}
