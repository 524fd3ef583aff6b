/* test_threads.c: guesses for many threads have work for all of them.
**
** Layers of real networks at batch 1, at whatever cost by the account of balance.h: the speed-up
** that it predicts on T threads, where a layer has at least 20 us of work for each of them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/tiled/tiled.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <stdio.h>

typedef struct Layer {
    const char *name;
    dcn_op op;
    int in, out, height, width, kernel, stride;
} Layer;

#define DEFORM DCN_OP_DEFORM_CONV2D
#define PLAIN  DCN_OP_CONV2D
static const Layer layers[] = {
    { "ResNet-50 at 224, c3", DEFORM, 128, 128, 28, 28, 3, 1 },
    { "its first", DEFORM, 128, 128, 56, 56, 3, 2 },
    { "its offsets", PLAIN, 128, 27, 28, 28, 3, 1 },
    { "ResNet-50 at 224, c4", DEFORM, 256, 256, 14, 14, 3, 1 },
    { "its first", DEFORM, 256, 256, 28, 28, 3, 2 },
    { "its offsets", PLAIN, 256, 27, 14, 14, 3, 1 },
    { "ResNet-50 at 224, c5", DEFORM, 512, 512, 7, 7, 3, 1 },
    { "its first", DEFORM, 512, 512, 14, 14, 3, 2 },
    { "its offsets", PLAIN, 512, 27, 7, 7, 3, 1 },
    { "its widening", PLAIN, 512, 2048, 7, 7, 1, 1 },
    { "its narrowing", PLAIN, 2048, 512, 7, 7, 1, 1 },
    { "ResNet-50 at 800x1344, c3", DEFORM, 128, 128, 100, 168, 3, 1 },
    { "ResNet-50 at 800x1344, c4", DEFORM, 256, 256, 50, 84, 3, 1 },
    { "ResNet-50 at 800x1344, c5", DEFORM, 512, 512, 25, 42, 3, 1 },
    { "its first", DEFORM, 512, 512, 50, 84, 3, 2 },
    { "DLA-34, 64", DEFORM, 64, 64, 128, 128, 3, 1 },
    { "DLA-34, 256 to 64", DEFORM, 256, 64, 32, 32, 3, 1 },
    { "DLA-34, 256", DEFORM, 256, 256, 32, 32, 3, 1 },
    { "DLA-34, 512 to 256", DEFORM, 512, 256, 16, 16, 3, 1 },
    { "VFNet, P5", DEFORM, 256, 256, 25, 42, 3, 1 },
    { "DyHead, P3", DEFORM, 256, 256, 100, 168, 3, 1 },
    { "InternImage-T at 224, a projection", PLAIN, 512, 512, 7, 7, 1, 1 },
    { "deep and small", DEFORM, 2048, 2048, 4, 4, 3, 1 },
    { "one pixel", PLAIN, 2048, 2048, 1, 1, 1, 1 },
};
enum { NLAYERS = sizeof layers / sizeof *layers };

static dcn_spec spec_of(const Layer *l, dcn_layout layout)
{
    dcn_spec s = case_spec(l->op, l->in, l->out, l->height, l->width);
    s.kernel[0] = s.kernel[1] = l->kernel;
    s.stride[0] = s.stride[1] = l->stride;
    for (int i = 0; i < 4; i++)
        s.padding[i] = l->kernel / 2;
    s.modulation = l->op == DEFORM ? DCN_MODULATION_MASK : DCN_MODULATION_NONE;
    s.layout = layout;
    return s;
}

static dcn_target target_of(const char *cpu)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse(cpu, NULL, NULL, &t, NULL), 0);
    return t;
}

/* The cost of the guess for one thread. */
static double alone(const dcn_spec *s, const dcn_target *t)
{
    Schedule sc;
    cr_assert_eq(sched_guess(&(SchedFor){ s, t, 1, NULL }, &sc, NULL), 0);
    return sched_cost(&sc, s, t, 1);
}

