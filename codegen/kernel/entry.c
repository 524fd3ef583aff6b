/* entry.c: the entry points of a kernel (see runtime/exec/kernel.h for what they promise).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/cg.h"
#include "codegen/ir/call.h"
#include "codegen/lowering.h"

#include <stdio.h>

/* ---- their parameters -------------------------------------------------------------------- */

static const Param run_param[] = { PARAM(RunArgs, args),      PARAM(RunArgs, phase),
                                   PARAM(RunArgs, first),     PARAM(RunArgs, last),
                                   PARAM(RunArgs, workspace), PARAM(RunArgs, thread) };
static const Param tasks_param[] = { PARAM(TasksArgs, args), PARAM(TasksArgs, phase) };
static const Param workspace_param[] = { PARAM(WorkspaceArgs, batch), PARAM(WorkspaceArgs, height),
                                         PARAM(WorkspaceArgs, width), PARAM(WorkspaceArgs, rois),
                                         PARAM(WorkspaceArgs, threads) };
static const Param phases_param[] = { PARAM(PhasesArgs, batch), PARAM(PhasesArgs, height),
                                      PARAM(PhasesArgs, width), PARAM(PhasesArgs, rois) };
static const Param pack_param[] = { PARAM(PackArgs, which), PARAM(PackArgs, from),
                                    PARAM(PackArgs, to) };
static const Param packed_bytes_param[] = { PARAM(PackedBytesArgs, which) };

static const Params run_params = PARAMS(RunArgs, run_param);
static const Params tasks_params = PARAMS(TasksArgs, tasks_param);
static const Params workspace_params = PARAMS(WorkspaceArgs, workspace_param);
static const Params phases_params = PARAMS(PhasesArgs, phases_param);
static const Params pack_params = PARAMS(PackArgs, pack_param);
static const Params packed_bytes_params = PARAMS(PackedBytesArgs, packed_bytes_param);

/* ---- begun ------------------------------------------------------------------------------- */

/* NAME + suffix, exported unless the kernel is a part of another. */
static LLVMValueRef begin(Emit *e, const Kernel *k, const char *suffix, LLVMTypeRef result,
                          const Params *params, void *args)
{
    char name[RT_SYMBOL_MAX];
    snprintf(name, sizeof name, "%s%s", k->s->name, suffix);
    return e_fn_begin_with(e, name, k->internal, result, params, args);
}

RunArgs kernel_run_begin(Emit *e, Kernel *k)
{
    RunArgs in;
    k->run = begin(e, k, "_run", e->none, &run_params, &in);
    return in;
}

TasksArgs kernel_tasks_begin(Emit *e, Kernel *k)
{
    TasksArgs in;
    k->tasks = begin(e, k, "_tasks", e->i64, &tasks_params, &in);
    return in;
}

WorkspaceArgs kernel_workspace_begin(Emit *e, Kernel *k)
{
    WorkspaceArgs in;
    k->workspace_bytes = begin(e, k, "_workspace_bytes", e->i64, &workspace_params, &in);
    return in;
}

PackArgs kernel_pack_begin(Emit *e, Kernel *k)
{
    PackArgs in;
    k->pack = begin(e, k, "_pack", e->none, &pack_params, &in);
    return in;
}

PackedBytesArgs kernel_packed_bytes_begin(Emit *e, Kernel *k)
{
    PackedBytesArgs in;
    k->packed_bytes = begin(e, k, "_packed_bytes", e->i64, &packed_bytes_params, &in);
    return in;
}

/* ---- called ------------------------------------------------------------------------------ */

void kernel_call_run(Emit *e, const Kernel *k, const RunArgs *in)
{
    e_call_with(e, k->run, &run_params, in);
}

idx kernel_call_tasks(Emit *e, const Kernel *k, const TasksArgs *in)
{
    return (idx){ e_call_with(e, k->tasks, &tasks_params, in) };
}

idx kernel_call_phases(Emit *e, const Kernel *k, const PhasesArgs *in)
{
    return k->phases ? x_const(e, k->phases)
                     : (idx){ e_call_with(e, k->count_phases, &phases_params, in) };
}

idx kernel_call_workspace(Emit *e, const Kernel *k, const WorkspaceArgs *in)
{
    return (idx){ e_call_with(e, k->workspace_bytes, &workspace_params, in) };
}

void kernel_call_pack(Emit *e, const Kernel *k, const PackArgs *in)
{
    e_call_with(e, k->pack, &pack_params, in);
}

