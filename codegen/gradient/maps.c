/* maps.c: where a block finds its channels of the input and of its gradient.
**
** In an nhwc tensor the pixels of a block lie as far apart as a pixel has channels; if that is a power
** of two, or nearly, they share few sets of the caches.  So blocks work on copies, where the schedule
** says so, and in nchw, where a pixel's channels must be brought together anyway:
**
**     copy[block][n][y][x][channel of the block]
**
** with rows an odd number of lines apart.  The copies have all images, where a plain kernel has one
** block of them at a time (kernel/image_blocks.h): a task goes through all images to sum up what it
** owns, and with blocks each of them would be a phase of its own, in which threads wait for each other
** though they have nothing to exchange.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/transpose.h"
#include "codegen/kernel/group_maps.h"

static GroupMaps copy_of(const GradientShape *a)
{
    return (GroupMaps){ 1, a->channels };
}

static idx copied_row(Emit *e, const GradientShape *a, const Problem *pb)
{
    const GroupMaps map = copy_of(a);
    return group_maps_row(e, &map, pb->w);
}

GradientSteps gradient_steps(Emit *e, const GradientPlan *p, const Problem *pb, int shape)
{
    const GradientShape *a = &p->blocks.shape[shape];
    GradientSteps to = { .pixel = p->copies ? a->channels : (int)p->s->in_channels };
    to.row = p->copies ? copied_row(e, a, pb) : x_mulk(e, pb->w, to.pixel);
    to.image = x_mul(e, pb->h, to.row);
    return to;
}

PixelSteps gradient_pixel_steps(Emit *e, const GradientPlan *p, const Problem *pb, int shape,
                                idx times)
{
    const GradientSteps to = gradient_steps(e, p, pb, shape);
    idx right = step_along(e, pb->w, x_mulk(e, times, to.pixel));
    return (PixelSteps){ right, step_along(e, pb->h, x_mul(e, times, to.row)) };
}

/* Elements of an image's rows of the copies of so many blocks of either shape, for one row. */
static idx rows_of_blocks(Emit *e, const GradientPlan *p, const Problem *pb, const idx count[2])
{
    idx sum = x_mul(e, count[1], copied_row(e, &p->blocks.shape[1], pb));
    if (!p->blocks.shape[0].channels)
        return sum;
    return x_add(e, sum, x_mul(e, count[0], copied_row(e, &p->blocks.shape[0], pb)));
}

idx gradient_map_elements(Emit *e, const GradientPlan *p, const Problem *pb)
{
    const GradientBlocks *b = &p->blocks;
    idx rows = x_mul(e, pb->n, pb->h), units = x_const(e, b->count / b->per_unit);
    const idx count[2] = { x_mulk(e, units, b->per_unit - 1), units };
    if (!p->copies)
        return x_mul(e, rows, x_mulk(e, pb->w, p->s->in_channels));
    return x_mul(e, rows, rows_of_blocks(e, p, pb, count));
}

idx gradient_first_element(Emit *e, const GradientPlan *p, const Problem *pb,
                           const GradientBlock *at)
{
    const int64_t per_unit = p->blocks.per_unit;
    idx unit = x_div(e, at->number, x_const(e, per_unit));
    idx nth = x_rem(e, at->number, x_const(e, per_unit));
    const idx before[2] = { x_add(e, x_mulk(e, unit, per_unit - 1), nth), unit };
    if (!p->copies)
        return at->channel;
    return x_mul(e, x_mul(e, pb->n, pb->h), rows_of_blocks(e, p, pb, before));
}

/* ---- zeros ------------------------------------------------------------------------------------- */

void gradient_clear_map(Emit *e, const GradientPlan *p, const Problem *pb, int shape, addr map)
{
    const GradientSteps to = gradient_steps(e, p, pb, shape);
    if (p->copies) {
        gradient_clear(e, map, x_mul(e, pb->n, to.image));
        return;
    }
    idx pixels = x_mul(e, x_mul(e, pb->n, pb->h), pb->w);
    EMIT_FOR_OPAQUE (e, pixel, x_const(e, 0), pixels, 1) {
        addr at = p_at(e, map, x_mulk(e, pixel.at, to.pixel));
        gradient_clear(e, at, x_const(e, p->blocks.shape[shape].channels));
    }
}

/* ---- to copies and back ------------------------------------------------------------------------- */

/* Some rows of a block of both. */
typedef struct CopyRows {
    const GradientPlan *plan;
    const Problem *pb;
    LLVMValueRef transpose; /* NULL in nhwc */
    GradientBlock block;
    GradientSteps to;
} CopyRows;

