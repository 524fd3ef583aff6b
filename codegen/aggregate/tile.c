/* tile.c: the loops over a tile of output pixels, which call the pieces of the aggregate lowering.
**
**     for each row of the tile, for each block of (pixel, group)s in it:
**         gather, shift                offsets and masks, where they are not used as passed
**         sample table, fill, accumulate
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/functions.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/points.h"
#include "codegen/kernel/workspace.h"

/* The internal functions of a kernel. */
typedef struct AggregateFns {
    LLVMValueRef gather, shift, fill; /* NULL: not needed */
    LLVMValueRef table, accumulate;
} AggregateFns;

/* The row of a tile in hand. */
typedef struct AggregateRow {
    const AggregatePlan *plan;
    const AggregateFns *fns;
    Problem pb;
    AggregateTileArgs in;
    AggregateCopies copies;
    addr to;      /* sums of the row's first pixel */
    idx row;      /* of the output */
    idx y, ahead; /* input row of the taps' centre, and the one to prefetch */
} AggregateRow;

/* ---- one block ------------------------------------------------------------------------------------ */

static addr map_at(Emit *e, const AggregateRow *r, idx y, idx x, idx channel)
{
    const idx at[4] = { r->in.n, channel, y, x };
    idx channels = x_const(e, r->plan->s->in_channels);
    return p_at(e, r->pb.input, problem_at(e, &r->pb, channels, r->pb.h, r->pb.w, at));
}

/* Output pixel (row, q) of an operand with `stride` elements for each. */
static addr pixel_at(Emit *e, const AggregateRow *r, addr map, idx q, int64_t stride)
{
    const idx at[4] = { r->in.n, x_const(e, 0), r->row, q };
    return p_at(e, map, problem_at(e, &r->pb, x_const(e, stride), r->pb.p, r->pb.q, at));
}

/* Offsets and masks from group g of output column q on, as the caller passed them. In a packed row, masks follow the
** offsets of each group, not of all: as an address masks are then good for prefetching only. */
static PointInputs passed_inputs(Emit *e, const AggregateRow *r, idx q, idx g)
{
    const AggregatePlan *p = r->plan;
    int64_t points = (int64_t)p->groups * p->points;
    idx before = x_mulk(e, g, p->points);
    PointInputs in;
    if (p->offset_mask_stride) {
        in.offsets = pixel_at(e, r, r->pb.offset_mask, q, p->offset_mask_stride);
        in.offsets = p_at(e, in.offsets, x_mulk(e, before, 3));
        in.masks = p_at(e, in.offsets, x_const(e, 2 * (int64_t)p->block.points));
    } else {
        in.offsets = p_at(e, pixel_at(e, r, r->pb.offset, q, 2 * points), x_mulk(e, before, 2));
        in.masks = p_at(e, pixel_at(e, r, r->pb.mask, q, points), before);
    }
    return in;
}

/* Elements of an operand, `stride` for each pixel, from a block to the one that is prefetched: some
** blocks later in its row, which are pixels later where a task has few groups; in a tile narrower
** than the map, the one below. */
static idx to_later(Emit *e, const AggregateRow *r, int64_t stride)
{
    const AggregatePlan *p = r->plan;
    if (p->tile_w)
        return x_mulk(e, r->pb.q, stride);
    if (p->splits_groups)
        return x_const(e,
                       int_ceil_div((int64_t)p->prefetch_blocks * p->block.pixels * p->block.groups,
                                    p->task_groups) *
                           stride);
    int64_t block = stride * p->block.pixels * p->block.groups / p->groups;
    return x_const(e, p->prefetch_blocks * block);
}

static PointInputs later_inputs(Emit *e, const AggregateRow *r, const PointInputs *now)
{
    const AggregatePlan *p = r->plan;
    int64_t points = (int64_t)p->groups * p->points, packed = p->offset_mask_stride;
    return (PointInputs){ p_at(e, now->offsets, to_later(e, r, packed ? packed : 2 * points)),
                          p_at(e, now->masks, to_later(e, r, packed ? packed : points)) };
}

