/* test_guess.c: guesses and accounts of cost are two opinions of one kernel; how far they are
** apart.
**
** What a guess proposes was found by measuring (docs/dev/PERFORMANCE.md); an account of cost orders
** what nobody has measured yet. A correction to one of them that the other contradicts shows here.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { THREADS = 2 };

static Schedule guess_of(const char *lowering, const dcn_spec *s, const dcn_target *t)
{
    Schedule sc;
    dcn_error err = { .text = "" };
    cr_assert_eq(sched_parse(lowering, &(SchedFor){ s, t, 0, NULL }, &sc, &err), 0, "%s: %s",
                 lowering, err.text);
    return sc;
}

static double cost_of(const Schedule *sc, const dcn_spec *s, const dcn_target *t)
{
    return sched_cost(sc, s, t, THREADS);
}

/* The cheapest of the schedules that differ from one in a single knob. */
static Schedule cheapest_nearby(const Schedule *from, const dcn_spec *s, const dcn_target *t)
{
    const Lowering *how = from->lowering;
    Schedule best = *from;
    for (int i = 0; i < how->nknobs; i++)
        for (int c = 0; c < how->knobs[i]->nchoices; c++) {
            Schedule sc = *from;
            sc.k[i] = how->knobs[i]->choice[c];
            if (!how->refuse(s, t, sc.k) && cost_of(&sc, s, t) < cost_of(&best, s, t))
                best = sc;
        }
    return best;
}

/* By the account, the guess costs at most `most` times as much as what it could be improved to. */
static void expect_agreement(const char *lowering, const dcn_spec *s, const dcn_target *t,
                             double most)
{
    char guessed[DCN_TEXT_MAX], cheapest[DCN_TEXT_MAX];
    Schedule guess = guess_of(lowering, s, t), best = guess;
    for (double before = INFINITY; cost_of(&best, s, t) < before;) {
        before = cost_of(&best, s, t);
        best = cheapest_nearby(&best, s, t);
    }
    sched_print(&guess, guessed, sizeof guessed);
    sched_print(&best, cheapest, sizeof cheapest);
    double ratio = cost_of(&guess, s, t) / cost_of(&best, s, t);
    cr_expect_leq(ratio, most, "%s on %s: %s costs %.2f times as much as %s", s->name, t->cpu,
                  guessed, ratio, cheapest);
}

/* The operators of InternImage-T on a picture of 800 x 1280, H1 to H4 of bench/workloads.lua. */
static dcn_spec stage_of(dcn_op op, int stage)
{
    int64_t channels = 64 << stage, scale = 4 << stage;
    dcn_spec s = case_spec(op, channels, channels, 800 / scale, 1280 / scale);
    s.offset_groups = (int)channels / 16;
    s.modulation = op == DCN_OP_DCNV3 ? DCN_MODULATION_SOFTMAX : DCN_MODULATION_MASK;
    s.layout = DCN_NHWC;
    s.offset_scale = s.modulation_scale = 1;
    dcn_spec_complete(&s);
    return s;
}

static void each_stage(const char *lowering, int projection, double most)
{
    static const char *const cpus[] = { "sapphirerapids", "x86-64-v3", "neoverse-v1" };
    static const dcn_op ops[] = { DCN_OP_DCNV3, DCN_OP_DCNV4 };
    for (int i = 0; i < 24; i++) {
        dcn_target t;
        dcn_spec s = stage_of(ops[i / 12], i / 3 % 4);
        s.projection = projection ? s.in_channels : 0;
        if (projection)
            s.out_channels = s.in_channels;
        cr_assert_eq(dcn_target_parse(cpus[i % 3], NULL, NULL, &t, NULL), 0);
        expect_agreement(lowering, &s, &t, most);
    }
}

/* The account prefers blocks that leave L1, and higher tiles: it knows nothing of the places that a
** block's samples displace there, nor of threads that wait for the last task. */
static int prefetch_of(int dilation, const dcn_target *t)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 56, 56);
    s.dilation[0] = s.dilation[1] = dilation;
    for (int i = 0; i < 4; i++)
        s.padding[i] = DCN_SAME;
    dcn_spec_complete(&s);
    const Schedule sc = guess_of("tiled", &s, t);
    int i = 0;
    while (strcmp(sc.lowering->knobs[i]->name, "prefetch") != 0)
        i++;
    return sc.k[i];
}

/* What lies between taps that are far apart is read by nobody. */
Test(guess, nothing_is_fetched_ahead_from_a_sparse_window)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse("x86-64-v3", NULL, NULL, &t, NULL), 0);
    cr_expect_geq(prefetch_of(1, &t), 0);
    cr_expect_geq(prefetch_of(11, &t), 0);
    cr_expect_eq(prefetch_of(12, &t), -1);
}

Test(guess, aggregate_and_its_account_agree)
{
    each_stage("aggregate", 0, 1.2);
}

Test(guess, project_and_its_account_agree)
{
    each_stage("project", 1, 1.1);
}
