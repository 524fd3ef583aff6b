/* cost.c: how much work a spec is, and how many bytes its operands have.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/gradient.h"
#include "runtime/spec/op.h"

/* What is added or multiplied to sums. */
#define EPILOGUE (RT_SET(BIAS) | RT_SET(SHIFT) | RT_SET(RESIDUAL))

static double elements(const dcn_tensor *t)
{
    double n = 1;
    for (int d = 0; d < t->rank; d++)
        n *= (double)t->dims[d];
    return n;
}

/* The output's elements, which are those of grad_output. */
static double outputs(const dcn_spec *plain)
{
    const rt_operands o = rt_plain_operands_of(plain);
    double n = 0;
    for (int i = 0; i < o.n; i++)
        n += o.tensor[i].role == DCN_OUT ? elements(&o.tensor[i]) : 0;
    return n;
}

static double gradient_flops(const dcn_spec *s)
{
    const dcn_spec plain = rt_plain_spec(s);
    const rt_operands o = rt_plain_operands_of(&plain);
    const rt_operand_set after = rt_op_has(s->op, RT_IS_NETWORK) ? 0 : EPILOGUE;
    const rt_operand_set wanted = rt_wanted(s);
    bool weights = false, others = false;
    for (int i = 0; i < o.n; i++) {
        const bool own = rt_operand_in(o.which[i], wanted & ~after);
        weights = weights || (own && o.tensor[i].role == DCN_WEIGHT);
        others = others || (own && o.tensor[i].role != DCN_WEIGHT);
    }
    const double times = weights + others + rt_gradient_recomputes(&plain);
    return times > 0 ? times * rt_op_of(s->op)->flops(&plain) : 2 * outputs(&plain);
}

double dcn_spec_flops(const dcn_spec *s)
{
    return s->gradient ? gradient_flops(s) : rt_op_of(s->op)->flops(s);
}

double dcn_spec_bytes(const dcn_spec *s)
{
    const rt_operands o = rt_operands_of(s);
    double bytes = 0;
    for (int i = 0; i < o.n; i++)
        bytes += elements(&o.tensor[i]) * (double)dcn_dtype_bytes(o.tensor[i].dtype);
    return bytes;
}
