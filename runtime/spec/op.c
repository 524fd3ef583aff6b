/* op.c: what is asked about an operator.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/op.h"

const char *dcn_op_name(dcn_op op)
{
    const rt_op *row = rt_op_of(op);
    return row ? row->name : "?";
}

bool rt_op_has(dcn_op op, uint64_t traits)
{
    const rt_op *row = rt_op_of(op);
    return row && (row->traits & traits) == traits;
}
