/* erf.c: erf and gelu, both from the tail of the normal distribution.
**
**     T(a) = Phi(-a) exp(a^2/2),  a >= 0        (a Mills ratio: smooth, 1/2 at 0, ~ 0.4/a far out)
**     gelu(x) = max(x, 0) - |x| exp(-x^2/2) T(|x|)
**     erf(a)  = 1 - 2 exp(-a^2) T(sqrt(2) a)    for a >= 1, else a s(a^2)
**
** (a + 3) T(a) is a polynomial P in s = a / (a + 3), 0 <= s < 1, written around a center c between
** that keeps both ends from cancelling.  s has the relative accuracy of a near 0, and it is also a
** factor of a T(a) = s P(s - c).
** Far out, exp(-x^2/2) magnifies the relative error of x^2 by x^2/2.  There x^2 is taken as
** u^2 + (|x| - u)(|x| + u), u = |x| cut to half its bits, so that u^2 is exact, fused or not.
**
** Minimax of the relative error (Remez exchange in 40 digits; then the coefficients are rounded to
** the dtype and moved by last places, one or two at a time, while that lessens the error):
**     P           f32  c = 1/4  0 <= a <= 13.3  degree 9    2^-25.6
**                 f64  c = 3/8  0 <= a <= 38.6  degree 23   2^-53.4
**     erf(a)/a    f32           0 <= a <= 1     degree 6    2^-24.1
**                 f64                           degree 11   2^-55.4
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/math/poly.h"

static const Poly tail_poly[NFLOATS] = {
    [FLOAT_F32] = { 10,
                    { 0x1.0bdb2ep+0, -0x1.890c92p+0, 0x1.1caed2p+0, -0x1.afd7d8p-4, -0x1.572fb8p-2,
                      0x1.8abcacp-6, 0x1.35227ep-3, 0x1.5cbfe4p-5, -0x1.c6e19ap-4,
                      0x1.a9886cp-6 } },
    [FLOAT_F64] = { 24, { 0x1.be33238b05d58p-1,  -0x1.43cc94f61f599p+0, 0x1.0ac8c92e0bed6p+0,
                          -0x1.0d6edab0e548ep-2, -0x1.2276012f730ebp-2, 0x1.1c5df94e76a8bp-3,
                          0x1.29dfaf28f2ab9p-3,  -0x1.607d9855fe459p-5, -0x1.9075a7bde5d83p-4,
                          -0x1.077d2cd50dba6p-6, 0x1.c30a8efe55a73p-5,  0x1.6c2ac410813f4p-5,
                          -0x1.2419beb13e343p-7, -0x1.43ee81458e3d5p-5, -0x1.984f2b374d8b8p-6,
                          0x1.3eef8bd39ec76p-7,  0x1.bea93d7164932p-6,  0x1.3ca3948e47035p-6,
                          0x1.5384283a88fbap-8,  -0x1.a84abdc728673p-6, -0x1.a2af3b406618ep-5,
                          0x1.bbf7f9b5abe69p-6,  0x1.eb786fdfa2f1ep-5,  -0x1.4617c2e30530ap-5 } },
};

static const Poly erf_small[NFLOATS] = {
    [FLOAT_F32] = { 7,
                    { 0x1.20dd74p+0, -0x1.81262ap-2, 0x1.cdfc02p-4, -0x1.b4c634p-6, 0x1.3bbafcp-8,
                      -0x1.f2bd54p-12, -0x1.e37ca8p-16 } },
    [FLOAT_F64] = { 12,
                    { 0x1.20dd750429b6dp+0, -0x1.812746b03799dp-2, 0x1.ce2f21a03f8b9p-4,
                      -0x1.b82ce311a9799p-6, 0x1.565bcceed9729p-8, -0x1.c02daeb6dafa6p-11,
                      0x1.f9a296af9b33fp-14, -0x1.f4c82ea848322p-17, 0x1.b96b5367c3886p-20,
                      -0x1.5b8c50e5fae69p-23, 0x1.d3dcd72b86529p-27, -0x1.a23b653c2a78cp-31 } },
};

/* (a + 3) T(a), of s = a / (a + 3) */
static fvec tail_at(Emit *e, fvec s)
{
    return emit_poly(e, tail_poly, f_sub(e, s, f_per_type(e, 0.25, 0.375)));
}

/* a T(a) */
static fvec tail(Emit *e, fvec a)
{
    fvec s = f_div(e, a, f_add(e, a, f_const(e, 3)));
    return f_mul(e, s, tail_at(e, s));
}

fvec emit_erf(Emit *e, fvec x)
{
    fvec a = f_abs_below(e, x, 4, 6); /* 1 beyond */
    fvec square = f_mul(e, a, a), one = f_const(e, 1);
    fvec small = f_mul(e, a, emit_poly(e, erf_small, square));
    fvec b = f_mul(e, a, f_const(e, 0x1.6a09e667f3bcdp+0));
    Power p = emit_power(e, f_neg(e, square), NULL);
    fvec half = f_div(e, emit_times_power(e, tail(e, b), p), b);
    fvec large = f_sub(e, one, f_add(e, half, half));
    return f_signed(e, f_select(e, f_less(e, a, one), small, large), x);
}

fvec emit_gelu(Emit *e, fvec x)
{
    fvec a = f_abs_below(e, x, 15, 39.5); /* the tail rounds to 0 beyond */
    static const int64_t upper_half[NFLOATS] = { -(1 << 12), -(1 << 27) };
    bvec upper_bits = b_const(e, upper_half[e->kind]);
    fvec u = b_float(e, b_and(e, f_bits(e, a), upper_bits));
    fvec minus_half = f_const(e, -0.5);
    fvec rest = f_mul(e, f_mul(e, f_sub(e, a, u), minus_half), f_add(e, a, u));
    Power p = emit_power(e, f_mul(e, f_mul(e, u, u), minus_half), &rest);
    return f_sub(e, f_max(e, f_const(e, -0.0), x), emit_times_power(e, tail(e, a), p));
}

/* The slope at -a, a >= 0, is exp(-a^2/2) (T(a) - a / sqrt(2 pi)); at a it is what is left to 1. */
fvec emit_gelu_slope(Emit *e, fvec x)
{
    fvec a = f_abs_below(e, x, 15, 39.5), one = f_const(e, 1); /* 0 beyond */
    fvec from = f_add(e, a, f_const(e, 3)), density = f_const(e, -0x1.9884533d43651p-2);
    fvec mills = f_div(e, tail_at(e, f_div(e, a, from)), from);
    Power p = emit_power(e, f_mul(e, f_mul(e, a, a), f_const(e, -0.5)), NULL);
    fvec below = emit_times_power(e, f_fma(e, a, density, mills), p);
    return f_select(e, f_less(e, f_const(e, 0), x), f_sub(e, one, below), below);
}
