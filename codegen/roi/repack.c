/* repack.c: between the layouts in memory and channels side by side.
**
** The view is a copy of the input, [n][y][x][group][output]: the channels that one bin reads for all
** outputs lie together, also where a position-sensitive operator stores them gh*gw apart.  nchw outputs of a task are
** collected in a tile, [bin][output], and turned on their way out.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/roi/roi.h"

/* The row being copied. */
typedef struct Row {
    const RoiPlan *plan;
    Problem pb;
    idx n, y;
    addr to; /* of the view */
} Row;

static addr input_at(Emit *e, const Row *r, idx channel, idx x)
{
    const idx at[4] = { r->n, channel, r->y, x };
    idx channels = x_const(e, r->plan->s->in_channels);
    return p_at(e, r->pb.input, problem_at(e, &r->pb, channels, r->pb.h, r->pb.w, at));
}

static addr view_at(Emit *e, const Row *r, idx c, idx x)
{
    return p_at(e, r->to, x_add(e, x_mulk(e, x, r->plan->s->in_channels), c));
}

/* nchw: the channels that lie `groups` apart, group after group. */
static void turn_row(Emit *e, const Row *r, LLVMValueRef turn)
{
    const RoiPlan *p = r->plan;
    int64_t groups = (int64_t)p->groups[0] * p->groups[1];
    int64_t together = groups == 1 ? p->s->in_channels : p->outputs;
    Transpose t = { .rows = x_const(e, together), .cols = r->pb.w };
    t.from_step = x_mulk(e, x_mul(e, r->pb.h, r->pb.w), groups);
    t.to_step = x_const(e, p->s->in_channels);
    EMIT_FOR (e, k, x_const(e, 0), x_const(e, groups), 1) {
        t.from = input_at(e, r, k.at, x_const(e, 0));
        t.to = p_at(e, r->to, x_mulk(e, k.at, together));
        call_transpose(e, turn, &t);
    }
}

/* nhwc: the channels of every pixel in another order. */
static void order_row(Emit *e, const Row *r)
{
    int groups = r->plan->groups[0] * r->plan->groups[1];
    ivec step = i_mul(e, i_lane(e), i_const(e, groups));
    EMIT_FOR (e, x, x_const(e, 0), r->pb.w, 1) {
        EMIT_FOR (e, k, x_const(e, 0), x_const(e, groups), 1) {
            EMIT_VECTORS (e, o, x_const(e, r->plan->outputs)) {
                idx from = x_add(e, x_mulk(e, o.at, groups), k.at);
                idx to = x_add(e, x_mulk(e, k.at, r->plan->outputs), o.at);
                fvec v = p_gather(e, input_at(e, r, from, x.at), step, o.live);
                p_store(e, view_at(e, r, to, x.at), v, o.live);
            }
        }
    }
}

LLVMValueRef roi_emit_repack(Emit *e, const RoiPlan *plan, LLVMValueRef turn)
{
    enum { ARGS, TO, TASK, NARGS };
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "repack", 1, e->none, NARGS, args);
    Row r = { .plan = plan, .pb = problem_load(e, plan->s, e_arg_addr(e, ARGS)) };
    idx task = e_arg_idx(e, TASK), pixels = x_mul(e, task, r.pb.w);
    r.n = x_div(e, task, r.pb.h);
    r.y = x_rem(e, task, r.pb.h);
    r.to = p_at(e, e_arg_addr(e, TO), x_mulk(e, pixels, plan->s->in_channels));
    if (plan->s->layout == DCN_NCHW)
        turn_row(e, &r, turn);
    else
        order_row(e, &r);
    e_fn_end(e);
    return fn;
}

/* ---- output ------------------------------------------------------------------------------------ */

void roi_unpack(Emit *e, const RoiCtx *c, LLVMValueRef turn)
{
    const RoiPlan *p = c->plan;
    idx outputs = x_const(e, p->outputs), plane = x_const(e, (int64_t)p->nh * p->nw);
    idx zero = x_const(e, 0), first = x_add(e, x_mul(e, x_mul(e, c->r, outputs), plane), c->first);
    Transpose t = { .rows = c->bins, .cols = outputs, .to_step = plane };
    t.from = roi_out(e, c, zero, zero);
    t.from_step = x_const(e, p->out_stride);
    t.to = p_at(e, c->pb.output, first);
    call_transpose(e, turn, &t);
}
