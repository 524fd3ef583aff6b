/* backward.c: the steps that compute the gradients of a network: reverse mode over its layers.
**
** First the values that gradients read are made again, and with them all that lead to them; of a segment
** (recompute.c) only what is kept is made here, and the rest when the walk comes there.  Then every layer,
** the last first, gives the gradients of its arguments from that of its value.  A value that several
** layers read has the sum of what they give: the first to be walked over writes it, the others add to it,
** so the order of a sum is that of the layers.
**
** For each value it is known which wanted gradients its own leads to; steps, and what they write, are left
** out where a call wants none of these.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/glue.h"
#include "codegen/network/program.h"

#include <stdlib.h>
#include <string.h>

typedef struct NetBackward {
    NetProgram *p;
    const dcn_network *net;
    const NetNeeds *needs;
    StepPlace *grad; /* by value; nowhere: nobody has written it yet */
} NetBackward;

static StepWanted bit(int operand)
{
    return operand < 0 ? 0 : (StepWanted)1 << operand;
}

/* ---- forwards -------------------------------------------------------------------------------------- */

static void make_again(NetBackward *b)
{
    program_take_inputs(b->p);
    for (int i = 0; i < b->net->nlayers; i++)
        if (b->needs->first[i])
            program_add_layer(b->p, i);
    for (int i = 0; i < b->net->ninputs; i++)
        if (b->needs->known[i] && b->p->value[i].in == PLACE_NONE)
            program_convert_input(b->p, i);
}

/* Before the walk comes to the last layer of a segment. */
static void make_segment_again(NetBackward *b, int last)
{
    const int *segment = b->needs->segment;
    int i = last;
    if (!segment[last] || (last + 1 < b->net->nlayers && segment[last + 1] == segment[last]))
        return;
    while (i > 0 && segment[i - 1] == segment[last])
        i--;
    for (; i <= last; i++)
        if (b->needs->again[i])
            program_add_layer(b->p, i);
}

/* ---- where gradients are --------------------------------------------------------------------------- */

/* Where a value's gradient is summed: in the operand itself if it is that of an input which lies outside as it
** does inside, else in a block. */
static StepPlace new_gradient(NetBackward *b, int value)
{
    const net_value *v = &b->net->value[value];
    const bool outside = value < b->net->ninputs && program_is_plain(v);
    StepPlace to = outside ? steps_operand(needs_grad_operand(b->p, value))
                           : program_new_block(b->p, net_elements(v->shape));
    to.wanted = b->needs->reach[value];
    return to;
}

/* What the last step writes of the gradient of a value; later ones add to it. */
static StepPlace write_gradient(NetBackward *b, int value)
{
    if (b->grad[value].in == PLACE_NONE) {
        b->grad[value] = new_gradient(b, value);
        const StepPlace first = b->grad[value];
        b->grad[value].adds = true;
        return first;
    }
    return b->grad[value];
}

/* A step that adds a block, or an operand, to the gradient of a value. */
static void add_to_gradient(NetBackward *b, int value, StepPlace from)
{
    const NetEdge edge = { .shape = b->net->value[value].shape, .adds = true };
    Step *st = program_add_step(b->p, program_part_of_edge(b->p, &edge), -1);
    st->wanted = b->needs->reach[value];
    steps_add_place(&b->p->list, from);
    steps_add_place(&b->p->list, write_gradient(b, value));
}

