/* finish_weight.c: the bands' grad_weight, added in their order, to [O][C/G][K].
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"

typedef struct WeightBlock {
    const GradientPlan *plan;
    const GradientShape *shape;
    GradientBlock block;
    GradientOut out;
    addr own; /* of the first band */
} WeightBlock;

/* One element, in vectors of one lane. */
static void one_weight(Emit *e, const WeightBlock *w, idx o, idx c, idx tap)
{
    const GradientPlan *p = w->plan;
    const GradientShape *a = w->shape;
    const GradientBlocks *b = &p->blocks;
    idx run = x_const(e, a->run), lanes = x_const(e, a->lanes), in_run = x_rem(e, c, run);
    idx vector = x_add(e, x_mulk(e, x_div(e, c, run), a->run_vectors), x_div(e, in_run, lanes));
    idx column = x_add(e, x_mulk(e, vector, a->vector_taps), tap);
    column = x_add(e, x_mulk(e, column, a->lanes), x_rem(e, in_run, lanes));
    addr from = p_at(e, w->own, x_add(e, x_mulk(e, o, a->columns), column));
    fvec sum = p_load(e, from, all_lanes);
    for (int band = 1; band < p->bands; band++) {
        addr part = p_at(e, from, x_const(e, band * p->weight_elements));
        sum = f_add(e, sum, p_load(e, part, all_lanes));
    }
    idx channel = x_add(e, w->block.channel, c), per_group = x_const(e, b->in_channels);
    idx row = x_add(e, x_mulk(e, x_div(e, channel, per_group), b->out_channels), o);
    idx at = x_add(e, x_mulk(e, row, b->in_channels), x_rem(e, channel, per_group));
    addr to = p_at(e, w->out.to, x_add(e, x_mulk(e, at, b->taps), tap));
    gradient_store(e, &w->out, to, x_const(e, 1), sum, all_lanes);
}

static void finish_block(Emit *e, const WeightBlock *w)
{
    const GradientBlocks *b = &w->plan->blocks;
    EMIT_FOR_OPAQUE (e, o, x_const(e, 0), x_const(e, b->out_channels), 1) {
        EMIT_FOR_OPAQUE (e, c, x_const(e, 0), x_const(e, w->shape->channels), 1) {
            EMIT_FOR_OPAQUE (e, tap, x_const(e, 0), x_const(e, b->taps), 1) {
                one_weight(e, w, o.at, c.at, tap.at);
            }
        }
    }
}

static LLVMValueRef emit_block(Emit *e, const GradientPlan *p, LLVMValueRef transpose)
{
    GradientFinishArgs in;
    LLVMValueRef fn = gradient_begin_finish(e, "finish_weight", &in);
    Problem pb = problem_load(e, p->s, in.args);
    addr all = gradient_shared(e, p, &pb, in.workspace).weight;
    (void)transpose;
    e_fn_lanes(e, 1);
    WeightBlock w = { .plan = p, .out = gradient_out(e, &pb, in.args, RT_WEIGHT) };
    EMIT_IF (e, w.out.wanted) {
        EMIT_IF_ELSE (e, last, gradient_is_last(e, p, in.number)) {
            if (!last.yes && gradient_first_shape(p) == 1)
                continue;
            w.shape = &p->blocks.shape[last.yes];
            w.block = gradient_block(e, p, in.number, last.yes);
            w.own = p_at(e, all, x_mulk(e, w.block.columns, p->outputs));
            finish_block(e, &w);
        }
    }
    e_fn_end(e);
    return fn;
}

static bool wanted(const GradientPlan *p)
{
    return p->want.weight;
}

static idx blocks_of(Emit *e, const GradientPlan *p, const Problem *pb)
{
    (void)pb;
    return x_const(e, p->blocks.count);
}

const GradientFinish gradient_finish_weight = { wanted, blocks_of, emit_block };
