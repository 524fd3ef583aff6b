/* wanted.c: which gradients a network is asked for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/network/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy whose parameters are wanted one by one. */
typedef struct Wanted {
    dcn_network *n;
    rt_operand_set possible, set;
} Wanted;

static int want_inputs(Wanted *w, dcn_error *err)
{
    const rt_operand_set inputs = ((rt_operand_set)1 << w->n->ninputs) - 1;
    if (!(w->possible & inputs))
        return dcn_fail(err, DCN_ESPEC, "'gradient': no input of this network has one");
    w->set |= w->possible & inputs;
    return 0;
}

static int want_parameters(Wanted *w, dcn_error *err)
{
    if (net_parameters_at(w->n) < 0)
        return dcn_fail(err, DCN_ESPEC, "'gradient': this network has no parameters%s",
                        w->n->nparams ? ": they are constants" : "");
    for (int i = 0; i < w->n->nparams; i++)
        w->n->param[i].wanted = true;
    return 0;
}

/* 1: it is an input, 0: it is none, -1: it has no gradient. */
static int want_input(Wanted *w, const char *name, dcn_error *err)
{
    for (int i = 0; i < w->n->ninputs; i++) {
        if (strcmp(w->n->value[i].name, name) != 0)
            continue;
        if (!(w->possible >> i & 1))
            return dcn_fail(err, DCN_ESPEC,
                            "'gradient': '%s' is read as rois only, which have none", name);
        w->set |= (rt_operand_set)1 << i;
        return 1;
    }
    return 0;
}

static bool want_parameter(Wanted *w, const char *name)
{
    for (int i = 0; i < w->n->nparams && net_parameters_at(w->n) >= 0; i++)
        if (strcmp(w->n->param[i].name, name) == 0)
            return w->n->param[i].wanted = true;
    return false;
}

/* ---- values of layers ---------------------------------------------------------------------- */

/* grad_ and the layer's name, of which dots and dashes become _. */
static int name_inner(dcn_network *n, const char *layer, char *to, dcn_error *err)
{
    if (strlen(layer) >= DCN_NAME_MAX)
        return dcn_fail(err, DCN_ESPEC,
                        "'gradient': the name of layer '%s' has more than %d letters", layer,
                        DCN_NAME_MAX - 1);
    snprintf(to, NET_GRAD_NAME_MAX, "grad_%.63s", layer);
    for (char *c = to; *c; c++)
        *c = *c == '.' || *c == '-' ? '_' : *c;
    for (int i = 0; i < NET_MAX_PLAIN; i++)
        if (n->grad_name[i] != to && strcmp(n->grad_name[i], to) == 0)
            return dcn_fail(err, DCN_ESPEC,
                            "'gradient': '%s', of layer '%s', is the name of another gradient", to,
                            layer);
    return 0;
}

static bool is_wanted(const dcn_network *n, int value)
{
    for (int i = 0; i < n->ninner; i++)
        if (n->inner[i] == value)
            return true;
    return false;
}

/* The value of layer number i. */
static int want_inner(Wanted *w, int i, dcn_error *err)
{
    dcn_network *n = w->n;
    const int value = n->layer[i].out, plain = n->ninputs + (n->parameters > 0) + n->noutputs;
    if (!net_reaches_output(n, value))
        return dcn_fail(err, DCN_ESPEC,
                        "'gradient': '%s' says where others read and nothing else, and has none",
                        n->layer[i].name);
    if (is_wanted(n, value))
        return 0;
    if (plain + n->ninner >= NET_MAX_PLAIN)
        return dcn_fail(err, DCN_ESPEC, "'gradient': more than %d inputs, outputs and layers",
                        NET_MAX_PLAIN - 1);
    if (name_inner(n, n->layer[i].name, n->grad_name[plain + n->ninner], err))
        return -1;
    w->set |= (rt_operand_set)1 << net_inner_at(n, n->ninner);
    n->inner[n->ninner++] = value;
    return 0;
}

static int find_layer(const dcn_network *n, const char *name)
{
    int i = n->nlayers - 1;
    while (i >= 0 && strcmp(n->layer[i].name, name) != 0)
        i--;
    return i;
}

/* ---- names --------------------------------------------------------------------------------- */

static int fail_unknown(const dcn_network *n, const char *name, dcn_error *err)
{
    const char **names =
        calloc((size_t)n->ninputs + (size_t)n->nparams + (size_t)n->nlayers + 3, sizeof *names);
    int count = 0;
    if (!names)
        return dcn_fail(err, DCN_EENV, "no memory for a network");
    for (int i = 0; i < n->ninputs; i++)
        names[count++] = n->value[i].name;
    for (int i = 0; i < n->nparams; i++)
        names[count++] = n->param[i].name;
    for (int i = 0; i < n->nlayers; i++)
        names[count++] = n->layer[i].name;
    names[count++] = "inputs";
    names[count++] = "parameters";
    const char *near = rt_nearest(name, names);
    if (near)
        dcn_fail(err, DCN_ESPEC, "'gradient': the network has no '%.100s' (did you mean '%s'?)",
                 name, near);
    else
        dcn_fail(err, DCN_ESPEC,
                 "'gradient': the network has no '%.100s'; an input, a layer, LAYER.TENSOR, "
                 "\"inputs\" or "
                 "\"parameters\" can be asked for",
                 name);
    free(names);
    return -1;
}

static int want(Wanted *w, const char *name, dcn_error *err)
{
    if (strcmp(name, "inputs") == 0)
        return want_inputs(w, err);
    if (strcmp(name, "parameters") == 0)
        return want_parameters(w, err);
    const int input = want_input(w, name, err);
    if (input)
        return input < 0 ? -1 : 0;
    const int layer = find_layer(w->n, name);
    if (layer >= 0)
        return want_inner(w, layer, err);
    return want_parameter(w, name) ? 0 : fail_unknown(w->n, name, err);
}

/* Without names everything that has a gradient is wanted. */
static int want_all(Wanted *w, dcn_error *err)
{
    w->set = w->possible & (((rt_operand_set)1 << w->n->ninputs) - 1);
    if (net_parameters_at(w->n) >= 0)
        return want_parameters(w, err);
    return w->set ? 0 : want_inputs(w, err);
}

static void place_gradients(Wanted *w)
{
    dcn_network *n = w->n;
    n->grad_parameters = 0;
    for (int i = 0; i < n->nparams; i++) {
        n->param[i].grad_at = n->grad_parameters;
        n->grad_parameters += n->param[i].wanted ? n->param[i].count : 0;
    }
    if (n->grad_parameters > 0)
        w->set |= (rt_operand_set)1 << net_parameters_at(n);
}

int net_want_gradients(const dcn_network *n, const char *const *names, int nnames,
                       dcn_network **out, uint64_t *set, dcn_error *err)
{
    Wanted w = { .n = net_copy(n), .possible = net_differentiable(n) };
    *out = NULL;
    if (!w.n)
        return dcn_fail(err, DCN_EENV, "no memory for a network");
    for (int i = 0; i < w.n->nparams; i++)
        w.n->param[i].wanted = false;
    w.n->ninner = 0;
    int failed = nnames > 0 ? 0 : want_all(&w, err);
    for (int i = 0; i < nnames && !failed; i++)
        failed = want(&w, names[i], err);
    if (failed) {
        net_release(w.n);
        return -1;
    }
    place_gradients(&w);
    *set = w.set;
    *out = w.n;
    return 0;
}
