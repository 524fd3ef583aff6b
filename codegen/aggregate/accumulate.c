/* accumulate.c: for each (pixel, group) in turn, the weighted samples of its points.
**
**     out[c] = scale * sum over points k, corners i of coeff[k][i] * input[at[k] + step(i) + c]
**
** Sums stay in registers over all points, those of some (pixel, group)s interleaved
** (unroll-and-jam), so that more loads are under way while one waits for L2; each pixel of the map
** is an operand in memory. Four coefficients per point are broadcast from memory, or, since loads
** are what these loops are short of, loaded once into every quarter of a register and shuffled out
** of there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/group.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"

#include <assert.h>

enum { MAX_UNROLLED = 32, MAX_JAM = 4, MAX_ACC = 32 };

/* What is accumulated at the same time: channels c .. c + n - 1, n >= lanes, of `jam` (pixel,
** group)s. The last vector may overlap the one before. */
typedef struct AccTile {
    const GroupCtx *group;
    int jam;
    idx c;
    int n, vectors, chains;
    /* [group][vector][chain]: independent chains hide the latency of multiply-adds. */
    var acc[MAX_ACC];
} AccTile;

static var acc_of(const AccTile *t, int group, int v, int chain)
{
    return t->acc[(group * t->vectors + v) * t->chains + chain];
}

static idx channel_of(Emit *e, const AccTile *t, int v)
{
    int within = (v + 1) * e->lanes <= t->n ? v * e->lanes : t->n - e->lanes;
    return x_addk(e, t->c, within);
}

/* ---- points ----------------------------------------------------------------------------------------- */

static void coeff_of(Emit *e, const GroupCtx *g, idx k, fvec coeff[CORNERS])
{
    addr from = p_at(e, g->coeff, x_mulk(e, k, CORNERS));
    int shuffles = g->plan->coeff_shuffles;
    fvec fours = shuffles ? f_opaque(e, p_broadcast(e, from, CORNERS)) : (fvec){ NULL };
    for (int i = 0; i < CORNERS; i++)
        coeff[i] =
            i < shuffles ? bilinear_corner(e, fours, i) : p_splat(e, p_at(e, from, x_const(e, i)));
}

static void one_point(Emit *e, const AccTile *t, int group, idx k)
{
    const GroupCtx *g = &t->group[group];
    idx at = p_get_i32(e, p_at_i32(e, g->at, k));
    fvec coeff[CORNERS];
    coeff_of(e, g, k, coeff);
    for (int i = 0; i < CORNERS; i++) {
        for (int v = 0; v < t->vectors; v++) {
            var acc = acc_of(t, group, v, i % t->chains);
            addr from = p_at(e, p_at(e, g->from.at[i], at), channel_of(e, t, v));
            v_set(e, acc, f_fma(e, coeff[i], p_load(e, from, all_lanes), v_get(e, acc)));
        }
    }
}

/* The groups take turns, so that their loads do not wait for each other. */
static void all_points(Emit *e, const AccTile *t)
{
    int points = t->group->plan->points, body = points <= MAX_UNROLLED ? points : 1;
    EMIT_FOR (e, k, x_const(e, 0), x_const(e, points), body) {
        for (int i = 0; i < body * t->jam; i++)
            one_point(e, t, i % t->jam, x_addk(e, k.at, i / t->jam));
    }
}

/* ---- outputs ---------------------------------------------------------------------------------------- */

static fvec total(Emit *e, const AccTile *t, int group, int v)
{
    fvec x = v_get(e, acc_of(t, group, v, 0));
    for (int i = 1; i < t->chains; i++)
        x = f_add(e, x, v_get(e, acc_of(t, group, v, i)));
    return x;
}

static void store_group(Emit *e, const AccTile *t, int group, bool nontemporal)
{
    const GroupCtx *g = &t->group[group];
    fvec scale = aggregate_scale(e, g);
    for (int v = 0; v < t->vectors; v++) {
        idx channel = channel_of(e, t, v);
        fvec x = aggregate_output(e, g->plan, total(e, t, group, v), scale);
        addr to = p_at(e, g->to, channel);
        if (nontemporal)
            p_store_nt(e, to, x);
        else
            p_store(e, to, x, all_lanes);
        /* NaN from here on if x is NaN or infinite */
        v_set(e, g->nan_seen, f_fma(e, x, f_const(e, 0), v_get(e, g->nan_seen)));
    }
}

static void store(Emit *e, const AccTile *t, bool nontemporal)
{
    for (int i = 0; i < t->jam; i++)
        store_group(e, t, i, nontemporal);
}

/* ---- a tile of accumulators ------------------------------------------------------------------------- */

