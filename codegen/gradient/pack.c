/* pack.c: the weights in the order in which the product reads them.
**
**     packed[block][panel][output][column of the panel]
**
** A column is a channel and a tap; those that pad runs, taps and panels are 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"

/* The rows of a panel of a block, from column `first`, `width` of them. */
typedef struct GradientPanel {
    const GradientPlan *plan;
    const GradientShape *shape;
    const GradientBlock *block;
    addr from, to;
    idx first, width;
} GradientPanel;

/* Element of weight[O][C/G][K] for output o of the group of channel c of the block. */
static idx weight_of(Emit *e, const GradientPanel *p, idx o, idx c, idx tap)
{
    const GradientBlocks *b = &p->plan->blocks;
    idx channel = x_add(e, p->block->channel, c), per_group = x_const(e, b->in_channels);
    idx row = x_add(e, x_mulk(e, x_div(e, channel, per_group), b->out_channels), o);
    idx at = x_add(e, x_mulk(e, row, b->in_channels), x_rem(e, channel, per_group));
    return x_add(e, x_mulk(e, at, b->taps), tap);
}

static void pack_one(Emit *e, const GradientPanel *p, idx o, idx column, addr to)
{
    const GradientShape *s = p->shape;
    idx lanes = x_const(e, s->lanes), taps = x_const(e, s->vector_taps);
    idx lane = x_rem(e, column, lanes), nth = x_div(e, column, lanes);
    idx tap = x_rem(e, nth, taps), vector = x_div(e, nth, taps);
    idx run = x_div(e, vector, x_const(e, s->run_vectors));
    idx in_run = x_rem(e, vector, x_const(e, s->run_vectors));
    in_run = x_add(e, x_mulk(e, in_run, s->lanes), lane);
    cond real = c_and(e, x_less(e, tap, x_const(e, p->plan->blocks.taps)),
                      x_less(e, in_run, x_const(e, s->run)));
    real = c_and(e, real, x_less(e, vector, x_const(e, s->vectors)));
    EMIT_IF_ELSE (e, there, real) {
        idx c = x_add(e, x_mulk(e, run, s->run), in_run);
        if (there.yes)
            p_copy_one(e, to, p_at(e, p->from, weight_of(e, p, o, c, tap)));
        else
            p_zero_one(e, to);
    }
}

static void pack_panel(Emit *e, const GradientPanel *p)
{
    EMIT_FOR (e, o, x_const(e, 0), x_const(e, p->plan->blocks.out_channels), 1) {
        addr row = p_at(e, p->to, x_mul(e, o.at, p->width));
        EMIT_FOR (e, j, x_const(e, 0), p->width, 1) {
            pack_one(e, p, o.at, x_add(e, p->first, j.at), p_at(e, row, j.at));
        }
    }
}

static void pack_block(Emit *e, const GradientPlan *p, const PackArgs *in, const GradientBlock *b)
{
    const GradientShape *s = &p->blocks.shape[b->shape];
    idx outs = x_const(e, p->blocks.out_channels);
    addr block = p_at(e, in->to, x_mul(e, b->columns, outs));
    EMIT_FOR (e, first, x_const(e, 0), x_const(e, s->columns), p->nr) {
        GradientPanel panel = { .plan = p, .shape = s, .block = b, .from = in->from };
        panel.first = first.at;
        panel.width = x_min(e, x_const(e, p->nr), x_sub(e, x_const(e, s->columns), first.at));
        panel.to = p_at(e, block, x_mul(e, first.at, outs));
        pack_panel(e, &panel);
    }
}

void gradient_emit_pack(Emit *e, Kernel *k, const GradientPlan *p)
{
    PackArgs in = kernel_pack_begin(e, k);
    EMIT_FOR (e, number, x_const(e, 0), x_const(e, p->blocks.count), 1) {
        EMIT_IF_ELSE (e, last, gradient_is_last(e, p, number.at)) {
            if (!last.yes && gradient_first_shape(p) == 1)
                continue;
            GradientBlock b = gradient_block(e, p, number.at, last.yes);
            pack_block(e, p, &in, &b);
        }
    }
    e_fn_end(e);
}
