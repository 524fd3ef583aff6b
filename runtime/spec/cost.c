/* cost.c: how much work a spec is, and how many bytes its operands have.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/op.h"

double dcn_spec_flops(const dcn_spec *s)
{
    return rt_op_of(s->op)->flops(s);
}

double dcn_spec_bytes(const dcn_spec *s)
{
    const rt_operands o = rt_operands_of(s);
    double bytes = 0;
    for (int i = 0; i < o.n; i++) {
        double elements = 1;
        for (int d = 0; d < o.tensor[i].rank; d++)
            elements *= (double)o.tensor[i].dims[d];
        bytes += elements * (double)dcn_dtype_bytes(o.tensor[i].dtype);
    }
    return bytes;
}
