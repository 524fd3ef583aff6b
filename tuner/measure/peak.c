/* peak.c: the multiply-add peak of the machine at this moment.
**
** A loop of multiply-adds works on registers alone.  It runs on as many threads as the kernel that
** is judged by it, but on no more than there are cores, and the rates of the threads add up: of threads that share a
** core each would be timed while it has the core to itself, and the sum would be more than the machine can do.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/measure/peak.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"
#include "runtime/exec/cores.h"
#include "runtime/exec/pool.h"
#include "runtime/exec/threads.h"

#include <stdlib.h>

static const double RUN_NS = 4e6, WAIT_NS = 1e6;
static const double WHOLE = 0.97; /* of a core; interrupts and the scheduler take the rest */
enum { MOST_PROBES = 4 };

/* All run at the same time, so that they share what cores share; one that does not come is not waited for long. */
static void await_others(TunePeak *p)
{
    const double end = rt_now_ns() + WAIT_NS;
    atomic_fetch_add(&p->arrived, 1);
    while (atomic_load(&p->arrived) < p->threads && rt_now_ns() < end)
        continue;
}

static void time_thread(void *arg, int64_t i, int thread)
{
    TunePeak *p = arg;
    (void)thread;
    await_others(p);
    const double had = rt_thread_ns(), start = rt_now_ns();
    p->run(p->rounds);
    const double took = rt_now_ns() - start;
    p->rate[i] = p->flops / took;
    p->share[i] = (rt_thread_ns() - had) / took;
}

static double sum(const double *v, int n)
{
    double all = 0;
    for (int i = 0; i < n; i++)
        all += v[i];
    return all;
}

static double probe(TunePeak *p)
{
    atomic_store(&p->arrived, 0);
    dcn_parallel_for loop = p->parallel_for ? p->parallel_for : rt_shared_for;
    loop(p->parallel_self, p->threads, p->threads, time_thread, p);
    p->disturbed = sum(p->share, p->threads) < WHOLE * p->threads;
    return sum(p->rate, p->threads);
}

double tune_peak_run(TunePeak *p)
{
    double best = probe(p);
    for (int i = 1; i < MOST_PROBES && p->disturbed; i++) {
        const double again = probe(p);
        best = !p->disturbed || again > best ? again : best;
    }
    return best;
}

static void size_loop(TunePeak *p, double flops_per_round)
{
    p->rounds = 512;
    for (double took = 0; took < RUN_NS;) {
        p->rounds *= 2;
        double start = rt_now_ns();
        p->run(p->rounds);
        took = rt_now_ns() - start;
    }
    p->flops = flops_per_round * (double)p->rounds;
}

int tune_peak_open(TunePeak *p, dcn_dtype dtype, const dcn_target *t, int threads, dcn_error *err)
{
    void *object = NULL;
    size_t size;
    double flops_per_round;
    const int cores = rt_cores(), used = threads < cores ? threads : cores;
    *p = (TunePeak){ .threads = used,
                     .rate = calloc((size_t)used, sizeof(double)),
                     .share = calloc((size_t)used, sizeof(double)) };
    if (!p->rate || !p->share)
        return dcn_fail(err, DCN_EENV, "no memory for %d threads", used);
    int failed = cg_build_peak(dtype, t, &object, &size, &flops_per_round, err) ||
                 cg_load_peak(object, size, &p->run, &p->owner, err);
    free(object);
    if (!failed)
        size_loop(p, flops_per_round);
    return failed ? -1 : 0;
}

void tune_peak_close(TunePeak *p)
{
    cg_unload(p->owner);
    free(p->rate);
    free(p->share);
    *p = (TunePeak){ 0 };
}
