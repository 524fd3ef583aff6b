/* functions.c: which internal functions a kernel of the tiled lowering has.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/tiled/tiled.h"

static void emit_columns(Emit *e, const TiledPlan *p, TiledParts *parts)
{
    int rest = p->in_group % p->channel_block;
    LLVMValueRef (*column)(Emit *, const TiledPlan *, const char *, int) =
        p->abreast ? tiled_emit_abreast : tiled_emit_column;
    parts->places = tiled_emit_places(e, p);
    if (p->turns)
        parts->coords = tiled_emit_coords(e, p, parts->turn);
    parts->columns[0] = column(e, p, "column", p->channel_block * p->group_block);
    if (rest)
        parts->columns[1] = column(e, p, "column_rest", rest);
    if (p->prefetch >= 0)
        parts->prefetch = tiled_emit_prefetch(e, p);
}

TiledParts tiled_emit_parts(Emit *e, const TiledPlan *p, TiledFiller fill, const void *self)
{
    TiledParts parts = { .fill = fill ? fill(e, self) : NULL };
    int same = p->last_nv == p->nv && !(p->out_group % p->lanes);
    if (p->s->layout == DCN_NCHW)
        parts.turn = emit_transpose(e);
    if (!fill)
        emit_columns(e, p, &parts);
    int one = same || p->out_blocks == 1;
    parts.products[1] = tiled_emit_product(e, p, "product_last", p->last_nv, 1);
    parts.products[0] = one ? parts.products[1] : tiled_emit_product(e, p, "product", p->nv, 0);
    if (p->implicit) {
        parts.implicits[1] = tiled_emit_implicit(e, p, "implicit_last", p->last_nv, 1);
        parts.implicits[0] =
            one ? parts.implicits[1] : tiled_emit_implicit(e, p, "implicit", p->nv, 0);
    }
    if (tiled_repacks(p))
        parts.repack = emit_repack(e, &p->repack, parts.turn);
    if (p->out_stride)
        parts.unpack = tiled_emit_unpack(e, p, parts.turn);
    return parts;
}
