/* parameters.c: the parameters of a network in the words of the public header.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen/network.h>

#include "runtime/base/base.h"
#include "runtime/network/weights.h"

#include <string.h>

static dcn_parameter describe(const dcn_spec *s, const net_param *p)
{
    const dcn_network *n = s->network;
    dcn_parameter out = { .name = p->name,
                          .dtype = n->dtype,
                          .rank = p->rank,
                          .at = p->at,
                          .count = p->count,
                          .grad_at = -1 };
    memcpy(out.dims, p->dims, sizeof out.dims);
    if (s->gradient && p->wanted)
        out.grad_at = p->grad_at;
    return out;
}

int dcn_spec_parameters(const dcn_spec *s, dcn_parameter *out, int max)
{
    const dcn_network *n = s->network;
    for (int i = 0; n && i < n->nparams && i < max; i++)
        out[i] = describe(s, &n->param[i]);
    return n ? n->nparams : 0;
}

static int check_network(const dcn_spec *s, dcn_error *err)
{
    return s->network
               ? 0
               : dcn_fail(err, DCN_EUSAGE,
                          "kernel '%s' is a %s: only a network has parameters that a file names",
                          s->name, dcn_op_name(s->op));
}

int dcn_read_parameters(const dcn_spec *s, const char *path, void **out, dcn_error *err)
{
    return check_network(s, err) || net_weights_read(s->network, path, out, err) ? -1 : 0;
}

int dcn_write_parameters(const dcn_spec *s, const char *path, const void *parameters,
                         dcn_error *err)
{
    return check_network(s, err) || net_weights_write(s->network, path, parameters, err) ? -1 : 0;
}