/* What is passed, as the sample table wants it: in the thread's workspace, unless it is used as it
** is. */
static PointInputs prepared_inputs(Emit *e, const AggregateRow *r, PointInputs in,
                                   const PointInputs *later, idx pixels)
{
    const AggregatePlan *p = r->plan;
    addr scratch = r->in.scratch;
    PointInputs own = { aggregate_scratch(e, scratch, p->scratch.offsets),
                        aggregate_scratch(e, scratch, p->scratch.masks) };
    if (r->fns->gather) {
        const AggregateGatherArgs gather = { in.offsets,   in.masks, later->offsets,
                                             later->masks, scratch,  pixels };
        aggregate_call_gather(e, r->fns->gather, &gather);
        in = own;
    }
    if (p->softmax) {
        const AggregateShiftArgs shift = { in.masks, scratch, x_mulk(e, pixels, p->block.groups) };
        aggregate_call_shift(e, r->fns->shift, &shift);
        in.masks = own.masks;
    }
    return in;
}

static idx first_group(Emit *e, const AggregateRow *r)
{
    return r->plan->splits_groups ? r->in.group : x_const(e, 0);
}

/* Where a block's samples are, of its first group g: rows that they reach are there. */
static addr samples_at(Emit *e, const AggregateRow *r, idx g)
{
    const AggregatePlan *p = r->plan;
    idx zero = x_const(e, 0), first = first_group(e, r);
    if (!p->compact)
        return map_at(e, r, zero, zero, x_mulk(e, g, p->group_channels));
    const GroupMaps maps = aggregate_maps(p);
    addr input = map_at(e, r, zero, zero, x_mulk(e, first, p->group_channels));
    aggregate_call_fill(e, r->fns->fill, &(AggregateFillArgs){ r->in.args, input, r->in.scratch });
    idx before = x_mul(e, x_sub(e, g, first), group_maps_step(e, &maps, &r->pb));
    return p_at(e, r->copies.map, before);
}

/* A block of so many pixels, from group g of output column q on. */
static void one_block(Emit *e, const AggregateRow *r, idx q, idx g, idx pixels)
{
    const AggregatePlan *p = r->plan;
    idx x = x_mulk(e, q, p->s->stride[1]), groups = x_mulk(e, pixels, p->block.groups);
    idx channel = x_mulk(e, g, p->group_channels);
    AggregateTableArgs table = { .args = r->in.args, .scratch = r->in.scratch, .y = r->y };
    table.x = x_addk(e, x, points_centre(p->s, 1) - p->s->padding[1]);
    idx at = x_add(e, x_mulk(e, x_sub(e, q, r->in.q0), p->out_stride), channel);
    PointInputs passed = passed_inputs(e, r, q, g), later = later_inputs(e, r, &passed);
    PointInputs in = prepared_inputs(e, r, passed, &later, pixels);
    table.offsets = in.offsets;
    table.masks = in.masks;
    table.later_offsets = later.offsets;
    table.later_masks = later.masks;
    table.points = x_mulk(e, groups, p->points);
    aggregate_call_table(e, r->fns->table, &table);
    AggregateSumArgs sum = { .args = r->in.args, .scratch = r->in.scratch, .groups = groups };
    sum.input = samples_at(e, r, g);
    sum.to = p_at(e, r->to, at);
    sum.ahead = map_at(e, r, r->ahead, x, channel);
    aggregate_call_sums(e, r->fns->accumulate, &sum);
}

/* ---- one row -------------------------------------------------------------------------------------- */

/* Prefetches pixels from .. to of the row ahead, as far as there are such. */
static void prefetch_pixels(Emit *e, const AggregateRow *r, idx from, idx to)
{
    const AggregatePlan *p = r->plan;
    int64_t pixel = p->s->in_channels * p->fp_bytes;
    addr row = map_at(e, r, r->ahead, x_const(e, 0), x_const(e, 0));
    idx first = x_max(e, from, x_const(e, 0)), last = x_min(e, to, r->pb.w);
    EMIT_FOR (e, at, x_mulk(e, first, pixel), x_mulk(e, last, pixel), CACHE_LINE) {
        p_prefetch(e, p_at_bytes(e, row, at.at), 2);
    }
}

