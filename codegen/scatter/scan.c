/* scan.c: whether anything of a block's grad_output is not 0, and whether it is all finite.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/scatter/scatter.h"

static const Param param[] = { PARAM(ScatterScanArgs, g), PARAM(ScatterScanArgs, pixels) };
static const Params params = PARAMS(ScatterScanArgs, param);

static idx bit(Emit *e, mask any, int64_t bits)
{
    return x_select(e, c_any(e, any), x_const(e, bits), x_const(e, 0));
}

LLVMValueRef scatter_emit_scan(Emit *e, const ScatterPlan *p)
{
    ScatterScanArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "scan", 1, e->i64, &params, &in);
    const fvec zero = f_const(e, 0), one = f_const(e, 1);
    var seen = v_float(e, zero), unsound = v_float(e, zero);
    EMIT_FOR (e, pixel, x_const(e, 0), in.pixels, 1) {
        addr g = p_at(e, in.g, x_mulk(e, pixel.at, p->s->in_channels));
        EMIT_VECTORS (e, v, x_const(e, (int64_t)p->block.groups * p->group_channels)) {
            fvec x = p_load(e, p_at(e, g, v.at), v.live);
            v_set(e, seen, f_select(e, f_equal(e, x, zero), v_get(e, seen), one));
            /* NaN from here on if x is NaN or infinite */
            v_set(e, unsound, f_fma(e, x, zero, v_get(e, unsound)));
        }
    }
    idx any = bit(e, f_less(e, zero, v_get(e, seen)), SCATTER_SEEN);
    e_return(e, x_or(e, any, bit(e, f_is_nan(e, v_get(e, unsound)), SCATTER_UNSOUND)));
    return fn;
}

idx scatter_call_scan(Emit *e, LLVMValueRef fn, const ScatterScanArgs *in)
{
    return (idx){ e_call_with(e, fn, &params, in) };
}
