/* poly.h: what the elementary functions share: constants per float type, polynomials, exp.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_MATH_POLY_H
#define DCN_CODEGEN_MATH_POLY_H

#include "codegen/ir/emit.h"

/* c[0] + c[1] x + ... + c[n-1] x^(n-1), with as many terms as the float type needs. */
enum { POLY_MAX_TERMS = 24 };
typedef struct Poly {
    int n;
    double c[POLY_MAX_TERMS];
} Poly;
fvec emit_poly(Emit *e, const Poly p[NFLOATS], fvec x);

/* One constant where floats are f32, another where they are f64. */
fvec f_per_type(Emit *e, double f32, double f64);

/* |x|, but not above the limit; NaN stays. */
fvec f_abs_below(Emit *e, fvec x, double limit32, double limit64);

/* |x| with the sign bit of `sign`. */
fvec f_signed(Emit *e, fvec x, fvec sign);

/* exp(y) = (1 + m) s1 s2.  s1 and s2 are powers of two whose product alone may be out of range:
** what is multiplied before them is rounded once, also where the result is denormal. */
typedef struct Power {
    fvec m, s1, s2;
} Power;

/* exp(y), or exp(y + *rest) with |rest| <= 0.05.  y is within +-200 (f32) or +-1500 (f64), or NaN. */
Power emit_power(Emit *e, fvec y, const fvec *rest);

/* x (1 + m) s1 s2 */
fvec emit_times_power(Emit *e, fvec x, Power p);

#endif
