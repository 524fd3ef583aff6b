/* served.h: a network that another program runs and answers for, in the place of one from a file.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_SERVED_H
#define DCN_CLI_VISUALIZE_SERVED_H

#include "cli/args/args.h"
#include "runtime/spec/network.h"
#include "tuner/support/model.h"

/* The word of the command line that stands for such a network. */
bool is_served(const Args *a);

/* A network as far as it is known: the whole one by its image, or what leads to a node. */
typedef struct Served {
    dcn_spec spec; /* of a sketch */
    dcn_network *sketch;
    double *input[NET_MAX_OPERANDS]; /* owned: the image where one was given, and rows of regions */
    const double *operand[NET_MAX_OPERANDS]; /* of what leads to a node: all inputs, borrowed */
    SupportModel model;
    SupportNode node;
} Served;

/* The network: its name, and its image or the shape of that.  Freed by served_close, also after a failure. */
int served_open(Served *s, dcn_error *err);

/* What leads to the layer of a node.  The image is borrowed. */
int served_open_node(const Served *whole, const double *image, const SupportNode *node, Served *s,
                     dcn_error *err);
void served_close(Served *s);

#endif
