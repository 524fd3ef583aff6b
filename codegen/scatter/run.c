/* run.c: the entry points of a scatter kernel.
**
**     phase      its tasks
**     main       images x bands of output rows x groups
**     sum        rows of grad_input, with several bands
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/scatter/scatter.h"

static bool sums(const ScatterPlan *p)
{
    return p->want.input && p->bands > 1;
}

static idx phases(Emit *e, const Problem *pb, const void *self)
{
    (void)pb;
    return x_const(e, sums(self) ? 2 : 1);
}

static idx count(Emit *e, const Problem *pb, idx phase, const void *self)
{
    const ScatterPlan *p = self;
    idx tasks = x_mulk(e, pb->n, (int64_t)p->bands * p->parts);
    if (!sums(p))
        return tasks;
    return x_select(e, x_equal(e, phase, x_const(e, 0)), tasks, x_mul(e, pb->n, pb->h));
}

static idx shared_bytes(Emit *e, const Problem *pb, const void *self)
{
    return scatter_shared(e, self, pb, (addr){ NULL }).bytes;
}

static idx thread_bytes(Emit *e, const Problem *pb, const void *self)
{
    const ScatterPlan *p = self;
    return x_addk(e, scatter_maps(e, p, pb, (addr){ NULL }).bytes, p->scratch.bytes);
}

static void run_tasks(Emit *e, const ScatterPlan *p, LLVMValueRef fn, const RunArgs *in)
{
    Problem pb = problem_load(e, p->s, in->args);
    idx shared = shared_bytes(e, &pb, p);
    idx own = x_add(e, shared, x_mul(e, in->thread, thread_bytes(e, &pb, p)));
    ScatterTaskArgs task = { .args = in->args, .workspace = in->workspace };
    task.scratch = p_at_bytes(e, in->workspace, own);
    EMIT_FOR_OPAQUE (e, number, in->first, in->last, 1) {
        task.number = number.at;
        scatter_call_task(e, fn, &task);
    }
}

void scatter_emit_kernel(Emit *e, Kernel *k, const ScatterPlan *p)
{
    kernel_no_weights(e, k);
    kernel_workspace_by_size(e, k, shared_bytes, thread_bytes, p);
    kernel_tasks(e, k, sums(p) ? phases : NULL, count, p);
    LLVMValueRef task = scatter_emit_task(e, p), sum = sums(p) ? scatter_emit_sum(e, p) : NULL;
    RunArgs in = kernel_run_begin(e, k);
    EMIT_IF_ELSE (e, first, x_equal(e, in.phase, x_const(e, 0))) {
        if (first.yes)
            run_tasks(e, p, task, &in);
        if (!first.yes && sum) {
            EMIT_FOR_OPAQUE (e, number, in.first, in.last, 1) {
                const ScatterSumArgs row = { in.args, in.workspace, number.at };
                scatter_call_sum(e, sum, &row);
            }
        }
    }
    e_fn_end(e);
}
