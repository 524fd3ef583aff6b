/* place.c: where a node is in the image.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/shape.h"
#include "tuner/support/internal.h"

#include <stdlib.h>
#include <string.h>

/* The last layer on regions at or below the node that gives as many maps as the node has; -1: none. */
static int regions_of(const Support *s)
{
    const dcn_network *n = s->part;
    for (int i = n->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &n->layer[i];
        for (int a = 0; a < l->nargs && n->value[l->out].shape.n == support_node_shape(s).n; a++)
            if (strcmp(l->arg[a].operand, rt_operand_names[RT_ROIS]) == 0)
                return i;
    }
    return -1;
}

static int rois_value(const net_layer *l)
{
    int a = 0;
    while (strcmp(l->arg[a].operand, rt_operand_names[RT_ROIS]) != 0)
        a++;
    return l->arg[a].value;
}

bool support_node_region(const Support *s, double box[4])
{
    const int i = regions_of(s);
    if (i < 0 || rois_value(&s->part->layer[i]) >= s->part->ninputs)
        return false;
    const int numbers = rt_roi_numbers(s->part->layer[i].spec);
    double *rois = support_input_of(s, rois_value(&s->part->layer[i]));
    for (int k = 0; k < 4 && rois; k++)
        box[k] = rois[s->node.image * numbers + numbers - 4 + (k ^ 1)];
    free(rois);
    return rois;
}

void support_node_pixel(const Support *s, double at[2])
{
    const net_shape z = support_node_shape(s), image = support_image_shape(s);
    const double node[2] = { (double)s->node.y + 0.5, (double)s->node.x + 0.5 };
    const double n[2] = { (double)z.h, (double)z.w };
    const double whole[2] = { (double)image.h, (double)image.w };
    double box[4];
    const bool has_region = support_node_region(s, box);
    for (int a = 0; a < 2; a++)
        at[a] = has_region ? box[a] + node[a] * (box[a + 2] - box[a]) / n[a]
                           : node[a] * whole[a] / n[a] - 0.5;
}
