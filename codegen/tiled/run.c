/* run.c: the entry points of a tiled kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tile.h"

/* What `run` needs for the tiles of its tasks. */
typedef struct TiledRun {
    const TiledPlan *plan;
    LLVMValueRef tile, sum; /* sum: of partial sums, or NULL */
    Problem pb;
    addr scratch; /* this thread's workspace */
} TiledRun;

/* Parts of tiles, which are what tasks are made of: whole tiles mostly. */
static idx parts_of_image(Emit *e, const TiledPlan *p, const Problem *pb)
{
    idx rows = tiled_along(e, pb->p, p->tile.th), cols = tiled_along(e, pb->q, p->tile.tw);
    idx tiles = x_mul(e, rows, cols);
    return tiled_parts(p) > 1 ? x_mulk(e, tiles, tiled_parts(p)) : tiles;
}

static idx count(Emit *e, const Problem *pb, const Images *ready, const void *self)
{
    const TiledPlan *p = ((const TiledRun *)self)->plan;
    idx tiles = x_mul(e, ready->n, parts_of_image(e, p, pb));
    return x_ceil_div(e, tiles, p->tile.grain);
}

static idx shared(Emit *e, const Problem *pb, const void *self)
{
    const TiledPlan *p = self;
    idx copy = tiled_repacks(p) ? repack_bytes(e, &p->repack, pb) : x_const(e, 0);
    if (!tiled_sums_parts(p))
        return copy;
    idx pixels = x_mul(e, pb->n, x_mul(e, pb->p, pb->q));
    idx bytes = x_mulk(e, pixels, tiled_partial_elements(p, 1) * p->fp_bytes);
    return x_add(e, copy, x_round_up(e, bytes, CACHE_LINE));
}

static void run_tiles(Emit *e, const RunArgs *in, const Images *ready, const void *self)
{
    const TiledRun *r = self;
    int grain = r->plan->tile.grain;
    TiledTileArgs tile = { .args = in->args, .shared = in->workspace, .scratch = r->scratch };
    idx image = parts_of_image(e, r->plan, &r->pb), before = x_mul(e, ready->first, image);
    idx first = x_mulk(e, in->first, grain);
    idx last = x_min(e, x_mulk(e, in->last, grain), x_mul(e, ready->n, image));
    EMIT_FOR_OPAQUE (e, at, first, last, 1) {
        tile.number = x_add(e, before, at.at);
        tiled_call_tile(e, r->tile, &tile);
    }
}

/* ---- the phase of the sums, which comes last ---------------------------------------------- */

static idx phases(Emit *e, const Problem *pb, const void *self)
{
    const RepackUser *user = self;
    const TiledRun *r = user->self;
    return x_addk(e, repack_phases(e, pb, user), tiled_sums_parts(r->plan));
}

static idx tasks(Emit *e, const Problem *pb, idx phase, const void *self)
{
    const RepackUser *user = self;
    const TiledRun *r = user->self;
    idx before = repack_tasks(e, pb, phase, user);
    if (!tiled_sums_parts(r->plan))
        return before;
    cond sums = x_equal(e, phase, repack_phases(e, pb, user));
    return x_select(e, sums, tiled_sum_tasks(e, r->plan, pb), before);
}

static void run_sums(Emit *e, const RunArgs *in, const TiledRun *r)
{
    TiledSumArgs sum = { .args = in->args, .scratch = r->scratch };
    sum.partial = tiled_partial(e, r->plan, &r->pb, in->workspace);
    EMIT_FOR_OPAQUE (e, task, in->first, in->last, 1) {
        sum.number = task.at;
        tiled_call_sum(e, r->sum, &sum);
    }
}

/* Tiles and the copy of the input, or the sums. */
static void run_either(Emit *e, const RunArgs *in, LLVMValueRef repack, const RepackUser *user,
                       const TiledRun *r)
{
    EMIT_IF_ELSE (e, sums, x_equal(e, in->phase, repack_phases(e, &r->pb, user))) {
        if (sums.yes)
            run_sums(e, in, r);
        else
            repack_run(e, &r->pb, repack, in, user);
    }
}

/* ---- all of it --------------------------------------------------------------------------- */

static void emit_run(Emit *e, Kernel *k, LLVMValueRef repack, const RepackUser *user, TiledRun *r)
{
    const TiledPlan *p = r->plan;
    RunArgs in = kernel_run_begin(e, k);
    r->pb = problem_load(e, p->s, in.args);
    idx skip = x_mulk(e, in.thread, p->scratch.bytes);
    r->scratch = p_at_bytes(e, in.workspace, x_add(e, shared(e, &r->pb, p), skip));
    if (!r->sum)
        repack_run(e, &r->pb, repack, &in, user);
    else
        run_either(e, &in, repack, user, r);
    e_fn_end(e);
}

void tiled_emit_kernel(Emit *e, Kernel *k, const TiledPlan *p, const TiledSource *source)
{
    TiledRun r = { .plan = p };
    const RepackUser user = { &p->repack, tiled_repacks(p), count, run_tiles, &r };
    kernel_packed_bytes(e, k, p->packed_elements * p->fp_bytes);
    tiled_emit_pack(e, k, p);
    kernel_workspace(e, k, shared, p->scratch.bytes, p);
    kernel_tasks(e, k, phases, tasks, &user);
    TiledFns fns = tiled_emit_fns(e, p, source);
    r.tile = tiled_emit_tile(e, p, &fns);
    r.sum = fns.sum;
    emit_run(e, k, fns.repack, &user, &r);
}
