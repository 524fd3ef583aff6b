/* network.c: networks, layer by layer, forwards and backwards.
**
** Backwards every layer, the last first, adds to the gradients of its arguments; a value that several
** layers read has the sum.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/network.h"
#include "runtime/base/tensor.h"
#include "runtime/reference/glue.h"
#include "runtime/reference/internal.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/op.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is known ------------------------------------------------------------------------- */

static int64_t most_zeros(const dcn_network *n)
{
    int64_t most = 0;
    for (int i = n->nparams; i < n->nparams + n->nzeros; i++)
        most = n->param[i].count > most ? n->param[i].count : most;
    return most;
}

/* Whether there is memory for them. */
static bool take_constants(ref_net *r)
{
    r->constants = malloc(((size_t)r->net->parameters + 1) * sizeof *r->constants);
    if (r->constants)
        rt_convert(r->constants, RT_F64, r->net->constants, rt_kind_of(r->net->dtype),
                   r->net->parameters);
    r->parameters = r->constants;
    return r->constants;
}

int ref_net_open(ref_net *r, const dcn_network *n, const double *parameters)
{
    *r = (ref_net){ .net = n, .parameters = parameters };
    r->value = calloc((size_t)n->nvalues + 1, sizeof *r->value);
    r->grad = calloc((size_t)n->nvalues + 1, sizeof *r->grad);
    r->zeros = calloc((size_t)most_zeros(n) + 1, sizeof *r->zeros);
    if (n->constants && !take_constants(r))
        return -1;
    return r->value && r->grad && r->zeros ? 0 : -1;
}

void ref_net_close(ref_net *r)
{
    for (int i = 0; r->net && i < r->net->nvalues; i++) {
        free(r->value ? r->value[i] : NULL);
        free(r->grad ? r->grad[i] : NULL);
    }
    free(r->value);
    free(r->grad);
    free(r->zeros);
    free(r->constants);
    *r = (ref_net){ .net = NULL };
}

static double *room_for(const dcn_network *n, int value)
{
    return calloc((size_t)net_elements(n->value[value].shape) + 1, sizeof(double));
}

const double *ref_net_arg(const ref_net *r, const net_layer *layer, int i)
{
    const net_arg *a = &layer->arg[i];
    if (a->value >= 0)
        return r->value[a->value];
    return a->param < r->net->nparams ? r->parameters + r->net->param[a->param].at : r->zeros;
}

/* A norm rounds what it reads, by as much as what it makes may be far larger: so a hook has its own copy, *own, which
** the caller frees.  0, or -1 without memory. */
static int arguments(const ref_net *r, const net_layer *layer, const double *arg[NET_MAX_ARGS],
                     double **own)
{
    *own = NULL;
    for (int i = 0; i < layer->nargs; i++)
        arg[i] = ref_net_arg(r, layer, i);
    if (layer->kind != NET_LAYER_NORM || !r->hooks || !r->hooks->value)
        return 0;
    const size_t n = (size_t)net_elements(r->net->value[layer->arg[0].value].shape);
    *own = malloc((n + 1) * sizeof **own);
    if (!*own)
        return -1;
    memcpy(*own, arg[0], n * sizeof **own);
    r->hooks->value(r->hooks->self, layer->arg[0].value, *own);
    arg[0] = *own;
    return 0;
}

/* ---- layouts ------------------------------------------------------------------------------- */

/* Where element i, counted in [n][h][w][c], lies outside. */
static int64_t outside_at(const net_value *v, int64_t i)
{
    const net_shape s = v->shape;
    const bool as_inside = v->rank != 4 || v->layout == DCN_NHWC;
    const ref_map inside = { NULL, s.c, s.h, s.w, true }, outside = { NULL, s.c, s.h, s.w, false };
    int64_t at[4];
    if (as_inside)
        return i;
    ref_locate(&inside, i, at);
    return ref_at(&outside, at[0], at[1], at[2], at[3]);
}

void ref_net_from_outside(const net_value *v, const double *outside, double *inside)
{
    for (int64_t i = 0; i < net_elements(v->shape); i++)
        inside[i] = outside[outside_at(v, i)];
}

void ref_net_to_outside(const net_value *v, const double *inside, double *outside)
{
    for (int64_t i = 0; i < net_elements(v->shape); i++)
        outside[outside_at(v, i)] = inside[i];
}

/* ---- one layer ----------------------------------------------------------------------------- */

int ref_net_layer(ref_net *r, const net_layer *layer)
{
    const double *arg[NET_MAX_ARGS];
    double *to = r->value[layer->out] = room_for(r->net, layer->out), *own = NULL;
    if (!to || arguments(r, layer, arg, &own))
        return -1;
    if (layer->kind == NET_OPERATOR)
        return rt_reference(layer->spec, arg, RT_OUTPUT, to);
    ref_glue(r->net, layer, arg, to);
    free(own);
    return 0;
}

