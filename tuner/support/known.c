/* known.c: what is known of a node where nothing runs: shapes, and the response of its channels.
**
** The response r of the node's channels f, and dr/df, from which everything goes backwards:
**     norm  |f|, f/|f| (0 where f is)      sum  sum f, 1      channel K  f[K], 1 there and 0 elsewhere
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/internal.h"

#include <math.h>

SupportNode support_node(const Support *s)
{
    return s->node;
}

net_shape support_node_shape(const Support *s)
{
    return s->part->value[s->part->output[0]].shape;
}

net_shape support_image_shape(const Support *s)
{
    return s->ask->spec->network->value[s->ask->image].shape;
}

void support_set_image(Support *s, const double *image)
{
    s->input[s->ask->image] = image;
}

bool support_is_fixed(const Support *s)
{
    return s->ask->fixed;
}

double support_respond_with(const Support *s, const double *f, double *to)
{
    const int64_t c = support_node_shape(s).c;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < c; i++) {
        sum += f[i];
        squares += f[i] * f[i];
    }
    const double norm = sqrt(squares);
    for (int64_t i = 0; i < c && to; i++) {
        if (s->ask->response == SUPPORT_NORM)
            to[i] = norm > 0 ? f[i] / norm : 0;
        else
            to[i] = s->ask->response == SUPPORT_SUM || i == s->ask->channel;
    }
    if (s->ask->response == SUPPORT_NORM)
        return norm;
    return s->ask->response == SUPPORT_SUM ? sum : f[s->ask->channel];
}
