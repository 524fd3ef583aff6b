/* norm_row.c: mean and deviation of the channels of a pixel.
**
** Each of the vectors in hand has a sum of its own, so that no addition waits for another.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/norm.h"

typedef struct Moments {
    addr x;
    const fvec *mean; /* NULL: it is what is being found */
    var *sum;
    int *turn; /* whose turn it is, of GLUE_CHUNK sums */
} Moments;

static void add_vector(Emit *e, const void *self, idx at, mask live)
{
    const Moments *m = self;
    var sum = m->sum[(*m->turn)++ % GLUE_CHUNK];
    fvec x = p_load(e, p_at(e, m->x, at), live);
    if (!m->mean) {
        v_set(e, sum, f_add(e, v_get(e, sum), x));
        return;
    }
    fvec d = f_sub(e, x, *m->mean);
    if (live.v)
        d = f_select(e, live, d, f_const(e, 0));
    v_set(e, sum, f_fma(e, d, d, v_get(e, sum)));
}

/* The mean of x, or of (x - mean)^2. */
static fvec mean_of(Emit *e, addr x, int64_t n, const fvec *mean)
{
    var sum[GLUE_CHUNK];
    int turn = 0;
    const Moments m = { x, mean, sum, &turn };
    for (int i = 0; i < GLUE_CHUNK; i++)
        sum[i] = v_float(e, f_const(e, 0));
    glue_run(e, x_const(e, n), GLUE_CHUNK, add_vector, &m);
    fvec left = f_add(e, v_get(e, sum[0]), v_get(e, sum[1]));
    fvec right = f_add(e, v_get(e, sum[2]), v_get(e, sum[3]));
    return f_mul(e, f_hadd(e, f_add(e, left, right)), f_const(e, 1.0 / (double)n));
}

GlueNormRow norm_row(Emit *e, const Glue *g, idx pixel)
{
    GlueNormRow r = { .g = g, .x = p_at(e, g->arg[0], x_mulk(e, pixel, g->in.c)) };
    r.mean = mean_of(e, r.x, g->in.c, NULL);
    fvec variance = mean_of(e, r.x, g->in.c, &r.mean);
    fvec deviation = f_sqrt(e, f_add(e, variance, f_const(e, g->layer->eps)));
    r.scale = f_div(e, f_const(e, 1), deviation);
    return r;
}

fvec norm_at(Emit *e, const GlueNormRow *r, idx channel, mask live)
{
    fvec x = p_load(e, p_at(e, r->x, channel), live);
    return f_mul(e, f_sub(e, x, r->mean), r->scale);
}
