/* emit.c: the entry points of a list of steps: one of them after another.
**
**     count        an internal function: how many tasks a phase of a part has, by its number, from a table
**     tasks, run   ask which step it is (find.c), and hand on to its part
**     workspace    the plan, or the slots; that of the step in hand lies behind all blocks that are needed then
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/steps/find.h"

/* Most steps that run beside each other. */
static int most_beside(const StepList *l)
{
    int most = 1;
    for (int i = 0; i < l->nsteps; i++) {
        const int n = steps_beside(l, i);
        most = n > most ? n : most;
    }
    return most;
}

/* ---- entry points ------------------------------------------------------------------------------ */

typedef struct CountArgs {
    addr block;
    idx part, phase;
} CountArgs;

static const Param count_param[] = { PARAM(CountArgs, block), PARAM(CountArgs, part),
                                     PARAM(CountArgs, phase) };
static const Params count_params = PARAMS(CountArgs, count_param);

static void emit_count(Emit *e, StepFunctions *f)
{
    CountArgs in;
    f->count = steps_begin_inner(e, f->l, "_count", e->i64, &count_params, &in);
    const TasksArgs give = { in.block, in.phase };
    const var n = v_index(e, x_const(e, 0));
    Switch by_part = switch_begin(e, in.part, f->l->nparts);
    for (int i = 0; i < f->l->nparts; i++) {
        switch_case(e, &by_part, f->l->part[i].kernel.s->name, i, i + 1);
        v_index_set(e, n, kernel_call_tasks(e, &f->l->part[i].kernel, &give));
    }
    switch_end(e, &by_part);
    e_return(e, v_index_get(e, n));
}

static idx count_tasks(Emit *e, const StepFunctions *f, const Found *at, addr block)
{
    const CountArgs give = { block, at->part, at->phase };
    const idx n = { e_call_with(e, f->count, &count_params, &give) };
    return x_select(e, at->idle, x_const(e, 0), n);
}

static void emit_tasks(Emit *e, Kernel *kernel, const StepFunctions *f)
{
    const TasksArgs in = kernel_tasks_begin(e, kernel);
    const addr block = steps_new_args(e, f);
    const var n = v_index(e, x_const(e, -1)), more = v_index(e, x_const(e, 1));
    EMIT_FOR (e, turn, x_const(e, 0), x_const(e, most_beside(f->l)), 1) {
        EMIT_IF (e, x_equal(e, v_index_get(e, more), x_const(e, 1))) {
            const StepArgs give = { in.args, in.phase, turn.at, in.args, block };
            const Found at = steps_find(e, f, &give);
            EMIT_IF (e, at.is_one) {
                const idx before = x_max(e, v_index_get(e, n), x_const(e, 0));
                v_index_set(e, n, x_add(e, before, count_tasks(e, f, &at, block)));
            }
            v_index_set(e, more, x_select(e, at.more, x_const(e, 1), x_const(e, 0)));
        }
    }
    e_return(e, v_index_get(e, n));
    kernel->phases = steps_count_phases(f->l);
}

static void call_part(Emit *e, const StepFunctions *f, idx part, const RunArgs *in)
{
    Switch by_part = switch_begin(e, part, f->l->nparts);
    for (int i = 0; i < f->l->nparts; i++) {
        switch_case(e, &by_part, f->l->part[i].kernel.s->name, i, i + 1);
        kernel_call_run(e, &f->l->part[i].kernel, in);
    }
    switch_end(e, &by_part);
}

/* Where slots end, in a function that has the kernel's argument block. */
static idx end_of_slots(Emit *e, const StepList *l, addr args)
{
    if (!l->nslots)
        return x_const(e, 0);
    const Problem pb = problem_load(e, l->s, args);
    return steps_slot_at(e, &pb, l, l->nslots);
}

/* A step's tasks among first .. last - 1 of its phase, of which `before` are those of the steps before it. */
static void run_step(Emit *e, const StepFunctions *f, const Found *at, const RunArgs *in,
                     var before, addr block)
{
    const idx zero = x_const(e, 0), skip = x_sub(e, zero, v_index_get(e, before));
    const var first = v_index(e, in->first), last = v_index(e, in->last);
    const idx own = x_mulk(e, in->thread, f->l->beside_bytes);
    RunArgs give = *in;
    EMIT_IF (e, at->beside) {
        const idx n = count_tasks(e, f, at, block);
        v_index_set(e, first, x_max(e, zero, x_add(e, in->first, skip)));
        v_index_set(e, last, x_min(e, n, x_add(e, in->last, skip)));
        v_index_set(e, before, x_add(e, v_index_get(e, before), n));
    }
    give.args = block;
    give.phase = at->phase;
    give.first = v_index_get(e, first);
    give.last = v_index_get(e, last);
    give.workspace =
        p_at_bytes(e, in->workspace, x_add(e, at->own, x_select(e, at->beside, own, zero)));
    give.thread = x_select(e, at->beside, zero, in->thread);
    EMIT_IF (e, x_less(e, give.first, give.last)) {
        call_part(e, f, at->part, &give);
    }
}

