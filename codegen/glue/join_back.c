/* join_back.c: gradients of add, mul and activation, with g the gradient of the output.
**
**     e = g act'(x)      add   grad_a = e,  grad_b = sum e      mul   grad_a = e b scale,  grad_b = sum e a scale
**
** The sum is over what b is the same for: images, for which one task has them all; channels, likewise;
** or pixels, of which every task has a part. Where e is 0 nothing is added, whatever stands beside it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/join.h"
#include "codegen/kernel/intmath.h"
#include "codegen/math/math.h"

static bool reads_a(const Glue *g)
{
    return g->layer->activation.kind != DCN_ACT_NONE || (g->layer->kind == NET_MUL && g->nargs > 1);
}

static bool reads_b(const Glue *g)
{
    return g->nargs > 1 && reads_a(g);
}

/* Some elements: what is read of them, and e. */
typedef struct JoinLanes {
    fvec a, b, e; /* .v == NULL: not read, or there is none */
} JoinLanes;

/* b is read already. */
static JoinLanes lanes_at(Emit *e, const Glue *g, idx at, fvec b, mask live)
{
    const rt_activation act = g->layer->activation;
    JoinLanes l = { .b = b, .e = p_load(e, p_at(e, g->made, at), live) };
    if (reads_a(g))
        l.a = p_load(e, p_at(e, g->arg[0], at), live);
    if (act.kind != DCN_ACT_NONE)
        l.e = gradient_times(e, l.e, emit_activation_slope(e, act, join_value(e, g, l.a, b)));
    return l;
}

/* e times the other factor and the scale; a sum has neither. */
static fvec toward(Emit *e, const Glue *g, const JoinLanes *l, fvec other)
{
    if (g->layer->kind != NET_MUL)
        return l->e;
    fvec scale = f_const(e, g->layer->scale);
    if (!other.v)
        return gradient_times(e, l->e, scale);
    return gradient_times(e, l->e, g->layer->scale == 1 ? other : f_mul(e, other, scale));
}

static void give_a(Emit *e, const Glue *g, const JoinLanes *l, idx at, mask live)
{
    gradient_give(e, &g->grad[0], at, toward(e, g, l, l->b), live);
}

/* ---- elements --------------------------------------------------------------------------------- */

typedef struct JoinBackFlat {
    const Glue *g;
    GlueJoin join;
    idx first;
} JoinBackFlat;

/* One element of b for one of a. */
static void flat_vector(Emit *e, const void *self, idx n, mask live)
{
    const JoinBackFlat *f = self;
    idx at = x_add(e, f->first, n);
    fvec b = reads_b(f->g) ? p_load(e, p_at(e, f->g->arg[1], at), live) : (fvec){ NULL };
    const JoinLanes l = lanes_at(e, f->g, at, b, live);
    give_a(e, f->g, &l, at, live);
    if (f->join.has_b)
        gradient_give(e, &f->g->grad[1], at, toward(e, f->g, &l, l.a), live);
}

/* One element of b for all images. */
static void images_vector(Emit *e, const void *self, idx n, mask live)
{
    const JoinBackFlat *f = self;
    idx in_image = x_add(e, f->first, n);
    fvec b = reads_b(f->g) ? p_load(e, p_at(e, f->g->arg[1], in_image), live) : (fvec){ NULL };
    var sum = v_float(e, f_const(e, 0));
    EMIT_FOR (e, image, x_const(e, 0), x_const(e, f->join.n), 1) {
        idx at = x_add(e, x_mulk(e, image.at, f->join.p * f->join.c), in_image);
        const JoinLanes l = lanes_at(e, f->g, at, b, live);
        give_a(e, f->g, &l, at, live);
        v_set(e, sum, f_add(e, v_get(e, sum), toward(e, f->g, &l, l.a)));
    }
    gradient_give(e, &f->g->grad[1], in_image, v_get(e, sum), live);
}

static bool one_for_all_images(const GlueJoin *j)
{
    return j->has_b && !j->by_image;
}

static void flat_task(Emit *e, const Glue *g, const GlueJoin *j, const GlueTask *t)
{
    const JoinSpan span = join_span(e, t, join_elements(j));
    const JoinBackFlat f = { g, *j, span.first };
    if (one_for_all_images(j))
        e_run(e, span.count, 1, images_vector, &f);
    else
        e_run(e, span.count, 2, flat_vector, &f);
}

/* ---- a number of b for each pixel -------------------------------------------------------------- */

typedef struct PixelRow {
    const Glue *g;
    idx first; /* element of the pixel */
    fvec b;
    var sum;
} PixelRow;

