/* block.c: where a block of channels, and what belongs to it, stands.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"

enum { CORNERS = 4 };

GradientBlock gradient_block(Emit *e, const GradientPlan *p, idx number, int shape)
{
    const GradientBlocks *b = &p->blocks;
    idx per_unit = x_const(e, b->per_unit), nth = x_rem(e, number, per_unit);
    idx unit = x_div(e, number, per_unit);
    GradientBlock at = { .shape = shape, .number = number };
    at.channel = x_add(e, x_mulk(e, unit, b->unit), x_mulk(e, nth, b->shape[0].channels));
    at.group = x_div(e, at.channel, x_const(e, b->in_channels));
    at.offset = x_div(e, at.channel, x_const(e, b->offset_channels));
    at.columns =
        x_add(e, x_mulk(e, unit, gradient_unit_columns(p)), x_mulk(e, nth, b->shape[0].columns));
    at.part = x_const(e, 0);
    if (b->parts > 1) {
        idx within = x_rem(e, at.channel, x_const(e, b->offset_channels));
        idx units = x_div(e, within, x_const(e, b->unit));
        at.part = x_add(e, x_mulk(e, units, b->per_unit), nth);
    }
    return at;
}

cond gradient_is_last(Emit *e, const GradientPlan *p, idx number)
{
    const GradientBlocks *b = &p->blocks;
    if (gradient_first_shape(p) == 1)
        return x_equal(e, x_const(e, 0), x_const(e, 0));
    return x_equal(e, x_rem(e, number, x_const(e, b->per_unit)), x_const(e, b->per_unit - 1));
}

/* ---- the shared workspace ---------------------------------------------------------------- */

idx gradient_map_elements(Emit *e, const GradientPlan *p, const Problem *pb)
{
    idx pixels = x_mul(e, x_mul(e, pb->n, pb->h), pb->w);
    return x_mulk(e, pixels, p->s->in_channels);
}

idx gradient_dot_elements(Emit *e, const GradientPlan *p, const Problem *pb)
{
    idx pixels = x_mul(e, x_mul(e, pb->n, pb->p), pb->q);
    return x_mulk(e, pixels, (int64_t)p->s->offset_groups * p->blocks.taps * CORNERS);
}

/* The next `elements` of the workspace. */
static addr take(Emit *e, addr workspace, idx elements, idx *bytes)
{
    addr at = workspace;
    if (at.v)
        at = p_at_bytes(e, workspace, *bytes);
    *bytes = x_add(e, *bytes, x_round_up(e, x_mulk(e, elements, e->fp_bytes), 64));
    return at;
}

GradientShared gradient_shared(Emit *e, const GradientPlan *p, const Problem *pb, addr workspace)
{
    GradientShared at = { .bytes = x_const(e, 0) };
    idx map = gradient_map_elements(e, p, pb);
    int maps = p->want.input ? p->bands - !p->transposes : 0;
    if (p->transposes && (p->want.dots || p->want.weight))
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
