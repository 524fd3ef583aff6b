/* pool.c: threads of our own that stay from one parallel loop to the next.
**
** A loop is announced by counting `turn` up; every worker takes part in every turn and counts
** `working` down.  Who waits looks at its counter for some microseconds first, since phases of a
** kernel follow one another quickly, and sleeps only then.  With fewer cores than threads looking
** would keep the others from working.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/pool.h"
#include "runtime/base/base.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { LOOKS = 20000 };

typedef struct Worker {
    rt_pool *pool;
    int index; /* 1 .. threads - 1; 0 is the caller */
    pthread_t thread;
} Worker;

struct rt_pool {
    int threads, started, looks;
    bool closing;
    Worker *worker;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_uint turn;
    atomic_int working;
    /* the loop in hand */
    int64_t n;
    int team;
    atomic_llong next;
    void (*body)(void *arg, int64_t i, int thread);
    void *arg;
};

static void take_part(rt_pool *p, int thread)
{
    if (thread >= p->team)
        return;
    for (int64_t i = atomic_fetch_add(&p->next, 1); i < p->n; i = atomic_fetch_add(&p->next, 1))
        p->body(p->arg, i, thread);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static void pause_a_moment(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void await_turn(rt_pool *p, unsigned former)
{
    for (int i = 0; i < p->looks; i++) {
        if (atomic_load(&p->turn) != former)
            return;
        pause_a_moment();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->turn) == former)
        pthread_cond_wait(&p->wake, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void await_workers(rt_pool *p)
{
    for (int i = 0; i < p->looks; i++) {
        if (atomic_load(&p->working) == 0)
            return;
        pause_a_moment();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->working) > 0)
        pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void finish(rt_pool *p)
{
    if (atomic_fetch_sub(&p->working, 1) > 1)
        return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_signal(&p->done);
    pthread_mutex_unlock(&p->lock);
}

static void announce(rt_pool *p)
{
    atomic_store(&p->working, p->started);
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->turn, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

static void *work(void *arg)
{
    Worker *w = arg;
    rt_pool *p = w->pool;
    for (unsigned seen = 0;; seen++) {
        await_turn(p, seen);
        if (p->closing)
            return NULL;
        take_part(p, w->index);
        finish(p);
    }
}

void rt_pool_for(void *self, int64_t n, int threads, void (*body)(void *arg, int64_t i, int thread),
                 void *arg)
{
    rt_pool *p = self;
    p->n = n;
    p->team = threads;
    p->body = body;
    p->arg = arg;
    atomic_store(&p->next, 0);
    if (n > 1 && threads > 1 && p->started)
        announce(p);
    take_part(p, 0);
    await_workers(p);
}

/* ---- opening and closing ------------------------------------------------------------------- */

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

static void pin_all(rt_pool *p, const cpu_set_t *cores)
{
    int first = sched_getcpu();
    if (first < 0 || !CPU_ISSET(first, cores))
        return;
    for (int i = 0; i < p->started; i++)
        pin_to(p->worker[i].thread, core_after(cores, first, p->worker[i].index));
    pin_to(pthread_self(), first);
}

static int start_workers(rt_pool *p, dcn_error *err)
{
    for (int i = 0; i < p->threads - 1; i++) {
        p->worker[i] = (Worker){ .pool = p, .index = i + 1 };
        if (pthread_create(&p->worker[i].thread, NULL, work, &p->worker[i]))
            return dcn_fail(err, DCN_EENV, "cannot start thread %d of %d", i + 1, p->threads);
        p->started++;
    }
    return 0;
}

int rt_pool_open(int threads, bool pin, rt_pool **out, dcn_error *err)
{
    cpu_set_t cores;
    rt_pool *p = calloc(1, sizeof *p);
    Worker *workers = calloc((size_t)threads, sizeof *workers);
    if (!p || !workers) {
        free(p);
        free(workers);
        return dcn_fail(err, DCN_EENV, "no memory for %d threads", threads);
    }
    p->threads = threads;
    p->worker = workers;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    bool known = !sched_getaffinity(0, sizeof cores, &cores);
    bool enough = known && CPU_COUNT(&cores) >= threads;
    p->looks = enough ? LOOKS : 0;
    if (start_workers(p, err)) {
        rt_pool_close(p);
        return -1;
    }
    if (pin && enough)
        pin_all(p, &cores);
    *out = p;
    return 0;
}

void rt_pool_close(rt_pool *p)
{
    if (!p)
        return;
    p->closing = true;
    announce(p);
    for (int i = 0; i < p->started; i++)
        pthread_join(p->worker[i].thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->done);
    free(p->worker);
    free(p);
}
