/* group.c: one (pixel, group) of a block: where its samples come from and its sums go.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/group.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/points.h"
#include "codegen/math/math.h"

GroupCtx aggregate_first_group(Emit *e, const AggregatePlan *p, const AggregateSumArgs *in)
{
    GroupCtx g = { .plan = p, .to = in->to };
    Problem pb = problem_load(e, p->s, in->args);
    if (p->compact) {
        const GroupMaps maps = aggregate_maps(p);
        const PixelSteps step = {
            step_along(e, pb.w, x_const(e, p->group_channels)),
            step_along(e, pb.h, group_maps_row(e, &maps, pb.w)),
        };
        g.from = corners_apart(e, in->input, step);
    } else {
        g.from = corners_at(e, &pb, in->input, x_const(e, p->s->in_channels));
    }
    g.at = aggregate_scratch(e, in->scratch, p->scratch.at);
    g.absent = aggregate_scratch(e, in->scratch, p->scratch.absent);
    g.softmax_terms = aggregate_scratch(e, in->scratch, p->scratch.softmax_terms);
    g.coeff = aggregate_scratch(e, in->scratch, p->scratch.coeff);
    if (p->nontemporal)
        g.aligned = p_is_aligned(e, g.to, (int64_t)e->lanes * p->fp_bytes);
    return g;
}

idx aggregate_channel_of(Emit *e, const AggregatePlan *p, idx nth, int64_t pixel)
{
    int channels = p->block.groups * p->group_channels;
    idx at = x_mulk(e, nth, p->group_channels);
    if (p->block.pixels == 1 || pixel == channels)
        return at;
    idx before = x_div(e, nth, x_const(e, p->block.groups));
    return x_add(e, at, x_mulk(e, before, pixel - channels));
}

GroupCtx aggregate_group_at(Emit *e, const GroupCtx *first, idx nth)
{
    GroupCtx g = *first;
    const AggregatePlan *p = g.plan;
    idx point = x_mulk(e, nth, p->points);
    g.at = p_at_i32(e, g.at, point);
    g.absent = p_at_i32(e, g.absent, point);
    g.softmax_terms = p_at(e, g.softmax_terms, point);
    g.coeff = p_at(e, g.coeff, x_mulk(e, point, CORNERS));
    g.to = p_at(e, g.to, aggregate_channel_of(e, p, nth, p->out_stride));
    return g;
}

/* Softmax: 1 / the sum of the points' terms, times the scale of all masks. */
fvec aggregate_scale(Emit *e, const GroupCtx *g)
{
    const AggregatePlan *p = g->plan;
    if (!p->softmax)
        return (fvec){ NULL };
    return points_scale(e, p->s, g->softmax_terms, p->s->modulation_scale);
}

fvec aggregate_output(Emit *e, const AggregatePlan *p, fvec sum, fvec scale)
{
    if (scale.v)
        sum = f_mul(e, sum, scale);
    return p->epilogue ? emit_activation(e, rt_activation_of(p->s), sum) : sum;
}

/* ---- functions of a block's sums ---------------------------------------------------------------- */

static const Param param[] = { PARAM(AggregateSumArgs, args),    PARAM(AggregateSumArgs, input),
                               PARAM(AggregateSumArgs, scratch), PARAM(AggregateSumArgs, to),
                               PARAM(AggregateSumArgs, ahead),   PARAM(AggregateSumArgs, groups) };
static const Params params = PARAMS(AggregateSumArgs, param);

LLVMValueRef aggregate_begin_sums(Emit *e, const AggregatePlan *p, const char *name,
                                  AggregateSumArgs *in)
{
    LLVMValueRef fn = e_fn_begin_with(e, name, true, e->none, &params, in);
    e_fn_lanes(e, p->acc_lanes);
    return fn;
}

void aggregate_call_sums(Emit *e, LLVMValueRef fn, const AggregateSumArgs *in)
{
    e_call_with(e, fn, &params, in);
}
