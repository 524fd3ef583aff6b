/* task.c: a task: some groups of one image, the output rows of a band, block by block.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/points.h"
#include "codegen/scatter/scatter.h"

/* What a call wants. */
enum { PASS_INPUT = 1, PASS_DOTS = 2, FLAGS = 2 };

/* The internal functions of a task; NULL: not needed.  pass[what]: bits of what a call wants. */
typedef struct ScatterFns {
    LLVMValueRef scan, inputs, table, pass[PASS_INPUT + PASS_DOTS + 1], careful, offsets, deliver,
        clear, rows;
} ScatterFns;

typedef struct ScatterTask {
    const ScatterPlan *plan;
    const ScatterFns *fns;
    const ScatterTaskArgs *in;
    Problem pb;
    ScatterShared shared;
    ScatterOuts out;
    GradientOut input;
    idx n, band, group; /* image; group: the task's first */
    idx passes;         /* bits of what the call wants */
    idx first, last;    /* rows of grad_input that are the band's */
    addr flags;         /* the task's */
    addr map, spill;    /* grad_input, and the band's own map, of the task's first channel */
} ScatterTask;

/* A block: of which output row and column and group, its pixels. */
typedef struct Block {
    idx p, q, group, pixels;
    idx y, x;                                    /* the taps' centre at its first pixel */
    idx channel;                                 /* of its first group */
    addr g;                                      /* of grad_output */
    addr offsets, masks, grad_offset, grad_mask; /* in the tensors */
} Block;

static idx bit(Emit *e, cond c, int bits)
{
    return x_select(e, c, x_const(e, bits), x_const(e, 0));
}

static cond has(Emit *e, idx bits, int which)
{
    return x_less(e, x_const(e, 0), x_and(e, bits, x_const(e, which)));
}

/* ---- functions --------------------------------------------------------------------------- */

static ScatterFns emit_fns(Emit *e, const ScatterPlan *p)
{
    const ScatterWant *w = &p->want;
    ScatterFns f = { .scan = scatter_emit_scan(e, p), .table = scatter_emit_table(e, p) };
    if (p->copies || p->softmax)
        f.inputs = scatter_emit_inputs(e, p);
    for (int bits = 1; bits <= PASS_INPUT + PASS_DOTS; bits++) {
        const ScatterPass what = { bits & PASS_INPUT, bits & PASS_DOTS };
        if (what.input <= w->input && what.dots <= w->dots)
            f.pass[bits] = scatter_emit_pass(e, p, what);
    }
    if (w->input) {
        f.careful = scatter_emit_careful(e, p);
        f.rows = scatter_emit_rows(e, p);
    }
    if (w->dots) {
        f.offsets = scatter_emit_offsets(e, p);
        f.clear = scatter_emit_clear(e, p);
    }
    if (w->dots && p->copies)
        f.deliver = scatter_emit_deliver(e, p);
    return f;
}

/* ---- rows of grad_input ------------------------------------------------------------------- */

static void clear_rows(Emit *e, const ScatterTask *t, addr map, int which, idx first, idx last)
{
    idx flags = x_mulk(e, t->pb.h, which);
    const ScatterRowsArgs in = { map, p_at_word(e, t->flags, flags), t->pb.w, first, last };
    scatter_call_rows(e, t->fns->rows, &in);
}

/* Where a block adds to, whose rows have been set. */
static addr find_target(Emit *e, const ScatterTask *t, const Block *b)
{
    addr rows = scatter_scratch(e, t->in->scratch, t->plan->scratch.rows);
    idx first = p_get_i64(e, rows), last = p_get_i64(e, p_at_word(e, rows, x_const(e, 1)));
    addr slot = p_alloca(e, 1);
    cond own = c_not(e, x_less(e, first, t->first));
    own = c_and(e, own, c_not(e, x_less(e, t->last, last)));
    if (t->plan->bands == 1)
        own = x_equal(e, x_const(e, 0), x_const(e, 0));
    EMIT_IF_ELSE (e, there, own) {
        if (there.yes) {
            EMIT_IF (e, c_not(e, t->input.add)) {
                clear_rows(e, t, t->map, 0, first, last);
            }
            p_put_addr(e, slot, t->map);
        } else if (t->plan->bands > 1) {
            clear_rows(e, t, t->spill, 1, first, last);
            p_put_addr(e, slot, t->spill);
        }
    }
    idx before = x_mulk(e, x_sub(e, b->group, t->group), t->plan->group_channels);
    return p_at(e, p_get_addr(e, slot), before);
}

