/* poly.c: what the elementary functions share: constants per float type, polynomials, signs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/math/poly.h"

fvec f_per_type(Emit *e, double f32, double f64)
{
    const double k[NFLOATS] = { [FLOAT_F32] = f32, [FLOAT_F64] = f64 };
    return f_const(e, k[e->kind]);
}

fvec f_abs_below(Emit *e, fvec x, double limit32, double limit64)
{
    return f_min(e, f_per_type(e, limit32, limit64), f_abs(e, x));
}

fvec f_signed(Emit *e, fvec x, fvec sign)
{
    static const int64_t sign_bit[NFLOATS] = { INT32_MIN, INT64_MIN };
    bvec top = b_const(e, sign_bit[e->kind]);
    return b_float(e, b_or(e, f_bits(e, x), b_and(e, f_bits(e, sign), top)));
}

/* Horner's rule. */
fvec emit_poly(Emit *e, const Poly p[NFLOATS], fvec x)
{
    const Poly *at = &p[e->kind];
    int n = at->n;
    fvec y = f_const(e, at->c[--n]);
    while (n > 0)
        y = f_fma(e, y, x, f_const(e, at->c[--n]));
    return y;
}
