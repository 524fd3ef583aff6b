/* run.c: the loops around the pieces of the aggregate lowering, and its entry points.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/entry.h"

enum { LINE_BYTES = 64 };

/* Everything the loops over one tile hand on. */
typedef struct Ctx {
    const AggregatePlan *plan;
    const AggregateParts *parts;
    Problem pb;
    addr args, own; /* own: this thread's workspace */
    addr to;        /* of the first pixel of the row */
    idx n, row, q0; /* image, output row, first column */
    idx y, ahead;   /* input row of the taps' centre, and the one to prefetch */
} Ctx;

/* ---- one block ------------------------------------------------------------------------------------ */

static addr map_at(Emit *e, const Ctx *c, idx y, idx x, idx channel)
{
    const idx at[4] = { c->n, channel, y, x };
    idx channels = x_const(e, c->plan->s->in_channels);
    return p_at(e, c->pb.input, problem_at(e, &c->pb, channels, c->pb.h, c->pb.w, at));
}

/* Output pixel (row, q) of an operand with so many elements for each. */
static addr pixel_at(Emit *e, const Ctx *c, addr map, idx q, int64_t each)
{
    const idx at[4] = { c->n, x_const(e, 0), c->row, q };
    return p_at(e, map, problem_at(e, &c->pb, x_const(e, each), c->pb.p, c->pb.q, at));
}

/* Operands of a block of points; packed: masks follow all the offsets, which is right for no more than asking
** for the memory of both. */
typedef struct Inputs {
    addr offsets, masks;
} Inputs;

/* Of group g of output column q, as the caller passed them. */
static Inputs block_inputs(Emit *e, const Ctx *c, idx q, idx g)
{
    const AggregatePlan *p = c->plan;
    int64_t points = (int64_t)p->groups * p->points;
    idx before = x_mulk(e, g, p->points);
    Inputs in;
    if (p->packed) {
        in.offsets = pixel_at(e, c, c->pb.offset_mask, q, p->packed);
        in.offsets = p_at(e, in.offsets, x_mulk(e, before, 3));
        in.masks = p_at(e, in.offsets, x_const(e, 2 * (int64_t)p->per_block));
    } else {
        in.offsets = p_at(e, pixel_at(e, c, c->pb.offset, q, 2 * points), x_mulk(e, before, 2));
        in.masks = p_at(e, pixel_at(e, c, c->pb.mask, q, points), before);
    }
    return in;
}

/* Elements of an operand from a block to the one that is asked for: so many blocks later in its row; in a tile
** narrower than the map, the one below it. */
static idx to_later(Emit *e, const Ctx *c, int64_t each)
{
    const AggregatePlan *p = c->plan;
    if (p->tw)
        return x_mulk(e, c->pb.q, each);
    return x_const(e, p->next * (each * p->pixels * p->parts / p->groups));
}

static Inputs later_inputs(Emit *e, const Ctx *c, const Inputs *now)
{
    const AggregatePlan *p = c->plan;
    int64_t points = (int64_t)p->groups * p->points;
    return (Inputs){ p_at(e, now->offsets, to_later(e, c, p->packed ? p->packed : 2 * points)),
                     p_at(e, now->masks, to_later(e, c, p->packed ? p->packed : points)) };
}

/* The same as the places want them, in the thread's workspace where that is not how they were passed. */
static Inputs own_inputs(Emit *e, const Ctx *c, Inputs in, idx groups)
{
    const AggregatePlan *p = c->plan;
    Inputs own = { p_at_bytes(e, c->own, x_const(e, p->offsets)),
                   p_at_bytes(e, c->own, x_const(e, p->masks)) };
    if (p->packed) {
        e_call_fn(e, c->parts->gather, 3, (LLVMValueRef[]){ in.offsets.v, c->own.v, groups.v });
        in = own;
    }
    if (p->softmax) {
        e_call_fn(e, c->parts->shift, 3, (LLVMValueRef[]){ in.masks.v, c->own.v, groups.v });
        in.masks = own.masks;
    }
    return in;
}

