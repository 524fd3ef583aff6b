/* resize_back.c: gradients of resizing: each of the pixels that an output is made of gets its
** share.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/bands.h"
#include "codegen/kernel/intmath.h"

/* One pixel that an output pixel is made of. */
typedef struct Corner {
    addr from, to;
    fvec coeff; /* .v == NULL: 1 */
} Corner;

static void chunk(Emit *e, const void *self, const GlueChunk *c)
{
    const Corner *k = self;
    for (int i = 0; i < c->n; i++) {
        fvec g = p_load(e, glue_lane(e, c, k->from, i), glue_live(c, i));
        fvec d = k->coeff.v ? f_mul(e, g, k->coeff) : g;
        band_add(e, glue_lane(e, c, k->to, i), d, glue_live(c, i));
    }
}

/* The coefficient of a pixel of both axes: upper, lower; left, right. */
static fvec coeff_of(Emit *e, const ResizeTap yx[2], int corner)
{
    fvec one = f_const(e, 1), y = yx[0].fraction, x = yx[1].fraction;
    return f_mul(e, corner / 2 ? y : f_sub(e, one, y), corner % 2 ? x : f_sub(e, one, x));
}

static void give(Emit *e, const Band *b, const ResizeTap yx[2], addr from, int corner)
{
    idx row = i_first(e, corner / 2 ? yx[0].high : yx[0].low);
    idx column = i_first(e, corner % 2 ? yx[1].high : yx[1].low);
    EMIT_IF (e, band_owns(e, b, row)) {
        Corner k = { .from = from, .to = band_input(e, b, b->g->grad[0].to, row, column) };
        if (yx[0].fraction.v)
            k.coeff = coeff_of(e, yx, corner);
        glue_chunks(e, b->g, b->task, chunk, &k);
    }
}

static void row(Emit *e, const Band *b)
{
    ResizeTap yx[2] = { glue_resize_tap(e, b->g, 0, i_splat(e, b->row)) };
    EMIT_FOR (e, column, x_const(e, 0), x_const(e, b->g->out.w), 1) {
        yx[1] = glue_resize_tap(e, b->g, 1, i_splat(e, column.at));
        addr from = band_output(e, b, column.at);
        for (int corner = 0; corner < (yx[0].fraction.v ? 4 : 1); corner++)
            give(e, b, yx, from, corner);
    }
}

static void split(const Glue *g, GlueSplit *s)
{
    const double vectors = (double)int_ceil_div(g->in.c, g->lanes);
    const double outputs = (double)(g->out.h * g->out.w) / (double)g->in.h;
    const int corners = g->layer->resize.mode == NET_NEAREST ? 1 : 4;
    s->groups = g->in.n;
    s->rows = g->in.h;
    s->blocks_allowed = true;
    s->bytes = ((double)g->in.w + outputs) * (double)g->in.c * g->fp_bytes;
    s->cycles = (double)g->in.w * vectors + outputs * (15 + corners * (2 + 3 * vectors));
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    band_task(e, g, t, row);
}

const GlueKind glue_resize_back = { split, task };
