/* run.c: the entry points of an aggregate kernel: a task is a tile, or some groups of one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"

/* Tiles of that size along an axis; tile = 0: one. */
static idx tiles_along(Emit *e, idx size, int tile)
{
    return tile ? x_ceil_div(e, size, tile) : x_const(e, 1);
}

static idx tile_size(Emit *e, idx size, idx first, int tile)
{
    return tile ? x_min(e, x_const(e, tile), x_sub(e, size, first)) : size;
}

static idx count(Emit *e, const Problem *pb, idx phase, const void *self)
{
    const AggregatePlan *p = self;
    (void)phase;
    idx tiles = x_mul(e, tiles_along(e, pb->p, p->tile_h), tiles_along(e, pb->q, p->tile_w));
    return x_mulk(e, x_mul(e, pb->n, tiles), p->groups / p->task_groups);
}

static idx thread_bytes(Emit *e, const Problem *pb, const void *self)
{
    const AggregatePlan *p = self;
    return x_addk(e, aggregate_copies(e, p, pb, (addr){ NULL }).bytes, p->scratch.bytes);
}

/* The tile of a task. Tasks go down a column of tiles, so that the rows above are still in the
** caches. */
static AggregateTileArgs tile_of(Emit *e, const AggregatePlan *p, const Problem *pb,
                                 const RunArgs *in, idx task)
{
    AggregateTileArgs t = { .args = in->args };
    idx at[3], parts = x_const(e, p->groups / p->task_groups);
    if (p->splits_groups) {
        t.group = x_mulk(e, x_rem(e, task, parts), p->task_groups);
        task = x_div(e, task, parts);
    }
    t.row_stride = x_mulk(e, pb->q, p->s->in_channels);
    idx rows = tiles_along(e, pb->p, p->tile_h), cols = tiles_along(e, pb->q, p->tile_w);
    kernel_split_task(e, task, cols, rows, at);
    t.n = at[0];
    t.p0 = x_mulk(e, at[2], p->tile_h);
    t.q0 = x_mulk(e, at[1], p->tile_w);
    const idx pixel[4] = { t.n, x_const(e, 0), t.p0, t.q0 };
    idx to = problem_at(e, pb, x_const(e, p->s->in_channels), pb->p, pb->q, pixel);
    t.scratch = p_at_bytes(e, in->workspace, x_mul(e, in->thread, thread_bytes(e, pb, p)));
    t.to = p_at(e, pb->output, to);
    t.rows = tile_size(e, pb->p, t.p0, p->tile_h);
    t.cols = tile_size(e, pb->q, t.q0, p->tile_w);
    return t;
}

void aggregate_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    AggregatePlan p = aggregate_plan(kernel->s, t, k);
    kernel_no_weights(e, kernel);
    kernel_workspace_by_size(e, kernel, NULL, thread_bytes, &p);
    kernel_tasks(e, kernel, NULL, count, &p);
    LLVMValueRef fn = aggregate_emit_tile(e, &p);
    RunArgs in = kernel_run_begin(e, kernel);
    Problem pb = problem_load(e, kernel->s, in.args);
    EMIT_FOR (e, task, in.first, in.last, 1) {
        AggregateTileArgs tile = tile_of(e, &p, &pb, &in, task.at);
        aggregate_call_tile(e, fn, &tile);
    }
    if (p.nontemporal)
        p_store_nt_end(e);
    e_fn_end(e);
}
