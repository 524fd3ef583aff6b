/* unfold.c: modules of a network in parts: so that their offsets are values, and so that they are compiled as
** layers like any others.
**
** A module's stages (runtime/spec/stages.h) become layers MODULE.STAGE: operators, norms, activations.  Where
** pictures look at values, the last one has the module's name, and the blend of the centre feature scale,
** x*(1 - c) + r*c with c for each group, is  x + (r - x)*c,  group by group; as code that would be many small
** layers, so a module with a blend stays whole there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/extract.h"
#include "runtime/network/part.h"
#include "runtime/spec/op.h"
#include "runtime/spec/stages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Unfold {
    const dcn_network *from;
    dcn_network *to;
    int *number;   /* by value of `from` */
    bool for_code; /* else for pictures */
} Unfold;

/* A module, and which value of `to` each of its stages makes. */
typedef struct UnfoldModule {
    Unfold *u;
    const net_layer *layer;
    const rt_stages *stages;
    int made[RT_MAX_VALUES];
} UnfoldModule;

/* ---- what can be taken apart --------------------------------------------------------------- */

static bool is_module(const net_layer *l)
{
    return l->spec && rt_op_has(l->spec->op, RT_COMPOSITE);
}

/* Whether every stage is a kind of layer. */
static bool has_layers(const Unfold *u, const rt_stages *g)
{
    for (int i = 0; i < g->n; i++) {
        const rt_stage_kind kind = g->stage[i].kind;
        if (kind == RT_STAGE_TO_NCHW || kind == RT_STAGE_FROM_NCHW)
            return false;
        if (kind == RT_STAGE_BLEND &&
            (u->for_code || g->stage[i].spec.offset_groups > NET_MAX_ARGS))
            return false;
    }
    return true;
}

bool net_hides_offsets(const net_layer *l)
{
    return is_module(l) && rt_op_has(l->spec->op, RT_DEFORMS);
}

/* ---- layers -------------------------------------------------------------------------------- */

/* A layer, whose spec is taken, and the value that it makes. */
static int add_layer(Unfold *u, const net_layer *l, const net_value *like)
{
    dcn_network *to = u->to;
    const int value = to->nvalues++;
    to->value[value] = *like;
    to->value[value].layer = to->nlayers;
    to->layer[to->nlayers] = *l;
    to->layer[to->nlayers++].out = value;
    return value;
}

static dcn_spec *own_spec(const dcn_spec *s)
{
    dcn_spec *own = malloc(sizeof *own);
    if (own) {
        *own = *s;
        memset(own->name, 0, sizeof own->name);
        snprintf(own->name, sizeof own->name, "%s", dcn_op_name(own->op));
    }
    return own;
}

static int copy_layer(Unfold *u, const net_layer *from)
{
    net_layer l = *from;
    l.spec = from->spec ? own_spec(from->spec) : NULL;
    if (from->spec && !l.spec)
        return -1;
    for (int i = 0; i < l.nargs; i++)
        if (l.arg[i].value >= 0)
            l.arg[i].value = u->number[l.arg[i].value];
    u->number[from->out] = add_layer(u, &l, &u->from->value[from->out]);
    return 0;
}

/* ---- stages -------------------------------------------------------------------------------- */

/* The argument of the module that is its operand, as a layer in its place has it. */
static net_arg argument(const UnfoldModule *m, int operand)
{
    const net_layer *l = m->layer;
    int i = 0;
    while (strcmp(l->arg[i].operand, rt_operand_names[operand]) != 0)
        i++;
    net_arg a = l->arg[i];
    if (a.value >= 0)
        a.value = m->u->number[a.value];
    return a;
}

static void take(const UnfoldModule *m, net_layer *l, const char *name, int value, bool packed)
{
    net_arg a = { .value = value >= RT_NUM_PLAIN ? m->made[value] : -1, .param = -1 };
    if (value < RT_NUM_PLAIN)
        a = argument(m, value);
    a.operand = name;
    if (a.param >= 0)
        m->u->to->param[a.param].packed = packed;
    l->arg[l->nargs++] = a;
}

static void shape_from(net_value *v, const dcn_tensor *t)
{
    v->shape = (net_shape){ t->dims[0], t->dims[1], t->dims[2], t->dims[3] };
}

static int operator_stage(const UnfoldModule *m, const rt_stage *st, net_layer *l, net_value *out)
{
    l->kind = NET_OPERATOR;
    l->spec = own_spec(&st->spec);
    if (!l->spec)
        return -1;
    const rt_operands o = rt_operands_of(l->spec);
    for (int i = 0; i < o.n; i++) {
        if (o.tensor[i].role == DCN_OUT)
            shape_from(out, &o.tensor[i]);
        else
            take(m, l, o.tensor[i].name, st->arg[o.which[i]], o.tensor[i].role == DCN_WEIGHT);
    }
    return 0;
}

