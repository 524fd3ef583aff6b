/* run.c: the entry points of a gradient kernel of regions.
**
**     phase     its tasks
**     tables    regions, where all blocks read the same tables
**     main      images x blocks of channels
**     finish    regions: gradients of shifts and masks, from dots
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"
#include "codegen/roi_gradient/roi_gradient.h"

/* ---- the workspace ------------------------------------------------------------------------- */

static void emit_workspace(Emit *e, Kernel *k, const RoiGradientPlan *p)
{
    WorkspaceArgs in = kernel_workspace_begin(e, k);
    const idx size[4] = { in.batch, in.height, in.width, in.rois };
    Problem pb = problem_of_sizes(e, k->s, size);
    const idx each = roi_gradient_thread_bytes(e, p, &pb);
    kernel_workspace_end(e, k, roi_gradient_shared_bytes(e, &pb, p), in.threads, each);
}

/* ---- a block of an image ------------------------------------------------------------------- */

typedef struct RoiGradientFns {
    LLVMValueRef transpose, block[2], region[2], finish, tables;
} RoiGradientFns;

typedef struct BlockArgs {
    addr args, workspace, scratch;
    idx n, number;
} BlockArgs;

static const Param param[] = { PARAM(BlockArgs, args), PARAM(BlockArgs, workspace),
                               PARAM(BlockArgs, scratch), PARAM(BlockArgs, n),
                               PARAM(BlockArgs, number) };
static const Params params = PARAMS(BlockArgs, param);

static void over_regions(Emit *e, const RoiGradient *g, const BlockArgs *in, LLVMValueRef region)
{
    RoiGradientRegionArgs give = { .args = in->args, .workspace = in->workspace };
    give.scratch = in->scratch;
    give.from = g->from;
    give.to = g->to;
    give.number = in->number;
    EMIT_FOR_OPAQUE (e, r, x_const(e, 0), g->c.pb.r, 1) {
        RoiCtx c = { .plan = &g->plan->bins, .pb = g->c.pb, .r = r.at };
        idx image = { NULL };
        EMIT_TYPE (e, roi_pos_type(c.plan)) {
            image = roi_image(e, &c);
        }
        EMIT_IF (e, x_equal(e, image, in->n)) {
            give.r = r.at;
            roi_gradient_call_region(e, region, &give);
        }
    }
}

static LLVMValueRef emit_block(Emit *e, const RoiGradientPlan *p, const RoiGradientFns *f,
                               int shape)
{
    BlockArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "block", true, e->none, &params, &in);
    e_fn_lanes(e, p->lanes);
    RoiGradient g = { .plan = p, .shape = shape };
    g.c.pb = problem_load(e, p->s, in.args);
    RoiGradientMaps m = { .plan = p, .shape = shape, .pb = g.c.pb, .transpose = f->transpose };
    m.own = p_at_bytes(e, in.scratch, x_const(e, p->scratch.bytes));
    m.out = gradient_out(e, &m.pb, in.args, RT_INPUT);
    m.n = in.n;
    m.number = in.number;
    g.from = roi_gradient_map_from(e, &m);
    g.to = roi_gradient_map_to(e, &m);
    roi_gradient_find_wanted(e, &g, in.args);
    cond any = c_not(e, c_and(e, c_not(e, g.input), c_not(e, g.any_dots)));
    cond reads = p->want.dots && !p->want.slopes ? g.any_dots : any; /* the map */
    if (p->want.input) {
        EMIT_IF (e, g.input) {
            roi_gradient_open_gradient(e, &m);
        }
    }
    if (p->want.map) {
        EMIT_IF (e, reads) {
            roi_gradient_open_map(e, &m);
        }
    }
    EMIT_IF (e, any) {
        over_regions(e, &g, &in, f->region[shape]);
    }
    if (p->want.input) {
        EMIT_IF (e, g.input) {
            roi_gradient_close_gradient(e, &m);
        }
    }
    e_fn_end(e);
    return fn;
}

/* ---- phases ---------------------------------------------------------------------------------- */

