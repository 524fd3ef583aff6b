/* fuse.c: layers that go into the epilogue of the operator before them.
**
**     out = act((sum + bias) * scale + shift + residual)
**
** A product with a parameter of channels is the scale, beside a shift of zeros; the sum with a value of
** the same shape is the residual; an activation is the activation.  Each must be free in the operator,
** what comes after it too, and the operator's own rules allow it (dcn_spec_check).  The operator moves to
** the place of the layer that it takes in: what that reads is known there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/extract.h"
#include "runtime/network/graph.h"

#include <stdlib.h>
#include <string.h>

/* A layer that is to go into the one before it. */
typedef struct Fuse {
    dcn_network *n;
    const net_layer *last; /* the one that goes */
    net_layer into; /* what becomes of the one before; its spec is still that of the old one */
    dcn_spec spec;
    int value; /* what the one before makes */
} Fuse;

static bool is_active(rt_activation a)
{
    return a.kind != DCN_ACT_NONE;
}

/* ---- the arguments of an operator with one key more ----------------------------------------- */

/* `more` are those that it did not have before. */
static void rebuild_args(Fuse *f, const net_arg *more, int nmore)
{
    const rt_operands o = rt_operands_of(&f->spec);
    const net_layer old = f->into;
    f->into.nargs = 0;
    for (int i = 0; i < o.n; i++) {
        net_arg *to = &f->into.arg[f->into.nargs];
        if (o.tensor[i].role == DCN_OUT)
            continue;
        const int at = net_find_arg(&old, o.tensor[i].name);
        for (int m = 0; m < nmore; m++)
            if (strcmp(more[m].operand, o.tensor[i].name) == 0)
                *to = more[m];
        if (at >= 0)
            *to = old.arg[at];
        to->operand = o.tensor[i].name;
        f->into.nargs++;
    }
}

static bool is_allowed(const Fuse *f)
{
    return !dcn_spec_check(&f->spec, NULL);
}

/* A vector of zeros, which net_make_params left room for. */
static int add_zeros(dcn_network *n, int64_t count)
{
    const int at = n->nparams + n->nzeros++;
    n->param[at] = (net_param){ .rank = 1, .dims = { count }, .count = count };
    return at;
}

/* ---- into an operator ----------------------------------------------------------------------- */

static bool take_scale(Fuse *f)
{
    const net_layer *l = f->last;
    if (l->nargs != 2 || l->arg[1].value >= 0 || l->scale != 1 || f->spec.scale_shift ||
        f->spec.residual || is_active(rt_activation_of(&f->spec)))
        return false;
    f->spec.scale_shift = true;
    rt_set_activation(&f->spec, l->activation);
    if (!is_allowed(f))
        return false;
    const net_arg more[] = { { "scale", -1, l->arg[1].param },
                             { "shift", -1, add_zeros(f->n, f->spec.out_channels) } };
    rebuild_args(f, more, 2);
    return true;
}

static bool take_residual(Fuse *f)
{
    const net_layer *l = f->last;
    const int other = l->arg[0].value == f->value ? l->arg[1].value : l->arg[0].value;
    if (f->spec.residual || is_active(rt_activation_of(&f->spec)) ||
        !net_same_shape(f->n->value[other].shape, f->n->value[f->value].shape))
        return false;
    f->spec.residual = true;
    rt_set_activation(&f->spec, l->activation);
    if (!is_allowed(f))
        return false;
    const net_arg more[] = { { "residual", other, -1 } };
    rebuild_args(f, more, 1);
    return true;
}

static bool take_activation(Fuse *f)
{
    if (is_active(rt_activation_of(&f->spec)))
        return false;
    rt_set_activation(&f->spec, f->last->activation);
    return is_allowed(f);
}

static bool operator_takes(Fuse *f)
{
    switch (f->last->kind) {
    case NET_MUL:
        return take_scale(f);
    case NET_ADD:
        return take_residual(f);
    case NET_ACTIVATION:
        return take_activation(f);
    default:
        return false;
    }
}

/* ---- into another layer --------------------------------------------------------------------- */

static bool layer_takes(Fuse *f)
{
    const net_kind kind = f->into.kind;
    if (f->last->kind != NET_ACTIVATION || is_active(f->into.activation) ||
        (kind != NET_ADD && kind != NET_MUL && kind != NET_LAYER_NORM))
        return false;
    f->into.activation = f->last->activation;
    return true;
}

/* ---- all layers ----------------------------------------------------------------------------- */

static void count_readers(const dcn_network *n, int *readers)
{
    memset(readers, 0, (size_t)n->nvalues * sizeof *readers);
    for (int i = 0; i < n->nlayers; i++)
        for (int a = 0; a < n->layer[i].nargs; a++)
            if (n->layer[i].arg[a].value >= 0)
                readers[n->layer[i].arg[a].value]++;
    for (int i = 0; i < n->noutputs; i++)
        readers[n->output[i]]++;
}

/* Layer number i into the one that makes its argument a. */
static bool fuse(dcn_network *n, const int *readers, int i, int a)
{
    net_layer *l = &n->layer[i];
    const int value = l->arg[a].value, before = value - n->ninputs;
    if (value < n->ninputs || readers[value] != 1)
        return false;
    Fuse f = { .n = n, .last = l, .into = n->layer[before], .value = value };
    if (f.into.kind == NET_OPERATOR) {
        f.spec = *f.into.spec;
        if (!operator_takes(&f))
            return false;
        *f.into.spec = f.spec;
    } else if (!layer_takes(&f)) {
        return false;
    }
    f.into.out = l->out;
    n->layer[before].nargs = 0;
    n->layer[before].spec = NULL;
    *l = f.into;
    return true;
}

/* Leave out layers that are gone, and what they made. */
static void close_gaps(dcn_network *n, int *number)
{
    int layers = 0;
    for (int i = 0; i < n->ninputs; i++)
        number[i] = i;
    for (int i = 0; i < n->nlayers; i++) {
        const net_layer l = n->layer[i];
        if (l.nargs == 0)
            continue;
        number[n->ninputs + i] = n->ninputs + layers;
        n->value[n->ninputs + layers] = n->value[n->ninputs + i];
        n->value[n->ninputs + layers].layer = layers;
        n->layer[layers] = l;
        n->layer[layers].out = n->ninputs + layers;
        for (int a = 0; a < l.nargs; a++)
            if (l.arg[a].value >= 0)
                n->layer[layers].arg[a].value = number[l.arg[a].value];
        layers++;
    }
    for (int i = 0; i < n->noutputs; i++)
        n->output[i] = number[n->output[i]];
    n->nlayers = layers;
    n->nvalues = n->ninputs + layers;
}

int net_fuse(dcn_network *n, dcn_error *err)
{
    int *readers = malloc(((size_t)n->nvalues + 1) * sizeof *readers);
    if (!readers)
        return dcn_fail(err, DCN_EENV, "no memory for a network");
    count_readers(n, readers);
    for (int i = 0; i < n->nlayers; i++)
        for (int a = 0; a < n->layer[i].nargs; a++)
            if (n->layer[i].arg[a].value >= 0 && fuse(n, readers, i, a))
                break;
    close_gaps(n, readers);
    free(readers);
    return 0;
}