double *ref_net_gradient(const ref_net *r, const net_layer *layer, int i)
{
    const net_arg *a = &layer->arg[i];
    if (a->value >= 0)
        return r->grad[a->value];
    const net_param *p = &r->net->param[a->param];
    const bool wanted = r->grad_parameters && a->param < r->net->nparams && p->wanted;
    return wanted ? r->grad_parameters + p->grad_at : NULL;
}

static int operator_back(const ref_net *r, const net_layer *layer)
{
    const rt_operands o = rt_operands_of(layer->spec);
    ref_back b = { .s = *layer->spec, .g = r->grad[layer->out] };
    int at = 0;
    for (int i = 0; i < o.n; i++) {
        if (o.tensor[i].role == DCN_OUT)
            continue;
        b.tensor[o.which[i]] = ref_net_arg(r, layer, at);
        b.to[o.which[i]] = o.which[i] == RT_ROIS ? NULL : ref_net_gradient(r, layer, at);
        at++;
    }
    return rt_op_of(b.s.op)->backward(&b);
}

int ref_net_layer_back(const ref_net *r, const net_layer *layer)
{
    const double *arg[NET_MAX_ARGS];
    double *grad[NET_MAX_ARGS], *own;
    if (layer->kind == NET_OPERATOR)
        return operator_back(r, layer);
    if (arguments(r, layer, arg, &own))
        return -1;
    for (int i = 0; i < layer->nargs; i++)
        grad[i] = ref_net_gradient(r, layer, i);
    ref_glue_back(r->net, layer, arg, r->grad[layer->out], grad);
    free(own);
    return 0;
}

/* ---- a network forwards -------------------------------------------------------------------- */

static int make(ref_net *r, const net_layer *layer)
{
    const ref_hooks *h = r->hooks;
    if (h && h->forwards ? h->forwards(h->self, r, layer) : ref_net_layer(r, layer))
        return -1;
    if (h && h->value)
        h->value(h->self, layer->out, r->value[layer->out]);
    return 0;
}

static bool is_read_after(const dcn_network *n, int value, int layer)
{
    bool read = false;
    for (int i = layer + 1; i < n->nlayers && !read; i++)
        for (int a = 0; a < n->layer[i].nargs; a++)
            read = read || n->layer[i].arg[a].value == value;
    for (int i = 0; i < n->noutputs; i++)
        read = read || n->output[i] == value;
    return read;
}

static void drop_read(ref_net *r, int layer)
{
    const net_layer *l = &r->net->layer[layer];
    for (int a = 0; a < l->nargs; a++) {
        const int v = l->arg[a].value;
        if (v < 0 || is_read_after(r->net, v, layer))
            continue;
        free(r->value[v]);
        r->value[v] = NULL;
    }
}

/* Inputs by position, then all layers.  keep: values stay when nobody reads them any more. */
static int go_forwards(ref_net *r, const double *const *input, bool keep)
{
    const dcn_network *n = r->net;
    for (int i = 0; i < n->ninputs; i++) {
        r->value[i] = room_for(n, i);
        if (!r->value[i])
            return -1;
        ref_net_from_outside(&n->value[i], input[i], r->value[i]);
    }
    for (int i = 0; i < n->nlayers; i++) {
        if (make(r, &n->layer[i]))
            return -1;
        if (!keep)
            drop_read(r, i);
    }
    return 0;
}

/* The parameters among operands by position; of a network without any what nobody reads. */
static const double *parameters_of(const dcn_network *n, const double *const *tensor)
{
    const int at = net_parameters_at(n);
    return at < 0 ? NULL : tensor[at];
}

int ref_open_network(rt_ref *r)
{
    const rt_operands o = rt_plain_operands_of(&r->s);
    double *out[RT_NUM_OPERANDS] = { NULL };
    for (int i = 0; i < o.n; i++) {
        if (o.tensor[i].role != DCN_OUT)
            continue;
        out[i] = r->whole[o.which[i]] = ref_make(r, rt_tensor_count(&o.tensor[i]));
        if (!out[i])
            return -1;
    }
    return ref_network(&r->s, r->tensor, NULL, out);
}

/* ---- a network backwards ------------------------------------------------------------------- */

/* Whether one of the gradients that are wanted passes through the layer, from what it makes. */
static bool passes(const ref_net *r, const net_layer *layer)
{
    bool wanted = false;
    for (int i = 0; i < layer->nargs; i++)
        wanted = wanted || ref_net_gradient(r, layer, i);
    return wanted && !r->net->value[layer->out].still;
}

static bool is_inner(const dcn_network *n, int value)
{
    for (int i = 0; i < n->ninner; i++)
        if (n->inner[i] == value)
            return true;
    return false;
}

