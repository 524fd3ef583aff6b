/* network.h: what networks are checked with, and what of.
**
** A network of up to LARGE operations is computed by the reference as a whole.  A larger one is walked
** through: each layer is a kernel of its own, checked on the values that reach it, and the network is
** compared with what these kernels make of each other's outputs; of gradients likewise.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CHECK_NETWORK_H
#define DCN_TUNER_CHECK_NETWORK_H

#include "runtime/spec/network.h"
#include "tuner/check/cases.h"
#include "tuner/check/expected.h"

/* Whether it is walked through, because the reference would take minutes. */
bool tune_net_is_walked(const dcn_network *n);

/* Random parameters, in the dtype of the network: weights by fan-in, so that values keep their size through
** the layers; factors near 1, biases near 0, and what offsets are made with small. */
void tune_net_parameters(const dcn_network *n, rt_rng *r, double *to);

/* The spec of a layer whose regions, or else offsets or masks, are an input; NULL: there is none. */
const dcn_spec *tune_net_case(const dcn_network *n);

/* The spec that reads an input so, and as which operand; NULL: none does. */
const dcn_spec *tune_net_reader(const dcn_network *n, int input, rt_operand *which);

/* What the reference, or a walk, says of all outputs, and how far from it rounding may lead:
** expected_open of a network. */
int tune_net_expect(Expected *x, const Operands *o, rt_rng *r, dcn_error *err);

/* One more look at what rounding does, which x then allows, too. */
int tune_net_look_again(Expected *x, const Operands *o, rt_rng *r, dcn_error *err);

#endif
