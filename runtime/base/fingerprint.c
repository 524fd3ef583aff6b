/* fingerprint.c: one number for many bytes, at about the speed of memory.
**
**     lane[j] = (rotate(lane[j], 29) ^ word[32*i + j]) * M      M odd
**
** Each step is a bijection of the word and of the lane, so that one changed word always shows.  The rotation
** carries the highest bits, where the signs of numbers are, to where the product spreads them; without it
** two changed signs would cancel.  So many lanes are four vectors of AVX-512, which hide the latency of a product.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen.h>

#include <stdbool.h>
#include <string.h>

enum { LANES = 32, BLOCK = LANES * 8 };

/* Odd, from the digits of the golden ratio. */
#define MULTIPLIER 0x9e3779b97f4a7c15u

static uint64_t mix(uint64_t lane, uint64_t word)
{
    return ((lane << 29 | lane >> 35) ^ word) * MULTIPLIER;
}

static uint64_t load(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

typedef void MixBlocks(uint64_t lane[], const unsigned char *at, size_t n);

static void mix_blocks(uint64_t lane[LANES], const unsigned char *at, size_t n)
{
    for (; n > 0; n--, at += BLOCK)
        for (int j = 0; j < LANES; j++)
            lane[j] = mix(lane[j], load(at + j * 8));
}

#if defined(__x86_64__)
/* Does what mix_blocks does with products of eight lanes at once, which AVX-512DQ has. */
typedef uint64_t FingerVector __attribute__((vector_size(64)));
enum { VECTORS = BLOCK / sizeof(FingerVector) };

__attribute__((target("avx512f,avx512dq"))) static void
mix_blocks_wide(uint64_t lane[LANES], const unsigned char *at, size_t n)
{
    FingerVector all[VECTORS], word;
    memcpy(all, lane, sizeof all);
    for (; n > 0; n--, at += BLOCK)
        for (int j = 0; j < VECTORS; j++) {
            memcpy(&word, at + (size_t)j * sizeof word, sizeof word);
            all[j] = ((all[j] << 29 | all[j] >> 35) ^ word) * MULTIPLIER;
        }
    memcpy(lane, all, sizeof all);
}

/* AVX2 makes such a product of products of halves, in fewer instructions than scalars; gcc splits wider vectors
** badly. */
typedef uint64_t FingerHalf __attribute__((vector_size(32)));
enum { HALVES = BLOCK / sizeof(FingerHalf) };

__attribute__((target("avx2"))) static void mix_blocks_halves(uint64_t lane[LANES],
                                                              const unsigned char *at, size_t n)
{
    FingerHalf all[HALVES], word;
    memcpy(all, lane, sizeof all);
    for (; n > 0; n--, at += BLOCK)
        for (int j = 0; j < HALVES; j++) {
            memcpy(&word, at + (size_t)j * sizeof word, sizeof word);
            all[j] = ((all[j] << 29 | all[j] >> 35) ^ word) * MULTIPLIER;
        }
    memcpy(lane, all, sizeof all);
}

static MixBlocks *best(void)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        return mix_blocks_wide;
    return __builtin_cpu_supports("avx2") ? mix_blocks_halves : mix_blocks;
}
#else
static MixBlocks *best(void)
{
    return mix_blocks;
}
#endif

uint64_t dcn_fingerprint(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t lane[LANES], all = mix(MULTIPLIER, size);
    for (uint64_t j = 0; j < LANES; j++)
        lane[j] = j;
    const size_t left = size % BLOCK;
    best()(lane, at, size / BLOCK);
    if (left) {
        unsigned char last[BLOCK] = { 0 };
        memcpy(last, at + (size - left), left);
        mix_blocks(lane, last, 1);
    }
    for (int j = 0; j < LANES; j++)
        all = mix(all, lane[j]);
    return all ^ all >> 32;
}
