/* test_math.c: the elementary functions against long double, in units of the last place.
**
** One row per function: its emitter, its reference, and the largest error promised for f32 and
** f64.  Below the smallest normal number a unit is the smallest denormal.  Every row is checked
** at three widths on every class of machine that this one can play, with FMA and without.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "tests/unit/emit/jit.h"
#include "tests/unit/emit/slopes.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Row {
    const char *name;
    fvec (*emit)(Emit *e, fvec x);
    Long (*want)(Long x);
    double ulp[2]; /* f32, f64 */
    int odd;       /* keeps the sign of zero */
    int coarse;    /* units are never finer than those of 1 */
} Row;

/* ---- references ---------------------------------------------------------------------------- */

static Long want_sigmoid(Long x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

/* The limit at -infinity, where x / (1 + exp(-x)) is NaN. */
static Long want_silu(Long x)
{
    return isinf(x) && x < 0 ? 0 : x * want_sigmoid(x);
}

/* x erfc(z) / 2 with z = -x / sqrt(2) in two parts: erfc magnifies the error of z by z^2. */
static Long want_gelu(Long x)
{
    if (isinf(x))
        return x < 0 ? 0 : x;
    if (fabsl(x) > 100)
        return x < 0 ? -0.0L : x;
    const Long upper = sqrtl(0.5L), lower = (0.5L - upper * upper) / (2 * upper);
    const Long product = -x * upper, rest = fmal(-x, upper, -product) - x * lower;
    const Long slope = -1.12837916709551257389615890312154517L * expl(-product * product);
    return 0.5L * x * (erfcl(product) + slope * rest);
}

static Long want_relu(Long x)
{
    return x < 0 ? 0 : x;
}

static Long want_leaky_relu(Long x)
{
    return x < 0 ? -0.25L * x : x;
}

static Long want_hardswish(Long x)
{
    return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6;
}

static Long want_clip(Long x)
{
    return x < -1.5L ? -1.5L : x > 2 ? 2 : x;
}

static Long want_itself(Long x)
{
    return x;
}

/* What emit_activation makes of each name. */
static fvec act_none(Emit *e, fvec x)
{
    return emit_activation(e, rt_plain_activation(DCN_ACT_NONE), x);
}
static fvec act_relu(Emit *e, fvec x)
{
    return emit_activation(e, rt_plain_activation(DCN_ACT_RELU), x);
}
static fvec act_silu(Emit *e, fvec x)
{
    return emit_activation(e, rt_plain_activation(DCN_ACT_SILU), x);
}
static fvec act_gelu(Emit *e, fvec x)
{
    return emit_activation(e, rt_plain_activation(DCN_ACT_GELU), x);
}
static fvec act_leaky_relu(Emit *e, fvec x)
{
    return emit_activation(e, (rt_activation){ .kind = DCN_ACT_LEAKY_RELU, .slope = -0.25 }, x);
}
static fvec act_hardswish(Emit *e, fvec x)
{
    return emit_activation(e, rt_plain_activation(DCN_ACT_HARDSWISH), x);
}
static fvec act_clip(Emit *e, fvec x)
{
    return emit_activation(e, (rt_activation){ .kind = DCN_ACT_CLIP, .min = -1.5, .max = 2 }, x);
}
static fvec act_sigmoid(Emit *e, fvec x)
{
    return emit_activation(e, rt_plain_activation(DCN_ACT_SIGMOID), x);
}
static fvec act_tanh(Emit *e, fvec x)
{
    return emit_activation(e, rt_plain_activation(DCN_ACT_TANH), x);
}

/* exp(-|x|), as far down as it goes in f32. */
static fvec exp_below_0(Emit *e, fvec x)
{
    return emit_exp_below_0(e, f_neg(e, f_min(e, f_const(e, 87), f_abs(e, x))));
}
static Long want_exp_below_0(Long x)
{
    return x != x ? x : expl(-fminl(fabsl(x), 87));
}

static const Row rows[] = {
    { "exp", emit_exp, expl, { 4, 4 }, 0, 0 },
    { "tanh", act_tanh, tanhl, { 4, 4 }, 1, 0 },
    { "erf", emit_erf, erfl, { 4, 4 }, 1, 0 },
    { "sigmoid", act_sigmoid, want_sigmoid, { 4, 4 }, 0, 0 },
    { "silu", act_silu, want_silu, { 4, 4 }, 0, 0 },
    { "gelu", act_gelu, want_gelu, { 4, 4 }, 0, 0 },
    { "relu", act_relu, want_relu, { 0, 0 }, 0, 0 },
    { "none", act_none, want_itself, { 0, 0 }, 1, 0 },
    { "exp_below_0", exp_below_0, want_exp_below_0, { 4, 4 }, 0, 0 },
    { "leaky_relu", act_leaky_relu, want_leaky_relu, { 0.5, 0.5 }, 0, 0 },
    { "hardswish", act_hardswish, want_hardswish, { 4, 4 }, 0, 0 },
    { "clip", act_clip, want_clip, { 0, 0 }, 0, 0 },
    { "silu'", slope_silu, want_silu_slope, { 4, 4 }, 0, 1 },
    { "gelu'", slope_gelu, want_gelu_slope, { 4, 4 }, 0, 1 },
    { "relu'", slope_relu, want_relu_slope, { 0, 0 }, 0, 0 },
    { "leaky_relu'", slope_leaky_relu, want_leaky_relu_slope, { 0, 0 }, 0, 0 },
    { "hardswish'", slope_hardswish, want_hardswish_slope, { 4, 4 }, 0, 1 },
    { "clip'", slope_clip, want_clip_slope, { 0, 0 }, 0, 0 },
    { "sigmoid'", slope_sigmoid, want_sigmoid_slope, { 4, 4 }, 0, 1 },
    { "tanh'", slope_tanh, want_tanh_slope, { 4, 4 }, 0, 1 },
};
enum {
    EXP,
    TANH,
    ERF,
    SIGMOID,
    SILU,
    GELU,
    RELU,
    NONE,
    EXP_BELOW_0,
    LEAKY_RELU,
    HARDSWISH,
    CLIP,
    SILU_SLOPE,
    GELU_SLOPE,
    RELU_SLOPE,
    LEAKY_RELU_SLOPE,
    HARDSWISH_SLOPE,
    CLIP_SLOPE,
    SIGMOID_SLOPE,
    TANH_SLOPE
};

/* ---- inputs ---------------------------------------------------------------------------------- */

typedef struct Data {
    dcn_dtype dtype;
    int64_t n;
    void *in, *out;
    Long *want;
} Data;

static Long value(const Data *d, const void *p, int64_t i)
{
    return d->dtype == DCN_F32 ? (Long)((const float *)p)[i] : (Long)((const double *)p)[i];
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static const double special[] = { 0.0,      -0.0,     1,        -1,       INFINITY, -INFINITY,
                                  NAN,      0.5,      -0.5,     2,        -2,       10,
                                  -10,      88.72,    88.73,    -87.33,   -87.34,   -103.97,
                                  -103.98,  -104,     89,       709.78,   709.79,   -708.39,
                                  -745.13,  -745.14,  710,      -746,     -110,     -760,
                                  15,       -15,      39.5,     -39.5,    4,        6,
                                  20,       FLT_MIN,  -FLT_MIN, FLT_MAX,  -FLT_MAX, DBL_MIN,
                                  -DBL_MIN, -DBL_MAX, DBL_MAX,  0x1p-149, 0x1p-1074 };
enum { SPECIALS = sizeof special / sizeof special[0] };

/* Bit patterns: all of them coarsely, those of 2^-12 <= |x| < 2^7 finely, and the special ones. */
static void fill_f32(Data *d)
{
    enum { COARSE = 16381, FINE = 311 };
    const uint32_t from = 115u << 23, to = 134u << 23;
    d->n = 0;
    float *x = d->in = malloc((0xffffffffu / COARSE + 2 * ((to - from) / FINE) + 100) * sizeof *x);
    uint64_t bits;
    for (bits = 0; bits <= 0xffffffffu; bits += COARSE)
        memcpy(&x[d->n++], &(uint32_t){ (uint32_t)bits }, 4);
    for (uint32_t sign = 0; sign < 2; sign++)
        for (bits = from; bits < to; bits += FINE)
            memcpy(&x[d->n++], &(uint32_t){ (uint32_t)bits | sign << 31 }, 4);
    for (int i = 0; i < SPECIALS; i++)
        x[d->n++] = (float)special[i];
}

/* Random patterns, random mantissas at 2^-20 <= |x| < 2^10, and the special ones. */
static void fill_f64(Data *d)
{
    enum { ANY = 200000, NEAR = 1000000 };
    double *x = d->in = malloc((ANY + NEAR + SPECIALS) * sizeof *x);
    uint64_t state = 0x9e3779b97f4a7c15u;
    for (d->n = 0; d->n < ANY + NEAR; d->n++) {
        uint64_t bits = next_random(&state);
        memcpy(&x[d->n], &bits, 8);
        if (d->n >= ANY)
            x[d->n] = ldexp(frexp(fmin(fabs(x[d->n]), DBL_MAX), &(int){ 0 }),
                            (int)(next_random(&state) % 30) - 19) *
                      (bits & 1 ? -1 : 1);
    }
    for (int i = 0; i < SPECIALS; i++)
        x[d->n++] = special[i];
}

static Data data_new(const Row *r, dcn_dtype dtype)
{
    Data d = { .dtype = dtype };
    if (dtype == DCN_F32)
        fill_f32(&d);
    else
        fill_f64(&d);
    d.out = malloc((size_t)d.n * 8);
    d.want = malloc((size_t)d.n * sizeof *d.want);
    for (int64_t i = 0; i < d.n; i++)
        d.want[i] = r->want(value(&d, d.in, i));
    return d;
}

static void data_free(Data *d)
{
    free(d->in);
    free(d->out);
    free(d->want);
}

/* ---- errors ------------------------------------------------------------------------------------ */

/* Infinity counts as the first number that is too large. */
static Long bounded(Long x, int max_exp)
{
    Long most = ldexpl(1, max_exp);
    return x > most ? most : x < -most ? -most : x;
}

static double ulps(const Row *r, const Data *d, Long got, Long want)
{
    int f32 = d->dtype == DCN_F32, max_exp = f32 ? FLT_MAX_EXP : DBL_MAX_EXP;
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    int exponent, least = f32 ? FLT_MIN_EXP : DBL_MIN_EXP;
    want = bounded(want, max_exp);
    frexpl(want, &exponent);
    if (want == 0 || exponent < least)
        exponent = least;
    if (r->coarse && exponent < 1)
        exponent = 1;
    Long unit = ldexpl(1, exponent - (f32 ? FLT_MANT_DIG : DBL_MANT_DIG));
    return (double)(fabsl(bounded(got, max_exp) - want) / unit);
}

static void run(const Row *r, Data *d, const dcn_target *t, int lanes)
{
    Jit j;
    Emit *e = jit_begin(&j, d->dtype, t, lanes);
    EMIT_VECTORS (e, s, jit_n(e)) {
        fvec x = p_load(e, p_at(e, jit_in(e), s.at), s.live);
        p_store(e, p_at(e, jit_out(e), s.at), r->emit(e, x), s.live);
    }
    jit_end(&j);
    j.fn(d->in, d->out, d->n);
    jit_free(&j);
}

static void compare(const Row *r, const Data *d, const dcn_target *t, int lanes)
{
    double worst = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < d->n; i++) {
        double u = ulps(r, d, value(d, d->out, i), d->want[i]);
        if (u > worst) {
            worst = u;
            at = i;
        }
        Long x = value(d, d->in, i), y = value(d, d->out, i);
        if (r->odd && !isnan(x))
            cr_assert_eq(signbit(x), signbit(y), "%s %s: sign of f(%La) = %La", t->isa, r->name, x,
                         y);
    }
    int wide = d->dtype == DCN_F64;
    if (getenv("DCNGEN_TEST_ULPS"))
        fprintf(stderr, "%-8s f%d %-7s lanes %2d: %.3f ulp at %La\n", r->name, wide ? 64 : 32,
                t->isa, lanes, worst, value(d, d->in, at));
    cr_expect(worst <= r->ulp[wide], "%s f%d on %s, %d lanes: %.3f ulp (at most %.2f) at %La",
              r->name, wide ? 64 : 32, t->isa, lanes, worst, r->ulp[wide], value(d, d->in, at));
}

static void check(const Row *r, dcn_dtype dtype)
{
    dcn_target t;
    Data d = data_new(r, dtype);
    int least = dtype == DCN_F32 ? 4 : 2;
    for (int i = 0; jit_target(i, &t) == 0; i++)
        for (int lanes = least; lanes <= 4 * least; lanes *= 2) {
            memset(d.out, 0x55, (size_t)d.n * 8);
            run(r, &d, &t, lanes);
            compare(r, &d, &t, lanes);
        }
    data_free(&d);
}

#define CHECKS(function, row)                                                                      \
    Test(math, function##_f32)                                                                     \
    {                                                                                              \
        check(&rows[row], DCN_F32);                                                                \
    }                                                                                              \
    Test(math, function##_f64)                                                                     \
    {                                                                                              \
        check(&rows[row], DCN_F64);                                                                \
    }

CHECKS(exp, EXP)
CHECKS(tanh, TANH)
CHECKS(erf, ERF)
CHECKS(sigmoid, SIGMOID)
CHECKS(silu, SILU)
CHECKS(gelu, GELU)
CHECKS(relu, RELU)
CHECKS(none, NONE)
CHECKS(exp_below_0, EXP_BELOW_0)
CHECKS(leaky_relu, LEAKY_RELU)
CHECKS(hardswish, HARDSWISH)
CHECKS(clip, CLIP)
CHECKS(silu_slope, SILU_SLOPE)
CHECKS(gelu_slope, GELU_SLOPE)
CHECKS(relu_slope, RELU_SLOPE)
CHECKS(leaky_relu_slope, LEAKY_RELU_SLOPE)
CHECKS(hardswish_slope, HARDSWISH_SLOPE)
CHECKS(clip_slope, CLIP_SLOPE)
CHECKS(sigmoid_slope, SIGMOID_SLOPE)
CHECKS(tanh_slope, TANH_SLOPE)
