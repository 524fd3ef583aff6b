/* walk.c: a large network, layer by layer, each operator by a kernel of its own.
**
** Values, and gradients of them, are what these kernels make of each other's, rounded to the dtype as they are on the
** way inside the network; layers that are no operators are computed by the reference.  The first layer of each spec
** is compared with the reference on what reaches it.  The reference of gradients cannot compute some elements only,
** but skips what has no gradient: the gradient that a long layer is compared with is 0 but for some pixels.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/walk.h"
#include "runtime/base/base.h"
#include "runtime/base/tensor.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/op.h"
#include "tuner/check/expected.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Operations of a layer whose gradients are compared with those of all pixels. */
static const double SHORT = 2e7;

/* A layer, or its gradients, as a kernel. */
typedef struct WalkStep {
    Walk *w;
    const ref_net *net;
    const net_layer *layer;
    dcn_spec spec;
    int slot;      /* in w->kernel */
    bool is_first; /* that this walk has come to */
    Operands own;
} WalkStep;

static int fail(Walk *w)
{
    w->failed = true;
    return -1;
}

/* ---- kernels of layers --------------------------------------------------------------------- */

/* The operands of a layer whose gradients are wanted. */
static rt_operand_set wanted(const ref_net *r, const net_layer *l)
{
    const rt_operands o = rt_plain_operands_of(l->spec);
    rt_operand_set set = 0;
    for (int i = 0, arg = 0; i < o.n; i++) {
        if (o.tensor[i].role == DCN_OUT)
            continue;
        if (ref_net_gradient(r, l, arg++) && o.which[i] != RT_ROIS)
            set |= (rt_operand_set)1 << o.which[i];
    }
    return set;
}

static bool same(const ref_net *r, const net_layer *a, const net_layer *b, bool gradients)
{
    if (!a->spec || !b->spec || memcmp(a->spec, b->spec, sizeof *a->spec) != 0)
        return false;
    return !gradients || wanted(r, a) == wanted(r, b);
}

/* The kernel of the first layer that computes the same. */
static int open_step(WalkStep *s, Walk *w, const ref_net *r, const net_layer *l, bool gradients)
{
    const dcn_options opt = { .target = w->o->target };
    const dcn_network *n = r->net;
    int first = 0;
    while (!same(r, &n->layer[first], l, gradients))
        first++;
    *s = (WalkStep){ .w = w, .net = r, .layer = l, .spec = *l->spec };
    if (gradients) {
        s->spec.gradient = wanted(r, l);
        memset(s->spec.schedule, 0, sizeof s->spec.schedule); /* is one of the layer forwards */
    }
    s->slot = first + (gradients ? n->nlayers : 0);
    s->is_first = !w->kernel[s->slot];
    if (!w->kernel[s->slot] && dcn_compile(&s->spec, &opt, &w->kernel[s->slot], w->err))
        return fail(w);
    if (tune_operands_open(&s->own, w->kernel[s->slot], &s->spec, w->err))
        return fail(w);
    s->own.parallel_for = w->o->parallel_for;
    s->own.parallel_self = w->o->parallel_self;
    s->own.given = w->o->given;
    return 0;
}

void walk_free_kernels(dcn_kernel **kernel, int nlayers)
{
    for (int i = 0; i < 2 * nlayers && kernel; i++)
        dcn_kernel_free(kernel[i]);
    free(kernel);
}

/* ---- operands ------------------------------------------------------------------------------ */

/* The argument of a layer that is this operand of its spec. */
static int argument(const net_layer *l, rt_operand which)
{
    const rt_operands o = rt_plain_operands_of(l->spec);
    int arg = 0;
    for (int i = 0; i < o.n && o.which[i] != which; i++)
        arg += o.tensor[i].role != DCN_OUT;
    return arg;
}

static int take_arguments(WalkStep *s)
{
    Operands *own = &s->own;
    for (int i = 0; i < own->n; i++) {
        const bool gradient = own->which[i] == RT_GRAD_OUTPUT;
        if (own->tensor[i].role == DCN_OUT)
            continue;
        const double *from = gradient
                                 ? s->net->grad[s->layer->out]
                                 : ref_net_arg(s->net, s->layer, argument(s->layer, own->which[i]));
        memcpy(own->exact[i], from, (size_t)own->count[i] * sizeof *from);
    }
    return tune_type_inputs(own, s->w->err) ? fail(s->w) : 0;
}

