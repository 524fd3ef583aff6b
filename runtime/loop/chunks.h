/* chunks.h: the tasks of a parallel loop, a chunk of neighbours for each of its threads.
**
** Neighbouring tasks read and write neighbouring places of a map.  So each thread has a chunk of them, whose data stays
** in its own cache; if they were given out one by one, every task would begin in a cache that holds another place.
** Whoever is done with a chunk steals from the next ones, a task at a time, so that nobody waits for a thread that is
** slow, or that never comes.  All is inline, because the execution provider of ONNX Runtime, which is a library of its
** own, cuts its loops with it, too.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_LOOP_CHUNKS_H
#define DCN_LOOP_CHUNKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* MAX: where there are more threads, several begin with the same chunk.  LINE: bytes that cores take from each other
** at once. */
enum { RT_MAX_CHUNKS = 64, RT_CHUNK_LINE = 64 };

typedef struct rt_chunk {
    _Alignas(RT_CHUNK_LINE) atomic_llong next; /* the next task; `end` or more once all are taken */
    int64_t end;
} rt_chunk;

typedef struct rt_chunks {
    int n;
    atomic_bool empty; /* a thread found no task left */
    rt_chunk chunk[RT_MAX_CHUNKS];
} rt_chunks;

/* How many chunks there are; with threads < 1 as with one. */
static inline int rt_chunks_count(int64_t tasks, int threads)
{
    const int most = threads < 1 ? 1 : threads < RT_MAX_CHUNKS ? threads : RT_MAX_CHUNKS;
    return tasks < most ? (int)tasks : most;
}

/* The first task of a chunk, of n; that of chunk n is `tasks`.  Their sizes differ by one at most. */
static inline int64_t rt_chunks_first(int64_t tasks, int n, int chunk)
{
    const int64_t longer = tasks % n;
    return tasks / n * chunk + (chunk < longer ? chunk : longer);
}

/* Nobody works on it yet. */
static inline void rt_chunks_cut(rt_chunks *s, int64_t tasks, int threads)
{
    s->n = rt_chunks_count(tasks, threads);
    atomic_init(&s->empty, false);
    for (int i = 0; i < s->n; i++) {
        atomic_init(&s->chunk[i].next, rt_chunks_first(tasks, s->n, i));
        s->chunk[i].end = rt_chunks_first(tasks, s->n, i + 1);
    }
}

/* Whether a task is left to be taken. */
static inline bool rt_chunks_left(const rt_chunks *s)
{
    for (int i = 0; i < s->n && !atomic_load(&s->empty); i++)
        if (atomic_load(&s->chunk[i].next) < s->chunk[i].end)
            return true;
    return false;
}

/* Runs tasks until none is left to be taken, first those of the thread's own chunk; thread >= 0. */
static inline void rt_chunks_run(rt_chunks *s, int thread,
                                 void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    for (int turn = 0; turn < s->n && !atomic_load(&s->empty); turn++) {
        rt_chunk *of = &s->chunk[(thread % s->n + turn) % s->n];
        while (atomic_load(&of->next) < of->end) {
            const int64_t i = atomic_fetch_add(&of->next, 1);
            if (i < of->end)
                body(arg, i, thread);
        }
    }
    atomic_store(&s->empty, true);
}

#endif
