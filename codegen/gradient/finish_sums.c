/* finish_sums.c: gradients of what is added to each output channel, sums of g over all pixels:
**
**     grad_shift[o] = sum of g[o]       grad_bias[o] = scale[o] * sum of g[o]
**
** A task has a vector of channels in nhwc, and as many channels in nchw.  Sums are taken row by
** row, and then of the rows, which keeps their rounding small.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/intmath.h"

typedef struct ChannelSums {
    const GradientPlan *plan;
    Problem pb;
    idx channels; /* of the output */
    GradientOut bias, shift;
} ChannelSums;

static addr g_at(Emit *e, const ChannelSums *c, idx n, idx channel, idx row)
{
    const idx at[4] = { n, channel, row, x_const(e, 0) };
    addr g = c->pb.operand[RT_GRAD_OUTPUT];
    return p_at(e, g, problem_at(e, &c->pb, c->channels, c->pb.p, c->pb.q, at));
}

/* Lanes are channels. */
static fvec row_of_channels(Emit *e, const ChannelSums *c, addr row, mask live)
{
    var sum = v_float(e, f_const(e, 0));
    EMIT_FOR (e, q, x_const(e, 0), c->pb.q, 1) {
        fvec x = p_load(e, p_at(e, row, x_mul(e, q.at, c->channels)), live);
        v_set(e, sum, f_add(e, v_get(e, sum), x));
    }
    return v_get(e, sum);
}

/* Lanes are pixels; the sum is in all of them. */
static fvec row_of_pixels(Emit *e, const ChannelSums *c, addr row)
{
    var sum = v_float(e, f_const(e, 0));
    EMIT_VECTORS (e, v, c->pb.q) {
        fvec x = p_load(e, p_at(e, row, v.at), v.live);
        v_set(e, sum, f_add(e, v_get(e, sum), x));
    }
    return f_hadd(e, v_get(e, sum));
}

static fvec sum_over_pixels(Emit *e, const ChannelSums *c, idx channel, mask live)
{
    var sum = v_float(e, f_const(e, 0));
    EMIT_FOR_OPAQUE (e, n, x_const(e, 0), c->pb.n, 1) {
        EMIT_FOR_OPAQUE (e, p, x_const(e, 0), c->pb.p, 1) {
            addr row = g_at(e, c, n.at, channel, p.at);
            fvec x =
                c->plan->transposes ? row_of_pixels(e, c, row) : row_of_channels(e, c, row, live);
            v_set(e, sum, f_add(e, v_get(e, sum), x));
        }
    }
    return v_get(e, sum);
}

/* As many channels from `channel` as there are live lanes. */
static void finish_channels(Emit *e, const ChannelSums *c, idx channel, mask live)
{
    const dcn_spec *s = c->plan->s;
    fvec sum = sum_over_pixels(e, c, channel, live);
    if (rt_operand_in(RT_SHIFT, rt_wanted(s)))
        gradient_give(e, &c->shift, channel, sum, live);
    if (!rt_operand_in(RT_BIAS, rt_wanted(s)))
        return;
    if (s->scale_shift) /* an operand of such a kernel because of the bias */
        sum = f_mul(e, sum, p_load(e, p_at(e, c->pb.scale, channel), live));
    gradient_give(e, &c->bias, channel, sum, live);
}

static LLVMValueRef emit_channels(Emit *e, const GradientPlan *p, LLVMValueRef transpose)
{
    GradientFinishArgs in;
    LLVMValueRef fn = gradient_begin_finish(e, "finish_sums", &in);
    ChannelSums c = { .plan = p, .pb = problem_load(e, p->s, in.args) };
    (void)transpose;
    c.channels = x_const(e, p->s->out_channels);
    c.bias = gradient_out(e, &c.pb, in.args, RT_BIAS);
    c.shift = gradient_out(e, &c.pb, in.args, RT_SHIFT);
    idx first = x_mulk(e, in.number, p->lanes);
    idx n = x_min(e, x_const(e, p->lanes), x_sub(e, c.channels, first));
    if (!p->transposes) {
        finish_channels(e, &c, first, m_below(e, n));
    } else {
        EMIT_FOR_OPAQUE (e, i, x_const(e, 0), n, 1) {
            finish_channels(e, &c, x_add(e, first, i.at), m_first(e, 1));
        }
    }
    e_fn_end(e);
    return fn;
}

static bool wanted(const GradientPlan *p)
{
    return p->want.sums;
}

static idx vectors_of(Emit *e, const GradientPlan *p, const Problem *pb)
{
    (void)pb;
    return x_const(e, int_ceil_div(p->s->out_channels, p->lanes));
}

const GradientFinish gradient_finish_sums = { wanted, vectors_of, emit_channels };
