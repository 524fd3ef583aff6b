/* extract.h: what is done, one after another, to make a network once its layers are known.
**
** Each function returns 0, or -1 with err; the network is then released by whoever made it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_NETWORK_EXTRACT_H
#define DCN_RUNTIME_NETWORK_EXTRACT_H

#include "runtime/network/build.h"

/* Whether an operand may be called so; what: "input" or "output". */
int net_check_operand_name(const char *name, const char *what, dcn_error *err);

/* Names for layers without one; no two have the same. */
int net_name_layers(dcn_network *n, dcn_error *err);

/* The parameters of all layers, called LAYER.TENSOR, with room in n->param for net_fuse's zeros. */
int net_make_params(dcn_network *n, dcn_error *err);

/* Number parameters in the order of layers and arguments, the zeros behind them; and add them up, so that each
** has its place in the vector of all. */
int net_sort_params(dcn_network *n, dcn_error *err);
int net_order_params(dcn_network *n, dcn_error *err);

/* Epilogues: layers go into those before them (build.h says which).  Parameters are to be sorted afterwards. */
int net_fuse(dcn_network *n, dcn_error *err);

/* As net_graph_network, of a graph of some of a network's layers, which have names, parameters and epilogues. */
int net_graph_part(const net_graph *g, const dcn_network *whole, const net_output *out, int nout,
                   dcn_network **part, dcn_error *err);

#endif
