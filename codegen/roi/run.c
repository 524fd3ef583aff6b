/* run.c: the loops around the pieces of the RoI lowering, and its entry points.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"
#include "codegen/roi/roi.h"

/* ---- one task ---------------------------------------------------------------------------------- */

/* Tables hold samples k .. k + table_samples - 1 of each axis. */
static void tables_and_sums(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const idx k[2])
{
    EMIT_TYPE (e, roi_pos_type(c->plan)) {
        roi_tables(e, c, axis, k);
    }
    roi_accumulate(e, c);
}

static void covered_class(Emit *e, const RoiCtx *c, const RoiAxis axis[2])
{
    EMIT_TYPE (e, roi_pos_type(c->plan)) {
        roi_ranges(e, c, axis);
    }
    roi_accumulate(e, c);
}

/* Bins with so many samples that a table holds a part of them: sums are collected in the outputs, or maxima. */
static void several_tables(Emit *e, const RoiCtx *c, const RoiAxis axis[2], const idx samples[2])
{
    idx zero = x_const(e, 0);
    roi_begin(e, c);
    EMIT_FOR (e, ky, zero, samples[0], c->plan->table_samples) {
        EMIT_FOR (e, kx, zero, samples[1], c->plan->table_samples) {
            tables_and_sums(e, c, axis, (const idx[]){ ky.at, kx.at });
        }
    }
    roi_epilogue(e, c);
}

static void sampled_class(Emit *e, const RoiCtx *c, const RoiAxis axis[2])
{
    idx zero = x_const(e, 0), samples[2];
    EMIT_TYPE (e, roi_pos_type(c->plan)) {
        roi_scales(e, c, axis);
        for (int i = 0; i < 2; i++)
            samples[i] = roi_max_samples(e, c, axis, i);
    }
    if (c->plan->one_table)
        tables_and_sums(e, c, axis, (const idx[]){ zero, zero });
    else
        several_tables(e, c, axis, samples);
}

/* What is done for a class. */
typedef void (*RoiClassBody)(Emit *e, const RoiCtx *c, const RoiAxis axis[2]);

static void over_classes(Emit *e, RoiCtx *c, const RoiAxis axis[2], RoiClassBody body)
{
    if (c->plan->splits_channels) {
        body(e, c, axis);
        return;
    }
    EMIT_FOR (e, cls, x_const(e, 0), x_const(e, c->plan->classes), 1) {
        c->cls = cls.at;
        body(e, c, axis);
    }
}

static void pool(Emit *e, RoiCtx *c)
{
    RoiAxis axis[2];
    if (c->plan->sampling != ROI_SAMPLING_QUANTISED)
        roi_clear_lists(e, c);
    EMIT_TYPE (e, roi_pos_type(c->plan)) {
        for (int i = 0; i < 2; i++)
            axis[i] = roi_axis(e, c, i);
    }
    bool quantised = c->plan->sampling == ROI_SAMPLING_QUANTISED;
    over_classes(e, c, axis, quantised ? covered_class : sampled_class);
}

static void clear_class(Emit *e, const RoiCtx *c, const RoiAxis axis[2])
{
    (void)axis;
    roi_clear(e, c);
}

/* ---- the function of a task -------------------------------------------------------------------- */

/* shared: what all threads read of the workspace, the repacked input; scratch: this thread's part
** of it. */
typedef struct RoiTaskArgs {
    addr args, shared, scratch;
    idx task;
} RoiTaskArgs;

static const Param param[] = { PARAM(RoiTaskArgs, args), PARAM(RoiTaskArgs, shared),
                               PARAM(RoiTaskArgs, scratch), PARAM(RoiTaskArgs, task) };
static const Params params = PARAMS(RoiTaskArgs, param);

/* Distances in the map that samples are read from. */
static void set_steps(Emit *e, RoiCtx *c)
{
    const RoiPlan *p = c->plan;
    int groups = p->groups[0] * p->groups[1];
    bool planes = !p->repacks && p->s->layout == DCN_NCHW;
    c->pixel_step = x_const(e, planes ? 1 : p->s->in_channels);
    c->row_step = x_mul(e, c->pb.w, c->pixel_step);
    if (planes)
        c->channel_step = x_mulk(e, x_mul(e, c->pb.h, c->pb.w), groups);
    else
        c->channel_step = x_const(e, p->repacks ? 1 : groups);
}

