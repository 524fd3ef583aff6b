/* run.c: the entry points of a gradient kernel.
**
**     phase      its tasks
**     copy       rows of the input, and of a grad_input that is added to; where blocks have copies
**     main       blocks of channels x bands of tiles
**     finish     what several tasks have parts of, see finish_*.c
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"

static const GradientFinish *const finishes[] = { &gradient_finish_offset, &gradient_finish_weight,
                                                  &gradient_finish_input, &gradient_finish_sums };
enum { NFINISHES = sizeof finishes / sizeof *finishes };

typedef enum { PHASE_COPY, PHASE_MAIN, PHASE_FINISH, NPHASES } PhaseKind;

/* The phases that a kernel has, in order. */
typedef struct Phases {
    int n;
    PhaseKind kind[NPHASES];
} Phases;

static bool finishes_anything(const GradientPlan *p)
{
    for (int i = 0; i < NFINISHES; i++)
        if (finishes[i]->wanted(p))
            return true;
    return false;
}

static Phases phases_of(const GradientPlan *p)
{
    Phases all = { 0 };
    if (p->copies && p->want.samples)
        all.kind[all.n++] = PHASE_COPY;
    if (p->want.samples)
        all.kind[all.n++] = PHASE_MAIN;
    if (finishes_anything(p))
        all.kind[all.n++] = PHASE_FINISH;
    return all;
}

static idx tasks_of(Emit *e, const GradientPlan *p, const Problem *pb, PhaseKind kind)
{
    idx n = x_const(e, 0);
    if (kind == PHASE_COPY)
        return x_mul(e, pb->n, pb->h);
    if (kind == PHASE_MAIN)
        return x_const(e, (int64_t)p->blocks.count * p->bands);
    for (int i = 0; i < NFINISHES; i++)
        if (finishes[i]->wanted(p))
            n = x_add(e, n, finishes[i]->count(e, p, pb));
    return n;
}

static idx phases(Emit *e, const Problem *pb, const void *self)
{
    (void)pb;
    return x_const(e, phases_of(self).n);
}

static idx count(Emit *e, const Problem *pb, idx phase, const void *self)
{
    const Phases all = phases_of(self);
    idx n = x_const(e, 0);
    for (int i = 0; i < all.n; i++) {
        cond here = x_equal(e, phase, x_const(e, i));
        n = x_select(e, here, tasks_of(e, self, pb, all.kind[i]), n);
    }
    return n;
}

static idx shared_bytes(Emit *e, const Problem *pb, const void *self)
{
    return gradient_shared(e, self, pb, (addr){ NULL }).bytes;
}

/* ---- copies of the maps ----------------------------------------------------------------- */

static void run_copy(Emit *e, const GradientPlan *p, const Problem *pb, LLVMValueRef transpose,
                     const RunArgs *in)
{
    GradientShared shared = gradient_shared(e, p, pb, in->workspace);
    EMIT_FOR_OPAQUE (e, row, in->first, in->last, 1) {
        const GradientRow of = { pb->input, shared.input, row.at };
        if (shared.input.v)
            gradient_row_to_copies(e, p, pb, transpose, &of);
        if (p->want.input) {
            GradientOut out = gradient_out(e, pb, in->args, RT_INPUT);
            EMIT_IF (e, c_and(e, out.wanted, out.add)) {
                const GradientRow sum = { out.to, shared.grad_input, row.at };
                gradient_row_to_copies(e, p, pb, transpose, &sum);
            }
        }
    }
}

/* ---- the other phases -------------------------------------------------------------------- */

/* The functions of a kernel. */
typedef struct RunFns {
    LLVMValueRef transpose, task[2], finish[NFINISHES];
} RunFns;

static RunFns emit_fns(Emit *e, const GradientPlan *p)
{
    RunFns f = { .transpose = NULL };
    if (p->transposes)
        f.transpose = emit_transpose(e);
    GradientTaskFns shared = { .transpose = f.transpose };
    if (gradient_owns_dots(p))
        shared.offset_row = gradient_emit_offset_row(e, p);
    for (int i = gradient_first_shape(p); i < 2 && p->want.samples; i++)
        f.task[i] = gradient_emit_task(e, p, &shared, i);
    for (int i = 0; i < NFINISHES; i++)
        if (finishes[i]->wanted(p))
            f.finish[i] = finishes[i]->emit(e, p, f.transpose);
    return f;
}

static void run_main(Emit *e, const GradientPlan *p, const Problem *pb, const RunFns *f,
                     const RunArgs *in)
{
    GradientTaskArgs task = { .args = in->args, .workspace = in->workspace };
    idx skip = x_add(e, shared_bytes(e, pb, p), x_mulk(e, in->thread, p->scratch.bytes));
    task.scratch = p_at_bytes(e, in->workspace, skip);
    EMIT_FOR_OPAQUE (e, number, in->first, in->last, 1) {
        idx count = x_const(e, p->blocks.count), block = x_rem(e, number.at, count);
        task.band = x_div(e, number.at, count);
        task.block = block;
        EMIT_IF_ELSE (e, last, gradient_is_last(e, p, block)) {
            if (f->task[last.yes])
                gradient_call_task(e, f->task[last.yes], &task);
        }
    }
}

/* The tasks of one kind follow those of the other. */
static void run_finish(Emit *e, const GradientPlan *p, const Problem *pb, const RunFns *f,
                       const RunArgs *in)
{
    idx before = x_const(e, 0);
    for (int i = 0; i < NFINISHES; i++) {
        if (!f->finish[i])
            continue;
        idx n = finishes[i]->count(e, p, pb);
        idx first = x_max(e, in->first, before), after = x_add(e, before, n);
        EMIT_FOR_OPAQUE (e, number, first, x_min(e, in->last, after), 1) {
            const GradientFinishArgs one = { in->args, in->workspace, x_sub(e, number.at, before) };
            gradient_call_finish(e, f->finish[i], &one);
        }
        before = after;
    }
}

/* ---- the kernel -------------------------------------------------------------------------- */

static void emit_run(Emit *e, Kernel *k, const GradientPlan *p, const RunFns *f)
{
    const Phases all = phases_of(p);
    RunArgs in = kernel_run_begin(e, k);
    Problem pb = problem_load(e, p->s, in.args);
    for (int i = 0; i < all.n; i++) {
        EMIT_IF (e, x_equal(e, in.phase, x_const(e, i))) {
            if (all.kind[i] == PHASE_COPY)
                run_copy(e, p, &pb, f->transpose, &in);
            else if (all.kind[i] == PHASE_MAIN)
                run_main(e, p, &pb, f, &in);
            else
                run_finish(e, p, &pb, f, &in);
        }
    }
    e_fn_end(e);
}

void gradient_emit_kernel(Emit *e, Kernel *k, const GradientPlan *p)
{
    if (p->want.product) {
        kernel_packed_bytes(e, k, p->packed_elements * p->fp_bytes);
        gradient_emit_pack(e, k, p);
    } else {
        kernel_no_weights(e, k);
    }
    kernel_workspace(e, k, shared_bytes, p->scratch.bytes, p);
    kernel_tasks(e, k, phases, count, p);
    RunFns fns = emit_fns(e, p);
    emit_run(e, k, p, &fns);
}
