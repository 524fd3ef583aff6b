/* pool.h: threads of our own that stay from one parallel loop to the next.
**
** For processes in which OpenMP is not to be had: a child made by fork may not use libgomp once the
** parent has.  Loops of one pool follow one another; two threads may not use one pool at once.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_POOL_H
#define DCN_RUNTIME_POOL_H

#include <dcngen.h>

typedef struct rt_pool rt_pool;

/* threads >= 1 counts the caller's own.  pin: each thread keeps to one core of those that this
** process may use, the caller to the one it is on; where that is not allowed nothing is pinned. */
int rt_pool_open(int threads, bool pin, rt_pool **out, dcn_error *err);
void rt_pool_close(rt_pool *p);

/* A dcn_parallel_for; self is the pool, threads at most as many as it has. */
void rt_pool_for(void *self, int64_t n, int threads, void (*body)(void *arg, int64_t i, int thread),
                 void *arg);

#endif
