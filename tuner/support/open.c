/* open.c: the network as far as a node, in double precision, and its deformable layers.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/tensor.h"
#include "runtime/base/text.h"
#include "runtime/network/part.h"
#include "runtime/spec/op.h"
#include "tuner/support/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the network ----------------------------------------------------------------------------- */

static int take_parameters(Support *s, const dcn_network *f64, dcn_error *err)
{
    const dcn_network *asked = s->ask->spec->network;
    const void *from = s->ask->parameters ? s->ask->parameters : asked->constants;
    double *all = calloc((size_t)asked->parameters + 1, sizeof *all);
    s->parameters = calloc((size_t)asked->parameters + 1, sizeof *s->parameters);
    if (all && s->parameters && asked->parameters > 0) {
        rt_convert(all, RT_F64, from, rt_kind_of(asked->dtype), asked->parameters);
        net_carry_parameters(f64, all, s->whole, s->parameters);
    }
    const int failed = all && s->parameters ? 0 : support_no_memory(err);
    free(all);
    return failed;
}

static int open_whole(Support *s, dcn_error *err)
{
    const int layers = net_unfolded_layers(s->ask->spec->network);
    if (layers > NET_MAX_LAYERS)
        return dcn_fail(err, DCN_EUSAGE,
                        "'%s' has %d layers with its modules taken apart; there can be %d",
                        s->ask->spec->name, layers, NET_MAX_LAYERS);
    dcn_network *f64 = net_in_f64(s->ask->spec->network);
    s->whole = f64 ? net_unfold(f64) : NULL;
    const int failed = s->whole ? take_parameters(s, f64, err) : support_no_memory(err);
    net_release(f64);
    return failed;
}

/* ---- deformable layers ----------------------------------------------------------------------- */

static int value_of(const net_layer *l, rt_operand operand)
{
    for (int i = 0; i < l->nargs; i++)
        if (strcmp(l->arg[i].operand, rt_operand_names[operand]) == 0)
            return l->arg[i].value;
    return -1;
}

/* What says where the layer samples; -1: it samples nowhere, or always at the same places. */
static int places_of(const net_layer *l)
{
    static const rt_operand says[] = { RT_OFFSET, RT_OFFSET_MASK, RT_TRANS };
    int value = -1;
    for (int i = 0; i < 3 && l->spec && value < 0; i++)
        value = value_of(l, says[i]);
    return value;
}

/* Offsets and masks of every layer are numbers: in what leads to the node, because a layer above may sample by the node
** itself, which is no number. */
static void hold(dcn_network *n)
{
    for (int i = 0; i < n->nlayers; i++) {
        const net_layer *l = &n->layer[i];
        if (places_of(l) < 0)
            continue;
        const int mask = value_of(l, RT_MASK);
        n->value[places_of(l)].still = true;
        if (mask >= 0)
            n->value[mask].still = true;
    }
}

static void find_deformed(Support *s)
{
    const dcn_network *n = s->part;
    int all = 0;
    for (int i = 0; i < n->nlayers; i++)
        all += places_of(&n->layer[i]) >= 0;
    s->omitted = all > SUPPORT_MAX_DEFORMED ? all - SUPPORT_MAX_DEFORMED : 0;
    for (int i = 0, k = 0; i < n->nlayers; i++) {
        const net_layer *l = &n->layer[i];
        if (places_of(l) >= 0 && k++ >= s->omitted)
            s->deformed[s->ndeformed++] = (SupportDeformed){
                .layer = i,
                .input = value_of(l, RT_INPUT),
                .value = places_of(l),
                .spec = l->spec,
                .rois = value_of(l, RT_ROIS),
            };
    }
}

/* ---- the node -------------------------------------------------------------------------------- */

/* With the name that is near, or all names. */
static int fail_layer(const char *name, const char *const *names, dcn_error *err)
{
    char all[480];
    const char *near = rt_nearest(name, names);
    if (near)
        return dcn_fail(err, DCN_EUSAGE, "the network has no layer '%s' (did you mean '%s'?)", name,
                        near);
    return dcn_fail(err, DCN_EUSAGE, "the network has no layer '%s'; it has %s", name,
                    rt_join(names, all, sizeof all));
}

