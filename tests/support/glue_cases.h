/* glue_cases.h: layers of networks that are no operators, one of each kind of shape that they know.
**
** A case is written for any number of channels: where it says -k, the layer has k times as many as it
** is made for.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_GLUE_CASES_H
#define DCN_TESTS_GLUE_CASES_H

#include "runtime/spec/network.h"

enum { GLUE_MAX_INPUTS = 40 };

typedef struct GlueCase {
    const char *name;
    net_layer layer;                    /* without its arguments */
    net_shape in[GLUE_MAX_INPUTS], out; /* inputs until one without rows */
    bool weight;                        /* of a mul: a parameter is the other factor */
    bool bumpy; /* its values jump or its slopes do, where numbers are equal */
} GlueCase;

/* The i-th of them, NULL past the last. */
const GlueCase *glue_case(int i);

/* A network of that layer alone, whose outputs nobody has named; it stays where it is. */
typedef struct GlueNet {
    dcn_network net;
    net_layer layer;
    net_value value[GLUE_MAX_INPUTS + 1];
    net_param param[2];
} GlueNet;

void glue_net(GlueNet *g, const GlueCase *c, int64_t channels, dcn_dtype dtype);

/* Elements of argument i of its layer, and of its output. */
int64_t glue_arg_count(const GlueNet *g, int i);
int64_t glue_out_count(const GlueNet *g);

#endif
