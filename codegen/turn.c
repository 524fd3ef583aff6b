/* turn.c: rows of planes to rows of pixels, in squares of lanes x lanes that are transposed in registers.
** SPDX-License-Identifier: Apache-2.0
*/
#include "turn.h"
#include "transpose.h"

/* The channel that stands at place c. */
static idx channel_at(Emit *e, const Turn *t, idx c)
{
    idx outputs = x_const(e, t->outputs);
    if (t->groups == 1)
        return c;
    return x_add(e, x_mulk(e, x_rem(e, c, outputs), t->groups), x_div(e, c, outputs));
}

/* c: the first place of a vector, which lies in one block. */
static addr turned(Emit *e, const Turn *t, idx c, idx x)
{
    idx at = x_mulk(e, x, t->view), view = x_const(e, t->view);
    if (t->view == t->channels)
        return p_at(e, t->to, x_add(e, at, c));
    at = x_add(e, at, x_add(e, x_mul(e, x_div(e, c, view), t->block), x_rem(e, c, view)));
    return p_at(e, t->to, at);
}

/* Places c .. c+count-1 of a vector of pixels. */
static void turn_block(Emit *e, const Turn *t, idx c, int count, const Tiles *x)
{
    const mask part = count < e->lanes ? m_first(e, count) : (mask){ NULL };
    fvec block[64];
    for (int i = 0; i < e->lanes; i++) {
        idx at = x_add(e, x_mul(e, channel_at(e, t, x_addk(e, c, i)), t->plane), x->at);
        block[i] = i < count ? p_load(e, p_at(e, t->from, at), x->live) : f_const(e, 0);
    }
    emit_transpose(e, block);
    for (int i = 0; i < e->lanes; i++) {
        idx at = x_addk(e, x->at, i);
        if (!x->live.v) {
            p_store(e, turned(e, t, c, at), block[i], part);
            continue;
        }
        EMIT_IF (e, x_less(e, at, x->extent)) {
            p_store(e, turned(e, t, c, at), block[i], part);
        }
    }
}

void emit_turn(Emit *e, const Turn *t, idx pixels)
{
    int64_t whole = t->channels / e->lanes * e->lanes;
    EMIT_TILES (e, x, pixels) {
        EMIT_FOR (e, c, x_const(e, 0), x_const(e, whole), e->lanes) {
            turn_block(e, t, c.at, e->lanes, &x);
        }
        if (whole < t->channels)
            turn_block(e, t, x_const(e, whole), (int)(t->channels - whole), &x);
    }
}
