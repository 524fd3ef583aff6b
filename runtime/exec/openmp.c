/* openmp.c: parallel loops on the threads of an OpenMP runtime that the host has loaded.
**
** A team is always as large as those of the host's own loops, and who is not needed leaves at once: GNU's runtime ends
** threads for a smaller team, and starts them again for the next larger one.  Idle threads of such a runtime spin for
** milliseconds after a loop of the host's, which would be in the way of any other threads on the same cores.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/pool.h"
#include "runtime/loop/chunks.h"

#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct TeamLoop {
    int threads;
    void (*body)(void *arg, int64_t i, int thread);
    void *arg;
    fenv_t fenv;
    pthread_t caller;
    atomic_int others; /* that came, besides the caller */
    rt_chunks *tasks;
} TeamLoop;

/* A child of fork has none of the threads that a runtime began in its parent, which need not have been for us. */
static atomic_bool in_child;

static void note_child(void)
{
    atomic_store(&in_child, true);
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, note_child);
}

/* Other threads than the caller's are the host's, and so is their floating-point environment. */
static void take_part(void *loop)
{
    TeamLoop *l = loop;
    fenv_t own;
    if (pthread_equal(pthread_self(), l->caller)) {
        rt_chunks_run(l->tasks, 0, l->body, l->arg);
        return;
    }
    const int thread = atomic_fetch_add(&l->others, 1) + 1;
    if (thread >= l->threads || !rt_chunks_left(l->tasks))
        return;
    fegetenv(&own);
    fesetenv(&l->fenv);
    rt_chunks_run(l->tasks, thread, l->body, l->arg);
    fesetenv(&own);
}

void dcn_openmp_for(void *self, int64_t n, int threads,
                    void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    const dcn_openmp *runtime = self;
    if (atomic_load(&in_child)) {
        rt_shared_for(NULL, n, threads, body, arg);
        return;
    }
    rt_chunks tasks;
    TeamLoop l = {
        .threads = threads, .body = body, .arg = arg, .caller = pthread_self(), .tasks = &tasks
    };
    fegetenv(&l.fenv);
    const int most = runtime->max_threads();
    rt_chunks_cut(&tasks, n, most < threads ? most : threads);
    if (n < 2 || threads < 2 || most < 2)
        take_part(&l);
    else
        runtime->parallel(take_part, &l, (unsigned)most, 0);
}
