/* fit.c: the steps that are taken, of those that there could be: by the workspace that they need.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"

/* ---- outputs ------------------------------------------------------------------------------------ */

static int write_forward(NetProgram *p)
{
    if (program_write(p))
        return -1;
    steps_find_beside(&p->list);
    return steps_plan(&p->list);
}

/* Another order than the user's is taken only where it saves this share of the workspace.  A choice. */
#define ORDER_GAIN 0.05

static int fit_forward(NetProgram *p)
{
    if (write_forward(p))
        return -1;
    const int64_t written = p->list.plan_bytes;
    if (program_order_by_bytes(p) || write_forward(p))
        return -1;
    if ((double)p->list.plan_bytes < (1 - ORDER_GAIN) * (double)written)
        return 0;
    program_order_as_written(p);
    return write_forward(p);
}

/* ---- all ---------------------------------------------------------------------------------------- */

int program_fit(NetProgram *p)
{
    if (!p->list.s->gradient)
        return fit_forward(p);
    if (steps_plan(&p->list))
        return -1;
    return !p->net->memory || p->list.plan_bytes <= p->net->memory ? 0 : program_recompute(p);
}
