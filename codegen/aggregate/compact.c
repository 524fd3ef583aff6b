/* compact.c: copies of a task's groups, of rows that its samples reach.
**
** Where channels are many a group's pixels lie pages apart: they share few sets of L1, and blocks that go through
** all groups of a pixel find none of them there again.  A task of one group, or two, reads all that is around a pixel
** many times over, and its copies of that stay in L1.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/functions.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/workspace.h"

enum { WORD_BYTES = 8 };

AggregateCopies aggregate_copies(Emit *e, const AggregatePlan *p, const Problem *pb, addr scratch)
{
    AggregateCopies c = { .bytes = x_const(e, 0) };
    if (!p->compact)
        return c;
    const GroupMaps maps = aggregate_maps(p);
    idx flags = x_round_up(e, x_mulk(e, pb->h, WORD_BYTES), CACHE_LINE);
    idx map = x_mulk(e, group_maps_step(e, &maps, pb), (int64_t)maps.groups * p->fp_bytes);
    if (scratch.v) {
        c.flags = aggregate_scratch(e, scratch, p->scratch.bytes);
        c.map = p_at_bytes(e, c.flags, flags);
    }
    c.bytes = x_add(e, flags, map);
    return c;
}

static const Param param[] = { PARAM(AggregateFillArgs, args), PARAM(AggregateFillArgs, input),
                               PARAM(AggregateFillArgs, scratch) };
static const Params params = PARAMS(AggregateFillArgs, param);

static void fill_row(Emit *e, const AggregatePlan *p, const Problem *pb, const GroupRow *map, idx y)
{
    const GroupMaps maps = aggregate_maps(p);
    GroupRow row = *map;
    row.to = p_at(e, map->to, x_mul(e, y, group_maps_row(e, &maps, pb->w)));
    row.from = p_at(e, map->from, x_mulk(e, x_mul(e, y, pb->w), p->s->in_channels));
    group_maps_each_pixel(e, &maps, group_move, &row, pb->w);
}

LLVMValueRef aggregate_emit_fill(Emit *e, const AggregatePlan *p)
{
    AggregateFillArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "fill", true, e->none, &params, &in);
    const Problem pb = problem_load(e, p->s, in.args);
    const AggregateCopies copies = aggregate_copies(e, p, &pb, in.scratch);
    const GroupMaps maps = aggregate_maps(p);
    const GroupRow map = { .to = copies.map,
                           .from = in.input,
                           .to_step = p->group_channels,
                           .from_step = p->s->in_channels,
                           .to_group = group_maps_step(e, &maps, &pb),
                           .from_group = x_const(e, p->group_channels) };
    addr rows = aggregate_scratch(e, in.scratch, p->scratch.rows);
    idx first = p_get_i64(e, rows), last = p_get_i64(e, p_at_word(e, rows, x_const(e, 1)));
    EMIT_FOR_OPAQUE (e, y, first, last, 1) {
        addr flag = p_at_word(e, copies.flags, y.at);
        EMIT_IF (e, x_equal(e, p_get_i64(e, flag), x_const(e, 0))) {
            p_put_i64(e, flag, x_const(e, 1));
            fill_row(e, p, &pb, &map, y.at);
        }
    }
    e_fn_end(e);
    return fn;
}

void aggregate_call_fill(Emit *e, LLVMValueRef fn, const AggregateFillArgs *in)
{
    e_call_with(e, fn, &params, in);
}
