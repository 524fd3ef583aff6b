/* methods.c: the table of what --show can name.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"
#include "cli/verbs.h"

#include <stddef.h>

const Method methods[] = {
    { "receptive-field", "Effective receptive field", BIT(OPT_SAMPLES) | BIT(OPT_SEED),
      show_field },
    { "sampling", "Effective sampling locations", BIT(OPT_SEED), show_sampling },
    { "points", "Sampling points", 0, show_points },
    { "offsets", "Offsets", 0, show_offsets },
    { "bins", "Effective bins", BIT(OPT_SEED), show_bins },
    { "saliency", "Error-bounded saliency region",
      BIT(OPT_EPSILON) | BIT(OPT_SUPERPIXELS) | BIT(OPT_LIMIT) | BIT(OPT_SEED), show_saliency },
    { NULL, NULL, 0, NULL },
};
_Static_assert(sizeof methods / sizeof *methods <= MAX_METHODS + 1,
               "a set has room for every method");

const char *visualize_method(int i)
{
    return methods[i].name;
}

const char *response_word(int i)
{
    static const char *const words[] = { "norm", "sum", "channel=", NULL };
    return words[i];
}
