/* target.c: where a block adds to: rows of grad_input, of a band's own map or of a copy.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/scatter/task.h"

static void clear_rows(Emit *e, const ScatterTask *t, addr map, int which, idx first, idx last)
{
    idx flags = x_mulk(e, t->pb.h, which);
    const ScatterRowsArgs in = { map, p_at_word(e, t->flags, flags), t->pb.w, first, last };
    scatter_call_rows(e, t->fns->rows, &in);
}

/* The rows that a block reaches, in the copies. */
static void fill_rows(Emit *e, const ScatterTask *t)
{
    addr rows = scatter_scratch(e, t->in->scratch, t->plan->scratch.rows);
    ScatterFillArgs in = { .copy = t->maps.input, .grad = t->maps.grad_input, .flags = t->flags };
    in.input = t->pb.input.v ? p_at(e, t->pb.input, t->channel) : t->in->args;
    in.width = t->pb.w;
    in.group = scatter_group_step(e, t->plan, &t->pb);
    in.first = p_get_i64(e, rows);
    in.last = p_get_i64(e, p_at_word(e, rows, x_const(e, 1)));
    scatter_call_fill(e, t->fns->fill, &in);
}

static void drain_rows(Emit *e, const ScatterTask *t)
{
    ScatterDrainArgs in = { .grad = t->maps.grad_input, .to = t->map, .flags = t->flags };
    in.spill = t->spill.v ? t->spill : t->in->args;
    in.width = t->pb.w;
    in.group = scatter_group_step(e, t->plan, &t->pb);
    in.height = t->pb.h;
    in.first = t->first;
    in.last = t->last;
    in.add = t->input.add;
    scatter_call_drain(e, t->fns->drain, &in);
}

/* Where a block adds to, whose rows have been set: the tensor, or the band's own map. */
static addr target_rows(Emit *e, const ScatterTask *t)
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
    return p_get_addr(e, slot);
}

/* What is not there is not looked at. */
ScatterTarget scatter_target(Emit *e, const ScatterTask *t, const ScatterBlock *b)
{
    const ScatterPlan *p = t->plan;
    idx before = x_mul(e, x_sub(e, b->group, t->group), scatter_group_step(e, p, &t->pb));
    ScatterTarget to = { t->in->scratch, t->in->scratch };
    if (p->compact) {
        fill_rows(e, t);
        return (ScatterTarget){ p_at(e, t->maps.input, before),
                                p_at(e, t->maps.grad_input, before) };
    }
    if (t->pb.input.v)
        to.input = p_at(e, t->pb.input, x_add(e, t->channel, before));
    if (!p->want.input)
        return to;
    addr slot = p_alloca(e, 1);
    p_put_addr(e, slot, to.grad_input);
    EMIT_IF (e, scatter_has(e, t->passes, PASS_INPUT)) {
        p_put_addr(e, slot, p_at(e, target_rows(e, t), before));
    }
    to.grad_input = p_get_addr(e, slot);
    return to;
}

void scatter_end_rows(Emit *e, const ScatterTask *t)
{
    if (t->plan->compact) {
        drain_rows(e, t);
        return;
    }
    EMIT_IF (e, c_not(e, t->input.add)) {
        clear_rows(e, t, t->map, 0, t->first, t->last);
    }
}
