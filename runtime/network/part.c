/* part.c: another dtype for a network, and parameters from one to another.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/part.h"
#include "runtime/network/extract.h"
#include "runtime/network/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dcn_network *net_in_f64(const dcn_network *n)
{
    dcn_network *to = net_copy(n);
    if (!to)
        return NULL;
    to->dtype = DCN_F64;
    to->constants = NULL;
    for (int i = 0; i < to->nvalues; i++)
        to->value[i].dtype = DCN_F64;
    for (int i = 0; i < to->nlayers; i++)
        if (to->layer[i].spec)
            to->layer[i].spec->dtype = DCN_F64;
    return to;
}

int net_part(const dcn_network *n, const net_output *out, int nout, dcn_network **part,
             dcn_error *err)
{
    const net_graph g = {
        .nvalues = n->nvalues, .nlayers = n->nlayers, .value = n->value, .layer = n->layer
    };
    return net_graph_part(&g, n, out, nout, part, err);
}

static bool is_among(const net_output *in, int nin, int value)
{
    for (int i = 0; i < nin; i++)
        if (in[i].value == value)
            return true;
    return false;
}

/* The layers but those that make one of the values, as a graph; borrows specs. */
static void leave_out(const dcn_network *n, const net_output *in, int nin, net_graph *g)
{
    for (int i = 0; i < n->nlayers; i++)
        if (!is_among(in, nin, n->layer[i].out))
            g->layer[g->nlayers++] = n->layer[i];
    for (int k = 0; k < nin; k++) {
        net_value *v = &g->value[in[k].value];
        *v = (net_value){ .shape = v->shape, .dtype = v->dtype, .layer = -1, .rank = 4 };
        snprintf(v->name, sizeof v->name, "%s", in[k].name);
        v->layout = DCN_NHWC;
    }
}

int net_detach(const dcn_network *n, const net_output *in, int nin, dcn_network **detached,
               dcn_error *err)
{
    net_output out[NET_MAX_OPERANDS];
    net_graph g = { .nvalues = n->nvalues };
    g.value = malloc(((size_t)n->nvalues + 1) * sizeof *g.value);
    g.layer = malloc(((size_t)n->nlayers + 1) * sizeof *g.layer);
    int failed = g.value && g.layer ? 0 : dcn_fail(err, DCN_EENV, "no memory for a network");
    if (!failed) {
        memcpy(g.value, n->value, (size_t)n->nvalues * sizeof *g.value);
        leave_out(n, in, nin, &g);
        for (int i = 0; i < n->noutputs; i++) {
            const bool held = is_among(in, nin, n->output[i]);
            out[i] = (net_output){ n->output[i], n->output_name[i],
                                   held ? DCN_NHWC : n->value[n->output[i]].layout };
        }
        failed = net_graph_part(&g, n, out, n->noutputs, detached, err);
    }
    free(g.value);
    free(g.layer);
    return failed;
}

static const net_param *find(const dcn_network *n, const char *name)
{
    const net_param *p = n->param;
    while (strcmp(p->name, name) != 0)
        p++;
    return p;
}

void net_carry_parameters(const dcn_network *from, const double *parameters, const dcn_network *to,
                          double *out)
{
    for (int i = 0; i < to->nparams; i++) {
        const net_param *p = &to->param[i];
        memcpy(out + p->at, parameters + find(from, p->name)->at, (size_t)p->count * sizeof *out);
    }
}
