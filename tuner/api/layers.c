/* layers.c: a network as the kernels that it is made of.
**
** Operators are the parts of the network's lowering; what is between them is a network of one layer each.
** Two are the same kernel if their specs, printed without names, are.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/api/layers.h"
#include "runtime/base/base.h"
#include "runtime/network/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct LayerLister {
    LayerList *list;
    const dcn_network *net;
    char **text; /* of each kernel: its spec */
    int filled;  /* kernels that have a schedule */
    bool failed; /* no memory */
} LayerLister;

static int fail_memory(dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory for the layers of a network");
}

/* malloc'ed; NULL without memory. */
static char *nameless(const dcn_spec *s)
{
    dcn_spec bare = *s;
    char *text = malloc(DCN_SPEC_TEXT_MAX);
    snprintf(bare.name, sizeof bare.name, "kernel");
    bare.target[0] = '\0';
    if (text)
        dcn_spec_print(&bare, text, DCN_SPEC_TEXT_MAX);
    return text;
}

/* ---- operators ----------------------------------------------------------------------------------- */

static int add_kernel(LayerLister *l, const LayerKernel *k)
{
    l->list->kernel[l->list->n] = *k;
    l->text[l->list->n] = nameless(&k->spec);
    return l->text[l->list->n++] ? 0 : -1;
}

/* The kernels of operators, in the order of the schedules. */
static int add_operators(LayerLister *l, const LoweringPart *part, int n)
{
    for (int i = 0; i < n; i++) {
        const LayerKernel k = { .does = dcn_op_name(part[i].spec.op),
                                .spec = part[i].spec,
                                .times = part[i].times };
        LayerKernel *to = &l->list->kernel[l->list->n];
        if (add_kernel(l, &k))
            return -1;
        snprintf(to->name, sizeof to->name, "%s", part[i].name);
    }
    return 0;
}

static void take_schedule(void *self, const StageChoice *stage)
{
    LayerLister *l = self;
    LayerKernel *k = &l->list->kernel[l->filled++];
    k->schedule = strdup(stage->schedule);
    k->origin = stage->origin;
    k->gain = stage->gain;
    l->failed |= !k->schedule;
}

/* ---- layers -------------------------------------------------------------------------------------- */

/* The kernel of that spec, or -1. */
static int find_kernel(const LayerLister *l, const char *text)
{
    for (int i = 0; i < l->list->n; i++)
        if (!strcmp(l->text[i], text))
            return i;
    return -1;
}

static int find_spec(const LayerLister *l, const dcn_spec *s, int *found)
{
    char *text = nameless(s);
    *found = text ? find_kernel(l, text) : -1;
    free(text);
    return text ? 0 : -1;
}

/* A network of that layer, which the kernel keeps if it is the first. */
static int place_alone(LayerLister *l, int layer, dcn_error *err)
{
    dcn_network *alone = NULL;
    int *of = &l->list->of[layer];
    LayerKernel k = { .does = net_does(&l->net->layer[layer]) };
    if (net_alone(l->net, layer, &alone, err))
        return -1;
    dcn_spec_init(&k.spec, DCN_OP_NETWORK);
    snprintf(k.spec.name, sizeof k.spec.name, "layer_%d", layer);
    k.spec.dtype = l->net->dtype;
    k.spec.network = alone;
    if (find_spec(l, &k.spec, of)) {
        net_release(alone);
        return fail_memory(err);
    }
    if (*of >= 0) {
        net_release(alone);
        return 0;
    }
    *of = l->list->n;
    return add_kernel(l, &k) ? fail_memory(err) : 0;
}

static int place_operator(LayerLister *l, int layer, dcn_error *err)
{
    const net_layer *of = &l->net->layer[layer];
    int *kernel = &l->list->of[layer];
    return find_spec(l, of->spec, kernel) ? fail_memory(err) : 0;
}

static int place_layers(LayerLister *l, const dcn_spec *s, dcn_error *err)
{
    for (int i = l->net->nlayers - 1; i >= 0; i--) {
        const net_layer *layer = &l->net->layer[i];
        int *of = &l->list->of[i];
        *of = -1;
        if (layer->kind == NET_OPERATOR ? place_operator(l, i, err)
                                        : !s->gradient && place_alone(l, i, err))
            return -1;
        if (*of < 0)
            continue;
        LayerKernel *k = &l->list->kernel[*of];
        memcpy(k->name, layer->name, sizeof k->name);
        k->does = net_does(layer);
        k->times += layer->kind != NET_OPERATOR;
    }
    return 0;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static int make_room(LayerLister *l, int parts, dcn_error *err)
{
    const size_t n = (size_t)parts + (size_t)l->net->nlayers + 1;
    l->list->kernel = calloc(n, sizeof *l->list->kernel);
    l->list->of = calloc(n, sizeof *l->list->of);
    l->text = calloc(n, sizeof *l->text);
    return parts >= 0 && l->list->kernel && l->list->of && l->text ? 0 : fail_memory(err);
}

static int list_layers(LayerLister *l, const dcn_spec *s, const Choice *c, dcn_error *err)
{
    LoweringPart *part = NULL;
    const int n = c->schedule.lowering->parts(s, &part);
    int failed = make_room(l, n, err);
    if (!failed && add_operators(l, part, n))
        failed = fail_memory(err);
    free(part);
    failed = failed || tune_each_stage(s, c, take_schedule, l, err);
    if (!failed && l->failed)
        failed = fail_memory(err);
    return failed || place_layers(l, s, err) ? -1 : 0;
}

int layers_open(const dcn_spec *s, const dcn_options *opt, LayerList *out, dcn_error *err)
{
    Choice c;
    *out = (LayerList){ .net = net_for_code(s->network, s->gradient != 0) };
    LayerLister l = { .list = out, .net = out->net };
    if (!out->net)
        return fail_memory(err);
    const int failed = tune_choose(s, opt, &c, err) || list_layers(&l, s, &c, err);
    out->what = c.what;
    for (int i = 0; l.text && i < out->n; i++)
        free(l.text[i]);
    free(l.text);
    tune_choice_free(&c);
    return failed ? -1 : 0;
}

void layers_close(LayerList *l)
{
    for (int i = 0; i < l->n; i++) {
        free(l->kernel[i].schedule);
        if (l->kernel[i].spec.network)
            net_release((dcn_network *)(uintptr_t)l->kernel[i].spec.network);
    }
    free(l->kernel);
    free(l->of);
    net_release(l->net);
}
