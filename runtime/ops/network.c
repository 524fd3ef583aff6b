/* network.c: the row of networks, which are made of layers instead of keys.
**
** Work: the sum of that of the layers; of one that is no operator the elements that it reads.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/network.h"
#include "runtime/ops/ops.h"

#include <math.h>

/* ---- work ---------------------------------------------------------------------------------- */

/* Elements that one of the output is made of. */
static double reads(const net_layer *layer)
{
    const net_pool *p = &layer->pool;
    switch (layer->kind) {
    case NET_MAX_POOL:
    case NET_AVG_POOL:
        return p->adaptive ? 1 : (double)p->kernel[0] * p->kernel[1];
    case NET_RESIZE:
        return layer->resize.mode == NET_BILINEAR ? 4 : 1;
    case NET_ADD:
    case NET_MUL:
    case NET_BLEND:
        return layer->nargs;
    default:
        return 1;
    }
}

double net_layer_flops(const dcn_network *n, const net_layer *layer)
{
    if (layer->kind == NET_OPERATOR)
        return dcn_spec_flops(layer->spec);
    return reads(layer) * (double)net_elements(n->value[layer->out].shape);
}

double net_flops(const dcn_network *n)
{
    double sum = 0;
    for (int i = 0; i < n->nlayers; i++)
        sum += net_layer_flops(n, &n->layer[i]);
    return sum;
}

static double flops(const dcn_spec *s)
{
    return s->network ? net_flops(s->network) : 0;
}

static double layer_terms(const net_layer *layer)
{
    return layer->kind == NET_OPERATOR ? rt_op_of(layer->spec->op)->terms(layer->spec)
                                       : reads(layer);
}

/* The longest sum of a layer. */
static double terms(const dcn_spec *s)
{
    double most = 1;
    for (int i = 0; s->network && i < s->network->nlayers; i++)
        most = fmax(most, layer_terms(&s->network->layer[i]));
    return most;
}

/* ---- rules --------------------------------------------------------------------------------- */

static bool reads_what_is_made(const dcn_network *n, const net_layer *layer)
{
    bool right = layer->nargs > 0 && layer->nargs <= NET_MAX_ARGS && layer->out < n->nvalues;
    for (int i = 0; right && i < layer->nargs; i++) {
        const net_arg *a = &layer->arg[i];
        right = a->value >= 0 ? a->value < layer->out
                              : a->param >= 0 && a->param < n->nparams + n->nzeros;
    }
    return right;
}

static bool is_whole(const dcn_network *n)
{
    bool right = n->ninputs > 0 && n->ninputs <= NET_MAX_OPERANDS && n->noutputs > 0 &&
                 n->noutputs <= NET_MAX_OPERANDS;
    for (int i = 0; right && i < n->nlayers; i++)
        right = reads_what_is_made(n, &n->layer[i]) && n->layer[i].out == n->ninputs + i;
    for (int i = 0; right && i < n->noutputs; i++)
        right = n->output[i] >= 0 && n->output[i] < n->nvalues;
    return right;
}

static int check_network(const dcn_spec *s, dcn_error *err)
{
    const dcn_network *n = s->network;
    if (!n || !is_whole(n))
        return dcn_fail(err, DCN_ESPEC, "'%s' has no network: the spec language makes one",
                        s->name);
    if (s->dtype != n->dtype)
        return dcn_fail(err, DCN_ESPEC, "'dtype' = \"%s\", but the network is made of %s",
                        dcn_dtype_name(s->dtype), dcn_dtype_name(n->dtype));
    return 0;
}

static const rt_rule rules[] = {
    { RT_NO_MEMBER, check_network },
    { 0, NULL },
};

/* ---- the row ------------------------------------------------------------------------------- */

const rt_op rt_network_ops[] = {
    {
        .op = DCN_OP_NETWORK,
        .name = "network",
        .traits = RT_IS_NETWORK,
        .operands = net_add_operands,
        .rules = rules,
        .flops = flops,
        .terms = terms,
        .reference = ref_open_network,
        .backward = ref_back_network,
    },
    { .name = NULL },
};
