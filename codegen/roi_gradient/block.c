/* block.c: where a block of channels, and what belongs to it, stands; what a call asks for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/workspace.h"
#include "codegen/roi_gradient/roi_gradient.h"

/* A block has one class, or a part of it, or several. */
idx roi_gradient_first_class(Emit *e, const RoiGradientPlan *p, idx number)
{
    return x_mulk(e, x_div(e, number, x_const(e, p->per_class)), p->classes);
}

idx roi_gradient_first_out(Emit *e, const RoiGradientPlan *p, idx number)
{
    idx cls = roi_gradient_first_class(e, p, number);
    idx nth = x_rem(e, number, x_const(e, p->per_class));
    return x_add(e, x_mulk(e, cls, p->bins.class_channels), x_mulk(e, nth, p->channels[0]));
}

/* ---- the shared workspace ------------------------------------------------------------------ */

idx roi_gradient_dots_at(Emit *e, const RoiGradientPlan *p, const Problem *pb, idx part, idx r,
                         idx cls)
{
    idx region = x_add(e, x_mul(e, part, pb->r), r);
    idx at = x_add(e, x_mulk(e, region, p->bins.classes), cls);
    return x_mulk(e, at, (int64_t)p->bins.pooled_h * p->bins.pooled_w * p->ndots);
}

static idx dots_bytes(Emit *e, const RoiGradientPlan *p, const Problem *pb)
{
    idx zero = x_const(e, 0);
    if (!p->want.dots)
        return zero;
    idx all = roi_gradient_dots_at(e, p, pb, x_const(e, p->per_class), zero, zero);
    return x_round_up(e, x_mulk(e, all, p->fp_bytes), CACHE_LINE);
}

/* All that comes before the output tile. */
int64_t roi_gradient_table_bytes(const RoiGradientPlan *p)
{
    return p->bins.scratch.out_tile;
}

addr roi_gradient_tables(Emit *e, const RoiGradientPlan *p, const Problem *pb, addr workspace,
                         idx r)
{
    idx before = x_mulk(e, r, roi_gradient_table_bytes(p));
    return p_at_bytes(e, workspace, x_add(e, dots_bytes(e, p, pb), before));
}

idx roi_gradient_shared_bytes(Emit *e, const Problem *pb, const void *plan)
{
    const RoiGradientPlan *p = plan;
    idx dots = dots_bytes(e, p, pb);
    if (!p->shares_tables)
        return dots;
    return x_add(e, dots, x_mulk(e, pb->r, roi_gradient_table_bytes(p)));
}

/* ---- what a call asks for ------------------------------------------------------------------ */

static rt_operand shift_of(const RoiGradientPlan *p)
{
    return rt_op_has(p->s->op, RT_BY_PART) ? RT_TRANS : RT_OFFSET;
}

void roi_gradient_find_wanted(Emit *e, RoiGradient *g, addr args)
{
    const Problem *pb = &g->c.pb;
    g->input = gradient_out(e, pb, args, RT_INPUT).wanted;
    cond shift = gradient_out(e, pb, args, shift_of(g->plan)).wanted;
    cond m = gradient_out(e, pb, args, RT_MASK).wanted;
    g->any_dots = c_not(e, c_and(e, c_not(e, shift), c_not(e, m)));
}
