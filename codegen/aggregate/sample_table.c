/* sample_table.c: where every point of a block looks, lanes along the order (pixel, group, point).
**
**     at[point]          element of the upper left of four pixels, from the block's first group
**     weights[point][c]  of corner c, the mask folded in
**     dead[point]        bit c: corner c is not part of the sample
**
** Positions and weights are those of bilinear.h; most vectors are wholly inside the map, where nothing is moved.  A
** dead corner has weight 0, which would not keep a NaN of the map out: accumulate.c looks at dead[] where one shows.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/modulation.h"
#include "codegen/math/math.h"

#include <math.h>

enum { ARGS, OFFSETS, MASKS, LATER_OFFSETS, LATER_MASKS, OWN, POINTS, Y, X, NARGS };

typedef struct Ctx {
    const AggregatePlan *plan;
    Problem pb;
    addr step[2], fraction[2]; /* of the points of a block; fraction: NULL if all are 0 */
    addr group;                /* element of the point's group, from the block's first */
    ivec base[2];
    addr own;
} Ctx;

/* ---- constants of the points -------------------------------------------------------------------- */

static int table_size(const AggregatePlan *p)
{
    return p->per_block + p->lanes;
}

static addr groups_of_points(Emit *e, const AggregatePlan *p)
{
    int n = table_size(p), at[n];
    for (int i = 0; i < n; i++)
        at[i] = i / p->points % p->parts * p->width;
    return p_table_i32(e, at, n);
}

/* Whole and fractional part of the step of every point; *any: some fraction is not 0. */
static double step_of(const AggregatePlan *p, int axis, int point)
{
    int tap[2];
    aggregate_tap(p, point % p->points, &tap[0], &tap[1]);
    double step = aggregate_step(p, axis, tap[axis]);
    return fmax(-BILINEAR_LIMIT, fmin(BILINEAR_LIMIT, step));
}

static void steps_of_points(Emit *e, Ctx *c, int axis)
{
    const AggregatePlan *p = c->plan;
    int n = table_size(p), whole[n], any = 0;
    double part[n];
    for (int i = 0; i < n; i++) {
        double step = step_of(p, axis, i), down = floor(step);
        int pixel = i / p->points / p->parts;
        whole[i] = (int)down + (axis ? pixel * p->s->stride[1] : 0);
        part[i] = step - down;
        any |= part[i] != 0;
    }
    c->step[axis] = p_table_i32(e, whole, n);
    c->fraction[axis] = any ? p_table(e, part, n) : (addr){ NULL };
}

/* ---- one axis ------------------------------------------------------------------------------------ */

/* Wherever it looks. */
static RowPair anywhere(Emit *e, const Ctx *c, int axis, idx point, fvec off)
{
    double scale = c->plan->s->offset_scale;
    if (c->fraction[axis].v) {
        fvec part = p_load(e, p_at(e, c->fraction[axis], point), all_lanes);
        off = f_fma(e, off, f_const(e, scale), part);
    } else if (scale != 1) {
        off = f_mul(e, off, f_const(e, scale));
    }
    RowPair p;
    off = bilinear_limit(e, off);
    fvec whole = f_floor(e, off);
    ivec step = p_load_i32(e, p_at_i32(e, c->step[axis], point));
    p.at = i_add(e, i_add(e, c->base[axis], step), f_to_i(e, whole));
    p.weight[1] = f_sub(e, off, whole);
    p.weight[0] = f_sub(e, f_const(e, 1), p.weight[1]);
    return p;
}

/* ---- a vector of points ------------------------------------------------------------------------- */

static addr own(Emit *e, const Ctx *c, int64_t at)
{
    return p_at_bytes(e, c->own, x_const(e, at));
}

static void store(Emit *e, const Ctx *c, idx point, const RowPair *y, const RowPair *x, fvec m)
{
    const AggregatePlan *p = c->plan;
    ivec pixel = i_add(e, i_mul(e, y->at, i_splat(e, c->pb.w)), x->at);
    ivec at = i_mul(e, pixel, i_const(e, (int)p->s->in_channels));
    if (p->parts > 1)
        at = i_add(e, at, p_load_i32(e, p_at_i32(e, c->group, point)));
    p_store_i32(e, p_at_i32(e, own(e, c, p->at), point), at);
    fvec row[] = { y->weight[0], y->weight[1] };
    for (int i = 0; m.v && i < 2; i++)
        row[i] = f_mul(e, row[i], m);
    fvec corner[4];
    for (int i = 0; i < 4; i++)
        corner[i] = f_mul(e, row[i / 2], x->weight[i % 2]);
    p_store_interleaved4(e, p_at(e, own(e, c, p->weights), x_mulk(e, point, 4)), corner);
}

