/* test_lanes.c: every lane operation against C, exactly.
**
** Each row makes a float of three floats; integers, bit patterns and masks are made from them and
** turned back at the end.  Inputs are all pairs of a pool with zeros, infinities, NaN, denormals.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/emit/jit.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* The three operands of one lane, and what the machine does. */
typedef struct Args {
    double a, b, c;
    int f32, fma;
} Args;

/* ---- floats -------------------------------------------------------------------------------- */

static fvec e_add(Emit *e, fvec a, fvec b, fvec c)
{
    (void)c;
    return f_add(e, a, b);
}
static double w_add(const Args *x)
{
    return x->a + x->b;
}
static fvec e_sub(Emit *e, fvec a, fvec b, fvec c)
{
    (void)c;
    return f_sub(e, a, b);
}
static double w_sub(const Args *x)
{
    return x->a - x->b;
}
static fvec e_mul(Emit *e, fvec a, fvec b, fvec c)
{
    (void)c;
    return f_mul(e, a, b);
}
static double w_mul(const Args *x)
{
    return x->a * x->b;
}
static fvec e_div(Emit *e, fvec a, fvec b, fvec c)
{
    (void)c;
    return f_div(e, a, b);
}
static double w_div(const Args *x)
{
    return x->a / x->b;
}
static fvec e_neg_abs(Emit *e, fvec a, fvec b, fvec c)
{
    (void)b, (void)c;
    return f_neg(e, f_abs(e, a));
}
static double w_neg_abs(const Args *x)
{
    return -fabs(x->a);
}
static fvec e_floor(Emit *e, fvec a, fvec b, fvec c)
{
    (void)b, (void)c;
    return f_floor(e, a);
}
static double w_floor(const Args *x)
{
    return floor(x->a);
}
static fvec e_ceil_round(Emit *e, fvec a, fvec b, fvec c)
{
    (void)c;
    return f_sub(e, f_ceil(e, a), f_round(e, b));
}
static double w_ceil_round(const Args *x)
{
    return ceil(x->a) - round(x->b);
}
static fvec e_at_most(Emit *e, fvec a, fvec b, fvec c)
{
    return f_select(e, f_less_equal(e, a, b), c, a);
}
static double w_at_most(const Args *x)
{
    return x->a <= x->b ? x->c : x->a;
}
/* To the other float type and back. */
static fvec e_convert(Emit *e, fvec a, fvec b, fvec c)
{
    (void)b, (void)c;
    fvec other = a;
    EMIT_TYPE (e, ((LaneType){ 12 - e->fp_bytes, e->lanes, 0 })) {
        other = f_convert(e, a);
    }
    return f_convert(e, other);
}
static double w_convert(const Args *x)
{
    return (double)(float)x->a;
}
/* Rounded twice also where the machine could do it once. */
static fvec e_exact(Emit *e, fvec a, fvec b, fvec c)
{
    fvec x = a;
    EMIT_TYPE (e, ((LaneType){ e->fp_bytes, e->lanes, 1 })) {
        x = f_add(e, f_mul(e, a, b), c);
    }
    return x;
}
static double w_exact(const Args *x)
{
    volatile double product = x->f32 ? (double)(float)(x->a * x->b) : x->a * x->b;
    return product + x->c;
}
static fvec e_fma(Emit *e, fvec a, fvec b, fvec c)
{
    return f_fma(e, a, b, c);
}
static double w_fma(const Args *x)
{
    if (x->fma)
        return x->f32 ? (double)fmaf((float)x->a, (float)x->b, (float)x->c) : fma(x->a, x->b, x->c);
    volatile double product = x->f32 ? (double)(float)(x->a * x->b) : x->a * x->b;
    return product + x->c;
}
static fvec e_min(Emit *e, fvec a, fvec b, fvec c)
{
    (void)c;
    return f_min(e, a, b);
}
static double w_min(const Args *x)
{
    return x->a < x->b ? x->a : x->b;
}
static fvec e_max(Emit *e, fvec a, fvec b, fvec c)
{
    (void)c;
    return f_max(e, a, b);
}
static double w_max(const Args *x)
{
    return x->a > x->b ? x->a : x->b;
}

/* ---- masks ------------------------------------------------------------------------------------ */

