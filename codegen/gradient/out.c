/* out.c: gradients as outputs: a call may want fewer than the kernel makes, and have them added to
** what is there; and the arguments of the functions that finish them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"

GradientOut gradient_out(Emit *e, const Problem *pb, addr args, rt_operand of)
{
    const rt_operand which = rt_grad_of(of);
    GradientOut out = { .to = pb->operand[which] };
    out.wanted = out.add = x_less(e, x_const(e, 1), x_const(e, 0));
    if (!out.to.v)
        return out;
    const rt_operands list = rt_operands_of(pb->s);
    const int nth = rt_operand_at(pb->s, which);
    idx bits = p_get_i64(e, p_at_word(e, args, x_const(e, list.n + 4)));
    out.wanted = c_not(e, p_is_null(e, out.to));
    out.add = x_less(e, x_const(e, 0), x_field(e, bits, (unsigned)nth, 1));
    return out;
}

static fvec load(Emit *e, addr from, idx step, mask live)
{
    if (x_is_const(step, 1))
        return p_load(e, from, live);
    return p_gather(e, from, i_mul(e, i_lane(e), i_splat(e, step)), live);
}

void gradient_store(Emit *e, const GradientOut *out, addr to, idx step, fvec x, mask live)
{
    var sum = v_float(e, x);
    EMIT_IF (e, out->add) {
        v_set(e, sum, f_add(e, load(e, to, step, live), x));
    }
    if (x_is_const(step, 1))
        p_store(e, to, v_get(e, sum), live);
    else
        p_scatter(e, to, i_mul(e, i_lane(e), i_splat(e, step)), v_get(e, sum), live);
}

/* ---- finishing ----------------------------------------------------------------------------- */

static const Param finish_param[] = { PARAM(GradientFinishArgs, args),
                                      PARAM(GradientFinishArgs, workspace),
                                      PARAM(GradientFinishArgs, number) };
static const Params finish_params = PARAMS(GradientFinishArgs, finish_param);

LLVMValueRef gradient_begin_finish(Emit *e, const char *name, GradientFinishArgs *in)
{
    return e_fn_begin_with(e, name, 1, e->none, &finish_params, in);
}

void gradient_call_finish(Emit *e, LLVMValueRef fn, const GradientFinishArgs *in)
{
    e_call_with(e, fn, &finish_params, in);
}
