/* runs.c: vectors one after another: along contiguous elements, along channels, and copies.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/inside.h"
#include "codegen/kernel/intmath.h"
#include "codegen/math/math.h"

/* ---- channels -------------------------------------------------------------------------------- */

static GlueChunk some(Emit *e, idx channel, int64_t channels)
{
    GlueChunk c = { .channel = channel, .n = (int)int_ceil_div(channels, e->lanes) };
    if (channels % e->lanes)
        c.last = m_first(e, (int)(channels % e->lanes));
    return c;
}

/* Blocks are whole chunks, so only the last chunk of all channels may be a smaller one. */
void glue_chunks(Emit *e, const Glue *g, const GlueTask *t, GlueChunkBody body, const void *self)
{
    const int64_t all = g->in.c, step = (int64_t)g->split.chunk * e->lanes, rest = all % step;
    if (all <= step) {
        const GlueChunk only = some(e, x_const(e, 0), all);
        body(e, self, &only);
        return;
    }
    EMIT_FOR (e, c, t->channel, t->channel_end, step) {
        const GlueChunk whole = some(e, c.at, step), part = some(e, c.at, rest);
        if (rest == 0) {
            body(e, self, &whole);
            continue;
        }
        EMIT_IF_ELSE (e, last, x_equal(e, c.at, x_const(e, all - rest))) {
            body(e, self, last.yes ? &part : &whole);
        }
    }
}

mask glue_live(const GlueChunk *c, int vector)
{
    return vector == c->n - 1 ? c->last : all_lanes;
}

addr glue_lane(Emit *e, const GlueChunk *c, addr p, int i)
{
    return p_at(e, p, x_addk(e, c->channel, (int64_t)i * e->lanes));
}

/* ---- copies ---------------------------------------------------------------------------------- */

typedef struct GlueCopy {
    addr to, from;
} GlueCopy;

static void copy_vector(Emit *e, const void *self, idx at, mask live)
{
    const GlueCopy *c = self;
    fvec x = c->from.v ? p_load(e, p_at(e, c->from, at), live) : f_const(e, 0);
    p_store(e, p_at(e, c->to, at), x, live);
}

/* What is left of a vector: once more with what was before it, or in powers of two. */
void glue_copy(Emit *e, addr to, addr from, int64_t n)
{
    const GlueCopy c = { to, from };
    const int64_t whole = n / e->lanes * e->lanes;
    e_run(e, x_const(e, whole), GLUE_CHUNK, copy_vector, &c);
    if (whole && whole < n) {
        copy_vector(e, &c, x_const(e, n - e->lanes), all_lanes);
        return;
    }
    int64_t at = 0;
    for (int lanes = e->lanes / 2; lanes >= 1 && whole < n; lanes /= 2) {
        if (!(n & lanes))
            continue;
        EMIT_LANES (e, lanes) {
            copy_vector(e, &c, x_const(e, at), all_lanes);
        }
        at += lanes;
    }
}

/* ---- activations ------------------------------------------------------------------------------ */

fvec glue_finish(Emit *e, const Glue *g, fvec x)
{
    return emit_activation(e, g->layer->activation, x);
}

int glue_unroll(const Glue *g)
{
    return activation_is_long(g->layer->activation.kind) ? 2 : GLUE_CHUNK;
}

double glue_activation_cycles(const Glue *g)
{
    const dcn_activation kind = g->layer->activation.kind;
    return kind == DCN_ACT_NONE ? 0 : activation_is_long(kind) ? 20 : 2;
}
