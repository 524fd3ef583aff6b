/* run.c: the entry points of a tiled kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tile.h"

/* What `run` needs for the tiles of its tasks. */
typedef struct TiledRun {
    const TiledPlan *plan;
    LLVMValueRef tile;
    Problem pb;
    addr scratch; /* this thread's workspace */
} TiledRun;

static idx tiles_of_image(Emit *e, const TiledPlan *p, const Problem *pb)
{
    return x_mul(e, tiled_along(e, pb->p, p->tile.th), tiled_along(e, pb->q, p->tile.tw));
}

static idx count(Emit *e, const Problem *pb, const Images *ready, const void *self)
{
    const TiledPlan *p = ((const TiledRun *)self)->plan;
    idx tiles = x_mul(e, ready->n, tiles_of_image(e, p, pb));
    return x_div(e, x_addk(e, tiles, p->tile.grain - 1), x_const(e, p->tile.grain));
}

static idx shared(Emit *e, const Problem *pb, const void *self)
{
    const TiledPlan *p = self;
    return tiled_repacks(p) ? repack_bytes(e, &p->repack, pb) : x_const(e, 0);
}

static void run_tiles(Emit *e, const RunArgs *in, const Images *ready, const void *self)
{
    const TiledRun *r = self;
    int grain = r->plan->tile.grain;
    TiledTileArgs tile = { .args = in->args, .shared = in->workspace, .scratch = r->scratch };
    idx image = tiles_of_image(e, r->plan, &r->pb), before = x_mul(e, ready->first, image);
    idx first = x_mulk(e, in->first, grain);
    idx last = x_min(e, x_mulk(e, in->last, grain), x_mul(e, ready->n, image));
    EMIT_FOR_OPAQUE (e, at, first, last, 1) {
        tile.number = x_add(e, before, at.at);
        tiled_call_tile(e, r->tile, &tile);
    }
}

static void emit_run(Emit *e, Kernel *k, LLVMValueRef repack, const RepackUser *user, TiledRun *r)
{
    const TiledPlan *p = r->plan;
    RunArgs in = kernel_run_begin(e, k);
    r->pb = problem_load(e, p->s, in.args);
    idx skip = x_mulk(e, in.thread, p->scratch.bytes);
    r->scratch = p_at_bytes(e, in.workspace, x_add(e, shared(e, &r->pb, p), skip));
    repack_run(e, &r->pb, repack, &in, user);
    e_fn_end(e);
}

void tiled_emit_kernel(Emit *e, Kernel *k, const TiledPlan *p, const TiledSource *source)
{
    TiledRun r = { .plan = p };
    const RepackUser user = { &p->repack, tiled_repacks(p), count, run_tiles, &r };
    kernel_packed_bytes(e, k, p->packed_elements * p->fp_bytes);
    tiled_emit_pack(e, k, p);
    kernel_workspace(e, k, shared, p->scratch.bytes, p);
    kernel_tasks(e, k, repack_phases, repack_tasks, &user);
    TiledFns fns = tiled_emit_fns(e, p, source);
    r.tile = tiled_emit_tile(e, p, &fns);
    emit_run(e, k, fns.repack, &user, &r);
}
