/* reach.c: which values of a network have gradients that somebody wants, and which are read for these.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/glue.h"
#include "codegen/network/backward.h"
#include "runtime/spec/gradient.h"

#include <string.h>

NetWanted back_bit(int operand)
{
    return operand < 0 ? 0 : (NetWanted)1 << operand;
}

/* Among the operands of the network's kernel: the gradient of an input, of an output. */
int back_operand(const NetBackward *b, int position)
{
    return rt_operand_at(b->p->s, rt_grad_of((rt_operand)position));
}

/* Bit of the gradient of a value that a layer makes, if that itself is wanted. */
NetWanted back_inner(const NetBackward *b, int value)
{
    for (int i = 0; i < b->net->ninner; i++)
        if (b->net->inner[i] == value)
            return back_bit(back_operand(b, net_inner_at(b->net, i)));
    return 0;
}

/* ---- arguments ------------------------------------------------------------------------------------- */

static bool is_boxes(const net_arg *a)
{
    return strcmp(a->operand, rt_operand_names[RT_ROIS]) == 0;
}

/* The gradients that of an argument is on the way to. */
NetWanted back_reach(const NetBackward *b, const net_arg *a)
{
    if (is_boxes(a))
        return 0;
    if (a->value >= 0)
        return b->reach[a->value];
    return a->param < b->net->nparams && b->net->param[a->param].wanted ? back_bit(b->parameters)
                                                                        : 0;
}

/* Of an operator's layer: its arguments by operand, -1 where there is none. */
void back_arguments(const net_layer *l, int arg[RT_NUM_PLAIN])
{
    const rt_operands o = rt_operands_of(l->spec);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        arg[i] = -1;
    for (int i = 0, n = 0; i < o.n; i++)
        if (o.tensor[i].role != DCN_OUT)
            arg[o.which[i]] = n++;
}

/* The operands of an operator's layer that are wanted gradients of. */
rt_operand_set back_wanted(const NetBackward *b, const net_layer *l, const int arg[RT_NUM_PLAIN])
{
    rt_operand_set set = 0;
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (arg[i] >= 0 && back_reach(b, &l->arg[arg[i]]))
            set |= (rt_operand_set)1 << i;
    return set;
}

/* ---- who needs what -------------------------------------------------------------------------------- */

static void find_reach(NetBackward *b)
{
    for (int i = 0; i < b->net->ninputs; i++)
        b->reach[i] = back_bit(back_operand(b, i));
    for (int i = 0; i < b->net->nlayers; i++) {
        const net_layer *l = &b->net->layer[i];
        for (int j = 0; j < l->nargs && !b->net->value[l->out].still; j++)
            b->reach[l->out] |= back_reach(b, &l->arg[j]);
        b->passes[l->out] = b->reach[l->out];
        b->reach[l->out] |= back_inner(b, l->out);
    }
}

/* What the gradients of a layer read of its arguments. */
static void mark_reads(NetBackward *b, const net_layer *l)
{
    int arg[RT_NUM_PLAIN];
    rt_operand_set reads = 0;
    if (l->spec) {
        back_arguments(l, arg);
        dcn_spec s = *l->spec;
        s.gradient = back_wanted(b, l, arg);
        reads = rt_gradient_reads(&s, s.gradient);
    }
    for (int i = 0; i < RT_NUM_PLAIN && l->spec; i++)
        if (rt_operand_in((rt_operand)i, reads) && arg[i] >= 0 && l->arg[arg[i]].value >= 0)
            b->known[l->arg[arg[i]].value] = true;
    for (int i = 0; i < l->nargs && !l->spec; i++)
        if (l->arg[i].value >= 0 && glue_back_reads(l, i))
            b->known[l->arg[i].value] = true;
}

static void find_known(NetBackward *b)
{
    for (int i = 0; i < b->net->nlayers; i++)
        if (b->passes[b->net->layer[i].out])
            mark_reads(b, &b->net->layer[i]);
    for (int i = b->net->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &b->net->layer[i];
        for (int j = 0; j < l->nargs && b->known[l->out]; j++)
            if (l->arg[j].value >= 0)
                b->known[l->arg[j].value] = true;
    }
}

static void find_readers(NetBackward *b)
{
    for (int i = 0; i < b->net->nlayers; i++) {
        const net_layer *l = &b->net->layer[i];
        for (int j = 0; j < l->nargs; j++)
            if (l->arg[j].value >= 0 && !is_boxes(&l->arg[j]))
                b->is_read[l->arg[j].value] = true;
    }
}

void back_find(NetBackward *b)
{
    find_reach(b);
    find_known(b);
    find_readers(b);
}