/* `groups` (pixel, group)s from group g of output column q. */
static void one_block(Emit *e, const Ctx *c, idx q, idx g, idx groups)
{
    const AggregatePlan *p = c->plan;
    idx zero = x_const(e, 0), x = x_mulk(e, q, p->s->stride[1]), channel = x_mulk(e, g, p->width);
    idx centre = x_addk(e, x, aggregate_centre(p, 1) - p->s->padding[1]);
    idx at = x_add(e, x_mulk(e, x_sub(e, q, c->q0), p->out_stride), channel);
    Inputs passed = block_inputs(e, c, q, g), later = later_inputs(e, c, &passed);
    Inputs in = own_inputs(e, c, passed, groups);
    e_call_fn(e, c->parts->places, 9,
              (LLVMValueRef[]){ c->args.v, in.offsets.v, in.masks.v, later.offsets.v, later.masks.v,
                                c->own.v, x_mulk(e, groups, p->points).v, c->y.v, centre.v });
    e_call_fn(e, c->parts->sums, 6,
              (LLVMValueRef[]){ c->args.v, map_at(e, c, zero, zero, channel).v, c->own.v,
                                p_at(e, c->to, at).v, map_at(e, c, c->ahead, x, channel).v,
                                groups.v });
}

/* The pixels from .. to of the row that is prefetched, those there are. */
static void prefetch_pixels(Emit *e, const Ctx *c, idx from, idx to)
{
    const AggregatePlan *p = c->plan;
    int64_t pixel = p->s->in_channels * p->fp_bytes;
    addr row = map_at(e, c, c->ahead, x_const(e, 0), x_const(e, 0));
    idx first = x_max(e, from, x_const(e, 0)), last = x_min(e, to, c->pb.w);
    EMIT_FOR (e, at, x_mulk(e, first, pixel), x_mulk(e, last, pixel), LINE_BYTES) {
        p_prefetch(e, p_at_bytes(e, row, at.at), 2);
    }
}

/* What offsets reach on both sides of the columns q0 .. end; the rest is up to the blocks. */
static void prefetch_sides(Emit *e, const Ctx *c, idx end)
{
    const AggregatePlan *p = c->plan;
    idx left = x_mulk(e, c->q0, p->s->stride[1]), right = x_mulk(e, end, p->s->stride[1]);
    prefetch_pixels(e, c, x_addk(e, left, -p->ahead), left);
    prefetch_pixels(e, c, right, x_addk(e, right, p->ahead));
}

static void one_row(Emit *e, const Ctx *c, idx cols)
{
    const AggregatePlan *p = c->plan;
    idx end = x_add(e, c->q0, cols), zero = x_const(e, 0);
    if (p->tw && p->ahead)
        prefetch_sides(e, c, end);
    EMIT_FOR (e, q, c->q0, end, p->pixels) {
        idx pixels = x_min(e, x_const(e, p->pixels), x_sub(e, end, q.at));
        EMIT_FOR (e, g, zero, x_const(e, p->groups), p->parts) {
            one_block(e, c, q.at, g.at, x_mulk(e, pixels, p->parts));
        }
    }
}

/* ---- a tile ----------------------------------------------------------------------------------------- */

static AggregateParts emit_parts(Emit *e, const AggregatePlan *p)
{
    AggregateParts parts = { .places = aggregate_emit_places(e, p),
                             .sums = aggregate_emit_sums(e, p) };
    if (p->packed)
        parts.gather = aggregate_emit_gather(e, p);
    if (p->softmax)
        parts.shift = aggregate_emit_shift(e, p);
    return parts;
}

