/* task_call.c: a call of a kernel by its own entry points (runtime/exec/kernel.h), since dcn_execute wants each task
** to be run.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/task_call.h"
#include "runtime/base/base.h"
#include "runtime/base/clock.h"

enum { NSIZES = 4 };

typedef struct CallWords {
    uint64_t word[RT_NUM_OPERANDS + NSIZES + 1]; /* operands, sizes, accumulate */
} CallWords;

static CallWords words_of(const Operands *o)
{
    const int64_t size[NSIZES] = { o->spec.batch, o->spec.height, o->spec.width, o->spec.rois };
    CallWords args = { { 0 } };
    for (int i = 0; i < o->n; i++)
        args.word[i] = (uintptr_t)o->typed[i];
    for (int i = 0; i < NSIZES; i++)
        args.word[o->n + i] = (uint64_t)size[i];
    return args;
}

static void run_phase(const TaskCall *c, const TaskClock *clock, const CallWords *args, int phase)
{
    for (int64_t i = c->first[phase]; i < c->first[phase + 1]; i++) {
        const int64_t task = i - c->first[phase];
        if (clock->owner && clock->owner[i] != clock->thread)
            continue;
        double start = rt_now_ns();
        c->o->kernel->entry.run(args, phase, task, task + 1, c->workspace, 0);
        if (clock->task)
            clock->task[i] = rt_now_ns() - start;
    }
}

int task_call(TaskCall *c, const TaskClock *clock, dcn_error *err)
{
    const CallWords args = words_of(c->o);
    int64_t tasks;
    c->phases = 0;
    while ((tasks = c->o->kernel->entry.tasks(&args, c->phases)) >= 0) {
        if (c->phases == MAX_CALL_PHASES)
            return dcn_fail(err, DCN_EUSAGE, "%s: more than %d phases", c->o->spec.name,
                            MAX_CALL_PHASES);
        c->first[c->phases + 1] = c->first[c->phases] + tasks;
        run_phase(c, clock, &args, c->phases++);
    }
    return 0;
}

/* ---- on many threads --------------------------------------------------------------------------- */

void task_give_out(const TaskCall *c, const double *task, int threads, int *owner)
{
    for (int phase = 0; phase < c->phases; phase++) {
        double free_at[MAX_CORES] = { 0 };
        for (int64_t i = c->first[phase]; i < c->first[phase + 1]; i++) {
            int next = 0;
            for (int t = 1; t < threads; t++)
                if (free_at[t] < free_at[next])
                    next = t;
            owner[i] = next;
            free_at[next] += task[i];
        }
    }
}

PhaseTime task_phase_time(const TaskCall *c, const double *task, const int *owner, int phase)
{
    double busy[MAX_CORES] = { 0 };
    PhaseTime t = { 0, 0 };
    for (int64_t i = c->first[phase]; i < c->first[phase + 1]; i++) {
        double *of = &busy[owner[i]];
        *of += task[i];
        t.work += task[i];
        t.time = *of > t.time ? *of : t.time;
    }
    return t;
}
