/* random.h: random numbers that are the same everywhere: splitmix64.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef RANDOM_H
#define RANDOM_H

#include <math.h>
#include <stdint.h>

static inline uint64_t random_word(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* Low included, high not. */
static inline float random_between(uint64_t *state, float low, float high)
{
    return low + (high - low) * (float)(random_word(state) >> 40) * 0x1p-24F;
}

/* A normal number of mean 0 and deviation 1 (Box and Muller). */
static inline float random_normal(uint64_t *state)
{
    const float r = sqrtf(-2 * logf(1 - random_between(state, 0, 1)));
    return r * cosf(6.2831853F * random_between(state, 0, 1));
}

#endif