/* Row y of an image of a tensor, from channel c of the block. */
static addr in_tensor(Emit *e, const CopyRows *r, addr tensor, const idx at[3])
{
    idx channels = x_const(e, r->plan->s->in_channels), channel = x_add(e, r->block.channel, at[2]);
    const idx element[4] = { at[0], channel, at[1], x_const(e, 0) };
    return p_at(e, tensor, problem_at(e, r->pb, channels, r->pb->h, r->pb->w, element));
}

static addr in_copy(Emit *e, const CopyRows *r, addr copy, const idx at[3])
{
    idx image = x_mul(e, at[0], r->to.image), row = x_mul(e, at[1], r->to.row);
    return p_at(e, copy, x_add(e, x_add(e, image, row), at[2]));
}

static void move_row(Emit *e, const CopyRows *r, addr to, addr from, const int step[2])
{
    const GroupMaps map = copy_of(&r->plan->blocks.shape[r->block.shape]);
    const GroupRow row = { to, from, step[0], step[1], x_const(e, 0), x_const(e, 0) };
    group_maps_each_pixel(e, &map, group_move, &row, r->pb->w);
}

static void row_to_copy(Emit *e, const CopyRows *r, addr tensor, addr copy, const idx at[3])
{
    addr from = in_tensor(e, r, tensor, at), to = in_copy(e, r, copy, at);
    if (!r->transpose) {
        move_row(e, r, to, from, (const int[]){ r->to.pixel, (int)r->plan->s->in_channels });
        return;
    }
    Transpose t = { .from = from, .to = to, .cols = r->pb->w };
    t.rows = x_const(e, r->to.pixel);
    t.from_step = x_mul(e, r->pb->h, r->pb->w);
    t.to_step = x_const(e, r->to.pixel);
    call_transpose(e, r->transpose, &t);
}

static CopyRows rows_of(Emit *e, const GradientPlan *p, const Problem *pb, LLVMValueRef transpose,
                        const GradientBlock *block)
{
    CopyRows r = { .plan = p, .pb = pb, .transpose = transpose, .block = *block };
    r.to = gradient_steps(e, p, pb, block->shape);
    return r;
}

/* As many channels as a vector has lanes: then stores go along rows of planes, not from plane to plane. */
static void channels_from_copy(Emit *e, const CopyRows *r, addr tensor, addr copy, const idx at[3])
{
    Transpose t = { .from = in_copy(e, r, copy, at), .to = in_tensor(e, r, tensor, at) };
    t.rows = r->pb->w;
    t.cols = x_min(e, x_const(e, r->plan->lanes), x_sub(e, x_const(e, r->to.pixel), at[2]));
    t.from_step = x_const(e, r->to.pixel);
    t.to_step = x_mul(e, r->pb->h, r->pb->w);
    call_transpose(e, r->transpose, &t);
}

void gradient_rows_from_copy(Emit *e, const GradientPlan *p, const Problem *pb,
                             LLVMValueRef transpose, const GradientRows *in)
{
    const CopyRows r = rows_of(e, p, pb, transpose, &in->block);
    const int pixels[2] = { (int)p->s->in_channels, r.to.pixel };
    idx zero = x_const(e, 0), channels = x_const(e, transpose ? r.to.pixel : 1);
    EMIT_FOR_OPAQUE (e, channel, zero, channels, p->lanes) {
        EMIT_FOR_OPAQUE (e, y, in->first, in->last, 1) {
            const idx at[3] = { in->n, y.at, channel.at };
            if (transpose)
                channels_from_copy(e, &r, in->tensor, in->copy, at);
            else
                move_row(e, &r, in_tensor(e, &r, in->tensor, at), in_copy(e, &r, in->copy, at),
                         pixels);
        }
    }
}

void gradient_row_to_copies(Emit *e, const GradientPlan *p, const Problem *pb,
                            LLVMValueRef transpose, const GradientRow *in)
{
    const idx at[3] = { x_div(e, in->number, pb->h), x_rem(e, in->number, pb->h), x_const(e, 0) };
    EMIT_FOR_OPAQUE (e, number, x_const(e, 0), x_const(e, p->blocks.count), 1) {
        EMIT_IF_ELSE (e, last, gradient_is_last(e, p, number.at)) {
            if (!last.yes && gradient_first_shape(p) == 1)
                continue;
            const GradientBlock block = gradient_block(e, p, number.at, last.yes);
            const CopyRows r = rows_of(e, p, pb, transpose, &block);
            addr copy = p_at(e, in->copies, gradient_first_element(e, p, pb, &block));
            row_to_copy(e, &r, in->tensor, copy, at);
        }
    }
}
