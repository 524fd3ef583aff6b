/* task_call.h: a call of a kernel on one thread, task after task by the clock.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_BENCH_TASK_CALL_H
#define DCN_BENCH_TASK_CALL_H

#include "tuner/check/operands.h"

enum { MAX_CALL_PHASES = 256, MAX_CORES = 1024 };

/* Operands that have a kernel, and workspace for one thread. */
typedef struct TaskCall {
    const Operands *o;
    void *workspace;
    int phases;                         /* after a call */
    int64_t first[MAX_CALL_PHASES + 1]; /* task of a phase; after the last: how many */
} TaskCall;

typedef struct TaskClock {
    double *task;     /* where the ns of each task go; NULL: nowhere */
    const int *owner; /* the thread of each task; NULL: all are this one's */
    int thread;       /* whose tasks are run, the others are left out */
} TaskClock;

/* -1 for a kernel of more phases than there is room for. */
int task_call(TaskCall *c, const TaskClock *clock, dcn_error *err);

/* Gives each task, which takes so many ns, to one of at most MAX_CORES threads: phase after phase in order, each to the
** one that is free first. */
void task_give_out(const TaskCall *c, const double *task, int threads, int *owner);

/* What the tasks of a phase take together, and from its begin to its end; ns. */
typedef struct PhaseTime {
    double work, time;
} PhaseTime;

PhaseTime task_phase_time(const TaskCall *c, const double *task, const int *owner, int phase);

#endif