static void expect_speedup(const Layer *l, dcn_layout layout, const dcn_target *t, int threads,
                           double share)
{
    enum { WORTH_A_THREAD_NS = 20000 };
    const dcn_spec s = spec_of(l, layout);
    const SchedFor f = { &s, t, threads, NULL };
    Schedule sc;
    Balance b;
    char text[DCN_TEXT_MAX];
    if (alone(&s, t) < (double)threads * WORTH_A_THREAD_NS)
        return;
    cr_assert_eq(sched_guess(&f, &sc, NULL), 0);
    cr_assert_eq(sched_balance(&sc, &s, t, threads, &b), 0);
    sched_print(&sc, text, sizeof text);
    double most = 0, tasks = 0; /* of the phase that takes longest on one thread */
    for (int i = 0; i < b.n; i++) {
        double work = b.phase[i].cost.tasks * b.phase[i].cost.ns;
        tasks = work > most ? b.phase[i].cost.tasks : tasks;
        most = work > most ? work : most;
    }
    cr_expect_geq(tasks, share * threads, "%s, %s: %s", l->name, t->cpu, text);
    cr_expect_geq(sched_speedup(&sc, &f), share * threads, "%s, %s, %s, %d threads: %.2f, %s",
                  l->name, dcn_layout_name(layout), t->cpu, threads, sched_speedup(&sc, &f), text);
}

/* A call of nchw has one phase more, the copy of the input, which has a task for each row of it. */
static const double NCHW = 0.96;

static void each_layer(int threads, double share)
{
    static const char *const cpus[] = { "x86-64-v3", "sapphirerapids", "neoverse-v1" };
    for (int c = 0; c < 3; c++) {
        dcn_target t = target_of(cpus[c]);
        for (int i = 0; i < NLAYERS; i++) {
            expect_speedup(&layers[i], DCN_NHWC, &t, threads, share);
            expect_speedup(&layers[i], DCN_NCHW, &t, threads, NCHW * share);
        }
    }
}

Test(threads, sixteen_have_work)
{
    each_layer(16, 0.75);
}

Test(threads, thirty_two_have_work)
{
    each_layer(32, 0.6);
}

/* What a small map has too few tiles for is split. */
Test(threads, a_small_map_is_split)
{
    dcn_target t = target_of("x86-64-v3");
    for (int i = 0; i < NLAYERS; i++) {
        dcn_spec s = spec_of(&layers[i], DCN_NHWC);
        int few[MAX_KNOBS], many[MAX_KNOBS];
        tiled_guess(&s, &t, 2, few);
        tiled_guess(&s, &t, 16, many);
        cr_expect_eq(few[TILED_IC_SPLIT], 1, "%s", layers[i].name);
        cr_expect_leq(few[TILED_OC_SPLIT], few[TILED_IMPLICIT_GEMM] ? 2 : 1, "%s", layers[i].name);
        if (layers[i].height <= 7)
            cr_expect_gt(many[TILED_IC_SPLIT] * many[TILED_OC_SPLIT], 1, "%s", layers[i].name);
    }
}

/* More threads never make a prediction worse than the guess for few. */
static void expect_no_slower(const char *cpu)
{
    dcn_target t = target_of(cpu);
    for (int i = 0; i < NLAYERS; i++)
        for (int threads = 3; threads <= 64; threads *= 3) {
            dcn_spec s = spec_of(&layers[i], DCN_NCHW);
            Schedule few, many;
            cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, 2, NULL }, &few, NULL), 0);
            cr_assert_eq(sched_guess(&(SchedFor){ &s, &t, threads, NULL }, &many, NULL), 0);
            cr_expect_leq(sched_cost(&many, &s, &t, threads), sched_cost(&few, &s, &t, threads),
                          "%s, %s, %d threads", layers[i].name, cpu, threads);
        }
}

Test(threads, many_are_no_slower)
{
    expect_no_slower("x86-64-v3");
    expect_no_slower("icelake-server");
}
