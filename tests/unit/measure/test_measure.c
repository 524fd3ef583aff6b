/* test_measure.c: paired timing on a clock that the test turns.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "tuner/measure/measure.h"

#include <criterion/criterion.h>
#include <math.h>

/* A machine on which A takes cost[0] ns and B cost[1], with noise and drift. */
typedef struct FakeMachine {
    double now, cost[2];
    double noise;       /* each reading is longer by up to this share */
    double drift;       /* everything gets slower by this share per second */
    double spike_every; /* readings; then one takes ten times as long */
    double jump_at;     /* ns; from then on everything takes twice as long */
    double wave;        /* ns in which the machine gets half as fast again and back */
    int disturbed;      /* the run that takes three times as long; the first is 1 */
    int runs, fail_at, order[64];
    rt_rng rng;
} FakeMachine;

static int run(void *self, int which, int repeats)
{
    FakeMachine *m = self;
    if (m->runs < 64)
        m->order[m->runs] = which;
    if (++m->runs == m->fail_at)
        return -1;
    double ns = m->cost[which] * repeats * (1 + m->noise * rt_rng_uniform(&m->rng));
    ns *= 1 + m->drift * m->now / 1e9;
    if (m->wave > 0)
        ns *= 1.25 + 0.25 * sin(m->now / m->wave * 6.283185307179586);
    if (m->runs == m->disturbed)
        ns *= 3;
    if (m->spike_every > 0 && rt_rng_uniform(&m->rng) < 1 / m->spike_every)
        ns *= 10;
    m->now += m->jump_at > 0 && m->now > m->jump_at ? 2 * ns : ns;
    return 0;
}

static double now_ns(void *self)
{
    return ((FakeMachine *)self)->now;
}

static Measured measure(FakeMachine *m, const MeasurePlan *change, uint64_t seed)
{
    MeasurePlan plan = change ? *change : (MeasurePlan){ 0 };
    plan.reading_ns = fmax(plan.reading_ns, 1);
    MeasureWork w = { m, run, now_ns };
    static Measured out;
    plan.min_pairs = plan.min_pairs ? plan.min_pairs : 8;
    plan.max_pairs = plan.max_pairs ? plan.max_pairs : 128;
    plan.seconds = plan.seconds > 0 ? plan.seconds : 1e9;
    plan.confidence = 0.95;
    m->rng = rt_rng_seed(seed);
    cr_assert_eq(measure_pair(&w, &plan, &out), 0);
    return out;
}

Test(measure, readings_alternate)
{
    static const int forward[] = { 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0 };
    static const int backward[] = { 0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1 };
    for (int reversed = 0; reversed < 2; reversed++) {
        FakeMachine m = { .cost = { 100, 100 } };
        MeasurePlan plan = { .reversed = reversed, .reading_ns = 50 };
        measure(&m, &plan, 1);
        for (int i = 0; i < 12; i++)
            cr_expect_eq(m.order[i], reversed ? backward[i] : forward[i], "run %d", i);
    }
}

Test(measure, finds_two_per_cent_in_ten_per_cent_of_noise)
{
    FakeMachine m = { .cost = { 1000, 980 }, .noise = 0.1 };
    Measured r = measure(&m, NULL, 2);
    cr_expect(r.sure && r.ratio_high < 1, "%g .. %g", r.ratio_low, r.ratio_high);
    cr_expect(r.ratio_low <= 0.98 && 0.98 <= r.ratio_high, "%g .. %g", r.ratio_low, r.ratio_high);
    cr_expect_float_eq(r.a_median, 1050, 20);
    cr_expect_float_eq(r.b_median, 1029, 20);
    cr_expect(r.b_low <= r.b_median && r.b_median <= r.b_high);
}

/* The machine becomes half as fast during the measurement; the ratio does not notice, the sentinel
** does. */
Test(measure, drift_cancels_and_is_told)
{
    FakeMachine m = { .cost = { 1e7, 1.1e7 }, .noise = 0.01, .drift = 1 };
    Measured r = measure(&m, &(MeasurePlan){ .min_pairs = 32, .max_pairs = 32 }, 3);
    cr_expect_float_eq(r.ratio, 1.1, 0.01);
    cr_expect_gt(r.drift, 1.4);
    FakeMachine calm = { .cost = { 1e7, 1.1e7 }, .noise = 0.01 };
    cr_expect_float_eq(measure(&calm, NULL, 3).drift, 1, 0.02);
}

