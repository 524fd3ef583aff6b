/* random.c: random numbers that can be repeated.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586;

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

rt_rng rt_rng_seed(uint64_t seed)
{
    rt_rng r;
    for (int i = 0; i < 4; i++)
        r.s[i] = splitmix64(&seed);
    return r;
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t rt_rng_next(rt_rng *r)
{
    uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double rt_rng_uniform(rt_rng *r)
{
    return (double)(rt_rng_next(r) >> 11) * 0x1p-53;
}

/* Box-Muller; 1 - u is never 0 */
double rt_rng_normal(rt_rng *r)
{
    double radius = sqrt(-2 * log(1 - rt_rng_uniform(r)));
    return radius * cos(TWO_PI * rt_rng_uniform(r));
}
