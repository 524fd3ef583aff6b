/* unfold.c: modules of a network in parts, so that their offsets are values.
**
** A module's stages (runtime/spec/stages.h) become layers: operators, norms, activations.  The blend of the
** centre feature scale, x*(1 - c) + r*c with c for each group, is  x + (r - x)*c,  group by group.
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
    int *number; /* by value of `from` */
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
static bool has_layers(const rt_stages *g)
{
    for (int i = 0; i < g->n; i++) {
        const rt_stage_kind kind = g->stage[i].kind;
        if (kind == RT_STAGE_TO_NCHW || kind == RT_STAGE_FROM_NCHW)
            return false;
        if (kind == RT_STAGE_BLEND && g->stage[i].spec.offset_groups > NET_MAX_ARGS)
            return false;
    }
    return true;
}

bool net_hides_offsets(const net_layer *l)
{
    return is_module(l) && l->spec->op != DCN_OP_SEPARABLE_CONV2D;
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

/* What a later stage reads the value as, if that says where it samples or how much counts. */
static const char *role_of(const rt_stages *g, int value)
{
    static const rt_operand roles[] = { RT_OFFSET_MASK, RT_OFFSET, RT_MASK };
    for (int i = 0; i < g->n; i++)
        for (int r = 0; r < 3; r++)
            if (g->stage[i].arg[roles[r]] == value)
                return rt_operand_names[roles[r]];
    return NULL;
}

static void name_stage(const UnfoldModule *m, int i, net_layer *l)
{
    const rt_stages *g = m->stages;
    const char *name = m->layer->name, *role = role_of(g, g->stage[i].out);
    if (i == g->n - 1)
        snprintf(l->name, sizeof l->name, "%s", name);
    else if (role)
        snprintf(l->name, sizeof l->name, "%.100s.%s", name, role);
    else
        snprintf(l->name, sizeof l->name, "%.100s.stage%d", name, i + 1);
}

/* ---- the blend ----------------------------------------------------------------------------- */

/* One more layer of the blend, of values of `to` (b -1: of one), with so many channels. */
static int blend_layer(const UnfoldModule *m, net_layer l, int a, int b, int64_t channels)
{
    net_value out = m->u->to->value[a];
    out.shape.c = channels;
    out.name[0] = 0;
    l.place = m->layer->place;
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
    net_layer l = { .scale = 1, .place = m->layer->place };
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
    if (g && !has_layers(g))
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

/* The most layers that a layer becomes: a module as many as it has stages, and a blend three for each group and
** five. */
static int most_of(const net_layer *l)
{
    const int groups = l->spec && l->spec->center_feature_scale ? l->spec->offset_groups : 0;
    return is_module(l) ? RT_MAX_STAGES + 3 * groups + 5 : 1;
}

static int most_layers(const dcn_network *n)
{
    int most = 0;
    for (int i = 0; i < n->nlayers && most <= NET_MAX_LAYERS; i++)
        most += most_of(&n->layer[i]);
    return most;
}

/* The network of n's inputs and parameters, without layers, and room for `most`. */
static dcn_network *begin(const dcn_network *n, int most)
{
    dcn_network *to = net_copy(n);
    net_layer *layer = calloc((size_t)most + 1, sizeof *layer);
    net_value *value = calloc((size_t)(most + n->ninputs) + 1, sizeof *value);
    if (!to || !layer || !value) {
        free(layer);
        free(value);
        net_release(to);
        return NULL;
    }
    memcpy(value, n->value, (size_t)n->ninputs * sizeof *value);
    for (int i = 0; i < to->nlayers; i++)
        free(to->layer[i].spec);
    free(to->layer);
    free(to->value);
    to->layer = layer;
    to->value = value;
    to->nlayers = 0;
    to->nvalues = n->ninputs;
    to->parameters = 0;
    to->constants = NULL;
    return to;
}

static int unfold(Unfold *u)
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
    return failed || net_order_params(u->to, NULL) ? -1 : 0;
}

dcn_network *net_unfold(const dcn_network *n)
{
    const int most = most_layers(n);
    Unfold u = { .from = n, .number = calloc((size_t)n->nvalues + 1, sizeof(int)) };
    u.to = most <= NET_MAX_LAYERS ? begin(n, most) : NULL;
    if (!u.number || !u.to || unfold(&u)) {
        net_release(u.to);
        u.to = NULL;
    }
    free(u.number);
    return u.to;
}
