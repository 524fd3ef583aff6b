/* pool.h: worker threads that stay from one parallel loop to the next.
**
** A loop is done by the thread that asks for it, and by what workers are free.  It waits for
** workers only while they are in the middle of a task, never for one to begin: on a busy machine
** the caller does all of the work itself.  Many loops may run on one pool at once, also one inside
** a task of another.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_POOL_H
#define DCN_RUNTIME_POOL_H

#include <dcngen.h>

typedef struct rt_pool rt_pool;

/* A pool of threads - 1 workers, threads >= 1 counting the caller's own.  pin: each thread keeps to
** one core of those that this process may use, the caller to the one it is on; where that is not
** allowed nothing is pinned. -1 with err where not all of them can be started. */
int rt_pool_open(int threads, bool pin, rt_pool **out, dcn_error *err);

/* Nobody uses it any more.  NULL is allowed. */
void rt_pool_close(rt_pool *p);

/* A dcn_parallel_for; self is the pool.  A worker has the same number in every loop, where that is below `threads` and
** no other worker has it.  Workers block all signals, and take over the caller's
** floating-point environment (rounding, flushing of subnormals). */
void rt_pool_for(void *self, int64_t n, int threads, void (*body)(void *arg, int64_t i, int thread),
                 void *arg);

/* A dcn_parallel_for on the pool that the process shares, which grows to the largest team that was
** asked for, as far as threads can be started; no self.  It is made at first use, again at the
** first use after a fork, and ends with the process or with the library (dlclose). */
void rt_shared_for(void *self, int64_t n, int threads,
                   void (*body)(void *arg, int64_t i, int thread), void *arg);

#endif
