/* test_bilinear.c: the pair of rows of a sample, moved into maps of every small height, against the formula.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/bilinear.h"
#include "tests/unit/emit/jit.h"

#include <criterion/criterion.h>
#include <math.h>

enum { FOREIGN0 = 1, FOREIGN1 = 2, TOUCHES = 4, MOVED = 8 };
enum { SAMPLES = 64, MAX_HEIGHT = 5 };

/* What is asked of the pair of each sample: its first row, its weights, and the masks as bits. */
typedef struct Pairs {
    float row[SAMPLES], weight0[SAMPLES], weight1[SAMPLES], bits[SAMPLES];
} Pairs;

static fvec bit_of(Emit *e, mask m, int bit)
{
    return f_select(e, m, f_const(e, bit), f_const(e, 0));
}

static void put(Emit *e, size_t member, idx at, fvec x)
{
    addr to = p_at_bytes(e, jit_out(e), x_const(e, (int64_t)member));
    p_store(e, p_at(e, to, at), x, all_lanes);
}

/* in: SAMPLES positions; n: rows of the map. */
static void emit_moves(Emit *e)
{
    EMIT_VECTORS (e, v, x_const(e, SAMPLES)) {
        fvec y = bilinear_limit(e, p_load(e, p_at(e, jit_in(e), v.at), all_lanes));
        fvec down = f_floor(e, y), f = f_sub(e, y, down);
        RowPair p = { f_to_i(e, down), { f_sub(e, f_const(e, 1), f), f } };
        MovedPair m = bilinear_move(e, &p, jit_n(e));
        fvec low = f_add(e, bit_of(e, m.foreign[0], FOREIGN0), bit_of(e, m.foreign[1], FOREIGN1));
        fvec high = f_add(e, bit_of(e, m.touches, TOUCHES), bit_of(e, m.moved, MOVED));
        put(e, offsetof(Pairs, row), v.at, i_to_f(e, m.pair.at));
        put(e, offsetof(Pairs, weight0), v.at, m.pair.coeff[0]);
        put(e, offsetof(Pairs, weight1), v.at, m.pair.coeff[1]);
        put(e, offsetof(Pairs, bits), v.at, f_add(e, low, high));
    }
}

/* The weight that a sample at y gives a row. */
static float weight_of(float y, int row)
{
    float distance = fabsf(y - (float)row);
    return distance < 1 ? 1 - distance : 0;
}

static int is_of_sample(float y, int row)
{
    int y0 = (int)floorf(y);
    return row == y0 || row == y0 + 1;
}

static void check_sample(const Pairs *p, int i, float y, int height)
{
    int y0 = (int)floorf(y), b = y0 < height - 2 ? y0 : height - 2;
    b = b > 0 ? b : 0;
    int second = height > 1, foreign0 = !is_of_sample(y, b);
    int foreign1 = !second || !is_of_sample(y, b + 1);
    int touches = weight_of(y, b) + (second ? weight_of(y, b + 1) : 0) > 0;
    int bits = foreign0 * FOREIGN0 + foreign1 * FOREIGN1 + touches * TOUCHES;
    bits += (foreign0 || foreign1) * MOVED;
    cr_expect_eq(p->row[i], b, "y = %g of %d: row %g", y, height, p->row[i]);
    cr_expect_eq(p->weight0[i], weight_of(y, b), "y = %g of %d: %g", y, height, p->weight0[i]);
    cr_expect_eq(p->weight1[i], second ? weight_of(y, b + 1) : 0, "y = %g of %d: %g", y, height,
                 p->weight1[i]);
    cr_expect_eq(p->bits[i], bits, "y = %g of %d: bits %g, not %d", y, height, p->bits[i], bits);
}

Test(bilinear, every_position_of_small_maps)
{
    dcn_target t;
    for (int k = 0; jit_target(k, &t) == 0; k++) {
        Jit j;
        float y[SAMPLES];
        Pairs out;
        emit_moves(jit_begin(&j, DCN_F32, &t, 0));
        jit_end(&j);
        for (int i = 0; i < SAMPLES; i++)
            y[i] = (float)(i - 16) / 4;
        for (int height = 1; height <= MAX_HEIGHT; height++) {
            j.fn(y, &out, height);
            for (int i = 0; i < SAMPLES; i++)
                check_sample(&out, i, y[i], height);
        }
        jit_free(&j);
    }
}

Test(bilinear, offsets_that_are_no_numbers_are_beyond_every_map)
{
    dcn_target t;
    Jit j;
    float y[SAMPLES] = { NAN, INFINITY, -INFINITY, 1e30f };
    Pairs out;
    jit_target(0, &t);
    emit_moves(jit_begin(&j, DCN_F32, &t, 0));
    jit_end(&j);
    j.fn(y, &out, 1000000);
    for (int i = 0; i < 4; i++)
        cr_expect_eq((int)out.bits[i], FOREIGN0 + FOREIGN1 + MOVED, "y = %g", y[i]);
    jit_free(&j);
}
