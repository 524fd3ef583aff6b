/* run.c: the entry points of a tiled kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tile.h"

static idx tiles_of(Emit *e, const TiledPlan *p, const Problem *pb)
{
    idx image = x_mul(e, tiled_along(e, pb->p, p->tile.th), tiled_along(e, pb->q, p->tile.tw));
    return x_mul(e, pb->n, image);
}

static idx count(Emit *e, const Problem *pb, int phase, const void *self)
{
    const TiledPlan *p = self;
    if (tiled_repacks(p) && phase == 0)
        return repack_tasks(e, pb);
    return x_div(e, x_addk(e, tiles_of(e, p, pb), p->tile.grain - 1), x_const(e, p->tile.grain));
}

static idx shared(Emit *e, const Problem *pb, const void *self)
{
    const TiledPlan *p = self;
    return tiled_repacks(p) ? repack_bytes(e, &p->repack, pb, 0) : x_const(e, 0);
}

/* What `run` needs for the tiles of its tasks. */
typedef struct TiledRun {
    const TiledPlan *plan;
    LLVMValueRef tile;
    Problem pb;
    addr scratch; /* this thread's workspace */
} TiledRun;

static void run_tiles(Emit *e, const RunArgs *in, const void *self)
{
    const TiledRun *r = self;
    int grain = r->plan->tile.grain;
    TiledTileArgs tile = { .args = in->args, .shared = in->workspace, .scratch = r->scratch };
    idx first = x_mulk(e, in->first, grain);
    idx last = x_min(e, x_mulk(e, in->last, grain), tiles_of(e, r->plan, &r->pb));
    EMIT_FOR_OPAQUE (e, at, first, last, 1) {
        tile.number = at.at;
        tiled_call_tile(e, r->tile, &tile);
    }
}

static void emit_run(Emit *e, Kernel *k, const TiledPlan *p, LLVMValueRef repack, LLVMValueRef tile)
{
    RunArgs in = kernel_run_begin(e, k);
    TiledRun r = { .plan = p, .tile = tile };
    r.pb = problem_load(e, p->s, in.args);
    idx skip = x_mulk(e, in.thread, p->scratch.bytes);
    r.scratch = p_at_bytes(e, in.workspace, x_add(e, shared(e, &r.pb, p), skip));
    repack_phases(e, repack, &in, run_tiles, &r);
    e_fn_end(e);
}

void tiled_emit_kernel(Emit *e, Kernel *k, const TiledPlan *p, const TiledSource *source)
{
    kernel_packed_bytes(e, k, p->packed_elements * p->fp_bytes);
    tiled_emit_pack(e, k, p);
    kernel_workspace(e, k, shared, p->scratch.bytes, p);
    kernel_tasks(e, k, tiled_repacks(p) ? 2 : 1, count, p);
    TiledFns fns = tiled_emit_fns(e, p, source);
    emit_run(e, k, p, fns.repack, tiled_emit_tile(e, p, &fns));
}
