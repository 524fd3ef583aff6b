/* makespan.h: when the last of some tasks ends.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_BENCH_MAKESPAN_H
#define DCN_BENCH_MAKESPAN_H

#include <stdint.h>

enum { BENCH_MAX_CORES = 1024 };

/* ns from the beginning of n tasks to the end of the last one, where so many threads, at most BENCH_MAX_CORES, take
** them as those of the library do; task[i]: ns of each on any thread. */
double bench_makespan(const double *task, int64_t n, int threads);

#endif
