/* lowerings.c: whether the guess takes the faster lowering, over a grid of shapes.
**
**     dcngen_lowerings BOUND ROUNDS STEP [WORD...]
**
** Every STEP-th point of the grid whose line has all the words is compiled twice, each time with a
** lowering's own guess. Both are compared with the reference and take turns on one thread, for ROUNDS
** rounds. A line is
**
**     OP LAYOUT DTYPE ISA C->O KxK groups G at SIDExSIDE: ms of direct and of tiled, the medians, then
**     the same as their accounts of cost have it; the ratio direct / tiled as measured, the median
**     over rounds, and by the accounts; the guess; its time as a multiple of the faster one's, with
**     a mark where it exceeds BOUND in each of a few attempts
**
** and the worst lines come once more at the end. The exit status is 1 if any point exceeds BOUND or
** computes what the reference does not. An ISA class is the machine lowered by DCNGEN_MAX_ISA. Maps are
** as large as keeps a call near FLOPS, so that a point takes as long as compiling it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "runtime/base/aligned.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/stats.h"
#include "tuner/check/cases.h"
#include "tuner/check/expected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECT, TILED, SIDES };
enum { MAX_ROUNDS = 999, WORST = 10, ATTEMPTS = 4, LINE_MAX = 256, DEPTHWISE = 0 };
static const char *const lowering[SIDES] = { "direct", "tiled" };
static const double FLOPS = 3e7, OFFSET_DEVIATION = 2;

/* ---- the grid ----------------------------------------------------------------------------------- */

/* What the points differ in; DEPTHWISE stands for a group for each channel. */
enum { OP, LAYOUT, DTYPE, ISA, KERNEL, GROUPS, CHANNELS, OUTPUTS, AXES };
static const struct {
    int n, value[8];
} axis[AXES] = {
    [OP] = { 2, { DCN_OP_DEFORM_CONV2D, DCN_OP_CONV2D } },
    [LAYOUT] = { 2, { DCN_NHWC, DCN_NCHW } },
    [DTYPE] = { 2, { DCN_F32, DCN_F64 } },
    [ISA] = { 3, { 0, 1, 2 } },
    [KERNEL] = { 3, { 1, 3, 7 } },
    [GROUPS] = { 3, { 1, 4, DEPTHWISE } },
    [CHANNELS] = { 8, { 1, 2, 3, 4, 8, 16, 64, 512 } },
    [OUTPUTS] = { 8, { 1, 2, 3, 4, 8, 16, 64, 512 } },
};
static const char *const isas[] = { "avx512", "avx2", "sse4.2" };

/* The last axis turns fastest; 0 after the last point. */
static int next_point(int at[AXES])
{
    for (int i = AXES - 1; i >= 0; i--) {
        if (++at[i] < axis[i].n)
            return 1;
        at[i] = 0;
    }
    return 0;
}

static int value_of(const int at[AXES], int i)
{
    return axis[i].value[at[i]];
}

static void set_side(dcn_spec *s)
{
    static const int sides[] = { 128, 56, 28, 14, 7 };
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        s->height = s->width = sides[i];
        if (dcn_spec_flops(s) <= FLOPS)
            return;
    }
}

/* false: no such convolution, or one that another point has already. */
static bool spec_of(const int at[AXES], dcn_spec *s)
{
    int channels = value_of(at, CHANNELS), groups = value_of(at, GROUPS);
    dcn_spec_init(s, (dcn_op)value_of(at, OP));
    snprintf(s->name, sizeof s->name, "point");
    s->layout = (dcn_layout)value_of(at, LAYOUT);
    s->dtype = (dcn_dtype)value_of(at, DTYPE);
    s->batch = 1;
    s->in_channels = channels;
    s->out_channels = value_of(at, OUTPUTS);
    s->kernel[0] = s->kernel[1] = value_of(at, KERNEL);
    for (int i = 0; i < 4; i++)
        s->padding[i] = s->kernel[0] / 2;
    s->groups = groups == DEPTHWISE ? channels : groups;
    s->height = s->width = 1;
    if (groups == DEPTHWISE && (channels == 1 || channels == 4))
        return false;
    if (dcn_spec_check(s, NULL))
        return false;
    set_side(s);
    return true;
}

static void describe(const int at[AXES], const dcn_spec *s, char *line)
{
    snprintf(line, LINE_MAX, "%-13s %s %s %-6s %3d->%-3d %dx%d groups %-3d at %3dx%-3d",
             dcn_op_name(s->op), s->layout == DCN_NHWC ? "nhwc" : "nchw",
             s->dtype == DCN_F32 ? "f32" : "f64", isas[value_of(at, ISA)], (int)s->in_channels,
             (int)s->out_channels, s->kernel[0], s->kernel[1], s->groups, (int)s->height,
             (int)s->width);
}

