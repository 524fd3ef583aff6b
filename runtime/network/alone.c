/* alone.c: one layer of a network as a network, to be compiled, timed and compared by itself.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/network/build.h"

#include <stdio.h>

/* The argument of `to` that reads the value, or -1. */
static int find_reader(const net_layer *to, const int *value_of, int value)
{
    for (int i = 0; i < to->nargs; i++)
        if (value_of[i] == value)
            return i;
    return -1;
}

/* What the layer reads and net_graph_layer wants to be told: values, and that a product has a parameter. */
static bool is_told(const net_layer *layer, int i)
{
    return layer->arg[i].value >= 0 || layer->kind == NET_MUL;
}

/* Values that the layer reads become inputs of the graph, each once. */
static int add_inputs(net_graph *g, const dcn_network *n, const net_layer *from, net_layer *to,
                      dcn_error *err)
{
    int value_of[NET_MAX_ARGS];
    to->nargs = 0;
    for (int i = 0; i < from->nargs; i++) {
        const int value = from->arg[i].value, twin = find_reader(to, value_of, value);
        if (!is_told(from, i))
            continue;
        net_arg *arg = &to->arg[to->nargs];
        *arg = (net_arg){ from->arg[i].operand, twin < 0 ? -1 : to->arg[twin].value, -1 };
        value_of[to->nargs++] = value;
        if (value < 0 || twin >= 0)
            continue;
        net_value in = n->value[value];
        in.layout = DCN_NHWC;
        snprintf(in.name, sizeof in.name, "value%d", i);
        if (net_graph_input(g, &in, &arg->value, err))
            return -1;
    }
    return 0;
}

int net_alone(const dcn_network *n, int layer, dcn_network **out, dcn_error *err)
{
    net_layer alone = n->layer[layer];
    alone.name[0] = '\0'; /* layers that differ in nothing else are the same kernel */
    net_output y = { .name = "output", .layout = DCN_NHWC };
    net_graph *g = net_graph_new();
    if (!g)
        return dcn_fail(err, DCN_EENV, "no memory for a layer of a network");
    const int failed = add_inputs(g, n, &n->layer[layer], &alone, err) ||
                       net_graph_layer(g, &alone, &y.value, err) ||
                       net_graph_network(g, &y, 1, out, err);
    net_graph_free(g);
    return failed ? -1 : 0;
}
