/* test_memory.c: scalars, addresses, gathers, and what depends on the number of a lane.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/emit/jit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ---- scalars, computed at run time and while generating --------------------------------------------- */

static idx truth(Emit *e, cond c)
{
    return x_select(e, c, x_const(e, 1), x_const(e, 0));
}

static idx e_truths(Emit *e, idx a, idx b)
{
    idx less = truth(e, x_less(e, a, b)), equal = truth(e, x_equal(e, a, b));
    idx both = truth(e, c_and(e, x_less(e, a, b), x_less(e, x_const(e, 3), a)));
    idx other = truth(e, c_not(e, x_equal(e, a, b)));
    idx low = x_add(e, less, x_mulk(e, equal, 2));
    return x_add(e, low, x_add(e, x_mulk(e, both, 4), x_mulk(e, other, 8)));
}
static int64_t w_truths(int64_t a, int64_t b)
{
    return (a < b) + 2 * (a == b) + 4 * (a < b && 3 < a) + 8 * (a != b);
}
static idx e_constants(Emit *e, idx a, idx b)
{
    return x_add(e, x_mulk(e, x_addk(e, a, 7), 3), x_round_up(e, b, 8));
}
static int64_t w_constants(int64_t a, int64_t b)
{
    return (a + 7) * 3 + (b + 7) / 8 * 8;
}
static int64_t w_add(int64_t a, int64_t b)
{
    return a + b;
}
static int64_t w_sub(int64_t a, int64_t b)
{
    return a - b;
}
static int64_t w_mul(int64_t a, int64_t b)
{
    return a * b;
}
static int64_t w_div(int64_t a, int64_t b)
{
    return a / b;
}
static int64_t w_rem(int64_t a, int64_t b)
{
    return a % b;
}
static int64_t w_and(int64_t a, int64_t b)
{
    return a & b;
}
static int64_t w_or(int64_t a, int64_t b)
{
    return a | b;
}
static idx e_field(Emit *e, idx a, idx b)
{
    return x_add(e, x_field(e, a, 3, 0x1ff), x_field(e, b, 60, ~(uint64_t)0));
}
static int64_t w_field(int64_t a, int64_t b)
{
    return (int64_t)(((uint64_t)a >> 3 & 0x1ff) + ((uint64_t)b >> 60));
}
static int64_t w_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static int64_t w_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static const struct {
    const char *name;
    idx (*emit)(Emit *e, idx a, idx b);
    int64_t (*want)(int64_t a, int64_t b);
    int positive; /* a >= 0, b > 0 */
} scalars[] = {
    { "add", x_add, w_add, 0 },
    { "sub", x_sub, w_sub, 0 },
    { "mul", x_mul, w_mul, 0 },
    { "div", x_div, w_div, 1 },
    { "rem", x_rem, w_rem, 1 },
    { "min", x_min, w_min, 0 },
    { "max", x_max, w_max, 0 },
    { "and", x_and, w_and, 0 },
    { "or", x_or, w_or, 0 },
    { "field", e_field, w_field, 0 },
    { "truths", e_truths, w_truths, 0 },
    { "constants", e_constants, w_constants, 1 },
};
enum { SCALARS = sizeof scalars / sizeof scalars[0] };

static const int64_t numbers[] = { 0, 1, -1, 2, 5, 8, 9, 4096, -77, 3000000000, -3000000000 };
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

/* Every row applied to a and b. */
static void emit_scalars(Emit *e, idx a, idx b, int positive)
{
    for (int r = 0; r < SCALARS; r++)
        if (positive || !scalars[r].positive)
            p_put_i64(e, p_at_word(e, jit_out(e), x_const(e, r)), scalars[r].emit(e, a, b));
}

static void check_scalars(JitFn fn, const int64_t *ab, int positive, const char *how)
{
    int64_t out[SCALARS];
    fn(ab, out, 0);
    for (int r = 0; r < SCALARS; r++)
        if (positive || !scalars[r].positive)
            cr_expect_eq(out[r], scalars[r].want(ab[0], ab[1]), "%s %s of %lld and %lld: %lld", how,
                         scalars[r].name, (long long)ab[0], (long long)ab[1], (long long)out[r]);
}

static int positive_pair(const int64_t *ab)
{
    return ab[0] >= 0 && ab[1] > 0;
}

static void scalars_at_run_time(const dcn_target *t, int positive)
{
    Jit j;
    Emit *e = jit_begin(&j, DCN_F32, t, 4);
    idx a = p_get_i64(e, jit_in(e)), b = p_get_i64(e, p_at_word(e, jit_in(e), x_const(e, 1)));
    emit_scalars(e, a, b, positive);
    jit_end(&j);
    for (int i = 0; i < NUMBERS * NUMBERS; i++) {
        const int64_t ab[] = { numbers[i / NUMBERS], numbers[i % NUMBERS] };
        if (positive == positive_pair(ab))
            check_scalars(j.fn, ab, positive, "run time");
    }
    jit_free(&j);
}