/* One group: enough independent chains to hide the latency of multiply-adds. Several groups are
** independent already: what registers there are. */
static int acc_chains(const AccTile *t)
{
    if (t->jam == 1)
        return t->vectors >= 4 ? 1 : t->vectors > 1 ? 2 : 4;
    int chains = CORNERS;
    while (chains > 1 && t->jam * t->vectors * chains > t->group->plan->max_acc)
        chains /= 2;
    return chains;
}

static void accumulate(Emit *e, const GroupCtx *group, int jam, idx first, int n)
{
    AccTile t = { .group = group, .jam = jam, .c = first, .n = n };
    t.vectors = (int)int_ceil_div(n, e->lanes);
    t.chains = acc_chains(&t);
    assert(jam * t.vectors * t.chains <= MAX_ACC);
    for (int i = 0; i < jam * t.vectors * t.chains; i++)
        t.acc[i] = v_float(e, f_const(e, 0));
    all_points(e, &t);
    if (!group->plan->nontemporal) {
        store(e, &t, false);
        return;
    }
    EMIT_IF_ELSE (e, b, group->aligned) {
        store(e, &t, b.yes);
    }
}

/* Every vector of a tile has an accumulator for each group. */
static int max_vectors(const AggregatePlan *p, int jam)
{
    int fit = p->max_acc / jam;
    return fit < AGG_MAX_VECTORS ? fit : AGG_MAX_VECTORS;
}

static void all_channels(Emit *e, const GroupCtx *group, int jam)
{
    int channels = group->plan->group_channels, most = max_vectors(group->plan, jam) * e->lanes;
    int rest = channels % most, whole = channels - rest;
    if (whole) {
        EMIT_FOR (e, c, x_const(e, 0), x_const(e, whole), most) {
            accumulate(e, group, jam, c.at, most);
        }
    }
    if (rest >= e->lanes)
        accumulate(e, group, jam, x_const(e, whole), rest);
    else if (rest)
        accumulate(e, group, jam, x_const(e, channels - e->lanes), e->lanes);
}

/* ---- the function ----------------------------------------------------------------------------------- */

/* The part of the row ahead that belongs to a (pixel, group): as the outputs lie, `stride` times as
** long. */
static void prefetch(Emit *e, const AggregatePlan *p, addr ahead, idx nth)
{
    int64_t bytes = (int64_t)p->group_channels * p->s->stride[1] * p->fp_bytes;
    idx channel = aggregate_channel_of(e, p, nth, p->s->in_channels);
    addr from = p_at(e, ahead, x_mulk(e, channel, p->s->stride[1]));
    for (int64_t at = 0; at < bytes; at += CACHE_LINE)
        p_prefetch(e, p_at_bytes(e, from, x_const(e, at)), 2);
}

/* (pixel, group)s from .. to, `jam` at a time. */
static void some_groups(Emit *e, const GroupCtx *first, addr ahead, const idx range[2], int jam)
{
    assert(jam <= MAX_JAM);
    EMIT_FOR (e, group, range[0], range[1], jam) {
        GroupCtx g[MAX_JAM];
        for (int i = 0; i < jam; i++) {
            idx nth = x_addk(e, group.at, i);
            g[i] = aggregate_group_at(e, first, nth);
            if (first->plan->prefetch_rows)
                prefetch(e, first->plan, ahead, nth);
        }
        all_channels(e, g, jam);
    }
}

static void all_groups(Emit *e, const GroupCtx *first, const AggregateSumArgs *in)
{
    int jam = first->plan->jam;
    idx zero = x_const(e, 0);
    if (first->plan->block.groups % jam == 0) {
        some_groups(e, first, in->ahead, (const idx[]){ zero, in->groups }, jam);
        return;
    }
    idx whole = x_mulk(e, x_div(e, in->groups, x_const(e, jam)), jam);
    some_groups(e, first, in->ahead, (const idx[]){ zero, whole }, jam);
    some_groups(e, first, in->ahead, (const idx[]){ whole, in->groups }, 1);
}

LLVMValueRef aggregate_emit_accumulate(Emit *e, const AggregatePlan *p)
{
    AggregateSumArgs in;
    LLVMValueRef recompute = aggregate_emit_recompute(e, p);
    LLVMValueRef fn = aggregate_begin_sums(e, p, "accumulate", &in);
    GroupCtx first = aggregate_first_group(e, p, &in);
    first.nan_seen = v_float(e, f_const(e, 0));
    all_groups(e, &first, &in);
    EMIT_IF (e, c_any(e, f_is_nan(e, v_get(e, first.nan_seen)))) {
        aggregate_call_sums(e, recompute, &in);
    }
    e_fn_end(e);
    return fn;
}