static idx phases(Emit *e, const Problem *pb, const void *self)
{
    const RoiGradientPlan *p = self;
    (void)pb;
    return x_const(e, p->shares_tables + 1 + p->want.dots);
}

static idx count(Emit *e, const Problem *pb, idx phase, const void *self)
{
    const RoiGradientPlan *p = self;
    idx blocks = x_mulk(e, pb->n, p->blocks);
    return x_select(e, x_equal(e, phase, x_const(e, p->shares_tables)), blocks, pb->r);
}

static cond is_last(Emit *e, const RoiGradientPlan *p, idx number)
{
    return x_equal(e, x_rem(e, number, x_const(e, p->per_class)), x_const(e, p->per_class - 1));
}

static void run_blocks(Emit *e, const RoiGradientPlan *p, const RoiGradientFns *f,
                       const RunArgs *in, addr scratch)
{
    EMIT_FOR_OPAQUE (e, task, in->first, in->last, 1) {
        BlockArgs give = { .args = in->args, .workspace = in->workspace, .scratch = scratch };
        give.n = x_div(e, task.at, x_const(e, p->blocks));
        give.number = x_rem(e, task.at, x_const(e, p->blocks));
        if (!f->block[0]) {
            e_call_with(e, f->block[1], &params, &give);
            continue;
        }
        EMIT_IF_ELSE (e, last, is_last(e, p, give.number)) {
            e_call_with(e, f->block[last.yes], &params, &give);
        }
    }
}

static void run_finish(Emit *e, const RoiGradientFns *f, const RunArgs *in, addr scratch)
{
    EMIT_FOR_OPAQUE (e, r, in->first, in->last, 1) {
        const RoiGradientFinishArgs give = { in->args, in->workspace, scratch, r.at };
        roi_gradient_call_finish(e, f->finish, &give);
    }
}

static void run_tables(Emit *e, const RoiGradientPlan *p, const Problem *pb,
                       const RoiGradientFns *f, const RunArgs *in)
{
    EMIT_FOR_OPAQUE (e, r, in->first, in->last, 1) {
        RoiGradientTablesArgs give = { .args = in->args, .r = r.at };
        give.tables = roi_gradient_tables(e, p, pb, in->workspace, r.at);
        roi_gradient_call_tables(e, f->tables, &give);
    }
}

static void emit_run(Emit *e, Kernel *k, const RoiGradientPlan *p, const RoiGradientFns *f)
{
    RunArgs in = kernel_run_begin(e, k);
    Problem pb = problem_load(e, p->s, in.args);
    idx skip = x_mul(e, in.thread, roi_gradient_thread_bytes(e, p, &pb));
    skip = x_add(e, skip, roi_gradient_shared_bytes(e, &pb, p));
    addr scratch = p_at_bytes(e, in.workspace, skip);
    EMIT_IF (e, x_equal(e, in.phase, x_const(e, p->shares_tables))) {
        run_blocks(e, p, f, &in, scratch);
    }
    if (p->shares_tables) {
        EMIT_IF (e, x_equal(e, in.phase, x_const(e, 0))) {
            run_tables(e, p, &pb, f, &in);
        }
    }
    if (p->want.dots) {
        EMIT_IF (e, x_equal(e, in.phase, x_const(e, p->shares_tables + 1))) {
            run_finish(e, f, &in, scratch);
        }
    }
    e_fn_end(e);
}

void roi_gradient_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    const RoiGradientPlan p = roi_gradient_plan(kernel->s, t, k);
    RoiGradientFns f = { .transpose = NULL };
    kernel_no_weights(e, kernel);
    emit_workspace(e, kernel, &p);
    kernel_tasks(e, kernel, phases, count, &p);
    if (p.scattered)
        f.transpose = emit_transpose(e);
    for (int i = p.channels[0] == p.channels[1]; i < 2; i++) {
        f.region[i] = roi_gradient_emit_region(e, &p, f.transpose, i);
        f.block[i] = emit_block(e, &p, &f, i);
    }
    if (p.shares_tables)
        f.tables = roi_gradient_emit_tables(e, &p);
    if (p.want.dots)
        f.finish = roi_gradient_emit_finish(e, &p);
    emit_run(e, kernel, &p, &f);
}
