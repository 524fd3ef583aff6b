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
#include <stdio.h>
#include <string.h>

static Schedule guess_of(const char *lowering, const SchedFor *f)
{
    Schedule sc;
    dcn_error err = { .text = "" };
    cr_assert_eq(sched_parse(lowering, f, &sc, &err), 0, "%s: %s", lowering, err.text);
    return sc;
}

static double cost_of(const Schedule *sc, const SchedFor *f)
{
    return sched_cost(sc, f->s, f->t, f->threads);
}

/* The cheapest of the schedules that differ from one in a single knob. */
static Schedule cheapest_nearby(const Schedule *from, const SchedFor *f)
{
    const Lowering *how = from->lowering;
    Schedule best = *from;
    for (int i = 0; i < how->nknobs; i++)
        for (int c = 0; c < how->knobs[i]->nchoices; c++) {
            Schedule sc = *from;
            sc.k[i] = how->knobs[i]->choice[c];
            if (!how->refuse(f->s, f->t, sc.k) && cost_of(&sc, f) < cost_of(&best, f))
                best = sc;
        }
    return best;
}

/* By the account, the guess costs at most `most` times as much as what it could be improved to. */
static void expect_agreement(const char *lowering, const SchedFor *f, double most)
{
    char guessed[DCN_TEXT_MAX], cheapest[DCN_TEXT_MAX];
    Schedule guess = guess_of(lowering, f), best = guess;
    for (double before = INFINITY; cost_of(&best, f) < before;) {
        before = cost_of(&best, f);
        best = cheapest_nearby(&best, f);
    }
    sched_print(&guess, guessed, sizeof guessed);
    sched_print(&best, cheapest, sizeof cheapest);
    double ratio = cost_of(&guess, f) / cost_of(&best, f);
    cr_expect_leq(ratio, most, "%s on %s, %d threads: %s costs %.2f times as much as %s",
                  f->s->name, f->t->cpu, f->threads, guessed, ratio, cheapest);
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

enum { THREADS = 2 };

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
        expect_agreement(lowering, &(SchedFor){ &s, &t, THREADS, NULL }, most);
    }
}

/* A file of bench: the layers that networks have, or those and their gradients. */
typedef struct Layers {
    const char *file, *op; /* op NULL: the file has no such parameter */
} Layers;

static bool takes(const char *lowering, const dcn_spec *s)
{
    for (int i = 0; cg_lowerings[i]; i++)
        if (strcmp(cg_lowerings[i]->name, lowering) == 0)
            return sched_takes(cg_lowerings[i], s);
    return false;
}

/* Kernels of the lowering for one and for several threads; returns how many there are. */
static int each_kernel(const char *lowering, const dcn_module *m, double most)
{
    int kernels = 0;
    static const char *const cpus[] = { "sapphirerapids", "x86-64-v3", "neoverse-v1" };
    static const int threads[] = { 1, 2, 16 };
    for (int i = 0; i < 9 * dcn_module_count(m); i++) {
        dcn_target t;
        const dcn_spec *s = dcn_module_spec(m, i / 9);
        cr_assert_eq(dcn_target_parse(cpus[i % 3], NULL, NULL, &t, NULL), 0);
        const SchedFor f = { s, &t, threads[i / 3 % 3], NULL };
        if (!takes(lowering, s))
            continue;
        expect_agreement(lowering, &f, most);
        kernels++;
    }
    return kernels;
}

static void each_layer(const char *lowering, const Layers *l, const char *layout, double most)
{
    char path[DCN_TEXT_MAX];
    const dcn_param params[] = { { "layout", layout }, { "op", l->op } };
    dcn_module *m = NULL;
    dcn_error err = { .text = "" };
    snprintf(path, sizeof path, SOURCE_DIR "/bench/%s.lua", l->file);
    cr_assert_eq(dcn_load_file(path, params, l->op ? 2 : 1, &m, &err), 0, "%s: %s", path, err.text);
    cr_expect_gt(each_kernel(lowering, m, most), 0, "%s of %s", lowering, path);
    dcn_module_free(m);
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
    const Schedule sc = guess_of("tiled", &(SchedFor){ &s, t, 0, NULL });
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

static void each_file(const char *lowering, const Layers *l, int n, double most)
{
    for (int i = 0; i < 2 * n; i++)
        each_layer(lowering, &l[i / 2], i % 2 ? "nchw" : "nhwc", most);
}

Test(guess, roi_and_its_account_agree)
{
    static const Layers files[] = { { "workloads", "roi_align" },
                                    { "workloads", "deform_roi_pool" } };
    each_file("roi", files, 2, 1.01);
}

/* In nchw a guess copies the map whenever so many bins are read, however few pixels a bin is and however many
** threads share the bins, but not the copy's wait: the account has five quantised regions at 1.3 without it. */
Test(guess, roi_of_few_regions_and_its_account_agree)
{
    static const Layers file = { "cores", NULL };
    each_layer("roi", &file, "nhwc", 1.01);
    each_layer("roi", &file, "nchw", 1.32);
}

/* The account prefers tiles that are as large as there are, and so blocks of more channels, where the guess keeps a
** tile in half of L2 or so: it knows nothing of what is read again from beyond. */
Test(guess, gradient_and_its_account_agree)
{
    static const Layers files[] = { { "gradients", "conv2d" }, { "gradients", "deform_conv2d" } };
    each_file("gradient", files, 2, 1.17);
}

/* Blocks of the guess are long whatever is in a task; the account rounds rows of a task up to whole blocks. */
Test(guess, scatter_and_its_account_agree)
{
    static const Layers files[] = { { "gradients", "dcnv3" }, { "gradients", "dcnv4" } };
    for (int i = 0; i < 2; i++)
        each_layer("scatter", &files[i], "nhwc", 1.15);
}

/* The guess copies what a task has only a part of; the account knows what a copy takes, not what it saves. */
Test(guess, roi_gradient_and_its_account_agree)
{
    static const Layers files[] = { { "gradients", "roi_align" },
                                    { "gradients", "deform_roi_pool" } };
    each_file("roi_gradient", files, 2, 1.07);
}
