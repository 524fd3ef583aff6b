/* loop.c: tasks on ONNX Runtime's threads.
**
** ONNX Runtime is asked to run as many members as there may be threads, and each works until no task is left.  It may
** run some members after others, for its pool may be smaller than we think: those then find nothing to do.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/loop.h"

#include "runtime/loop/chunks.h"

typedef struct OrtTeam {
    rt_chunks *tasks;
    void (*body)(void *arg, int64_t i, int thread);
    void *arg;
} OrtTeam;

static void run_member(void *self, size_t thread)
{
    OrtTeam *t = self;
    rt_chunks_run(t->tasks, (int)thread, t->body, t->arg);
}

void ort_loop_run(void *self, int64_t n, int threads,
                  void (*body)(void *arg, int64_t i, int thread), void *arg)
{
    const OrtLoop *l = self;
    rt_chunks tasks;
    OrtTeam team = { .tasks = &tasks, .body = body, .arg = arg };
    const int64_t members = n < threads ? n : threads;
    rt_chunks_cut(&tasks, n, threads);
    if (members <= 1)
        run_member(&team, 0);
    else if (!ort_succeeded(l->calls, l->calls->parallel_for(l->context, run_member,
                                                             (size_t)members, 0, &team)))
        run_member(&team, 0);
}