/* A region's tasks with the same bins follow one another. */
static void set_bins(Emit *e, RoiCtx *c, idx task)
{
    const RoiPlan *p = c->plan;
    int bins = p->pooled_h * p->pooled_w;
    idx tasks = x_const(e, p->bin_tasks);
    if (p->splits_channels)
        task = x_div(e, task, x_const(e, p->channel_tasks));
    c->r = x_div(e, task, tasks);
    idx part = p->bin_tasks == 1 ? x_const(e, 0) : x_rem(e, task, tasks);
    c->first_bin = x_mulk(e, part, p->task_bins);
    c->bins = x_const(e, p->task_bins);
    if (bins % p->task_bins)
        c->bins = x_min(e, c->bins, x_sub(e, x_const(e, bins), c->first_bin));
}

static void set_channels(Emit *e, RoiCtx *c, idx task)
{
    const RoiPlan *p = c->plan;
    c->first_out = c->first_of_class = x_const(e, 0);
    c->outs = x_const(e, p->task_outs);
    c->is_short = (cond){ NULL };
    if (!p->splits_channels)
        return;
    idx part = x_rem(e, task, x_const(e, p->channel_tasks));
    int parts = p->channel_tasks / p->classes, last = roi_last_channels(p);
    idx nth = x_rem(e, part, x_const(e, parts));
    c->cls = x_div(e, part, x_const(e, parts));
    c->first_of_class = x_mulk(e, nth, p->task_channels);
    c->first_out = x_add(e, x_mulk(e, c->cls, p->class_channels), c->first_of_class);
    if (last == p->task_channels)
        return;
    c->is_short = x_equal(e, nth, x_const(e, parts - 1));
    c->outs = x_select(e, c->is_short, x_const(e, last), c->outs);
}

static RoiCtx task_ctx(Emit *e, const RoiPlan *p, const RoiTaskArgs *in)
{
    RoiCtx c = { .plan = p, .scratch = in->scratch };
    c.pb = problem_load(e, p->s, in->args);
    set_bins(e, &c, in->task);
    set_channels(e, &c, in->task);
    EMIT_TYPE (e, roi_pos_type(p)) {
        c.n = roi_image(e, &c);
    }
    set_steps(e, &c);
    idx image = x_max(e, c.n, x_const(e, 0));
    c.map = p->repacks ? repack_copy(e, &p->repack, &c.pb, in->shared, image)
                       : repack_image(e, &p->repack, &c.pb, c.pb.input, image);
    return c;
}

static LLVMValueRef emit_task(Emit *e, const RoiPlan *p, LLVMValueRef transpose)
{
    RoiTaskArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "region", true, e->none, &params, &in);
    e_fn_lanes(e, p->lanes);
    RoiCtx c = task_ctx(e, p, &in);
    EMIT_IF_ELSE (e, has_image, x_less(e, x_const(e, -1), c.n)) {
        if (has_image.yes)
            pool(e, &c);
        else /* gives zeros */
            over_classes(e, &c, NULL, clear_class);
    }
    if (p->out_stride)
        roi_unpack(e, &c, transpose);
    e_fn_end(e);
    return fn;
}

/* ---- regions of the images that are there ------------------------------------------------------ */

/* What is known before the tasks of a call are looped over. */
typedef struct RoiRun {
    const RoiPlan *plan;
    LLVMValueRef region;
    Problem pb;
    addr scratch;
} RoiRun;

/* Blocks of images are computed one after another, regions come in any order.  So a task looks at every
** `step`th region, and takes those whose image is there: where regions are sorted by their images, as
** they usually are, every task finds its share of each block. */
static idx blocks_of(Emit *e, const RoiPlan *p, const Problem *pb)
{
    return p->repacks ? image_blocks(e, pb, p->s->in_channels).blocks : x_const(e, 1);
}

static idx step_of(Emit *e, const Problem *pb, idx blocks)
{
    return x_div(e, x_addk(e, x_add(e, pb->r, blocks), -1), blocks);
}

