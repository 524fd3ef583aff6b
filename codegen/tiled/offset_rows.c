/* offset_rows.c: offsets and masks of some pixels of a row, nchw to [pixel][channel].
**
** Lanes along the taps of a pixel want its offsets side by side, where nchw has them a plane apart.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"
#include "codegen/tiled/tile.h"

/* A map of `per` numbers to each tap: 2 of offsets, 1 of masks. */
typedef struct OffsetMap {
    addr map, to;
    int64_t planes; /* of the map, which may hold both */
    int per;
} OffsetMap;

static void transpose_map(Emit *e, const TiledPlan *p, const Problem *pb,
                          const TiledOffsetsArgs *in, const OffsetMap *m, LLVMValueRef transpose)
{
    idx channels = x_const(e, (int64_t)p->groups.taps * p->s->offset_groups * m->per);
    const idx at[4] = { in->n, x_const(e, 0), in->p, in->q };
    idx planes = x_const(e, m->planes);
    Transpose t = { .to = m->to, .to_step = channels, .rows = channels, .cols = in->cols };
    t.from = p_at(e, m->map, problem_at(e, pb, planes, pb->p, pb->q, at));
    t.from_step = x_mul(e, pb->p, pb->q);
    call_transpose(e, transpose, &t);
}

static const Param param[] = { PARAM(TiledOffsetsArgs, args),  PARAM(TiledOffsetsArgs, offsets),
                               PARAM(TiledOffsetsArgs, masks), PARAM(TiledOffsetsArgs, n),
                               PARAM(TiledOffsetsArgs, p),     PARAM(TiledOffsetsArgs, q),
                               PARAM(TiledOffsetsArgs, cols) };
static const Params params = PARAMS(TiledOffsetsArgs, param);

LLVMValueRef tiled_emit_offset_rows(Emit *e, const TiledPlan *p, LLVMValueRef transpose)
{
    TiledOffsetsArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "offset_rows", 1, e->none, &params, &in);
    Problem pb = problem_load(e, p->s, in.args);
    const OffsetMap offsets = { pb.offset, in.offsets, pb.offset_channels, 2 };
    transpose_map(e, p, &pb, &in, &offsets, transpose);
    if (pb.mask.v) {
        const OffsetMap masks = { pb.mask, in.masks, pb.mask_channels, 1 };
        transpose_map(e, p, &pb, &in, &masks, transpose);
    }
    e_fn_end(e);
    return fn;
}

void tiled_call_offset_rows(Emit *e, LLVMValueRef fn, const TiledOffsetsArgs *in)
{
    e_call_with(e, fn, &params, in);
}