static fvec e_masks(Emit *e, fvec a, fvec b, fvec c)
{
    mask less = f_less(e, a, b), equal = f_equal(e, b, c), nan = f_is_nan(e, a);
    mask all = { NULL };
    fvec one = f_const(e, 1), zero = f_const(e, 0);
    fvec bits[] = {
        f_select(e, less, one, zero),
        f_select(e, equal, one, zero),
        f_select(e, nan, one, zero),
        f_select(e, m_and(e, less, equal), one, zero),
        f_select(e, m_or(e, equal, nan), one, zero),
        f_select(e, m_not(e, less), one, zero),
        f_select(e, m_and(e, all, equal), one, zero),
        f_select(e, m_or(e, all, equal), one, zero),
        f_select(e, m_and(e, m_all(e), nan), one, zero),
        f_select(e, m_not(e, all), one, zero),
        f_select(e, all, one, zero),
    };
    fvec sum = zero;
    for (int i = 0; i < (int)(sizeof bits / sizeof bits[0]); i++)
        sum = f_add(e, f_add(e, sum, sum), bits[i]);
    return sum;
}
static double w_masks(const Args *x)
{
    int less = x->a < x->b, equal = x->b == x->c, nan = isnan(x->a);
    int bits[] = { less, equal, nan, less && equal, equal || nan, !less, equal, 1, nan, 0, 1 };
    double sum = 0;
    for (int i = 0; i < (int)(sizeof bits / sizeof bits[0]); i++)
        sum = 2 * sum + bits[i];
    return sum;
}

/* ---- 32-bit integers ---------------------------------------------------------------------------- */

/* Between -900 and 900, NaN to 900: products and sums below stay exact in f32. */
static ivec whole(Emit *e, fvec a)
{
    return f_to_i(e, f_floor(e, f_max(e, f_const(e, -900), f_min(e, a, f_const(e, 900)))));
}
static int w_whole(double a)
{
    double low = a < 900 ? a : 900;
    return (int)floor(-900 > low ? -900 : low);
}
static fvec e_to_i(Emit *e, fvec a, fvec b, fvec c)
{
    (void)b, (void)c;
    return i_to_f(e, whole(e, a));
}
static double w_to_i(const Args *x)
{
    return w_whole(x->a);
}
static fvec e_ints(Emit *e, fvec a, fvec b, fvec c)
{
    ivec i = whole(e, a), j = whole(e, b), k = whole(e, c);
    ivec product = i_mul(e, i_sub(e, i, j), i_add(e, k, i_const(e, -3)));
    return i_to_f(e, i_add(e, product, i_min(e, i, i_max(e, j, k))));
}
static double w_ints(const Args *x)
{
    int i = w_whole(x->a), j = w_whole(x->b), k = w_whole(x->c);
    int larger = j > k ? j : k;
    return (i - j) * (k - 3) + (i < larger ? i : larger);
}
static fvec e_int_masks(Emit *e, fvec a, fvec b, fvec c)
{
    ivec i = whole(e, a), j = whole(e, b), k = whole(e, c), zero = i_const(e, 0);
    ivec sum = i_select(e, i_equal(e, i, j), i_const(e, 1), zero);
    sum = i_add(e, sum, i_select(e, i_less(e, i, j), i_const(e, 2), zero));
    sum = i_add(e, sum, i_select(e, i_below(e, i, i_max(e, k, zero)), i_const(e, 4), zero));
    return i_to_f(e, sum);
}
static double w_int_masks(const Args *x)
{
    int i = w_whole(x->a), j = w_whole(x->b), k = w_whole(x->c);
    return (i == j) + 2 * (i < j) + 4 * (0 <= i && i < k);
}

/* ---- bit patterns --------------------------------------------------------------------------------- */

static int64_t bits_of(const Args *x, double a)
{
    float narrow = (float)a;
    int32_t low;
    int64_t bits;
    memcpy(&low, &narrow, 4);
    memcpy(&bits, &a, 8);
    return x->f32 ? low : bits;
}
static double float_of(const Args *x, int64_t bits)
{
    int32_t low = (int32_t)bits;
    float narrow;
    double wide;
    memcpy(&narrow, &low, 4);
    memcpy(&wide, &bits, 8);
    return x->f32 ? (double)narrow : wide;
}
static fvec e_sign(Emit *e, fvec a, fvec b, fvec c)
{
    (void)c;
    const int64_t top = e->fp_bytes == 4 ? INT32_MIN : INT64_MIN;
    bvec rest = b_and(e, f_bits(e, a), b_const(e, ~top));
    return b_float(e, b_or(e, rest, b_and(e, f_bits(e, b), b_const(e, top))));
}
static double w_sign(const Args *x)
{
    return copysign(x->a, x->b);
}
static fvec e_shift(Emit *e, fvec a, fvec b, fvec c)
{
    (void)b, (void)c;
    return b_float(e, b_shl(e, f_bits(e, a), 3));
}
static double w_shift(const Args *x)
{
    return float_of(x, (int64_t)((uint64_t)bits_of(x, x->a) << 3));
}

