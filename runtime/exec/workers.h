/* workers.h: the threads of a pool; for pool.c and workers.c.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_WORKERS_H
#define DCN_RUNTIME_WORKERS_H

#include "runtime/base/env.h"
#include "runtime/exec/pool.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct rt_loop rt_loop;

struct rt_pool {
    /* Held to change `open` and what of the loops is not atomic, and to start workers. */
    pthread_mutex_t lock;
    rt_loop *open;       /* the loops that may have room */
    atomic_uint turn;    /* counts what workers should look at */
    atomic_int sleeping; /* workers that wait for `turn` in the kernel */
    atomic_bool closing;
    unsigned generation; /* counts the forks that this pool came through */
    atomic_bool spins;   /* there is a core for each worker and for one caller */
    atomic_int started;
    atomic_int begun; /* workers that have a number, 1 and up */
    pthread_t worker[RT_MAX_THREADS];
};

/* The life of a worker; its argument is the pool. */
void *rt_worker_main(void *pool);

/* Wake those that sleep. */
void rt_wake_all(rt_pool *p);

/* Start workers until there are so many; fewer where no more threads can be had.  Under the lock.
** */
void rt_workers_start(rt_pool *p, int count);

/* Let them end, and wait for it. */
void rt_workers_end(rt_pool *p);

#endif
