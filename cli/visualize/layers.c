/* layers.c: the deformable layers of a node, made once for all methods.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"

static int make_layers(NodeView *n, bool gradients, dcn_error *err)
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

int node_layers(NodeView *n, Shown *s, LayersWanted wanted, dcn_error *err)
{
    if (make_layers(n, wanted.gradients, err))
        return -1;
    int found = 0;
    for (int i = 0; i < n->layers.n; i++)
        found += n->layers.layer[i].regions == wanted.regions;
    if (!found)
        return dcn_fail(err, DCN_EUSAGE, "--show %s: no deformable %s below %s", s->method,
                        wanted.regions ? "pooling of regions" : "convolution", n->words);
    const double omitted = n->layers.omitted;
    if (omitted > 0)
        shown_figure(s, "", "omitted", &omitted, 1, "%d layers farther away are left out",
                     n->layers.omitted);
    return 0;
}
