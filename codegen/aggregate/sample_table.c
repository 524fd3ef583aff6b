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
#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/modulation.h"
#include "codegen/math/math.h"

#include <math.h>

enum { CORNERS = 4, ALL_CORNERS = (1 << CORNERS) - 1 };

/* What the vectors of a block share. */
typedef struct AggregateTable {
    const AggregatePlan *plan;
    AggregateTableArgs in;
    Problem pb;
    addr step[2],
        fraction[2]; /* of the points of a block along an axis; fraction: NULL if all are 0 */
    addr group;      /* first channel of the point's group, from the block's first */
    ivec base[2];    /* the taps' centre at the block's first pixel */
} AggregateTable;

/* ---- constants of the points -------------------------------------------------------------------- */

/* A vector may begin at the last point. */
static int constants(const AggregatePlan *p)
{
    return p->block_points + p->lanes;
}

static addr groups_of_points(Emit *e, const AggregatePlan *p)
{
    int n = constants(p), channel[n];
    for (int i = 0; i < n; i++)
        channel[i] = i / p->points % p->block_groups * p->group_channels;
    return p_table_i32(e, channel, n);
}

static double step_of(const AggregatePlan *p, int axis, int point)
{
    int tap[2];
    aggregate_tap(p, point % p->points, &tap[0], &tap[1]);
    double step = aggregate_step(p, axis, tap[axis]);
    return fmax(-BILINEAR_LIMIT, fmin(BILINEAR_LIMIT, step));
}

/* Whole and fractional part of the step of every point. */
static void steps_of_points(Emit *e, AggregateTable *t, int axis)
{
    const AggregatePlan *p = t->plan;
    int n = constants(p), whole[n];
    bool fractional = false;
    double fraction[n];
    for (int i = 0; i < n; i++) {
        double step = step_of(p, axis, i), down = floor(step);
        int pixel = i / p->points / p->block_groups;
        whole[i] = (int)down + (axis ? pixel * p->s->stride[1] : 0);
        fraction[i] = step - down;
        fractional = fractional || fraction[i] != 0;
    }
    t->step[axis] = p_table_i32(e, whole, n);
    t->fraction[axis] = fractional ? p_table(e, fraction, n) : (addr){ NULL };
}

/* ---- a vector of points ------------------------------------------------------------------------- */

/* Lanes' offsets: x in xy[0], y in xy[1]. */
static void load_offsets(Emit *e, const AggregateTable *t, idx point, mask live, fvec xy[2])
{
    addr from = p_at(e, t->in.offsets, x_mulk(e, point, 2));
    idx twice = x_mulk(e, x_sub(e, t->in.points, point), 2);
    fvec a = p_load(e, from, live.v ? m_below(e, twice) : all_lanes);
    addr second = p_at(e, from, x_const(e, e->lanes));
    fvec b = p_load(e, second, live.v ? m_below(e, x_addk(e, twice, -e->lanes)) : all_lanes);
    xy[0] = f_deinterleave(e, a, b, 0);
    xy[1] = f_deinterleave(e, a, b, 1);
}

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

static void prefetch_later(Emit *e, const AggregateTable *t, idx point)
{
    addr offsets = p_at(e, t->in.later_offsets, x_mulk(e, point, 2));
    p_prefetch(e, offsets, 2);
    p_prefetch(e, p_at(e, offsets, x_const(e, e->lanes)), 2);
    if (t->plan->s->modulation != DCN_MODULATION_NONE)
        p_prefetch(e, p_at(e, t->in.later_masks, point), 2);
}

/* The pair of rows (or columns) that the points look at, in the map or not. */
static RowPair pair_at(Emit *e, const AggregateTable *t, int axis, idx point, fvec offset)
{
    double scale = t->plan->s->offset_scale;
    if (t->fraction[axis].v) {
        fvec fraction = p_load(e, p_at(e, t->fraction[axis], point), all_lanes);
        offset = f_fma(e, offset, f_const(e, scale), fraction);
    } else if (scale != 1) {
        offset = f_mul(e, offset, f_const(e, scale));
    }
    RowPair p;
    offset = bilinear_limit(e, offset);
    fvec whole = f_floor(e, offset);
    ivec step = p_load_i32(e, p_at_i32(e, t->step[axis], point));
    p.at = i_add(e, i_add(e, t->base[axis], step), f_to_i(e, whole));
    p.weight[1] = f_sub(e, offset, whole);
    p.weight[0] = f_sub(e, f_const(e, 1), p.weight[1]);
    return p;
}

