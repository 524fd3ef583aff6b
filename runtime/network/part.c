/* part.c: another dtype for a network, and parameters from one to another.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/part.h"

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
