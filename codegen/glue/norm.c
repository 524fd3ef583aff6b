/* norm.c: act((x - mean) / sqrt(variance + eps) * weight + bias), over the channels of a pixel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/norm.h"
#include "codegen/kernel/intmath.h"

typedef struct Apply {
    GlueNormRow row;
    addr y;
} Apply;

static void apply_vector(Emit *e, const void *self, idx at, mask live)
{
    const Apply *a = self;
    const Glue *g = a->row.g;
    fvec weight = p_load(e, p_at(e, g->arg[1], at), live);
    fvec bias = p_load(e, p_at(e, g->arg[2], at), live);
    fvec z = f_fma(e, norm_at(e, &a->row, at, live), weight, bias);
    p_store(e, p_at(e, a->y, at), glue_finish(e, g, z), live);
}

static void split(const Glue *g, GlueSplit *s)
{
    s->rows = g->in.n * g->in.h * g->in.w;
    s->bytes = 2.0 * (double)g->in.c * g->fp_bytes;
    s->cycles = 30 + (double)int_ceil_div(g->in.c, g->lanes) * (6 + glue_activation_cycles(g));
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    EMIT_FOR (e, pixel, t->first, t->last, 1) {
        const Apply a = { norm_row(e, g, pixel.at),
                          p_at(e, g->made, x_mulk(e, pixel.at, g->in.c)) };
        glue_run(e, x_const(e, g->in.c), glue_unroll(g), apply_vector, &a);
    }
}

const GlueKind glue_norm = { split, task };
