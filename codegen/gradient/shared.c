/* shared.c: what tasks have in the workspace for those of the next phase.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/kernel/workspace.h"

idx gradient_dot_elements(Emit *e, const GradientPlan *p, const Problem *pb)
{
    idx pixels = x_mul(e, x_mul(e, pb->n, pb->p), pb->q);
    return x_mulk(e, pixels, (int64_t)p->s->offset_groups * p->blocks.taps * CORNERS);
}

/* The next `elements` of the workspace. */
static addr take(Emit *e, addr workspace, idx elements, idx *bytes)
{
    return workspace_take(e, workspace, x_mulk(e, elements, e->fp_bytes), bytes);
}

GradientShared gradient_shared(Emit *e, const GradientPlan *p, const Problem *pb, addr workspace)
{
    GradientShared at = { .bytes = x_const(e, 0) };
    idx map = gradient_map_elements(e, p, pb);
    int maps = p->want.input ? p->bands - !p->copies : 0;
    if (p->copies && (p->want.dots || p->want.weight))
        at.input = take(e, workspace, map, &at.bytes);
    if (maps)
        at.grad_input = take(e, workspace, x_mulk(e, map, maps), &at.bytes);
    if (p->want.dots && !gradient_owns_dots(p))
        at.dots = take(e, workspace, x_mulk(e, gradient_dot_elements(e, p, pb), p->blocks.parts),
                       &at.bytes);
    if (p->want.weight)
        at.weight = take(e, workspace, x_const(e, p->weight_elements * p->bands), &at.bytes);
    return at;
}
