/* calling.c: the operands of a kernel in calling order.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/gradient.h"
#include "runtime/spec/network.h"
#include "runtime/spec/row.h"

#include <string.h>

/* The gradient of operand number i of `of`. */
static void add_grad(rt_operands *l, const rt_operands *of, int i, dcn_role role)
{
    dcn_tensor t = of->tensor[i];
    if (rt_op_has(l->s->op, RT_IS_NETWORK))
        t = net_gradient_tensor(l->s->network, of->which[i], t);
    t.role = role;
    rt_add(l, rt_grad_of(of->which[i]), t);
}

static void list_gradients(rt_operands *l, const rt_operands *plain)
{
    const rt_operand_set wanted = rt_wanted(l->s), reads = rt_gradient_reads(l->s, wanted);
    for (int i = 0; i < plain->n; i++)
        if (rt_operand_in(plain->which[i], reads))
            rt_add(l, plain->which[i], plain->tensor[i]);
    for (int i = 0; i < plain->n; i++)
        if (plain->tensor[i].role == DCN_OUT)
            add_grad(l, plain, i, DCN_IN);
    for (int i = 0; i < plain->n; i++)
        if (rt_operand_in(plain->which[i], wanted))
            add_grad(l, plain, i, DCN_OUT);
    if (rt_op_has(l->s->op, RT_IS_NETWORK))
        net_add_inner_gradients(l);
}

rt_operands rt_operands_of(const dcn_spec *s)
{
    const rt_operands plain = rt_plain_operands_of(s);
    rt_operands l = { .s = s };
    if (!s->gradient)
        return plain;
    list_gradients(&l, &plain);
    return l;
}

int rt_operand_at(const dcn_spec *s, rt_operand which)
{
    const rt_operands o = rt_operands_of(s);
    int i = o.n - 1;
    while (i >= 0 && o.which[i] != which)
        i--;
    return i;
}

bool rt_operand_is_weight(const dcn_spec *s, rt_operand which)
{
    const rt_operands o = rt_plain_operands_of(s);
    const rt_operand plain = rt_operand_is_grad(which) ? rt_operand_of_grad(which) : which;
    bool weight = false;
    for (int i = 0; i < o.n; i++)
        weight = weight || (o.which[i] == plain && o.tensor[i].role == DCN_WEIGHT);
    return weight;
}

int dcn_spec_tensors(const dcn_spec *s, dcn_tensor *out, int max)
{
    const rt_operands o = rt_operands_of(s);
    const int n = o.n < max ? o.n : max;
    if (n > 0)
        memcpy(out, o.tensor, (size_t)n * sizeof *out);
    return o.n;
}
