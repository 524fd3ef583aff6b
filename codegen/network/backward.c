/* backward.c: the steps that compute the gradients of a network: reverse mode over its layers.
**
** First the values that gradients read are made again, all that lead to them with them.  Then every layer,
** the last first, gives the gradients of its arguments from that of its value.  A value that several
** layers read has the sum of what they give: the first to be walked over writes it, the others add to it,
** so the order of a sum is that of the layers.
**
** What the gradient of a value is on the way to is known for each value; steps, and what they write, are
** left out where a call wants nothing of that.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/backward.h"
#include "codegen/glue/glue.h"
#include "runtime/spec/gradient.h"

#include <stdlib.h>
#include <string.h>

/* ---- forwards -------------------------------------------------------------------------------------- */

static void make_again(NetBackward *b)
{
    program_take_inputs(b->p);
    for (int i = 0; i < b->net->nlayers; i++)
        if (b->known[b->net->layer[i].out])
            program_add_layer(b->p, i);
    for (int i = 0; i < b->net->ninputs; i++)
        if (b->known[i] && b->p->value[i].in == PLACE_NONE)
            program_convert_input(b->p, i);
}

/* ---- where gradients are --------------------------------------------------------------------------- */

/* Of an input that lies outside as it does inside: where it goes; else a block. */
static NetPlace new_gradient(NetBackward *b, int value)
{
    const net_value *v = &b->net->value[value];
    const bool outside = value < b->net->ninputs && program_is_plain(v);
    NetPlace to = outside ? program_operand(back_operand(b, value))
                          : program_new_block(b->p, net_elements(v->shape));
    to.wanted = b->reach[value];
    return to;
}

/* What the last step writes of the gradient of a value; later ones add to it. */
static NetPlace write_gradient(NetBackward *b, int value)
{
    if (b->grad[value].in == PLACE_NONE) {
        b->grad[value] = new_gradient(b, value);
        const NetPlace first = b->grad[value];
        b->grad[value].again = true;
        return first;
    }
    return b->grad[value];
}

/* A step that adds a block, or an operand, to the gradient of a value. */
static void add_to_gradient(NetBackward *b, int value, NetPlace from)
{
    const NetEdge edge = { .shape = b->net->value[value].shape, .adds = true };
    NetStep *st = program_add_step(b->p, program_part_of_edge(b->p, &edge), -1);
    st->wanted = b->reach[value];
    program_add_place(b->p, from);
    program_add_place(b->p, write_gradient(b, value));
}

/* A place as a later step reads it. */
static NetPlace read_place(NetPlace place)
{
    place.wanted = 0;
    place.again = false;
    return place;
}

/* ---- outputs --------------------------------------------------------------------------------------- */

static int times_output(const dcn_network *n, int value)
{
    int times = 0;
    for (int i = 0; i < n->noutputs; i++)
        times += n->output[i] == value;
    return times;
}

static NetPlace from_planes(NetBackward *b, int value, NetPlace from)
{
    const NetEdge edge = { .shape = b->net->value[value].shape, .to_nhwc = true };
    NetStep *st = program_add_step(b->p, program_part_of_edge(b->p, &edge), -1);
    st->wanted = b->reach[value];
    const NetPlace to = program_new_block(b->p, net_elements(edge.shape));
    program_add_place(b->p, from);
    program_add_place(b->p, to);
    return to;
}

/* The gradient of output number i.  It is read where it is if nothing is added to it. */
static void take_output(NetBackward *b, int i)
{
    const int value = b->net->output[i];
    const int position = b->net->ninputs + (net_parameters_at(b->net) >= 0) + i;
    NetPlace from = program_operand(back_operand(b, position));
    const bool alone = !b->is_read[value] && times_output(b->net, value) == 1;
    if (!b->reach[value])
        return;
    const bool converts = !program_is_plain(&b->net->value[value]);
    if (converts)
        from = from_planes(b, value, from);
    if (b->grad[value].in == PLACE_NONE && (converts || alone)) {
        b->grad[value] = from;
        b->grad[value].wanted = b->reach[value];
        b->grad[value].again = true;
    } else {
        add_to_gradient(b, value, from);
    }
}

/* ---- layers ---------------------------------------------------------------------------------------- */

/* Gradients of values that a layer reads twice: the second is written apart, and added. */
typedef struct Apart {
    int n, value[NET_MAX_ARGS];
    NetPlace from[NET_MAX_ARGS];
    int nwritten, written[NET_MAX_ARGS];
} Apart;

static bool is_written(const Apart *a, int value)
{
    for (int i = 0; i < a->nwritten; i++)
        if (a->written[i] == value)
            return true;
    return false;
}

/* Where the last step writes the gradient of an argument. */
static NetPlace write_argument(NetBackward *b, const net_arg *a, Apart *apart)
{
    const NetWanted reach = back_reach(b, a);
    if (!reach)
        return (NetPlace){ .in = PLACE_NONE };
    if (a->value < 0) {
        NetPlace to = program_operand(b->parameters);
        to.at = b->net->param[a->param].grad_at * (int64_t)dcn_dtype_bytes(b->net->dtype);
        to.wanted = reach;
        return to;
    }
    if (!is_written(apart, a->value)) {
        apart->written[apart->nwritten++] = a->value;
        return write_gradient(b, a->value);
    }
    NetPlace to = program_new_block(b->p, net_elements(b->net->value[a->value].shape));
    to.wanted = reach;
    apart->value[apart->n] = a->value;
    apart->from[apart->n++] = to;
    return to;
}

