/* group_maps.c: some groups of an nhwc map in copies of their own.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/group_maps.h"
#include "codegen/kernel/workspace.h"

/* Rows of lines = SPREAD modulo PERIOD: a window of some rows is spread over all sets of L1. */
enum { SPREAD = 5, PERIOD = 16, MAX_UNROLLED = 8 };

idx group_maps_row(Emit *e, const GroupMaps *m, idx width)
{
    const int line = CACHE_LINE / e->fp_bytes;
    idx used = x_mulk(e, width, m->group_channels);
    idx lines = x_ceil_div(e, used, line);
    lines = x_addk(e, x_round_up(e, x_addk(e, lines, PERIOD - SPREAD), PERIOD), SPREAD - PERIOD);
    return x_mulk(e, lines, line);
}

idx group_maps_step(Emit *e, const GroupMaps *m, const Problem *pb)
{
    return x_mul(e, pb->h, group_maps_row(e, m, pb->w));
}

void group_move(Emit *e, addr to, addr from, mask live)
{
    p_store(e, to, p_load(e, from, live), live);
}

static void one_pixel(Emit *e, int channels, GroupBody body, addr to, addr from)
{
    if (channels > MAX_UNROLLED * e->lanes) {
        EMIT_VECTORS (e, v, x_const(e, channels)) {
            body(e, p_at(e, to, v.at), p_at(e, from, v.at), v.live);
        }
        return;
    }
    for (int c = 0; c < channels; c += e->lanes) {
        mask live = m_up_to(e, channels - c);
        body(e, p_at(e, to, x_const(e, c)), p_at(e, from, x_const(e, c)), live);
    }
}

void group_maps_each_pixel(Emit *e, const GroupMaps *m, GroupBody body, const GroupRow *r,
                           idx width)
{
    EMIT_FOR_OPAQUE (e, g, x_const(e, 0), x_const(e, m->groups), 1) {
        addr to = p_at(e, r->to, x_mul(e, g.at, r->to_group));
        addr from = p_at(e, r->from, x_mul(e, g.at, r->from_group));
        EMIT_FOR (e, x, x_const(e, 0), width, 1) {
            one_pixel(e, m->group_channels, body, p_at(e, to, x_mulk(e, x.at, r->to_step)),
                      p_at(e, from, x_mulk(e, x.at, r->from_step)));
        }
    }
}
