/* walk.h: a large network, layer by layer, each operator by a kernel of its own.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CHECK_WALK_H
#define DCN_TUNER_CHECK_WALK_H

#include "runtime/reference/network.h"
#include "tuner/check/operands.h"

typedef struct Walk {
    const Operands *o;
    rt_rng *r;
    dcn_kernel **kernel; /* of layers, then of their gradients; NULL: not yet */
    bool check;          /* compare the first layer of each spec, and report it in o->layers */
    dcn_error *err;
    bool failed; /* for another reason than memory, which *err has */
} Walk;

/* Hooks of ref_network, with a Walk as `self`. */
int walk_forwards(void *self, ref_net *r, const net_layer *layer);
int walk_backwards(void *self, const ref_net *r, const net_layer *layer);

void walk_free_kernels(dcn_kernel **kernel, int nlayers);

#endif
