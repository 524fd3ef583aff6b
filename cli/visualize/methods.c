/* methods.c: the table of what --show can name.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"
#include "cli/verbs.h"

#include <stddef.h>

const Method methods[] = {
    { "receptive-field", "Effective receptive field", BIT(OPT_SAMPLES) | BIT(OPT_SEED),
      show_field },
    { "sampling", "Effective sampling locations", 0, show_sampling },
    { "points", "Sampling points", 0, show_points },
    { "offsets", "Offsets", 0, show_offsets },
    { "bins", "Effective bins", 0, show_bins },
    { NULL, NULL, 0, NULL },
};

const char *visualize_method(int i)
{
    return methods[i].name;
}

const char *response_word(int i)
{
    static const char *const words[] = { "norm", "sum", "channel=", NULL };
    return words[i];
}

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
