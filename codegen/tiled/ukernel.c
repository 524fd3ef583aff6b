/* ukernel.c: a register tile of the product, mr pixels x nv vectors of output channels.
**
**     out[r][o] (+)= sum over k of column[r][k] * weights[k][o]       r < mr, o < nv*lanes, k < kc
**
** All sums stay in registers over the loop; per step it loads nv vectors of weights and broadcasts mr
** elements of the column.  The first block of k starts from 0, later ones from what is stored; the
** last does what comes after the sum (finish_in_registers).  rows[r] is the address of pixel r's row of outputs,
** so a tile need not be a rectangle in memory; pixels beyond the tile point at a spare row.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/tiled/tiled.h"

#include <assert.h>

enum { COLUMN, WEIGHTS, DEPTH, ROWS, RESIDUAL_ROWS, ARGS, OUT, FIRST, LAST, NARGS };
enum { MAX_TILE = 64 };

typedef struct Tile {
    const TiledPlan *plan;
    int mr, nv;
    mask last; /* lanes of the last vector that are output channels */
    addr row[32];
    var sum[MAX_TILE];
} Tile;

/* Lane o*pack + i of a packed group is output o of its weight group i, which stands at i*outs + o in memory. */
static fvec reorder(Emit *e, const Tile *t, fvec x, int to_memory)
{
    int from[EMIT_MAX_LANES], pack = t->plan->pack, outs = t->plan->out_group / pack;
    if (pack == 1 || outs == 1)
        return x;
    for (int i = 0; i < e->lanes; i++)
        from[i] = i;
    for (int i = 0; i < pack; i++)
        for (int o = 0; o < outs; o++) {
            int lane = o * pack + i, place = i * outs + o;
            from[to_memory ? place : lane] = to_memory ? lane : place;
        }
    return f_permute(e, x, from);
}

static mask lanes_of(const Tile *t, int v)
{
    return v == t->nv - 1 ? t->last : all_lanes;
}

static var *sum(Tile *t, int r, int v)
{
    return &t->sum[r * t->nv + v];
}

static addr output(Emit *e, const Tile *t, int r, int v)
{
    return p_at(e, t->row[r], x_const(e, (int64_t)v * e->lanes));
}

static void load_sums(Emit *e, Tile *t)
{
    EMIT_IF (e, x_equal(e, e_arg_idx(e, FIRST), x_const(e, 0))) {
        for (int r = 0; r < t->mr; r++)
            for (int v = 0; v < t->nv; v++) {
                fvec x = p_load(e, output(e, t, r, v), lanes_of(t, v));
                v_set(e, *sum(t, r, v), reorder(e, t, x, 0));
            }
    }
}

/* One step of the sum: an outer product of row k of the weights and the elements from + r * row of mr pixels. */
static void step(Emit *e, Tile *t, addr from, int64_t row, idx k)
{
    fvec w[8];
    addr weights = p_at(e, e_arg_addr(e, WEIGHTS), x_mulk(e, k, (int64_t)t->nv * e->lanes));
    for (int v = 0; v < t->nv; v++)
        w[v] = p_load(e, p_at(e, weights, x_const(e, (int64_t)v * e->lanes)), all_lanes);
    for (int r = 0; r < t->mr; r++) {
        fvec x = p_broadcast(e, p_at(e, from, x_const(e, r * row)), t->plan->pack);
        for (int v = 0; v < t->nv; v++)
            v_set(e, *sum(t, r, v), f_fma(e, x, w[v], v_get(e, *sum(t, r, v))));
    }
}

/* `depth` steps from row k0 of the weights; elements of a pixel lie side by side. */
static void steps(Emit *e, Tile *t, addr from, int64_t row, idx k0, idx depth)
{
    int unroll = t->plan->unroll, pack = t->plan->pack;
    idx whole = x_mulk(e, x_div(e, depth, x_const(e, unroll)), unroll);
    EMIT_FOR (e, k, x_const(e, 0), whole, unroll) {
        for (int u = 0; u < unroll; u++) {
            idx at = x_addk(e, k.at, u);
            step(e, t, p_at(e, from, x_mulk(e, at, pack)), row, x_add(e, k0, at));
        }
    }
    EMIT_FOR (e, k, whole, depth, 1) {
        step(e, t, p_at(e, from, x_mulk(e, k.at, pack)), row, x_add(e, k0, k.at));
    }
}

static void from_column(Emit *e, Tile *t)
{
    steps(e, t, e_arg_addr(e, COLUMN), t->plan->column_stride, x_const(e, 0), e_arg_idx(e, DEPTH));
}

/* Tap by tap, from the map; the column's order of taps and channels. */
static void from_map(Emit *e, Tile *t)
{
    const dcn_spec *s = t->plan->s;
    Problem pb = problem_load(e, s, e_arg_addr(e, ARGS));
    idx channels = x_div(e, e_arg_idx(e, DEPTH), x_const(e, t->plan->taps));
    idx down = x_mulk(e, pb.w, s->dilation[0] * s->in_channels);
    EMIT_FOR (e, i, x_const(e, 0), x_const(e, s->kernel[0]), 1) {
        EMIT_FOR (e, j, x_const(e, 0), x_const(e, s->kernel[1]), 1) {
            idx at =
                x_add(e, x_mul(e, i.at, down), x_mulk(e, j.at, s->dilation[1] * s->in_channels));
            idx tap = x_add(e, x_mulk(e, i.at, s->kernel[1]), j.at);
            steps(e, t, p_at(e, e_arg_addr(e, COLUMN), at), s->stride[1] * s->in_channels,
                  x_mul(e, tap, channels), channels);
        }
    }
}

