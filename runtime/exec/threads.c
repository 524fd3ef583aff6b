/* threads.c: how many threads a call uses where it does not say.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/threads.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "runtime/exec/cores.h"

#include <stdio.h>

static int default_threads(dcn_error *err)
{
    rt_env env;
    if (rt_env_read(&env, err))
        return -1;
    if (env.num_threads || env.omp_num_threads)
        return env.num_threads ? env.num_threads : env.omp_num_threads;
    const int cores = rt_cores();
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

int rt_threads_print(char *text, size_t size, dcn_error *err)
{
    rt_env env;
    const int n = default_threads(err);
    if (n < 0 || rt_env_read(&env, err))
        return -1;
    if (env.num_threads || env.omp_num_threads)
        snprintf(text, size, "%d, as %s says", n,
                 env.num_threads ? "DCNGEN_NUM_THREADS" : "OMP_NUM_THREADS");
    else if (rt_cores() < rt_cores_in_mask())
        snprintf(text, size, "%d: the control group has a quota of %.2f CPUs, of %d cores", n,
                 rt_cores_quota(), rt_cores_in_mask());
    else
        snprintf(text, size, "%d, the cores that this process may use", n);
    return n;
}
