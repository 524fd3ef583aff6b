/* resize.c: nearest pixels, or four of them blended.
**
** A row is an output row of an image.  Vectors run along channels, or, of a few channels, along the pixels
** of the row, where they are gathered.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/inside.h"
#include "codegen/kernel/intmath.h"

enum { FEW_CHANNELS = 4 };

static bool is_nearest(const Glue *g)
{
    return g->layer->resize.mode == NET_NEAREST;
}

/* ((1 - y) (1 - x), (1 - y) x, y (1 - x), y x) */
static void coeffs_of(Emit *e, const ResizeTap *y, const ResizeTap *x, fvec coeff[4])
{
    fvec one = f_const(e, 1), above = f_sub(e, one, y->fraction), left = f_sub(e, one, x->fraction);
    coeff[0] = f_mul(e, above, left);
    coeff[1] = f_mul(e, above, x->fraction);
    coeff[2] = f_mul(e, y->fraction, left);
    coeff[3] = f_mul(e, y->fraction, x->fraction);
}

static fvec blend(Emit *e, const fvec coeff[4], const fvec x[4])
{
    fvec sum = f_mul(e, coeff[0], x[0]);
    for (int i = 1; i < 4; i++)
        sum = f_fma(e, coeff[i], x[i], sum);
    return sum;
}

/* ---- along channels --------------------------------------------------------------------------- */

/* An output pixel: those that it is made of. */
typedef struct ResizePixel {
    const Glue *g;
    int n; /* 1 or 4 */
    addr from[4], to;
    fvec coeff[4];
} ResizePixel;

static void chunk(Emit *e, const void *self, const GlueChunk *c)
{
    const ResizePixel *p = self;
    for (int i = 0; i < c->n; i++) {
        fvec x[4];
        for (int k = 0; k < p->n; k++)
            x[k] = p_load(e, glue_lane(e, c, p->from[k], i), glue_live(c, i));
        fvec y = p->n == 1 ? x[0] : blend(e, p->coeff, x);
        p_store(e, glue_lane(e, c, p->to, i), glue_finish(e, p->g, y), glue_live(c, i));
    }
}

/* The row of an image that lies at `image`. */
static void row_of_pixels(Emit *e, const Glue *g, const GlueTask *t, addr image, idx row)
{
    const ResizeTap y = glue_resize_tap(e, g, 0, i_splat(e, row));
    idx line = x_mulk(e, x_add(e, x_mulk(e, t->group, g->out.h), row), g->out.w);
    addr above = p_at(e, image, x_mulk(e, i_first(e, y.low), g->in.w * g->in.c));
    addr below = p_at(e, image, x_mulk(e, i_first(e, y.high), g->in.w * g->in.c));
    EMIT_FOR (e, column, x_const(e, 0), x_const(e, g->out.w), 1) {
        const ResizeTap x = glue_resize_tap(e, g, 1, i_splat(e, column.at));
        idx low = x_mulk(e, i_first(e, x.low), g->in.c),
            high = x_mulk(e, i_first(e, x.high), g->in.c);
        ResizePixel p = { g, is_nearest(g) ? 1 : 4, .from = { p_at(e, above, low) } };
        p.to = p_at(e, g->made, x_mulk(e, x_add(e, line, column.at), g->out.c));
        if (!is_nearest(g)) {
            p.from[1] = p_at(e, above, high);
            p.from[2] = p_at(e, below, low);
            p.from[3] = p_at(e, below, high);
            coeffs_of(e, &y, &x, p.coeff);
        }
        glue_chunks(e, g, t, chunk, &p);
    }
}

/* ---- along pixels ------------------------------------------------------------------------------ */

static ivec elements(Emit *e, const Glue *g, ivec column, int channel)
{
    return i_add(e, i_mul(e, column, i_const(e, (int)g->in.c)), i_const(e, channel));
}

/* One channel of as many columns as a vector has lanes. */
static fvec gathered(Emit *e, const Glue *g, const addr rows[2], const ResizeTap yx[2], int channel,
                     mask live)
{
    ivec low = elements(e, g, yx[1].low, channel), high = elements(e, g, yx[1].high, channel);
    if (is_nearest(g))
        return p_gather(e, rows[0], low, live);
    fvec coeff[4];
    coeffs_of(e, &yx[0], &yx[1], coeff);
    const fvec x[4] = { p_gather(e, rows[0], low, live), p_gather(e, rows[0], high, live),
                        p_gather(e, rows[1], low, live), p_gather(e, rows[1], high, live) };
    return blend(e, coeff, x);
}

static void row_of_few(Emit *e, const Glue *g, const GlueTask *t, addr image, idx row)
{
    const int channels = (int)g->in.c;
    ResizeTap yx[2] = { glue_resize_tap(e, g, 0, i_splat(e, row)) };
    idx line = x_mulk(e, x_add(e, x_mulk(e, t->group, g->out.h), row), g->out.w);
    const addr rows[2] = { p_at(e, image, x_mulk(e, i_first(e, yx[0].low), g->in.w * g->in.c)),
                           p_at(e, image, x_mulk(e, i_first(e, yx[0].high), g->in.w * g->in.c)) };
    EMIT_VECTORS (e, column, x_const(e, g->out.w)) {
        yx[1] = glue_resize_tap(e, g, 1, i_add(e, i_splat(e, column.at), i_lane(e)));
        addr to = p_at(e, g->made, x_mulk(e, x_add(e, line, column.at), channels));
        for (int c = 0; c < channels; c++) {
            fvec y = glue_finish(e, g, gathered(e, g, rows, yx, c, column.live));
            addr at = p_at(e, to, x_const(e, c));
            if (channels == 1)
                p_store(e, at, y, column.live);
            else
                p_scatter(e, at, i_mul(e, i_lane(e), i_const(e, channels)), y, column.live);
        }
    }
}

/* ---- the kind ----------------------------------------------------------------------------------- */

static bool has_few(const Glue *g)
{
    return g->in.c <= FEW_CHANNELS && g->in.c < g->lanes;
}

static void split(const Glue *g, GlueSplit *s)
{
    const double vectors = (double)int_ceil_div(g->in.c, g->lanes);
    const double more = (double)(g->in.h * g->in.w) / (double)(g->out.h * g->out.w);
    s->groups = g->in.n;
    s->rows = g->out.h;
    s->blocks_allowed = !has_few(g);
    s->bytes = (double)(g->out.w * g->in.c) * g->fp_bytes * (1 + (more < 1 ? more : 1));
    s->cycles = (double)g->out.w * (10 + vectors * (is_nearest(g) ? 2 : 8));
    if (has_few(g))
        s->cycles = (double)int_ceil_div(g->out.w, g->lanes) *
                    (20 + (double)g->in.c * g->lanes * (is_nearest(g) ? 1 : 4));
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    addr image = p_at(e, g->arg[0], x_mulk(e, t->group, g->in.h * g->in.w * g->in.c));
    EMIT_FOR (e, row, t->first, t->last, 1) {
        if (has_few(g))
            row_of_few(e, g, t, image, row.at);
        else
            row_of_pixels(e, g, t, image, row.at);
    }
}

const GlueKind glue_resize = { split, task };