static bool has_words(const char *line, char **words)
{
    while (*words && strstr(line, *words))
        words++;
    return !*words;
}

/* ---- one point ---------------------------------------------------------------------------------- */

typedef struct LoweringSide {
    dcn_kernel *kernel;
    Operands o; /* shared by both, but for the weights, which are packed for this kernel */
    void *workspace;
    double ns[MAX_ROUNDS], cost;
} LoweringSide;

typedef struct LoweringPoint {
    dcn_spec spec;
    dcn_target target;
    LoweringSide side[SIDES];
    Operands all;
    Expected expected;
    int guess; /* the side that the guess takes */
} LoweringPoint;

static int open_side(LoweringPoint *p, int i, dcn_error *err)
{
    LoweringSide *side = &p->side[i];
    const dcn_options opt = { .schedule = lowering[i], .target = &p->target, .threads = 1 };
    Schedule sc;
    if (sched_parse(lowering[i], &(SchedFor){ &p->spec, &p->target, 1, NULL }, &sc, err))
        return -1;
    side->cost = sched_cost(&sc, &p->spec, &p->target, 1);
    sched_free(&sc);
    if (dcn_compile(&p->spec, &opt, &side->kernel, err))
        return -1;
    size_t bytes = dcn_kernel_workspace_bytes(side->kernel, (dcn_sizes){ 0 }, 1);
    side->workspace = rt_aligned(bytes);
    return side->workspace ? 0 : dcn_fail(err, DCN_EENV, "no memory for %zu bytes", bytes);
}

static int find_guess(LoweringPoint *p, dcn_error *err)
{
    Schedule sc;
    if (sched_guess(&(SchedFor){ &p->spec, &p->target, 1, NULL }, &sc, err))
        return -1;
    p->guess = !strcmp(sc.lowering->name, lowering[TILED]) ? TILED : DIRECT;
    sched_free(&sc);
    return 0;
}

static int open_operands(LoweringPoint *p, dcn_error *err)
{
    rt_rng rng = rt_rng_seed(1);
    TuneCase ordinary = tune_ordinary(OFFSET_DEVIATION);
    if (tune_operands_open(&p->all, NULL, &p->spec, err) || tune_fill_inputs(&p->all, &rng, err))
        return -1;
    tune_fill_case(&p->all, &ordinary, &rng);
    if (expected_open(&p->expected, &p->all, &rng, err))
        return -1;
    for (int i = 0; i < SIDES; i++)
        if (tune_operands_share(&p->side[i].o, &p->all, p->side[i].kernel, err))
            return -1;
    return 0;
}

static int run(LoweringSide *side, double *ns, dcn_error *err)
{
    double start = rt_now_ns();
    int failed = tune_run(&side->o, 1, side->workspace, err);
    *ns = rt_now_ns() - start;
    return failed;
}

static int check(LoweringPoint *p, int i, dcn_error *err)
{
    dcn_report report = { .what = "" };
    double ns;
    tune_poison_outputs(&p->side[i].o);
    if (run(&p->side[i], &ns, err))
        return -1;
    if (expected_compare(&p->expected, &p->side[i].o, "ordinary offsets", &report))
        return 0;
    return dcn_fail(err, DCN_EFAILED, "%s: %s", lowering[i], report.what);
}

/* Runs unclocked first, for each to find its own data in the caches. */
static int measure(LoweringPoint *p, int rounds, dcn_error *err)
{
    for (int r = 0; r < rounds; r++)
        for (int turn = 0; turn < SIDES; turn++) {
            LoweringSide *side = &p->side[(turn + r) % SIDES];
            if (run(side, &side->ns[r], err) || run(side, &side->ns[r], err))
                return -1;
        }
    return 0;
}

static void close_point(LoweringPoint *p)
{
    for (int i = 0; i < SIDES; i++) {
        tune_operands_drop(&p->side[i].o);
        dcn_kernel_free(p->side[i].kernel);
        free(p->side[i].workspace);
    }
    expected_close(&p->expected);
    tune_operands_close(&p->all);
}

/* ---- all of them -------------------------------------------------------------------------------- */

typedef struct LoweringGrid {
    double bound;
    int rounds, timed, beyond;
    struct {
        double loss;
        char line[2 * LINE_MAX];
    } worst[WORST + 1]; /* sorted, one place to insert at */
    int nworst;
} LoweringGrid;

