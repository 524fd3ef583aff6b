/* bench.c: how fast a kernel is, as a share of what the machine can do at the same moment.
**
** Kernel and multiply-add loop take turns, so that a slow minute of the machine slows both; each is
** judged by its median.  After that loop the kernel runs unclocked first: what it reads has left
** the caches meanwhile, where in a network the layer before has just put it.  Weights are packed
** and the workspace is allocated before the clock starts; quick kernels run several times between
** two readings of it.  measure.c asks which of two is faster and stops once that is known; here a
** time is asked for, and readings go on for as long as the caller gives.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/aligned.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/stats.h"
#include "runtime/exec/threads.h"
#include "tuner/check/offsets.h"
#include "tuner/measure/peak.h"

#include <stdlib.h>

enum { MIN_ROUNDS = 5, MAX_ROUNDS = 2000 };
static const double READING_NS = 3e5;
/* No kernel has fewer operations than its spec, so a share beyond 1 and the noise is of a peak that
** a hypervisor took a part of, which no clock of ours tells. */
static const double IMPOSSIBLE = 1.02;
static const double LONG_NS = 2e8; /* the caches of a run that long are warm for most of it */

typedef struct KernelBench {
    Operands o;
    TunePeak loop;
    void *workspace;
    int threads, repeats, rounds;
    double first_ns;
    double ns[MAX_ROUNDS], peak[MAX_ROUNDS];
    int peaks; /* probes that nothing disturbed stand before all others, so many of them */
} KernelBench;

/* ---- the kernel ----------------------------------------------------------- */

static double time_kernel(KernelBench *b, dcn_error *err)
{
    double start = rt_now_ns();
    for (int i = 0; i < b->repeats; i++)
        if (tune_run(&b->o, b->threads, b->workspace, err))
            return -1;
    return (rt_now_ns() - start) / b->repeats;
}

static int open_bench(KernelBench *b, const dcn_kernel *k, const TuneOffsets *offsets,
                      const dcn_bench_options *opt, dcn_error *err)
{
    const dcn_spec *s = &k->spec;
    rt_rng rng = rt_rng_seed(1);
    if (tune_operands_open(&b->o, k, s, err) || tune_fill_inputs(&b->o, &rng, err))
        return -1;
    if (tune_offsets_fill(offsets, &b->o, &rng, err))
        return -1;
    if (opt->tensor)
        tune_take_inputs(&b->o, opt->tensor);
    size_t bytes = dcn_kernel_workspace_bytes(
        k, (dcn_sizes){ s->batch, s->height, s->width, s->rois }, b->threads);
    b->workspace = rt_aligned(bytes);
    if (!b->workspace)
        return dcn_fail(err, DCN_EENV, "no memory for %zu bytes of workspace", bytes);
    return tune_peak_open(&b->loop, s->dtype, &k->target, b->threads, err);
}

/* The first runs warm caches and thread pool, and say how often to run between two readings. */
static int warm_up(KernelBench *b, dcn_error *err)
{
    b->repeats = 1;
    double first = time_kernel(b, err), ns = first < 0 ? first : time_kernel(b, err);
    if (ns < 0)
        return -1;
    b->first_ns = first;
    if (ns < READING_NS)
        b->repeats = (int)(READING_NS / (ns + 1)) + 1;
    tune_peak_run(&b->loop);
    return 0;
}

/* The one that stood in its place moves to the end of the others. */
static void keep_peak(KernelBench *b, double gflops)
{
    b->peak[b->rounds] = gflops;
    if (b->loop.disturbed)
        return;
    b->peak[b->rounds] = b->peak[b->peaks];
    b->peak[b->peaks++] = gflops;
}

static int take_readings(KernelBench *b, double seconds, dcn_error *err)
{
    double start = rt_now_ns();
    while (b->rounds < MIN_ROUNDS ||
           (b->rounds < MAX_ROUNDS && rt_now_ns() - start < seconds * 1e9)) {
        keep_peak(b, tune_peak_run(&b->loop));
        if (b->first_ns < LONG_NS && time_kernel(b, err) < 0)
            return -1;
        b->ns[b->rounds] = time_kernel(b, err);
        if (b->ns[b->rounds++] < 0)
            return -1;
    }
    return 0;
}

static void summarise(KernelBench *b, dcn_timing *out)
{
    const dcn_spec *s = &b->o.spec;
    const double ns = rt_median(b->ns, b->rounds);
    const double peak = rt_median(b->peak, b->peaks ? b->peaks : b->rounds);
    const double fraction = dcn_spec_flops(s) / ns / peak;
    *out = (dcn_timing){ .ns_median = ns,
                         .ns_min = b->ns[0],
                         .ns_max = b->ns[b->rounds - 1],
                         .gflops = dcn_spec_flops(s) / ns,
                         .peak_gflops = peak,
                         .peak_fraction = fraction,
                         .peak_disturbed = !b->peaks || fraction > IMPOSSIBLE,
                         .bytes = dcn_spec_bytes(s),
                         .rounds = b->rounds };
}

int dcn_bench_with(const dcn_kernel *k, const dcn_bench_options *opt, dcn_timing *out,
                   dcn_error *err)
{
    const dcn_spec *s = &k->spec;
    if (s->batch < 0 || s->height < 0 || s->width < 0)
        return dcn_fail(err, DCN_EUSAGE, "'%s' has dynamic sizes: bind them before timing",
                        s->name);
    const int threads = rt_threads(opt->threads, err);
    if (threads < 0)
        return -1;
    KernelBench *b = calloc(1, sizeof *b);
    if (!b)
        return dcn_fail(err, DCN_EENV, "no memory to time '%s'", s->name);
    b->threads = threads;
    TuneOffsets spread;
    int failed = tune_offsets_open(&spread, opt->offsets, err) ||
                 open_bench(b, k, &spread, opt, err) || warm_up(b, err) ||
                 take_readings(b, opt->seconds, err);
    if (!failed)
        summarise(b, out);
    tune_peak_close(&b->loop);
    free(b->workspace);
    tune_operands_close(&b->o);
    tune_offsets_close(&spread);
    free(b);
    return failed ? -1 : 0;
}

int dcn_bench(const dcn_kernel *k, int threads, double seconds, const char *offsets,
              dcn_timing *out, dcn_error *err)
{
    const dcn_bench_options opt = { .threads = threads, .seconds = seconds, .offsets = offsets };
    return dcn_bench_with(k, &opt, out, err);
}
