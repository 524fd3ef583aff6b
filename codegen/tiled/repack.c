/* repack.c: between nchw in memory and nhwc inside the kernel, and packed weights.
**
** Sampling wants the channels of a pixel side by side, so an nchw input is copied once per call into
** the view, transposed on its way; outputs go back the same way, a tile at a time.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/kernel/entry.h"
#include "codegen/math/math.h"
#include "codegen/tiled/tiled.h"

/* ---- offsets and masks: some pixels of a row, nchw to [pixel][channel] --------------------------- */

enum { A_ARGS, A_OFFSETS, A_MASKS, A_N, A_P, A_Q, A_COLS, A_AHEAD, A_NARGS };

static void turn_map(Emit *e, const TiledPlan *plan, const Problem *pb, LLVMValueRef turn, addr to,
                     int per)
{
    idx channels = x_const(e, (int64_t)plan->taps * plan->s->offset_groups * per);
    const idx at[4] = { e_arg_idx(e, A_N), x_const(e, 0), e_arg_idx(e, A_P), e_arg_idx(e, A_Q) };
    idx planes = x_const(e, per == 2 ? pb->offset_channels : pb->mask_channels);
    addr map = per == 2 ? pb->offset : pb->mask;
    Transpose t = { .to = to, .to_step = channels, .rows = channels, .cols = e_arg_idx(e, A_COLS) };
    t.from = p_at(e, map, problem_at(e, pb, planes, pb->p, pb->q, at));
    t.from_step = x_mul(e, pb->p, pb->q);
    if (plan->prefetch >= 0) {
        EMIT_FOR (e, c, x_const(e, 0), channels, 1) {
            idx ahead = x_add(e, x_mul(e, c.at, t.from_step), e_arg_idx(e, A_AHEAD));
            p_prefetch(e, p_at(e, t.from, ahead), 2);
        }
    }
    call_transpose(e, turn, &t);
}

LLVMValueRef tiled_emit_coords(Emit *e, const TiledPlan *plan, LLVMValueRef turn)
{
    const LLVMTypeRef args[A_NARGS] = { e->ptr, e->ptr, e->ptr, e->i64,
                                        e->i64, e->i64, e->i64, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "coords", 1, e->none, A_NARGS, args);
    Problem pb = problem_load(e, plan->s, e_arg_addr(e, A_ARGS));
    turn_map(e, plan, &pb, turn, e_arg_addr(e, A_OFFSETS), 2);
    if (pb.mask.v)
        turn_map(e, plan, &pb, turn, e_arg_addr(e, A_MASKS), 1);
    e_fn_end(e);
    return fn;
}

/* ---- output: one tile -------------------------------------------------------------------------- */

/* A row of the tile once it is in place: act(x + residual). */
static void finish_row(Emit *e, const TiledPlan *plan, const Transpose *t, addr residual)
{
    EMIT_VECTORS (e, v, t->rows) {
        EMIT_FOR (e, c, x_const(e, 0), t->cols, 1) {
            idx at = x_add(e, x_mul(e, c.at, t->to_step), v.at);
            addr to = p_at(e, t->to, at);
            fvec x = f_add(e, p_load(e, to, v.live), p_load(e, p_at(e, residual, at), v.live));
            p_store(e, to, emit_activation(e, plan->s->activation, x), v.live);
        }
    }
}

LLVMValueRef tiled_emit_unpack(Emit *e, const TiledPlan *plan, LLVMValueRef turn)
{
    enum { ARGS, FROM, N, P0, Q0, ROWS, COLS, NARGS };
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->i64, e->i64, e->i64, e->i64, e->i64 };
    LLVMValueRef fn = e_fn_begin(e, "unpack", 1, e->none, NARGS, args);
    Problem pb = problem_load(e, plan->s, e_arg_addr(e, ARGS));
    idx channels = x_const(e, plan->s->out_channels);
    Transpose t = { .rows = e_arg_idx(e, COLS), .cols = channels };
    t.from_step = x_const(e, plan->out_stride);
    t.to_step = x_mul(e, pb.p, pb.q);
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), e_arg_idx(e, ROWS), 1) {
        const idx first[4] = { e_arg_idx(e, N), x_const(e, 0), x_add(e, e_arg_idx(e, P0), row.at),
                               e_arg_idx(e, Q0) };
        idx at = problem_at(e, &pb, channels, pb.p, pb.q, first);
        idx pixel = x_mulk(e, x_mul(e, row.at, t.rows), plan->out_stride);
        t.from = p_at(e, e_arg_addr(e, FROM), pixel);
        t.to = p_at(e, pb.output, at);
        call_transpose(e, turn, &t);
        if (tiled_finishes_late(plan))
            finish_row(e, plan, &t, p_at(e, pb.residual, at));
    }
    e_fn_end(e);
    return fn;
}

