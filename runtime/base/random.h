/* random.h: random numbers that can be repeated.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_RANDOM_H
#define DCN_RUNTIME_RANDOM_H

#include <stdint.h>

/* xoshiro256**, seeded by splitmix64: the same numbers on every machine. */
typedef struct rt_rng {
    uint64_t s[4];
} rt_rng;

rt_rng rt_rng_seed(uint64_t seed);
uint64_t rt_rng_next(rt_rng *r);
double rt_rng_uniform(rt_rng *r); /* 0 <= u < 1 */
double rt_rng_normal(rt_rng *r);  /* mean 0, deviation 1 */

#endif
