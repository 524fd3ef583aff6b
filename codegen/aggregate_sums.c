/* aggregate_sums.c: for each (pixel, group) in turn, the weighted samples of its points.
**
**     out[c] = scale * sum over points k, corners i of weights[k][i] * input[at[k] + step(i) + c]
**
** Sums stay in registers over all points; each pixel of the map is an operand in memory.  Four weights per
** point are broadcast from memory, or, since loads are what these loops are short of, loaded once, into every
** quarter of a register, and spread from there.
** A corner that is not part of its sample has weight 0, and 0 times a number is 0; a NaN in an output is the
** only sign of anything else there.  Such outputs are made again, once the block is done, without a look at
** dead corners.
** SPDX-License-Identifier: Apache-2.0
*/
#include "aggregate.h"
#include "math.h"
#include "sample.h"

enum { ARGS, INPUT, OWN, OUTPUT, AHEAD, GROUPS, NARGS };
enum { MOST_UNROLLED = 32, MOST_VECTORS = 8, CORNERS = 4, LINE_BYTES = 64 };

static const mask all_lanes = { NULL };

/* One (pixel, group). */
typedef struct Site {
    const AggregatePlan *plan;
    addr from[4]; /* the map, one step further for each corner */
    addr at, dead, weights, terms, to;
    fvec scale;   /* of a softmax */
    cond aligned; /* the output, for whole vectors */
    var alarm;    /* no number once an output was none */
} Site;

/* ---- what becomes of a sum -------------------------------------------------------------------------- */

static fvec scale_of_terms(Emit *e, const AggregatePlan *p, addr terms)
{
    fvec sum = f_const(e, 0);
    for (int k = 0; k < p->points; k += e->lanes) {
        int n = p->points - k;
        sum = f_add(
            e, sum,
            p_load(e, p_at(e, terms, x_const(e, k)), n < e->lanes ? m_first(e, n) : all_lanes));
    }
    return f_div(e, f_const(e, p->s->modulation_scale), f_sum(e, sum));
}

