/* compact.c: a task's groups of both maps in copies of its own, one map for each group.
**
** In the tensors a group's pixels lie as far apart as a pixel has channels; if that is a power of two
** they share few sets of the caches.  A copy has rows an odd number of lines apart.  A row is copied,
** and its gradient set to 0, when the task first reaches it; at its end the gradients of its own rows
** go to the tensor, those of others to the band's map.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/group_maps.h"
#include "codegen/scatter/scatter.h"

static GroupMaps copies_of(const ScatterPlan *p)
{
    return (GroupMaps){ p->task_groups, p->group_channels };
}

idx scatter_row_elements(Emit *e, const ScatterPlan *p, idx width)
{
    const GroupMaps maps = copies_of(p);
    return p->compact ? group_maps_row(e, &maps, width) : x_mulk(e, width, p->pixel);
}

idx scatter_group_step(Emit *e, const ScatterPlan *p, const Problem *pb)
{
    const GroupMaps maps = copies_of(p);
    return p->compact ? group_maps_step(e, &maps, pb) : x_const(e, p->group_channels);
}

ScatterMaps scatter_maps(Emit *e, const ScatterPlan *p, const Problem *pb, addr scratch)
{
    ScatterMaps at = { .bytes = x_const(e, 0) };
    if (!p->compact)
        return at;
    idx elements = scatter_group_step(e, p, pb), first = x_const(e, p->scratch.bytes);
    idx bytes = x_mulk(e, elements, (int64_t)p->task_groups * p->fp_bytes);
    if (scratch.v) {
        at.input = p_at_bytes(e, scratch, first);
        at.grad_input = p->want.dots ? p_at_bytes(e, at.input, bytes) : at.input;
    }
    at.bytes = x_mulk(e, bytes, p->want.dots + p->want.input);
    return at;
}

/* ---- runs of a group's channels --------------------------------------------------------------- */

static void add(Emit *e, addr to, addr from, mask live)
{
    p_store(e, to, f_add(e, p_load(e, to, live), p_load(e, from, live)), live);
}

static void zero(Emit *e, addr to, addr from, mask live)
{
    (void)from;
    p_store(e, to, f_const(e, 0), live);
}

static void each_pixel(Emit *e, const ScatterPlan *p, GroupBody body, const GroupRow *r, idx width)
{
    const GroupMaps maps = copies_of(p);
    group_maps_each_pixel(e, &maps, body, r, width);
}

/* ---- when a row is first reached ---------------------------------------------------------------- */

static const Param fill_param[] = { PARAM(ScatterFillArgs, input), PARAM(ScatterFillArgs, copy),
                                    PARAM(ScatterFillArgs, grad),  PARAM(ScatterFillArgs, flags),
                                    PARAM(ScatterFillArgs, width), PARAM(ScatterFillArgs, group),
                                    PARAM(ScatterFillArgs, first), PARAM(ScatterFillArgs, last) };
static const Params fill_params = PARAMS(ScatterFillArgs, fill_param);

static void fill_row(Emit *e, const ScatterPlan *p, const ScatterFillArgs *in, idx y)
{
    const int pixel = (int)p->s->in_channels;
    idx own = x_mul(e, y, scatter_row_elements(e, p, in->width));
    if (p->want.dots) {
        addr from = p_at(e, in->input, x_mulk(e, x_mul(e, y, in->width), pixel));
        const GroupRow row = { p_at(e, in->copy, own),       from, p->pixel, pixel, in->group,
                               x_const(e, p->group_channels) };
        each_pixel(e, p, group_move, &row, in->width);
    }
    if (p->want.input) {
        addr to = p_at(e, in->grad, own);
        const GroupRow row = { to, to, p->pixel, p->pixel, in->group, in->group };
        each_pixel(e, p, zero, &row, in->width);
    }
}

LLVMValueRef scatter_emit_fill(Emit *e, const ScatterPlan *p)
{
    ScatterFillArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "fill", 1, e->none, &fill_params, &in);
    EMIT_FOR_OPAQUE (e, y, in.first, in.last, 1) {
        addr flag = p_at_word(e, in.flags, y.at);
        EMIT_IF (e, x_equal(e, p_get_i64(e, flag), x_const(e, 0))) {
            p_put_i64(e, flag, x_const(e, 1));
            fill_row(e, p, &in, y.at);
        }
    }
    e_fn_end(e);
    return fn;
}

void scatter_call_fill(Emit *e, LLVMValueRef fn, const ScatterFillArgs *in)
{
    e_call_with(e, fn, &fill_params, in);
}

/* ---- at the end of a task ----------------------------------------------------------------------- */

static const Param drain_param[] = {
    PARAM(ScatterDrainArgs, grad),   PARAM(ScatterDrainArgs, to),    PARAM(ScatterDrainArgs, spill),
    PARAM(ScatterDrainArgs, flags),  PARAM(ScatterDrainArgs, width), PARAM(ScatterDrainArgs, group),
    PARAM(ScatterDrainArgs, height), PARAM(ScatterDrainArgs, first), PARAM(ScatterDrainArgs, last),
    PARAM(ScatterDrainArgs, add)
};
static const Params drain_params = PARAMS(ScatterDrainArgs, drain_param);

static void own_row(Emit *e, const ScatterPlan *p, const ScatterDrainArgs *in, const GroupRow *r,
                    cond reached)
{
    EMIT_IF_ELSE (e, there, reached) {
        EMIT_IF_ELSE (e, sum, in->add) {
            if (there.yes)
                each_pixel(e, p, sum.yes ? add : group_move, r, in->width);
            else if (!sum.yes)
                each_pixel(e, p, zero, r, in->width);
        }
    }
}

static void drain_row(Emit *e, const ScatterPlan *p, const ScatterDrainArgs *in, idx y)
{
    const int pixel = (int)p->s->in_channels;
    idx at = x_mulk(e, x_mul(e, y, in->width), pixel);
    addr from = p_at(e, in->grad, x_mul(e, y, scatter_row_elements(e, p, in->width)));
    cond reached = x_less(e, x_const(e, 0), p_get_i64(e, p_at_word(e, in->flags, y)));
    cond own = c_and(e, c_not(e, x_less(e, y, in->first)), x_less(e, y, in->last));
    EMIT_IF_ELSE (e, b, own) {
        const GroupRow row = { p_at(e, b.yes ? in->to : in->spill, at), from,     pixel, p->pixel,
                               x_const(e, p->group_channels),           in->group };
        if (b.yes) {
            own_row(e, p, in, &row, reached);
        } else if (p->bands > 1) {
            EMIT_IF (e, reached) {
                p_put_i64(e, p_at_word(e, in->flags, x_add(e, in->height, y)), x_const(e, 1));
                each_pixel(e, p, group_move, &row, in->width);
            }
        }
    }
}

LLVMValueRef scatter_emit_drain(Emit *e, const ScatterPlan *p)
{
    ScatterDrainArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "drain", 1, e->none, &drain_params, &in);
    EMIT_FOR_OPAQUE (e, y, x_const(e, 0), in.height, 1) {
        drain_row(e, p, &in, y.at);
    }
    e_fn_end(e);
    return fn;
}

void scatter_call_drain(Emit *e, LLVMValueRef fn, const ScatterDrainArgs *in)
{
    e_call_with(e, fn, &drain_params, in);
}