static void store_dead(Emit *e, const Ctx *c, idx point, ivec bits)
{
    p_store_i32(e, p_at_i32(e, own(e, c, c->plan->dead), point), bits);
}

/* All corners of a sample that does not touch the map, else those that are no part of it. */
static ivec dead_corners(Emit *e, const MovedPair *y, const MovedPair *x)
{
    ivec bits = i_const(e, 0), all = i_const(e, 15);
    for (int i = 0; i < 4; i++) {
        mask dead = m_or(e, y->foreign[i / 2], x->foreign[i % 2]);
        bits = i_add(e, bits, i_select(e, dead, i_const(e, 1 << i), i_const(e, 0)));
    }
    return i_select(e, m_and(e, y->touches, x->touches), bits, all);
}

/* m of the points; of a softmax, its numerator. */
static fvec modulation(Emit *e, const Ctx *c, idx point, mask live)
{
    const dcn_spec *s = c->plan->s;
    if (s->modulation == DCN_MODULATION_NONE)
        return (fvec){ NULL };
    fvec m = p_load(e, p_at(e, e_arg_addr(e, MASKS), point), live);
    if (c->plan->softmax) {
        m = emit_exp_below_0(e, m);
        p_store(e, p_at(e, own(e, c, c->plan->terms), point), m, all_lanes);
        return m;
    }
    return modulation_of(e, s, m, NULL);
}

/* The lanes' offsets: x in xy[0], y in xy[1]. */
static void load_offsets(Emit *e, idx point, idx left, mask live, fvec xy[2])
{
    addr from = p_at(e, e_arg_addr(e, OFFSETS), x_mulk(e, point, 2));
    mask all = { NULL };
    idx twice = x_mulk(e, left, 2);
    fvec a = p_load(e, from, live.v ? m_below(e, twice) : all);
    addr second = p_at(e, from, x_const(e, e->lanes));
    fvec b = p_load(e, second, live.v ? m_below(e, x_addk(e, twice, -e->lanes)) : all);
    xy[0] = f_deinterleave(e, a, b, 0);
    xy[1] = f_deinterleave(e, a, b, 1);
}

/* Offsets and masks of a later block, so that they are there when its turn comes. */
static void prefetch_later(Emit *e, const Ctx *c, idx point)
{
    addr offsets = p_at(e, e_arg_addr(e, LATER_OFFSETS), x_mulk(e, point, 2));
    p_prefetch(e, offsets, 2);
    p_prefetch(e, p_at(e, offsets, x_const(e, e->lanes)), 2);
    if (c->plan->s->modulation != DCN_MODULATION_NONE)
        p_prefetch(e, p_at(e, e_arg_addr(e, LATER_MASKS), point), 2);
}

static void one_vector(Emit *e, const Ctx *c, idx point, mask live)
{
    fvec xy[2];
    load_offsets(e, point, x_sub(e, e_arg_idx(e, POINTS), point), live, xy);
    fvec m = modulation(e, c, point, live);
    if (c->plan->next)
        prefetch_later(e, c, point);
    RowPair y = anywhere(e, c, 0, point, xy[1]), x = anywhere(e, c, 1, point, xy[0]);
    mask in = m_and(e, i_below(e, y.at, i_splat(e, x_addk(e, c->pb.h, -1))),
                    i_below(e, x.at, i_splat(e, x_addk(e, c->pb.w, -1))));
    EMIT_IF_ELSE (e, edge, c_any(e, m_not(e, in))) {
        if (!edge.yes) {
            store(e, c, point, &y, &x, m);
            store_dead(e, c, point, i_const(e, 0));
            continue;
        }
        MovedPair my = bilinear_move(e, &y, c->pb.h), mx = bilinear_move(e, &x, c->pb.w);
        store(e, c, point, &my.pair, &mx.pair, m);
        store_dead(e, c, point, dead_corners(e, &my, &mx));
    }
}

LLVMValueRef aggregate_emit_places(Emit *e, const AggregatePlan *p)
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->ptr, e->ptr, e->ptr,
                                      e->ptr, e->i64, e->i64, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "places", 1, e->none, NARGS, args);
    Ctx c = { .plan = p, .pb = problem_load(e, p->s, e_arg_addr(e, ARGS)) };
    c.own = e_arg_addr(e, OWN);
    c.group = groups_of_points(e, p);
    for (int axis = 0; axis < 2; axis++) {
        steps_of_points(e, &c, axis);
        c.base[axis] = i_splat(e, e_arg_idx(e, axis ? X : Y));
    }
    EMIT_VECTORS (e, v, e_arg_idx(e, POINTS)) {
        one_vector(e, &c, v.at, v.live);
    }
    e_fn_end(e);
    return fn;
}
