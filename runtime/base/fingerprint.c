/* fingerprint.c: one number for many bytes, at about the speed of memory.
**
**     lane[j] = (rotate(lane[j], 29) ^ word[8*i + j]) * M      M odd
**
** Each step is a bijection of the word and of the lane, so that one changed word always shows.  The rotation
** carries the highest bits, where the signs of numbers are, to where the product spreads them; without it
** two changed signs would cancel.  Eight lanes hide the latency of a product.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen.h>

#include <string.h>

enum { LANES = 8, BLOCK = LANES * 8 };

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

static void mix_block(uint64_t lane[LANES], const unsigned char *block)
{
    for (int j = 0; j < LANES; j++)
        lane[j] = mix(lane[j], load(block + j * 8));
}

uint64_t dcn_fingerprint(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t lane[LANES], all = mix(MULTIPLIER, size);
    for (uint64_t j = 0; j < LANES; j++)
        lane[j] = j;
    size_t left = size;
    for (; left >= BLOCK; left -= BLOCK, at += BLOCK)
        mix_block(lane, at);
    if (left) {
        unsigned char last[BLOCK] = { 0 };
        memcpy(last, at, left);
        mix_block(lane, last);
    }
    for (int j = 0; j < LANES; j++)
        all = mix(all, lane[j]);
    return all ^ all >> 32;
}
