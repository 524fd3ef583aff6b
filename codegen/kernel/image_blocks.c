/* image_blocks.c: which images a phase copies and computes.
**
** Blocks are as even as the batch can be cut: 9 images where 8 would fit are 5 and 4.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/image_blocks.h"

static idx ceil_div(Emit *e, idx a, idx b)
{
    return x_div(e, x_addk(e, x_add(e, a, b), -1), b);
}

ImageBlocks image_blocks(Emit *e, const Problem *pb, int64_t channels)
{
    idx one = x_const(e, 1), image = x_mulk(e, x_mul(e, pb->h, pb->w), channels * e->fp_bytes);
    idx fit = x_max(e, one, x_div(e, x_const(e, IMAGE_BLOCK_BYTES), image));
    idx some = x_max(e, one, pb->n);
    ImageBlocks b = { .all = pb->n };
    b.size = ceil_div(e, some, ceil_div(e, some, fit));
    b.blocks = ceil_div(e, some, b.size);
    return b;
}

idx image_blocks_phases(Emit *e, const ImageBlocks *b)
{
    return x_addk(e, b->blocks, 1);
}

/* None of a block beyond the last. */
Images image_blocks_copied(Emit *e, const ImageBlocks *b, idx phase)
{
    Images of = { .first = x_mul(e, phase, b->size) };
    of.n = x_max(e, x_const(e, 0), x_min(e, b->size, x_sub(e, b->all, of.first)));
    return of;
}

Images image_blocks_ready(Emit *e, const ImageBlocks *b, idx phase)
{
    Images of = image_blocks_copied(e, b, x_addk(e, phase, -1));
    of.n = x_select(e, x_equal(e, phase, x_const(e, 0)), x_const(e, 0), of.n);
    return of;
}

idx image_blocks_held(Emit *e, const ImageBlocks *b)
{
    cond several = x_less(e, x_const(e, 1), b->blocks);
    return x_select(e, several, x_mulk(e, b->size, 2), b->all);
}

idx image_blocks_place(Emit *e, const ImageBlocks *b, idx n)
{
    return x_is_const(b->blocks, 1) ? n : x_rem(e, n, x_mulk(e, b->size, 2));
}
