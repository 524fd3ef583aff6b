/* test_fingerprint.c: other bytes have another fingerprint.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 203 };

static void fill(unsigned char *bytes)
{
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 37 + 5);
}

Test(fingerprint, every_bit_counts)
{
    unsigned char bytes[SIZE];
    fill(bytes);
    const uint64_t before = dcn_fingerprint(bytes, SIZE);
    for (int bit = 0; bit < SIZE * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        cr_expect_neq(dcn_fingerprint(bytes, SIZE), before, "bit %d", bit);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    cr_expect_eq(dcn_fingerprint(bytes, SIZE), before);
}

Test(fingerprint, the_size_counts)
{
    const unsigned char zeros[SIZE] = { 0 };
    for (size_t n = 1; n < SIZE; n++)
        cr_expect_neq(dcn_fingerprint(zeros, n), dcn_fingerprint(zeros, n - 1), "%zu", n);
}

Test(fingerprint, the_address_does_not_count)
{
    unsigned char bytes[SIZE], moved[SIZE + 3];
    fill(bytes);
    memcpy(moved + 3, bytes, SIZE);
    cr_expect_eq(dcn_fingerprint(moved + 3, SIZE), dcn_fingerprint(bytes, SIZE));
}

/* What is done to weights: two numbers, or two rows, change places; every sign changes. */
Test(fingerprint, places_and_signs_count)
{
    double a[64], b[64];
    for (int i = 0; i < 64; i++)
        a[i] = b[i] = i;
    const uint64_t before = dcn_fingerprint(a, sizeof a);
    for (int distance = 1; distance < 64; distance++) {
        b[0] = a[distance];
        b[distance] = a[0];
        cr_expect_neq(dcn_fingerprint(b, sizeof b), before, "%d", distance);
        memcpy(b, a, sizeof b);
    }
    memcpy(b, a + 32, sizeof b / 2);
    memcpy(b + 32, a, sizeof b / 2);
    cr_expect_neq(dcn_fingerprint(b, sizeof b), before);
    for (int i = 0; i < 64; i++)
        b[i] = -a[i];
    cr_expect_neq(dcn_fingerprint(b, sizeof b), before);
}

/* In parts: any number of threads finds the same, and every part counts, the last and shortest one, too. */
Test(fingerprint, threads)
{
    static const size_t sizes[] = { 0, 7, 131072, 131073, 3 << 20, (9 << 20) + 12345 };
    unsigned char *bytes = calloc(1, sizes[5]);
    cr_assert(bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t n = sizes[i];
        const uint64_t before = dcn_fingerprint_threads(bytes, n, 1);
        for (int threads = 0; threads < 6; threads++)
            cr_expect_eq(dcn_fingerprint_threads(bytes, n, threads), before, "%zu, %d", n, threads);
        for (size_t back = 1; back <= n; back += 65521) {
            bytes[n - back] ^= 128;
            cr_expect_neq(dcn_fingerprint_threads(bytes, n, 3), before, "%zu of %zu", back, n);
            bytes[n - back] ^= 128;
        }
        if (n)
            cr_expect_neq(dcn_fingerprint_threads(bytes, n - 1, 3), before, "%zu", n);
    }
    free(bytes);
}

/* How many threads there are to be is none of its errors: those of the call tell. */
Test(fingerprint, threads_that_cannot_be)
{
    static unsigned char bytes[3 << 20];
    cr_expect_eq(dcn_fingerprint_threads(bytes, sizeof bytes, -1),
                 dcn_fingerprint_threads(bytes, sizeof bytes, 1));
}

static uint64_t mixed(uint64_t lane, uint64_t word)
{
    return ((lane << 29 | lane >> 35) ^ word) * 0x9e3779b97f4a7c15u;
}

/* Whole blocks go through vectors, whose width is that of the CPU. */
Test(fingerprint, is_the_formula_of_its_file_on_every_cpu)
{
    enum { LANES = 32, BLOCK = LANES * 8, BYTES = 5 * BLOCK + 8 };
    unsigned char bytes[BYTES + BLOCK] = { 0 };
    for (int i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)(i * 37 + i / 256);
    uint64_t lane[LANES], all = mixed(0x9e3779b97f4a7c15u, BYTES), word;
    for (uint64_t j = 0; j < LANES; j++)
        lane[j] = j;
    for (int i = 0; i < BYTES / BLOCK + 1; i++)
        for (int j = 0; j < LANES; j++) {
            memcpy(&word, bytes + i * BLOCK + j * 8, sizeof word);
            lane[j] = mixed(lane[j], word);
        }
    for (int j = 0; j < LANES; j++)
        all = mixed(all, lane[j]);
    cr_expect_eq(dcn_fingerprint(bytes, BYTES), all ^ all >> 32);
}
