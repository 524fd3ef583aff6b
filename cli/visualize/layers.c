/* layers.c: the deformable layers of a node, made once for all methods.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"

int node_layers(NodeView *n, bool gradients, dcn_error *err)
{
    if (n->has_gradients || (n->has_layers && !gradients))
        return 0;
    support_layers_free(&n->layers);
    n->layers = (SupportLayers){ .n = 0 };
    n->has_layers = true;
    n->has_gradients = gradients;
    return gradients ? support_sampling(n->support, &n->layers, err)
                     : support_positions(n->support, &n->layers, err);
}
