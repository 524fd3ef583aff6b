/* exp.c: exp, and the functions that are rational in it: tanh, sigmoid, silu.
**
**     x = n ln 2 + r,  n integer,  |r| <= ln(2)/2
**     exp(x) = 2^n (1 + r + r^2 q(r))
**
** n is found by adding 1.5 * 2^p (p: bits of the fraction), which leaves the nearest integer in
** the low bits of the sum; so NaN needs no care: no float is ever converted to an integer.  With
** the bias of the exponent in the same constant, shifting those bits left by p gives 2^n.
** ln 2 is split in two; its upper part has so few bits that n times it, and the difference from x,
** are exact, fused or not.  The scale is applied as two powers of two: 2^n alone may be out of range.
**
** q approximates (exp(r) - 1 - r) / r^2 with minimax weight r^2 / |exp(r) - 1| (Remez exchange
** in 40 digits; coefficients rounded one after another from the lowest and the others fitted again):
**     f32  |r| <= 0.40    degree 5   relative error of exp(r) - 1: 2^-26.9
**     f64  |r| <= 0.3467  degree 9                                 2^-54.8
** The f32 interval is wider to leave room for `rest`.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/math.h"
#include "codegen/math/poly.h"

static const Poly exp_tail[NFLOATS] = {
    [FLOAT_F32] = { 6,
                    { 0x1.000000p-1, 0x1.55550cp-3, 0x1.5554c2p-5, 0x1.116d96p-7, 0x1.6d8a5ap-10,
                      0x1.39274cp-13 } },
    [FLOAT_F64] = { 10,
                    { 0x1.0000000000005p-1, 0x1.5555555555539p-3, 0x1.5555555552241p-5,
                      0x1.11111111190d2p-7, 0x1.6c16c17efc6fcp-10, 0x1.a01a0174c8234p-13,
                      0x1.a019a70675f24p-16, 0x1.71de88675b196p-19, 0x1.28a24d9bb5c61p-22,
                      0x1.ae6b9ec4e3cfep-26 } },
};

/* Adding it rounds to an integer and leaves the biased exponent in the low bits. */
static fvec rounder(Emit *e)
{
    return f_per_type(e, 0x1.8p23 + 127, 0x1.8p52 + 1023);
}

/* 2^n from n + rounder */
static fvec power_of_two(Emit *e, fvec rounded)
{
    static const int fraction_bits[NFLOATS] = { 23, 52 };
    return b_float(e, b_shl(e, f_bits(e, rounded), fraction_bits[e->kind]));
}

/* y = n ln 2 + r; returns n + rounder, from which n follows exactly. */
static fvec reduce(Emit *e, fvec y, fvec *n, fvec *r)
{
    fvec rounded = f_fma(e, y, f_const(e, 0x1.71547652b82fep+0), rounder(e));
    *n = f_sub(e, rounded, rounder(e));
    fvec minus_n = f_neg(e, *n);
    fvec upper = f_per_type(e, 0x1.62e4p-1, 0x1.62e42fefap-1);
    fvec lower = f_per_type(e, 0x1.7f7d1cp-20, 0x1.cf79abc9e3b3ap-40);
    *r = f_fma(e, minus_n, lower, f_fma(e, minus_n, upper, y));
    return rounded;
}

/* exp(r) - 1 */
static fvec expm1_reduced(Emit *e, fvec r)
{
    return f_fma(e, f_mul(e, r, r), emit_poly(e, exp_tail, r), r);
}

Power emit_power(Emit *e, fvec y, const fvec *rest)
{
    fvec n, r;
    reduce(e, y, &n, &r);
    if (rest)
        r = f_add(e, r, *rest);
    fvec half = f_fma(e, n, f_const(e, 0.5), rounder(e));
    fvec other = f_sub(e, n, f_sub(e, half, rounder(e)));
    return (Power){ expm1_reduced(e, r), power_of_two(e, half),
                    power_of_two(e, f_add(e, other, rounder(e))) };
}

fvec emit_times_power(Emit *e, fvec x, Power p)
{
    return f_mul(e, f_mul(e, f_fma(e, x, p.m, x), p.s1), p.s2);
}

fvec emit_exp(Emit *e, fvec x)
{
    fvec lowest = f_per_type(e, -104, -746), highest = f_per_type(e, 89, 710);
    fvec y = f_max(e, lowest, f_min(e, highest, x));
    return emit_times_power(e, f_const(e, 1), emit_power(e, y, NULL));
}

/* One power of two is enough above the smallest normal number, where it stops. */
fvec emit_exp_below_0(Emit *e, fvec x)
{
    fvec n, r, y = f_max(e, f_per_type(e, -87, -708), x);
    fvec scale = power_of_two(e, reduce(e, y, &n, &r));
    return f_fma(e, scale, expm1_reduced(e, r), scale);
}

/* tanh |x| = t / (t + 2),  t = exp(2 |x|) - 1 = 2^n (exp(r) - 1) + (2^n - 1) */
fvec emit_tanh(Emit *e, fvec x)
{
    fvec a = f_abs_below(e, x, 10, 20); /* 1 beyond */
    fvec n, r, rounded = reduce(e, f_add(e, a, a), &n, &r);
    fvec scale = power_of_two(e, rounded);
    fvec t = f_fma(e, scale, expm1_reduced(e, r), f_sub(e, scale, f_const(e, 1)));
    return f_signed(e, f_div(e, t, f_add(e, t, f_const(e, 2))), x);
}

/* a = |x|, up to where a exp(-a) rounds to 0, and exp(-a) */
static Power exp_minus_abs(Emit *e, fvec x, fvec *a)
{
    *a = f_abs_below(e, x, 110, 760);
    return emit_power(e, f_neg(e, *a), NULL);
}

/* w / (1 + w) for x < 0 and 1 / (1 + w) else, w = exp(-|x|): nothing overflows. */
fvec emit_sigmoid(Emit *e, fvec x)
{
    fvec a, one = f_const(e, 1);
    fvec w = emit_times_power(e, one, exp_minus_abs(e, x, &a));
    fvec top = f_select(e, f_less(e, x, f_const(e, 0)), w, one);
    return f_div(e, top, f_add(e, one, w));
}

/* sigmoid with x in the numerator before the scale: x w is normal where w no longer is. */
fvec emit_silu(Emit *e, fvec x)
{
    fvec a, one = f_const(e, 1);
    Power p = exp_minus_abs(e, x, &a);
    fvec w = emit_times_power(e, one, p), xw = emit_times_power(e, f_neg(e, a), p);
    fvec top = f_select(e, f_less(e, x, f_const(e, 0)), xw, x);
    return f_div(e, top, f_add(e, one, w));
}
