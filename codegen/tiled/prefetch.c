/* prefetch.c: what a tile will read and write, asked for before it is needed.
**
** Samples are scattered, so no hardware prefetcher foresees them, and each would wait for L3.
** But they stay near their pixels: the rows and columns that the tile's taps cover, and
** `prefetch` pixels around.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tile.h"

/* The lines of `n` elements from p. */
static void lines(Emit *e, const TiledPlan *p, addr from, idx n, int level)
{
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), n, CACHE_LINE / p->fp_bytes) {
        p_prefetch(e, p_at(e, from, i.at), level);
    }
}

static void window(Emit *e, const TiledPlan *p, const Problem *pb, const TiledPrefetchArgs *in)
{
    idx one = x_const(e, 1);
    /* One row more than this one's, so that it is there in time. */
    TapRange y = emit_tap_range(e, pb, 0, (const idx[]){ in->p, x_const(e, 2) }, p->prefetch);
    TapRange above = emit_tap_range(e, pb, 0, (const idx[]){ in->p, one }, p->prefetch);
    TapRange x = emit_tap_range(e, pb, 1, (const idx[]){ in->q, in->cols }, p->prefetch);
    idx n = x_mulk(e, x_sub(e, x.end, x.first), p->repack.block);
    idx first = x_select(e, x_equal(e, in->first, one), y.first, above.end);
    EMIT_FOR_OPAQUE (e, c, x_const(e, 0), x_const(e, p->s->in_channels), p->repack.block) {
        addr block = p_at(e, in->input, repack_channel(e, &p->repack, pb, c.at));
        EMIT_FOR_OPAQUE (e, row, first, y.end, 1) {
            idx from = x_add(e, x_mul(e, row.at, pb->w), x.first);
            lines(e, p, p_at(e, block, x_mulk(e, from, p->repack.block)), n, 2);
        }
    }
}

/* nhwc outputs are written where they stand. */
static void outputs(Emit *e, const TiledPlan *p, const Problem *pb, const TiledPrefetchArgs *in)
{
    idx channels = x_const(e, p->s->out_channels);
    const idx at[4] = { in->n, x_const(e, 0), in->p, in->q };
    addr row = p_at(e, pb->output, problem_at(e, pb, channels, pb->p, pb->q, at));
    lines(e, p, row, x_mul(e, in->cols, channels), 0);
}

static const Param param[] = { PARAM(TiledPrefetchArgs, args), PARAM(TiledPrefetchArgs, input),
                               PARAM(TiledPrefetchArgs, n),    PARAM(TiledPrefetchArgs, p),
                               PARAM(TiledPrefetchArgs, q),    PARAM(TiledPrefetchArgs, cols),
                               PARAM(TiledPrefetchArgs, first) };
static const Params params = PARAMS(TiledPrefetchArgs, param);

LLVMValueRef tiled_emit_prefetch(Emit *e, const TiledPlan *p)
{
    TiledPrefetchArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "prefetch", 1, e->none, &params, &in);
    Problem pb = problem_load(e, p->s, in.args);
    if (!p->scratch.out_stride && !tiled_sums_parts(p))
        outputs(e, p, &pb, &in);
    window(e, p, &pb, &in);
    e_fn_end(e);
    return fn;
}

void tiled_call_prefetch(Emit *e, LLVMValueRef fn, const TiledPrefetchArgs *in)
{
    e_call_with(e, fn, &params, in);
}
