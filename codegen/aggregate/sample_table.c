/* sample_table.c: where every point of a block looks, lanes along the order (pixel, group, point).
**
**     at[point]        element of the upper left of four pixels, from the block's first group
**     coeff[point][c]  bilinear coefficient of corner c, times the mask
**     absent[point]    bit c: corner c is not part of the sample
**
** The formula is that of bilinear.h. Most vectors of points lie wholly inside the map and need no
** border rule. A corner that is absent has coefficient 0, which would not keep a NaN of the map
** out: recompute.c looks at absent[] where one shows.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/functions.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/modulation.h"
#include "codegen/kernel/points.h"
#include "codegen/math/math.h"

/* What the vectors of a block share. */
typedef struct AggregateTable {
    const AggregatePlan *plan;
    AggregateTableArgs in;
    Problem pb;
    PointTable points;
    addr group; /* of the point, from the block's first: its first channel; compact: its number */
    PointRows rows; /* compact */
} AggregateTable;

/* ---- constants of the points -------------------------------------------------------------------- */

/* A vector may begin at the last point. */
static int constants(const AggregatePlan *p)
{
    return p->block.points + p->lanes;
}

/* ---- a vector of points ------------------------------------------------------------------------- */

/* m of the points; of a softmax, its numerator. */
static fvec modulation(Emit *e, const AggregateTable *t, idx point, mask live)
{
    const AggregatePlan *p = t->plan;
    if (p->s->modulation == DCN_MODULATION_NONE)
        return (fvec){ NULL };
    fvec m = p_load(e, p_at(e, t->in.masks, point), live);
    if (!p->softmax)
        return modulation_of(e, p->s, m, NULL);
    m = emit_exp_below_0(e, m);
    addr terms = aggregate_scratch(e, t->in.scratch, p->scratch.softmax_terms);
    p_store(e, p_at(e, terms, point), m, all_lanes);
    return m;
}

/* A vector of points. */
typedef struct SampleVector {
    idx first;
    mask live;
    fvec m; /* .v == NULL: 1 */
} SampleVector;

static void prefetch_later(Emit *e, const AggregateTable *t, idx point)
{
    addr offsets = p_at(e, t->in.later_offsets, x_mulk(e, point, 2));
    p_prefetch(e, offsets, 2);
    p_prefetch(e, p_at(e, offsets, x_const(e, e->lanes)), 2);
    if (t->plan->s->modulation != DCN_MODULATION_NONE)
        p_prefetch(e, p_at(e, t->in.later_masks, point), 2);
}

/* Elements from pixel (0, 0) of the block's first group. */
static ivec element_of(Emit *e, const AggregateTable *t, idx point, ivec y, ivec x)
{
    const AggregatePlan *p = t->plan;
    ivec group = { NULL }, at;
    if (p->block.groups > 1)
        group = p_load_i32(e, p_at_i32(e, t->group, point));
    if (p->compact) {
        const GroupMaps maps = aggregate_maps(p);
        at = i_mul(e, y, i_splat(e, group_maps_row(e, &maps, t->pb.w)));
        at = i_add(e, at, i_mul(e, x, i_const(e, p->group_channels)));
        if (group.v)
            group = i_mul(e, group, i_splat(e, group_maps_step(e, &maps, &t->pb)));
    } else {
        ivec pixel = i_add(e, i_mul(e, y, i_splat(e, t->pb.w)), x);
        at = i_mul(e, pixel, i_const(e, (int)p->s->in_channels));
    }
    return group.v ? i_add(e, at, group) : at;
}

static void store(Emit *e, const AggregateTable *t, const SampleVector *v, const RowPair *y,
                  const RowPair *x)
{
    const AggregatePlan *p = t->plan;
    const idx point = v->first;
    ivec at = element_of(e, t, point, y->at, x->at);
    if (p->compact)
        points_note_rows(e, &t->rows, y->at, v->live);
    p_store_i32(e, p_at_i32(e, aggregate_scratch(e, t->in.scratch, p->scratch.at), point), at);
    fvec coeff[CORNERS];
    points_coeff(e, y, x, v->m, coeff);
    addr to = aggregate_scratch(e, t->in.scratch, p->scratch.coeff);
    p_store_interleaved4(e, p_at(e, to, x_mulk(e, point, CORNERS)), coeff);
}

static void store_absent(Emit *e, const AggregateTable *t, idx point, ivec bits)
{
    addr to = aggregate_scratch(e, t->in.scratch, t->plan->scratch.absent);
    p_store_i32(e, p_at_i32(e, to, point), bits);
}

static void one_vector(Emit *e, const AggregateTable *t, idx point, mask live)
{
    fvec xy[2];
    points_offsets(e, t->in.offsets, point, t->in.points, live, xy);
    const SampleVector v = { point, live, modulation(e, t, point, live) };
    if (t->plan->prefetch_blocks && !t->plan->gathers)
        prefetch_later(e, t, point);
    RowPair y = points_pair(e, &t->points, 0, point, xy[1]);
    RowPair x = points_pair(e, &t->points, 1, point, xy[0]);
    mask inside = points_inside(e, &t->pb, &y, &x);
    EMIT_IF_ELSE (e, border, c_any(e, m_not(e, inside))) {
        if (border.yes) {
            MovedPair my = bilinear_move(e, &y, t->pb.h), mx = bilinear_move(e, &x, t->pb.w);
            store(e, t, &v, &my.pair, &mx.pair);
            store_absent(e, t, point, points_absent(e, &my, &mx));
        } else {
            store(e, t, &v, &y, &x);
            store_absent(e, t, point, i_const(e, 0));
        }
    }
}

/* ---- the function ------------------------------------------------------------------------------- */

static const Param param[] = {
    PARAM(AggregateTableArgs, args),        PARAM(AggregateTableArgs, offsets),
    PARAM(AggregateTableArgs, masks),       PARAM(AggregateTableArgs, later_offsets),
    PARAM(AggregateTableArgs, later_masks), PARAM(AggregateTableArgs, scratch),
    PARAM(AggregateTableArgs, points),      PARAM(AggregateTableArgs, y),
    PARAM(AggregateTableArgs, x),
};
static const Params params = PARAMS(AggregateTableArgs, param);

LLVMValueRef aggregate_emit_table(Emit *e, const AggregatePlan *p)
{
    AggregateTable t = { .plan = p };
    LLVMValueRef fn = e_fn_begin_with(e, "sample_table", true, e->none, &params, &t.in);
    t.pb = problem_load(e, p->s, t.in.args);
    t.points.s = p->s;
    t.group =
        points_groups(e, p->s, constants(p), p->block.groups, p->compact ? 1 : p->group_channels);
    if (p->compact)
        t.rows = points_rows(e);
    for (int axis = 0; axis < 2; axis++)
        points_constants(e, &t.points, axis, constants(p), p->block.groups, axis ? t.in.x : t.in.y);
    EMIT_VECTORS (e, v, t.in.points) {
        one_vector(e, &t, v.at, v.live);
    }
    if (p->compact)
        points_store_rows(e, &t.rows, aggregate_scratch(e, t.in.scratch, p->scratch.rows), t.pb.h);
    e_fn_end(e);
    return fn;
}

void aggregate_call_table(Emit *e, LLVMValueRef fn, const AggregateTableArgs *in)
{
    e_call_with(e, fn, &params, in);
}
