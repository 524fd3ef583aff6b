/* weights.c: the file of --weights for a kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/weights.h"
#include "runtime/base/base.h"
#include "runtime/spec/operands.h"
#include <dcngen/network.h>

#include <string.h>

int weights_check(const Args *a, const dcn_spec *s, dcn_error *err)
{
    if (!a->weights || dcn_spec_parameters(s, NULL, 0))
        return 0;
    if (s->network)
        return dcn_fail(err, DCN_EUSAGE, "--weights: network '%s' has no parameters", s->name);
    return dcn_fail(err, DCN_EUSAGE, "--weights: kernel '%s' is a %s, and no network", s->name,
                    dcn_op_name(s->op));
}

int weights_at(const dcn_spec *s)
{
    dcn_tensor tensor[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(s, tensor, RT_NUM_OPERANDS);
    int i = 0;
    while (i < n && strcmp(tensor[i].name, "parameters") != 0)
        i++;
    return i < n ? i : -1;
}

int weights_read(const Args *a, const dcn_spec *s, void **out, dcn_error *err)
{
    *out = NULL;
    if (!a->weights)
        return 0;
    return weights_check(a, s, err) || dcn_read_parameters(s, a->weights, out, err) ? -1 : 0;
}
