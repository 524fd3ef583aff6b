/* test_spread.c: guesses for many threads cut what one thread does in one piece.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <string.h>

static dcn_target target(const char *cpu)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse(cpu, NULL, NULL, &t, NULL), 0);
    return t;
}

static dcn_spec core(int channels, int height, int width)
{
    dcn_spec s = case_spec(DCN_OP_DCNV3, channels, channels, height, width);
    s.offset_groups = channels / 16;
    dcn_spec_complete(&s);
    return s;
}

static dcn_spec regions(dcn_op op, int rois, dcn_layout layout)
{
    dcn_spec s = case_spec(op, 256, 256, 50, 76);
    s.layout = layout;
    s.rois = rois;
    s.pooled[0] = s.pooled[1] = 7;
    s.sampling_ratio = 2;
    dcn_spec_complete(&s);
    return s;
}

static Schedule guess(const dcn_spec *s, const dcn_target *t, int threads)
{
    Schedule sc;
    dcn_error err = { .text = "" };
    cr_assert_eq(sched_guess(&(SchedFor){ s, t, threads, NULL }, &sc, &err), 0, "%s", err.text);
    return sc;
}

/* Tasks of the last phase, in which the work is. */
static double tasks_of(const Schedule *sc, const dcn_spec *s, const dcn_target *t, int threads)
{
    Balance b;
    cr_assert_eq(sched_balance(sc, s, t, threads, &b), 0);
    return b.phase[b.n - 1].cost.tasks;
}

/* As many tasks as threads. */
static void expect_spread(const dcn_spec *s, const char *cpu)
{
    dcn_target t = target(cpu);
    for (int threads = 4; threads <= 32; threads *= 2) {
        Schedule many = guess(s, &t, threads);
        double tasks = tasks_of(&many, s, &t, threads);
        cr_expect(tasks >= 0.8 * threads, "%s: %g tasks for %d threads", cpu, tasks, threads);
    }
}

static const char *const cpus[] = { "x86-64-v3", "x86-64-v4", "neoverse-v1" };
enum { NCPUS = sizeof cpus / sizeof *cpus };

Test(spread, cores_on_small_maps_are_shared)
{
    for (int i = 0; i < NCPUS; i++) {
        const dcn_spec small[] = { core(512, 7, 7), core(256, 14, 14), core(512, 25, 42),
                                   core(320, 14, 14) };
        for (int j = 0; j < 4; j++)
            expect_spread(&small[j], cpus[i]);
    }
}

Test(spread, few_regions_are_shared)
{
    static const dcn_op ops[] = { DCN_OP_ROI_POOL, DCN_OP_ROI_ALIGN, DCN_OP_DEFORM_ROI_POOL };
    for (int i = 0; i < NCPUS * 3; i++)
        for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++) {
            const dcn_spec few = regions(ops[i % 3], 4, (dcn_layout)layout);
            expect_spread(&few, cpus[i / 3]);
        }
}

/* Where there are many tasks anyhow, the guess is the one of one thread. */
Test(spread, many_regions_stay_whole)
{
    dcn_target t = target("x86-64-v4");
    dcn_spec s = regions(DCN_OP_ROI_ALIGN, 1000, DCN_NHWC);
    Schedule one = guess(&s, &t, 1), many = guess(&s, &t, 16);
    cr_expect(sched_equal(&one, &many));
}

Test(spread, two_threads_have_the_cores_of_one)
{
    dcn_target t = target("x86-64-v4");
    for (int size = 7; size < 120; size *= 2) {
        dcn_spec s = core(64, size, size);
        Schedule one = guess(&s, &t, 1), two = guess(&s, &t, 2);
        cr_expect(sched_equal(&one, &two), "%d pixels", size);
    }
}
