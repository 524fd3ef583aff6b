/* looked.h: a network from text with its inputs and parameters, and what a node of it looks at.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_LOOKED_H
#define DCN_TESTS_LOOKED_H

#include "tuner/support/support.h"

#include <dcngen.h>

typedef struct Looked {
    dcn_module *module;
    const dcn_network *net;
    double *parameters;
    double *input[NET_MAX_OPERANDS];
    SupportAsk ask;
    Support *support;
} Looked;

/* Inputs and parameters are zeros in double precision. */
void looked_load(Looked *l, const char *text);
void looked_free(Looked *l);

/* An input, or a parameter, by name, and how many numbers it has. */
double *looked_input(Looked *l, const char *name, int64_t *n);
double *looked_parameter(Looked *l, const char *name, int64_t *n);

/* Numbers of about unit size, repeatable; sums of products stay so. */
void looked_randomise(Looked *l, uint64_t seed);

/* What the node looks at, by l->ask. */
void looked_open(Looked *l, const char *node);

#endif