static void store(Emit *e, const AggregateTable *t, idx point, const RowPair *y, const RowPair *x,
                  fvec m)
{
    const AggregatePlan *p = t->plan;
    ivec pixel = i_add(e, i_mul(e, y->at, i_splat(e, t->pb.w)), x->at);
    ivec at = i_mul(e, pixel, i_const(e, (int)p->s->in_channels));
    if (p->block_groups > 1)
        at = i_add(e, at, p_load_i32(e, p_at_i32(e, t->group, point)));
    p_store_i32(e, p_at_i32(e, aggregate_scratch(e, t->in.scratch, p->scratch.at), point), at);
    fvec row[] = { y->weight[0], y->weight[1] }, coeff[CORNERS];
    for (int i = 0; m.v && i < 2; i++)
        row[i] = f_mul(e, row[i], m);
    for (int i = 0; i < CORNERS; i++)
        coeff[i] = f_mul(e, row[i / 2], x->weight[i % 2]);
    addr to = aggregate_scratch(e, t->in.scratch, p->scratch.coeff);
    p_store_interleaved4(e, p_at(e, to, x_mulk(e, point, CORNERS)), coeff);
}

static void store_absent(Emit *e, const AggregateTable *t, idx point, ivec bits)
{
    addr to = aggregate_scratch(e, t->in.scratch, t->plan->scratch.absent);
    p_store_i32(e, p_at_i32(e, to, point), bits);
}

/* Corners that a moved sample does not have; it has none where it is wholly outside. */
static ivec absent_corners(Emit *e, const MovedPair *y, const MovedPair *x)
{
    ivec bits = i_const(e, 0);
    for (int i = 0; i < CORNERS; i++) {
        mask absent = m_or(e, y->foreign[i / 2], x->foreign[i % 2]);
        bits = i_add(e, bits, i_select(e, absent, i_const(e, 1 << i), i_const(e, 0)));
    }
    return i_select(e, m_and(e, y->touches, x->touches), bits, i_const(e, ALL_CORNERS));
}

static void one_vector(Emit *e, const AggregateTable *t, idx point, mask live)
{
    fvec xy[2];
    load_offsets(e, t, point, live, xy);
    fvec m = modulation(e, t, point, live);
    if (t->plan->prefetch_blocks)
        prefetch_later(e, t, point);
    RowPair y = pair_at(e, t, 0, point, xy[1]), x = pair_at(e, t, 1, point, xy[0]);
    mask inside = m_and(e, i_below(e, y.at, i_splat(e, x_addk(e, t->pb.h, -1))),
                        i_below(e, x.at, i_splat(e, x_addk(e, t->pb.w, -1))));
    EMIT_IF_ELSE (e, border, c_any(e, m_not(e, inside))) {
        if (border.yes) {
            MovedPair my = bilinear_move(e, &y, t->pb.h), mx = bilinear_move(e, &x, t->pb.w);
            store(e, t, point, &my.pair, &mx.pair, m);
            store_absent(e, t, point, absent_corners(e, &my, &mx));
        } else {
            store(e, t, point, &y, &x, m);
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
    t.group = groups_of_points(e, p);
    for (int axis = 0; axis < 2; axis++) {
        steps_of_points(e, &t, axis);
        t.base[axis] = i_splat(e, axis ? t.in.x : t.in.y);
    }
    EMIT_VECTORS (e, v, t.in.points) {
        one_vector(e, &t, v.at, v.live);
    }
    e_fn_end(e);
    return fn;
}

void aggregate_call_table(Emit *e, LLVMValueRef fn, const AggregateTableArgs *in)
{
    e_call_with(e, fn, &params, in);
}
