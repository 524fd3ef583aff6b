/* join.c: add, mul and activation.
**
**     add   act(a + b)      mul   act(a * b * scale)      activation   act(a)
**
** Where b is as large as a, or the same for all images, vectors run over elements and know no pixels.
** Else a row is a pixel, whose channels meet one number or a vector of b; of few channels a block is as
** many pixels as a vector has lanes, so that vectors run over them all the same.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/join.h"
#include "codegen/kernel/intmath.h"

enum { FEW_CHANNELS = 8 };

GlueJoin join_of(const Glue *g)
{
    GlueJoin j = { .n = g->in.n, .p = g->in.h * g->in.w, .c = g->in.c, .has_b = g->nargs > 1 };
    if (!j.has_b)
        return j;
    const net_shape b = glue_shape(g, 1);
    int64_t images = b.n, pixels = b.h * b.w;
    if (j.p == 1) {
        j.p = j.n;
        pixels = images;
        j.n = images = 1;
    }
    j.by_image = images == j.n;
    j.by_pixel = pixels == j.p;
    j.by_channel = b.c == j.c;
    return j;
}

bool join_is_flat(const GlueJoin *j)
{
    return !j->has_b || (j->by_pixel && j->by_channel);
}

int64_t join_elements(const GlueJoin *j)
{
    return j->has_b && !j->by_image ? j->p * j->c : j->n * j->p * j->c;
}

fvec join_value(Emit *e, const Glue *g, fvec a, fvec b)
{
    if (g->layer->kind == NET_ADD)
        return f_add(e, a, b);
    if (g->layer->kind != NET_MUL)
        return a;
    fvec x = b.v ? f_mul(e, a, b) : a;
    return g->layer->scale == 1 ? x : f_mul(e, x, f_const(e, g->layer->scale));
}

JoinSpan join_span(Emit *e, const GlueTask *t, int64_t all)
{
    idx first = x_mulk(e, t->first, JOIN_GRAIN), last = x_mulk(e, t->last, JOIN_GRAIN);
    return (JoinSpan){ first, x_sub(e, x_min(e, last, x_const(e, all)), first) };
}

void join_split_grains(const Glue *g, GlueSplit *s, int64_t elements, int maps)
{
    s->rows = int_ceil_div(elements, JOIN_GRAIN);
    s->bytes = (double)JOIN_GRAIN * maps * g->fp_bytes;
    s->cycles = (double)JOIN_GRAIN / g->lanes * (maps + glue_activation_cycles(g));
}

/* ---- elements --------------------------------------------------------------------------------- */

typedef struct JoinFlat {
    const Glue *g;
    addr a, b, y;
} JoinFlat;

static void flat_vector(Emit *e, const void *self, idx at, mask live)
{
    const JoinFlat *f = self;
    fvec a = p_load(e, p_at(e, f->a, at), live), b = { NULL };
    if (f->b.v)
        b = p_load(e, p_at(e, f->b, at), live);
    p_store(e, p_at(e, f->y, at), glue_finish(e, f->g, join_value(e, f->g, a, b)), live);
}

static void flat_task(Emit *e, const Glue *g, const GlueJoin *j, const GlueTask *t)
{
    const JoinSpan span = join_span(e, t, join_elements(j));
    idx first = x_add(e, x_mulk(e, t->group, join_elements(j)), span.first);
    const JoinFlat f = { g, p_at(e, g->arg[0], first),
                         j->has_b ? p_at(e, g->arg[1], span.first) : (addr){ NULL },
                         p_at(e, g->made, first) };
    e_run(e, span.count, glue_unroll(g), flat_vector, &f);
}

/* ---- pixels ----------------------------------------------------------------------------------- */

/* b of an image: a number for each pixel, a vector of channels, or one number. */
static addr image_of_b(Emit *e, const Glue *g, const GlueJoin *j, idx image)
{
    const int64_t each = (j->by_pixel ? j->p : 1) * (j->by_channel ? j->c : 1);
    return j->by_image ? p_at(e, g->arg[1], x_mulk(e, image, each)) : g->arg[1];
}

typedef struct JoinRow {
    const Glue *g;
    addr a, y, b; /* b.v == NULL: it is one number */
    fvec number;
} JoinRow;

