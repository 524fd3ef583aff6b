/* threads.h: how many threads a call uses, and a parallel loop over them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_THREADS_H
#define DCN_RUNTIME_THREADS_H

#include <dcngen.h>

/* threads if it is 1 .. RT_MAX_THREADS; for 0 DCNGEN_NUM_THREADS, else the cores that this process
** may use.  -1 with err for any other number. */
int rt_threads(int threads, dcn_error *err);

/* A dcn_parallel_for on OpenMP threads; each takes the next index when it is free.  No self. */
void rt_parallel_for(void *self, int64_t n, int threads,
                     void (*body)(void *arg, int64_t i, int thread), void *arg);

#endif
