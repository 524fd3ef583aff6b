/* copy.c: concat and slice, and their gradients: channels of a pixel copied to where they belong.
**
** A row is a pixel.  Of a slice, the gradients of the channels that were left out are 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/inside.h"
#include "codegen/kernel/intmath.h"

static int64_t pixels_of(net_shape s)
{
    return s.n * s.h * s.w;
}

static void split(const Glue *g, GlueSplit *s)
{
    const int64_t c = g->layer->kind == NET_SLICE ? g->layer->count : g->out.c;
    s->rows = pixels_of(g->out);
    s->bytes = 2.0 * (double)c * g->fp_bytes;
    s->cycles = 2.0 * (double)int_ceil_div(c, g->lanes) + g->nargs;
}

static void back_split(const Glue *g, GlueSplit *s)
{
    const int64_t c = g->layer->kind == NET_SLICE ? g->in.c : g->out.c;
    split(g, s);
    s->bytes = 3.0 * (double)c * g->fp_bytes;
}

/* The channels of pixel number `row` in a map of c channels. */
static addr row_of(Emit *e, addr map, idx row, int64_t c)
{
    return p_at(e, map, x_mulk(e, row, c));
}

/* ---- forwards --------------------------------------------------------------------------------- */

static void concat_task(Emit *e, const Glue *g, const GlueTask *t)
{
    EMIT_FOR (e, row, t->first, t->last, 1) {
        addr to = row_of(e, g->made, row.at, g->out.c);
        for (int i = 0; i < g->nargs; i++) {
            const int64_t c = glue_shape(g, i).c;
            glue_copy(e, to, row_of(e, g->arg[i], row.at, c), c);
            to = p_at(e, to, x_const(e, c));
        }
    }
}

static void slice_task(Emit *e, const Glue *g, const GlueTask *t)
{
    idx from = x_const(e, g->layer->from);
    EMIT_FOR (e, row, t->first, t->last, 1) {
        glue_copy(e, row_of(e, g->made, row.at, g->out.c),
                  p_at(e, row_of(e, g->arg[0], row.at, g->in.c), from), g->out.c);
    }
}

const GlueKind glue_concat = { split, concat_task }, glue_slice = { split, slice_task };

/* ---- backwards -------------------------------------------------------------------------------- */

typedef struct Sum {
    addr to, from;
} Sum;

static void add_vector(Emit *e, const void *self, idx at, mask live)
{
    const Sum *s = self;
    addr to = p_at(e, s->to, at);
    p_store(e, to, f_add(e, p_load(e, to, live), p_load(e, p_at(e, s->from, at), live)), live);
}

/* n elements of a row, added to what is there or in its place. */
static void give(Emit *e, bool add, addr to, addr from, int64_t n)
{
    const Sum s = { to, from };
    if (add)
        e_run(e, x_const(e, n), GLUE_CHUNK, add_vector, &s);
    else
        glue_copy(e, to, from, n);
}

/* Channels at .. of the output's gradient, to an argument that has c. */
static void concat_back(Emit *e, const Glue *g, const GlueTask *t, int i, int64_t at)
{
    const int64_t c = glue_shape(g, i).c;
    EMIT_IF_ELSE (e, add, g->grad[i].add) {
        EMIT_FOR (e, row, t->first, t->last, 1) {
            addr from = p_at(e, row_of(e, g->made, row.at, g->out.c), x_const(e, at));
            give(e, add.yes, row_of(e, g->grad[i].to, row.at, c), from, c);
        }
    }
}

static void concat_back_task(Emit *e, const Glue *g, const GlueTask *t)
{
    int64_t at = 0;
    for (int i = 0; i < g->nargs; i++) {
        EMIT_IF (e, g->grad[i].wanted) {
            concat_back(e, g, t, i, at);
        }
        at += glue_shape(g, i).c;
    }
}

static void slice_back_row(Emit *e, const Glue *g, idx row, bool add)
{
    const int64_t from = g->layer->from, n = g->out.c, all = g->in.c;
    const addr nothing = { NULL };
    addr to = row_of(e, g->grad[0].to, row, all), inside = p_at(e, to, x_const(e, from));
    give(e, add, inside, row_of(e, g->made, row, n), n);
    if (add)
        return;
    glue_copy(e, to, nothing, from);
    glue_copy(e, p_at(e, inside, x_const(e, n)), nothing, all - from - n);
}

static void slice_back_task(Emit *e, const Glue *g, const GlueTask *t)
{
    EMIT_IF (e, g->grad[0].wanted) {
        EMIT_IF_ELSE (e, add, g->grad[0].add) {
            EMIT_FOR (e, row, t->first, t->last, 1) {
                slice_back_row(e, g, row.at, add.yes);
            }
        }
    }
}

const GlueKind glue_concat_back = { back_split, concat_back_task },
               glue_slice_back = { back_split, slice_back_task };
