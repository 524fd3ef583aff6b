/* gradient_out.c: gradients as outputs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/gradient_out.h"

/* Behind the tensors of a call and its four sizes is the word of what is added to (see
** runtime/exec/kernel.h). */
enum { NSIZES = 4 };

GradientOut gradient_out_nth(Emit *e, addr to, addr args, int n, int nth)
{
    idx bits = p_get_i64(e, p_at_word(e, args, x_const(e, n + NSIZES)));
    GradientOut out = { .to = to };
    out.wanted = c_not(e, p_is_null(e, to));
    out.add = x_less(e, x_const(e, 0), x_field(e, bits, (unsigned)nth, 1));
    return out;
}

GradientOut gradient_out(Emit *e, const Problem *pb, addr args, rt_operand of)
{
    const rt_operand which = rt_grad_of(of);
    GradientOut none = { .to = pb->operand[which] };
    none.wanted = none.add = x_less(e, x_const(e, 1), x_const(e, 0));
    if (!none.to.v)
        return none;
    const rt_operands list = rt_operands_of(pb->s);
    return gradient_out_nth(e, none.to, args, list.n, rt_operand_at(pb->s, which));
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

void gradient_give(Emit *e, const GradientOut *out, idx at, fvec x, mask live)
{
    EMIT_IF (e, out->wanted) {
        gradient_store(e, out, p_at(e, out->to, at), x_const(e, 1), x, live);
    }
}

void gradient_clear(Emit *e, addr to, idx elements)
{
    EMIT_VECTORS (e, v, elements) {
        p_store(e, p_at(e, to, v.at), f_const(e, 0), v.live);
    }
}

fvec gradient_times(Emit *e, fvec g, fvec x)
{
    fvec zero = f_const(e, 0);
    return f_select(e, f_equal(e, g, zero), zero, f_mul(e, g, x));
}
