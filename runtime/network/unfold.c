/* unfold.c: modules of a network in parts: so that their offsets are values, and so that they are compiled as
** layers like any others.
**
** A module's stages (runtime/spec/stages.h) become layers MODULE.STAGE: operators, norms, blends, activations, maps
** of bins as rows and back.  Where pictures look at values, the last one has the module's name.
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
    int last; /* stage that does something */
    int made[RT_MAX_VALUES];
} UnfoldModule;

static bool is_module(const net_layer *l)
{
    return l->spec && rt_op_has(l->spec->op, RT_COMPOSITE);
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

/* The layer that a stage is which is no operator, and what it calls its arguments. */
typedef struct UnfoldRow {
    net_kind kind;
    struct {
        const char *name;
        rt_operand arg;
    } arg[3]; /* those that have a name */
} UnfoldRow;

static const UnfoldRow *row_of(const rt_stage *st)
{
    static const UnfoldRow rows[] = {
        [RT_STAGE_NORM] = { NET_LAYER_NORM,
                            { { "a", RT_INPUT }, { "weight", RT_WEIGHT }, { "bias", RT_BIAS } } },
        [RT_STAGE_BLEND] = { NET_BLEND,
                             { { "a", RT_INPUT }, { "b", RT_RESIDUAL }, { "c", RT_MASK } } },
        [RT_STAGE_ACTIVATE] = { NET_ACTIVATION, { { "a", RT_INPUT } } },
        [RT_STAGE_TO_NCHW] = { NET_RESHAPE, { { "a", RT_INPUT } } },
        [RT_STAGE_FROM_NCHW] = { NET_RESHAPE, { { "a", RT_INPUT } } },
    };
    return &rows[st->kind];
}

static void row_stage(const UnfoldModule *m, const rt_stage *st, net_layer *l, net_value *out)
{
    const UnfoldRow *row = row_of(st);
    l->kind = row->kind;
    l->activation = rt_activation_of(&st->spec);
    l->eps = st->spec.norm_eps;
    for (int i = 0; i < 3 && row->arg[i].name; i++)
        take(m, l, row->arg[i].name, st->arg[row->arg[i].arg], false);
    out->shape = m->u->to->value[l->arg[0].value].shape;
    if (l->kind != NET_RESHAPE)
        return;
    const bool flattens = st->kind == RT_STAGE_TO_NCHW;
    const int64_t all = out->shape.h * out->shape.w * out->shape.c;
    l->size[0] = out->shape.h = flattens ? 1 : st->spec.height;
    l->size[1] = out->shape.w = flattens ? 1 : st->spec.width;
    out->shape.c = all / (out->shape.h * out->shape.w);
}

static bool is_taken(const dcn_network *n, const char *name)
{
    for (int i = 0; i < n->nlayers; i++)
        if (strcmp(n->layer[i].name, name) == 0)
            return true;
    return false;
}

/* A layer of the user's may be called like a stage, and two long names may begin alike. */
static void name_stage(const UnfoldModule *m, int i, net_layer *l)
{
    const char *name = m->layer->name;
    if (i == m->last && !m->u->for_code) {
        memcpy(l->name, name, sizeof l->name);
        return;
    }
    snprintf(l->name, sizeof l->name, "%.100s.%s", name, m->stages->stage[i].word);
    while ((is_taken(m->u->from, l->name) || is_taken(m->u->to, l->name)) &&
           strlen(l->name) + 1 < sizeof l->name)
        strcat(l->name, "_");
}

static int add_stage(UnfoldModule *m, int i)
{
    const rt_stage *st = &m->stages->stage[i];
    const net_value *whole = &m->u->from->value[m->layer->out];
    net_layer l = { .scale = 1, .source = m->layer->source };
    net_value out = { .layout = DCN_NHWC, .rank = 4, .dtype = m->u->from->dtype };
    name_stage(m, i, &l);
    if (st->kind != RT_STAGE_OPERATOR)
        row_stage(m, st, &l, &out);
    else if (operator_stage(m, st, &l, &out))
        return -1;
    m->made[st->out] = add_layer(m->u, &l, i == m->last ? whole : &out);
    return 0;
}

static int last_stage(const rt_stages *g)
{
    const rt_stage *last = &g->stage[g->n - 1];
    const bool idle = last->kind == RT_STAGE_ACTIVATE && last->spec.activation == DCN_ACT_NONE;
    return idle ? g->n - 2 : g->n - 1;
}

static int unfold_layer(Unfold *u, const net_layer *l)
{
    rt_stages *g = rt_stages_of(l->spec);
    UnfoldModule m = { .u = u, .layer = l, .stages = g, .last = g ? last_stage(g) : -1 };
    int failed = g ? 0 : -1;
    for (int i = 0; i <= m.last && !failed; i++)
        failed = add_stage(&m, i);
    if (!failed)
        u->number[l->out] = m.made[g->stage[m.last].out];
    free(g);
    return failed;
}

/* A schedule of a module names its stages, so one that has its own is compiled as it is. */
static bool stays(const Unfold *u, const net_layer *l)
{
    return !is_module(l) || (u->for_code && l->spec->schedule[0]);
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Layers that there will be; -1 without memory. */
static int count_layers(const Unfold *u)
{
    int all = 0;
    for (int i = 0; i < u->from->nlayers; i++) {
        const net_layer *l = &u->from->layer[i];
        rt_stages *g = stays(u, l) ? NULL : rt_stages_of(l->spec);
        if (!g && !stays(u, l))
            return -1;
        all += g ? last_stage(g) + 1 : 1;
        free(g);
    }
    return all;
}

/* The network of n's inputs and parameters, with room for `most` layers and their zeros, without layers. */
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
            stays(u, &n->layer[i]) ? copy_layer(u, &n->layer[i]) : unfold_layer(u, &n->layer[i]);
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
    const int all = count_layers(u);
    u->number = calloc((size_t)u->from->nvalues + 1, sizeof *u->number);
    u->to = all >= 0 && (u->for_code || all <= NET_MAX_LAYERS) ? begin(u->from, all) : NULL;
    const int failed = !u->number || !u->to || unfold_layers(u) ? -1 : 0;
    free(u->number);
    return failed;
}

int net_unfolded_layers(const dcn_network *n)
{
    const Unfold u = { .from = n };
    return count_layers(&u);
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