static void pixel_vector(Emit *e, const void *self, idx n, mask live)
{
    const PixelRow *r = self;
    idx at = x_add(e, r->first, n);
    const JoinLanes l = lanes_at(e, r->g, at, r->b, live);
    give_a(e, r->g, &l, at, live);
    v_set(e, r->sum, f_add(e, v_get(e, r->sum), toward(e, r->g, &l, l.a)));
}

static void pixels_task(Emit *e, const Glue *g, const GlueJoin *j, const GlueTask *t)
{
    const int64_t images = one_for_all_images(j) ? j->n : 1;
    EMIT_FOR (e, pixel, t->first, t->last, 1) {
        PixelRow r = { .g = g, .b = p_splat(e, p_at(e, g->arg[1], pixel.at)) };
        r.sum = v_float(e, f_const(e, 0));
        EMIT_FOR (e, image, x_const(e, 0), x_const(e, images), 1) {
            r.first = x_mulk(e, x_add(e, x_mulk(e, image.at, j->p), pixel.at), j->c);
            e_run(e, x_const(e, j->c), 1, pixel_vector, &r);
        }
        gradient_give(e, &g->grad[1], pixel.at, f_hadd(e, v_get(e, r.sum)), m_first(e, 1));
    }
}

/* ---- b for all pixels --------------------------------------------------------------------------- */

typedef struct Channels {
    const Glue *g;
    GlueJoin join;
    const GlueTask *task;
} Channels;

static fvec b_of_chunk(Emit *e, const Channels *s, const GlueChunk *c, int i)
{
    const GlueJoin *j = &s->join;
    idx image = j->by_image ? s->task->group : x_const(e, 0);
    if (!reads_b(s->g))
        return (fvec){ NULL };
    addr b = p_at(e, s->g->arg[1], x_mulk(e, image, j->by_channel ? j->c : 1));
    return j->by_channel ? p_load(e, glue_lane(e, c, b, i), glue_live(c, i)) : p_splat(e, b);
}

static void channels_chunk(Emit *e, const void *self, const GlueChunk *c)
{
    const Channels *s = self;
    const Glue *g = s->g;
    var sum[GLUE_CHUNK];
    for (int i = 0; i < c->n; i++)
        sum[i] = v_float(e, f_const(e, 0));
    EMIT_FOR (e, row, s->task->first, s->task->last, 1) {
        idx pixel = x_add(e, x_mulk(e, s->task->group, g->split.rows), row.at);
        for (int i = 0; i < c->n; i++) {
            idx lane = x_addk(e, c->channel, (int64_t)i * e->lanes);
            idx at = x_add(e, x_mulk(e, pixel, s->join.c), lane);
            const JoinLanes l = lanes_at(e, g, at, b_of_chunk(e, s, c, i), glue_live(c, i));
            give_a(e, g, &l, at, glue_live(c, i));
            v_set(e, sum[i], f_add(e, v_get(e, sum[i]), toward(e, g, &l, l.a)));
        }
    }
    addr to = glue_sums(e, g, s->task->number, 0);
    for (int i = 0; i < c->n; i++)
        p_store(e, glue_lane(e, c, to, i), v_get(e, sum[i]), glue_live(c, i));
}

/* ---- the kind ----------------------------------------------------------------------------------- */

static void split(const Glue *g, GlueSplit *s)
{
    const GlueJoin j = join_of(g);
    const int maps = 3 + 2 * j.has_b;
    if (join_is_flat(&j)) {
        const int64_t elements = join_elements(&j);
        join_split_grains(g, s, elements, maps);
        s->bytes *= (double)(j.n * j.p * j.c) / (double)elements;
        s->cycles *= (double)(j.n * j.p * j.c) / (double)elements;
        return;
    }
    s->rows = j.by_image ? j.n * j.p : j.p;
    if (!j.by_pixel) {
        s->groups = j.by_image ? j.n : 1;
        s->rows = j.n * j.p / s->groups;
        s->nsums = 1;
        s->sum_of[0] = 1;
        s->over_channels = !j.by_channel;
    }
    const double pixels = (double)(j.n * j.p) / (double)(s->groups * s->rows);
    s->bytes = (double)j.c * 3 * g->fp_bytes * pixels;
    s->cycles = (double)int_ceil_div(j.c, g->lanes) * (6 + glue_activation_cycles(g)) * pixels;
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    const GlueJoin j = join_of(g);
    const Channels s = { g, j, t };
    if (join_is_flat(&j))
        flat_task(e, g, &j, t);
    else if (j.by_pixel)
        pixels_task(e, g, &j, t);
    else
        glue_chunks(e, g, t, channels_chunk, &s);
}

const GlueKind glue_join_back = { split, task };