static void row_stage(const UnfoldModule *m, const rt_stage *st, net_layer *l, net_value *out)
{
    l->kind = st->kind == RT_STAGE_NORM ? NET_LAYER_NORM : NET_ACTIVATION;
    l->activation = rt_activation_of(&st->spec);
    l->eps = st->spec.norm_eps;
    take(m, l, "a", st->arg[RT_INPUT], false);
    if (l->kind == NET_LAYER_NORM) {
        take(m, l, "weight", st->arg[RT_WEIGHT], false);
        take(m, l, "bias", st->arg[RT_BIAS], false);
    }
    out->shape = m->u->to->value[l->arg[0].value].shape;
}

static bool is_taken(const dcn_network *n, const char *name)
{
    for (int i = 0; i < n->nlayers; i++)
        if (strcmp(n->layer[i].name, name) == 0)
            return true;
    return false;
}

/* A layer of the user's may be called like a stage. */
static void name_stage(const UnfoldModule *m, int i, net_layer *l)
{
    const char *name = m->layer->name;
    if (i == m->stages->n - 1 && !m->u->for_code) {
        memcpy(l->name, name, sizeof l->name);
        return;
    }
    snprintf(l->name, sizeof l->name, "%.100s.%s", name, m->stages->stage[i].word);
    while (is_taken(m->u->from, l->name) && strlen(l->name) + 1 < sizeof l->name)
        strcat(l->name, "_");
}

/* ---- the blend ----------------------------------------------------------------------------- */

/* One more layer of the blend, of values of `to` (b -1: of one), with so many channels. */
static int blend_layer(const UnfoldModule *m, net_layer l, int a, int b, int64_t channels)
{
    net_value out = m->u->to->value[a];
    out.shape.c = channels;
    out.name[0] = 0;
    l.source = m->layer->source;
    l.arg[0] = (net_arg){ "a", a, -1 };
    l.arg[1] = (net_arg){ l.kind == NET_CONCAT ? "a" : "b", b, -1 };
    l.nargs = b < 0 ? 1 : 2;
    snprintf(l.name, sizeof l.name, "%.100s.blend%d", m->layer->name, m->u->to->nlayers);
    out.rank = 4;
    out.layout = DCN_NHWC;
    return add_layer(m->u, &l, &out);
}

/* (r - x)*c of group g. */
static int blend_group(const UnfoldModule *m, const int of[2], int64_t g, int64_t per_group)
{
    const net_layer slice = { .kind = NET_SLICE, .from = g * per_group, .count = per_group };
    const net_layer one = { .kind = NET_SLICE, .from = g, .count = 1 };
    const net_layer mul = { .kind = NET_MUL, .scale = 1 };
    const int part = blend_layer(m, slice, of[0], -1, per_group);
    return blend_layer(m, mul, part, blend_layer(m, one, of[1], -1, 1), per_group);
}

/* All groups side by side. */
static int blend_groups(const UnfoldModule *m, const int of[2], int64_t groups, int64_t channels)
{
    int part[NET_MAX_ARGS] = { 0 };
    for (int64_t g = 0; g < groups; g++)
        part[g] = blend_group(m, of, g, channels / groups);
    const net_layer concat = { .kind = NET_CONCAT };
    const int all = blend_layer(m, concat, part[0], -1, channels);
    net_layer *l = &m->u->to->layer[m->u->to->nlayers - 1];
    for (l->nargs = 0; l->nargs < groups; l->nargs++)
        l->arg[l->nargs] = (net_arg){ "a", part[l->nargs], -1 };
    return all;
}

/* The value of `to` that a stage reads as an operand. */
static int read_value(const UnfoldModule *m, const rt_stage *st, rt_operand which)
{
    const int value = st->arg[which];
    return value < RT_NUM_PLAIN ? argument(m, value).value : m->made[value];
}

static int add_blend(const UnfoldModule *m, const rt_stage *st)
{
    const net_layer sigmoid = { .kind = NET_ACTIVATION,
                                .activation = rt_plain_activation(DCN_ACT_SIGMOID) };
    const net_layer minus = { .kind = NET_MUL, .scale = -1 }, add = { .kind = NET_ADD };
    const int x = read_value(m, st, RT_INPUT), r = read_value(m, st, RT_RESIDUAL);
    const int64_t groups = st->spec.offset_groups, c = st->spec.in_channels;
    const int gate = blend_layer(m, sigmoid, read_value(m, st, RT_MASK), -1, groups);
    const int difference = blend_layer(m, add, r, blend_layer(m, minus, x, -1, c), c);
    const int all = blend_groups(m, (int[2]){ difference, gate }, groups, c);
    return blend_layer(m, add, x, all, c);
}

