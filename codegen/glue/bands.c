/* bands.c: tasks that own bands of input rows.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/bands.h"

addr band_input(Emit *e, const Band *b, addr map, idx row, idx column)
{
    const net_shape in = b->g->in;
    idx line = x_add(e, x_mulk(e, b->task->group, in.h), row);
    return p_at(e, map, x_mulk(e, x_add(e, x_mulk(e, line, in.w), column), in.c));
}

addr band_output(Emit *e, const Band *b, idx column)
{
    const net_shape out = b->g->out;
    idx line = x_add(e, x_mulk(e, b->task->group, out.h), b->row);
    return p_at(e, b->g->made, x_mulk(e, x_add(e, x_mulk(e, line, out.w), column), out.c));
}

cond band_owns(Emit *e, const Band *b, idx row)
{
    return c_and(e, c_not(e, x_less(e, row, b->task->first)), x_less(e, row, b->task->last));
}

void band_add(Emit *e, addr to, fvec x, mask live)
{
    p_store(e, to, f_add(e, p_load(e, to, live), x), live);
}

static void clear_chunk(Emit *e, const void *self, const GlueChunk *c)
{
    const addr *to = self;
    for (int i = 0; i < c->n; i++)
        p_store(e, glue_lane(e, c, *to, i), f_const(e, 0), glue_live(c, i));
}

static void clear(Emit *e, const Band *b)
{
    EMIT_FOR (e, row, b->task->first, b->task->last, 1) {
        EMIT_FOR (e, column, x_const(e, 0), x_const(e, b->g->in.w), 1) {
            const addr to = band_input(e, b, b->g->grad[0].to, row.at, column.at);
            glue_chunks(e, b->g, b->task, clear_chunk, &to);
        }
    }
}

static void rows(Emit *e, const Band *b, BandRow row)
{
    Band at = *b;
    const GlueReach reach = glue_reach(e, b->g, b->task);
    EMIT_IF (e, c_not(e, b->g->grad[0].add)) {
        clear(e, b);
    }
    EMIT_FOR (e, out, reach.first, reach.last, 1) {
        at.row = out.at;
        row(e, &at);
    }
}

/* Where channels do not fill a vector, lanes are so few that nothing is masked: a masked store keeps the next
** load of the same pixel waiting. */
static int lanes_of(const Glue *g)
{
    int lanes = g->lanes;
    while (g->in.c < g->lanes && g->in.c % lanes)
        lanes /= 2;
    return lanes;
}

void band_task(Emit *e, const Glue *g, const GlueTask *t, BandRow row)
{
    const Band b = { .g = g, .task = t };
    EMIT_IF (e, g->grad[0].wanted) {
        EMIT_LANES (e, lanes_of(g)) {
            rows(e, &b, row);
        }
    }
}
