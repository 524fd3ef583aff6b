/* blend.c: two maps blended by a share for each group of channels of a pixel, and its gradients.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/blend.h"
#include "codegen/glue/inside.h"
#include "codegen/kernel/intmath.h"

static double vectors_of(const Glue *g)
{
    const int64_t groups = glue_shape(g, 2).c;
    return (double)(groups * int_ceil_div(g->in.c / groups, g->lanes));
}

static void split(const Glue *g, GlueSplit *s)
{
    s->rows = g->in.n * g->in.h * g->in.w;
    s->bytes = 3.0 * (double)g->in.c * g->fp_bytes;
    s->cycles = 20 * (double)glue_shape(g, 2).c + 2 * vectors_of(g);
}

static Blend blend_of(const Glue *g)
{
    return (Blend){ g->in.c,   glue_shape(g, 2).c, g->layer->activation,
                    g->arg[0], g->arg[1],          g->arg[2] };
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    const Blend of = blend_of(g);
    EMIT_FOR (e, pixel, t->first, t->last, 1) {
        blend_row(e, &of, g->made, pixel.at);
    }
}

const GlueKind glue_blend = { split, task };

/* ---- backwards ------------------------------------------------------------------------------- */

static void split_back(const Glue *g, GlueSplit *s)
{
    split(g, s);
    s->bytes *= 2;
    s->cycles += 20 * (double)glue_shape(g, 2).c + 6 * vectors_of(g);
}

static void task_back(Emit *e, const Glue *g, const GlueTask *t)
{
    const Blend of = blend_of(g);
    const BlendBack back = { g->made, g->grad[0], g->grad[1], g->grad[2] };
    EMIT_FOR (e, pixel, t->first, t->last, 1) {
        blend_back_row(e, &of, &back, pixel.at);
    }
}

const GlueKind glue_blend_back = { split_back, task_back };
