/* norm.c: layer norm of a row, and its gradients.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/norm.h"
#include "codegen/math/math.h"

/* Vectors in hand where each has a sum of its own, so that no addition waits for another. */
enum { SUMS = 4 };

/* How many to have in hand, given that each is finished by an activation. */
static int unroll_of(rt_activation a)
{
    return activation_is_long(a.kind) ? 2 : SUMS;
}

/* ---- mean and deviation ---------------------------------------------------------------------- */

typedef struct Moments {
    addr x;
    const fvec *mean; /* NULL: it is what is being found */
    var *sum;
    int *turn; /* whose turn it is, of SUMS */
} Moments;

static void add_vector(Emit *e, const void *self, idx at, mask live)
{
    const Moments *m = self;
    var sum = m->sum[(*m->turn)++ % SUMS];
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
    var sum[SUMS];
    int turn = 0;
    const Moments m = { x, mean, sum, &turn };
    for (int i = 0; i < SUMS; i++)
        sum[i] = v_float(e, f_const(e, 0));
    e_run(e, x_const(e, n), SUMS, add_vector, &m);
    fvec left = f_add(e, v_get(e, sum[0]), v_get(e, sum[1]));
    fvec right = f_add(e, v_get(e, sum[2]), v_get(e, sum[3]));
    return f_mul(e, f_hadd(e, f_add(e, left, right)), f_const(e, 1.0 / (double)n));
}

typedef struct NormRow {
    const Norm *of;
    addr x;
    fvec mean, scale; /* 1 / sqrt(variance + eps) */
} NormRow;

static NormRow open(Emit *e, const Norm *of, addr x)
{
    NormRow r = { .of = of, .x = x };
    r.mean = mean_of(e, r.x, of->n, NULL);
    fvec variance = mean_of(e, r.x, of->n, &r.mean);
    fvec deviation = f_sqrt(e, f_add(e, variance, f_const(e, of->eps)));
    r.scale = f_div(e, f_const(e, 1), deviation);
    return r;
}

/* x^ */
static fvec norm_at(Emit *e, const NormRow *r, idx channel, mask live)
{
    fvec x = p_load(e, p_at(e, r->x, channel), live);
    return f_mul(e, f_sub(e, x, r->mean), r->scale);
}

/* ---- forwards -------------------------------------------------------------------------------- */

typedef struct Apply {
    NormRow row;
    addr y;
} Apply;

static void apply_vector(Emit *e, const void *self, idx at, mask live)
{
    const Apply *a = self;
    const Norm *of = a->row.of;
    fvec weight = p_load(e, p_at(e, of->weight, at), live);
    fvec bias = p_load(e, p_at(e, of->bias, at), live);
    fvec z = f_fma(e, norm_at(e, &a->row, at, live), weight, bias);
    p_store(e, p_at(e, a->y, at), emit_activation(e, of->activation, z), live);
}

void norm_row(Emit *e, const Norm *of, addr x, addr y)
{
    const Apply a = { open(e, of, x), y };
    e_run(e, x_const(e, of->n), unroll_of(of->activation), apply_vector, &a);
}

/* ---- backwards ------------------------------------------------------------------------------- */

typedef struct BackRow {
    NormRow row;
    const NormBack *b;
    var total[2]; /* of u and of u*x^ */
    fvec mean[2]; /* what these become */
} BackRow;

/* x^, e and u of the channels of one vector. */
typedef struct BackLanes {
    fvec x, e, u;
} BackLanes;

static BackLanes lanes_at(Emit *e, const BackRow *b, idx channel, mask live)
{
    const Norm *of = b->row.of;
    fvec weight = f_const(e, 0);
    BackLanes l = { .x = weight };
    if (b->row.x.v)
        l.x = norm_at(e, &b->row, channel, live);
    if (of->weight.v)
        weight = p_load(e, p_at(e, of->weight, channel), live);
    l.e = p_load(e, p_at(e, b->b->g, x_add(e, b->b->first, channel)), live);
    if (of->activation.kind != DCN_ACT_NONE) {
        fvec z = f_fma(e, l.x, weight, p_load(e, p_at(e, of->bias, channel), live));
        l.e = gradient_times(e, l.e, emit_activation_slope(e, of->activation, z));
    }
    l.u = gradient_times(e, l.e, weight);
    return l;
}

static void add_to(Emit *e, addr sums, idx channel, fvec x, mask live)
{
    if (!sums.v)
        return;
    addr at = p_at(e, sums, channel);
    p_store(e, at, f_add(e, p_load(e, at, live), x), live);
}

static void sum_vector(Emit *e, const void *self, idx channel, mask live)
{
    const BackRow *b = self;
    const BackLanes l = lanes_at(e, b, channel, live);
    v_set(e, b->total[0], f_add(e, v_get(e, b->total[0]), l.u));
    v_set(e, b->total[1], f_add(e, v_get(e, b->total[1]), gradient_times(e, l.u, l.x)));
    add_to(e, b->b->sum[0], channel, gradient_times(e, l.e, l.x), live);
    add_to(e, b->b->sum[1], channel, l.e, live);
}

static void give_vector(Emit *e, const void *self, idx channel, mask live)
{
    const BackRow *b = self;
    const GradientOut *out = &b->b->out;
    const BackLanes l = lanes_at(e, b, channel, live);
    fvec d = f_sub(e, f_sub(e, l.u, b->mean[0]), gradient_times(e, b->mean[1], l.x));
    gradient_store(e, out, p_at(e, out->to, x_add(e, b->b->first, channel)), x_const(e, 1),
                   gradient_times(e, d, b->row.scale), live);
}

void norm_back_row(Emit *e, const Norm *of, const NormBack *b)
{
    const idx channels = x_const(e, of->n);
    BackRow row = { .row = { .of = of }, .b = b };
    if (b->x.v)
        row.row = open(e, of, p_at(e, b->x, b->first));
    for (int i = 0; i < 2; i++)
        row.total[i] = v_float(e, f_const(e, 0));
    e_run(e, channels, 2, sum_vector, &row);
    for (int i = 0; i < 2; i++)
        row.mean[i] = f_mul(e, f_hadd(e, v_get(e, row.total[i])), f_const(e, 1.0 / (double)of->n));
    if (!b->out.to.v)
        return;
    EMIT_IF (e, b->out.wanted) {
        e_run(e, channels, 2, give_vector, &row);
    }
}
