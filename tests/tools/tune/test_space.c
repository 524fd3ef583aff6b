/* test_space.c: schedules as points, and the model of their costs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/tiled/tiled.h"
#include "tests/support/case.h"
#include "tuner/search/points.h"
#include "tuner/tune/space.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static dcn_target native(void)
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    return t;
}

static TuneSpace open_space(const dcn_spec *s, const dcn_target *t, int threads, const char *narrow)
{
    TuneSpace sp;
    dcn_error err;
    const TuneFor f = { s, s, t, threads, narrow, cg_lowerings };
    cr_assert_eq(tune_space_open(&sp, &f, &err), 0, "%s", err.text);
    return sp;
}

static dcn_spec layer(void)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 50, 76);
    s.modulation = DCN_MODULATION_MASK;
    return s;
}

Test(space, points_texts_and_schedules_are_the_same_thing)
{
    dcn_spec s = layer();
    dcn_target t = native();
    TuneSpace sp = open_space(&s, &t, 1, NULL);
    SearchSpace space = tune_space_search(&sp);
    rt_rng r = rt_rng_seed(1);
    PointWalk walk = { .state = { WALK_UNKNOWN } };
    for (int i = 0; i < 200; i++) {
        SearchPoint p, back, parsed;
        Schedule sc;
        char text[DCN_TEXT_MAX];
        cr_assert(points_draw(&space, &walk, &r, &p));
        tune_space_schedule(&sp, &p, &sc);
        sched_print(&sc, text, sizeof text);
        cr_assert_eq(tune_space_point(&sp, &sc, &back), 0);
        cr_assert_eq(tune_space_parse(&sp, text, &parsed), 0, "%s", text);
        cr_expect_eq(points_number(&space, &p), points_number(&space, &back));
        cr_expect_eq(points_number(&space, &p), points_number(&space, &parsed));
        SearchPoint at = points_at(&space, points_number(&space, &p));
        cr_expect_eq(memcmp(&at, &p, sizeof p), 0);
    }
}

Test(space, texts_that_mean_no_point)
{
    static const char *const texts[] = { "",
                                         "tiled",
                                         "direct lanes=8",
                                         "wrong mr=1",
                                         "direct lanes=3 oc_block=1",
                                         "direct lanes=8 oc_block=1 more=2" };
    dcn_spec s = layer();
    dcn_target t = native();
    TuneSpace sp = open_space(&s, &t, 1, NULL);
    SearchPoint p;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(tune_space_parse(&sp, texts[i], &p), -1, "%s", texts[i]);
    cr_expect_eq(tune_space_parse(&sp, "direct oc_block=1, lanes=8", &p), 0);
}

Test(space, a_narrow_one_keeps_its_knobs)
{
    dcn_spec s = layer();
    dcn_target t = native();
    TuneSpace sp = open_space(&s, &t, 1, "direct oc_block=4");
    SearchSpace space = tune_space_search(&sp);
    SearchPoint p;
    cr_expect_eq(points_count(&space), 4);
    cr_expect_eq(tune_space_parse(&sp, "direct lanes=8 oc_block=4", &p), 0);
    cr_expect_eq(tune_space_parse(&sp, "direct lanes=8 oc_block=8", &p), -1);
    for (uint64_t i = 0; i < 4; i++) {
        Schedule sc;
        p = points_at(&space, i);
        tune_space_schedule(&sp, &p, &sc);
        cr_expect_eq(sc.k[1], 4);
    }
}

/* One thread has nobody to share a tile with. */
Test(space, splits_are_for_several_threads)
{
    static const char split[] =
        "tiled mr=6 nv=1 tile_h=2 tile_w=4 kc_channels=16 kc_taps=0 loop_order=0 unroll=2 "
        "group_pack=0 repack=0 tap_lanes=0 offset_chunk=0 prefetch=-1 grain=1 implicit_gemm=0 "
        "oc_split=2 ic_split=4 weights_ahead=0";
    dcn_spec s = layer();
    dcn_target t = native();
    SearchPoint p;
    TuneSpace one = open_space(&s, &t, 1, NULL), two = open_space(&s, &t, 2, NULL);
    TuneSpace told = open_space(&s, &t, 1, "tiled kc_channels=16 ic_split=4");
    cr_expect_eq(tune_space_parse(&one, split, &p), -1);
    cr_expect_eq(tune_space_parse(&two, split, &p), 0);
    cr_expect_eq(tune_space_parse(&told, split, &p), -1, "oc_split is not told");
    SearchSpace all = tune_space_search(&told);
    Schedule sc;
    p = points_at(&all, 0);
    tune_space_schedule(&told, &p, &sc);
    cr_expect_eq(sc.k[TILED_IC_SPLIT], 4);
}

