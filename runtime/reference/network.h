/* network.h: the layers of a network in plain double precision, one by one, forwards and backwards.
**
** Values are [n][h][w][c] and parameters as net_param says.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_NETWORK_H
#define DCN_RUNTIME_REFERENCE_NETWORK_H

#include "runtime/spec/network.h"

typedef struct ref_net ref_net;

/* What a caller has to say while a network is gone through; any of them may be NULL.  Whoever asks how far rounding
** carries changes values, and whoever has kernels of layers computes with them. */
typedef struct ref_hooks {
    /* A value that a layer has made, or that a norm is about to read, and the gradient of one, of a value or an
    ** input, to which nothing is added any more: all its elements, which may be changed. */
    void (*value)(void *self, int value, double *v);
    void (*gradient)(void *self, int value, double *v);
    /* In place of ref_net_layer and ref_net_layer_back.  0, or -1, with which the walk ends. */
    int (*forwards)(void *self, ref_net *r, const net_layer *layer);
    int (*backwards)(void *self, const ref_net *r, const net_layer *layer);
    void *self;
} ref_hooks;

/* All outputs of a network, or of one of gradients: tensors in calling order as for rt_ref_open, outputs
** in out[] by the same numbers.  hooks may be NULL.  0, or -1 without memory or as a hook says. */
int ref_network(const dcn_spec *s, const double *const *tensor, const ref_hooks *hooks,
                double *const *out);

/* A network that is gone through.  By value: what is known of them, and the gradients to which is added;
** both owned, NULL where there is none. */
struct ref_net {
    const dcn_network *net;
    const double *parameters; /* stay with the caller, or those that are constants of the network */
    double **value, **grad;
    double *grad_parameters;   /* of the wanted ones; stays with the caller, NULL: of none */
    double *zeros, *constants; /* the latter where `parameters` is NULL */
    const ref_hooks *hooks;    /* NULL: none */
};

/* parameters: NULL where the network has none, or they are constants.  0, or -1 without memory.  Close it even
** after a failure. */
int ref_net_open(ref_net *r, const dcn_network *n, const double *parameters);
void ref_net_close(ref_net *r);

/* A map as it lies outside, [n][h][w][c] and back. */
void ref_net_from_outside(const net_value *v, const double *outside, double *inside);
void ref_net_to_outside(const net_value *v, const double *inside, double *outside);

/* Where argument i of a layer is. */
const double *ref_net_arg(const ref_net *r, const net_layer *layer, int i);

/* The value that a layer makes, whose arguments are known.  0, or -1 without memory. */
int ref_net_layer(ref_net *r, const net_layer *layer);

/* Where the gradient of argument i of a layer is added to; NULL: it is not wanted. */
double *ref_net_gradient(const ref_net *r, const net_layer *layer, int i);

/* From the gradient of the value that a layer makes, those of its arguments.  0, or -1 without memory. */
int ref_net_layer_back(const ref_net *r, const net_layer *layer);

#endif