static fvec finish(Emit *e, const Site *s, fvec x)
{
    const AggregatePlan *p = s->plan;
    if (p->softmax)
        x = f_mul(e, x, s->scale);
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
            addr from = p_at(e, p_at(e, s->from[i], at), channel);
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
        p_store(e, to, finish(e, s, v_get(e, sum)), all_lanes);
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

/* Channels c .. c + n - 1 of the group, n >= lanes; the last vector may overlap the one before. */
typedef struct Chunk {
    idx c;
    int n, vectors, chains;
    var sum[MOST_VECTORS * 4]; /* [vector][chain]: independent sums hide the latency of the fma */
} Chunk;

static idx channel_of(Emit *e, const Chunk *c, int v)
{
    int within = (v + 1) * e->lanes <= c->n ? v * e->lanes : c->n - e->lanes;
    return x_addk(e, c->c, within);
}

/* Element i of every four. */
static fvec spread(Emit *e, fvec fours, int i)
{
    int from[64];
    for (int lane = 0; lane < e->lanes; lane++)
        from[lane] = lane / CORNERS * CORNERS + i;
    return f_permute(e, fours, from);
}

static void weights_of(Emit *e, const Site *s, idx k, fvec w[CORNERS])
{
    addr from = p_at(e, s->weights, x_mulk(e, k, CORNERS));
    int spreads = s->plan->permute;
    fvec fours = spreads ? f_held(e, p_repeat(e, from, CORNERS)) : (fvec){ NULL };
    for (int i = 0; i < CORNERS; i++)
        w[i] = i < spreads ? spread(e, fours, i) : p_splat(e, p_at(e, from, x_const(e, i)));
}

static void one_point(Emit *e, const Site *s, Chunk *c, idx k)
{
    idx at = p_get_i32(e, p_at_i32(e, s->at, k));
    fvec weight[CORNERS];
    weights_of(e, s, k, weight);
    for (int i = 0; i < CORNERS; i++) {
        for (int v = 0; v < c->vectors; v++) {
            var sum = c->sum[v * c->chains + i % c->chains];
            addr from = p_at(e, p_at(e, s->from[i], at), channel_of(e, c, v));
            v_set(e, sum, f_fma(e, weight[i], p_load(e, from, all_lanes), v_get(e, sum)));
        }
    }
}

static void all_points(Emit *e, const Site *s, Chunk *c)
{
    int points = s->plan->points, body = points <= MOST_UNROLLED ? points : 1;
    EMIT_FOR (e, k, x_const(e, 0), x_const(e, points), body) {
        for (int nth = 0; nth < body; nth++)
            one_point(e, s, c, x_addk(e, k.at, nth));
    }
}

static fvec total(Emit *e, const Chunk *c, int v)
{
    fvec x = v_get(e, c->sum[v * c->chains]);
    for (int i = 1; i < c->chains; i++)
        x = f_add(e, x, v_get(e, c->sum[v * c->chains + i]));
    return x;
}

static void store_sums(Emit *e, const Site *s, const Chunk *c, int past_caches)
{
    for (int v = 0; v < c->vectors; v++) {
        idx channel = channel_of(e, c, v);
        fvec x = finish(e, s, total(e, c, v));
        addr to = p_at(e, s->to, channel);
        if (past_caches)
            p_stream(e, to, x);
        else
            p_store(e, to, x, all_lanes);
        /* NaN from here on if x is, or infinite */
        v_set(e, s->alarm, f_fma(e, x, f_const(e, 0), v_get(e, s->alarm)));
    }
}

static void one_chunk(Emit *e, const Site *s, idx first, int n)
{
    Chunk c = { .c = first, .n = n, .vectors = (n + e->lanes - 1) / e->lanes };
    c.chains = c.vectors >= 4 ? 1 : c.vectors > 1 ? 2 : 4;
    for (int i = 0; i < c.vectors * c.chains; i++)
        c.sum[i] = v_float(e, f_const(e, 0));
    all_points(e, s, &c);
    if (!s->plan->stream) {
        store_sums(e, s, &c, 0);
        return;
    }
    EMIT_EITHER(e, b, s->aligned)
    {
        store_sums(e, s, &c, b.yes);
    }
}

/* ---- all channels of all (pixel, group)s ------------------------------------------------------------ */

static void one_group(Emit *e, const Site *s)
{
    int width = s->plan->width, most = MOST_VECTORS * e->lanes;
    int rest = width % most, whole = width - rest;
    EMIT_FOR (e, c, x_const(e, 0), x_const(e, whole), most) {
        one_chunk(e, s, c.at, most);
    }
    if (rest >= e->lanes)
        one_chunk(e, s, x_const(e, whole), rest);
    else if (rest)
        one_chunk(e, s, x_const(e, width - e->lanes), e->lanes);
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
    idx pixel = x_const(e, p->s->in_channels), row = x_mul(e, pb->w, pixel);
    idx right = emit_step_right(e, pb, pixel), down = emit_step_down(e, pb, row);
    s.from[0] = e_arg_addr(e, INPUT);
    s.from[1] = p_at(e, s.from[0], right);
    s.from[2] = p_at(e, s.from[0], down);
    s.from[3] = p_at(e, s.from[2], right);
    s.at = p_at_bytes(e, own, x_const(e, p->at));
    s.dead = p_at_bytes(e, own, x_const(e, p->dead));
    s.terms = p_at_bytes(e, own, x_const(e, p->terms));
    s.weights = p_at_bytes(e, own, x_const(e, p->weights));
    if (p->stream)
        s.aligned = p_is_multiple(e, s.to, (int64_t)e->lanes * p->fp_bytes);
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
    if (p->softmax)
        s.scale = scale_of_terms(e, p, s.terms);
    return s;
}

static LLVMValueRef begin(Emit *e, const char *name)
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->ptr, e->ptr, e->ptr, e->i64 };
    return e_fn_begin(e, name, 1, e->none, NARGS, args);
}

static LLVMValueRef emit_repair(Emit *e, const AggregatePlan *p)
{
    LLVMValueRef fn = begin(e, "repair");
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

LLVMValueRef aggregate_emit_sums(Emit *e, const AggregatePlan *p)
{
    int full = e_lanes(e, p->sum_lanes);
    LLVMValueRef repair = emit_repair(e, p), fn = begin(e, "sums");
    Problem pb = problem_load(e, p->s, e_arg_addr(e, ARGS));
    Site first = sites(e, p, &pb);
    first.alarm = v_float(e, f_const(e, 0));
    EMIT_FOR (e, group, x_const(e, 0), e_arg_idx(e, GROUPS), 1) {
        Site s = site_at(e, &first, group.at);
        if (p->ahead)
            prefetch(e, p, group.at);
        one_group(e, &s);
    }
    EMIT_IF (e, c_any(e, f_is_nan(e, v_get(e, first.alarm)))) {
        call_repair(e, repair);
    }
    e_fn_end(e);
    e_lanes(e, full);
    return fn;
}
