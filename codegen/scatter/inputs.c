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

static const Param param[] = { PARAM(ScatterInputsArgs, offsets), PARAM(ScatterInputsArgs, masks),
                               PARAM(ScatterInputsArgs, scratch),
                               PARAM(ScatterInputsArgs, pixels) };
static const Params params = PARAMS(ScatterInputsArgs, param);

LLVMValueRef scatter_emit_inputs(Emit *e, const ScatterPlan *p)
{
    ScatterInputsArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "inputs", 1, e->none, &params, &in);
    PointInputs own = { .offsets = scatter_scratch(e, in.scratch, p->scratch.offsets) };
    if (p->modulated)
        own.masks = scatter_scratch(e, in.scratch, p->scratch.masks);
    if (p->copies)
        points_gather(e, p->s, p->block.groups, &own, &(PointInputs){ in.offsets, in.masks },
                      in.pixels);
    if (p->softmax)
        points_shift_logits(e, p->s, own.masks, p->copies ? own.masks : in.masks,
                            x_mulk(e, in.pixels, p->block.groups));
    e_fn_end(e);
    return fn;
}

void scatter_call_inputs(Emit *e, LLVMValueRef fn, const ScatterInputsArgs *in)
{
    e_call_with(e, fn, &params, in);
}