static addr row_address(Emit *e, int table, idx r)
{
    addr base = p_get_addr(e, p_at_addr(e, e_arg_addr(e, table), r));
    return p_at(e, base, e_arg_idx(e, OUT));
}

/* The v-th vector of the tile's channels in a row of the output or its like, or of one number per channel. */
static fvec channels(Emit *e, const Tile *t, addr row, int v)
{
    addr p = p_at(e, row, x_const(e, (int64_t)v * e->lanes));
    return reorder(e, t, p_load(e, p, lanes_of(t, v)), 0);
}

static fvec per_channel(Emit *e, const Tile *t, addr all, int v)
{
    return all.v ? channels(e, t, p_at(e, all, e_arg_idx(e, OUT)), v) : (fvec){ NULL };
}

/* The part of the epilogue that belongs to the registers: all but long activations, and see tiled_finishes_late. */
typedef struct Finish {
    int affine, residual, relu;
} Finish;

static Finish finish_of(const TiledPlan *p)
{
    const dcn_spec *s = p->s;
    int late = tiled_finishes_late(p);
    return (Finish){ s->bias || s->scale_shift, s->residual && !late,
                     s->activation == DCN_ACT_RELU && !late };
}

/* act((sum + bias) * scale + shift + residual) */
static void finish_in_registers(Emit *e, Tile *t)
{
    Finish f = finish_of(t->plan);
    if (!f.affine && !f.residual && !f.relu)
        return;
    EMIT_IF (e, x_equal(e, e_arg_idx(e, LAST), x_const(e, 1))) {
        Problem pb = problem_load(e, t->plan->s, e_arg_addr(e, ARGS));
        for (int v = 0; v < t->nv; v++) {
            fvec bias = per_channel(e, t, pb.bias, v), scale = per_channel(e, t, pb.scale, v);
            fvec shift = per_channel(e, t, pb.shift, v);
            for (int r = 0; r < t->mr; r++) {
                fvec x = v_get(e, *sum(t, r, v));
                x = bias.v ? f_add(e, x, bias) : x;
                x = scale.v ? f_fma(e, x, scale, shift) : x;
                if (f.residual)
                    x = f_add(e, x,
                              channels(e, t, row_address(e, RESIDUAL_ROWS, x_const(e, r)), v));
                v_set(e, *sum(t, r, v), f.relu ? emit_relu(e, x) : x);
            }
        }
    }
}

static void store_sums(Emit *e, Tile *t)
{
    for (int r = 0; r < t->mr; r++)
        for (int v = 0; v < t->nv; v++) {
            fvec x = reorder(e, t, v_get(e, *sum(t, r, v)), 1);
            p_store(e, output(e, t, r, v), x, lanes_of(t, v));
        }
}

/* Long epilogues go over the tile once more, in a loop: inlined per register they would be most of the code. */
static void finish_in_memory(Emit *e, Tile *t)
{
    dcn_activation a = t->plan->s->activation;
    if ((a != DCN_ACT_SILU && a != DCN_ACT_GELU) || tiled_finishes_late(t->plan))
        return;
    EMIT_IF (e, x_equal(e, e_arg_idx(e, LAST), x_const(e, 1))) {
        EMIT_FOR (e, r, x_const(e, 0), x_const(e, t->mr), 1) {
            addr row = row_address(e, ROWS, r.at);
            for (int v = 0; v < t->nv; v++) {
                addr p = p_at(e, row, x_const(e, (int64_t)v * e->lanes));
                fvec x = p_load(e, p, lanes_of(t, v));
                p_store(e, p, emit_activation(e, a, x), lanes_of(t, v));
            }
        }
    }
}

static LLVMValueRef emit(Emit *e, Tile t, const char *name, int is_last,
                         void (*accumulate)(Emit *, Tile *))
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->i64, e->ptr, e->ptr,
                                      e->ptr, e->i64, e->i64, e->i64 };
    int ragged = t.plan->out_group % e->lanes;
    assert(t.mr <= 32 && t.mr * t.nv <= MAX_TILE && t.nv <= 8);
    LLVMValueRef fn = e_fn_begin(e, name, 1, e->none, NARGS, args);
    if (ragged && is_last)
        t.last = m_first(e, ragged);
    for (int r = 0; r < t.mr; r++)
        t.row[r] = row_address(e, ROWS, x_const(e, r));
    for (int i = 0; i < t.mr * t.nv; i++)
        t.sum[i] = v_float(e, f_const(e, 0));
    load_sums(e, &t);
    accumulate(e, &t);
    finish_in_registers(e, &t);
    store_sums(e, &t);
    finish_in_memory(e, &t);
    e_fn_end(e);
    return fn;
}

LLVMValueRef tiled_emit_product(Emit *e, const TiledPlan *plan, const char *name, int nv,
                                int is_last)
{
    Tile t = { .plan = plan, .mr = plan->mr, .nv = nv };
    return emit(e, t, name, is_last, from_column);
}

LLVMValueRef tiled_emit_implicit(Emit *e, const TiledPlan *plan, const char *name, int nv,
                                 int is_last)
{
    Tile t = { .plan = plan, .mr = plan->mr, .nv = nv };
    return emit(e, t, name, is_last, from_map);
}
