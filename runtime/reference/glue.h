/* glue.h: the layers of a network that are no operators, in plain double precision.
**
** Values are [n][h][w][c], parameters as net_param says.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_GLUE_H
#define DCN_RUNTIME_REFERENCE_GLUE_H

#include "runtime/spec/network.h"

/* arg[i] is layer->arg[i]; all of the output goes to `out`. */
void ref_glue(const dcn_network *net, const net_layer *layer, const double *const *arg,
              double *out);

/* grad_arg[i], NULL: not wanted, has the gradient of argument i added to what it holds. */
void ref_glue_back(const dcn_network *net, const net_layer *layer, const double *const *arg,
                   const double *grad_out, double *const *grad_arg);

#endif