static int add_stage(UnfoldModule *m, int i)
{
    const rt_stage *st = &m->stages->stage[i];
    const net_value *whole = &m->u->from->value[m->layer->out];
    const bool last = i == m->stages->n - 1;
    net_layer l = { .scale = 1, .source = m->layer->source };
    net_value out = { .layout = DCN_NHWC, .rank = 4, .dtype = m->u->from->dtype };
    if (st->kind == RT_STAGE_BLEND) {
        m->made[st->out] = add_blend(m, st);
        return 0;
    }
    name_stage(m, i, &l);
    if (st->kind != RT_STAGE_OPERATOR)
        row_stage(m, st, &l, &out);
    else if (operator_stage(m, st, &l, &out))
        return -1;
    m->made[st->out] = add_layer(m->u, &l, last ? whole : &out);
    return 0;
}

static int unfold_layer(Unfold *u, const net_layer *l)
{
    rt_stages *g = rt_stages_of(l->spec);
    UnfoldModule m = { .u = u, .layer = l, .stages = g };
    int failed = g ? 0 : -1;
    if (g && (!has_layers(u, g) || l->spec->schedule[0])) /* a schedule names its stages */
        failed = copy_layer(u, l);
    else {
        for (int i = 0; g && i < g->n && !failed; i++)
            failed = add_stage(&m, i);
        u->number[l->out] = g ? m.made[g->stage[g->n - 1].out] : -1;
    }
    free(g);
    return failed;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* The most layers that a layer becomes: a module as many as it has stages, and a blend in parts three for each
** group and five. */
static int most_of(const Unfold *u, const net_layer *l)
{
    const bool blends = l->spec && l->spec->center_feature_scale && !u->for_code;
    const int groups = blends ? l->spec->offset_groups : 0;
    return is_module(l) ? RT_MAX_STAGES + 3 * groups + 5 : 1;
}

static int most_layers(const Unfold *u)
{
    int most = 0;
    for (int i = 0; i < u->from->nlayers; i++)
        most += most_of(u, &u->from->layer[i]);
    return most;
}

/* The network of n's inputs and parameters, with room for the zeros of as many layers as `most`, without layers. */
static dcn_network *begin(const dcn_network *n, int most)
{
    const size_t params = (size_t)n->nparams + (size_t)n->nzeros;
    dcn_network *to = net_copy(n);
    net_layer *layer = calloc((size_t)most + 1, sizeof *layer);
    net_value *value = calloc((size_t)(most + n->ninputs) + 1, sizeof *value);
    net_param *param = calloc(params + (size_t)most + 1, sizeof *param);
    if (!to || !layer || !value || !param) {
        free(layer);
        free(value);
        free(param);
        net_release(to);
        return NULL;
    }
    memcpy(value, n->value, (size_t)n->ninputs * sizeof *value);
    memcpy(param, n->param, params * sizeof *param);
    for (int i = 0; i < to->nlayers; i++)
        free(to->layer[i].spec);
    free(to->layer);
    free(to->value);
    free(to->param);
    to->layer = layer;
    to->value = value;
    to->param = param;
    to->nlayers = 0;
    to->nvalues = n->ninputs;
    return to;
}

static int unfold_layers(Unfold *u)
{
    const dcn_network *n = u->from;
    int failed = 0;
    for (int i = 0; i < n->ninputs; i++)
        u->number[i] = i;
    for (int i = 0; i < n->nlayers && !failed; i++)
        failed =
            is_module(&n->layer[i]) ? unfold_layer(u, &n->layer[i]) : copy_layer(u, &n->layer[i]);
    for (int i = 0; i < n->noutputs && !failed; i++)
        u->to->output[i] = u->number[n->output[i]];
    for (int i = 0; i < n->ninner && !failed; i++)
        u->to->inner[i] = u->number[n->inner[i]];
    return failed;
}

/* Parameters in another order than n has them. */
static int number_params(dcn_network *to)
{
    to->parameters = 0;
    to->constants = NULL;
    return net_order_params(to, NULL);
}

/* Without the last steps of either kind. */
static int unfold(Unfold *u)
{
    const int most = most_layers(u);
    u->number = calloc((size_t)u->from->nvalues + 1, sizeof *u->number);
    u->to = u->for_code || most <= NET_MAX_LAYERS ? begin(u->from, most) : NULL;
    const int failed = !u->number || !u->to || unfold_layers(u) ? -1 : 0;
    free(u->number);
    return failed;
}

dcn_network *net_unfold(const dcn_network *n)
{
    Unfold u = { .from = n };
    if (!unfold(&u) && !number_params(u.to))
        return u.to;
    net_release(u.to);
    return NULL;
}

/* ---- for code ------------------------------------------------------------------------------ */

static bool has_modules(const dcn_network *n)
{
    for (int i = 0; i < n->nlayers; i++)
        if (is_module(&n->layer[i]))
            return true;
    return false;
}

dcn_network *net_for_code(const dcn_network *n, bool gradient)
{
    Unfold u = { .from = n, .for_code = true };
    if (!has_modules(n))
        return net_hold(n);
    if (!unfold(&u) && (gradient || !net_fuse(u.to, NULL)) && !net_sort_params(u.to, NULL))
        return u.to;
    net_release(u.to);
    return NULL;
}
