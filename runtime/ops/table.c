/* table.c: finding the row of an operator.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/ops/ops.h"

const rt_op *rt_op_of(dcn_op op)
{
    static const rt_op *const families[] = { rt_conv_ops, rt_dcn_ops, rt_roi_ops, rt_module_ops,
                                             rt_network_ops };
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        for (const rt_op *row = families[i]; row->name; row++)
            if (row->op == op)
                return row;
    return NULL;
}
