/* graph.h: what the files of this folder share: the graph, its messages, shapes.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_NETWORK_GRAPH_H
#define DCN_RUNTIME_NETWORK_GRAPH_H

#include "runtime/base/base.h"
#include "runtime/network/build.h"

/* Values in the order in which they were made.  A layer's argument that is neither a value nor a
** parameter will be a parameter. */
struct net_graph {
    int nvalues, nlayers;
    size_t value_room, layer_room;
    net_value *value;
    net_layer *layer;
};

/* Fails with: NAME: ... */
int net_blame(const net_layer *layer, dcn_error *err, const char *fmt, ...) RT_PRINTF(3, 4);

enum { NET_SHAPE_TEXT = 96 };
const char *net_shape_text(net_shape s, char buf[NET_SHAPE_TEXT]);

/* Whether such a map can be: every size at least 1, few enough elements to be counted. */
int net_check_shape(const char *who, net_shape s, dcn_error *err);

/* The arguments of *layer in their order, and the shape and rank of the value that it makes. */
int net_match_operator(const net_graph *g, net_layer *layer, net_value *out, dcn_error *err);
int net_match_glue(const net_graph *g, net_layer *layer, net_value *out, dcn_error *err);

/* The shape that a pool, a resize, or a reshape makes of a map of shape a; net_match_glue calls these. */
int net_pool_shape(const net_layer *layer, net_shape a, net_shape *out, dcn_error *err);
int net_resize_shape(const net_layer *layer, net_shape a, net_shape *out, dcn_error *err);
int net_reshape_shape(const net_layer *layer, net_shape a, net_shape *out, dcn_error *err);

/* The last argument of a layer that is that operand; -1: it has none. */
int net_find_arg(const net_layer *layer, const char *operand);

/* Whether argument i is a parameter and what shape it has; of the layers of a graph and of a network. */
bool net_is_param(const net_layer *layer, int i);
void net_param_shape(const net_layer *layer, int i, int64_t channels, net_param *p);

#endif