/* What offsets reach on both sides of the columns q0 .. end; blocks prefetch what is between.  Whole
** pixels are fetched, so a task of some groups has no use for it. */
static void prefetch_sides(Emit *e, const AggregateRow *r, idx end)
{
    const AggregatePlan *p = r->plan;
    idx left = x_mulk(e, r->in.q0, p->s->stride[1]), right = x_mulk(e, end, p->s->stride[1]);
    prefetch_pixels(e, r, x_addk(e, left, -p->prefetch_rows), left);
    prefetch_pixels(e, r, right, x_addk(e, right, p->prefetch_rows));
}

static void one_row(Emit *e, const AggregateRow *r)
{
    const AggregatePlan *p = r->plan;
    idx end = x_add(e, r->in.q0, r->in.cols);
    if (p->tile_w && p->prefetch_rows && !p->splits_groups)
        prefetch_sides(e, r, end);
    EMIT_FOR (e, q, r->in.q0, end, p->block.pixels) {
        idx pixels = x_min(e, x_const(e, p->block.pixels), x_sub(e, end, q.at));
        EMIT_FOR (e, g, x_const(e, 0), x_const(e, p->task_groups), p->block.groups) {
            one_block(e, r, q.at, x_add(e, first_group(e, r), g.at), pixels);
        }
    }
}

/* ---- the function --------------------------------------------------------------------------------- */

static AggregateFns emit_functions(Emit *e, const AggregatePlan *p)
{
    AggregateFns f = { .table = aggregate_emit_table(e, p) };
    f.accumulate = aggregate_emit_accumulate(e, p);
    if (aggregate_gathers(p))
        f.gather = aggregate_emit_gather(e, p);
    if (p->softmax)
        f.shift = aggregate_emit_shift(e, p);
    if (p->compact)
        f.fill = aggregate_emit_fill(e, p);
    return f;
}

static const Param param[] = {
    PARAM(AggregateTileArgs, args), PARAM(AggregateTileArgs, scratch),
    PARAM(AggregateTileArgs, to),   PARAM(AggregateTileArgs, row_stride),
    PARAM(AggregateTileArgs, n),    PARAM(AggregateTileArgs, p0),
    PARAM(AggregateTileArgs, q0),   PARAM(AggregateTileArgs, rows),
    PARAM(AggregateTileArgs, cols), PARAM(AggregateTileArgs, group),
};
static const Params params = PARAMS(AggregateTileArgs, param);

/* Without the last one where tasks have all groups. */
static Params params_of(bool splits_groups)
{
    return (Params){ param, splits_groups ? params.n : params.n - 1 };
}

/* No row is there. */
static void clear_flags(Emit *e, const AggregateRow *r)
{
    EMIT_FOR (e, y, x_const(e, 0), r->pb.h, 1) {
        p_put_i64(e, p_at_word(e, r->copies.flags, y.at), x_const(e, 0));
    }
}

LLVMValueRef aggregate_emit_tile(Emit *e, const AggregatePlan *p)
{
    AggregateFns fns = emit_functions(e, p);
    AggregateRow r = { .plan = p, .fns = &fns };
    const Params taken = params_of(p->splits_groups);
    LLVMValueRef fn = e_fn_begin_with(e, "aggregate", true, e->none, &taken, &r.in);
    r.pb = problem_load(e, p->s, r.in.args);
    r.copies = aggregate_copies(e, p, &r.pb, r.in.scratch);
    if (p->compact)
        clear_flags(e, &r);
    EMIT_FOR (e, row, x_const(e, 0), r.in.rows, 1) {
        r.row = x_add(e, r.in.p0, row.at);
        r.to = p_at(e, r.in.to, x_mul(e, row.at, r.in.row_stride));
        idx y = x_mulk(e, r.row, p->s->stride[0]);
        r.y = x_addk(e, y, points_centre(p->s, 0) - p->s->padding[0]);
        r.ahead = x_min(e, x_addk(e, y, p->prefetch_rows), x_addk(e, r.pb.h, -1));
        one_row(e, &r);
    }
    e_fn_end(e);
    return fn;
}

void aggregate_call_tile(Emit *e, LLVMValueRef fn, const AggregateTileArgs *in)
{
    const Params given = params_of(in->group.v);
    e_call_with(e, fn, &given, in);
}
