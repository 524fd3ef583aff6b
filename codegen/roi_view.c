/* roi_view.c: between the layouts in memory and channels side by side.
**
** The view is a copy of the input, [n][y][x][group][output]: the channels that one bin reads for all
** outputs lie together, also where a position-sensitive operator stores them gh*gw apart.  nchw outputs of a task are
** collected in a tile, [bin][output], and turned on their way out.
** SPDX-License-Identifier: Apache-2.0
*/
#include "roi.h"
#include "transpose.h"
#include "turn.h"

static const mask all_lanes = { NULL };

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

static void turn_row(Emit *e, const Row *r)
{
    const RoiPlan *p = r->plan;
    idx zero = x_const(e, 0);
    Turn t = { .to = r->to, .channels = p->s->in_channels, .view = p->s->in_channels };
    t.groups = (int64_t)p->groups[0] * p->groups[1];
    t.outputs = p->outputs;
    t.from = input_at(e, r, zero, zero);
    t.plane = x_mul(e, r->pb.h, r->pb.w);
    emit_turn(e, &t, r->pb.w);
}

/* nhwc: the channels of every pixel in another order. */
static void order_row(Emit *e, const Row *r)
{
    int groups = r->plan->groups[0] * r->plan->groups[1];
    ivec step = i_mul(e, i_lane(e), i_const(e, groups));
    EMIT_FOR (e, x, x_const(e, 0), r->pb.w, 1) {
        EMIT_FOR (e, k, x_const(e, 0), x_const(e, groups), 1) {
            EMIT_TILES (e, o, x_const(e, r->plan->outputs)) {
                idx from = x_add(e, x_mulk(e, o.at, groups), k.at);
                idx to = x_add(e, x_mulk(e, k.at, r->plan->outputs), o.at);
                fvec v = p_gather(e, input_at(e, r, from, x.at), step, o.live);
                p_store(e, view_at(e, r, to, x.at), v, o.live);
            }
        }
    }
}

LLVMValueRef roi_emit_repack(Emit *e, const RoiPlan *plan)
{
    enum { ARGS, TO, TASK, NARGS };
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "repack", 1, e->none, NARGS, args);
    Row r = { .plan = plan, .pb = problem_load(e, plan->s, e_arg_addr(e, ARGS)) };
    idx task = e_arg_idx(e, TASK), pixels = x_mul(e, task, r.pb.w);
    r.n = x_div(e, task, r.pb.h);
    r.y = x_rem(e, task, r.pb.h);
    r.to = p_at(e, e_arg_addr(e, TO), x_mulk(e, pixels, plan->s->in_channels));
    (plan->s->layout == DCN_NCHW ? turn_row : order_row)(e, &r);
    e_fn_end(e);
    return fn;
}

/* ---- output ------------------------------------------------------------------------------------ */

/* Outputs o .. o+count-1 of the bins from `bin` on. */
static void unpack_block(Emit *e, const RoiCtx *c, idx o, int count, idx bin, mask live)
{
    const RoiPlan *p = c->plan;
    int64_t plane = (int64_t)p->nh * p->nw;
    fvec block[64];
    for (int i = 0; i < e->lanes; i++)
        block[i] = p_load(e, roi_out(e, c, x_addk(e, bin, i), o), all_lanes);
    emit_transpose(e, block);
    idx first = x_add(e, x_mulk(e, x_mulk(e, c->r, p->outputs), plane), x_add(e, c->first, bin));
    for (int i = 0; i < count; i++) {
        idx at = x_add(e, first, x_mulk(e, x_addk(e, o, i), plane));
        p_store(e, p_at(e, c->pb.output, at), block[i], live);
    }
}

static void unpack_bins(Emit *e, const RoiCtx *c, idx bin, mask live)
{
    int64_t outputs = c->plan->outputs, whole = outputs / e->lanes * e->lanes;
    EMIT_FOR (e, o, x_const(e, 0), x_const(e, whole), e->lanes) {
        unpack_block(e, c, o.at, e->lanes, bin, live);
    }
    if (whole < outputs)
        unpack_block(e, c, x_const(e, whole), (int)(outputs - whole), bin, live);
}

/* Whole vectors of bins, and at the end one that overlaps the last of them; fewer bins than lanes take a mask. */
void roi_unpack(Emit *e, const RoiCtx *c)
{
    EMIT_EITHER(e, b, x_less(e, c->bins, x_const(e, e->lanes)))
    {
        if (b.yes) {
            unpack_bins(e, c, x_const(e, 0), m_below(e, c->bins));
        } else {
            idx last = x_addk(e, c->bins, -e->lanes);
            EMIT_FOR (e, bin, x_const(e, 0), c->bins, e->lanes) {
                unpack_bins(e, c, x_min(e, bin.at, last), all_lanes);
            }
        }
    }
}