static int run(WalkStep *s)
{
    tune_poison_outputs(&s->own);
    return tune_run(&s->own, 0, NULL, s->w->err) ? fail(s->w) : 0;
}

/* Adds an output to `to`. */
static int add_output(WalkStep *s, int i, double *to)
{
    const Operands *own = &s->own;
    double *v = malloc(((size_t)own->count[i] + 1) * sizeof *v);
    if (!v)
        return -1;
    rt_convert(v, RT_F64, own->typed[i], rt_kind_of(own->tensor[i].dtype), own->count[i]);
    for (int64_t k = 0; k < own->count[i]; k++)
        to[k] += v[k];
    free(v);
    return 0;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static bool is_finite(const Operands *own)
{
    for (int i = 0; i < own->n; i++)
        for (int64_t k = 0; own->tensor[i].role != DCN_OUT && k < own->count[i]; k++)
            if (!isfinite(own->exact[i][k]))
                return false;
    return true;
}

/* What is no number, or has left the range of the dtype, says nothing about a layer alone. */
static int compare(WalkStep *s, const char *what)
{
    Expected x = { .n = 0 };
    Walk *w = s->w;
    char name[NET_NAME_MAX + 32];
    if (!is_finite(&s->own))
        return 0;
    snprintf(name, sizeof name, "%s %s", what, s->layer->name);
    const int failed = expected_open(&x, &s->own, w->r, w->err);
    if (!failed)
        expected_compare(&x, &s->own, name, w->o->layers);
    expected_close(&x);
    return failed ? fail(w) : 0;
}

/* grad_output of a long layer is 0 but for about as many pixels as SHORT allows. */
static void thin_out(WalkStep *s)
{
    const int at = rt_operand_at(&s->spec, RT_GRAD_OUTPUT);
    const double keep = SHORT / dcn_spec_flops(&s->spec);
    const int64_t channels = s->spec.out_channels;
    for (int64_t i = 0; i < s->own.count[at] && keep < 1; i += channels)
        if (rt_rng_uniform(s->w->r) > keep)
            memset(s->own.exact[at] + i, 0, (size_t)channels * sizeof(double));
}

static int compare_gradients(WalkStep *s)
{
    Walk *w = s->w;
    thin_out(s);
    if (tune_type_inputs(&s->own, w->err) || tune_avoid_kinks(&s->own, w->err))
        return fail(w);
    return run(s) || compare(s, "gradients of layer") || take_arguments(s) ? -1 : 0;
}

/* ---- the hooks ----------------------------------------------------------------------------- */

static int forwards(WalkStep *s, ref_net *r)
{
    int at = 0;
    if (take_arguments(s) || run(s))
        return -1;
    if (s->w->check && s->is_first && compare(s, "layer"))
        return -1;
    while (s->own.tensor[at].role != DCN_OUT)
        at++;
    double *to = r->value[s->layer->out] = calloc((size_t)s->own.count[at] + 1, sizeof *to);
    return to ? add_output(s, at, to) : -1;
}

int walk_forwards(void *self, ref_net *r, const net_layer *layer)
{
    WalkStep s;
    if (layer->kind != NET_OPERATOR)
        return ref_net_layer(r, layer);
    const int failed = open_step(&s, self, r, layer, false) || forwards(&s, r);
    tune_operands_close(&s.own);
    return failed ? -1 : 0;
}

static int backwards(WalkStep *s)
{
    const Operands *own = &s->own;
    if (take_arguments(s))
        return -1;
    if (s->w->check && s->is_first && compare_gradients(s))
        return -1;
    if (run(s))
        return -1;
    for (int i = 0; i < own->n; i++) {
        if (own->tensor[i].role != DCN_OUT)
            continue;
        const int arg = argument(s->layer, rt_operand_of_grad(own->which[i]));
        if (add_output(s, i, ref_net_gradient(s->net, s->layer, arg)))
            return -1;
    }
    return 0;
}

int walk_backwards(void *self, const ref_net *r, const net_layer *layer)
{
    WalkStep s;
    if (layer->kind != NET_OPERATOR)
        return ref_net_layer_back(r, layer);
    if (!wanted(r, layer))
        return 0;
    const int failed = open_step(&s, self, r, layer, true) || backwards(&s);
    tune_operands_close(&s.own);
    return failed ? -1 : 0;
}
