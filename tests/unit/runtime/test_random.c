/* test_random.c: random numbers are the same on every machine, and random.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"

#include <criterion/criterion.h>
#include <math.h>

/* The first outputs of xoshiro256** seeded with splitmix64(1), computed independently. */
Test(random, numbers_are_the_same_everywhere)
{
    rt_rng r = rt_rng_seed(1);
    static const uint64_t want[] = { 0xb3f2af6d0fc710c5u, 0x853b559647364ceau,
                                     0x92f89756082a4514u };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        cr_expect_eq(rt_rng_next(&r), want[i]);
}

Test(random, moments_are_right)
{
    rt_rng r = rt_rng_seed(7);
    double sum = 0, squares = 0, uniform = 0;
    enum { N = 100000 };
    for (int i = 0; i < N; i++) {
        double v = rt_rng_normal(&r), u = rt_rng_uniform(&r);
        cr_assert(u >= 0 && u < 1);
        sum += v;
        squares += v * v;
        uniform += u;
    }
    cr_expect_float_eq(sum / N, 0, 0.02);
    cr_expect_float_eq(squares / N, 1, 0.02);
    cr_expect_float_eq(uniform / N, 0.5, 0.005);
}