static NetPlace read_argument(NetBackward *b, const net_arg *a, int operand, bool packed)
{
    return a->value >= 0 ? b->p->value[a->value] : program_piece(b->p, a->param, operand, packed);
}

static void add_operator_back(NetBackward *b, const net_layer *l, const int arg[RT_NUM_PLAIN],
                              const dcn_spec *s, Apart *apart)
{
    const rt_operands o = rt_operands_of(s);
    for (int i = 0; i < o.n; i++) {
        const rt_operand which = o.which[i];
        NetPlace at = read_place(b->grad[l->out]);
        if (!rt_operand_is_grad(which))
            at = read_argument(b, &l->arg[arg[which]], i, o.tensor[i].role == DCN_WEIGHT);
        else if (rt_operand_of_grad(which) != RT_OUTPUT)
            at = write_argument(b, &l->arg[arg[rt_operand_of_grad(which)]], apart);
        program_add_place(b->p, at);
    }
}

static void add_glue_back(NetBackward *b, const net_layer *l, Apart *apart)
{
    const NetPlace none = { .in = PLACE_NONE };
    for (int i = 0; i < l->nargs; i++)
        program_add_place(b->p,
                          glue_back_reads(l, i) ? read_argument(b, &l->arg[i], i, false) : none);
    program_add_place(b->p, read_place(b->grad[l->out]));
    for (int i = 0; i < l->nargs; i++)
        program_add_place(b->p, write_argument(b, &l->arg[i], apart));
}

static void go_back(NetBackward *b, int number)
{
    const net_layer *l = &b->net->layer[number];
    Apart apart = { .n = 0 };
    int arg[RT_NUM_PLAIN];
    dcn_spec s;
    if (l->spec) {
        back_arguments(l, arg);
        s = *l->spec;
        s.gradient = back_wanted(b, l, arg);
    }
    const int part = program_part_of_gradients(b->p, l, l->spec ? s.gradient : 0);
    program_add_step(b->p, part, number)->wanted = b->passes[l->out];
    if (l->spec)
        add_operator_back(b, l, arg, &s, &apart);
    else
        add_glue_back(b, l, &apart);
    for (int i = 0; i < apart.n; i++)
        add_to_gradient(b, apart.value[i], read_place(apart.from[i]));
}

/* A layer whose value only says where others read, or is a number to gradients, has gradients of zero. */
static void clear_parameters(NetBackward *b, const net_layer *l)
{
    for (int i = 0; i < l->nargs; i++) {
        const net_arg *a = &l->arg[i];
        if (a->value >= 0 || !back_reach(b, a))
            continue;
        const net_param *param = &b->net->param[a->param];
        const NetEdge edge = { .shape = { 1, 1, 1, param->count }, .adds = true, .clears = true };
        Apart none = { .n = 0 };
        program_add_step(b->p, program_part_of_edge(b->p, &edge), -1)->wanted = back_reach(b, a);
        program_add_place(b->p, (NetPlace){ .in = PLACE_NONE });
        program_add_place(b->p, write_argument(b, a, &none));
    }
}

/* ---- inputs ---------------------------------------------------------------------------------------- */

/* The gradient of an input to where it goes, if it is not there yet. */
static void give_input(NetBackward *b, int i)
{
    const NetPlace from = read_place(b->grad[i]);
    NetPlace to = program_operand(back_operand(b, i));
    if (to.index < 0 || (from.in == PLACE_OPERAND && from.index == to.index))
        return;
    const NetEdge edge = { .shape = b->net->value[i].shape,
                           .to_nchw = !program_is_plain(&b->net->value[i]),
                           .adds = true };
    to.wanted = back_bit(to.index);
    program_add_edge(b->p, &edge, from, to);
}

/* The gradient of a value that a layer makes, when all who read it have added theirs. */
static void give_inner(NetBackward *b, int value)
{
    const NetWanted wanted = back_inner(b, value);
    const NetEdge edge = { .shape = b->net->value[value].shape, .adds = true };
    int operand = 0;
    if (!wanted)
        return;
    while (!(wanted >> operand & 1))
        operand++;
    NetPlace to = program_operand(operand);
    to.wanted = wanted;
    program_add_edge(b->p, &edge, read_place(b->grad[value]), to);
}

/* ---- all of it ------------------------------------------------------------------------------------- */

static void write_steps(NetBackward *b)
{
    const dcn_network *n = b->net;
    back_find(b);
    make_again(b);
    for (int i = 0; i < n->noutputs; i++)
        take_output(b, i);
    for (int i = n->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &n->layer[i];
        give_inner(b, l->out);
        if (!b->passes[l->out] || b->grad[l->out].in == PLACE_NONE)
            clear_parameters(b, l);
        else
            go_back(b, i);
    }
    for (int i = 0; i < n->ninputs; i++)
        give_input(b, i);
}

int program_backward(NetProgram *p)
{
    const size_t room = (size_t)p->net->nvalues + 1;
    const int parameters = net_parameters_at(p->net);
    NetBackward b = { .p = p,
                      .net = p->net,
                      .parameters = -1,
                      .reach = calloc(room, sizeof *b.reach),
                      .passes = calloc(room, sizeof *b.passes),
                      .known = calloc(room, sizeof *b.known),
                      .is_read = calloc(room, sizeof *b.is_read),
                      .grad = calloc(room, sizeof *b.grad) };
    if (parameters >= 0)
        b.parameters = back_operand(&b, parameters);
    const bool ready = b.reach && b.passes && b.known && b.is_read && b.grad;
    if (ready)
        write_steps(&b);
    free(b.reach);
    free(b.passes);
    free(b.known);
    free(b.is_read);
    free(b.grad);
    return ready ? 0 : -1;
}