/* ---- a block ----------------------------------------------------------------------------- */

static addr scratch(Emit *e, const ScatterTask *t, int64_t at)
{
    return scatter_scratch(e, t->in->scratch, at);
}

static Block block_at(Emit *e, const ScatterTask *t, idx p, idx q, idx group)
{
    const ScatterPlan *plan = t->plan;
    const dcn_spec *s = plan->s;
    const int64_t all = (int64_t)plan->groups * plan->points;
    Block b = { .p = p, .q = q, .group = group };
    b.y = x_addk(e, x_mulk(e, p, s->stride[0]), points_centre(s, 0) - s->padding[0]);
    b.x = x_addk(e, x_mulk(e, q, s->stride[1]), points_centre(s, 1) - s->padding[1]);
    b.channel = x_mulk(e, group, plan->group_channels);
    idx pixel = x_add(e, x_mul(e, x_add(e, x_mul(e, t->n, t->pb.p), p), t->pb.q), q);
    b.g = p_at(e, t->pb.operand[RT_GRAD_OUTPUT],
               x_add(e, x_mulk(e, pixel, s->in_channels), b.channel));
    idx before = x_mulk(e, group, plan->points);
    idx masks = x_add(e, x_mulk(e, pixel, all), before), offsets = x_mulk(e, masks, 2);
    if (plan->packed)
        offsets = x_add(e, x_mulk(e, pixel, plan->packed), x_mulk(e, before, 3));
    b.offsets = p_at(e, plan->packed ? t->pb.offset_mask : t->pb.offset, offsets);
    b.masks = plan->packed || !plan->modulated ? b.offsets : p_at(e, t->pb.mask, masks);
    b.grad_offset = t->out.offset.to.v ? p_at(e, t->out.offset.to, offsets) : b.offsets;
    b.grad_mask = t->out.mask.to.v && !plan->packed ? p_at(e, t->out.mask.to, masks) : b.offsets;
    return b;
}

/* Offsets and masks where the table wants them; the sample table. */
static idx make_table(Emit *e, const ScatterTask *t, Block *b)
{
    const ScatterPlan *p = t->plan;
    if (t->fns->inputs) {
        const ScatterInputsArgs in = { b->offsets, b->masks, t->in->scratch, b->pixels };
        scatter_call_inputs(e, t->fns->inputs, &in);
    }
    if (p->copies)
        b->offsets = scratch(e, t, p->scratch.offsets);
    if (scatter_own_masks(p))
        b->masks = scratch(e, t, p->scratch.masks);
    ScatterTableArgs in = { .args = t->in->args, .offsets = b->offsets, .masks = b->masks };
    in.scratch = t->in->scratch;
    in.points = x_mulk(e, b->pixels, (int64_t)p->block_groups * p->points);
    in.y = b->y;
    in.x = b->x;
    return scatter_call_table(e, t->fns->table, &in);
}

/* Where something is not finite, dots alone and then the scatter with care. */
static void call_passes(Emit *e, const ScatterTask *t, const Block *b, idx state)
{
    const ScatterPlan *p = t->plan;
    idx image = x_mulk(e, x_mul(e, t->pb.h, t->pb.w), p->s->in_channels);
    idx first = x_add(e, x_mul(e, t->n, image), b->channel);
    ScatterPassArgs in = { .args = t->in->args, .g = b->g, .pixels = b->pixels };
    in.scratch = t->in->scratch;
    in.grad_input = in.scratch;
    in.input = t->pb.input.v ? p_at(e, t->pb.input, first) : b->g;
    idx bits = t->passes;
    if (p->want.input) {
        addr slot = p_alloca(e, 1);
        p_put_addr(e, slot, in.scratch);
        EMIT_IF (e, has(e, bits, PASS_INPUT)) {
            p_put_addr(e, slot, find_target(e, t, b));
        }
        in.grad_input = p_get_addr(e, slot);
        cond careful = c_and(e, has(e, state, SCATTER_UNSOUND), has(e, bits, PASS_INPUT));
        EMIT_IF (e, careful) {
            scatter_call_pass(e, t->fns->careful, &in);
        }
        bits = x_select(e, careful, x_and(e, bits, x_const(e, PASS_DOTS)), bits);
    }
    for (int i = 1; i <= PASS_INPUT + PASS_DOTS; i++) {
        if (!t->fns->pass[i])
            continue;
        EMIT_IF (e, x_equal(e, bits, x_const(e, i))) {
            scatter_call_pass(e, t->fns->pass[i], &in);
        }
    }
}

