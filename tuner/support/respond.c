/* respond.c: the node's channels, its response, and gradients of that.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/part.h"
#include "runtime/reference/network.h"
#include "tuner/support/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *support_offset_name(int i, char name[SUPPORT_NAME_MAX])
{
    snprintf(name, SUPPORT_NAME_MAX, "support_offset_%02d", i);
    return name;
}

static bool is_made(const Support *s, int i)
{
    return s->deformed[i].value >= s->part->ninputs;
}

/* Whether the value that says where a layer samples is that of an earlier one; then it has its name. */
static int first_of(const Support *s, int i)
{
    int first = 0;
    while (s->deformed[first].value != s->deformed[i].value)
        first++;
    return first;
}

/* ---- forwards -------------------------------------------------------------------------------- */

/* The node's value and all offsets that layers make. */
static int open_forward(Support *s, dcn_error *err)
{
    char name[SUPPORT_MAX_DEFORMED][SUPPORT_NAME_MAX];
    net_output out[NET_MAX_OPERANDS] = { { s->part->output[0], SUPPORT_NODE, DCN_NHWC } };
    dcn_network *net;
    int n = 1;
    for (int i = 0; i < s->ndeformed; i++)
        if (is_made(s, i) && first_of(s, i) == i)
            out[n++] =
                (net_output){ s->deformed[i].value, support_offset_name(i, name[i]), DCN_NHWC };
    if (net_part(s->part, out, n, &net, err))
        return -1;
    return support_run_open(&s->forward, s, net, 0, err);
}

static size_t node_at(const Support *s)
{
    const net_shape z = support_node_shape(s);
    return (size_t)(((s->node.image * z.h + s->node.y) * z.w + s->node.x) * z.c);
}

int support_forward(Support *s, const double **f, dcn_error *err)
{
    if (s->ask->model)
        return support_model_forward(s, false, f, err);
    if (!s->forward.kernel && open_forward(s, err))
        return -1;
    if (support_run(&s->forward, s, ~(uint64_t)0, err))
        return -1;
    *f = (const double *)s->forward.at[support_run_find(&s->forward, SUPPORT_NODE)] + node_at(s);
    return 0;
}

int support_locate(Support *s, dcn_error *err)
{
    const double *f;
    return s->ask->model ? support_model_forward(s, true, &f, err) : support_forward(s, &f, err);
}

double support_response_of(const Support *s, const double *value)
{
    return support_respond_with(s, value + node_at(s), NULL);
}

int support_respond(Support *s, double *response, dcn_error *err)
{
    const double *f;
    if (support_forward(s, &f, err))
        return -1;
    *response = support_respond_with(s, f, NULL);
    return 0;
}

/* ---- backwards ------------------------------------------------------------------------------- */

/* The part, whose layers that make offsets have names that gradients can have. */
static dcn_network *with_names(const Support *s)
{
    dcn_network *n = net_copy(s->part);
    for (int i = 0; n && i < s->ndeformed; i++)
        if (is_made(s, i) && first_of(s, i) == i)
            support_offset_name(i, n->layer[s->deformed[i].value - n->ninputs].name);
    return n;
}

/* Whatever of these has a gradient. */
static int list_wanted(const Support *s, const dcn_network *n, const char **names)
{
    const rt_operand_set has = net_differentiable(n);
    int k = 0;
    for (int i = 0; i < n->ninputs; i++)
        if (rt_operand_in((rt_operand)i, has))
            names[k++] = n->value[i].name;
    for (int i = 0; i < s->ndeformed; i++)
        if (is_made(s, i) && first_of(s, i) == i && net_reaches_output(n, s->deformed[i].value))
            names[k++] = n->layer[s->deformed[i].value - n->ninputs].name;
    return k;
}

static int open_backward(Support *s, dcn_error *err)
{
    const char *names[NET_MAX_OPERANDS + SUPPORT_MAX_DEFORMED];
    dcn_network *n = with_names(s), *net = NULL;
    uint64_t set;
    if (!n)
        return support_no_memory(err);
    const int k = list_wanted(s, n, names);
    int failed = 0;
    if (k == 0)
        failed = dcn_fail(err, DCN_EUSAGE, "'%s' does not depend on what the network reads",
                          s->node.layer);
    failed = failed || net_want_gradients(n, names, k, &net, &set, err) ||
             support_run_open(&s->backward, s, net, set, err);
    net_release(n);
    return failed;
}

int support_backward(Support *s, double *response, dcn_error *err)
{
    const double *f;
    if (s->ask->model)
        return support_model_backward(s, response, err);
    if (support_forward(s, &f, err) || (!s->backward.kernel && open_backward(s, err)))
        return -1;
    double *seed = s->backward.at[support_run_find(&s->backward, "grad_" SUPPORT_NODE)];
    memset(seed, 0, (size_t)net_elements(support_node_shape(s)) * sizeof *seed);
    *response = support_respond_with(s, f, seed + node_at(s));
    return support_run(&s->backward, s, ~(uint64_t)0, err);
}

/* ---- what they made -------------------------------------------------------------------------- */

double *support_input_of(const Support *s, int value)
{
    const dcn_network *asked = s->ask->spec->network;
    const net_value *v = &s->part->value[value];
    double *to = calloc((size_t)net_elements(v->shape) + 1, sizeof *to);
    int i = 0;
    while (strcmp(asked->value[i].name, v->name) != 0)
        i++;
    if (to)
        ref_net_from_outside(v, s->input[i], to);
    return to;
}

static double *copy_of(const double *from, int64_t n)
{
    double *to = malloc(((size_t)n + 1) * sizeof *to);
    if (to)
        memcpy(to, from, (size_t)n * sizeof *to);
    return to;
}

const double *support_image_gradient(const Support *s)
{
    char name[NET_NAME_MAX + 8];
    if (s->ask->model)
        return s->told.image;
    snprintf(name, sizeof name, "grad_%s", s->ask->spec->network->value[s->ask->image].name);
    const int at = support_run_find(&s->backward, name);
    return at < 0 ? NULL : s->backward.at[at];
}

double *support_offsets_of(const Support *s, int i)
{
    char name[SUPPORT_NAME_MAX];
    const int value = s->deformed[i].value;
    if (s->ask->model)
        return copy_of(s->told.places[i], net_elements(s->part->value[value].shape));
    if (!is_made(s, i))
        return support_input_of(s, value);
    const int at = support_run_find(&s->forward, support_offset_name(first_of(s, i), name));
    return copy_of(s->forward.at[at], net_elements(s->part->value[value].shape));
}

double *support_gradient_of(const Support *s, int i)
{
    char name[SUPPORT_NAME_MAX], grad[SUPPORT_NAME_MAX + NET_NAME_MAX];
    const int value = s->deformed[i].value;
    const net_value *v = &s->part->value[value];
    if (s->ask->model)
        return copy_of(s->told.gradient[i], net_elements(v->shape));
    support_offset_name(first_of(s, i), name);
    snprintf(grad, sizeof grad, "grad_%s", is_made(s, i) ? name : v->name);
    const int at = support_run_find(&s->backward, grad);
    if (at < 0 || is_made(s, i))
        return at < 0 ? NULL : copy_of(s->backward.at[at], net_elements(v->shape));
    double *to = calloc((size_t)net_elements(v->shape) + 1, sizeof *to);
    if (to)
        ref_net_from_outside(v, s->backward.at[at], to);
    return to;
}