static void keep_worst(LoweringGrid *g, double loss, const char *line)
{
    int at = g->nworst;
    for (; at > 0 && g->worst[at - 1].loss < loss; at--)
        g->worst[at] = g->worst[at - 1];
    g->worst[at].loss = loss;
    snprintf(g->worst[at].line, sizeof g->worst[at].line, "%s", line);
    g->nworst += g->nworst < WORST;
}

/* The time of the guess as a multiple of the faster lowering's; *ratio is direct / tiled. */
static double loss_of(const LoweringPoint *p, int rounds, double *ratio)
{
    double each[MAX_ROUNDS];
    for (int r = 0; r < rounds; r++)
        each[r] = p->side[DIRECT].ns[r] / p->side[TILED].ns[r];
    *ratio = rt_median(each, rounds);
    double loss = p->guess == DIRECT ? *ratio : 1 / *ratio;
    return loss > 1 ? loss : 1;
}

/* Other work on the machine may hit one side more often than the other: what exceeds the bound is
** timed anew, and the smallest loss counts. */
static int measure_loss(const LoweringGrid *g, LoweringPoint *p, double *loss, double *ratio,
                        dcn_error *err)
{
    double least = 0;
    for (int i = 0; i < ATTEMPTS && (i == 0 || least > g->bound); i++) {
        double again;
        if (measure(p, g->rounds, err))
            return -1;
        *loss = loss_of(p, g->rounds, &again);
        if (i == 0 || *loss < least) {
            least = *loss;
            *ratio = again;
        }
    }
    *loss = least;
    return 0;
}

static void report_point(LoweringGrid *g, LoweringPoint *p, const char *name, double loss,
                         double ratio)
{
    char line[2 * LINE_MAX];
    LoweringSide *direct = &p->side[DIRECT], *tiled = &p->side[TILED];
    snprintf(line, sizeof line, "%s %9.4f %9.4f %9.4f %9.4f %7.3f %7.3f %-6s %6.2f%s", name,
             rt_median(direct->ns, g->rounds) / 1e6, rt_median(tiled->ns, g->rounds) / 1e6,
             direct->cost / 1e6, tiled->cost / 1e6, ratio, direct->cost / tiled->cost,
             lowering[p->guess], loss, loss > g->bound ? " <-" : "");
    puts(line);
    fflush(stdout);
    g->timed++;
    g->beyond += loss > g->bound;
    keep_worst(g, loss, line);
}

static int time_point(LoweringGrid *g, const dcn_spec *s, const char *name, dcn_error *err)
{
    LoweringPoint *p = calloc(1, sizeof *p);
    double loss = 1, ratio = 1;
    if (!p)
        return dcn_fail(err, DCN_EENV, "no memory for a point of the grid");
    p->spec = *s;
    int failed = dcn_target_native(&p->target, err) || open_side(p, DIRECT, err) ||
                 open_side(p, TILED, err) || find_guess(p, err) || open_operands(p, err) ||
                 check(p, DIRECT, err) || check(p, TILED, err) ||
                 measure_loss(g, p, &loss, &ratio, err);
    if (!failed)
        report_point(g, p, name, loss, ratio);
    close_point(p);
    free(p);
    return failed ? -1 : 0;
}

static int time_grid(LoweringGrid *g, int step, char **words, dcn_error *err)
{
    int at[AXES] = { 0 }, seen = 0, failed = 0;
    do {
        dcn_spec s;
        char name[LINE_MAX];
        if (!spec_of(at, &s))
            continue;
        describe(at, &s, name);
        if (!has_words(name, words) || seen++ % step)
            continue;
        setenv("DCNGEN_MAX_ISA", isas[value_of(at, ISA)], 1);
        failed = time_point(g, &s, name, err);
        if (failed)
            fprintf(stderr, "dcngen_lowerings: %s: %s\n", name, err->text);
    } while (!failed && next_point(at));
    return failed;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: dcngen_lowerings BOUND ROUNDS STEP [WORD...]\n");
        return DCN_EUSAGE;
    }
    static LoweringGrid g;
    int rounds = atoi(argv[2]), step = atoi(argv[3]);
    dcn_error err = { .text = "" };
    setenv("DCNGEN_TUNE", "off", 1); /* a lowering alone is its guess */
    g.bound = atof(argv[1]);
    g.rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    int failed = time_grid(&g, step < 1 ? 1 : step, argv + 4, &err);
    printf("%d timed, %d beyond %.2f; the worst:\n", g.timed, g.beyond, g.bound);
    for (int i = 0; i < g.nworst; i++)
        puts(g.worst[i].line);
    return failed ? (int)err.code : g.beyond || !g.timed ? DCN_EFAILED : 0;
}