idx kernel_call_packed_bytes(Emit *e, const Kernel *k, const PackedBytesArgs *in)
{
    return (idx){ e_call_with(e, k->packed_bytes, &packed_bytes_params, in) };
}

/* ---- written ----------------------------------------------------------------------------- */

/* phases(batch, height, width, rois) of a part, whose module has to know where the next one's begin. */
static void count_phases(Emit *e, Kernel *k, KernelPhases phases, const void *self)
{
    PhasesArgs in;
    k->count_phases = begin(e, k, "_phases", e->i64, &phases_params, &in);
    const idx size[4] = { in.batch, in.height, in.width, in.rois };
    Problem pb = problem_of_sizes(e, k->s, size);
    e_return(e, phases(e, &pb, self));
}

void kernel_tasks(Emit *e, Kernel *k, KernelPhases phases, KernelCount count, const void *self)
{
    TasksArgs in = kernel_tasks_begin(e, k);
    Problem pb = problem_load(e, k->s, in.args);
    idx none = x_const(e, -1), all = phases ? phases(e, &pb, self) : x_const(e, 1);
    cond one = x_equal(e, in.phase, x_const(e, 0));
    cond some = c_and(e, x_less(e, none, in.phase), x_less(e, in.phase, all));
    cond here = x_is_const(all, 1) ? one : some;
    e_return(e, x_select(e, here, count(e, &pb, in.phase, self), none));
    k->phases = (int)x_value(all, 0);
    if (!k->phases && k->internal)
        count_phases(e, k, phases, self);
}

void kernel_workspace_end(Emit *e, Kernel *k, idx shared, idx threads, idx each)
{
    const int64_t known = x_value(each, -1);
    const idx own = known < 0 ? x_mul(e, threads, each) : x_mulk(e, threads, known);
    k->one_thread_bytes = x_value(x_add(e, shared, each), 0);
    k->unshared = x_is_const(shared, 0) && known >= 0;
    e_return(e, x_add(e, shared, own));
}

void kernel_workspace(Emit *e, Kernel *k, KernelShared shared, int64_t thread_bytes,
                      const void *self)
{
    WorkspaceArgs in = kernel_workspace_begin(e, k);
    const idx size[4] = { in.batch, in.height, in.width, in.rois };
    Problem pb = problem_of_sizes(e, k->s, size);
    const idx all = shared ? shared(e, &pb, self) : x_const(e, 0);
    kernel_workspace_end(e, k, all, in.threads, x_const(e, thread_bytes));
}

void kernel_workspace_by_size(Emit *e, Kernel *k, KernelShared shared, KernelShared each,
                              const void *self)
{
    WorkspaceArgs in = kernel_workspace_begin(e, k);
    const idx size[4] = { in.batch, in.height, in.width, in.rois };
    const Problem pb = problem_of_sizes(e, k->s, size);
    const idx all = shared ? shared(e, &pb, self) : x_const(e, 0);
    kernel_workspace_end(e, k, all, in.threads, each(e, &pb, self));
}

void kernel_packed_bytes(Emit *e, Kernel *k, int64_t bytes)
{
    kernel_packed_bytes_begin(e, k);
    e_return(e, x_const(e, bytes));
    k->packed[0] = bytes;
}

void kernel_no_weights(Emit *e, Kernel *k)
{
    kernel_packed_bytes(e, k, 0);
    kernel_pack_begin(e, k);
    e_fn_end(e);
}

/* ---- tasks ------------------------------------------------------------------------------- */

void kernel_split_task(Emit *e, idx task, idx rows, idx cols, idx out[3])
{
    idx line = x_div(e, task, cols);
    out[2] = x_rem(e, task, cols);
    out[1] = x_rem(e, line, rows);
    out[0] = x_div(e, line, rows);
}

void kernel_set_if_legal(KernelRefuse refuse, const dcn_spec *s, const dcn_target *t, int *k,
                         int knob, int value)
{
    const int before = k[knob];
    k[knob] = value;
    if (refuse(s, t, k))
        k[knob] = before;
}

bool kernel_is_redundant_choice(const struct Knob *q, int value, int64_t size)
{
    int before = 0;
    for (int i = 0; i < q->nchoices; i++)
        if (q->choice[i] < value && q->choice[i] > before)
            before = q->choice[i];
    return size > 0 && before >= size;
}
