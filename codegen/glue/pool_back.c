/* pool_back.c: gradients of pools.
**
** Of a mean every pixel of the window gets its share.  Of a maximum the first pixel that is it gets all,
** in the order of rows; which it is, is found again.  A NaN counts as larger than all before it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/bands.h"
#include "codegen/kernel/intmath.h"

#include <math.h>

/* Vectors in hand of a maximum: each has a number, its place and a gradient. */
enum { MAX_CHUNK = 2 };

typedef struct PoolBack {
    const Band *band;
    GlueWindow window[2];
    addr from; /* the output's gradient of the pixel */
} PoolBack;

static idx pixel_number(Emit *e, const PoolBack *p, idx y, idx x)
{
    return x_add(e, x_mulk(e, y, p->band->g->in.w), x);
}

typedef struct Largest {
    var most[GLUE_CHUNK], place[GLUE_CHUNK];
} Largest;

static void look_at(Emit *e, const PoolBack *p, const GlueChunk *c, Largest *l, const idx yx[2])
{
    ivec here = i_splat(e, pixel_number(e, p, yx[0], yx[1]));
    addr from = band_input(e, p->band, p->band->g->arg[0], yx[0], yx[1]);
    for (int i = 0; i < c->n; i++) {
        fvec x = p_load(e, glue_lane(e, c, from, i), glue_live(c, i)), most = v_get(e, l->most[i]);
        mask better = m_or(e, f_less(e, most, x), f_is_nan(e, x));
        v_set(e, l->most[i], f_select(e, better, x, most));
        v_ints_set(e, l->place[i], i_select(e, better, here, v_ints_get(e, l->place[i])));
    }
}

static void find(Emit *e, const PoolBack *p, const GlueChunk *c, Largest *l)
{
    const GlueWindow *w = p->window;
    ivec first = i_splat(e, pixel_number(e, p, w[0].first, w[1].first));
    for (int i = 0; i < c->n; i++) {
        l->most[i] = v_float(e, f_const(e, -INFINITY));
        l->place[i] = v_ints(e, first);
    }
    EMIT_FOR (e, y, w[0].first, w[0].last, w[0].step) {
        EMIT_FOR (e, x, w[1].first, w[1].last, w[1].step) {
            look_at(e, p, c, l, (const idx[2]){ y.at, x.at });
        }
    }
}

/* Own pixels of the window: what each gets of g. */
static void give(Emit *e, const PoolBack *p, const GlueChunk *c, const fvec *g, const Largest *l)
{
    const GlueWindow *w = p->window;
    fvec zero = f_const(e, 0);
    EMIT_FOR (e, y, w[0].first, w[0].last, w[0].step) {
        EMIT_IF (e, band_owns(e, p->band, y.at)) {
            EMIT_FOR (e, x, w[1].first, w[1].last, w[1].step) {
                ivec here = i_splat(e, pixel_number(e, p, y.at, x.at));
                addr to = band_input(e, p->band, p->band->g->grad[0].to, y.at, x.at);
                for (int i = 0; i < c->n; i++) {
                    fvec d = g[i];
                    if (l)
                        d = f_select(e, i_equal(e, here, v_ints_get(e, l->place[i])), d, zero);
                    band_add(e, glue_lane(e, c, to, i), d, glue_live(c, i));
                }
            }
        }
    }
}

static void chunk(Emit *e, const void *self, const GlueChunk *c)
{
    const PoolBack *p = self;
    const bool mean = p->band->g->layer->kind == NET_AVG_POOL;
    fvec g[GLUE_CHUNK], share = { NULL };
    Largest l;
    if (mean) {
        idx n = x_mul(e, p->window[0].counted, p->window[1].counted);
        share = f_div(e, f_const(e, 1), i_to_f(e, i_splat(e, x_max(e, n, x_const(e, 1)))));
    } else {
        find(e, p, c, &l);
    }
    for (int i = 0; i < c->n; i++) {
        g[i] = p_load(e, glue_lane(e, c, p->from, i), glue_live(c, i));
        if (mean)
            g[i] = f_mul(e, g[i], share);
    }
    give(e, p, c, g, mean ? NULL : &l);
}

static void row(Emit *e, const Band *b)
{
    PoolBack p = { .band = b };
    p.window[0] = glue_window(e, b->g, 0, b->row);
    EMIT_FOR (e, column, x_const(e, 0), x_const(e, b->g->out.w), 1) {
        p.window[1] = glue_window(e, b->g, 1, column.at);
        p.from = band_output(e, b, column.at);
        glue_chunks(e, b->g, b->task, chunk, &p);
    }
}

static void split(const Glue *g, GlueSplit *s)
{
    const bool mean = g->layer->kind == NET_AVG_POOL;
    const double vectors = (double)(g->in.w * int_ceil_div(g->in.c, g->lanes));
    const double windows = (double)(g->out.h * g->out.w) / (double)(g->in.h * g->in.w);
    const double taps = (double)glue_taps(g, 0) * glue_taps(g, 1);
    s->groups = g->in.n;
    s->rows = g->in.h;
    s->blocks_allowed = true;
    s->chunk = mean ? GLUE_CHUNK : MAX_CHUNK;
    s->least = mean ? 1 : glue_taps(g, 0); /* windows of two bands are searched twice */
    s->bytes = (double)(g->in.w * g->in.c) * g->fp_bytes * (mean ? 2 : 3);
    s->cycles = vectors * (2 + (taps > 0 ? taps * windows : 1) * (mean ? 2 : 8));
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    band_task(e, g, t, row);
}

const GlueKind glue_pool_back = { split, task };