Test(space, the_guess_is_the_simplest)
{
    dcn_spec s = layer();
    dcn_target t = native();
    TuneSpace sp = open_space(&s, &t, 1, NULL);
    Schedule other = sp.start;
    dcn_error err;
    cr_expect_eq(tune_space_complexity(&sp, &sp.start), 0);
    other.k[0]++;
    cr_expect_eq(tune_space_complexity(&sp, &other), 2);
    cr_assert_eq(sched_parse("direct", &(SchedFor){ &s, &t, 0, NULL }, &other, &err), 0);
    cr_expect_eq(tune_space_complexity(&sp, &other), 1);
}

/* ---- costs --------------------------------------------------------------------------------- */

static double cost(const dcn_spec *s, const dcn_target *t, const char *schedule, int threads)
{
    Schedule sc;
    dcn_error err;
    cr_assert_eq(sched_parse(schedule, &(SchedFor){ s, t, 0, NULL }, &sc, &err), 0, "%s", err.text);
    cr_assert_not_null(sc.lowering->phases);
    return sched_cost(&sc, s, t, threads);
}

Test(cost, is_a_time_for_every_legal_schedule)
{
    dcn_spec specs[3] = { layer(), layer(), layer() };
    specs[1].layout = DCN_NHWC;
    specs[1].height = specs[1].width = specs[1].batch = DCN_DYNAMIC;
    specs[2].groups = 32;
    dcn_target t = native();
    for (int i = 0; i < 3; i++)
        for (int threads = 1; threads <= 64; threads *= 8) {
            TuneSpace sp = open_space(&specs[i], &t, threads, NULL);
            SearchSpace space = tune_space_search(&sp);
            rt_rng r = rt_rng_seed(2);
            PointWalk walk = { .state = { WALK_UNKNOWN } };
            for (int n = 0; n < 500; n++) {
                SearchPoint p;
                cr_assert(points_draw(&space, &walk, &r, &p));
                double ns = space.estimate(space.self, &p);
                cr_assert(isfinite(ns) && ns > 1e3 && ns < 1e11, "%g", ns);
            }
        }
}

static void expect_bad(const char *cpu)
{
    static const char *const bad[] = { "tiled mr=1 nv=1", "tiled tile_h=1 tile_w=4",
                                       "tiled kc_channels=16 kc_taps=1", "direct oc_block=1" };
    dcn_spec s = layer();
    dcn_target t;
    char guess[DCN_TEXT_MAX];
    cr_assert_eq(dcn_target_parse(cpu, NULL, NULL, &t, NULL), 0);
    TuneSpace sp = open_space(&s, &t, 1, NULL);
    sched_print(&sp.start, guess, sizeof guess);
    double good = cost(&s, &t, guess, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_gt(cost(&s, &t, bad[i], 1), 1.15 * good, "%s, %s: %.3f", cpu, bad[i],
                     cost(&s, &t, bad[i], 1) / good);
    double two = cost(&s, &t, guess, 2);
    cr_expect(two < 0.7 * good && two >= 0.5 * good, "%s: %g %g", cpu, two, good);
}

/* What the model must know: each of these was measured to be much slower than the guess on CPUs of these kinds. */
Test(cost, knows_what_is_bad)
{
    expect_bad("emeraldrapids");
    expect_bad("znver3");
}
