/* accumulate.c: for each (pixel, group) in turn, the weighted samples of its points.
**
**     out[c] = scale * sum over points k, corners i of weights[k][i] * input[at[k] + step(i) + c]
**
** Sums stay in registers over all points, those of some (pixel, group)s side by side, so that more loads are under
** way while one waits for L2; each pixel of the map is an operand in memory.  Four weights per point are broadcast
** from memory, or, since loads are what these loops are short of, loaded once, into every quarter of a register, and
** spread from there.
** A corner that is not part of its sample has weight 0, and 0 times a number is 0; a NaN in an output is the
** only sign of anything else there.  Such outputs are made again, once the block is done, without a look at
** dead corners.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/bilinear.h"
#include "codegen/math/math.h"

enum { ARGS, INPUT, OWN, OUTPUT, AHEAD, GROUPS, NARGS };
enum {
    MOST_UNROLLED = 32,
    MOST_VECTORS = 8,
    MOST_SITES = 4,
    MOST_SUMS = 32,
    CORNERS = 4,
    LINE_BYTES = 64
};

/* One (pixel, group). */
typedef struct Site {
    const AggregatePlan *plan;
    Corners from; /* in the map, of its first pixel */
    addr at, dead, weights, terms, to;
    cond aligned; /* the output, for whole vectors */
    var alarm;    /* no number once an output was none */
} Site;

/* ---- what becomes of a sum -------------------------------------------------------------------------- */

/* Of a softmax. */
static fvec scale_of(Emit *e, const Site *s)
{
    const AggregatePlan *p = s->plan;
    fvec sum = f_const(e, 0);
    if (!p->softmax)
        return (fvec){ NULL };
    for (int k = 0; k < p->points; k += e->lanes) {
        int n = p->points - k;
        sum = f_add(
            e, sum,
            p_load(e, p_at(e, s->terms, x_const(e, k)), n < e->lanes ? m_first(e, n) : all_lanes));
    }
    return f_div(e, f_const(e, p->s->modulation_scale), f_hadd(e, sum));
}

/* scale: NULL where there is none. */
static fvec finish(Emit *e, const AggregatePlan *p, fvec x, fvec scale)
{
    if (scale.v)
        x = f_mul(e, x, scale);
    return p->finishes ? emit_activation(e, p->s->activation, x) : x;
}

/* ---- with care ------------------------------------------------------------------------------------ */

/* A point without its dead corners. */
static void careful_point(Emit *e, const Site *s, idx channel, idx k, var sum)
{
    idx at = p_get_i32(e, p_at_i32(e, s->at, k)), dead = p_get_i32(e, p_at_i32(e, s->dead, k));
    addr weights = p_at(e, s->weights, x_mulk(e, k, CORNERS));
    for (int i = 0; i < CORNERS; i++) {
        var x = v_float(e, f_const(e, 0));
        idx bit = x_rem(e, x_div(e, dead, x_const(e, 1 << i)), x_const(e, 2));
        EMIT_IF (e, x_equal(e, bit, x_const(e, 0))) {
            addr from = p_at(e, p_at(e, s->from.at[i], at), channel);
            v_set(e, x, p_load(e, from, all_lanes));
        }
        fvec w = p_splat(e, p_at(e, weights, x_const(e, i)));
        v_set(e, sum, f_fma(e, w, v_get(e, x), v_get(e, sum)));
    }
}

static void repair_vector(Emit *e, const Site *s, idx channel)
{
    addr to = p_at(e, s->to, channel);
    EMIT_IF (e, c_any(e, f_is_nan(e, p_load(e, to, all_lanes)))) {
        var sum = v_float(e, f_const(e, 0));
        EMIT_FOR (e, k, x_const(e, 0), x_const(e, s->plan->points), 1) {
            careful_point(e, s, channel, k.at, sum);
        }
        p_store(e, to, finish(e, s->plan, v_get(e, sum), scale_of(e, s)), all_lanes);
    }
}

static void repair_group(Emit *e, const Site *s)
{
    int rest = s->plan->width % e->lanes, whole = s->plan->width - rest;
    EMIT_FOR (e, c, x_const(e, 0), x_const(e, whole), e->lanes) {
        repair_vector(e, s, c.at);
    }
    if (rest)
        repair_vector(e, s, x_const(e, s->plan->width - e->lanes));
}

/* ---- a few vectors of channels ---------------------------------------------------------------------- */

/* Channels c .. c + n - 1 of the groups of some sites, n >= lanes; the last vector may overlap the one before. */
typedef struct Chunk {
    const Site *site;
    int sites;
    idx c;
    int n, vectors, chains;
    var sum[MOST_SUMS]; /* [site][vector][chain]: independent sums hide the latency of the fma */
} Chunk;

static var sum_of(const Chunk *c, int site, int v, int chain)
{
    return c->sum[(site * c->vectors + v) * c->chains + chain];
}

