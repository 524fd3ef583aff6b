/* makespan.c: when the last of some tasks ends.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/makespan.h"
#include "runtime/loop/chunks.h"

/* One of the threads that share the tasks of a phase. */
typedef struct CoreThread {
    double free_at;
    int chunk; /* that it takes its next task from */
} CoreThread;

static int free_first(const CoreThread *t, int threads)
{
    int first = 0;
    for (int i = 1; i < threads; i++)
        if (t[i].free_at < t[first].free_at)
            first = i;
    return first;
}

/* Who is free first takes the next task of its own chunk, or steals one. */
double bench_makespan(const double *task, int64_t n, int threads)
{
    CoreThread t[BENCH_MAX_CORES] = { { 0 } };
    rt_chunks s;
    double last = 0;
    rt_chunks_cut(&s, n, threads);
    for (int i = 0; i < threads; i++)
        t[i].chunk = i % (s.n > 0 ? s.n : 1);
    for (int64_t done = 0; done < n; done++) {
        CoreThread *next = &t[free_first(t, threads)];
        while (s.chunk[next->chunk].next == s.chunk[next->chunk].end)
            next->chunk = (next->chunk + 1) % s.n;
        next->free_at += task[s.chunk[next->chunk].next++];
        last = next->free_at > last ? next->free_at : last;
    }
    return last;
}