static void row_vector(Emit *e, const void *self, idx at, mask live)
{
    const JoinRow *r = self;
    fvec a = p_load(e, p_at(e, r->a, at), live);
    fvec b = r->b.v ? p_load(e, p_at(e, r->b, at), live) : r->number;
    p_store(e, p_at(e, r->y, at), glue_finish(e, r->g, join_value(e, r->g, a, b)), live);
}

/* Pixels from .. to - 1 of an image. */
static void pixels(Emit *e, const Glue *g, const GlueJoin *j, idx image, idx from, idx to)
{
    addr b = image_of_b(e, g, j, image);
    EMIT_FOR (e, pixel, from, to, 1) {
        idx at = x_mulk(e, x_add(e, x_mulk(e, image, j->p), pixel.at), j->c);
        JoinRow r = { .g = g, .a = p_at(e, g->arg[0], at), .y = p_at(e, g->made, at) };
        if (j->by_channel)
            r.b = b;
        else
            r.number = p_splat(e, j->by_pixel ? p_at(e, b, pixel.at) : b);
        e_run(e, x_const(e, j->c), glue_unroll(g), row_vector, &r);
    }
}

/* ---- few channels ----------------------------------------------------------------------------- */

/* Lane i of vector v is a channel of a pixel of the block: which channel, or which pixel. */
static void block_lanes(const Emit *e, const GlueJoin *j, int v, int at[EMIT_MAX_LANES])
{
    for (int i = 0; i < e->lanes; i++) {
        const int64_t element = (int64_t)v * e->lanes + i;
        at[i] = (int)(j->by_pixel ? element / j->c : element % j->c);
    }
}

/* b of a whole block; if it is the same for all, this is done once. */
static void block_of_b(Emit *e, const GlueJoin *j, addr b, fvec to[FEW_CHANNELS])
{
    int at[EMIT_MAX_LANES];
    fvec one = j->by_pixel ? p_load(e, b, all_lanes) : (fvec){ NULL };
    for (int v = 0; v < j->c; v++) {
        block_lanes(e, j, v, at);
        to[v] = j->by_pixel     ? f_permute(e, one, at)
                : j->by_channel ? p_gather(e, b, i_consts(e, at), all_lanes)
                                : p_splat(e, b);
    }
}

/* Blocks of pixels from `from` on; how many pixels they are. */
static idx blocks(Emit *e, const Glue *g, const GlueJoin *j, const GlueTask *t)
{
    idx n = x_sub(e, t->last, t->first);
    idx whole = x_mulk(e, x_div(e, n, x_const(e, e->lanes)), e->lanes);
    addr b = image_of_b(e, g, j, t->group);
    fvec of_b[FEW_CHANNELS];
    if (!j->by_pixel)
        block_of_b(e, j, b, of_b);
    EMIT_FOR (e, pixel, x_const(e, 0), whole, e->lanes) {
        idx in_image = x_add(e, t->first, pixel.at);
        idx at = x_mulk(e, x_add(e, x_mulk(e, t->group, j->p), in_image), j->c);
        if (j->by_pixel)
            block_of_b(e, j, p_at(e, b, in_image), of_b);
        for (int v = 0; v < j->c; v++) {
            idx here = x_addk(e, at, (int64_t)v * e->lanes);
            fvec a = p_load(e, p_at(e, g->arg[0], here), all_lanes);
            p_store(e, p_at(e, g->made, here), glue_finish(e, g, join_value(e, g, a, of_b[v])),
                    all_lanes);
        }
    }
    return whole;
}

/* ---- the kind --------------------------------------------------------------------------------- */

static void split(const Glue *g, GlueSplit *s)
{
    const GlueJoin j = join_of(g);
    const int maps = 2 + (j.has_b && join_is_flat(&j));
    if (join_is_flat(&j)) {
        s->groups = j.n * j.p * j.c / join_elements(&j);
        join_split_grains(g, s, join_elements(&j), maps);
        return;
    }
    s->groups = j.n;
    s->rows = j.p;
    s->bytes = (double)j.c * maps * g->fp_bytes;
    s->cycles = (double)int_ceil_div(j.c, g->lanes) * (maps + glue_activation_cycles(g));
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    const GlueJoin j = join_of(g);
    if (join_is_flat(&j)) {
        flat_task(e, g, &j, t);
        return;
    }
    idx done = t->first;
    if (j.c <= FEW_CHANNELS && j.c < e->lanes)
        done = x_add(e, t->first, blocks(e, g, &j, t));
    pixels(e, g, &j, t->group, done, t->last);
}

const GlueKind glue_join = { split, task };
