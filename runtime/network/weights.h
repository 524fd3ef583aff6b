/* weights.h: the parameters of a network from a file, by name, and into one.
**
** A parameter is called LAYER.TENSOR.  After the layer's name a dot and an underscore are the same, so that
** a state_dict's dcn.dw_conv.0.weight is the parameter dcn.dw_conv_0_weight.  A file has every parameter once
** and nothing else.  A matrix [o,i] and a kernel of one tap [o,i,1,1] may stand for each other.  Numbers
** may be anything, NaN too.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_NETWORK_WEIGHTS_H
#define DCN_RUNTIME_NETWORK_WEIGHTS_H

#include "runtime/base/tensor_file.h"
#include "runtime/spec/network.h"

/* The operand `parameters`: n->parameters elements of n->dtype, malloc'ed.  Names that are missing or left
** over and shapes that do not fit are one error that lists them. */
int net_weights_read(const dcn_network *n, const char *path, void **out, dcn_error *err);

/* From a file that is open, which messages call `name`. */
int net_weights_from(const dcn_network *n, const char *name, const rt_tensor_file *f, void **out,
                     dcn_error *err);

/* A safetensors file of the operand `parameters`; it appears complete or not at all. */
int net_weights_write(const dcn_network *n, const char *path, const void *parameters,
                      dcn_error *err);

#endif
