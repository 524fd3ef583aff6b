/* operator.c: which values an operator of a network reads, and what its parameters are.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/text.h"
#include "runtime/network/graph.h"
#include "runtime/spec/op.h"

#include <string.h>

/* Operands that only a value can be; all others are parameters. */
#define MAPS                                                                                       \
    (RT_SET(INPUT) | RT_SET(OFFSET) | RT_SET(MASK) | RT_SET(OFFSET_MASK) | RT_SET(ROIS) |          \
     RT_SET(TRANS) | RT_SET(RESIDUAL))

static net_shape shape_of(const dcn_tensor *t)
{
    if (t->rank == 2)
        return (net_shape){ t->dims[0], 1, 1, t->dims[1] };
    return (net_shape){ t->dims[0], t->dims[1], t->dims[2], t->dims[3] };
}

/* ---- what is given ------------------------------------------------------------------------- */

static int check_spec(const net_layer *layer, dcn_error *err)
{
    const dcn_spec *s = layer->spec;
    dcn_error own;
    if (!s || !rt_op_in(s->op, RT_ANY_OP))
        return dcn_fail(err, DCN_ESPEC, "%s: a layer is no network", layer->name);
    if (s->batch == DCN_DYNAMIC || s->height == DCN_DYNAMIC || s->width == DCN_DYNAMIC ||
        s->rois == DCN_DYNAMIC)
        return net_blame(layer, err, "a size is dynamic; those of a network are numbers");
    if (dcn_spec_check(s, &own))
        return net_blame(layer, err, "%s", own.text);
    return 0;
}

/* Every argument is a map that the operator reads, once. */
static int check_args(const net_layer *given, const rt_operands *o, dcn_error *err)
{
    const char *maps[RT_NUM_PLAIN + 1];
    int n = 0;
    for (int i = 0; i < o->n; i++)
        if (o->tensor[i].role != DCN_OUT && rt_operand_in(o->which[i], MAPS))
            maps[n++] = o->tensor[i].name;
    maps[n] = NULL;
    for (int i = 0; i < given->nargs; i++) {
        const char *name = given->arg[i].operand;
        char list[256];
        bool known = false;
        for (int k = 0; k < n; k++)
            known = known || strcmp(maps[k], name) == 0;
        if (!known)
            return net_blame(given, err, "'%s' is no value that it reads; these are %s", name,
                             rt_join(maps, list, sizeof list));
        if (net_find_arg(given, name) != i)
            return net_blame(given, err, "'%s' is given twice", name);
    }
    return 0;
}

static int take(const net_graph *g, const net_layer *given, const dcn_tensor *t, net_arg *arg,
                dcn_error *err)
{
    char want[NET_SHAPE_TEXT], got[NET_SHAPE_TEXT];
    const net_shape needed = shape_of(t);
    const int i = net_find_arg(given, t->name);
    if (i < 0)
        return net_blame(given, err, "%s needs '%s', a value of %s", net_does(given), t->name,
                         net_shape_text(needed, want));
    const net_shape s = net_graph_value(g, given->arg[i].value)->shape;
    *arg = (net_arg){ t->name, given->arg[i].value, -1 };
    if (net_same_shape(s, needed))
        return 0;
    return net_blame(given, err, "'%s' is %s, but %s is needed", t->name, net_shape_text(s, got),
                     net_shape_text(needed, want));
}

/* ---- all operands -------------------------------------------------------------------------- */

int net_match_operator(const net_graph *g, net_layer *layer, net_value *out, dcn_error *err)
{
    const net_layer given = *layer;
    if (check_spec(layer, err))
        return -1;
    const rt_operands o = rt_operands_of(layer->spec);
    if (check_args(&given, &o, err))
        return -1;
    layer->nargs = 0;
    for (int i = 0; i < o.n; i++) {
        net_arg *arg = &layer->arg[layer->nargs];
        *arg = (net_arg){ o.tensor[i].name, -1, -1 };
        if (o.tensor[i].role == DCN_OUT) {
            out->shape = shape_of(&o.tensor[i]);
            continue;
        }
        if (rt_operand_in(o.which[i], MAPS) && take(g, &given, &o.tensor[i], arg, err))
            return -1;
        layer->nargs++;
    }
    out->rank = layer->is_linear && out->shape.h * out->shape.w == 1 ? 2 : 4;
    return 0;
}

/* ---- parameters ---------------------------------------------------------------------------- */

bool net_is_param(const net_layer *layer, int i)
{
    return layer->arg[i].value < 0;
}

static void operator_param(const net_layer *layer, int i, net_param *p)
{
    const rt_operands o = rt_operands_of(layer->spec);
    int at = 0;
    while (o.tensor[at].name != layer->arg[i].operand &&
           strcmp(o.tensor[at].name, layer->arg[i].operand) != 0)
        at++;
    const dcn_tensor *t = &o.tensor[at];
    p->packed = t->role == DCN_WEIGHT;
    p->rank = layer->is_linear && t->rank == 4 ? 2 : t->rank;
    memcpy(p->dims, t->dims, sizeof p->dims);
}

void net_param_shape(const net_layer *layer, int i, int64_t channels, net_param *p)
{
    *p = (net_param){ .rank = 1, .dims = { channels }, .wanted = true };
    if (layer->kind == NET_OPERATOR)
        operator_param(layer, i, p);
    p->count = 1;
    for (int d = 0; d < p->rank; d++)
        p->count *= p->dims[d];
}
