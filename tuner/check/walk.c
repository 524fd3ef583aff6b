/* walk.c: a large network, layer by layer, each operator by a kernel of its own.
**
** Values are what these kernels make of each other's, rounded to the dtype as they are on the way inside the
** network; layers that are no operators are computed by the reference.  A value is dropped when nobody
** reads it any more.  The first layer of each spec is compared with the reference on the values that
** reach it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/tensor.h"
#include "tuner/check/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By layer: its kernel, if it is the first of its spec; by value: the last layer that reads it. */
typedef struct Walk {
    const Operands *o;
    rt_rng *r;
    const dcn_network *n;
    dcn_kernel **kernel;
    int *last;
    ref_net values;
    bool check; /* compare layers */
} Walk;

static int fail_memory(const Walk *w, dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory to verify '%s'", w->o->spec.name);
}

/* ---- kernels of layers --------------------------------------------------------------------- */

static bool same_spec(const net_layer *a, const net_layer *b)
{
    return a->spec && b->spec && memcmp(a->spec, b->spec, sizeof *a->spec) == 0;
}

/* The first layer of the spec of layer i. */
static int first_of(const dcn_network *n, int i)
{
    int first = 0;
    while (!same_spec(&n->layer[first], &n->layer[i]))
        first++;
    return first;
}

static int get_kernel(Walk *w, int first, dcn_error *err)
{
    const dcn_options opt = { .target = &w->o->kernel->target };
    if (w->kernel[first])
        return 0;
    return dcn_compile(w->n->layer[first].spec, &opt, &w->kernel[first], err);
}

/* ---- one operator -------------------------------------------------------------------------- */

/* Its arguments stand in the order of its operands without the output. */
static int take_arguments(const Walk *w, const net_layer *l, Operands *own, dcn_error *err)
{
    int arg = 0;
    for (int i = 0; i < own->n; i++)
        if (own->tensor[i].role != DCN_OUT)
            memcpy(own->exact[i], ref_net_arg(&w->values, l, arg++),
                   (size_t)own->count[i] * sizeof *own->exact[i]);
    return tune_type_inputs(own, err);
}

static int compare_layer(const Walk *w, const net_layer *l, const Operands *own, dcn_error *err)
{
    Expected x;
    char name[NET_NAME_MAX + 16];
    snprintf(name, sizeof name, "layer %s", l->name);
    const int failed = expected_open(&x, own, w->r, err);
    if (!failed)
        expected_compare(&x, own, name, w->o->layers);
    expected_close(&x);
    return failed;
}

static int take_output(Walk *w, const net_layer *l, const Operands *own, dcn_error *err)
{
    int at = 0;
    while (own->tensor[at].role != DCN_OUT)
        at++;
    double *to = w->values.value[l->out] = calloc((size_t)own->count[at] + 1, sizeof *to);
    if (!to)
        return fail_memory(w, err);
    rt_convert(to, RT_F64, own->typed[at], rt_kind_of(own->tensor[at].dtype), own->count[at]);
    return 0;
}

static int run_operator(Walk *w, int i, dcn_error *err)
{
    const net_layer *l = &w->n->layer[i];
    const int first = first_of(w->n, i);
    Operands own = { .n = 0 };
    if (get_kernel(w, first, err))
        return -1;
    int failed =
        tune_operands_open(&own, w->kernel[first], l->spec, err) || take_arguments(w, l, &own, err);
    own.parallel_for = w->o->parallel_for;
    own.parallel_self = w->o->parallel_self;
    if (!failed) {
        tune_poison_outputs(&own);
        failed = tune_run(&own, 0, NULL, err);
    }
    if (!failed && w->check && first == i)
        failed = compare_layer(w, l, &own, err);
    failed = failed || take_output(w, l, &own, err);
    tune_operands_close(&own);
    return failed ? -1 : 0;
}

/* ---- all layers ---------------------------------------------------------------------------- */

static void round_value(const Walk *w, int value)
{
    const rt_kind kind = rt_kind_of(w->n->dtype);
    double *v = w->values.value[value];
    for (int64_t i = 0; i < net_elements(w->n->value[value].shape); i++)
        v[i] = rt_round_to(kind, v[i]);
}

static int run_layer(Walk *w, int i, const ref_noise *noise, dcn_error *err)
{
    const net_layer *l = &w->n->layer[i];
    if (l->kind == NET_OPERATOR ? run_operator(w, i, err) : ref_net_layer(&w->values, l))
        return l->kind == NET_OPERATOR ? -1 : fail_memory(w, err);
    if (noise)
        noise->disturb(noise->self, l, w->values.value[l->out],
                       net_elements(w->n->value[l->out].shape));
    round_value(w, l->out);
    for (int v = 0; v < w->n->nvalues; v++)
        if (w->last[v] == i) {
            free(w->values.value[v]);
            w->values.value[v] = NULL;
        }
    return 0;
}

/* Outputs are read behind the last layer. */
static void find_last(Walk *w)
{
    const dcn_network *n = w->n;
    for (int v = 0; v < n->nvalues; v++)
        w->last[v] = -1;
    for (int i = 0; i < n->nlayers; i++)
        for (int a = 0; a < n->layer[i].nargs; a++)
            if (n->layer[i].arg[a].value >= 0)
                w->last[n->layer[i].arg[a].value] = i;
    for (int i = 0; i < n->noutputs; i++)
        w->last[n->output[i]] = n->nlayers;
}

static int take_inputs(Walk *w, dcn_error *err)
{
    const dcn_network *n = w->n;
    for (int i = 0; i < n->ninputs; i++) {
        double *to = w->values.value[i] = calloc((size_t)w->o->count[i] + 1, sizeof *to);
        if (!to)
            return fail_memory(w, err);
        ref_net_from_outside(&n->value[i], w->o->exact[i], to);
    }
    return 0;
}

static int pass(Walk *w, const ref_noise *noise, double *const *out, dcn_error *err)
{
    const dcn_network *n = w->n;
    const int at = net_parameters_at(n), first = n->ninputs + (at >= 0);
    if (ref_net_open(&w->values, n, at < 0 ? NULL : w->o->exact[at]))
        return fail_memory(w, err);
    if (take_inputs(w, err))
        return -1;
    for (int i = 0; i < n->nlayers; i++)
        if (run_layer(w, i, noise, err))
            return -1;
    for (int i = 0; i < n->noutputs; i++)
        ref_net_to_outside(&n->value[n->output[i]], w->values.value[n->output[i]], out[first + i]);
    return 0;
}

int tune_net_walk(const Operands *o, rt_rng *r, const ref_noise *noise, dcn_kernel **kernel,
                  double *const *out, dcn_error *err)
{
    const dcn_network *n = o->spec.network;
    Walk w = { .o = o, .r = r, .n = n, .kernel = kernel, .check = !noise && o->layers };
    w.last = calloc((size_t)n->nvalues + 1, sizeof *w.last);
    int failed = w.last ? 0 : fail_memory(&w, err);
    if (!failed) {
        find_last(&w);
        failed = pass(&w, noise, out, err);
    }
    ref_net_close(&w.values);
    free(w.last);
    return failed ? -1 : 0;
}