/* ---- the table -------------------------------------------------------------------------------------- */

typedef struct Row {
    const char *name;
    fvec (*emit)(Emit *e, fvec a, fvec b, fvec c);
    double (*want)(const Args *x);
    int signs; /* the sign of zero counts */
} Row;

static const Row rows[] = {
    { "add", e_add, w_add, 0 },
    { "sub", e_sub, w_sub, 0 },
    { "mul", e_mul, w_mul, 0 },
    { "div", e_div, w_div, 1 },
    { "neg and abs", e_neg_abs, w_neg_abs, 1 },
    { "ceil and round", e_ceil_round, w_ceil_round, 0 },
    { "at most", e_at_most, w_at_most, 0 },
    { "convert", e_convert, w_convert, 0 },
    { "not contracted", e_exact, w_exact, 0 },
    { "floor", e_floor, w_floor, 1 },
    { "fma", e_fma, w_fma, 0 },
    { "min", e_min, w_min, 1 },
    { "max", e_max, w_max, 1 },
    { "masks", e_masks, w_masks, 0 },
    { "to integer", e_to_i, w_to_i, 0 },
    { "integers", e_ints, w_ints, 0 },
    { "integer masks", e_int_masks, w_int_masks, 0 },
    { "sign bits", e_sign, w_sign, 1 },
    { "shifts", e_shift, w_shift, 1 },
};

static const double pool[] = { 0.0,      -0.0, 1,         -1,           0.5,       1.5,
                               -2.5,     7,    900.5,     INFINITY,     -INFINITY, NAN,
                               0x1p-140, 1e30, -0x1.8p-7, 0x1.fffffep99 };
enum { POOL = sizeof pool / sizeof pool[0], N = POOL * POOL };

static double element(const void *p, int f32, int i)
{
    return f32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static void fill(void *p, int f32)
{
    for (int i = 0; i < 3 * N; i++) {
        int k = i % N, which = i / N;
        double v = pool[which == 0 ? k % POOL : which == 1 ? k / POOL : (k * 7 + k / 5) % POOL];
        if (f32)
            ((float *)p)[i] = (float)v;
        else
            ((double *)p)[i] = v;
    }
}

static void run(const Row *r, dcn_dtype dtype, const dcn_target *t, int lanes, const void *in,
                void *out)
{
    Jit j;
    Emit *e = jit_begin(&j, dtype, t, lanes);
    EMIT_VECTORS (e, s, jit_n(e)) {
        addr p = p_at(e, jit_in(e), s.at);
        fvec a = p_load(e, p, s.live), b = p_load(e, p_at(e, p, x_const(e, N)), s.live);
        fvec c = p_load(e, p_at(e, p, x_mulk(e, jit_n(e), 2)), s.live);
        p_store(e, p_at(e, jit_out(e), s.at), r->emit(e, a, b, c), s.live);
    }
    jit_end(&j);
    j.fn(in, out, N);
    jit_free(&j);
}

static void check(const Row *r, dcn_dtype dtype, const dcn_target *t, int lanes)
{
    static double in[3 * N], out[N];
    int f32 = dtype == DCN_F32;
    fill(in, f32);
    run(r, dtype, t, lanes, in, out);
    for (int i = 0; i < N; i++) {
        Args x = { element(in, f32, i), element(in, f32, i + N), element(in, f32, i + 2 * N), f32,
                   t->fma };
        double got = element(out, f32, i), want = r->want(&x);
        want = f32 ? (double)(float)want : want;
        int same = isnan(want) ? isnan(got)
                               : got == want && (!r->signs || !signbit(got) == !signbit(want));
        cr_expect(same, "%s f%d on %s, %d lanes: (%a, %a, %a) gave %a, expected %a", r->name,
                  f32 ? 32 : 64, t->isa, lanes, x.a, x.b, x.c, got, want);
    }
}

static void check_all(dcn_dtype dtype)
{
    dcn_target t;
    int least = dtype == DCN_F32 ? 4 : 2;
    for (int i = 0; jit_target(i, &t) == 0; i++)
        for (int lanes = least; lanes <= 4 * least; lanes *= 2)
            for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
                check(&rows[k], dtype, &t, lanes);
}

Test(lanes, f32)
{
    check_all(DCN_F32);
}

Test(lanes, f64)
{
    check_all(DCN_F64);
}