static void scalars_folded(const dcn_target *t, const int64_t *ab)
{
    Jit j;
    Emit *e = jit_begin(&j, DCN_F32, t, 4);
    emit_scalars(e, x_const(e, ab[0]), x_const(e, ab[1]), positive_pair(ab));
    jit_end(&j);
    check_scalars(j.fn, ab, positive_pair(ab), "constant");
    jit_free(&j);
}

Test(memory, scalars)
{
    dcn_target t;
    jit_target(0, &t);
    scalars_at_run_time(&t, 0);
    scalars_at_run_time(&t, 1);
    for (int i = 0; i < NUMBERS; i++)
        scalars_folded(&t, (int64_t[]){ numbers[i], numbers[(i * 5 + 3) % NUMBERS] });
}

Test(memory, constants_are_known)
{
    dcn_target t;
    jit_target(0, &t);
    Jit j;
    Emit *e = jit_begin(&j, DCN_F32, &t, 4);
    cr_expect(x_is_const(x_const(e, 5), 5));
    cr_expect_not(x_is_const(x_const(e, 5), 6));
    cr_expect_not(x_is_const(jit_n(e), 0));
    cr_expect(x_is_const(x_mulk(e, x_addk(e, x_const(e, 5), 1), 7), 42));
    jit_end(&j);
    jit_free(&j);
}

/* ---- lanes by number ------------------------------------------------------------------------------------ */

enum { ROWS = 28 };

static void put_row(Emit *e, int row, fvec x)
{
    p_store(e, p_at(e, jit_out(e), x_const(e, (int64_t)row * e->lanes)), x, all_lanes);
}

static fvec ones_where(Emit *e, mask m)
{
    return f_select(e, m, f_const(e, 1), f_const(e, 0));
}

/* Rows 24 to 27: four vectors, lane by lane. */
static void emit_fours(Emit *e, fvec first)
{
    fvec x[4];
    for (int i = 0; i < 4; i++)
        x[i] = f_add(e, first, f_const(e, 100 * i));
    p_store_interleaved4(e, p_at(e, jit_out(e), x_const(e, 24 * (int64_t)e->lanes)), x);
}

/* Rows 16 to 23: reductions, tables, and stores past the caches where they can be. */
static void emit_more_rows(Emit *e, fvec first)
{
    int squares[64], ones[64];
    double halves[64];
    for (int i = 0; i < 64; i++) {
        squares[i] = i * i;
        ones[i] = 1;
        halves[i] = i / 2.0;
    }
    fvec nan = f_div(e, f_const(e, 0), f_const(e, 0));
    fvec holes = f_select(e, m_first(e, 2), nan, first);
    put_row(e, 16, f_permute(e, first, ones));
    put_row(e, 17, f_hadd(e, first));
    put_row(e, 18, f_hmax(e, holes));
    put_row(e, 19, f_hmin(e, holes));
    put_row(e, 20, f_opaque(e, first));
    put_row(e, 21, p_load(e, p_table(e, halves, 64), all_lanes));
    put_row(e, 22, i_to_f(e, p_load_i32(e, p_table_i32(e, squares, 64))));
    addr last = p_at(e, jit_out(e), x_const(e, 23 * (int64_t)e->lanes));
    EMIT_IF_ELSE (e, b, p_is_aligned(e, last, (int64_t)e->lanes * e->fp_bytes)) {
        if (b.yes)
            p_store_nt(e, last, first);
        else
            p_store(e, last, first, all_lanes);
    }
    p_store_nt_end(e);
}

