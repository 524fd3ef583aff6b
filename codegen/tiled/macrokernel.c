/* macrokernel.c: the loops of the product over a tile, from its column or from the map itself.
**
** Without offsets the column of a register tile that lies inside the map is a copy: tap (i, j) of pixel r stands
** (i*dilation*W + (r*stride + j*dilation)) * C elements after tap (0, 0) of pixel 0.  There the product reads the
** map (`implicit`: implicit GEMM), and only register tiles at the border have a column, with its zeros.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tiled.h"

typedef TiledTile Ctx;
typedef TiledBlock Block;

/* ---- the map in place of the column ------------------------------------------------------------- */

/* Row and column of the input where the first tap of a pixel of the tile looks; may lie before the map. */
typedef struct Corner {
    idx col, y, x; /* col: of the pixel, in the tile */
} Corner;

static Corner corner_of(Emit *e, const Ctx *c, idx pixel)
{
    const dcn_spec *s = c->plan->s;
    idx row = x_div(e, pixel, c->cols), col = x_rem(e, pixel, c->cols);
    idx y = x_mulk(e, x_add(e, c->p0, row), s->stride[0]);
    idx x = x_mulk(e, x_add(e, c->q0, col), s->stride[1]);
    return (Corner){ col, x_addk(e, y, -s->padding[0]), x_addk(e, x, -s->padding[1]) };
}

cond tiled_inside(Emit *e, const Ctx *c, idx panel)
{
    const dcn_spec *s = c->plan->s;
    Corner at = corner_of(e, c, panel);
    idx down = x_addk(e, at.y, s->dilation[0] * (s->kernel[0] - 1));
    int across = (c->plan->mr - 1) * s->stride[1] + s->dilation[1] * (s->kernel[1] - 1);
    idx end = x_addk(e, at.col, c->plan->mr - 1), before = x_const(e, -1);
    cond rows = c_and(e, x_less(e, before, at.y), x_less(e, down, c->pb.h));
    cond cols = c_and(e, x_less(e, before, at.x), x_less(e, x_addk(e, at.x, across), c->pb.w));
    return c_and(e, x_less(e, end, c->cols), c_and(e, rows, cols));
}

static addr map_of(Emit *e, const Ctx *c, const Block *b, idx panel)
{
    const TiledPlan *p = c->plan;
    Corner at = corner_of(e, c, panel);
    idx pixel = x_add(e, x_mul(e, at.y, c->pb.w), at.x);
    idx channel = x_add(e, x_mulk(e, b->g, p->in_group), b->c0);
    return p_at(e, c->input, x_add(e, x_mulk(e, pixel, p->s->in_channels), channel));
}

static addr column_of(Emit *e, const Ctx *c, const Block *b, idx panel)
{
    idx row = x_add(e, x_mulk(e, panel, c->plan->column_stride), b->column);
    return p_at(e, tiled_own(e, c, c->plan->column), row);
}

/* ---- the loops ---------------------------------------------------------------------------------- */

static void call(Emit *e, const Ctx *c, const Block *b, idx panel, idx out, LLVMValueRef fn,
                 addr from)
{
    const TiledPlan *p = c->plan;
    idx weights = x_add(e, b->weights, x_mul(e, b->depth, out));
    addr rows = p_at_addr(e, tiled_own(e, c, p->rows), panel);
    addr residual = p_at_addr(e, tiled_own(e, c, p->residual_rows), panel);
    idx channel = x_add(e, x_mulk(e, b->g, p->out_group), out);
    e_call_fn(e, fn, 9,
              (LLVMValueRef[]){ from.v, p_at(e, c->pb.weight, weights).v, b->depth.v, rows.v,
                                residual.v, c->args.v, channel.v, b->first.v, b->last.v });
}

/* is_last: of the last block of outputs. */
static void one_product(Emit *e, const Ctx *c, const Block *b, idx panel, idx out, int is_last)
{
    const TiledParts *f = c->parts;
    if (!c->plan->implicit) {
        call(e, c, b, panel, out, f->products[is_last], column_of(e, c, b, panel));
        return;
    }
    EMIT_IF_ELSE (e, inside, tiled_inside(e, c, panel)) {
        if (inside.yes)
            call(e, c, b, panel, out, f->implicits[is_last], map_of(e, c, b, panel));
        else
            call(e, c, b, panel, out, f->products[is_last], column_of(e, c, b, panel));
    }
}

static void over_outputs(Emit *e, const Ctx *c, const Block *b, idx panel)
{
    int64_t inner = (int64_t)(c->plan->out_blocks - 1) * c->plan->nr;
    EMIT_FOR_OPAQUE (e, out, x_const(e, 0), x_const(e, inner), c->plan->nr) {
        one_product(e, c, b, panel, out.at, 0);
    }
    one_product(e, c, b, panel, x_const(e, inner), 1);
}

static void over_pixels(Emit *e, const Ctx *c, const Block *b, idx out, int is_last)
{
    EMIT_FOR_OPAQUE (e, panel, x_const(e, 0), c->pixels, c->plan->mr) {
        one_product(e, c, b, panel.at, out, is_last);
    }
}

void tiled_multiply(Emit *e, const Ctx *c, const Block *b)
{
    int64_t inner = (int64_t)(c->plan->out_blocks - 1) * c->plan->nr;
    if (!c->plan->by_outputs) {
        EMIT_FOR_OPAQUE (e, panel, x_const(e, 0), c->pixels, c->plan->mr) {
            over_outputs(e, c, b, panel.at);
        }
        return;
    }
    EMIT_FOR_OPAQUE (e, out, x_const(e, 0), x_const(e, inner), c->plan->nr) {
        over_pixels(e, c, b, out.at, 0);
    }
    over_pixels(e, c, b, x_const(e, inner), 1);
}