/* Room for the gradients of wanted values and of all that is made of what has one. */
static int open_grads(ref_net *r, double *const *to)
{
    const dcn_network *n = r->net;
    for (int i = 0; i < n->ninputs; i++)
        if (to[i] && !(r->grad[i] = room_for(n, i)))
            return -1;
    for (int i = 0; i < n->nlayers; i++) {
        const int out = n->layer[i].out;
        const bool known = passes(r, &n->layer[i]) || is_inner(n, out);
        if (known && !(r->grad[out] = room_for(n, out)))
            return -1;
    }
    return 0;
}

static void add_from_outside(const net_value *v, const double *outside, double *inside)
{
    for (int64_t i = 0; i < net_elements(v->shape); i++)
        inside[i] += outside[outside_at(v, i)];
}

/* The gradients of the outputs, of which two may be one value; what reads it inside adds more. */
static void take_grads(const ref_net *r, const ref_back *b)
{
    const rt_operands o = rt_plain_operands_of(&b->s);
    for (int i = 0; i < o.n; i++) {
        const int value = o.tensor[i].role == DCN_OUT ? net_value_at(r->net, i) : -1;
        if (value >= 0 && r->grad[value])
            add_from_outside(&r->net->value[value], b->tensor[rt_grad_of(o.which[i])],
                             r->grad[value]);
    }
}

static void report_gradient(const ref_net *r, int value)
{
    if (r->grad[value] && r->hooks && r->hooks->gradient)
        r->hooks->gradient(r->hooks->self, value, r->grad[value]);
}

static int go_backwards(const ref_net *r)
{
    const ref_hooks *h = r->hooks;
    for (int i = r->net->nlayers - 1; i >= 0; i--) {
        const net_layer *layer = &r->net->layer[i];
        report_gradient(r, layer->out);
        if (!r->grad[layer->out] || !passes(r, layer))
            continue;
        if (h && h->backwards ? h->backwards(h->self, r, layer) : ref_net_layer_back(r, layer))
            return -1;
    }
    for (int i = 0; i < r->net->ninputs; i++)
        report_gradient(r, i);
    return 0;
}

static void give_grads(const ref_net *r, const ref_back *b)
{
    const dcn_network *n = r->net;
    for (int i = 0; i < n->ninputs; i++)
        if (b->to[i])
            ref_net_to_outside(&n->value[i], r->grad[i], b->to[i]);
    for (int i = 0; i < n->ninner; i++)
        memcpy(b->to[net_inner_at(n, i)], r->grad[n->inner[i]],
               (size_t)net_elements(n->value[n->inner[i]].shape) * sizeof(double));
}

/* b->to by position. */
static int back_network(const ref_back *b, const ref_hooks *hooks)
{
    ref_net pass;
    const dcn_network *n = b->s.network;
    const int at = net_parameters_at(n);
    int failed = ref_net_open(&pass, n, parameters_of(n, b->tensor));
    pass.hooks = hooks;
    pass.grad_parameters = at < 0 ? NULL : b->to[at];
    failed = failed || go_forwards(&pass, b->tensor, true) || open_grads(&pass, b->to);
    if (!failed) {
        take_grads(&pass, b);
        failed = go_backwards(&pass);
    }
    if (!failed)
        give_grads(&pass, b);
    ref_net_close(&pass);
    return failed ? -1 : 0;
}

int ref_back_network(const ref_back *b)
{
    return back_network(b, NULL);
}

/* ---- all outputs at once ------------------------------------------------------------------- */

static int all_gradients(const dcn_spec *s, const double *const *tensor, const ref_hooks *hooks,
                         double *const *out)
{
    const rt_operands o = rt_operands_of(s);
    ref_back b = { .s = rt_plain_spec(s) };
    for (int i = 0; i < o.n; i++) {
        if (o.tensor[i].role != DCN_OUT) {
            b.tensor[o.which[i]] = tensor[i];
            continue;
        }
        b.to[rt_operand_of_grad(o.which[i])] = out[i];
        memset(out[i], 0, (size_t)rt_tensor_count(&o.tensor[i]) * sizeof *out[i]);
    }
    return back_network(&b, hooks);
}

static int all_outputs(const dcn_spec *s, const double *const *tensor, const ref_hooks *hooks,
                       double *const *out)
{
    ref_net pass;
    const dcn_network *n = s->network;
    const int first = n->ninputs + (net_parameters_at(n) >= 0);
    int failed = ref_net_open(&pass, n, parameters_of(n, tensor));
    pass.hooks = hooks;
    failed = failed || go_forwards(&pass, tensor, false);
    for (int i = 0; i < n->noutputs && !failed; i++)
        ref_net_to_outside(&n->value[n->output[i]], pass.value[n->output[i]], out[first + i]);
    ref_net_close(&pass);
    return failed ? -1 : 0;
}

int ref_network(const dcn_spec *s, const double *const *tensor, const ref_hooks *hooks,
                double *const *out)
{
    return s->gradient ? all_gradients(s, tensor, hooks, out) : all_outputs(s, tensor, hooks, out);
}
