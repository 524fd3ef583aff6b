/* norm.c: layer norm over the channels of each pixel, and its gradients.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/norm.h"
#include "codegen/glue/inside.h"
#include "codegen/kernel/intmath.h"

static void split(const Glue *g, GlueSplit *s)
{
    s->rows = g->in.n * g->in.h * g->in.w;
    s->bytes = 2.0 * (double)g->in.c * g->fp_bytes;
    s->cycles = 30 + (double)int_ceil_div(g->in.c, g->lanes) * (6 + glue_activation_cycles(g));
}

static Norm norm_of(const Glue *g)
{
    return (Norm){ g->in.c, g->layer->eps, g->layer->activation, g->arg[1], g->arg[2] };
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    const Norm of = norm_of(g);
    EMIT_FOR (e, pixel, t->first, t->last, 1) {
        const idx first = x_mulk(e, pixel.at, g->in.c);
        norm_row(e, &of, p_at(e, g->arg[0], first), p_at(e, g->made, first));
    }
}

const GlueKind glue_norm = { split, task };

/* ---- backwards ------------------------------------------------------------------------------- */

enum { SUM_OF_WEIGHT, SUM_OF_BIAS };

static void split_back(const Glue *g, GlueSplit *s)
{
    s->rows = g->in.n * g->in.h * g->in.w;
    s->bytes = 3.0 * (double)g->in.c * g->fp_bytes;
    s->cycles = 50 + (double)int_ceil_div(g->in.c, g->lanes) * (20 + 2 * glue_activation_cycles(g));
    s->nsums = GLUE_SUMS;
    s->sum_of[SUM_OF_WEIGHT] = 1;
    s->sum_of[SUM_OF_BIAS] = 2;
}

static void clear_vector(Emit *e, const void *self, idx at, mask live)
{
    const addr *sums = self;
    p_store(e, p_at(e, *sums, at), f_const(e, 0), live);
}

static void task_back(Emit *e, const Glue *g, const GlueTask *t)
{
    const Norm of = norm_of(g);
    NormBack b = { .x = g->arg[0], .g = g->made, .out = g->grad[0] };
    for (int i = 0; i < GLUE_SUMS; i++) {
        b.sum[i] = glue_sums(e, g, t->number, i);
        e_run(e, x_const(e, g->in.c), GLUE_CHUNK, clear_vector, &b.sum[i]);
    }
    EMIT_FOR (e, pixel, t->first, t->last, 1) {
        b.first = x_mulk(e, pixel.at, g->in.c);
        norm_back_row(e, &of, &b);
    }
}

const GlueKind glue_norm_back = { split_back, task_back };