/* A place as a later step reads it. */
static StepPlace read_place(StepPlace place)
{
    place.wanted = 0;
    place.adds = false;
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

static StepPlace from_planes(NetBackward *b, int value, StepPlace from)
{
    const NetEdge edge = { .shape = b->net->value[value].shape, .to_nhwc = true };
    Step *st = program_add_step(b->p, program_part_of_edge(b->p, &edge), -1);
    st->wanted = b->needs->reach[value];
    const StepPlace to = program_new_block(b->p, net_elements(edge.shape));
    steps_add_place(&b->p->list, from);
    steps_add_place(&b->p->list, to);
    return to;
}

/* The gradient of output number i.  It is read where it is if nothing is added to it. */
static void take_output(NetBackward *b, int i)
{
    const int value = b->net->output[i];
    const int position = b->net->ninputs + (net_parameters_at(b->net) >= 0) + i;
    StepPlace from = steps_operand(needs_grad_operand(b->p, position));
    const bool alone = !b->needs->readers[value] && times_output(b->net, value) == 1;
    if (!b->needs->reach[value])
        return;
    const bool converts = !program_is_plain(&b->net->value[value]);
    if (converts)
        from = from_planes(b, value, from);
    if (b->grad[value].in == PLACE_NONE && (converts || alone)) {
        b->grad[value] = from;
        b->grad[value].wanted = b->needs->reach[value];
        b->grad[value].adds = true;
    } else {
        add_to_gradient(b, value, from);
    }
}

/* ---- layers ---------------------------------------------------------------------------------------- */

/* Gradients of values that a layer reads twice: the second is written apart, and added. */
typedef struct Apart {
    int n, value[NET_MAX_ARGS];
    StepPlace from[NET_MAX_ARGS];
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
static StepPlace write_argument(NetBackward *b, const net_arg *a, Apart *apart)
{
    const StepWanted reach = needs_reach(b->p, a);
    if (!reach)
        return (StepPlace){ .in = PLACE_NONE };
    if (a->value < 0) {
        StepPlace to = steps_operand(b->needs->parameters);
        to.at = b->net->param[a->param].grad_at * (int64_t)dcn_dtype_bytes(b->net->dtype);
        to.wanted = reach;
        return to;
    }
    if (!is_written(apart, a->value)) {
        apart->written[apart->nwritten++] = a->value;
        return write_gradient(b, a->value);
    }
    StepPlace to = program_new_block(b->p, net_elements(b->net->value[a->value].shape));
    to.wanted = reach;
    apart->value[apart->n] = a->value;
    apart->from[apart->n++] = to;
    return to;
}

static StepPlace read_argument(NetBackward *b, const net_arg *a, int operand, bool packed)
{
    return a->value >= 0 ? b->p->value[a->value] : program_piece(b->p, a->param, operand, packed);
}

static void add_operator_back(NetBackward *b, const net_layer *l, const int arg[RT_NUM_PLAIN],
                              const dcn_spec *s, Apart *apart)
{
    const rt_operands o = rt_operands_of(s);
    for (int i = 0; i < o.n; i++) {
        const rt_operand which = o.which[i];
        StepPlace at = read_place(b->grad[l->out]);
        if (!rt_operand_is_grad(which))
            at = read_argument(b, &l->arg[arg[which]], i, o.tensor[i].role == DCN_WEIGHT);
        else if (rt_operand_of_grad(which) != RT_OUTPUT)
            at = write_argument(b, &l->arg[arg[rt_operand_of_grad(which)]], apart);
        steps_add_place(&b->p->list, at);
    }
}

/* A sum without activation hands its own gradient on to an argument as it is, without a copy, if nobody adds
** to it: nobody else reads that argument. */
static bool passes_on(const NetBackward *b, const net_layer *l, const net_arg *a)
{
    const net_shape to = b->net->value[l->out].shape;
    if (l->kind != NET_ADD || l->activation.kind != DCN_ACT_NONE || !needs_reach(b->p, a))
        return false;
    return a->value >= b->net->ninputs && b->needs->readers[a->value] == 1 &&
           !times_output(b->net, a->value) &&
           !memcmp(&b->net->value[a->value].shape, &to, sizeof to);
}

/* Gives on what it can; returns how many gradients are left to be computed. */
static int pass_on(NetBackward *b, const net_layer *l)
{
    int left = 0;
    for (int i = 0; i < l->nargs; i++)
        if (passes_on(b, l, &l->arg[i]))
            b->grad[l->arg[i].value] = read_place(b->grad[l->out]);
        else
            left += needs_reach(b->p, &l->arg[i]) != 0;
    return left;
}

static void add_glue_back(NetBackward *b, const net_layer *l, Apart *apart)
{
    const StepPlace none = { .in = PLACE_NONE };
    for (int i = 0; i < l->nargs; i++)
        steps_add_place(&b->p->list,
                        glue_back_reads(l, i) ? read_argument(b, &l->arg[i], i, false) : none);
    steps_add_place(&b->p->list, read_place(b->grad[l->out]));
    for (int i = 0; i < l->nargs; i++)
        steps_add_place(&b->p->list,
                        passes_on(b, l, &l->arg[i]) ? none : write_argument(b, &l->arg[i], apart));
}

static void go_back(NetBackward *b, int number)
{
    const net_layer *l = &b->net->layer[number];
    Apart apart = { .n = 0 };
    int arg[RT_NUM_PLAIN];
    dcn_spec s;
    if (!pass_on(b, l))
        return;
    if (l->spec) {
        needs_arguments(l, arg);
        s = *l->spec;
        s.gradient = needs_wanted(b->p, l, arg);
    }
    const int part = program_part_of_gradients(b->p, number, l->spec ? s.gradient : 0);
    program_add_step(b->p, part, number)->wanted = b->needs->passes[l->out];
    if (l->spec)
        add_operator_back(b, l, arg, &s, &apart);
    else
        add_glue_back(b, l, &apart);
    for (int i = 0; i < apart.n; i++)
        add_to_gradient(b, apart.value[i], read_place(apart.from[i]));
}

/* A layer whose value only says where others read has gradients of zero. */
static void clear_parameters(NetBackward *b, const net_layer *l)
{
    for (int i = 0; i < l->nargs; i++) {
        const net_arg *a = &l->arg[i];
        if (a->value >= 0 || !needs_reach(b->p, a))
            continue;
        const net_param *param = &b->net->param[a->param];
        const NetEdge edge = { .shape = { 1, 1, 1, param->count }, .adds = true, .clears = true };
        Apart none = { .n = 0 };
        program_add_step(b->p, program_part_of_edge(b->p, &edge), -1)->wanted =
            needs_reach(b->p, a);
        steps_add_place(&b->p->list, (StepPlace){ .in = PLACE_NONE });
        steps_add_place(&b->p->list, write_argument(b, a, &none));
    }
}

/* ---- inputs ---------------------------------------------------------------------------------------- */

/* The gradient of an input to where it goes, if it is not there yet. */
static void give_input(NetBackward *b, int i)
{
    const StepPlace from = read_place(b->grad[i]);
    StepPlace to = steps_operand(needs_grad_operand(b->p, i));
    if (to.index < 0 || (from.in == PLACE_OPERAND && from.index == to.index))
        return;
    const NetEdge edge = { .shape = b->net->value[i].shape,
                           .to_nchw = !program_is_plain(&b->net->value[i]),
                           .adds = true };
    to.wanted = bit(to.index);
    program_add_edge(b->p, &edge, from, to);
}

/* The gradient of a value that a layer makes, when all who read it have added theirs. */
static void give_inner(NetBackward *b, int value)
{
    const StepWanted wanted = needs_inner(b->p, value);
    const NetEdge edge = { .shape = b->net->value[value].shape, .adds = true };
    int operand = 0;
    if (!wanted)
        return;
    while (!(wanted >> operand & 1))
        operand++;
    StepPlace to = steps_operand(operand);
    to.wanted = wanted;
    program_add_edge(b->p, &edge, read_place(b->grad[value]), to);
}

/* ---- all of it ------------------------------------------------------------------------------------- */

static void write_steps(NetBackward *b)
{
    const dcn_network *n = b->net;
    make_again(b);
    for (int i = 0; i < n->noutputs; i++)
        take_output(b, i);
    for (int i = n->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &n->layer[i];
        make_segment_again(b, i);
        give_inner(b, l->out);
        if (!b->needs->passes[l->out] || b->grad[l->out].in == PLACE_NONE)
            clear_parameters(b, l);
        else
            go_back(b, i);
    }
    for (int i = 0; i < n->ninputs; i++)
        give_input(b, i);
}

int program_backward(NetProgram *p)
{
    NetBackward b = { .p = p,
                      .net = p->net,
                      .needs = &p->needs,
                      .grad = calloc((size_t)p->net->nvalues + 1, sizeof *b.grad) };
    needs_segments(p);
    if (b.grad)
        write_steps(&b);
    free(b.grad);
    return b.grad ? 0 : -1;
}
