/* deliver.c: gradients of a block's offsets and masks to where the caller wants them: those that were
** made in the workspace, or zeros.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/scatter/scatter.h"

typedef struct Delivery {
    const ScatterPlan *plan;
    const ScatterDeliverArgs *in;
    ScatterOuts out;
    bool zeros;
} Delivery;

/* A vector of one gradient; from: in the workspace. */
static void piece(Emit *e, const Delivery *d, const GradientOut *out, addr to, addr from)
{
    if (d->zeros)
        p_store(e, to, f_const(e, 0), all_lanes);
    else
        gradient_store(e, out, to, x_const(e, 1), p_load(e, from, all_lanes), all_lanes);
}

/* n elements: whole vectors, then shorter ones, as masked stores are slow on some machines. */
static void some(Emit *e, const Delivery *d, const GradientOut *out, addr to, addr from, int n)
{
    int at = n / e->lanes * e->lanes;
    EMIT_FOR (e, v, x_const(e, 0), x_const(e, at), e->lanes) {
        piece(e, d, out, p_at(e, to, v.at), p_at(e, from, v.at));
    }
    for (int lanes = e->lanes / 2; lanes; lanes /= 2) {
        if (!(n & lanes))
            continue;
        EMIT_LANES (e, lanes) {
            idx first = x_const(e, at);
            piece(e, d, out, p_at(e, to, first), p_at(e, from, first));
        }
        at += lanes;
    }
}

static addr own(Emit *e, const Delivery *d, int64_t array, idx at)
{
    return p_at(e, scatter_scratch(e, d->in->scratch, array), at);
}

/* A group of a packed row. */
static void packed_groups(Emit *e, const Delivery *d, idx pixel)
{
    const ScatterPlan *p = d->plan;
    idx before = x_mulk(e, pixel, p->block.groups);
    addr row = p_at(e, d->in->grad_offset, x_mulk(e, pixel, p->packed));
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, p->block.groups), 1) {
        idx point = x_mulk(e, x_add(e, before, g.at), p->points);
        addr to = p_at(e, row, x_mulk(e, g.at, 3 * (int64_t)p->points));
        some(e, d, &d->out.offset, to, own(e, d, p->scratch.grad_offsets, x_mulk(e, point, 2)),
             2 * p->points);
        some(e, d, &d->out.mask, p_at(e, to, x_const(e, 2 * (int64_t)p->points)),
             own(e, d, p->scratch.grad_masks, point), p->points);
    }
}

static void both_rows(Emit *e, const Delivery *d, idx pixel)
{
    const ScatterPlan *p = d->plan;
    const int points = p->block.groups * p->points, all = p->groups * p->points;
    idx at = x_mulk(e, pixel, points);
    if (p->want.offset) {
        EMIT_IF (e, d->out.offset.wanted) {
            addr to = p_at(e, d->in->grad_offset, x_mulk(e, pixel, 2 * (int64_t)all));
            some(e, d, &d->out.offset, to, own(e, d, p->scratch.grad_offsets, x_mulk(e, at, 2)),
                 2 * points);
        }
    }
    if (p->want.mask) {
        EMIT_IF (e, d->out.mask.wanted) {
            addr to = p_at(e, d->in->grad_mask, x_mulk(e, pixel, all));
            some(e, d, &d->out.mask, to, own(e, d, p->scratch.grad_masks, at), points);
        }
    }
}

/* ---- the functions -------------------------------------------------------------------------- */

static const Param param[] = { PARAM(ScatterDeliverArgs, args), PARAM(ScatterDeliverArgs, scratch),
                               PARAM(ScatterDeliverArgs, grad_offset),
                               PARAM(ScatterDeliverArgs, grad_mask),
                               PARAM(ScatterDeliverArgs, pixels) };
static const Params params = PARAMS(ScatterDeliverArgs, param);

static LLVMValueRef emit(Emit *e, const ScatterPlan *p, const char *name, bool zeros)
{
    ScatterDeliverArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, name, 1, e->none, &params, &in);
    Problem pb = problem_load(e, p->s, in.args);
    Delivery d = { .plan = p, .in = &in, .zeros = zeros };
    d.out = scatter_outs(e, p, &pb, in.args);
    if (zeros) { /* added to what is there they are nothing */
        d.out.offset.wanted = c_and(e, d.out.offset.wanted, c_not(e, d.out.offset.add));
        d.out.mask.wanted = c_and(e, d.out.mask.wanted, c_not(e, d.out.mask.add));
    }
    EMIT_FOR_OPAQUE (e, pixel, x_const(e, 0), in.pixels, 1) {
        if (p->packed) {
            EMIT_IF (e, d.out.offset.wanted) {
                packed_groups(e, &d, pixel.at);
            }
        } else {
            both_rows(e, &d, pixel.at);
        }
    }
    e_fn_end(e);
    return fn;
}

LLVMValueRef scatter_emit_deliver(Emit *e, const ScatterPlan *p)
{
    return emit(e, p, "deliver", false);
}

LLVMValueRef scatter_emit_clear(Emit *e, const ScatterPlan *p)
{
    return emit(e, p, "clear", true);
}

void scatter_call_deliver(Emit *e, LLVMValueRef fn, const ScatterDeliverArgs *in)
{
    e_call_with(e, fn, &params, in);
}