static idx count(Emit *e, const Problem *pb, const Images *ready, const void *self)
{
    const RoiPlan *p = ((const RoiRun *)self)->plan;
    idx zero = x_const(e, 0), step = step_of(e, pb, blocks_of(e, p, pb));
    idx tasks = x_mulk(e, step, (int64_t)p->bin_tasks * p->channel_tasks);
    return p->repacks ? x_select(e, x_equal(e, ready->n, zero), zero, tasks) : tasks;
}

static void run_region(Emit *e, const RunArgs *in, const RoiRun *run, idx task)
{
    const RoiTaskArgs give = { in->args, in->workspace, run->scratch, task };
    e_call_with(e, run->region, &params, &give);
}

/* Whether region r belongs to images that are there; one of no image goes with the first. */
static cond is_ready(Emit *e, const RoiRun *run, const Images *ready, idx r)
{
    RoiCtx c = { .plan = run->plan, .pb = run->pb, .r = r };
    idx image = { NULL };
    EMIT_TYPE (e, roi_pos_type(run->plan)) {
        image = roi_named_image(e, &c);
    }
    idx nth = x_sub(e, x_max(e, image, x_const(e, 0)), ready->first);
    return c_and(e, x_less(e, x_const(e, -1), nth), x_less(e, nth, ready->n));
}

/* Every `step`th region from that of a task on. */
static void run_ready(Emit *e, const RunArgs *in, const RoiRun *run, const Images *ready, idx task)
{
    const int64_t tasks = (int64_t)run->plan->bin_tasks * run->plan->channel_tasks;
    idx parts = x_const(e, tasks), first = x_div(e, task, parts);
    idx blocks = blocks_of(e, run->plan, &run->pb), step = step_of(e, &run->pb, blocks);
    idx part = tasks == 1 ? x_const(e, 0) : x_rem(e, task, parts);
    EMIT_FOR (e, i, x_const(e, 0), blocks, 1) {
        idx r = x_add(e, x_mul(e, i.at, step), first);
        EMIT_IF (e, x_less(e, r, run->pb.r)) {
            EMIT_IF (e, is_ready(e, run, ready, r)) {
                run_region(e, in, run, x_add(e, x_mul(e, r, parts), part));
            }
        }
    }
}

static void run_regions(Emit *e, const RunArgs *in, const Images *ready, const void *self)
{
    const RoiRun *run = self;
    idx blocks = blocks_of(e, run->plan, &run->pb);
    EMIT_FOR (e, task, in->first, in->last, 1) {
        if (x_is_const(blocks, 1))
            run_region(e, in, run, task.at);
        else
            run_ready(e, in, run, ready, task.at);
    }
}

/* ---- entry points ------------------------------------------------------------------------------ */

/* The copies of images, and a vector that may be read past them. */
static idx shared(Emit *e, const Problem *pb, const void *self)
{
    const RoiPlan *p = self;
    return p->repacks ? repack_bytes(e, &p->repack, pb) : x_const(e, 0);
}

void roi_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    RoiPlan p = roi_plan(kernel->s, t, k);
    RoiRun run = { .plan = &p };
    const RepackUser user = { &p.repack, p.repacks, count, run_regions, &run };
    kernel_no_weights(e, kernel);
    kernel_workspace(e, kernel, shared, p.scratch.bytes, &p);
    kernel_tasks(e, kernel, repack_phases, repack_tasks, &user);
    LLVMValueRef transpose = kernel->s->layout == DCN_NCHW ? emit_transpose(e) : NULL;
    LLVMValueRef repack = p.repacks ? emit_repack(e, &p.repack, transpose) : NULL;
    run.region = emit_task(e, &p, transpose);
    RunArgs in = kernel_run_begin(e, kernel);
    run.pb = problem_load(e, p.s, in.args);
    idx skip = x_mulk(e, in.thread, p.scratch.bytes);
    run.scratch = p_at_bytes(e, in.workspace, x_add(e, shared(e, &run.pb, &p), skip));
    repack_run(e, &run.pb, repack, &in, &user);
    e_fn_end(e);
}
