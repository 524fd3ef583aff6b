/* glue_kinds.c: where elements of the arguments of a layer are.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/glue_kinds.h"

net_shape ref_glue_shape(const RefGlue *r, int i)
{
    const net_arg *a = &r->layer->arg[i];
    if (a->value >= 0)
        return r->net->value[a->value].shape;
    return (net_shape){ 1, 1, 1, r->net->param[a->param].count };
}

int64_t ref_glue_at(net_shape s, const int64_t at[4])
{
    const int64_t size[4] = { s.n, s.h, s.w, s.c };
    int64_t where = 0;
    for (int i = 0; i < 4; i++)
        where = where * size[i] + (size[i] == 1 ? 0 : at[i]);
    return where;
}

double ref_glue_get(const RefGlue *r, int i, int64_t where)
{
    return r->arg[i][where];
}

void ref_glue_add(const RefGlue *r, int i, int64_t where, double e)
{
    if (r->grad[i])
        r->grad[i][where] += e;
}
