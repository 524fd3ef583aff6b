/* task.c: a task: some groups of one image, the output rows of a band, block by block.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/scatter/task.h"
#include "codegen/ir/call.h"

enum { FLAGS = 2 };

static idx bit(Emit *e, cond c, int bits)
{
    return x_select(e, c, x_const(e, bits), x_const(e, 0));
}

/* ---- functions --------------------------------------------------------------------------- */

static ScatterFns emit_fns(Emit *e, const ScatterPlan *p)
{
    const ScatterWant *w = &p->want;
    ScatterFns f = { .scan = scatter_emit_scan(e, p), .table = scatter_emit_table(e, p) };
    if (p->copies || p->softmax)
        f.inputs = scatter_emit_inputs(e, p);
    for (int bits = 1; bits <= PASS_BOTH; bits++) {
        const ScatterPass what = { bits & PASS_INPUT, bits & PASS_DOTS };
        if (what.input <= w->input && what.dots <= w->dots)
            f.pass[bits] = scatter_emit_pass(e, p, what);
    }
    if (w->input)
        f.careful = scatter_emit_careful(e, p);
    if (w->input && !p->compact)
        f.rows = scatter_emit_rows(e, p);
    if (p->compact)
        f.fill = scatter_emit_fill(e, p);
    if (w->input && p->compact)
        f.drain = scatter_emit_drain(e, p);
    if (w->dots) {
        f.offsets = scatter_emit_offsets(e, p);
        f.clear = scatter_emit_clear(e, p);
    }
    if (w->dots && p->copies)
        f.deliver = scatter_emit_deliver(e, p);
    return f;
}

/* ---- rows and columns -------------------------------------------------------------------- */

/* dcnv4: what pads a row of offset_mask beyond the last group has gradient 0. */
static void clear_padding(Emit *e, const ScatterTask *t, const ScatterBlock *first, idx cols)
{
    const ScatterPlan *p = t->plan;
    const int used = 3 * p->groups * p->points;
    if (!p->packed || p->packed == used || !p->want.dots)
        return;
    cond last = x_equal(e, x_addk(e, t->group, p->task_groups), x_const(e, p->groups));
    cond set = c_and(e, t->out.offset.wanted, c_not(e, t->out.offset.add));
    EMIT_IF (e, c_and(e, last, set)) {
        idx rest = x_mulk(e, x_sub(e, x_const(e, p->groups), t->group), 3 * (int64_t)p->points);
        addr to = p_at(e, first->grad_offset, rest);
        EMIT_FOR (e, pixel, x_const(e, 0), x_mulk(e, cols, p->packed), p->packed) {
            for (int i = 0; i < p->packed - used; i++)
                p_zero_one(e, p_at(e, to, x_addk(e, pixel.at, i)));
        }
    }
}

/* Columns from .. to of an output row. */
static void one_row(Emit *e, const ScatterTask *t, idx row, idx from, idx to)
{
    const ScatterPlan *p = t->plan;
    ScatterBlock first = scatter_block_at(e, t, row, from, t->group);
    clear_padding(e, t, &first, x_sub(e, to, from));
    EMIT_FOR_OPAQUE (e, q, from, to, p->block.pixels) {
        EMIT_FOR_OPAQUE (e, g, x_const(e, 0), x_const(e, p->task_groups), p->block.groups) {
            ScatterBlock b = scatter_block_at(e, t, row, q.at, x_add(e, t->group, g.at));
            b.pixels = x_min(e, x_const(e, p->block.pixels), x_sub(e, to, q.at));
            scatter_block(e, t, b);
        }
    }
}

/* Strips of columns, each from top to bottom. */
static void all_rows(Emit *e, const ScatterTask *t)
{
    const ScatterPlan *p = t->plan;
    idx bands = x_const(e, p->bands), all = x_mul(e, t->band, t->pb.p);
    idx first = x_div(e, all, bands), last = x_div(e, x_add(e, all, t->pb.p), bands);
    if (!p->tile_w) {
        EMIT_FOR_OPAQUE (e, row, first, last, 1) {
            one_row(e, t, row.at, x_const(e, 0), t->pb.q);
        }
        return;
    }
    EMIT_FOR_OPAQUE (e, left, x_const(e, 0), t->pb.q, p->tile_w) {
        idx right = x_min(e, x_addk(e, left.at, p->tile_w), t->pb.q);
        EMIT_FOR_OPAQUE (e, row, first, last, 1) {
            one_row(e, t, row.at, left.at, right);
        }
    }
}