static void emit_run(Emit *e, Kernel *kernel, const StepFunctions *f)
{
    const RunArgs in = kernel_run_begin(e, kernel);
    const addr block = steps_new_args(e, f);
    RunArgs give = in;
    give.workspace = p_at_bytes(e, in.workspace, end_of_slots(e, f->l, in.args));
    const var before = v_index(e, x_const(e, 0)), more = v_index(e, x_const(e, 1));
    EMIT_FOR (e, turn, x_const(e, 0), x_const(e, most_beside(f->l)), 1) {
        EMIT_IF (e, x_equal(e, v_index_get(e, more), x_const(e, 1))) {
            const StepArgs ask = { in.args, in.phase, turn.at, in.workspace, block };
            const Found at = steps_find(e, f, &ask);
            run_step(e, f, &at, &give, before, block);
            v_index_set(e, more, x_select(e, at.more, x_const(e, 1), x_const(e, 0)));
        }
    }
    e_fn_end(e);
}

static int64_t end_of_blocks(const StepList *l)
{
    int64_t end = 0;
    for (int i = 0; i < l->nblocks; i++)
        if (l->block[i].at + l->block[i].bytes > end)
            end = l->block[i].at + l->block[i].bytes;
    return int_round_up(end, PLAN_ALIGN);
}

/* The last of the places at which steps that run by themselves give a part its workspace; of all parts, -1, those
** that run beside others.  -1: there are none. */
static int64_t last_place(const StepList *l, int part)
{
    int64_t at = -1;
    for (int i = 0, n = 0; i < l->nsteps; i += n) {
        n = steps_beside(l, i);
        const bool counts = part < 0 ? n > 1 : n == 1 && l->step[i].part == part;
        if (counts && l->own[l->step[i].time].at > at)
            at = l->own[l->step[i].time].at;
    }
    return at;
}

/* The workspace of a part, with the sizes of the step that calls it where parts read sizes: each has one. */
static idx workspace_of(Emit *e, const StepList *l, int part, const Problem *pb, WorkspaceArgs in)
{
    const Step *st = l->step;
    while (st->part != part)
        st++;
    if (st->grid != GRID_NUMBERS) {
        idx size[STEP_SIZES];
        steps_sizes(e, pb, st, size);
        in = (WorkspaceArgs){ size[0], size[1], size[2], size[3], in.threads };
    }
    return kernel_call_workspace(e, &l->part[part].kernel, &in);
}

static void emit_workspace(Emit *e, Kernel *kernel, const StepList *l)
{
    const WorkspaceArgs in = kernel_workspace_begin(e, kernel);
    const idx given[STEP_SIZES] = { in.batch, in.height, in.width, in.rois };
    const int64_t beside = last_place(l, -1);
    Problem pb = { .s = l->s };
    if (steps_have_sizes(l))
        pb = problem_of_sizes(e, l->s, given);
    idx most = x_const(e, end_of_blocks(l));
    if (beside >= 0)
        most = x_max(e, most, x_addk(e, x_mulk(e, in.threads, l->beside_bytes), beside));
    for (int i = 0; i < l->nparts; i++)
        if ((l->part[i].kernel.one_thread_bytes || steps_have_sizes(l)) && last_place(l, i) >= 0) {
            const idx own = workspace_of(e, l, i, &pb, in);
            most = x_max(e, most, x_addk(e, own, last_place(l, i)));
        }
    kernel->one_thread_bytes = l->plan_bytes;
    e_return(e, x_add(e, most, steps_slot_at(e, &pb, l, l->nslots)));
}

/* ---- the whole ----------------------------------------------------------------------------------- */

void steps_emit(Emit *e, Kernel *kernel, const StepList *l)
{
    StepFunctions f = { .l = l };
    if (kernel->constants)
        f.constants =
            p_constant(e, kernel->constants, (size_t)steps_packed_bytes(l, -1), PAGE_BYTES);
    steps_emit_packing(e, kernel, l);
    steps_emit_find(e, &f);
    emit_count(e, &f);
    emit_workspace(e, kernel, l);
    emit_tasks(e, kernel, &f);
    emit_run(e, kernel, &f);
}
