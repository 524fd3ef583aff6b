/* layer_times.c: how long each layer of a network takes inside it.
**
** The phases of a call follow one another, and each is somebody's layer: a parallel-for of our own runs them as
** the library's does and looks at the clock before and after.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/aligned.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/base/stats.h"
#include "runtime/exec/pool.h"
#include "runtime/exec/threads.h"
#include "tuner/api/layers.h"
#include "tuner/check/offsets.h"

#include <stdlib.h>

enum { LEAST_CALLS = 5, MOST_CALLS = 101 };

typedef struct PhaseClock {
    Operands o;
    int nphases, phase; /* the one that comes next */
    int calls;          /* that are done */
    double *ns;         /* MOST_CALLS of each phase */
    void *workspace;
} PhaseClock;

static void timed_for(void *self, int64_t n, int threads,
                      void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    PhaseClock *c = self;
    const double start = rt_now_ns();
    rt_shared_for(NULL, n, threads, body, arg);
    if (c->phase < c->nphases)
        c->ns[c->phase++ * MOST_CALLS + c->calls] = rt_now_ns() - start;
}

static int open_clock(PhaseClock *c, const dcn_kernel *k, const dcn_bench_options *opt,
                      dcn_error *err)
{
    rt_rng rng = rt_rng_seed(1);
    TuneOffsets spread;
    if (tune_operands_open(&c->o, k, &k->spec, err) || tune_fill_inputs(&c->o, &rng, err))
        return -1;
    const int failed = tune_offsets_open(&spread, opt->offsets, err) ||
                       tune_offsets_fill(&spread, &c->o, &rng, err);
    tune_offsets_close(&spread);
    if (failed)
        return -1;
    if (opt->tensor)
        tune_take_inputs(&c->o, opt->tensor);
    c->nphases = k->nphases;
    c->ns = calloc((size_t)k->nphases * MOST_CALLS + 1, sizeof *c->ns);
    c->workspace = rt_aligned(dcn_kernel_workspace_bytes(k, (dcn_sizes){ 0 }, opt->threads));
    c->o.parallel_for = timed_for;
    c->o.parallel_self = c;
    return c->ns && c->workspace ? 0 : dcn_fail(err, DCN_EENV, "no memory to time the layers");
}

/* The first call warms caches and threads. */
static int run_calls(PhaseClock *c, const dcn_bench_options *opt, dcn_error *err)
{
    const double start = rt_now_ns();
    if (tune_run(&c->o, opt->threads, c->workspace, err))
        return -1;
    while (c->calls < LEAST_CALLS ||
           (c->calls < MOST_CALLS && rt_now_ns() - start < opt->seconds * 1e9)) {
        c->phase = 0;
        if (tune_run(&c->o, opt->threads, c->workspace, err))
            return -1;
        c->calls++;
    }
    return 0;
}

static void add_phase(const rt_phase *phase, double ns, double *layer_ns)
{
    for (int i = 0; i < phase->n; i++)
        if (phase->layer[i] >= 0)
            layer_ns[phase->layer[i]] += phase->share[i] * ns;
}

int layers_time(const dcn_kernel *k, const dcn_bench_options *opt, int n, double *layer_ns,
                dcn_error *err)
{
    PhaseClock c = { .calls = 0 };
    dcn_bench_options own = *opt;
    own.threads = rt_threads(opt->threads, err);
    int failed = own.threads < 0 || open_clock(&c, k, &own, err) || run_calls(&c, &own, err);
    for (int i = 0; i < n; i++)
        layer_ns[i] = 0;
    for (int i = 0; i < c.nphases && !failed; i++)
        add_phase(&k->phase[i], rt_median(&c.ns[i * MOST_CALLS], c.calls), layer_ns);
    free(c.ns);
    free(c.workspace);
    tune_operands_close(&c.o);
    return failed ? -1 : 0;
}
