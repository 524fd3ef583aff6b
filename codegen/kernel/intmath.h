/* intmath.h: arithmetic of plans: multiples, divisors and powers of two.  Nothing here is emitted.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_INTMATH_H
#define DCN_CODEGEN_INTMATH_H

#include <stdint.h>

static inline int64_t int_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t int_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The least multiple of `to` that is >= n; n >= 0, to > 0. */
static inline int64_t int_round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

/* n / by, rounded up; n >= 0, by > 0. */
static inline int64_t int_ceil_div(int64_t n, int64_t by)
{
    return (n + by - 1) / by;
}

/* Greatest common divisor: the longest spans that neither of two ways to cut channels cuts. */
static inline int int_gcd(int a, int b)
{
    return b ? int_gcd(b, a % b) : a;
}

/* The largest power of two <= n and <= most; both >= 1. */
static inline int int_power_of_two(int n, int most)
{
    int power = 1;
    while (power * 2 <= n && power * 2 <= most)
        power *= 2;
    return power;
}

/* The largest divisor of n that is <= most; both >= 1. */
static inline int int_divisor(int n, int most)
{
    int d = most < n ? most : n;
    while (n % d)
        d--;
    return d;
}

#endif
