/* pack.c: the weights in the order in which micro-kernels read them.
**
**     packed[packed group][channel block][tap block][output block][seg][tap][channel][lane]
**
** What follows the output block is one panel of B: row k is nr lanes, and its rows follow the
** order of the column. Lanes beyond the outputs of a group are 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tile.h"

/* The block being written: channels from c0 of each weight group of packed group g, taps from
** t0. */
typedef struct PackBlock {
    const TiledPlan *plan;
    addr from, to; /* all weights */
    idx g, c0, t0, taps;
    int channels, seg; /* of one weight group; seg: see tiled_seg */
} PackBlock;

/* A panel: lanes from o0 of the block. */
typedef struct PackPanel {
    const PackBlock *block;
    addr to;
    idx o0, width;
} PackPanel;

/* Element of weight[O][C/G][K] for a lane of the packed group, see TiledGroups. */
static idx weight_of(Emit *e, const PackBlock *b, idx lane, idx c, idx tap)
{
    const TiledGroups *q = &b->plan->groups;
    int64_t outs = q->out_channels / q->pack, channels = q->in_channels / q->pack;
    idx pack = x_const(e, q->pack);
    idx group = x_add(e, x_mulk(e, b->g, q->pack), x_rem(e, lane, pack));
    idx row = x_add(e, x_mulk(e, group, outs), x_div(e, lane, pack));
    idx in = x_add(e, x_mulk(e, row, channels), x_add(e, b->c0, c));
    return x_add(e, x_mulk(e, in, q->taps), x_add(e, b->t0, tap));
}

/* One row of a panel, at `to`: a channel of a tap. */
static void pack_row(Emit *e, const PackPanel *p, idx tap, idx c, addr to)
{
    const PackBlock *b = p->block;
    EMIT_FOR (e, o, x_const(e, 0), p->width, 1) {
        idx lane = x_add(e, p->o0, o.at);
        EMIT_IF_ELSE (e, real, x_less(e, lane, x_const(e, b->plan->groups.out_channels))) {
            if (real.yes)
                p_copy_one(e, p_at(e, to, o.at), p_at(e, b->from, weight_of(e, b, lane, c, tap)));
            else
                p_zero_one(e, p_at(e, to, o.at));
        }
    }
}

static void pack_panel(Emit *e, const PackPanel *p)
{
    const PackBlock *b = p->block;
    EMIT_FOR (e, tap, x_const(e, 0), b->taps, 1) {
        EMIT_FOR (e, c, x_const(e, 0), x_const(e, b->channels), 1) {
            idx seg = x_const(e, b->seg), nth = x_div(e, c.at, seg);
            idx row = x_add(e, x_mul(e, nth, b->taps), tap.at);
            idx k = x_add(e, x_mul(e, row, seg), x_rem(e, c.at, seg));
            pack_row(e, p, tap.at, c.at, p_at(e, p->to, x_mul(e, k, p->width)));
        }
    }
}

static void pack_block(Emit *e, const PackBlock *b)
{
    const TiledPlan *p = b->plan;
    const TiledGroups *q = &p->groups;
    int64_t channels = q->in_channels / q->pack;
    idx before = x_add(e, x_mulk(e, b->c0, q->taps), x_mulk(e, b->t0, b->channels));
    idx rows = x_add(e, x_mulk(e, b->g, channels * q->taps), before);
    addr block = p_at(e, b->to, x_mulk(e, rows, q->out_padded));
    EMIT_FOR (e, o0, x_const(e, 0), x_const(e, q->out_padded), p->tile.nr) {
        idx skip = x_mul(e, x_mulk(e, b->taps, b->channels), o0.at);
        PackPanel panel = { .block = b, .to = p_at(e, block, skip), .o0 = o0.at };
        idx left = x_sub(e, x_const(e, q->out_padded), o0.at);
        panel.width = x_min(e, x_const(e, p->tile.nr), left);
        pack_panel(e, &panel);
    }
}

/* All taps of channels c0 .. c0 + channels - 1 of the block's packed group. */
static void pack_channels(Emit *e, PackBlock b, idx c0, int channels)
{
    const TiledGroups *q = &b.plan->groups;
    idx all = x_const(e, q->taps);
    b.channels = channels / q->pack;
    b.seg = tiled_seg(b.plan, channels * q->group_block) / q->pack;
    EMIT_FOR (e, t0, x_const(e, 0), all, q->tap_block) {
        b.t0 = t0.at;
        b.c0 = x_div(e, c0, x_const(e, q->pack));
        b.taps = x_min(e, x_const(e, q->tap_block), x_sub(e, all, t0.at));
        pack_block(e, &b);
    }
}

void tiled_emit_pack(Emit *e, Kernel *k, const TiledPlan *p)
{
    const TiledGroups *q = &p->groups;
    int rest = q->in_channels % q->channel_block, whole = q->in_channels - rest;
    PackArgs in = kernel_pack_begin(e, k);
    PackBlock b = { .plan = p, .from = in.from, .to = in.to };
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, q->count), 1) {
        b.g = g.at;
        EMIT_FOR (e, c0, x_const(e, 0), x_const(e, whole), q->channel_block) {
            pack_channels(e, b, c0.at, q->channel_block);
        }
        if (rest)
            pack_channels(e, b, x_const(e, whole), rest);
    }
    e_fn_end(e);
}