/* in[i] = i + 1 everywhere; n is 3.  Row by row; want[] below says the same. */
static void emit_rows(Emit *e)
{
    addr in = jit_in(e);
    mask three = m_below(e, jit_n(e)), all = { NULL };
    int reverse[64];
    for (int i = 0; i < e->lanes; i++)
        reverse[i] = e->lanes - 1 - i;
    ivec far = i_select(e, three, i_mul(e, i_lane(e), i_const(e, 2)), i_const(e, 1 << 30));
    fvec first = p_load(e, in, all);
    p_prefetch(e, in, 1);
    put_row(e, 0, i_to_f(e, i_lane(e)));
    put_row(e, 1, i_to_f(e, i_splat(e, jit_n(e))));
    put_row(e, 2, ones_where(e, m_first(e, 2)));
    put_row(e, 3, ones_where(e, three));
    put_row(e, 4, p_load(e, in, three));
    put_row(e, 5, p_gather(e, in, i_sub(e, i_const(e, 5), i_lane(e)), m_first(e, 2)));
    put_row(e, 6, p_gather(e, in, far, three));
    put_row(e, 7, p_gather(e, in, i_add(e, i_lane(e), i_const(e, 1)), all));
    put_row(e, 8, p_splat(e, p_at(e, in, x_const(e, 4))));
    put_row(e, 9, p_broadcast(e, in, 2));
    put_row(e, 10, f_permute(e, first, reverse));
    put_row(e, 11, f_const(e, 0));
    p_store_part(e, p_at(e, jit_out(e), x_const(e, 11 * (int64_t)e->lanes)), first, 1, 1);
    put_row(e, 12, ones_where(e, m_below(e, x_const(e, 1000))));
    put_row(e, 13, ones_where(e, m_below(e, x_const(e, 0))));
    put_row(e, 14, p_broadcast(e, in, 1));
    p_copy_one(e, p_at(e, jit_out(e), x_mulk(e, x_const(e, 14), e->lanes)),
               p_at_bytes(e, in, x_const(e, e->fp_bytes)));
    p_zero_one(e, p_at(e, jit_out(e), x_addk(e, x_const(e, 14 * (int64_t)e->lanes), 1)));
    put_row(e, 15, p_load(e, p_at_bytes(e, in, x_const(e, e->fp_bytes)), all));
    emit_more_rows(e, first);
    emit_fours(e, first);
}

static double want(int row, int i, int lanes)
{
    const double table[24] = {
        i,
        3,
        i < 2,
        i < 3,
        i < 3 ? i + 1 : 0,
        i < 2 ? 6 - i : 0,
        i < 3 ? 2 * i + 1 : 0,
        i + 2,
        5,
        i % 2 + 1,
        lanes - i,
        i == 0 ? 2 : 0,
        1,
        0,
        i == 0   ? 2
        : i == 1 ? 0
                 : 1,
        i + 2,
        2,
        lanes * (lanes + 1) / 2,
        lanes,
        3,
        i + 1,
        i / 2.0,
        i * i,
        i + 1,
    };
    int four = (row - 24) * lanes + i;
    return row < 24 ? table[row] : four / 4 + 1 + 100 * (four % 4);
}

static void check_rows(dcn_dtype dtype, const dcn_target *t, int lanes)
{
    _Alignas(64) double in[32], out[ROWS * 16];
    for (int i = 0; i < 32; i++)
        if (dtype == DCN_F32)
            ((float *)in)[i] = (float)(i + 1);
        else
            in[i] = i + 1;
    Jit j;
    emit_rows(jit_begin(&j, dtype, t, lanes));
    jit_end(&j);
    j.fn(in, out, 3);
    for (int row = 0; row < ROWS; row++)
        for (int i = 0; i < lanes; i++) {
            int at = row * lanes + i;
            double got = dtype == DCN_F32 ? (double)((float *)out)[at] : out[at];
            cr_expect_eq(got, want(row, i, lanes), "row %d, lane %d of %d on %s: %g", row, i, lanes,
                         t->isa, got);
        }
    jit_free(&j);
}

Test(memory, lanes)
{
    dcn_target t;
    for (int i = 0; jit_target(i, &t) == 0; i++)
        for (int lanes = 4; lanes <= 16; lanes *= 2) {
            check_rows(DCN_F32, &t, lanes);
            check_rows(DCN_F64, &t, lanes);
        }
}

/* ---- integers and pointers in memory ---------------------------------------------------------------------- */

/* out: in[0] + in[1] as i64 from i32; in[4..8) doubled; a pointer to in there and back, read */
Test(memory, integers_and_pointers)
{
    dcn_target t;
    jit_target(0, &t);
    Jit j;
    Emit *e = jit_begin(&j, DCN_F32, &t, 4);
    addr in = jit_in(e), out = jit_out(e);
    idx second = p_get_i32(e, p_at_i32(e, in, x_const(e, 1)));
    p_put_i64(e, out, x_add(e, p_get_i32(e, in), second));
    ivec four = p_load_i32(e, p_at_i32(e, in, x_const(e, 4)));
    p_store_i32(e, p_at_i32(e, out, x_const(e, 2)), i_add(e, four, four));
    addr slot = p_at_word(e, out, x_const(e, 3));
    p_put_addr(e, slot, in);
    p_put_i64(e, p_at_word(e, out, x_const(e, 4)), p_get_i32(e, p_get_addr(e, slot)));
    jit_end(&j);
    int32_t from[8] = { -7, 2000000000, 0, 0, 1, -2, 3, -4 };
    int64_t to[5] = { 0 };
    int32_t doubled[4];
    j.fn(from, to, 0);
    memcpy(doubled, to + 1, sizeof doubled);
    cr_expect_eq(to[0], 1999999993);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(doubled[i], 2 * from[4 + i]);
    cr_expect_eq(to[3], (int64_t)(intptr_t)from);
    cr_expect_eq(to[4], -7);
    jit_free(&j);
}
