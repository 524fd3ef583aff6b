/* random_net.h: networks that nobody chose, of small maps.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_RANDOM_NET_H
#define DCN_TESTS_RANDOM_NET_H

#include "runtime/base/random.h"
#include "runtime/spec/network.h"

/* A spec of a network of about so many layers; its one reference is the caller's.  The same for the same
** state of r. */
dcn_spec random_network(rt_rng *r, int layers);

/* All its gradients, or those of some inputs, parameters and values, of which one may become `still` in s; another
** network, whose one reference is the caller's.  It must have a gradient. */
dcn_spec random_gradients(rt_rng *r, const dcn_spec *s);

#endif
