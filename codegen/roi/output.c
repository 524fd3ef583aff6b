/* output.c: what lies where in a thread's workspace, and how outputs leave it.
**
** nchw outputs of a task are collected in a tile, [bin][channel], and transposed on their way out.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/roi/roi.h"

addr roi_scratch(Emit *e, const RoiCtx *c, int64_t at)
{
    return p_at_bytes(e, c->scratch, x_const(e, at));
}

/* Bins that an array has room for. */
static int64_t room(const RoiPlan *p)
{
    return p->task_bins + p->bins_per_vec;
}

idx roi_table_count(Emit *e, const RoiCtx *c, idx bin)
{
    addr counts = roi_scratch(e, c, c->plan->scratch.counts);
    return p_get_i64(e, p_at_word(e, counts, bin));
}

addr roi_table_offsets(Emit *e, const RoiCtx *c, idx bin)
{
    addr all = roi_scratch(e, c, c->plan->scratch.table);
    return p_at_i32(e, all, x_mulk(e, bin, c->plan->max_pixels));
}

addr roi_table_coeffs(Emit *e, const RoiCtx *c, int which, idx bin)
{
    const RoiPlan *p = c->plan;
    int64_t pixels = room(p) * p->max_pixels, before = 4 + (int64_t)which * p->coeff_bytes;
    addr all = roi_scratch(e, c, p->scratch.table + pixels * before);
    return p_at(e, all, x_mulk(e, bin, p->max_pixels));
}

addr roi_limit(Emit *e, const RoiCtx *c, int which, idx bin)
{
    idx at = x_addk(e, bin, which * room(c->plan));
    return p_at_i32(e, roi_scratch(e, c, c->plan->scratch.table), at);
}

addr roi_out(Emit *e, const RoiCtx *c, idx bin, idx channel)
{
    const RoiPlan *p = c->plan;
    if (p->out_stride) {
        idx own = p->splits_channels ? x_sub(e, channel, c->first_out) : channel;
        idx at = x_add(e, x_mulk(e, bin, p->out_stride), own);
        return p_at(e, roi_scratch(e, c, p->scratch.out_tile), at);
    }
    idx task = x_add(e, c->first_bin, bin);
    idx place = x_add(e, x_mulk(e, c->r, (int64_t)p->pooled_h * p->pooled_w), task);
    return p_at(e, c->pb.output, x_add(e, x_mulk(e, place, p->out_channels), channel));
}

void roi_unpack(Emit *e, const RoiCtx *c, LLVMValueRef transpose)
{
    const RoiPlan *p = c->plan;
    idx plane = x_const(e, (int64_t)p->pooled_h * p->pooled_w);
    idx channel = x_add(e, x_mulk(e, c->r, p->out_channels), c->first_out);
    idx first = x_add(e, x_mul(e, channel, plane), c->first_bin);
    Transpose t = { .rows = c->bins, .cols = c->outs, .to_step = plane };
    t.from = roi_out(e, c, x_const(e, 0), c->first_out);
    t.from_step = x_const(e, p->out_stride);
    t.to = p_at(e, c->pb.output, first);
    call_transpose(e, transpose, &t);
}