static int find_layer(const dcn_network *n, const char *name, int *layer, dcn_error *err)
{
    const char **names = calloc((size_t)n->nlayers + 1, sizeof *names);
    if (!names)
        return support_no_memory(err);
    *layer = -1;
    for (int i = 0; i < n->nlayers; i++) {
        names[i] = n->layer[i].name;
        *layer = strcmp(names[i], name) == 0 ? i : *layer;
    }
    const int failed = *layer < 0 ? fail_layer(name, names, err) : 0;
    free(names);
    return failed;
}

static int place_node(Support *s, const net_value *v, dcn_error *err)
{
    const net_shape z = v->shape;
    SupportNode *node = &s->node;
    node->y = node->y < 0 ? z.h / 2 : node->y;
    node->x = node->x < 0 ? z.w / 2 : node->x;
    if (node->image >= z.n)
        return dcn_fail(err, DCN_EUSAGE,
                        "'%s' makes %" PRId64 " map%s of %" PRId64 "x%" PRId64
                        ", and none of number %" PRId64,
                        node->layer, z.n, z.n == 1 ? "" : "s", z.h, z.w, node->image);
    if (node->y >= z.h || node->x >= z.w)
        return dcn_fail(err, DCN_EUSAGE,
                        "'%s' makes a map of %" PRId64 "x%" PRId64 ", which has no %" PRId64
                        ",%" PRId64,
                        node->layer, z.h, z.w, node->y, node->x);
    if (s->ask->response == SUPPORT_CHANNEL && s->ask->channel >= z.c)
        return dcn_fail(err, DCN_EUSAGE, "'%s' has %" PRId64 " channels, and no channel %" PRId64,
                        node->layer, z.c, s->ask->channel);
    return 0;
}

static int check_image(Support *s, dcn_error *err)
{
    const dcn_network *n = s->ask->spec->network;
    const net_value *v = &n->value[s->ask->image];
    const int64_t nodes = support_node_shape(s).n;
    if (v->rank != 4)
        return dcn_fail(err, DCN_EUSAGE, "input '%s' is a matrix, and no image", v->name);
    if (v->shape.n != nodes && v->shape.n != 1)
        return dcn_fail(err, DCN_EUSAGE,
                        "input '%s' is a batch of %" PRId64 ": which of them a region of '%s' is "
                        "in is not known; a batch of 1 is needed",
                        v->name, v->shape.n, s->node.layer);
    s->image = v->shape.n == 1 ? 0 : (int)s->node.image;
    return 0;
}

/* In s->part. */
static int find_node(Support *s, dcn_error *err)
{
    if (place_node(s, &s->part->value[s->part->output[0]], err) || check_image(s, err))
        return -1;
    find_deformed(s);
    return 0;
}

static int cut(Support *s, int layer, dcn_error *err)
{
    const net_output out = { s->whole->layer[layer].out, SUPPORT_NODE, DCN_NHWC };
    if (net_part(s->whole, &out, 1, &s->part, err))
        return -1;
    if (s->ask->fixed)
        hold(s->part);
    return find_node(s, err);
}

static int open_network(Support *s, dcn_error *err)
{
    int layer = -1;
    if (open_whole(s, err) || find_layer(s->whole, s->node.layer, &layer, err))
        return -1;
    return cut(s, layer, err);
}

/* A sketch ends at the node. */
static int open_sketch(Support *s, dcn_error *err)
{
    s->part = net_hold(s->ask->spec->network);
    return find_node(s, err) ? -1 : support_model_open(s, err);
}

int support_open(const SupportAsk *ask, Support **out, dcn_error *err)
{
    Support *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return support_no_memory(err);
    s->ask = ask;
    s->node = ask->node;
    for (int i = 0; i < ask->spec->network->ninputs; i++)
        s->input[i] = ask->input[i];
    const int failed = ask->model ? open_sketch(s, err) : open_network(s, err);
    if (failed)
        support_close(s);
    else
        *out = s;
    return failed ? -1 : 0;
}

void support_close(Support *s)
{
    if (!s)
        return;
    support_run_close(&s->forward);
    support_run_close(&s->backward);
    support_model_close(s);
    net_release(s->part);
    net_release(s->whole);
    free(s->parameters);
    free(s);
}