static idx channel_of(Emit *e, const Chunk *c, int v)
{
    int within = (v + 1) * e->lanes <= c->n ? v * e->lanes : c->n - e->lanes;
    return x_addk(e, c->c, within);
}

/* Element i of every four. */
static fvec spread(Emit *e, fvec fours, int i)
{
    int from[EMIT_MAX_LANES];
    for (int lane = 0; lane < e->lanes; lane++)
        from[lane] = lane / CORNERS * CORNERS + i;
    return f_permute(e, fours, from);
}

static void weights_of(Emit *e, const Site *s, idx k, fvec w[CORNERS])
{
    addr from = p_at(e, s->weights, x_mulk(e, k, CORNERS));
    int spreads = s->plan->permute;
    fvec fours = spreads ? f_opaque(e, p_broadcast(e, from, CORNERS)) : (fvec){ NULL };
    for (int i = 0; i < CORNERS; i++)
        w[i] = i < spreads ? spread(e, fours, i) : p_splat(e, p_at(e, from, x_const(e, i)));
}

static void one_point(Emit *e, Chunk *c, int site, idx k)
{
    const Site *s = &c->site[site];
    idx at = p_get_i32(e, p_at_i32(e, s->at, k));
    fvec weight[CORNERS];
    weights_of(e, s, k, weight);
    for (int i = 0; i < CORNERS; i++) {
        for (int v = 0; v < c->vectors; v++) {
            var sum = sum_of(c, site, v, i % c->chains);
            addr from = p_at(e, p_at(e, s->from.at[i], at), channel_of(e, c, v));
            v_set(e, sum, f_fma(e, weight[i], p_load(e, from, all_lanes), v_get(e, sum)));
        }
    }
}

static void all_points(Emit *e, Chunk *c)
{
    int points = c->site->plan->points, body = points <= MOST_UNROLLED ? points : 1;
    EMIT_FOR (e, k, x_const(e, 0), x_const(e, points), body) {
        for (int i = 0; i < body * c->sites; i++)
            one_point(e, c, i % c->sites, x_addk(e, k.at, i / c->sites));
    }
}

static fvec total(Emit *e, const Chunk *c, int site, int v)
{
    fvec x = v_get(e, sum_of(c, site, v, 0));
    for (int i = 1; i < c->chains; i++)
        x = f_add(e, x, v_get(e, sum_of(c, site, v, i)));
    return x;
}

static void store_sums(Emit *e, const Chunk *c, int site, int past_caches)
{
    const Site *s = &c->site[site];
    fvec scale = scale_of(e, s);
    for (int v = 0; v < c->vectors; v++) {
        idx channel = channel_of(e, c, v);
        fvec x = finish(e, s->plan, total(e, c, site, v), scale);
        addr to = p_at(e, s->to, channel);
        if (past_caches)
            p_store_nt(e, to, x);
        else
            p_store(e, to, x, all_lanes);
        /* NaN from here on if x is, or infinite */
        v_set(e, s->alarm, f_fma(e, x, f_const(e, 0), v_get(e, s->alarm)));
    }
}

static void store_all(Emit *e, const Chunk *c, int past_caches)
{
    for (int i = 0; i < c->sites; i++)
        store_sums(e, c, i, past_caches);
}

/* Of one site so many that an fma need not wait for the last one, of several what registers there are. */
static int chains_of(const Chunk *c)
{
    if (c->sites == 1)
        return c->vectors >= 4 ? 1 : c->vectors > 1 ? 2 : 4;
    int chains = CORNERS;
    while (chains > 1 && c->sites * c->vectors * chains > c->site->plan->sums)
        chains /= 2;
    return chains;
}

static void one_chunk(Emit *e, const Site *s, int sites, idx first, int n)
{
    Chunk c = { .site = s, .sites = sites, .c = first, .n = n };
    c.vectors = (n + e->lanes - 1) / e->lanes;
    c.chains = chains_of(&c);
    for (int i = 0; i < sites * c.vectors * c.chains; i++)
        c.sum[i] = v_float(e, f_const(e, 0));
    all_points(e, &c);
    if (!s->plan->stream) {
        store_all(e, &c, 0);
        return;
    }
    EMIT_IF_ELSE (e, b, s->aligned) {
        store_all(e, &c, b.yes);
    }
}

/* ---- all channels of all (pixel, group)s ------------------------------------------------------------ */

/* Every vector of a chunk has a sum of each site. */
static int most_vectors(const AggregatePlan *p, int sites)
{
    int fit = p->sums / sites;
    return fit < MOST_VECTORS ? fit : MOST_VECTORS;
}

static void all_channels(Emit *e, const Site *s, int sites)
{
    int width = s->plan->width, most = most_vectors(s->plan, sites) * e->lanes;
    int rest = width % most, whole = width - rest;
    if (whole) {
        EMIT_FOR (e, c, x_const(e, 0), x_const(e, whole), most) {
            one_chunk(e, s, sites, c.at, most);
        }
    }
    if (rest >= e->lanes)
        one_chunk(e, s, sites, x_const(e, whole), rest);
    else if (rest)
        one_chunk(e, s, sites, x_const(e, width - e->lanes), e->lanes);
}

