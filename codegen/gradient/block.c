/* block.c: where a block of channels, and what belongs to it, stands.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"

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
