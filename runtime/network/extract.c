/* extract.c: a network out of a graph: what leads to its outputs, names, parameters.
**
** Values are numbered anew: inputs, then what the layers make, in their order, so that value
** ninputs + i is made by layer i.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/extract.h"
#include "runtime/network/graph.h"
#include "runtime/spec/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int fail_memory(dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory for a network");
}

/* ---- which --------------------------------------------------------------------------------- */

/* By value of the graph: whether it leads to an output, then its number in the network, or -1. */
typedef struct Extract {
    const net_graph *g;
    const net_output *out; /* in the order of their names */
    int nout;
    int *number;
} Extract;

static int count_marked(const Extract *x)
{
    int count = 0;
    for (int i = 0; i < x->g->nvalues; i++)
        count += x->number[i] >= 0;
    return count;
}

static void mark(const Extract *x)
{
    const net_graph *g = x->g;
    for (int i = 0; i < g->nvalues; i++)
        x->number[i] = -1;
    for (int i = 0; i < x->nout; i++)
        x->number[x->out[i].value] = 0;
    for (int i = g->nlayers - 1; i >= 0; i--) {
        const net_layer *l = &g->layer[i];
        for (int a = 0; a < l->nargs && x->number[l->out] == 0; a++)
            if (l->arg[a].value >= 0)
                x->number[l->arg[a].value] = 0;
    }
}

static int count_inputs(const Extract *x, dcn_network *n, dcn_error *err)
{
    for (int i = 0; i < x->g->nvalues; i++)
        if (x->number[i] == 0 && x->g->value[i].layer < 0)
            x->number[i] = n->ninputs++;
    if (n->ninputs <= NET_MAX_OPERANDS)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "a network has at most %d inputs, not %d", NET_MAX_OPERANDS,
                    n->ninputs);
}

/* Constants of a header are in capitals, so that letters alone are no difference. */
static int fail_twice(const char *what, const char *a, const char *b, dcn_error *err)
{
    if (strcmp(a, b) == 0)
        return dcn_fail(err, DCN_ESPEC, "%s are called '%s'", what, a);
    return dcn_fail(err, DCN_ESPEC, "%s are called '%s' and '%s': the same in capitals", what, a,
                    b);
}

/* Networks of one graph may have inputs of one name, and of several dtypes; a network may not. */
static int check_inputs(dcn_network *n, dcn_error *err)
{
    n->dtype = n->value[0].dtype;
    for (int i = 1; i < n->ninputs; i++) {
        const net_value *v = &n->value[i];
        for (int other = 0; other < i; other++)
            if (strcasecmp(n->value[other].name, v->name) == 0)
                return fail_twice("two inputs", n->value[other].name, v->name, err);
        if (v->dtype != n->dtype)
            return dcn_fail(err, DCN_ESPEC,
                            "'dtype' of input '%s' is \"%s\", but that of '%s' is \"%s\"", v->name,
                            dcn_dtype_name(v->dtype), n->value[0].name, dcn_dtype_name(n->dtype));
    }
    return 0;
}

static int copy_values(const Extract *x, dcn_network *n, dcn_error *err)
{
    const net_graph *g = x->g;
    n->value = calloc((size_t)count_marked(x) + 1, sizeof *n->value);
    if (!n->value)
        return fail_memory(err);
    n->nvalues = n->ninputs;
    for (int i = 0; i < g->nvalues; i++) {
        if (x->number[i] < 0)
            continue;
        if (g->value[i].layer >= 0)
            x->number[i] = n->nvalues++;
        n->value[x->number[i]] = g->value[i];
        n->value[x->number[i]].layer = x->number[i] - n->ninputs;
    }
    for (int i = 0; i < n->ninputs; i++)
        n->value[i].layer = -1;
    return check_inputs(n, err);
}

static int copy_layer(const Extract *x, const net_layer *from, net_layer *to, dcn_error *err)
{
    *to = *from;
    to->spec = from->spec ? malloc(sizeof *to->spec) : NULL;
    if (from->spec && !to->spec)
        return fail_memory(err);
    if (to->spec)
        *to->spec = *from->spec;
    to->out = x->number[from->out];
    for (int a = 0; a < to->nargs; a++)
        if (to->arg[a].value >= 0)
            to->arg[a].value = x->number[from->arg[a].value];
    return 0;
}

static int copy_layers(const Extract *x, dcn_network *n, dcn_error *err)
{
    n->layer = calloc((size_t)(n->nvalues - n->ninputs) + 1, sizeof *n->layer);
    if (!n->layer)
        return fail_memory(err);
    for (int i = 0; i < x->g->nlayers; i++)
        if (x->number[x->g->layer[i].out] >= 0 &&
            copy_layer(x, &x->g->layer[i], &n->layer[n->nlayers++], err))
            return -1;
    return 0;
}

/* ---- outputs ------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const net_output *)a)->name, ((const net_output *)b)->name);
}

/* An output is called as an input may be, and not as an earlier output or an input is. */
static int check_output(const Extract *x, int i, dcn_error *err)
{
    const char *name = x->out[i].name;
    if (net_check_operand_name(name, "output", err))
        return -1;
    for (int other = 0; other < i; other++)
        if (strcasecmp(x->out[other].name, name) == 0)
            return fail_twice("two outputs", x->out[other].name, name, err);
    for (int v = 0; v < x->g->nvalues; v++) {
        const net_value *in = &x->g->value[v];
        if (in->layer < 0 && x->number[v] >= 0 && strcasecmp(in->name, name) == 0)
            return fail_twice("an input and an output", in->name, name, err);
    }
    return 0;
}