Test(measure, spikes_and_jumps_do_not_move_the_ratio)
{
    FakeMachine spiky = { .cost = { 1000, 950 }, .noise = 0.02, .spike_every = 6 };
    Measured r = measure(&spiky, NULL, 4);
    cr_expect_float_eq(r.ratio, 0.95, 0.02, "%g", r.ratio);
    cr_expect_lt(r.ratio_high, 1);
    FakeMachine jumpy = { .cost = { 1000, 950 }, .noise = 0.02, .jump_at = 20000 };
    cr_expect_float_eq(measure(&jumpy, NULL, 5).ratio, 0.95, 0.02);
}

/* 400 measurements of equal work: at most 5 in 100 may call one of them faster, however often it
** was looked. */
Test(measure, noise_is_seldom_significant)
{
    int wrong = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        FakeMachine m = { .cost = { 1000, 1000 }, .noise = 0.3, .spike_every = 20 };
        Measured r = measure(&m, NULL, seed);
        wrong += r.sure && (r.ratio_high < 1 || r.ratio_low > 1);
    }
    cr_expect_leq(wrong, 20, "%d of 400", wrong);
}

Test(measure, resolution_ends_it)
{
    FakeMachine m = { .cost = { 1000, 1000 }, .noise = 0.01 };
    MeasurePlan plan = { .resolution = 0.02, .max_pairs = 512 };
    Measured r = measure(&m, &plan, 6);
    cr_expect(r.sure && r.ratio_high - r.ratio_low <= 0.02);
    cr_expect_lt(r.pairs, 128, "%d", r.pairs);
}

Test(measure, hopeless_work_is_given_up_after_two_pairs)
{
    FakeMachine m = { .cost = { 1000, 1500 }, .noise = 0.05 };
    MeasurePlan plan = { .stop_if_slower_than = 1.1 };
    Measured r = measure(&m, &plan, 7);
    cr_expect_eq(r.pairs, 2);
    cr_expect_eq(r.stopped_early, 1);
    cr_expect_eq(r.sure, 0);
    cr_expect_float_eq(r.ratio, 1.5, 0.1);
    FakeMachine near = { .cost = { 1000, 1080 }, .noise = 0.05 };
    Measured n = measure(&near, &plan, 7);
    cr_expect_eq(n.stopped_early, 0);
    cr_expect(n.sure && n.ratio_low > 1);
}

/* As the tuner screens candidates of 20 ms: two pairs for what is plainly slower, half a second for
** what may win. */
static const MeasurePlan screening = { .max_pairs = MEASURE_MAX_PAIRS,
                                       .seconds = 0.5,
                                       .reading_ns = 3e5,
                                       .resolution = 0.02,
                                       .stop_if_slower_than = 1.15,
                                       .stop_unless_below = 0.995 };

static Measured screen(double ratio, FakeMachine m, uint64_t seed)
{
    m.cost[0] = 2e7;
    m.cost[1] = 2e7 * ratio;
    return measure(&m, &screening, seed);
}

Test(measure, what_is_plainly_slower_costs_two_pairs)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        Measured r = screen(1.3, (FakeMachine){ .noise = 0.05, .wave = 3e9 }, seed);
        cr_expect(r.pairs == 2 && r.stopped_early, "%d pairs", r.pairs);
        cr_expect_float_eq(r.ratio, 1.3, 0.1);
        cr_expect_float_eq(r.b_median / r.a_median, 1.3, 0.15);
    }
}

/* A reading of either side in any place. */
Test(measure, one_disturbed_reading_does_not_condemn)
{
    for (int at = 1; at < 24; at++) {
        Measured r = screen(1, (FakeMachine){ .noise = 0.02, .disturbed = at }, 11);
        cr_expect(!r.stopped_early && r.pairs >= 4, "run %d: %d pairs", at, r.pairs);
        cr_expect_float_eq(r.ratio, 1, 0.03, "run %d: %g", at, r.ratio);
        Measured quicker = screen(0.95, (FakeMachine){ .noise = 0.02, .disturbed = at }, 11);
        cr_expect(quicker.pairs >= 8, "run %d: %d pairs", at, quicker.pairs);
        cr_expect_lt(quicker.ratio, 0.98, "run %d: %g", at, quicker.ratio);
    }
}

/* Nor does one of A save what is slower for long. */
Test(measure, one_disturbed_reading_does_not_save)
{
    for (int at = 1; at < 24; at++) {
        Measured r = screen(1.3, (FakeMachine){ .noise = 0.02, .disturbed = at }, 12);
        cr_expect_leq(r.pairs, 8, "run %d: %d pairs", at, r.pairs);
        cr_expect_gt(r.ratio, 1.2, "run %d: %g", at, r.ratio);
    }
}

/* What the tuner measures once more. */
static bool is_promising(const Measured *m)
{
    return (m->sure && m->ratio_high < 1) || m->ratio < 0.98;
}

