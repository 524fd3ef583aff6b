/* forward.c: the steps that compute the outputs of a network.
**
** Inside, values are channels-last.  An input that is already, or that is the same in either layout, is
** read where it is; another is converted before its first reader.  An output that is channels-last
** outside is written where it goes, by the layer that makes it; another is converted after that layer.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"

static bool has_one_layout(net_shape s)
{
    return s.c == 1 || s.h * s.w == 1;
}

/* Whether a value lies outside as it does inside. */
bool program_is_plain(const net_value *v)
{
    return v->layout == DCN_NHWC || has_one_layout(v->shape);
}

static int position_of_output(const NetProgram *p, int output)
{
    return p->net->ninputs + (net_parameters_at(p->net) >= 0) + output;
}

/* ---- edges ----------------------------------------------------------------------------------- */

void program_convert_input(NetProgram *p, int value)
{
    const NetEdge edge = { .shape = p->net->value[value].shape, .to_nhwc = true };
    program_add_step(p, program_part_of_edge(p, &edge), -1)->out = 1;
    const StepPlace to = program_new_block(p, net_elements(edge.shape));
    steps_add_place(&p->list, steps_operand(value));
    steps_add_place(&p->list, to);
    p->value[value] = to;
}

/* Output number i, whose value is made; an input that is one lies there as it came. */
static void write_output(NetProgram *p, int i)
{
    const int value = p->net->output[i];
    const net_value *v = &p->net->value[value];
    const bool is_input = value < p->net->ninputs;
    const StepPlace to = steps_operand(position_of_output(p, i));
    const StepPlace from = is_input ? steps_operand(value) : p->value[value];
    const NetEdge edge = { .shape = v->shape, .to_nchw = !is_input && !program_is_plain(v) };
    if (from.in != PLACE_OPERAND || from.index != to.index)
        program_add_edge(p, &edge, from, to);
}

/* ---- layers ---------------------------------------------------------------------------------- */

/* Where a layer writes its value: to the first output that takes it as it is, else to a block, as always where
** gradients are computed. */
static StepPlace place_for(NetProgram *p, int value)
{
    const dcn_network *n = p->net;
    for (int i = 0; i < n->noutputs && !p->list.s->gradient; i++)
        if (n->output[i] == value && program_is_plain(&n->value[value]))
            return steps_operand(position_of_output(p, i));
    return program_new_block(p, net_elements(n->value[value].shape));
}

static void convert_arguments(NetProgram *p, const net_layer *l)
{
    for (int i = 0; i < l->nargs; i++) {
        const int v = l->arg[i].value;
        if (v >= 0 && p->value[v].in == PLACE_NONE)
            program_convert_input(p, v);
    }
}

/* The place of what the step of a layer makes, among its own: behind all that a glue layer reads, else where its spec
** has it. */
static int place_of_output(const net_layer *l)
{
    return l->spec ? rt_operand_at(l->spec, RT_OUTPUT) : l->nargs;
}

void program_add_layer(NetProgram *p, int number)
{
    const net_layer *l = &p->net->layer[number];
    convert_arguments(p, l);
    const int out = place_of_output(l);
    program_add_step(p, program_part_of_layer(p, number), number)->out = out;
    p->value[l->out] = place_for(p, l->out);
    for (int i = 0, operand = 0; i < l->nargs; i++, operand++) {
        const net_arg *a = &l->arg[i];
        if (operand == out) {
            steps_add_place(&p->list, p->value[l->out]);
            operand++;
        }
        steps_add_place(&p->list, a->value >= 0 ? p->value[a->value]
                                                : program_piece(p, a->param, operand,
                                                                p->net->param[a->param].packed));
    }
    if (out == l->nargs)
        steps_add_place(&p->list, p->value[l->out]);
}

void program_take_inputs(NetProgram *p)
{
    for (int v = 0; v < p->net->ninputs; v++)
        p->value[v] = program_is_plain(&p->net->value[v]) ? steps_operand(v)
                                                          : (StepPlace){ .in = PLACE_NONE };
}

void program_forward(NetProgram *p)
{
    const dcn_network *n = p->net;
    program_take_inputs(p);
    for (int i = 0; i < n->nlayers; i++) {
        program_add_layer(p, p->order[i]);
        for (int o = 0; o < n->noutputs; o++)
            if (n->output[o] == n->layer[p->order[i]].out)
                write_output(p, o);
    }
    for (int o = 0; o < n->noutputs; o++)
        if (n->output[o] < n->ninputs)
            write_output(p, o);
}