/* The part of the row below that belongs to this group: as the outputs lie, `stride` times as long. */
static void prefetch(Emit *e, const AggregatePlan *p, idx group)
{
    int64_t bytes = (int64_t)p->width * p->s->stride[1] * p->fp_bytes;
    addr from = p_at_bytes(e, e_arg_addr(e, AHEAD), x_mulk(e, group, bytes));
    for (int64_t at = 0; at < bytes; at += LINE_BYTES)
        p_prefetch(e, p_at_bytes(e, from, x_const(e, at)), 2);
}

static Site sites(Emit *e, const AggregatePlan *p, const Problem *pb)
{
    Site s = { .plan = p, .to = e_arg_addr(e, OUTPUT) };
    addr own = e_arg_addr(e, OWN);
    s.from = corners_at(e, pb, e_arg_addr(e, INPUT), x_const(e, p->s->in_channels));
    s.at = p_at_bytes(e, own, x_const(e, p->at));
    s.dead = p_at_bytes(e, own, x_const(e, p->dead));
    s.terms = p_at_bytes(e, own, x_const(e, p->terms));
    s.weights = p_at_bytes(e, own, x_const(e, p->weights));
    if (p->stream)
        s.aligned = p_is_aligned(e, s.to, (int64_t)e->lanes * p->fp_bytes);
    return s;
}

/* s, `group` (pixel, group)s later. */
static Site site_at(Emit *e, const Site *first, idx group)
{
    Site s = *first;
    const AggregatePlan *p = s.plan;
    idx point = x_mulk(e, group, p->points), at = x_mulk(e, group, p->width);
    s.at = p_at_i32(e, s.at, point);
    s.dead = p_at_i32(e, s.dead, point);
    s.terms = p_at(e, s.terms, point);
    s.weights = p_at(e, s.weights, x_mulk(e, point, CORNERS));
    if (p->pixels > 1 && p->out_stride != p->parts * p->width) {
        idx pixel = x_div(e, group, x_const(e, p->parts));
        at = x_add(e, at, x_mulk(e, pixel, p->out_stride - p->parts * p->width));
    }
    s.to = p_at(e, s.to, at);
    return s;
}

static LLVMValueRef begin(Emit *e, const AggregatePlan *p, const char *name)
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->ptr, e->ptr, e->ptr, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, name, 1, e->none, NARGS, args);
    e_fn_lanes(e, p->sum_lanes);
    return fn;
}

static LLVMValueRef emit_repair(Emit *e, const AggregatePlan *p)
{
    LLVMValueRef fn = begin(e, p, "repair");
    Problem pb = problem_load(e, p->s, e_arg_addr(e, ARGS));
    Site first = sites(e, p, &pb);
    EMIT_FOR (e, group, x_const(e, 0), e_arg_idx(e, GROUPS), 1) {
        Site s = site_at(e, &first, group.at);
        repair_group(e, &s);
    }
    e_fn_end(e);
    return fn;
}

static void call_repair(Emit *e, LLVMValueRef repair)
{
    LLVMValueRef args[NARGS];
    for (int i = 0; i < NARGS; i++)
        args[i] = LLVMGetParam(e->fn, (unsigned)i);
    e_call_fn(e, repair, NARGS, args);
}

/* (pixel, group)s from .. to, so many at a time. */
static void some_groups(Emit *e, const Site *first, idx from, idx to, int sites)
{
    EMIT_FOR (e, group, from, to, sites) {
        Site s[MOST_SITES];
        for (int i = 0; i < sites; i++) {
            idx nth = x_addk(e, group.at, i);
            s[i] = site_at(e, first, nth);
            if (first->plan->ahead)
                prefetch(e, first->plan, nth);
        }
        all_channels(e, s, sites);
    }
}

static void all_groups(Emit *e, const Site *first)
{
    const AggregatePlan *p = first->plan;
    const int even = p->parts % p->beside == 0;
    idx groups = e_arg_idx(e, GROUPS);
    idx whole = even ? groups : x_mulk(e, x_div(e, groups, x_const(e, p->beside)), p->beside);
    some_groups(e, first, x_const(e, 0), whole, p->beside);
    if (!even)
        some_groups(e, first, whole, groups, 1);
}

LLVMValueRef aggregate_emit_sums(Emit *e, const AggregatePlan *p)
{
    LLVMValueRef repair = emit_repair(e, p), fn = begin(e, p, "sums");
    Problem pb = problem_load(e, p->s, e_arg_addr(e, ARGS));
    Site first = sites(e, p, &pb);
    first.alarm = v_float(e, f_const(e, 0));
    all_groups(e, &first);
    EMIT_IF (e, c_any(e, f_is_nan(e, v_get(e, first.alarm)))) {
        call_repair(e, repair);
    }
    e_fn_end(e);
    return fn;
}
