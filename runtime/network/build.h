/* build.h: networks are put together here, whoever describes them: values are added to a graph, and a
** network is what of the graph leads to some of them.
**
**     net_graph *g = net_graph_new();
**     net_graph_input(g, &in, &x, err);             an input is a value
**     net_graph_layer(g, &layer, &y, err);          so is what a layer makes
**     net_graph_network(g, outputs, 1, &net, err);  borrows nothing of the graph
**
** A shape is worked out as soon as a layer is added.  Messages begin with the layer's name, or what it
** does if it has none, and say both shapes where two do not fit, as batch x channels x height x width;
** they name keys as the spec language does.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_NETWORK_BUILD_H
#define DCN_RUNTIME_NETWORK_BUILD_H

#include "runtime/spec/network.h"

typedef struct net_graph net_graph;

net_graph *net_graph_new(void); /* NULL without memory */
void net_graph_free(net_graph *g);

/* A value of the graph, borrowed until the next call that adds one. */
const net_value *net_graph_value(const net_graph *g, int value);

/* `name`, `shape`, `dtype`, `layout` and `rank` of *in are read. */
int net_graph_input(net_graph *g, const net_value *in, int *value, dcn_error *err);

/* An operator's spec before its sizes are known: dtype, layout, batch, height, width, in_channels and
** rois of *s become those that follow from the values (x is the one that the operator calls input; rois
** may be -1), then dcn_spec_complete fills in what follows from these.  An epilogue or option that values
** stand for is switched on by whoever calls this. */
int net_graph_fit(const net_graph *g, int x, int rois, dcn_spec *s, dcn_error *err);

/* *layer is copied with its spec.  Its args are values with the names under which it reads them, in any
** order, those of a concat in theirs; what else the layer needs becomes its parameters, but an operand that is
** a map (input, offset, mask, offset_mask, rois, trans, residual) and is not given is an error.  A product
** with a parameter has an arg "weight" whose value is -1.  Of a sum or product either value may be the smaller
** one.  `out` and params are set here, and so are name, target, layout and gradient of the copied spec. */
int net_graph_layer(net_graph *g, const net_layer *layer, int *value, dcn_error *err);

typedef struct net_output {
    int value;
    const char *name; /* a C identifier */
    dcn_layout layout;
} net_output;

/* The network of what leads to these values, one reference.  Layers without a name are called after
** what they do, conv2d_1, conv2d_2, add_1, ..., in their order; two of one name are an error, of
** which err->line is the `source` of the second.
**
** What follows an operator and fits into its epilogue, act((sum + bias) * scale + shift + residual), is put
** there: a product with a parameter of channels, the sum with a value of its shape, an activation; in
** this order, each where the operator has the key for it and nobody else reads what was there before.
** An activation goes into a sum, product or norm likewise.  Parameters keep their names. */
int net_graph_network(const net_graph *g, const net_output *out, int n, dcn_network **net,
                      dcn_error *err);

/* "conv2d", "linear", "add": what a layer does, as the spec language calls it. */
const char *net_does(const net_layer *layer);

/* The network of this layer alone, whose arguments are its inputs; nhwc.  One reference. */
int net_alone(const dcn_network *n, int layer, dcn_network **out, dcn_error *err);

/* A network that computes gradients of those names: inputs, parameters (LAYER.TENSOR), "inputs",
** "parameters", and layers, which stand for the values that they make; without names of all inputs and
** parameters.  *set is for dcn_spec.gradient.  The copy has `wanted` and `grad_at` of its params set. */
int net_want_gradients(const dcn_network *n, const char *const *names, int nnames,
                       dcn_network **out, uint64_t *set, dcn_error *err);

#endif
