/* norm_back.c: gradients of layer norm, with g the gradient of the output.
**
**     x^ = (x - mean)*r,  r = 1/sqrt(variance + eps),  e = g act'(x^*weight + bias),  u = e*weight
**     grad_weight = sum e*x^,  grad_bias = sum e,  grad_x = r (u - mean(u) - x^ mean(u*x^))
**
** Where g is 0 nothing is added, whatever stands beside it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/norm.h"
#include "codegen/kernel/intmath.h"
#include "codegen/math/math.h"

enum { SUM_OF_WEIGHT, SUM_OF_BIAS };

typedef struct BackRow {
    GlueNormRow row;
    idx first;            /* element of the pixel */
    addr sums[GLUE_SUMS]; /* of the task */
    var total[2];         /* of u and of u*x^ */
    fvec mean[2];         /* what these become */
} BackRow;

/* x^, e and u of the channels of one vector. */
typedef struct BackLanes {
    fvec x, e, u;
} BackLanes;

static BackLanes lanes_at(Emit *e, const BackRow *b, idx channel, mask live)
{
    const Glue *g = b->row.g;
    const rt_activation act = g->layer->activation;
    BackLanes l = { .x = norm_at(e, &b->row, channel, live) };
    fvec weight = p_load(e, p_at(e, g->arg[1], channel), live);
    l.e = p_load(e, p_at(e, g->made, x_add(e, b->first, channel)), live);
    if (act.kind != DCN_ACT_NONE) {
        fvec z = f_fma(e, l.x, weight, p_load(e, p_at(e, g->arg[2], channel), live));
        l.e = gradient_times(e, l.e, emit_activation_slope(e, act, z));
    }
    l.u = gradient_times(e, l.e, weight);
    return l;
}

static void add_to(Emit *e, addr sums, idx channel, fvec x, mask live)
{
    addr at = p_at(e, sums, channel);
    p_store(e, at, f_add(e, p_load(e, at, live), x), live);
}

static void sum_vector(Emit *e, const void *self, idx channel, mask live)
{
    const BackRow *b = self;
    const BackLanes l = lanes_at(e, b, channel, live);
    v_set(e, b->total[0], f_add(e, v_get(e, b->total[0]), l.u));
    v_set(e, b->total[1], f_add(e, v_get(e, b->total[1]), gradient_times(e, l.u, l.x)));
    add_to(e, b->sums[SUM_OF_WEIGHT], channel, gradient_times(e, l.e, l.x), live);
    add_to(e, b->sums[SUM_OF_BIAS], channel, l.e, live);
}

static void give_vector(Emit *e, const void *self, idx channel, mask live)
{
    const BackRow *b = self;
    const GradientOut *out = &b->row.g->grad[0];
    const BackLanes l = lanes_at(e, b, channel, live);
    fvec d = f_sub(e, f_sub(e, l.u, b->mean[0]), gradient_times(e, b->mean[1], l.x));
    gradient_store(e, out, p_at(e, out->to, x_add(e, b->first, channel)), x_const(e, 1),
                   gradient_times(e, d, b->row.scale), live);
}

static void clear_vector(Emit *e, const void *self, idx at, mask live)
{
    const addr *sums = self;
    p_store(e, p_at(e, *sums, at), f_const(e, 0), live);
}

static void back_row(Emit *e, const Glue *g, BackRow *b, idx pixel)
{
    idx channels = x_const(e, g->in.c);
    b->first = x_mulk(e, pixel, g->in.c);
    b->row = norm_row(e, g, pixel);
    for (int i = 0; i < 2; i++)
        b->total[i] = v_float(e, f_const(e, 0));
    glue_run(e, channels, 2, sum_vector, b);
    for (int i = 0; i < 2; i++)
        b->mean[i] = f_mul(e, f_hadd(e, v_get(e, b->total[i])), f_const(e, 1.0 / (double)g->in.c));
    EMIT_IF (e, g->grad[0].wanted) {
        glue_run(e, channels, 2, give_vector, b);
    }
}

static void split(const Glue *g, GlueSplit *s)
{
    s->rows = g->in.n * g->in.h * g->in.w;
    s->bytes = 3.0 * (double)g->in.c * g->fp_bytes;
    s->cycles = 50 + (double)int_ceil_div(g->in.c, g->lanes) * (20 + 2 * glue_activation_cycles(g));
    s->nsums = GLUE_SUMS;
    s->sum_of[SUM_OF_WEIGHT] = 1;
    s->sum_of[SUM_OF_BIAS] = 2;
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    BackRow b = { .first = t->first };
    for (int i = 0; i < GLUE_SUMS; i++) {
        b.sums[i] = glue_sums(e, g, t->number, i);
        glue_run(e, x_const(e, g->in.c), GLUE_CHUNK, clear_vector, &b.sums[i]);
    }
    EMIT_FOR (e, pixel, t->first, t->last, 1) {
        back_row(e, g, &b, pixel.at);
    }
}

const GlueKind glue_norm_back = { split, task };
