/* macrokernel.c: micro-kernels over all of a tile, from its im2col tile or from the map itself.
**
** Without offsets the column of a register tile that lies inside the map is a copy: tap (i, j) of
** pixel r stands (i*dilation*W + (r*stride + j*dilation)) * C elements after tap (0, 0) of pixel
** 0.  There the micro-kernel reads the map (implicit GEMM), and only register tiles at the border
** have a column, with its zeros.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tile.h"

/* ---- the map in place of the column ------------------------------------------------------ */

/* Row and column of the input where the first tap of a pixel of the tile looks; may lie before
** the map. */
typedef struct FirstTap {
    idx col, y, x; /* col: of the pixel, in the tile */
} FirstTap;

static FirstTap first_tap(Emit *e, const TiledTile *t, idx pixel)
{
    const dcn_spec *s = t->plan->s;
    idx row = x_div(e, pixel, t->cols), col = x_rem(e, pixel, t->cols);
    idx y = x_mulk(e, x_add(e, t->p0, row), s->stride[0]);
    idx x = x_mulk(e, x_add(e, t->q0, col), s->stride[1]);
    return (FirstTap){ col, x_addk(e, y, -s->padding[0]), x_addk(e, x, -s->padding[1]) };
}

cond tiled_inside(Emit *e, const TiledTile *t, idx panel)
{
    const dcn_spec *s = t->plan->s;
    FirstTap at = first_tap(e, t, panel);
    int mr = t->plan->tile.mr;
    idx down = x_addk(e, at.y, s->dilation[0] * (s->kernel[0] - 1));
    int across = (mr - 1) * s->stride[1] + s->dilation[1] * (s->kernel[1] - 1);
    idx end = x_addk(e, at.col, mr - 1), before = x_const(e, -1);
    cond rows = c_and(e, x_less(e, before, at.y), x_less(e, down, t->pb.h));
    cond cols = c_and(e, x_less(e, before, at.x), x_less(e, x_addk(e, at.x, across), t->pb.w));
    return c_and(e, x_less(e, end, t->cols), c_and(e, rows, cols));
}

/* Where the micro-kernel of a panel reads A. */
static addr in_map(Emit *e, const TiledTile *t, const TiledBlock *b, idx panel)
{
    const TiledPlan *p = t->plan;
    FirstTap at = first_tap(e, t, panel);
    idx pixel = x_add(e, x_mul(e, at.y, t->pb.w), at.x);
    idx channel = x_add(e, x_mulk(e, b->g, p->groups.in_channels), b->c0);
    return p_at(e, t->input, x_add(e, x_mulk(e, pixel, p->s->in_channels), channel));
}

static addr in_column(Emit *e, const TiledTile *t, const TiledBlock *b, idx panel)
{
    idx row = x_add(e, x_mulk(e, panel, t->plan->scratch.column_stride), b->column);
    return p_at(e, tiled_scratch(e, t, t->plan->scratch.column), row);
}

/* ---- the loops --------------------------------------------------------------------------- */

/* A panel of mr pixels and a block of outputs: one micro-kernel. */
typedef struct UkernelTile {
    idx panel, out; /* first pixel, first output of the packed group */
    bool is_last;   /* the last block of outputs */
} UkernelTile;

/* Packed weights are read from front to back, a block of them by all panels of the tile, so those behind the block
** come next: each panel asks for its share of as many. */
static addr weights_ahead(Emit *e, const TiledTile *t, const TiledBlock *b, const UkernelTile *u)
{
    const TiledPlan *p = t->plan;
    idx next = x_add(e, u->out, x_const(e, u->is_last ? p->groups.last_nv * e->lanes : p->tile.nr));
    idx number = x_div(e, u->panel, x_const(e, p->tile.mr));
    idx share = x_mulk(e, x_mul(e, number, b->kc), p->tile.weights_ahead);
    idx at = x_add(e, b->weights, x_add(e, x_mul(e, b->kc, next), share));
    return p_at(e, t->pb.weight, at);
}

