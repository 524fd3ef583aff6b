/* rounding.h: how a network's kernel rounds, done to the values of the reference.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CHECK_ROUNDING_H
#define DCN_TUNER_CHECK_ROUNDING_H

#include "runtime/base/random.h"
#include "runtime/spec/network.h"

/* What one pass does to a value, and to the gradient of one: hooks of ref_network take it as `self`. */
typedef struct Rounding {
    const dcn_network *net;
    rt_rng *r;
    bool disturbs; /* by random amounts of what rounding does; else nothing is changed */
    bool rounds;   /* to numbers of the dtype, at last */
    /* Whether a value was so large that a sum, or a square in a norm, may be none in the dtype, though this one is;
    ** and which layer made it, -1: it is an input. */
    bool overflows;
    int layer;
} Rounding;

void rounding_value(void *self, int value, double *v);
void rounding_gradient(void *self, int value, double *v);

/* Half of the distance of neighbouring numbers near 1. */
double rounding_unit(dcn_dtype t);

/* Root mean square of those that are finite. */
double rounding_rms(const double *v, int64_t n);

/* How many numbers the gradient of a parameter is the sum of. */
double rounding_param_terms(const dcn_network *n, const net_param *p);

#endif
