/* workers.c: beginning and end of a pool's threads, of a pool of its own or of the one that the
** process shares.
**
** What a host may do is allowed for: fork (the child has none of our threads and begins anew),
** dlclose and exit (the threads end first), and limits on threads (there are fewer).
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/workers.h"
#include "runtime/base/base.h"
#include "runtime/exec/cores.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Signals are the host's: its handlers run on its own threads. */
void rt_workers_start(rt_pool *p, int count)
{
    sigset_t all, before;
    int started = atomic_load(&p->started);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < count && started < RT_MAX_THREADS &&
           !pthread_create(&p->worker[started], NULL, rt_worker_main, p))
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    atomic_store(&p->started, started);
}

void rt_workers_end(rt_pool *p)
{
    atomic_store(&p->closing, true);
    atomic_fetch_add(&p->turn, 1);
    rt_wake_all(p);
    for (int i = 0; i < atomic_load(&p->started); i++)
        pthread_join(p->worker[i], NULL);
    atomic_store(&p->started, 0);
}

/* ---- a pool of its own ------------------------------------------------------------------------
** */

/* The core that lies `steps` further in the set, in a circle. */
static int core_after(const cpu_set_t *cores, int from, int steps)
{
    for (int i = from; steps >= 0; i = (i + 1) % CPU_SETSIZE)
        if (CPU_ISSET(i, cores) && steps-- == 0)
            return i;
    return from;
}

static void pin_to(pthread_t thread, int core)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    (void)pthread_setaffinity_np(thread, sizeof one, &one);
}

static void pin_all(rt_pool *p)
{
    cpu_set_t cores;
    int first = sched_getcpu();
    if (sched_getaffinity(0, sizeof cores, &cores) || first < 0 || !CPU_ISSET(first, &cores))
        return;
    for (int i = 0; i < atomic_load(&p->started); i++)
        pin_to(p->worker[i], core_after(&cores, first, i + 1));
    pin_to(pthread_self(), first);
}

int rt_pool_open(int threads, bool pin, rt_pool **out, dcn_error *err)
{
    rt_pool *p = calloc(1, sizeof *p);
    if (!p)
        return dcn_fail(err, DCN_EENV, "no memory for %d threads", threads);
    pthread_mutex_init(&p->lock, NULL);
    p->spins = rt_cores() >= threads;
    rt_workers_start(p, threads - 1);
    const int started = atomic_load(&p->started);
    if (started < threads - 1) {
        rt_pool_close(p);
        return dcn_fail(err, DCN_EENV, "cannot start thread %d of %d", started + 2, threads);
    }
    if (pin && p->spins)
        pin_all(p);
    *out = p;
    return 0;
}

void rt_pool_close(rt_pool *p)
{
    if (!p)
        return;
    rt_workers_end(p);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- the process's ------------------------------------------------------------------------------
** */

static rt_pool shared = { .lock = PTHREAD_MUTEX_INITIALIZER };
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_mutex_lock(&shared.lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&shared.lock);
}

/* The only thread here is the one that forked: loops of others, and all workers, are the parent's.
** */
static void in_child(void)
{
    const unsigned generation = shared.generation + 1;
    memset(&shared, 0, sizeof shared);
    pthread_mutex_init(&shared.lock, NULL);
    shared.generation = generation;
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, in_parent, in_child);
}

/* When the library is unloaded, its code must not be running any more. */
__attribute__((destructor)) static void end_shared(void)
{
    rt_workers_end(&shared);
}

static void grow(int workers)
{
    pthread_mutex_lock(&shared.lock);
    /* Another caller may have started more of them first. */
    const int started = atomic_load(&shared.started);
    shared.spins = rt_cores() > (workers > started ? workers : started);
    if (!atomic_load(&shared.closing))
        rt_workers_start(&shared, workers);
    pthread_mutex_unlock(&shared.lock);
}

void rt_shared_for(void *self, int64_t n, int threads,
                   void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    const int64_t team = n < threads ? n : threads;
    (void)self;
    pthread_once(&once, watch_forks);
    if (team - 1 > atomic_load(&shared.started))
        grow((int)team - 1);
    rt_pool_for(&shared, n, threads, body, arg);
}