LLVMValueRef aggregate_emit_tile(Emit *e, const AggregatePlan *p)
{
    enum { ARGS, OWN, TO, ROW_STRIDE, N, P0, Q0, ROWS, COLS, NARGS };
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->ptr, e->i64, e->i64,
                                      e->i64, e->i64, e->i64, e->i64 };
    AggregateParts parts = emit_parts(e, p);
    LLVMValueRef fn = e_fn_begin(e, "aggregate", 1, e->none, NARGS, args);
    Ctx c = { .plan = p, .parts = &parts, .args = e_arg_addr(e, ARGS), .own = e_arg_addr(e, OWN) };
    c.pb = problem_load(e, p->s, c.args);
    c.n = e_arg_idx(e, N);
    c.q0 = e_arg_idx(e, Q0);
    EMIT_FOR (e, row, x_const(e, 0), e_arg_idx(e, ROWS), 1) {
        c.row = x_add(e, e_arg_idx(e, P0), row.at);
        c.to = p_at(e, e_arg_addr(e, TO), x_mul(e, row.at, e_arg_idx(e, ROW_STRIDE)));
        idx y = x_mulk(e, c.row, p->s->stride[0]);
        c.y = x_addk(e, y, aggregate_centre(p, 0) - p->s->padding[0]);
        c.ahead = x_min(e, x_addk(e, y, p->ahead), x_addk(e, c.pb.h, -1));
        one_row(e, &c, e_arg_idx(e, COLS));
    }
    e_fn_end(e);
    return fn;
}

/* ---- entry points ------------------------------------------------------------------------------------ */

static idx tiles_along(Emit *e, idx size, int tile)
{
    return tile ? x_div(e, x_addk(e, size, tile - 1), x_const(e, tile)) : x_const(e, 1);
}

static idx count(Emit *e, const Problem *pb, int phase, const void *self)
{
    const AggregatePlan *p = self;
    (void)phase;
    idx tiles = x_mul(e, tiles_along(e, pb->p, p->th), tiles_along(e, pb->q, p->tw));
    return x_mul(e, pb->n, tiles);
}

static idx tile_size(Emit *e, idx size, idx first, int tile)
{
    return tile ? x_min(e, x_const(e, tile), x_sub(e, size, first)) : size;
}

static void run_task(Emit *e, const AggregatePlan *p, const Problem *pb, LLVMValueRef tile,
                     const RunArgs *in, idx task)
{
    idx at[3], stride = x_mulk(e, pb->q, p->s->in_channels);
    /* down a strip of tiles, so that the rows above are still in the caches */
    kernel_split_task(e, task, tiles_along(e, pb->q, p->tw), tiles_along(e, pb->p, p->th), at);
    idx p0 = x_mulk(e, at[2], p->th), q0 = x_mulk(e, at[1], p->tw);
    const idx pixel[4] = { at[0], x_const(e, 0), p0, q0 };
    idx to = problem_at(e, pb, x_const(e, p->s->in_channels), pb->p, pb->q, pixel);
    idx skip = x_mulk(e, in->thread, p->thread_bytes);
    addr own = p_at_bytes(e, in->workspace, skip);
    e_call_fn(e, tile, 9,
              (LLVMValueRef[]){ in->args.v, own.v, p_at(e, pb->output, to).v, stride.v, at[0].v,
                                p0.v, q0.v, tile_size(e, pb->p, p0, p->th).v,
                                tile_size(e, pb->q, q0, p->tw).v });
}

void aggregate_emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    AggregatePlan p = aggregate_plan(kernel->s, t, k);
    kernel_no_weights(e, kernel);
    kernel_workspace(e, kernel, NULL, p.thread_bytes, &p);
    kernel_tasks(e, kernel, 1, count, &p);
    LLVMValueRef tile = aggregate_emit_tile(e, &p);
    RunArgs in = kernel_run_begin(e, kernel);
    Problem pb = problem_load(e, kernel->s, in.args);
    EMIT_FOR (e, task, in.first, in.last, 1) {
        run_task(e, &p, &pb, tile, &in, task.at);
    }
    if (p.stream)
        p_store_nt_end(e);
    e_fn_end(e);
}
