/* dynamic.c: what it costs that a kernel does not know its sizes.
**
**     dcngen_dynamic SPEC THREADS ROUNDS [-D name=value]
**
** Every kernel of the spec is compiled as it is and with dynamic batch, height and width, each with
** its guess; both run on the same operands in turns, and must compute what the reference does.
** Prints the medians and the median of the ratios within a round.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/load.h"
#include "runtime/base/aligned.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/stats.h"
#include "tuner/check/cases.h"
#include "tuner/check/expected.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_ROUNDS = 1000, FIXED = 0, DYNAMIC = 1 };
static const double OFFSET_DEVIATION = 2;

typedef struct SizedKernel {
    dcn_kernel *kernel;
    Operands o; /* FIXED owns them, DYNAMIC shares them */
    void *workspace;
    double ns[MAX_ROUNDS];
} SizedKernel;

static int open_side(SizedKernel *side, const dcn_spec *s, bool dynamic, int threads,
                     dcn_error *err)
{
    dcn_spec own = *s;
    dcn_options opt = { .threads = threads };
    if (dynamic)
        own.batch = own.height = own.width = DCN_DYNAMIC;
    if (dcn_compile(&own, &opt, &side->kernel, err))
        return -1;
    const dcn_sizes sizes = { .batch = s->batch, .height = s->height, .width = s->width };
    size_t bytes = dcn_kernel_workspace_bytes(side->kernel, sizes, threads);
    side->workspace = rt_aligned(bytes);
    return side->workspace ? 0 : dcn_fail(err, DCN_EENV, "no memory for %zu bytes", bytes);
}

static int open_operands(SizedKernel side[2], Operands *all, Expected *expected, const dcn_spec *s,
                         dcn_error *err)
{
    rt_rng rng = rt_rng_seed(1);
    TuneCase ordinary = tune_ordinary(OFFSET_DEVIATION);
    if (tune_operands_open(all, NULL, s, err) || tune_fill_inputs(all, &rng, err))
        return -1;
    tune_fill_case(all, &ordinary, &rng);
    for (int i = 0; i < 2; i++)
        if (tune_operands_share(&side[i].o, all, side[i].kernel, err))
            return -1;
    return expected_open(expected, all, &rng, err);
}

/* Runs a kernel once, unclocked, and compares what it computes. */
static int check(SizedKernel *side, const Expected *expected, int threads, dcn_error *err)
{
    dcn_report report = { .what = "" };
    tune_poison_outputs(&side->o);
    if (tune_run(&side->o, threads, side->workspace, err))
        return -1;
    return expected_compare(expected, &side->o, "ordinary offsets", &report)
               ? 0
               : dcn_fail(err, DCN_EFAILED, "'%s': %s", side->o.spec.name, report.what);
}

static int measure(SizedKernel side[2], int threads, int rounds, dcn_error *err)
{
    for (int r = 0; r < rounds; r++)
        for (int turn = 0; turn < 2; turn++) {
            SizedKernel *now = &side[(turn + r) % 2];
            double start = rt_now_ns();
            if (tune_run(&now->o, threads, now->workspace, err))
                return -1;
            now->ns[r] = rt_now_ns() - start;
        }
    return 0;
}

static void print(SizedKernel side[2], const char *name, int rounds)
{
    double ratio[MAX_ROUNDS];
    for (int r = 0; r < rounds; r++)
        ratio[r] = side[DYNAMIC].ns[r] / side[FIXED].ns[r];
    double middle = rt_median(ratio, rounds), fixed = rt_median(side[FIXED].ns, rounds);
    printf("%-16s %9.3f %9.3f %7.3f\n", name, fixed / 1e6,
           rt_median(side[DYNAMIC].ns, rounds) / 1e6, middle);
}

static int compare(const dcn_spec *s, int threads, int rounds, dcn_error *err)
{
    SizedKernel *side = calloc(2, sizeof *side);
    Operands all = { .n = 0 };
    Expected expected = { .n = 0 };
    if (!side)
        return dcn_fail(err, DCN_EENV, "no memory for %d rounds", rounds);
    int failed = open_side(&side[FIXED], s, false, threads, err) ||
                 open_side(&side[DYNAMIC], s, true, threads, err) ||
                 open_operands(side, &all, &expected, s, err) ||
                 check(&side[FIXED], &expected, threads, err) ||
                 check(&side[DYNAMIC], &expected, threads, err) ||
                 measure(side, threads, rounds, err);
    if (!failed)
        print(side, s->name, rounds);
    for (int i = 0; i < 2; i++) {
        tune_operands_drop(&side[i].o);
        dcn_kernel_free(side[i].kernel);
        free(side[i].workspace);
    }
    expected_close(&expected);
    tune_operands_close(&all);
    free(side);
    return failed ? -1 : 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: dcngen_dynamic SPEC THREADS ROUNDS [-D name=value]\n");
        return DCN_EUSAGE;
    }
    int threads = atoi(argv[2]), rounds = atoi(argv[3]);
    char **args = argv + 4;
    dcn_module *module = NULL;
    const dcn_spec *spec;
    dcn_error err = { .text = "" };
    setenv("DCNGEN_TUNE", "off", 1); /* guess against guess */
    rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
    int failed = bench_load(argv[1], NULL, &args, &module, &spec, &err);
    if (!failed)
        printf("%-16s %9s %9s %7s\n", "kernel", "static ms", "dynamic", "ratio");
    for (int i = 0; !failed && i < dcn_module_count(module); i++)
        failed = compare(dcn_module_spec(module, i), threads, rounds, &err);
    if (failed)
        fprintf(stderr, "dcngen_dynamic: %s\n", err.text);
    dcn_module_free(module);
    return failed ? (int)err.code : 0;
}
