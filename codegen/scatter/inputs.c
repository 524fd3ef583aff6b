/* inputs.c: offsets and masks of a block side by side, in the thread's workspace.
**
** As passed they are so only where a block has all groups of its pixels, or one pixel; in dcnv4 group
** g has its 2K' offsets and then its K' masks at 3K'g of a packed row.  Logits of a softmax are
** shifted, see kernel/points.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/points.h"
#include "codegen/scatter/scatter.h"

/* The places of a pixel in the workspace. */
typedef struct PixelInputs {
    const ScatterPlan *plan;
    addr offsets, masks;
} PixelInputs;

static void copy_packed(Emit *e, const PixelInputs *to, addr row)
{
    const int points = to->plan->points;
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, to->plan->block_groups), 1) {
        addr from = p_at(e, row, x_mulk(e, g.at, 3 * (int64_t)points));
        idx at = x_mulk(e, g.at, points);
        points_copy(e, p_at(e, to->offsets, x_mulk(e, at, 2)), from, 2 * points);
        points_copy(e, p_at(e, to->masks, at), p_at(e, from, x_const(e, 2 * (int64_t)points)),
                    points);
    }
}

static void copy_pixel(Emit *e, const ScatterPlan *p, const ScatterInputsArgs *in, idx pixel)
{
    const int points = p->block_groups * p->points;
    const int64_t all = (int64_t)p->groups * p->points;
    idx at = x_mulk(e, pixel, points);
    PixelInputs to = { .plan = p };
    to.offsets = p_at(e, scatter_scratch(e, in->scratch, p->scratch.offsets), x_mulk(e, at, 2));
    to.masks = p_at(e, scatter_scratch(e, in->scratch, p->scratch.masks), at);
    if (p->packed) {
        copy_packed(e, &to, p_at(e, in->offsets, x_mulk(e, pixel, p->packed)));
        return;
    }
    points_copy(e, to.offsets, p_at(e, in->offsets, x_mulk(e, pixel, 2 * all)), 2 * points);
    if (p->modulated)
        points_copy(e, to.masks, p_at(e, in->masks, x_mulk(e, pixel, all)), points);
}

static const Param param[] = { PARAM(ScatterInputsArgs, offsets), PARAM(ScatterInputsArgs, masks),
                               PARAM(ScatterInputsArgs, scratch),
                               PARAM(ScatterInputsArgs, pixels) };
static const Params params = PARAMS(ScatterInputsArgs, param);

LLVMValueRef scatter_emit_inputs(Emit *e, const ScatterPlan *p)
{
    ScatterInputsArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "inputs", 1, e->none, &params, &in);
    addr own = scatter_scratch(e, in.scratch, p->scratch.masks);
    if (p->copies) {
        EMIT_FOR (e, pixel, x_const(e, 0), in.pixels, 1) {
            copy_pixel(e, p, &in, pixel.at);
        }
    }
    if (p->softmax)
        points_shift_logits(e, p->s, own, p->copies ? own : in.masks,
                            x_mulk(e, in.pixels, p->block_groups));
    e_fn_end(e);
    return fn;
}

void scatter_call_inputs(Emit *e, LLVMValueRef fn, const ScatterInputsArgs *in)
{
    e_call_with(e, fn, &params, in);
}
