/* pack.c: the weights in the order in which the product reads them.
**
**     packed[block][panel][output][column of the panel]
**
** A column is a tap and a channel; those that pad spans and panels are 0.
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

/* Element of weight[O][C/G][K] for output o of the group, channel c of the block. */
static idx weight_of(Emit *e, const GradientPanel *p, idx o, idx c, idx tap)
{
    const GradientBlocks *b = &p->plan->blocks;
    idx row = x_add(e, x_mulk(e, p->block->group, b->out_channels), o);
    idx within = x_add(e, x_rem(e, p->block->channel, x_const(e, b->in_channels)), c);
    idx at = x_add(e, x_mulk(e, row, b->in_channels), within);
    return x_add(e, x_mulk(e, at, b->taps), tap);
}

static void pack_one(Emit *e, const GradientPanel *p, idx o, idx column, addr to)
{
    const GradientShape *s = p->shape;
    int padded = s->vectors * s->lanes;
    idx tap = x_div(e, column, x_const(e, s->tap_columns));
    idx in_tap = x_rem(e, column, x_const(e, s->tap_columns));
    idx in_span = x_rem(e, in_tap, x_const(e, padded));
    idx span = x_div(e, in_tap, x_const(e, padded));
    cond real = c_and(e, x_less(e, tap, x_const(e, p->plan->blocks.taps)),
                      x_less(e, in_span, x_const(e, s->span)));
    EMIT_IF_ELSE (e, there, real) {
        idx c = x_add(e, x_mulk(e, span, s->span), in_span);
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
