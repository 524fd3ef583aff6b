/* names.c: names of layers, operands and parameters.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/extract.h"
#include "runtime/network/graph.h"
#include "runtime/spec/c_words.h"
#include "runtime/spec/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int fail_memory(dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory for a network");
}

/* Operands are members of a struct in the header of a kernel, which C++ may include.  NULL: they may. */
static const char *why_no_member(const char *name)
{
    static const char members[] = " batch height width num_rois int64_t ";
    if (rt_is_among(members, name, strlen(name)))
        return "which the header has for itself";
    if (rt_is_c_macro(name))
        return "a macro of C";
    return rt_is_cpp_keyword(name) ? "a keyword of C++" : NULL;
}

/* Words of gradients stand for several operands, and names of operands begin with no grad_. */
int net_check_operand_name(const char *name, const char *what, dcn_error *err)
{
    static const char *const words[] = { "inputs", "parameters" };
    const char *why = why_no_member(name);
    const rt_field *f = rt_field_find("name", DCN_OP_NETWORK);
    rt_value v = { .x = 0 };
    snprintf(v.text, sizeof v.text, "%s", name);
    if (rt_field_check(f, &v, err))
        return -1;
    for (int i = 0; i < 2; i++)
        if (strcasecmp(name, words[i]) == 0)
            return dcn_fail(err, DCN_ESPEC, "an %s cannot be called '%s', which means all of them",
                            what, name);
    if (why)
        return dcn_fail(err, DCN_ESPEC, "an %s cannot be called '%s', %s", what, name, why);
    if (strncmp(name, "grad_", 5) == 0)
        return dcn_fail(err, DCN_ESPEC, "an %s cannot be called '%s': so are gradients", what,
                        name);
    return 0;
}

/* ---- layers -------------------------------------------------------------------------------- */

/* By name, and those of one name in their order. */
static int compare(const void *a, const void *b)
{
    const net_layer *x = *(const net_layer *const *)a, *y = *(const net_layer *const *)b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x > y) - (x < y);
}

static int compare_name(const void *name, const void *layer)
{
    return strcmp(name, (*(const net_layer *const *)layer)->name);
}

/* The layers with a name, sorted. */
static int collect(const dcn_network *n, const net_layer **named, int *count, dcn_error *err)
{
    *count = 0;
    for (int i = 0; i < n->nlayers; i++)
        if (n->layer[i].name[0])
            named[(*count)++] = &n->layer[i];
    qsort(named, (size_t)*count, sizeof *named, compare);
    for (int i = 1; i < *count; i++)
        if (strcmp(named[i - 1]->name, named[i]->name) == 0)
            return dcn_fail_at(err, DCN_ESPEC, NULL, named[i]->source, "two layers are called '%s'",
                               named[i]->name);
    return 0;
}

/* A number for each word that says what layers do. */
typedef struct Count {
    const char *does;
    int n;
} Count;

static int next_number(Count *count, const char *does)
{
    while (count->does && strcmp(count->does, does) != 0)
        count++;
    count->does = does;
    return ++count->n;
}

int net_name_layers(dcn_network *n, dcn_error *err)
{
    Count count[DCN_NUM_OPS + NET_NUM_KINDS + 1] = { { NULL, 0 } };
    const net_layer **given = malloc(((size_t)n->nlayers + 1) * sizeof *given);
    int ngiven;
    if (!given)
        return fail_memory(err);
    const int failed = collect(n, given, &ngiven, err);
    for (int i = 0; i < n->nlayers && !failed; i++) {
        net_layer *l = &n->layer[i];
        char name[NET_NAME_MAX];
        if (l->name[0])
            continue;
        do {
            const char *does = net_does(l);
            snprintf(name, sizeof name, "%s_%d", does, next_number(count, does));
        } while (bsearch(name, given, (size_t)ngiven, sizeof *given, compare_name));
        snprintf(l->name, sizeof l->name, "%s", name);
    }
    free(given);
    return failed;
}

/* ---- parameters ---------------------------------------------------------------------------- */

static int count_params(const dcn_network *n)
{
    int count = 0;
    for (int i = 0; i < n->nlayers; i++)
        for (int a = 0; a < n->layer[i].nargs; a++)
            count += net_is_param(&n->layer[i], a);
    return count;
}

/* `param` has room for as many vectors of zeros as layers, each of which can need one at most. */
int net_make_params(dcn_network *n, dcn_error *err)
{
    n->param = calloc((size_t)count_params(n) + (size_t)n->nlayers + 1, sizeof *n->param);
    if (!n->param)
        return fail_memory(err);
    for (int i = 0; i < n->nlayers; i++) {
        net_layer *l = &n->layer[i];
        for (int a = 0; a < l->nargs; a++) {
            if (!net_is_param(l, a))
                continue;
            net_param *p = &n->param[n->nparams];
            net_param_shape(l, a, n->value[l->out].shape.c, p);
            snprintf(p->name, sizeof p->name, "%s.%s", l->name, l->arg[a].operand);
            l->arg[a].param = n->nparams++;
        }
    }
    return 0;
}

/* Moves the parameters that have names, or those that have none, to places from *next on. */
static void move_params(dcn_network *n, net_param *to, bool named, int *next)
{
    for (int i = 0; i < n->nlayers; i++) {
        net_layer *l = &n->layer[i];
        for (int a = 0; a < l->nargs; a++) {
            if (!net_is_param(l, a) || (n->param[l->arg[a].param].name[0] != 0) != named)
                continue;
            to[*next] = n->param[l->arg[a].param];
            to[*next].layer = i;
            to[*next].arg = a;
            (*next)++;
        }
    }
}

static int add_up(dcn_network *n, dcn_error *err)
{
    for (int i = 0; i < n->nparams; i++) {
        net_param *p = &n->param[i];
        p->at = p->grad_at = n->parameters;
        n->parameters += p->count;
        if (n->parameters > INT32_MAX)
            return dcn_fail(err, DCN_ESPEC, "the parameters up to '%s' are more than %" PRId32,
                            p->name, INT32_MAX);
    }
    n->grad_parameters = n->parameters;
    return 0;
}

int net_sort_params(dcn_network *n, dcn_error *err)
{
    const int all = count_params(n);
    net_param *to = calloc((size_t)all + 1, sizeof *to);
    int next = 0;
    if (!to)
        return fail_memory(err);
    move_params(n, to, true, &next);
    n->nparams = next;
    move_params(n, to, false, &next);
    n->nzeros = next - n->nparams;
    free(n->param);
    n->param = to;
    for (int i = 0; i < n->nparams + n->nzeros; i++)
        n->layer[to[i].layer].arg[to[i].arg].param = i;
    return 0;
}

int net_order_params(dcn_network *n, dcn_error *err)
{
    return net_sort_params(n, err) || add_up(n, err) ? -1 : 0;
}
