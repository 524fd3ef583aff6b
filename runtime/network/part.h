/* part.h: networks made from others: what leads to some of its values, its modules in parts.
**
** Parameters keep their names.  They may come in another order, which net_carry_parameters knows.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_NETWORK_PART_H
#define DCN_RUNTIME_NETWORK_PART_H

#include "runtime/network/build.h"

/* The network of what leads to these values of n, one reference.  Inputs and parameters that it does not
** need are not there. */
int net_part(const dcn_network *n, const net_output *out, int nout, dcn_network **part,
             dcn_error *err);

/* n in which these values, which layers make, are inputs of those names, in nhwc, after its own ones.  Layers that
** only led to them are not there. */
int net_detach(const dcn_network *n, const net_output *in, int nin, dcn_network **detached,
               dcn_error *err);

/* n with every module in parts, MODULE.STAGE, of which the last one has the module's name.  One reference; NULL
** without memory, or if it were more than NET_MAX_LAYERS layers. */
dcn_network *net_unfold(const dcn_network *n);

/* How many layers these were; -1 without memory. */
int net_unfolded_layers(const dcn_network *n);

/* n as it is compiled: modules without schedules of their own in parts, MODULE.STAGE, into the last of which goes
** what follows it and fits into its epilogue; not where it is for gradients, which take epilogues apart.  Parameters
** have other numbers, but the names, and the places in the vectors of all, that they have in n.  One reference; NULL
** without memory. */
dcn_network *net_for_code(const dcn_network *n, bool gradient);

/* n computing in double precision, without constants.  One reference; NULL without memory. */
dcn_network *net_in_f64(const dcn_network *n);

/* The vector `parameters` of `to`, all of whose parameters `from` has, from that of `from`; both double. */
void net_carry_parameters(const dcn_network *from, const double *parameters, const dcn_network *to,
                          double *out);

#endif
