/* run.c: the loops around the pieces of the RoI lowering, and its entry points.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/kernel/entry.h"
#include "codegen/roi/roi.h"

/* ---- one task ---------------------------------------------------------------------------------- */

/* Tables hold samples k .. k + samples - 1 of each axis. */
static void tables_and_sums(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const idx k[2])
{
    EMIT_TYPE (e, roi_precise(c->plan)) {
        roi_tables(e, c, axis, k);
    }
    roi_sums(e, c);
}

/* In plain shape, as all that works on channels. */
static void one_class(Emit *e, const RoiCtx *c, const RoiAxis axis[2])
{
    const RoiPlan *p = c->plan;
    idx zero = x_const(e, 0), reach[2];
    EMIT_TYPE (e, roi_precise(p)) {
        (p->rule == ROI_RULE_QUANTISED ? roi_ranges : roi_scales)(e, c, axis);
        for (int i = 0; i < 2; i++)
            reach[i] = p->rule == ROI_RULE_QUANTISED ? zero : roi_reach(e, c, axis, i);
    }
    if (p->rule == ROI_RULE_QUANTISED) {
        roi_sums(e, c);
    } else if (p->tables) {
        tables_and_sums(e, c, axis, (const idx[]){ zero, zero });
    } else {
        roi_clear(e, c);
        EMIT_FOR (e, ky, zero, reach[0], p->samples) {
            EMIT_FOR (e, kx, zero, reach[1], p->samples) {
                tables_and_sums(e, c, axis, (const idx[]){ ky.at, kx.at });
            }
        }
        roi_finish(e, c);
    }
}

static void all_classes(Emit *e, RoiCtx *c)
{
    RoiAxis axis[2];
    EMIT_TYPE (e, roi_precise(c->plan)) {
        for (int i = 0; i < 2; i++)
            axis[i] = roi_axis(e, c, i);
    }
    EMIT_FOR (e, cls, x_const(e, 0), x_const(e, c->plan->classes), 1) {
        c->cls = cls.at;
        one_class(e, c, axis);
    }
}

/* A region without an image gives zeros. */
static void no_image(Emit *e, RoiCtx *c)
{
    EMIT_FOR (e, cls, x_const(e, 0), x_const(e, c->plan->classes), 1) {
        c->cls = cls.at;
        roi_clear(e, c);
    }
}

enum { T_ARGS, T_SHARED, T_OWN, T_TASK, T_NARGS };

/* Distances in the map that samples are read from. */
static void set_steps(Emit *e, RoiCtx *c)
{
    const RoiPlan *p = c->plan;
    int groups = p->groups[0] * p->groups[1];
    int planes = !p->copies && p->s->layout == DCN_NCHW;
    c->pixel = x_const(e, planes ? 1 : p->s->in_channels);
    c->row = x_mul(e, c->pb.w, c->pixel);
    c->lane =
        planes ? x_mulk(e, x_mul(e, c->pb.h, c->pb.w), groups) : x_const(e, p->copies ? 1 : groups);
}

static RoiCtx task_ctx(Emit *e, const RoiPlan *p)
{
    RoiCtx c = { .plan = p, .own = e_arg_addr(e, T_OWN) };
    c.pb = problem_load(e, p->s, e_arg_addr(e, T_ARGS));
    idx task = e_arg_idx(e, T_TASK), parts = x_const(e, p->parts);
    c.r = x_div(e, task, parts);
    c.first = x_mulk(e, p->parts == 1 ? x_const(e, 0) : x_rem(e, task, parts), p->bins);
    c.bins = x_const(e, p->bins);
    if (p->nh * p->nw % p->bins)
        c.bins = x_min(e, c.bins, x_sub(e, x_const(e, (int64_t)p->nh * p->nw), c.first));
    EMIT_TYPE (e, roi_precise(p)) {
        c.n = roi_image(e, &c);
    }
    set_steps(e, &c);
    addr map = p->copies ? e_arg_addr(e, T_SHARED) : c.pb.input;
    idx image = x_mulk(e, x_mul(e, c.pb.h, c.pb.w), p->s->in_channels);
    c.map = p_at(e, map, x_mul(e, x_max(e, c.n, x_const(e, 0)), image));
    return c;
}

static LLVMValueRef emit_task(Emit *e, const RoiPlan *p, LLVMValueRef turn)
{
    const LLVMTypeRef args[T_NARGS] = { e->ptr, e->ptr, e->ptr, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "region", 1, e->none, T_NARGS, args);
    e_fn_lanes(e, p->lanes);
    RoiCtx c = task_ctx(e, p);
    EMIT_IF_ELSE (e, real, x_less(e, x_const(e, -1), c.n)) {
        (real.yes ? all_classes : no_image)(e, &c);
    }
    if (p->out_stride)
        roi_unpack(e, &c, turn);
    e_fn_end(e);
    return fn;
}

/* ---- entry points ------------------------------------------------------------------------------ */

static idx count(Emit *e, const Problem *pb, int phase, const void *self)
{
    const RoiPlan *p = self;
    if (p->copies && phase == 0)
        return x_mul(e, pb->n, pb->h);
    return x_mulk(e, pb->r, p->parts);
}

/* The view, and a vector that may be read past it. */
static idx shared(Emit *e, const Problem *pb, const void *self)
{
    const RoiPlan *p = self;
    if (!p->copies)
        return x_const(e, 0);
    idx elements = x_mulk(e, x_mul(e, pb->n, x_mul(e, pb->h, pb->w)), p->s->in_channels);
    return x_round_up(e, x_mulk(e, x_addk(e, elements, p->lanes), p->fp_bytes), 64);
}

static void run_tasks(Emit *e, LLVMValueRef fn, const RunArgs *in, addr own)
{
    EMIT_FOR (e, task, in->first, in->last, 1) {
        LLVMValueRef args[4] = { in->args.v, in->workspace.v };
        int n = 2;
        if (own.v)
            args[n++] = own.v;
        args[n++] = task.at.v;
        e_call_fn(e, fn, n, args);
    }
}

static void emit_run(Emit *e, Kernel *kernel, const RoiPlan *p, LLVMValueRef repack,
                     LLVMValueRef task)
{
    RunArgs in = kernel_run_begin(e, kernel);
    Problem pb = problem_load(e, p->s, in.args);
    idx skip = x_mulk(e, in.thread, p->thread_bytes);
    addr own = p_at_bytes(e, in.workspace, x_add(e, shared(e, &pb, p), skip));
    if (!repack) {
        run_tasks(e, task, &in, own);
    } else {
        EMIT_IF_ELSE (e, b, x_equal(e, in.phase, x_const(e, 0))) {
            if (b.yes)
                run_tasks(e, repack, &in, (addr){ NULL });
            else
                run_tasks(e, task, &in, own);
        }
    }
    e_fn_end(e);
}

void roi_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    RoiPlan p = roi_plan(kernel->s, t, k);
    kernel_no_weights(e, kernel);
    kernel_workspace(e, kernel, shared, p.thread_bytes, &p);
    kernel_tasks(e, kernel, p.copies ? 2 : 1, count, &p);
    LLVMValueRef turn = kernel->s->layout == DCN_NCHW ? emit_transpose(e) : NULL;
    LLVMValueRef repack = p.copies ? roi_emit_repack(e, &p, turn) : NULL;
    emit_run(e, kernel, &p, repack, emit_task(e, &p, turn));
}
