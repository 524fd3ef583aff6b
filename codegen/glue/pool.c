/* pool.c: the largest, or the mean, of windows of pixels.
**
** A row is an output row of an image; vectors run along channels.  Windows that are not cut off at the
** sides have their columns written out.  A window without a pixel is -infinity, or 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/inside.h"
#include "codegen/kernel/intmath.h"

#include <math.h>

enum { UNROLLED_TAPS = 8 };

/* An output pixel. */
typedef struct PoolPixel {
    const Glue *g;
    GlueWindow window[2];
    idx image; /* element at which the image begins */
    addr to;
} PoolPixel;

static bool is_max(const Glue *g)
{
    return g->layer->kind == NET_MAX_POOL;
}

/* NaN stays. */
static fvec larger(Emit *e, fvec most, fvec x)
{
    return f_select(e, f_is_nan(e, x), x, f_max(e, x, most));
}

static void add_pixel(Emit *e, const PoolPixel *p, const GlueChunk *c, var sum[GLUE_CHUNK], idx y,
                      idx x)
{
    const net_shape in = p->g->in;
    idx pixel = x_add(e, x_mulk(e, y, in.w), x);
    addr from = p_at(e, p->g->arg[0], x_add(e, p->image, x_mulk(e, pixel, in.c)));
    for (int i = 0; i < c->n; i++) {
        fvec v = p_load(e, glue_lane(e, c, from, i), glue_live(c, i)), old = v_get(e, sum[i]);
        v_set(e, sum[i], is_max(p->g) ? larger(e, old, v) : f_add(e, old, v));
    }
}

/* The window's pixels of a row. */
static void add_row(Emit *e, const PoolPixel *p, const GlueChunk *c, var sum[GLUE_CHUNK], idx y)
{
    const GlueWindow *w = &p->window[1];
    const int taps = glue_taps(p->g, 1);
    const bool few = taps > 0 && taps <= UNROLLED_TAPS;
    if (few && w->whole) {
        for (int i = 0; i < taps; i++)
            add_pixel(e, p, c, sum, y, x_addk(e, w->start, i * w->step));
        return;
    }
    EMIT_FOR (e, x, w->first, w->last, w->step) {
        add_pixel(e, p, c, sum, y, x.at);
    }
}

static void add_rows(Emit *e, const PoolPixel *p, const GlueChunk *c, var sum[GLUE_CHUNK])
{
    const GlueWindow *w = &p->window[0];
    EMIT_FOR (e, y, w->first, w->last, w->step) {
        add_row(e, p, c, sum, y.at);
    }
}

/* What the sums of a mean are multiplied with. */
static fvec share_of(Emit *e, const PoolPixel *p)
{
    idx n = x_mul(e, p->window[0].counted, p->window[1].counted);
    return f_div(e, f_const(e, 1), i_to_f(e, i_splat(e, x_max(e, n, x_const(e, 1)))));
}

static void chunk(Emit *e, const void *self, const GlueChunk *c)
{
    const PoolPixel *p = self;
    var sum[GLUE_CHUNK];
    for (int i = 0; i < c->n; i++)
        sum[i] = v_float(e, f_const(e, is_max(p->g) ? -INFINITY : 0));
    add_rows(e, p, c, sum);
    fvec share = is_max(p->g) ? f_const(e, 1) : share_of(e, p);
    for (int i = 0; i < c->n; i++) {
        fvec x = v_get(e, sum[i]);
        if (!is_max(p->g))
            x = f_mul(e, x, share);
        p_store(e, glue_lane(e, c, p->to, i), glue_finish(e, p->g, x), glue_live(c, i));
    }
}

/* Whether its columns are written out depends on where the pixel is. */
static void pixel(Emit *e, PoolPixel *p, const GlueTask *t)
{
    GlueWindow *w = &p->window[1];
    const int taps = glue_taps(p->g, 1);
    if (w->whole || taps == 0 || taps > UNROLLED_TAPS) {
        glue_chunks(e, p->g, t, chunk, p);
        return;
    }
    EMIT_IF_ELSE (e, inside, w->is_whole) {
        w->whole = inside.yes;
        glue_chunks(e, p->g, t, chunk, p);
    }
}

static void split(const Glue *g, GlueSplit *s)
{
    const double vectors = (double)(g->out.w * int_ceil_div(g->in.c, g->lanes));
    const double pixels = (double)(g->in.h * g->in.w) / (double)(g->out.h * g->out.w);
    const int rows = glue_taps(g, 0), columns = glue_taps(g, 1);
    const double taps = rows ? (double)rows * columns : pixels;
    s->groups = g->in.n;
    s->rows = g->out.h;
    s->blocks_allowed = true;
    s->bytes = (double)(g->out.w * g->in.c) * g->fp_bytes * (1 + pixels);
    s->cycles = vectors * (10 + taps * (is_max(g) ? 2 : 1));
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    PoolPixel p = { .g = g };
    p.image = x_mulk(e, t->group, g->in.h * g->in.w * g->in.c);
    EMIT_FOR (e, row, t->first, t->last, 1) {
        p.window[0] = glue_window(e, g, 0, row.at);
        idx line = x_add(e, x_mulk(e, t->group, g->out.h), row.at);
        EMIT_FOR (e, column, x_const(e, 0), x_const(e, g->out.w), 1) {
            p.window[1] = glue_window(e, g, 1, column.at);
            idx at = x_add(e, x_mulk(e, line, g->out.w), column.at);
            p.to = p_at(e, g->made, x_mulk(e, at, g->out.c));
            pixel(e, &p, t);
        }
    }
}

const GlueKind glue_pool = { split, task };