/* An operand lies in one layout: a value of two names, or an input that is an output, does too. */
static int set_layout(net_value *v, const net_output *out, dcn_error *err)
{
    if (v->name[0] && v->rank == 4 && v->layout != out->layout)
        return dcn_fail(err, DCN_ESPEC, "output '%s' is '%s' in another layout", out->name,
                        v->name);
    v->layout = out->layout;
    if (!v->name[0])
        snprintf(v->name, sizeof v->name, "%s", out->name);
    return 0;
}

static int name_outputs(const Extract *x, dcn_network *n, dcn_error *err)
{
    n->noutputs = x->nout;
    for (int i = 0; i < x->nout; i++) {
        n->output[i] = x->number[x->out[i].value];
        if (check_output(x, i, err) || set_layout(&n->value[n->output[i]], &x->out[i], err))
            return -1;
        snprintf(n->output_name[i], sizeof n->output_name[i], "%s", x->out[i].name);
    }
    return 0;
}

static void name_gradient(char to[NET_GRAD_NAME_MAX], const char *of)
{
    static const char prefix[] = "grad_";
    const size_t n = strnlen(of, NET_GRAD_NAME_MAX - sizeof prefix);
    memcpy(to, prefix, sizeof prefix - 1);
    memcpy(to + sizeof prefix - 1, of, n);
    to[sizeof prefix - 1 + n] = '\0';
}

static void name_gradients(dcn_network *n)
{
    int at = 0;
    for (int i = 0; i < n->ninputs; i++)
        name_gradient(n->grad_name[at++], n->value[i].name);
    if (n->parameters > 0)
        name_gradient(n->grad_name[at++], "parameters");
    for (int i = 0; i < n->noutputs; i++)
        name_gradient(n->grad_name[at++], n->output_name[i]);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int extract(const Extract *x, dcn_network *n, dcn_error *err)
{
    mark(x);
    if (count_inputs(x, n, err) || copy_values(x, n, err) || copy_layers(x, n, err) ||
        name_outputs(x, n, err) || net_name_layers(n, err) || net_make_params(n, err) ||
        net_fuse(n, err) || net_order_params(n, err))
        return -1;
    name_gradients(n);
    return 0;
}

/* What names and places the values had as operands of the whole. */
static void forget_outputs(dcn_network *n)
{
    for (int i = n->ninputs; i < n->nvalues; i++) {
        n->value[i].name[0] = 0;
        n->value[i].layout = DCN_NHWC;
    }
}

/* A network out of another one in place of a graph: names and parameters are there already. */
static int extract_part(const Extract *x, const dcn_network *whole, dcn_network *n, dcn_error *err)
{
    const size_t nparams = (size_t)whole->nparams + (size_t)whole->nzeros;
    mark(x);
    if (count_inputs(x, n, err) || copy_values(x, n, err) || copy_layers(x, n, err))
        return -1;
    forget_outputs(n);
    n->param = calloc(nparams + 1, sizeof *n->param);
    if (!n->param)
        return fail_memory(err);
    memcpy(n->param, whole->param, nparams * sizeof *n->param);
    n->nparams = whole->nparams;
    n->nzeros = whole->nzeros;
    if (name_outputs(x, n, err) || net_order_params(n, err))
        return -1;
    name_gradients(n);
    return 0;
}

/* whole: NULL, or the network that the graph is. */
static int make(const net_graph *g, const dcn_network *whole, const net_output *out, int nout,
                dcn_network **net, dcn_error *err)
{
    net_output sorted[NET_MAX_OPERANDS];
    *net = NULL;
    if (nout < 1 || nout > NET_MAX_OPERANDS)
        return dcn_fail(err, DCN_ESPEC, "a network has 1 to %d outputs, not %d", NET_MAX_OPERANDS,
                        nout);
    memcpy(sorted, out, (size_t)nout * sizeof *out);
    qsort(sorted, (size_t)nout, sizeof *sorted, by_name);
    const Extract x = { g, sorted, nout, malloc(((size_t)g->nvalues + 1) * sizeof(int)) };
    dcn_network *n = x.number ? calloc(1, sizeof *n) : NULL;
    int failed = n ? 0 : fail_memory(err);
    if (n) {
        n->refs = 1;
        failed = whole ? extract_part(&x, whole, n, err) : extract(&x, n, err);
    }
    free(x.number);
    if (failed)
        net_release(n);
    else
        *net = n;
    return failed ? -1 : 0;
}

int net_graph_network(const net_graph *g, const net_output *out, int nout, dcn_network **net,
                      dcn_error *err)
{
    return make(g, NULL, out, nout, net, err);
}

int net_graph_part(const net_graph *g, const dcn_network *whole, const net_output *out, int nout,
                   dcn_network **part, dcn_error *err)
{
    return make(g, whole, out, nout, part, err);
}
