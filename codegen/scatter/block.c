/* block.c: what a task does with a block of (pixel, group)s.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/points.h"
#include "codegen/scatter/task.h"

static addr scratch(Emit *e, const ScatterTask *t, int64_t at)
{
    return scatter_scratch(e, t->in->scratch, at);
}

ScatterBlock scatter_block_at(Emit *e, const ScatterTask *t, idx p, idx q, idx group)
{
    const ScatterPlan *plan = t->plan;
    const dcn_spec *s = plan->s;
    const int64_t all = (int64_t)plan->groups * plan->points;
    ScatterBlock b = { .p = p, .q = q, .group = group };
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
static idx make_table(Emit *e, const ScatterTask *t, ScatterBlock *b)
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
    in.points = x_mulk(e, b->pixels, (int64_t)p->block.groups * p->points);
    in.y = b->y;
    in.x = b->x;
    return scatter_call_table(e, t->fns->table, &in);
}

/* Where something is not finite, dots alone and then the scatter with care. */
static void call_passes(Emit *e, const ScatterTask *t, const ScatterBlock *b, idx state)
{
    const ScatterPlan *p = t->plan;
    const ScatterTarget to = scatter_target(e, t, b);
    ScatterPassArgs in = { .args = t->in->args, .g = b->g, .pixels = b->pixels };
    in.input = to.input;
    in.grad_input = to.grad_input;
    in.scratch = t->in->scratch;
    idx bits = t->passes;
    if (p->want.input) {
        cond careful = scatter_has(e, state, SCATTER_UNSOUND);
        careful = c_and(e, careful, scatter_has(e, bits, PASS_INPUT));
        EMIT_IF (e, careful) {
            scatter_call_pass(e, t->fns->careful, &in);
        }
        bits = x_select(e, careful, x_and(e, bits, x_const(e, PASS_DOTS)), bits);
    }
    for (int i = 1; i <= PASS_BOTH; i++) {
        if (!t->fns->pass[i])
            continue;
        EMIT_IF (e, x_equal(e, bits, x_const(e, i))) {
            scatter_call_pass(e, t->fns->pass[i], &in);
        }
    }
}

/* In the workspace offsets and masks are made whether they are wanted or not. */
static void call_offsets(Emit *e, const ScatterTask *t, const ScatterBlock *b)
{
    const ScatterPlan *p = t->plan;
    ScatterOffsetsArgs in = { .args = t->in->args, .offsets = b->offsets, .masks = b->masks };
    in.scratch = t->in->scratch;
    in.grad_offset = p->copies ? scratch(e, t, p->scratch.grad_offsets) : b->grad_offset;
    in.grad_mask = p->copies ? scratch(e, t, p->scratch.grad_masks) : b->grad_mask;
    in.points = x_mulk(e, b->pixels, (int64_t)p->block.groups * p->points);
    in.y = b->y;
    in.x = b->x;
    scatter_call_offsets(e, t->fns->offsets, &in);
}

static ScatterDeliverArgs delivery(const ScatterTask *t, const ScatterBlock *b)
{
    return (ScatterDeliverArgs){ t->in->args, t->in->scratch, b->grad_offset, b->grad_mask,
                                 b->pixels };
}

void scatter_block(Emit *e, const ScatterTask *t, ScatterBlock b)
{
    const ScatterPlan *p = t->plan;
    const ScatterDeliverArgs to = delivery(t, &b);
    idx seen = scatter_call_scan(e, t->fns->scan, &(ScatterScanArgs){ b.g, b.pixels });
    EMIT_IF_ELSE (e, some, scatter_has(e, seen, SCATTER_SEEN)) {
        if (some.yes) {
            idx state = x_or(e, seen, make_table(e, t, &b));
            call_passes(e, t, &b, state);
        }
        EMIT_IF (e, scatter_has(e, t->passes, p->want.dots ? PASS_DOTS : 0)) {
            if (some.yes && t->fns->offsets)
                call_offsets(e, t, &b);
            if (some.yes && t->fns->deliver)
                scatter_call_deliver(e, t->fns->deliver, &to);
            if (!some.yes && t->fns->clear)
                scatter_call_deliver(e, t->fns->clear, &to);
        }
    }
}
