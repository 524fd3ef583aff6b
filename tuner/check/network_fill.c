/* network_fill.c: random parameters of a network.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/op.h"
#include "tuner/check/network.h"

#include <math.h>
#include <string.h>

/* Operands that say where a layer samples. */
static bool is_place(const char *operand)
{
    static const char *const places[] = { "offset", "offset_mask", "trans" };
    bool place = false;
    for (int i = 0; i < 3; i++)
        place = place || strcmp(operand, places[i]) == 0;
    return place;
}

/* By value: whether it becomes offsets, perhaps by way of slices, sums and the like. */
static void find_places(const dcn_network *n, bool places[NET_MAX_VALUES])
{
    memset(places, 0, NET_MAX_VALUES * sizeof *places);
    for (int i = n->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &n->layer[i];
        const bool passes_on = l->kind != NET_OPERATOR && places[l->out];
        for (int a = 0; a < l->nargs; a++)
            if (l->arg[a].value >= 0 && (passes_on || is_place(l->arg[a].operand)))
                places[l->arg[a].value] = true;
    }
}

static bool ends_in(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* Half of all values are lost in an activation that is 0 below 0, and with them half of the variance. */
static double gain(const net_layer *layer, bool makes_places)
{
    const bool active =
        layer->kind == NET_OPERATOR && rt_activation_of(layer->spec).kind != DCN_ACT_NONE;
    if (makes_places)
        return 0.5;
    return active ? sqrt(2) : 1;
}

static double parameter(const net_param *p, double weight, rt_rng *r)
{
    const double x = rt_rng_normal(r);
    if (p->rank > 1)
        return weight * x;
    return ends_in(p->name, "bias") || ends_in(p->name, "shift") ? 0.1 * x : 1 + 0.1 * x;
}

void tune_net_parameters(const dcn_network *n, rt_rng *r, double *to)
{
    const rt_kind kind = rt_kind_of(n->dtype);
    bool places[NET_MAX_VALUES];
    find_places(n, places);
    for (int i = 0; i < n->nparams; i++) {
        const net_param *p = &n->param[i];
        const net_layer *l = &n->layer[p->layer];
        const double fan_in = (double)p->count / (double)p->dims[0];
        const double weight = gain(l, places[l->out]) / sqrt(fan_in);
        for (int64_t k = 0; k < p->count; k++)
            to[p->at + k] = rt_round_to(kind, parameter(p, weight, r));
    }
}
