/* blend.c: rows of channels blended, and the gradients of it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/blend.h"
#include "codegen/math/math.h"

static int64_t channels_of_group(const Blend *b)
{
    return b->channels / b->groups;
}

static fvec load(Emit *e, addr p, idx at, mask live)
{
    return p_load(e, p_at(e, p, at), live);
}

void blend_row(Emit *e, const Blend *b, addr out, idx row)
{
    const int64_t channels = channels_of_group(b);
    addr logits = p_at(e, b->logits, x_mulk(e, row, b->groups));
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, b->groups), 1) {
        fvec share = emit_sigmoid(e, p_splat(e, p_at(e, logits, g.at)));
        idx first = x_add(e, x_mulk(e, row, b->channels), x_mulk(e, g.at, channels));
        EMIT_VECTORS (e, c, x_const(e, channels)) {
            idx at = x_add(e, first, c.at);
            addr to = p_at(e, out, at);
            fvec y = load(e, b->y, at, c.live), x = load(e, b->x, at, c.live);
            fvec kept = f_mul(e, y, f_sub(e, f_const(e, 1), share));
            fvec blended = f_fma(e, x, share, kept);
            p_store(e, to, emit_activation(e, b->activation, blended), c.live);
        }
    }
}

/* ---- backwards ------------------------------------------------------------------------------- */

/* The channels of a group, from element `first` on. */
typedef struct BlendGroup {
    const Blend *of;
    const BlendBack *back;
    idx first;
    fvec share;
} BlendGroup;

static void back_to(Emit *e, const BlendGroup *b, const GradientOut *out, fvec factor)
{
    if (!out->to.v)
        return;
    EMIT_IF (e, out->wanted) {
        EMIT_VECTORS (e, c, x_const(e, channels_of_group(b->of))) {
            idx at = x_add(e, b->first, c.at);
            fvec g = load(e, b->back->g, at, c.live);
            gradient_store(e, out, p_at(e, out->to, at), x_const(e, 1),
                           gradient_times(e, g, factor), c.live);
        }
    }
}

/* logit: which one. */
static void back_to_logit(Emit *e, const BlendGroup *b, idx logit)
{
    const GradientOut *out = &b->back->logits;
    if (!out->to.v)
        return;
    EMIT_IF (e, out->wanted) {
        fvec rest = f_sub(e, f_const(e, 1), b->share);
        var sum = v_float(e, f_const(e, 0));
        EMIT_VECTORS (e, c, x_const(e, channels_of_group(b->of))) {
            idx at = x_add(e, b->first, c.at);
            fvec x = load(e, b->of->x, at, c.live);
            fvec d = f_sub(e, x, load(e, b->of->y, at, c.live));
            fvec g = load(e, b->back->g, at, c.live);
            v_set(e, sum, f_add(e, v_get(e, sum), gradient_times(e, g, d)));
        }
        fvec all = gradient_times(e, f_hadd(e, v_get(e, sum)), f_mul(e, b->share, rest));
        gradient_store(e, out, p_at(e, out->to, logit), x_const(e, 1), all, m_first(e, 1));
    }
}

void blend_back_row(Emit *e, const Blend *b, const BlendBack *back, idx row)
{
    EMIT_FOR_OPAQUE (e, g, x_const(e, 0), x_const(e, b->groups), 1) {
        idx logit = x_add(e, x_mulk(e, row, b->groups), g.at);
        BlendGroup group = { .of = b, .back = back };
        group.share = emit_sigmoid(e, p_splat(e, p_at(e, b->logits, logit)));
        group.first = x_mulk(e, logit, channels_of_group(b));
        back_to(e, &group, &back->y, f_sub(e, f_const(e, 1), group.share));
        back_to(e, &group, &back->x, group.share);
        back_to_logit(e, &group, logit);
    }
}
