/* test_register_tile.c: the register tile that is guessed, by the outputs and by the pixels of a small map.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tiled.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>

typedef struct TileCase {
    int64_t outputs, side;
    int threads, mr, nv;
} TileCase;

static dcn_target avx512(void)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse("x86-64-v4", NULL, NULL, &t, NULL), 0);
    return t;
}

static void expect_tile(const TileCase *c)
{
    const dcn_spec s = case_spec(DCN_OP_CONV2D, 64, c->outputs, c->side, c->side);
    const dcn_target t = avx512();
    int k[TILED_NKNOBS];
    tiled_guess(&s, &t, c->threads, k);
    cr_expect(k[TILED_MR] == c->mr && k[TILED_NV] == c->nv, "%lld outputs, side %lld: %d x %d",
              (long long)c->outputs, (long long)c->side, k[TILED_MR], k[TILED_NV]);
}

Test(register_tile, follows_the_outputs_of_large_maps)
{
    static const TileCase cases[] = {
        { 512, 28, 1, 6, 4 }, { 48, 28, 1, 8, 3 },  { 32, 28, 1, 12, 2 },
        { 27, 28, 1, 12, 2 }, { 16, 28, 1, 14, 1 }, { 112, 28, 1, 6, 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_tile(&cases[i]);
}

/* 49 and 196 are multiples of 7. */
Test(register_tile, leaves_no_pixel_of_a_small_map_alone)
{
    static const TileCase cases[] = {
        { 512, 7, 1, 7, 3 },  { 512, 7, 2, 7, 3 },  { 27, 7, 1, 7, 2 }, { 27, 14, 1, 7, 2 },
        { 256, 14, 1, 6, 4 }, { 112, 14, 1, 6, 4 }, { 64, 1, 1, 6, 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_tile(&cases[i]);
}

/* A broadcast of one vector serves one multiply-add only. */
Test(register_tile, has_one_vector_only_where_there_is_one)
{
    const dcn_target t = avx512();
    for (int64_t outputs = 17; outputs <= 640; outputs += 16)
        for (int64_t side = 1; side <= 16; side++)
            for (int threads = 1; threads <= 16; threads += 15) {
                const dcn_spec s = case_spec(DCN_OP_CONV2D, 64, outputs, side, side);
                int k[TILED_NKNOBS];
                tiled_guess(&s, &t, threads, k);
                cr_expect_gt(k[TILED_NV], 1, "%lld outputs, side %lld, %d threads",
                             (long long)outputs, (long long)side, threads);
            }
}

Test(register_tile, knows_nothing_of_sizes_that_are_dynamic)
{
    expect_tile(&(TileCase){ 512, DCN_DYNAMIC, 1, 6, 4 });
}

/* Whoever makes the pixels of a source cuts them up. */
Test(register_tile, of_a_source_follows_its_outputs)
{
    const dcn_spec s = case_spec(DCN_OP_CONV2D, 64, 512, 7, 7);
    const dcn_target t = avx512();
    int k[TILED_NKNOBS];
    tiled_guess_for_source(&s, &t, k);
    cr_expect(k[TILED_MR] == 6 && k[TILED_NV] == 4, "%d x %d", k[TILED_MR], k[TILED_NV]);
}