/* With and without the early end on one machine: what would be seen to be better is hardly ever
** lost. */
Test(measure, what_may_win_is_measured_in_full)
{
    enum { TIMES = 400 };
    MeasurePlan full = screening;
    full.stop_if_slower_than = full.stop_unless_below = 0;
    int wins = 0, cut = 0, condemned = 0, soon_over = 0;
    for (uint64_t seed = 0; seed < TIMES; seed++) {
        const FakeMachine noisy = { .noise = 0.1, .wave = 3e9, .spike_every = 20 };
        FakeMachine m = noisy;
        m.cost[0] = 2e7, m.cost[1] = 1.9e7;
        Measured wanted = measure(&m, &full, seed), got = screen(0.95, noisy, seed);
        wins += is_promising(&wanted);
        cut += is_promising(&wanted) && !is_promising(&got);
        Measured equal = screen(1, noisy, seed);
        condemned += equal.stopped_early;
        soon_over += equal.pairs <= 8;
    }
    cr_expect_geq(wins, TIMES / 5, "%d of %d that are 5 %% better win", wins, TIMES);
    cr_expect_leq(cut, wins / 50, "%d of %d that win", cut, wins);
    cr_expect_leq(condemned, TIMES / 100, "%d of %d equal ones condemned", condemned, TIMES);
    cr_expect_geq(soon_over, TIMES * 4 / 5, "%d of %d equal ones", soon_over, TIMES);
}

/* Noise like the difference that counts: what is equal is seen to have no chance long before the
** time is over, and the verdict on what is a little better is that of measuring all the time. */
Test(measure, no_chance_is_enough_to_know)
{
    enum { TIMES = 200 };
    MeasurePlan full = screening;
    full.stop_if_slower_than = full.stop_unless_below = 0;
    int pairs = 0, lost = 0;
    for (uint64_t seed = 0; seed < TIMES; seed++) {
        const FakeMachine noisy = { .noise = 0.03 };
        pairs += screen(1, noisy, seed).pairs;
        FakeMachine m = noisy;
        m.cost[0] = 2e7, m.cost[1] = 1.97e7;
        Measured wanted = measure(&m, &full, seed), got = screen(0.985, noisy, seed);
        lost += is_promising(&wanted) && !is_promising(&got);
    }
    cr_expect_leq(pairs, 6 * TIMES, "%d pairs for %d equal ones", pairs, TIMES);
    cr_expect_leq(lost, TIMES / 50, "%d of %d", lost, TIMES);
}

/* Equal work whose noise is small beside what is worth winning costs four pairs. */
Test(measure, no_better_is_enough_to_know)
{
    Measured r = screen(1.01, (FakeMachine){ .noise = 0.004 }, 13);
    cr_expect(r.pairs == 4 && !r.stopped_early, "%d pairs", r.pairs);
    cr_expect_float_eq(r.ratio, 1.01, 0.004);
}

Test(measure, budget_ends_it_but_never_before_two_pairs)
{
    FakeMachine m = { .cost = { 1e9, 1e9 } };
    Measured r = measure(&m, &(MeasurePlan){ .seconds = 0.001 }, 8);
    cr_expect_eq(r.pairs, 2);
    cr_expect_eq(r.sure, 0);
    FakeMachine longer = { .cost = { 1e9, 1e9 }, .noise = 0.01 };
    cr_expect_eq(measure(&longer, &(MeasurePlan){ .seconds = 11 }, 8).pairs, 6);
}

Test(measure, quick_work_is_repeated)
{
    FakeMachine m = { .cost = { 100, 50 } };
    MeasurePlan plan = { .reading_ns = 10000 };
    Measured r = measure(&m, &plan, 9);
    cr_expect_float_eq(r.a_median, 100, 1e-9);
    cr_expect_float_eq(r.b_median, 50, 1e-9);
    cr_expect_geq(m.now, r.pairs * 2 * 10000.);
}

/* Whichever run fails, in the warm-up or later. */
Test(measure, a_failed_run_ends_it)
{
    for (int at = 1; at < 20; at++) {
        FakeMachine m = { .cost = { 100, 100 }, .fail_at = at };
        MeasureWork w = { &m, run, now_ns };
        MeasurePlan plan = { 16, 16, 1, 50, 0.95, 0, 0, 0, 0 };
        Measured out;
        cr_expect_eq(measure_pair(&w, &plan, &out), -1);
        cr_expect_eq(m.runs, at);
    }
}

Test(measure, never_more_readings_than_there_is_room_for)
{
    FakeMachine m = { .cost = { 100, 100 }, .noise = 0.5 };
    MeasurePlan plan = { .max_pairs = 100000 };
    cr_expect_leq(measure(&m, &plan, 10).pairs, MEASURE_MAX_PAIRS);
}
