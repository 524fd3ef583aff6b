/* network.h: the layers of a network in plain double precision, one by one, forwards and backwards.
**
** Values are [n][h][w][c] and parameters as net_param says.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_NETWORK_H
#define DCN_RUNTIME_REFERENCE_NETWORK_H

#include "runtime/spec/network.h"

/* What is done to each value, and to each gradient of one, once it is known: whoever asks how far
** rounding carries adds noise.  n elements that the layer makes, or whose gradient they are. */
typedef struct ref_noise {
    void (*disturb)(void *self, const net_layer *layer, double *v, int64_t n);
    void *self;
} ref_noise;

/* All outputs of a network, or of one of gradients: tensors in calling order as for rt_ref_open, outputs
** in out[] by the same numbers.  noise may be NULL.  0, or -1 without memory. */
int ref_network(const dcn_spec *s, const double *const *tensor, const ref_noise *noise,
                double *const *out);

/* A network that is gone through.  By value: what is known of them, and the gradients to which is added;
** both owned, NULL where there is none. */
typedef struct ref_net {
    const dcn_network *net;
    const double *parameters; /* stay with the caller, or those that are constants of the network */
    double **value, **grad;
    double *grad_parameters;   /* of the wanted ones; stays with the caller, NULL: of none */
    double *zeros, *constants; /* the latter where `parameters` is NULL */
    const ref_noise *noise;    /* NULL: none */
} ref_net;

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

/* From the gradient of the value that a layer makes, those of its arguments.  0, or -1 without memory. */
int ref_net_layer_back(const ref_net *r, const net_layer *layer);

#endif
