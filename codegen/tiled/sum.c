/* sum.c: partial sums over parts of the input channels, added up, and the epilogue.
**
**     x = partial[0] + partial[1] + ...                  in this order, whatever threads there are
**     out[n][o][p][q] = act((x + bias) * scale + shift + residual)
**
** A task has a row of the output and a block of its channels, for maps that are split are small.
** The partial sums are nhwc; nchw outputs are transposed some pixels at a time, and their residual
** and activation come after that, as for a tile.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/intmath.h"
#include "codegen/math/math.h"
#include "codegen/tiled/tile.h"

/* The row and the block of channels of a task. */
typedef struct SumRow {
    const TiledPlan *plan;
    const TiledSumArgs *in;
    Problem pb;
    idx n, p, o0, channels;
} SumRow;

static int64_t channel_blocks(const TiledPlan *p)
{
    return int_ceil_div(p->s->out_channels, TILED_SUM_CHANNELS);
}

idx tiled_sum_tasks(Emit *e, const TiledPlan *p, const Problem *pb)
{
    return x_mulk(e, x_mul(e, pb->n, pb->p), channel_blocks(p));
}

/* ---- a vector of channels of a pixel --------------------------------------------------------- */

static fvec sum_parts(Emit *e, const SumRow *r, idx q, idx o, mask live)
{
    idx outs = x_const(e, r->plan->s->out_channels);
    idx row = x_add(e, x_mul(e, r->n, r->pb.p), r->p);
    idx pixel = x_add(e, x_mul(e, row, r->pb.q), q);
    idx part = x_mul(e, x_mul(e, r->pb.n, x_mul(e, r->pb.p, r->pb.q)), outs);
    addr at = p_at(e, r->in->partial, x_add(e, x_mul(e, pixel, outs), o));
    fvec x = p_load(e, at, live);
    for (int i = 1; i < r->plan->parts.ic_parts; i++) {
        at = p_at(e, at, part);
        x = f_add(e, x, p_load(e, at, live));
    }
    return x;
}

static fvec affine(Emit *e, const Problem *pb, idx o, mask live, fvec x)
{
    if (pb->bias.v)
        x = f_add(e, x, p_load(e, p_at(e, pb->bias, o), live));
    if (!pb->scale.v)
        return x;
    fvec scale = p_load(e, p_at(e, pb->scale, o), live);
    return f_fma(e, x, scale, p_load(e, p_at(e, pb->shift, o), live));
}

/* A row of the output or its like, at pixel q and the first channel of the block. */
static addr place(Emit *e, const SumRow *r, addr map, idx q)
{
    const idx at[4] = { r->n, r->o0, r->p, q };
    idx outs = x_const(e, r->plan->s->out_channels);
    return p_at(e, map, problem_at(e, &r->pb, outs, r->pb.p, r->pb.q, at));
}

/* The block of channels of pixel q, to `to`; late: the residual and the activation are to come. */
static void sum_pixel(Emit *e, const SumRow *r, idx q, addr to, bool late)
{
    const dcn_spec *s = r->plan->s;
    EMIT_VECTORS (e, v, r->channels) {
        idx o = x_add(e, r->o0, v.at);
        fvec x = affine(e, &r->pb, o, v.live, sum_parts(e, r, q, o, v.live));
        if (s->residual && !late)
            x = f_add(e, x, p_load(e, p_at(e, place(e, r, r->pb.residual, q), v.at), v.live));
        p_store(e, p_at(e, to, v.at), late ? x : emit_activation(e, rt_activation_of(s), x),
                v.live);
    }
}

/* ---- a row ----------------------------------------------------------------------------------- */

static void sum_nhwc(Emit *e, const SumRow *r)
{
    EMIT_FOR_OPAQUE (e, q, x_const(e, 0), r->pb.q, 1) {
        sum_pixel(e, r, q.at, place(e, r, r->pb.output, q.at), false);
    }
}

static void sum_nchw(Emit *e, const SumRow *r, LLVMValueRef transpose)
{
    const TiledPlan *p = r->plan;
    bool late = tiled_epilogue_after_transpose(p);
    addr tile = p_at_bytes(e, r->in->scratch, x_const(e, p->scratch.out_tile));
    Transpose t = { .from = tile, .cols = r->channels };
    t.from_step = x_const(e, p->scratch.out_stride);
    t.to_step = x_mul(e, r->pb.p, r->pb.q);
    EMIT_FOR_OPAQUE (e, q0, x_const(e, 0), r->pb.q, TILED_SUM_COLS) {
        t.rows = x_min(e, x_const(e, TILED_SUM_COLS), x_sub(e, r->pb.q, q0.at));
        EMIT_FOR_OPAQUE (e, col, x_const(e, 0), t.rows, 1) {
            addr to = p_at(e, tile, x_mul(e, col.at, t.from_step));
            sum_pixel(e, r, x_add(e, q0.at, col.at), to, late);
        }
        t.to = place(e, r, r->pb.output, q0.at);
        call_transpose(e, transpose, &t);
        if (late)
            tiled_epilogue_of_rows(e, p, &t, place(e, r, r->pb.residual, q0.at));
    }
}

/* ---- the function ---------------------------------------------------------------------------- */

static const Param param[] = { PARAM(TiledSumArgs, args), PARAM(TiledSumArgs, partial),
                               PARAM(TiledSumArgs, scratch), PARAM(TiledSumArgs, number) };
static const Params params = PARAMS(TiledSumArgs, param);

LLVMValueRef tiled_emit_sum(Emit *e, const TiledPlan *p, LLVMValueRef transpose)
{
    TiledSumArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "sum", 1, e->none, &params, &in);
    SumRow r = { .plan = p, .in = &in, .pb = problem_load(e, p->s, in.args) };
    idx blocks = x_const(e, channel_blocks(p)), row = x_div(e, in.number, blocks);
    idx outs = x_const(e, p->s->out_channels);
    r.n = x_div(e, row, r.pb.p);
    r.p = x_rem(e, row, r.pb.p);
    r.o0 = x_mulk(e, x_rem(e, in.number, blocks), TILED_SUM_CHANNELS);
    r.channels = x_min(e, x_const(e, TILED_SUM_CHANNELS), x_sub(e, outs, r.o0));
    if (p->s->layout == DCN_NHWC)
        sum_nhwc(e, &r);
    else
        sum_nchw(e, &r, transpose);
    e_fn_end(e);
    return fn;
}

void tiled_call_sum(Emit *e, LLVMValueRef fn, const TiledSumArgs *in)
{
    e_call_with(e, fn, &params, in);
}