static void call_ukernel(Emit *e, const TiledTile *t, const TiledBlock *b, const UkernelTile *u,
                         bool from_map)
{
    const TiledPlan *p = t->plan;
    TiledUkernelArgs in = { .kc = b->kc, .args = t->args, .first = b->first, .last = b->last };
    in.a = from_map ? in_map(e, t, b, u->panel) : in_column(e, t, b, u->panel);
    idx weights = x_add(e, b->weights, x_mul(e, b->kc, u->out));
    in.rows = p_at_word(e, tiled_scratch(e, t, p->scratch.rows), u->panel);
    in.residual_rows = p_at_word(e, tiled_scratch(e, t, p->scratch.residual_rows), u->panel);
    in.out = x_add(e, x_mulk(e, b->g, p->groups.out_channels), u->out);
    in.weights = p_at(e, t->pb.weight, weights);
    if (p->tile.weights_ahead)
        in.ahead = weights_ahead(e, t, b, u);
    tiled_call_ukernel(e, from_map ? t->fns->implicit[u->is_last] : t->fns->ukernel[u->is_last],
                       &in);
}

static void one_ukernel(Emit *e, const TiledTile *t, const TiledBlock *b, const UkernelTile *u)
{
    if (!t->plan->tile.implicit_gemm) {
        call_ukernel(e, t, b, u, false);
        return;
    }
    EMIT_IF_ELSE (e, inside, tiled_inside(e, t, u->panel)) {
        call_ukernel(e, t, b, u, inside.yes);
    }
}

/* First output of the last block, and the end of the task's outputs before that. */
static idx last_block(Emit *e, const TiledTile *t)
{
    return x_const(e, (int64_t)(t->plan->groups.out_blocks - 1) * t->plan->tile.nr);
}

static idx inner_end(Emit *e, const TiledTile *t)
{
    return x_min(e, t->part.end_out, last_block(e, t));
}

/* Whether the last block is the task's. */
static cond has_last_block(Emit *e, const TiledTile *t)
{
    return x_less(e, last_block(e, t), t->part.end_out);
}

static bool splits_outputs(const TiledTile *t)
{
    return t->plan->parts.out_blocks < t->plan->groups.out_blocks;
}

static void over_outputs(Emit *e, const TiledTile *t, const TiledBlock *b, idx panel)
{
    const UkernelTile last = { panel, last_block(e, t), true };
    EMIT_FOR_OPAQUE (e, out, t->part.first_out, inner_end(e, t), t->plan->tile.nr) {
        one_ukernel(e, t, b, &(UkernelTile){ panel, out.at, false });
    }
    if (!splits_outputs(t)) {
        one_ukernel(e, t, b, &last);
        return;
    }
    EMIT_IF (e, has_last_block(e, t)) {
        one_ukernel(e, t, b, &last);
    }
}

static void over_pixels(Emit *e, const TiledTile *t, const TiledBlock *b, idx out, bool is_last)
{
    EMIT_FOR_OPAQUE (e, panel, x_const(e, 0), t->pixels, t->plan->tile.mr) {
        one_ukernel(e, t, b, &(UkernelTile){ panel.at, out, is_last });
    }
}

void tiled_macrokernel(Emit *e, const TiledTile *t, const TiledBlock *b)
{
    if (!t->plan->tile.outputs_outer) {
        EMIT_FOR_OPAQUE (e, panel, x_const(e, 0), t->pixels, t->plan->tile.mr) {
            over_outputs(e, t, b, panel.at);
        }
        return;
    }
    EMIT_FOR_OPAQUE (e, out, t->part.first_out, inner_end(e, t), t->plan->tile.nr) {
        over_pixels(e, t, b, out.at, false);
    }
    if (!splits_outputs(t)) {
        over_pixels(e, t, b, last_block(e, t), true);
        return;
    }
    EMIT_IF (e, has_last_block(e, t)) {
        over_pixels(e, t, b, last_block(e, t), true);
    }
}
