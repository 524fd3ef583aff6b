/* build.c: the graph: values, and layers that are added one by one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/build.h"
#include "runtime/base/grow.h"
#include "runtime/network/extract.h"
#include "runtime/network/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the graph ----------------------------------------------------------------------------- */

net_graph *net_graph_new(void)
{
    return calloc(1, sizeof(net_graph));
}

void net_graph_free(net_graph *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->nlayers; i++)
        free(g->layer[i].spec);
    free(g->layer);
    free(g->value);
    free(g);
}

static int fail_memory(dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory for a network");
}

static int add_value(net_graph *g, const net_value *v, int *value, dcn_error *err)
{
    if (g->nvalues >= NET_MAX_VALUES)
        return dcn_fail(err, DCN_ESPEC, "more than %d values in the networks of a file",
                        NET_MAX_VALUES);
    net_value *room = rt_grow(g->value, (size_t)g->nvalues + 1, &g->value_room, sizeof *g->value);
    if (!room)
        return fail_memory(err);
    g->value = room;
    g->value[g->nvalues] = *v;
    *value = g->nvalues++;
    return 0;
}

/* ---- inputs -------------------------------------------------------------------------------- */

int net_graph_input(net_graph *g, const net_value *in, int *value, dcn_error *err)
{
    net_value v = *in;
    v.layer = -1;
    if (net_check_operand_name(v.name, "input", err) || net_check_shape(v.name, v.shape, err))
        return -1;
    return add_value(g, &v, value, err);
}

/* ---- layers -------------------------------------------------------------------------------- */

int net_graph_fit(const net_graph *g, int x, int rois, dcn_spec *s, dcn_error *err)
{
    const net_value *in = net_graph_value(g, x);
    if (rois >= 0 && net_graph_value(g, rois)->shape.h * net_graph_value(g, rois)->shape.w != 1)
        return dcn_fail(err, DCN_ESPEC,
                        "'rois' is a map; a matrix of a row for each region is needed");
    s->dtype = in->dtype;
    s->layout = DCN_NHWC;
    s->batch = in->shape.n;
    s->height = in->shape.h;
    s->width = in->shape.w;
    s->in_channels = in->shape.c;
    if (rois >= 0)
        s->rois = net_graph_value(g, rois)->shape.n;
    dcn_spec_complete(s);
    return 0;
}

/* Names of layers are those of a state_dict: words with dots between them. */
static int check_layer_name(const net_layer *layer, dcn_error *err)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const char *name = layer->name;
    if (!memchr(name, 0, sizeof layer->name))
        return dcn_fail(err, DCN_ESPEC, "a layer's name is longer than %d letters",
                        NET_NAME_MAX - 1);
    if (name[strspn(name, letters)])
        return dcn_fail(err, DCN_ESPEC,
                        "'name' = \"%s\" of a layer has more than letters, digits, _, - and dots",
                        name);
    return 0;
}

/* The layer's own copy of its spec, with nothing in it that makes two layers of one spec differ. */
static int own_spec(net_layer *layer, dcn_error *err)
{
    dcn_spec *own = layer->spec ? malloc(sizeof *own) : NULL;
    if (layer->spec && !own)
        return fail_memory(err);
    if (own) {
        *own = *layer->spec;
        memset(own->name, 0, sizeof own->name);
        snprintf(own->name, sizeof own->name, "%s", dcn_op_name(own->op));
        memset(own->target, 0, sizeof own->target);
        own->layout = DCN_NHWC;
        own->gradient = 0;
    }
    layer->spec = own;
    return 0;
}

/* A layer computes in the dtype of its values. */
static int check_dtypes(const net_graph *g, const net_layer *l, dcn_dtype *dtype, dcn_error *err)
{
    *dtype = net_graph_value(g, l->arg[0].value)->dtype;
    for (int i = 1; i < l->nargs; i++) {
        if (l->arg[i].value < 0)
            continue;
        const dcn_dtype other = net_graph_value(g, l->arg[i].value)->dtype;
        if (other != *dtype)
            return net_blame(l, err, "one of its values is of dtype \"%s\", another of \"%s\"",
                             dcn_dtype_name(*dtype), dcn_dtype_name(other));
    }
    if (l->spec && l->spec->dtype != *dtype)
        return net_blame(l, err, "'dtype' = \"%s\", but its values are of \"%s\"",
                         dcn_dtype_name(l->spec->dtype), dcn_dtype_name(*dtype));
    return 0;
}

static int keep_layer(net_graph *g, net_layer *layer, const net_value *out, int *value,
                      dcn_error *err)
{
    net_layer *room = rt_grow(g->layer, (size_t)g->nlayers + 1, &g->layer_room, sizeof *g->layer);
    if (!room)
        return fail_memory(err);
    g->layer = room;
    if (add_value(g, out, value, err))
        return -1;
    layer->out = *value;
    g->layer[g->nlayers++] = *layer;
    return 0;
}

int net_graph_layer(net_graph *g, const net_layer *layer, int *value, dcn_error *err)
{
    net_layer l = *layer;
    net_value out = { .layer = g->nlayers, .layout = DCN_NHWC, .rank = 4 };
    if (check_layer_name(&l, err))
        return -1;
    if (g->nlayers >= NET_MAX_LAYERS)
        return net_blame(&l, err, "more than %d layers", NET_MAX_LAYERS);
    if (own_spec(&l, err))
        return -1;
    const bool right = !(l.kind == NET_OPERATOR ? net_match_operator(g, &l, &out, err)
                                                : net_match_glue(g, &l, &out, err));
    const char *who = l.name[0] ? l.name : net_does(&l);
    if (right && !check_dtypes(g, &l, &out.dtype, err) && !net_check_shape(who, out.shape, err) &&
        !keep_layer(g, &l, &out, value, err))
        return 0;
    free(l.spec);
    return -1;
}
