/* threads.c: the only file that knows OpenMP.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/threads.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"

#include <omp.h>
#include <stdatomic.h>

static int default_threads(dcn_error *err)
{
    rt_env env;
    if (rt_env_read(&env, err))
        return -1;
    if (env.num_threads)
        return env.num_threads;
    int cores = omp_get_num_procs(); /* those in the affinity mask */
    return cores < RT_MAX_THREADS ? cores : RT_MAX_THREADS;
}

int rt_threads(int threads, dcn_error *err)
{
    if (threads == 0)
        return default_threads(err);
    if (threads < 0 || threads > RT_MAX_THREADS)
        return dcn_fail(err, DCN_EUSAGE, "threads = %d is outside 0..%d", threads, RT_MAX_THREADS);
    return threads;
}

void rt_parallel_for(void *self, int64_t n, int threads,
                     void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    (void)self;
    atomic_llong next = 0;
    int team = n < threads ? (int)n : threads;
#pragma omp parallel num_threads(team) if (team > 1)
    {
        int thread = omp_get_thread_num();
        for (int64_t i = atomic_fetch_add(&next, 1); i < n; i = atomic_fetch_add(&next, 1))
            body(arg, i, thread);
    }
}