/* ---- weights ------------------------------------------------------------------------------------- */

/* The block of the packed weights being written: so many channels from c0 of each weight group of packed
** group g, taps from t0; chunk: see tiled_chunk. */
typedef struct PackBlock {
    const PackArgs *in;
    idx g, c0, t0, taps;
    int channels, chunk;
} PackBlock;

/* Element of weight[O][C/G][K] for a lane of packed group g: see TiledPlan for which output it is. */
static idx weight_of(Emit *e, const TiledPlan *p, const PackBlock *b, idx lane, idx c, idx tap)
{
    int64_t outs = p->out_group / p->pack, channels = p->in_group / p->pack;
    idx pack = x_const(e, p->pack),
        group = x_add(e, x_mulk(e, b->g, p->pack), x_rem(e, lane, pack));
    idx row = x_add(e, x_mulk(e, group, outs), x_div(e, lane, pack));
    idx in = x_add(e, x_mulk(e, row, channels), x_add(e, b->c0, c));
    return x_add(e, x_mulk(e, in, p->taps), x_add(e, b->t0, tap));
}

/* One row of a register tile: element (tap, channel) of `width` lanes from o0. */
static void pack_row(Emit *e, const TiledPlan *p, const PackBlock *b, idx tap, idx c, idx o0,
                     addr to, idx width)
{
    EMIT_FOR (e, o, x_const(e, 0), width, 1) {
        idx lane = x_add(e, o0, o.at);
        EMIT_IF_ELSE (e, real, x_less(e, lane, x_const(e, p->out_group))) {
            if (real.yes)
                p_copy_one(e, p_at(e, to, o.at),
                           p_at(e, b->in->from, weight_of(e, p, b, lane, c, tap)));
            else
                p_zero_one(e, p_at(e, to, o.at));
        }
    }
}

/* All rows of the register tile of outputs from o0. */
static void pack_panel(Emit *e, const TiledPlan *p, const PackBlock *b, idx o0, addr panel)
{
    idx width = x_min(e, x_const(e, p->nr), x_sub(e, x_const(e, p->out_padded), o0));
    EMIT_FOR (e, tap, x_const(e, 0), b->taps, 1) {
        EMIT_FOR (e, c, x_const(e, 0), x_const(e, b->channels), 1) {
            idx chunk = x_const(e, b->chunk), nth = x_div(e, c.at, chunk);
            idx row = x_add(e, x_mul(e, nth, b->taps), tap.at);
            idx k = x_add(e, x_mul(e, row, chunk), x_rem(e, c.at, chunk));
            pack_row(e, p, b, tap.at, c.at, o0, p_at(e, panel, x_mul(e, k, width)), width);
        }
    }
}

/* packed[group][channel block][tap block][output block][chunk][tap][channel][output]: the order of reading. */
static void pack_block(Emit *e, const TiledPlan *p, const PackBlock *b)
{
    int64_t channels = p->in_group / p->pack;
    idx before = x_add(e, x_mulk(e, b->c0, p->taps), x_mulk(e, b->t0, b->channels));
    idx rows = x_add(e, x_mulk(e, b->g, channels * p->taps), before);
    addr block = p_at(e, b->in->to, x_mulk(e, rows, p->out_padded));
    EMIT_FOR (e, o0, x_const(e, 0), x_const(e, p->out_padded), p->nr) {
        idx skip = x_mul(e, x_mulk(e, b->taps, b->channels), o0.at);
        pack_panel(e, p, b, o0.at, p_at(e, block, skip));
    }
}

/* Channels c0 .. c0 + channels - 1 of packed group g, all taps. */
static void pack_channels(Emit *e, const TiledPlan *p, const PackArgs *in, idx g, idx c0,
                          int channels)
{
    idx all = x_const(e, p->taps);
    int chunk = tiled_chunk(p, channels * p->group_block);
    EMIT_FOR (e, t0, x_const(e, 0), all, p->tap_block) {
        PackBlock b = { .in = in, .g = g, .t0 = t0.at, .channels = channels / p->pack };
        b.c0 = x_div(e, c0, x_const(e, p->pack));
        b.chunk = chunk / p->pack;
        b.taps = x_min(e, x_const(e, p->tap_block), x_sub(e, all, t0.at));
        pack_block(e, p, &b);
    }
}

void tiled_emit_pack(Emit *e, Kernel *k, const TiledPlan *p)
{
    int rest = p->in_group % p->channel_block, whole = p->in_group - rest;
    PackArgs in = kernel_pack_begin(e, k);
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, p->groups), 1) {
        EMIT_FOR (e, c0, x_const(e, 0), x_const(e, whole), p->channel_block) {
            pack_channels(e, p, &in, g.at, c0.at, p->channel_block);
        }
        if (rest)
            pack_channels(e, p, &in, g.at, x_const(e, whole), rest);
    }
    e_fn_end(e);
}
