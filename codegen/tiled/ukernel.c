/* ukernel.c: the micro-kernel: a register tile of mr pixels x nv vectors of output channels.
**
**     out[r][o] (+)= sum over k of a[r][k] * weights[k][o]       r < mr, o < nv*lanes, k < kc
**
** All sums stay in registers over the loop; a rank-1 update loads nv vectors of weights and
** broadcasts mr elements of A, which is the im2col tile or the map itself.  The first block of k
** starts from 0, later ones from what is stored; the last has the epilogue.  rows[r] is the
** address of pixel r's row of outputs, so a tile need not be a rectangle in memory; pixels beyond
** the tile point at a dummy row.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/workspace.h"
#include "codegen/math/math.h"
#include "codegen/tiled/tile.h"

#include <assert.h>

enum { MAX_MR = 32, MAX_NV = 8, MAX_SUMS = 64 };

/* The register tile. */
typedef struct RegTile {
    const TiledPlan *plan;
    const TiledUkernelArgs *in;
    int mr, nv;
    mask last; /* lanes of the last vector that are output channels */
    addr row[MAX_MR];
    var sum[MAX_SUMS];
} RegTile;

/* Lane o*pack + i of a packed group is output o of its weight group i, which stands at i*outs + o
** in memory. */
static fvec reorder(Emit *e, const RegTile *t, fvec x, bool to_memory)
{
    int from[EMIT_MAX_LANES], pack = t->plan->groups.pack;
    int outs = t->plan->groups.out_channels / pack;
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

/* Live lanes of vector v; all but the last are full. */
static mask lanes_of(const RegTile *t, int v)
{
    return v == t->nv - 1 ? t->last : all_lanes;
}

static var *sum(RegTile *t, int r, int v)
{
    return &t->sum[r * t->nv + v];
}

static addr output(Emit *e, const RegTile *t, int r, int v)
{
    return p_at(e, t->row[r], x_const(e, (int64_t)v * e->lanes));
}

static void load_sums(Emit *e, RegTile *t)
{
    EMIT_IF (e, x_equal(e, t->in->first, x_const(e, 0))) {
        for (int r = 0; r < t->mr; r++)
            for (int v = 0; v < t->nv; v++) {
                fvec x = p_load(e, output(e, t, r, v), lanes_of(t, v));
                v_set(e, *sum(t, r, v), reorder(e, t, x, false));
            }
    }
}

static void store_sums(Emit *e, RegTile *t)
{
    for (int r = 0; r < t->mr; r++)
        for (int v = 0; v < t->nv; v++) {
            fvec x = reorder(e, t, v_get(e, *sum(t, r, v)), true);
            p_store(e, output(e, t, r, v), x, lanes_of(t, v));
        }
}

/* ---- the loop over k --------------------------------------------------------------------- */

/* Elements of A: pixel r has its own at from + r * row, one rank-1 update after the other. */
typedef struct ARows {
    addr from;
    int64_t row;
} ARows;

/* sum[r] += a[r] * weights[k] */
static void rank1_update(Emit *e, RegTile *t, const ARows *a, idx k)
{
    fvec w[MAX_NV];
    addr weights = p_at(e, t->in->weights, x_mulk(e, k, (int64_t)t->nv * e->lanes));
    for (int v = 0; v < t->nv; v++)
        w[v] = p_load(e, p_at(e, weights, x_const(e, (int64_t)v * e->lanes)), all_lanes);
    for (int r = 0; r < t->mr; r++) {
        fvec x = p_broadcast(e, p_at(e, a->from, x_const(e, r * a->row)), t->plan->groups.pack);
        for (int v = 0; v < t->nv; v++)
            v_set(e, *sum(t, r, v), f_fma(e, x, w[v], v_get(e, *sum(t, r, v))));
    }
}

static void update_at(Emit *e, RegTile *t, const ARows *a, idx k0, idx k)
{
    idx row = x_add(e, k0, k);
    const ARows here = { p_at(e, a->from, x_mulk(e, k, t->plan->groups.pack)), a->row };
    rank1_update(e, t, &here, row);
}

/* What goes of the next block of weights with the updates of one body, from k on, into L2: the lines that begin within
** it, so a line may be asked for by several bodies. */
static void ask_ahead(Emit *e, const RegTile *t, idx k)
{
    const TiledShape *tile = &t->plan->tile;
    const int line = CACHE_LINE / t->plan->fp_bytes;
    if (!tile->weights_ahead)
        return;
    addr from = p_at(e, t->in->ahead, x_mulk(e, k, tile->weights_ahead));
    for (int i = 0; i < tile->unroll * tile->weights_ahead; i += line)
        p_prefetch(e, p_at(e, from, x_const(e, i)), 2);
}

/* kc updates, the first with row k0 of the weights. */
static void updates(Emit *e, RegTile *t, const ARows *a, idx k0, idx kc)
{
    int unroll = t->plan->tile.unroll;
    idx whole = x_mulk(e, x_div(e, kc, x_const(e, unroll)), unroll);
    EMIT_FOR (e, k, x_const(e, 0), whole, unroll) {
        ask_ahead(e, t, x_add(e, k0, k.at));
        for (int u = 0; u < unroll; u++)
            update_at(e, t, a, k0, x_addk(e, k.at, u));
    }
    EMIT_FOR (e, k, whole, kc, 1) {
        update_at(e, t, a, k0, k.at);
    }
}

static void from_column(Emit *e, RegTile *t)
{
    const ARows a = { t->in->a, t->plan->scratch.column_stride };
    updates(e, t, &a, x_const(e, 0), t->in->kc);
}

/* Tap by tap, from the map, in the column's order of taps and channels. */
static void from_map(Emit *e, RegTile *t)
{
    const dcn_spec *s = t->plan->s;
    Problem pb = tiled_problem(e, t->plan, t->in->args);
    idx channels = x_div(e, t->in->kc, x_const(e, t->plan->groups.taps));
    idx down = x_mulk(e, pb.w, s->dilation[0] * s->in_channels);
    EMIT_FOR (e, i, x_const(e, 0), x_const(e, s->kernel[0]), 1) {
        EMIT_FOR (e, j, x_const(e, 0), x_const(e, s->kernel[1]), 1) {
            idx across = x_mulk(e, j.at, s->dilation[1] * s->in_channels);
            idx at = x_add(e, x_mul(e, i.at, down), across);
            idx tap = x_add(e, x_mulk(e, i.at, s->kernel[1]), j.at);
            idx k0 = x_mul(e, tap, channels);
            const ARows a = { p_at(e, t->in->a, at), s->stride[1] * s->in_channels };
            updates(e, t, &a, k0, channels);
        }
    }
}

/* ---- the epilogue ------------------------------------------------------------------------ */

/* What of act((sum + bias) * scale + shift + residual) is done where the sums are in registers:
** all but long activations, and what waits for the transposition; nothing where these are sums of
** parts. */
typedef struct Epilogue {
    bool affine, residual, activation;
} Epilogue;

static Epilogue epilogue_of(const TiledPlan *p)
{
    const dcn_spec *s = p->s;
    bool late = tiled_epilogue_after_transpose(p);
    if (tiled_sums_parts(p))
        return (Epilogue){ false, false, false };
    bool brief = s->activation != DCN_ACT_NONE && !activation_is_long(s->activation);
    return (Epilogue){ s->bias || s->scale_shift, s->residual && !late, brief && !late };
}

static addr row_address(Emit *e, const RegTile *t, addr table, idx r)
{
    addr base = p_get_addr(e, p_at_word(e, table, r));
    return p_at(e, base, t->in->out);
}

/* The v-th vector of the tile's channels in a row of the output or its like, or of one number per
** channel. */
static fvec channels(Emit *e, const RegTile *t, addr row, int v)
{
    addr p = p_at(e, row, x_const(e, (int64_t)v * e->lanes));
    return reorder(e, t, p_load(e, p, lanes_of(t, v)), false);
}

static fvec per_channel(Emit *e, const RegTile *t, addr all, int v)
{
    return all.v ? channels(e, t, p_at(e, all, t->in->out), v) : (fvec){ NULL };
}

static void epilogue_of_vector(Emit *e, RegTile *t, const Problem *pb, int v)
{
    Epilogue f = epilogue_of(t->plan);
    rt_activation a = rt_activation_of(t->plan->s);
    fvec bias = per_channel(e, t, pb->bias, v), scale = per_channel(e, t, pb->scale, v);
    fvec shift = per_channel(e, t, pb->shift, v);
    for (int r = 0; r < t->mr; r++) {
        fvec x = v_get(e, *sum(t, r, v));
        x = bias.v ? f_add(e, x, bias) : x;
        x = scale.v ? f_fma(e, x, scale, shift) : x;
        if (f.residual) {
            addr row = row_address(e, t, t->in->residual_rows, x_const(e, r));
            x = f_add(e, x, channels(e, t, row, v));
        }
        v_set(e, *sum(t, r, v), f.activation ? emit_activation(e, a, x) : x);
    }
}

static void epilogue_in_registers(Emit *e, RegTile *t)
{
    Epilogue f = epilogue_of(t->plan);
    if (!f.affine && !f.residual && !f.activation)
        return;
    EMIT_IF (e, x_equal(e, t->in->last, x_const(e, 1))) {
        Problem pb = tiled_problem(e, t->plan, t->in->args);
        for (int v = 0; v < t->nv; v++)
            epilogue_of_vector(e, t, &pb, v);
    }
}

/* Long activations go over the tile once more, in a loop: inlined per register they would be most
** of the code. */
static void epilogue_in_memory(Emit *e, RegTile *t)
{
    rt_activation a = rt_activation_of(t->plan->s);
    if (!activation_is_long(a.kind) || tiled_epilogue_after_transpose(t->plan) ||
        tiled_sums_parts(t->plan))
        return;
    EMIT_IF (e, x_equal(e, t->in->last, x_const(e, 1))) {
        EMIT_FOR (e, r, x_const(e, 0), x_const(e, t->mr), 1) {
            addr row = row_address(e, t, t->in->rows, r.at);
            for (int v = 0; v < t->nv; v++) {
                addr p = p_at(e, row, x_const(e, (int64_t)v * e->lanes));
                fvec x = p_load(e, p, lanes_of(t, v));
                p_store(e, p, emit_activation(e, a, x), lanes_of(t, v));
            }
        }
    }
}

/* ---- the function ------------------------------------------------------------------------ */

static const Param param[] = { PARAM(TiledUkernelArgs, a),
                               PARAM(TiledUkernelArgs, weights),
                               PARAM(TiledUkernelArgs, kc),
                               PARAM(TiledUkernelArgs, rows),
                               PARAM(TiledUkernelArgs, residual_rows),
                               PARAM(TiledUkernelArgs, args),
                               PARAM(TiledUkernelArgs, out),
                               PARAM(TiledUkernelArgs, first),
                               PARAM(TiledUkernelArgs, last),
                               PARAM(TiledUkernelArgs, ahead) };

/* `ahead`, the last one, is passed where there is something to ask for. */
static Params params_of(bool asks_ahead)
{
    static const Params all = PARAMS(TiledUkernelArgs, param);
    return (Params){ all.param, asks_ahead ? all.n : all.n - 1 };
}

static LLVMValueRef emit(Emit *e, const TiledPlan *p, const char *name, bool is_last,
                         void (*sum_over_k)(Emit *, RegTile *))
{
    TiledUkernelArgs in;
    RegTile t = { .plan = p, .in = &in, .mr = p->tile.mr };
    int ragged = p->groups.out_channels % e->lanes;
    t.nv = is_last ? p->groups.last_nv : p->tile.nv;
    assert(t.mr <= MAX_MR && t.nv <= MAX_NV && t.mr * t.nv <= MAX_SUMS);
    const Params params = params_of(p->tile.weights_ahead > 0);
    LLVMValueRef fn = e_fn_begin_with(e, name, 1, e->none, &params, &in);
    if (ragged && is_last)
        t.last = m_first(e, ragged);
    for (int r = 0; r < t.mr; r++)
        t.row[r] = row_address(e, &t, in.rows, x_const(e, r));
    for (int i = 0; i < t.mr * t.nv; i++)
        t.sum[i] = v_float(e, f_const(e, 0));
    load_sums(e, &t);
    sum_over_k(e, &t);
    epilogue_in_registers(e, &t);
    store_sums(e, &t);
    epilogue_in_memory(e, &t);
    e_fn_end(e);
    return fn;
}

LLVMValueRef tiled_emit_ukernel(Emit *e, const TiledPlan *p, const char *name, bool is_last)
{
    return emit(e, p, name, is_last, from_column);
}

LLVMValueRef tiled_emit_ukernel_implicit(Emit *e, const TiledPlan *p, const char *name,
                                         bool is_last)
{
    return emit(e, p, name, is_last, from_map);
}

void tiled_call_ukernel(Emit *e, LLVMValueRef fn, const TiledUkernelArgs *in)
{
    const Params params = params_of(in->ahead.v);
    e_call_with(e, fn, &params, in);
}
