/* network.c: networks as data: who holds them, and which operands a kernel of one has.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/network.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- who holds it -------------------------------------------------------------------------- */

dcn_network *net_hold(const dcn_network *n)
{
    dcn_network *held = (dcn_network *)n;
    if (held)
        __atomic_add_fetch(&held->refs, 1, __ATOMIC_RELAXED);
    return held;
}

void net_release(dcn_network *n)
{
    if (!n || __atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (int i = 0; i < n->nlayers; i++)
        free(n->layer[i].spec);
    free(n->value);
    free(n->layer);
    free(n->param);
    free(n);
}

/* n elements of `size` bytes and room for one, so that NULL is no memory. */
static void *copy_of(const void *from, int n, size_t size)
{
    void *to = malloc(((size_t)n + 1) * size);
    if (to && n > 0)
        memcpy(to, from, (size_t)n * size);
    return to;
}

/* The layers of `from`, with specs of their own; as many as there is memory for. */
static int copy_layers(dcn_network *to, const dcn_network *from)
{
    to->layer = copy_of(from->layer, from->nlayers, sizeof *from->layer);
    to->nlayers = to->layer ? from->nlayers : 0;
    for (int i = 0; i < to->nlayers; i++)
        to->layer[i].spec = NULL;
    for (int i = 0; i < to->nlayers; i++) {
        if (!from->layer[i].spec)
            continue;
        to->layer[i].spec = copy_of(from->layer[i].spec, 1, sizeof(dcn_spec));
        if (!to->layer[i].spec)
            return -1;
    }
    return to->layer ? 0 : -1;
}

dcn_network *net_copy(const dcn_network *n)
{
    dcn_network *to = copy_of(n, 1, sizeof *n);
    if (!to)
        return NULL;
    to->refs = 1;
    to->value = copy_of(n->value, n->nvalues, sizeof *n->value);
    to->param = copy_of(n->param, n->nparams + n->nzeros, sizeof *n->param);
    if (!copy_layers(to, n) && to->value && to->param)
        return to;
    net_release(to);
    return NULL;
}

/* ---- operands ------------------------------------------------------------------------------ */

int64_t net_elements(net_shape s)
{
    return s.n * s.h * s.w * s.c;
}

bool net_same_shape(net_shape a, net_shape b)
{
    return a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c;
}

static bool has_parameters(const dcn_network *n)
{
    return n->parameters > 0 && !n->constants;
}

int net_parameters_at(const dcn_network *n)
{
    return has_parameters(n) ? n->ninputs : -1;
}

int net_value_at(const dcn_network *n, int position)
{
    const int after = position - n->ninputs - has_parameters(n);
    if (position < n->ninputs)
        return position;
    if (after < 0)
        return -1;
    return after < n->noutputs ? n->output[after] : n->inner[after - n->noutputs];
}

int net_inner_at(const dcn_network *n, int inner)
{
    return n->ninputs + has_parameters(n) + n->noutputs + inner;
}

/* There are names of the parameters where these are constants, too. */
const char *net_operand_name(const dcn_network *n, rt_operand which)
{
    const rt_operand plain = rt_operand_is_grad(which) ? rt_operand_of_grad(which) : which;
    const int at = (int)plain + (n && n->constants && (int)plain >= n->ninputs);
    const char *grad = n && at < NET_MAX_PLAIN ? n->grad_name[at] : "grad_?";
    return rt_operand_is_grad(which) ? grad : grad + strlen("grad_");
}

static dcn_tensor tensor_of(const net_value *v)
{
    const net_shape s = v->shape;
    if (v->rank == 2)
        return (dcn_tensor){ .rank = 2, .dims = { s.n, s.c } };
    if (v->layout == DCN_NCHW)
        return (dcn_tensor){ .rank = 4, .dims = { s.n, s.c, s.h, s.w } };
    return (dcn_tensor){ .rank = 4, .dims = { s.n, s.h, s.w, s.c } };
}

/* Not by rt_add, which asks this file for the name. */
static void add(rt_operands *l, dcn_tensor t, dcn_role role)
{
    assert(l->n < NET_MAX_PLAIN);
    t.name = net_operand_name(l->s->network, (rt_operand)l->n);
    t.dtype = l->s->network->dtype;
    t.role = role;
    l->which[l->n] = (rt_operand)l->n;
    l->tensor[l->n++] = t;
}

void net_add_operands(rt_operands *l)
{
    const dcn_network *n = l->s->network;
    if (!n)
        return;
    for (int i = 0; i < n->ninputs; i++)
        add(l, tensor_of(&n->value[i]), DCN_IN);
    if (has_parameters(n))
        add(l, (dcn_tensor){ .rank = 1, .dims = { n->parameters } }, DCN_WEIGHT);
    for (int i = 0; i < n->noutputs; i++)
        add(l, tensor_of(&n->value[n->output[i]]), DCN_OUT);
}

void net_add_inner_gradients(rt_operands *l)
{
    const dcn_network *n = l->s->network;
    for (int i = 0; n && i < n->ninner; i++) {
        const rt_operand which = rt_grad_of((rt_operand)net_inner_at(n, i));
        net_value v = n->value[n->inner[i]];
        v.layout = DCN_NHWC;
        v.rank = 4;
        l->tensor[l->n] = tensor_of(&v);
        l->tensor[l->n].name = net_operand_name(n, which);
        l->tensor[l->n].dtype = n->dtype;
        l->tensor[l->n].role = DCN_OUT;
        l->which[l->n++] = which;
    }
}

dcn_tensor net_gradient_tensor(const dcn_network *n, rt_operand plain, dcn_tensor t)
{
    if ((int)plain == net_parameters_at(n))
        t.dims[0] = n->grad_parameters;
    return t;
}

/* ---- gradients ----------------------------------------------------------------------------- */

/* Boxes are where a layer reads, and have no gradient. */
static void flow_back(const dcn_network *n, const net_layer *layer, bool flows[NET_MAX_VALUES])
{
    for (int i = 0; i < layer->nargs && !n->value[layer->out].still; i++)
        if (layer->arg[i].value >= 0 && strcmp(layer->arg[i].operand, "rois") != 0)
            flows[layer->arg[i].value] = true;
}

static void find_flow(const dcn_network *n, bool flows[NET_MAX_VALUES])
{
    for (int i = 0; i < n->noutputs; i++)
        flows[n->output[i]] = true;
    for (int i = n->nlayers - 1; i >= 0; i--)
        if (flows[n->layer[i].out])
            flow_back(n, &n->layer[i], flows);
}

bool net_reaches_output(const dcn_network *n, int value)
{
    bool flows[NET_MAX_VALUES] = { false };
    find_flow(n, flows);
    return flows[value];
}

rt_operand_set net_differentiable(const dcn_network *n)
{
    bool flows[NET_MAX_VALUES] = { false };
    rt_operand_set set = 0;
    if (!n)
        return 0;
    find_flow(n, flows);
    for (int i = 0; i < n->ninputs; i++)
        set |= flows[i] ? (rt_operand_set)1 << i : 0;
    if (n->grad_parameters > 0 && has_parameters(n))
        set |= (rt_operand_set)1 << net_parameters_at(n);
    for (int i = 0; i < n->ninner; i++)
        set |= (rt_operand_set)1 << net_inner_at(n, i);
    return set;
}