/* ---- the task ---------------------------------------------------------------------------- */

static void find_passes(Emit *e, ScatterTask *t)
{
    const ScatterWant *w = &t->plan->want;
    t->out = scatter_outs(e, t->plan, &t->pb, t->in->args);
    t->input = gradient_out(e, &t->pb, t->in->args, RT_INPUT);
    t->passes = x_const(e, 0);
    if (w->input)
        t->passes = x_or(e, t->passes, bit(e, t->input.wanted, PASS_INPUT));
    if (w->offset)
        t->passes = x_or(e, t->passes, bit(e, t->out.offset.wanted, PASS_DOTS));
    if (w->mask)
        t->passes = x_or(e, t->passes, bit(e, t->out.mask.wanted, PASS_DOTS));
}

/* The task's number is that of image, band and part. */
static void find_place(Emit *e, ScatterTask *t)
{
    const ScatterPlan *p = t->plan;
    idx bands = x_const(e, p->bands), parts = x_const(e, p->parts);
    idx line = x_div(e, t->in->number, parts);
    t->group = x_mulk(e, x_rem(e, t->in->number, parts), p->task_groups);
    t->band = x_rem(e, line, bands);
    t->n = x_div(e, line, bands);
    idx rows = x_mul(e, t->band, t->pb.h);
    t->first = x_div(e, rows, bands);
    t->last = x_div(e, x_add(e, rows, t->pb.h), bands);
}

static void find_rows(Emit *e, ScatterTask *t)
{
    const ScatterPlan *p = t->plan;
    idx image = x_mulk(e, x_mul(e, t->pb.h, t->pb.w), p->s->in_channels);
    t->channel = x_add(e, x_mul(e, t->n, image), x_mulk(e, t->group, p->group_channels));
    if (p->want.input)
        t->map = p_at(e, t->input.to, t->channel);
    if (t->shared.maps.v) {
        idx maps = x_mul(e, x_mul(e, t->band, t->pb.n), image);
        t->spill = p_at(e, t->shared.maps, x_add(e, maps, t->channel));
    }
    if (!t->shared.flags.v)
        return;
    t->flags = p_at_word(e, t->shared.flags, x_mul(e, x_mulk(e, t->in->number, FLAGS), t->pb.h));
    EMIT_FOR (e, i, x_const(e, 0), x_mulk(e, t->pb.h, FLAGS), 1) {
        p_put_i64(e, p_at_word(e, t->flags, i.at), x_const(e, 0));
    }
}

static const Param param[] = { PARAM(ScatterTaskArgs, args), PARAM(ScatterTaskArgs, workspace),
                               PARAM(ScatterTaskArgs, scratch), PARAM(ScatterTaskArgs, number) };
static const Params params = PARAMS(ScatterTaskArgs, param);

LLVMValueRef scatter_emit_task(Emit *e, const ScatterPlan *p)
{
    const ScatterFns fns = emit_fns(e, p);
    ScatterTaskArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "task", 1, e->none, &params, &in);
    ScatterTask t = { .plan = p, .fns = &fns, .in = &in, .pb = problem_load(e, p->s, in.args) };
    t.shared = scatter_shared(e, p, &t.pb, in.workspace);
    find_passes(e, &t);
    find_place(e, &t);
    t.maps = scatter_maps(e, p, &t.pb, in.scratch);
    find_rows(e, &t);
    EMIT_IF (e, x_less(e, x_const(e, 0), t.passes)) {
        all_rows(e, &t);
    }
    if (p->want.input) {
        EMIT_IF (e, t.input.wanted) {
            scatter_end_rows(e, &t);
        }
    }
    e_fn_end(e);
    return fn;
}

void scatter_call_task(Emit *e, LLVMValueRef fn, const ScatterTaskArgs *in)
{
    e_call_with(e, fn, &params, in);
}
