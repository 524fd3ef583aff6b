/* sample_table.c: where every point of a block looks, lanes along the order (pixel, group, point).
**
**     at[point]          element of the upper left of four pixels, from the block's first group
**     weights[point][c]  of corner c, the mask folded in
**     dead[point]        bit c: corner c is not part of the sample
**
** As in sample.c, only the offset is floored, and at the edge the pair of rows is moved into the map and the
** weights move with it.  Most vectors are wholly inside and need none of that.  A corner that is dead has
** weight 0, which would not keep a NaN of the map out: aggregate_sums.c looks at dead[] where one shows.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/math/math.h"

#include <math.h>

enum { ARGS, OFFSETS, MASKS, LATER_OFFSETS, LATER_MASKS, OWN, POINTS, Y, X, NARGS };

/* 2^22: larger than any base or size that a spec may have, and f32 still resolves its halves. */
#define LIMIT 4194304.0

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
    return fmax(-LIMIT, fmin(LIMIT, step));
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

/* Pixels at and at + 1 with the weights lo and hi. */
typedef struct Pair {
    ivec at;
    fvec lo, hi;
    mask dead[2], valid;
} Pair;

/* Wherever it looks; hi is the fraction. */
static Pair anywhere(Emit *e, const Ctx *c, int axis, idx point, fvec off)
{
    double scale = c->plan->s->offset_scale;
    if (c->fraction[axis].v) {
        fvec part = p_load(e, p_at(e, c->fraction[axis], point), all_lanes);
        off = f_fma(e, off, f_const(e, scale), part);
    } else if (scale != 1) {
        off = f_mul(e, off, f_const(e, scale));
    }
    off = f_min(e, f_max(e, off, f_const(e, -LIMIT)), f_const(e, LIMIT));
    fvec whole = f_floor(e, off);
    ivec step = p_load_i32(e, p_at_i32(e, c->step[axis], point));
    Pair p = { .at = i_add(e, i_add(e, c->base[axis], step), f_to_i(e, whole)) };
    p.hi = f_sub(e, off, whole);
    p.lo = f_sub(e, f_const(e, 1), p.hi);
    return p;
}

/* Moved into the map. */
static Pair moved(Emit *e, const Pair *p, idx extent)
{
    fvec zero = f_const(e, 0);
    ivec size = i_splat(e, extent), one = i_const(e, 1);
    ivec b = i_max(e, i_min(e, p->at, i_sub(e, size, i_const(e, 2))), i_const(e, 0));
    mask here = i_equal(e, p->at, b), above = i_equal(e, i_add(e, p->at, one), b);
    mask below = i_equal(e, p->at, i_add(e, b, one)), thick = i_less(e, one, size);
    Pair m = { .at = b };
    m.lo = f_select(e, here, p->lo, f_select(e, above, p->hi, zero));
    m.hi = f_select(e, here, p->hi, f_select(e, below, p->lo, zero));
    m.hi = f_select(e, thick, m.hi, zero);
    m.dead[0] = m_not(e, m_or(e, here, above));
    m.dead[1] = m_not(e, m_and(e, thick, m_or(e, here, below)));
    m.valid = f_less(e, zero, f_add(e, m.lo, m.hi));
    return m;
}

/* ---- a vector of points ------------------------------------------------------------------------- */

static addr own(Emit *e, const Ctx *c, int64_t at)
{
    return p_at_bytes(e, c->own, x_const(e, at));
}

static void store(Emit *e, const Ctx *c, idx point, const Pair *y, const Pair *x, fvec m)
{
    const AggregatePlan *p = c->plan;
    ivec pixel = i_add(e, i_mul(e, y->at, i_splat(e, c->pb.w)), x->at);
    ivec at = i_mul(e, pixel, i_const(e, (int)p->s->in_channels));
    if (p->parts > 1)
        at = i_add(e, at, p_load_i32(e, p_at_i32(e, c->group, point)));
    p_store_i32(e, p_at_i32(e, own(e, c, p->at), point), at);
    fvec row[] = { y->lo, y->hi }, col[] = { x->lo, x->hi };
    for (int i = 0; m.v && i < 2; i++)
        row[i] = f_mul(e, row[i], m);
    fvec corner[4];
    for (int i = 0; i < 4; i++)
        corner[i] = f_mul(e, row[i / 2], col[i % 2]);
    p_store_interleaved4(e, p_at(e, own(e, c, p->weights), x_mulk(e, point, 4)), corner);
}

static void store_dead(Emit *e, const Ctx *c, idx point, const Pair *y, const Pair *x)
{
    ivec bits = i_const(e, 0), all = i_const(e, 15);
    for (int i = 0; x && i < 4; i++) {
        mask dead = m_or(e, y->dead[i / 2], x->dead[i % 2]);
        bits = i_add(e, bits, i_select(e, dead, i_const(e, 1 << i), i_const(e, 0)));
    }
    if (x)
        bits = i_select(e, m_and(e, y->valid, x->valid), bits, all);
    p_store_i32(e, p_at_i32(e, own(e, c, c->plan->dead), point), bits);
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
    if (s->modulation == DCN_MODULATION_SIGMOID)
        m = emit_sigmoid(e, m);
    return s->modulation_scale == 1 ? m : f_mul(e, m, f_const(e, s->modulation_scale));
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
    Pair y = anywhere(e, c, 0, point, xy[1]), x = anywhere(e, c, 1, point, xy[0]);
    mask in = m_and(e, i_below(e, y.at, i_splat(e, x_addk(e, c->pb.h, -1))),
                    i_below(e, x.at, i_splat(e, x_addk(e, c->pb.w, -1))));
    EMIT_IF_ELSE (e, edge, c_any(e, m_not(e, in))) {
        if (!edge.yes) {
            store(e, c, point, &y, &x, m);
            store_dead(e, c, point, NULL, NULL);
            continue;
        }
        Pair my = moved(e, &y, c->pb.h), mx = moved(e, &x, c->pb.w);
        store(e, c, point, &my, &mx, m);
        store_dead(e, c, point, &my, &mx);
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