/* In the workspace offsets and masks are made whether they are wanted or not. */
static void call_offsets(Emit *e, const ScatterTask *t, const Block *b)
{
    const ScatterPlan *p = t->plan;
    ScatterOffsetsArgs in = { .args = t->in->args, .offsets = b->offsets, .masks = b->masks };
    in.scratch = t->in->scratch;
    in.grad_offset = p->copies ? scratch(e, t, p->scratch.grad_offsets) : b->grad_offset;
    in.grad_mask = p->copies ? scratch(e, t, p->scratch.grad_masks) : b->grad_mask;
    in.points = x_mulk(e, b->pixels, (int64_t)p->block_groups * p->points);
    in.y = b->y;
    in.x = b->x;
    scatter_call_offsets(e, t->fns->offsets, &in);
}

static ScatterDeliverArgs delivery(const ScatterTask *t, const Block *b)
{
    return (ScatterDeliverArgs){ t->in->args, t->in->scratch, b->grad_offset, b->grad_mask,
                                 b->pixels };
}

static void one_block(Emit *e, const ScatterTask *t, Block b)
{
    const ScatterPlan *p = t->plan;
    const ScatterDeliverArgs to = delivery(t, &b);
    idx seen = scatter_call_scan(e, t->fns->scan, &(ScatterScanArgs){ b.g, b.pixels });
    EMIT_IF_ELSE (e, some, has(e, seen, SCATTER_SEEN)) {
        if (some.yes) {
            idx state = x_or(e, seen, make_table(e, t, &b));
            call_passes(e, t, &b, state);
        }
        EMIT_IF (e, has(e, t->passes, p->want.dots ? PASS_DOTS : 0)) {
            if (some.yes && t->fns->offsets)
                call_offsets(e, t, &b);
            if (some.yes && t->fns->deliver)
                scatter_call_deliver(e, t->fns->deliver, &to);
            if (!some.yes && t->fns->clear)
                scatter_call_deliver(e, t->fns->clear, &to);
        }
    }
}

/* ---- rows and columns -------------------------------------------------------------------- */

/* dcnv4: what pads a row of offset_mask beyond the last group has gradient 0. */
static void clear_padding(Emit *e, const ScatterTask *t, const Block *first, idx cols)
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
    Block first = block_at(e, t, row, from, t->group);
    clear_padding(e, t, &first, x_sub(e, to, from));
    EMIT_FOR_OPAQUE (e, q, from, to, p->block_pixels) {
        EMIT_FOR_OPAQUE (e, g, x_const(e, 0), x_const(e, p->task_groups), p->block_groups) {
            Block b = block_at(e, t, row, q.at, x_add(e, t->group, g.at));
            b.pixels = x_min(e, x_const(e, p->block_pixels), x_sub(e, to, q.at));
            one_block(e, t, b);
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
    idx first = x_add(e, x_mul(e, t->n, image), x_mulk(e, t->group, p->group_channels));
    idx flags = x_mul(e, x_mulk(e, t->in->number, FLAGS), t->pb.h);
    t->map = p_at(e, t->input.to, first);
    t->flags = p_at_word(e, t->shared.flags, flags);
    if (p->bands > 1) {
        idx maps = x_mul(e, x_mul(e, t->band, t->pb.n), image);
        t->spill = p_at(e, t->shared.maps, x_add(e, maps, first));
    }
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
    if (p->want.input)
        find_rows(e, &t);
    EMIT_IF (e, x_less(e, x_const(e, 0), t.passes)) {
        all_rows(e, &t);
    }
    if (p->want.input) {
        EMIT_IF (e, c_and(e, t.input.wanted, c_not(e, t.input.add))) {
            clear_rows(e, &t, t.map, 0, t.first, t.last);
        }
    }
    e_fn_end(e);
    return fn;
}

void scatter_call_task(Emit *e, LLVMValueRef fn, const ScatterTaskArgs *in)
{
    e_call_with(e, fn, &params, in);
}
