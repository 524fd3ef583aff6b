/* functions.c: which internal functions a kernel of the tiled lowering has.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/tiled/tile.h"

static LLVMValueRef emit_column(Emit *e, const TiledPlan *p, const char *name, int channels)
{
    if (p->groups.samples_per_vec)
        return tiled_emit_column_narrow(e, p, name, channels);
    return tiled_emit_column(e, p, name, channels);
}

/* What samples the A tile from the input. */
static void emit_sampling(Emit *e, const TiledPlan *p, TiledFns *f)
{
    int rest = p->groups.in_channels % p->groups.channel_block;
    f->sample_table = tiled_emit_sample_table(e, p);
    if (p->table.transposes)
        f->offset_rows = tiled_emit_offset_rows(e, p, f->transpose);
    f->column[0] = emit_column(e, p, "column", p->groups.channel_block * p->groups.group_block);
    if (rest)
        f->column[1] = emit_column(e, p, "column_rest", rest);
    if (p->prefetch >= 0)
        f->prefetch = tiled_emit_prefetch(e, p);
}

/* The last block of outputs may have fewer vectors, or a ragged one; else one function does for
** all blocks. */
static void emit_ukernels(Emit *e, const TiledPlan *p, TiledFns *f)
{
    bool alike = p->groups.last_nv == p->tile.nv && !(p->groups.out_channels % p->lanes);
    bool one = alike || p->groups.out_blocks == 1;
    f->ukernel[1] = tiled_emit_ukernel(e, p, "ukernel_last", true);
    f->ukernel[0] = one ? f->ukernel[1] : tiled_emit_ukernel(e, p, "ukernel", false);
    if (!p->tile.implicit_gemm)
        return;
    f->implicit[1] = tiled_emit_ukernel_implicit(e, p, "implicit_last", true);
    f->implicit[0] = one ? f->implicit[1] : tiled_emit_ukernel_implicit(e, p, "implicit", false);
}

TiledFns tiled_emit_fns(Emit *e, const TiledPlan *p, const TiledSource *source)
{
    TiledFns f = { .source = source };
    if (source)
        f.a_source = source->emit(e, source->self);
    if (p->s->layout == DCN_NCHW)
        f.transpose = emit_transpose(e);
    if (!source)
        emit_sampling(e, p, &f);
    emit_ukernels(e, p, &f);
    if (tiled_repacks(p))
        f.repack = emit_repack(e, &p->repack, f.transpose);
    if (tiled_sums_parts(p))
        f.sum = tiled_emit_sum(e, p, f.transpose);
    else if (p->scratch.out_stride)
        f.unpack = tiled_emit_unpack(e, p, f.transpose);
    return f;
}
