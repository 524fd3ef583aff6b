/* test_flow.c: loops, tiles and branches at every extent around the number of lanes.
**
** The input ends where an unmapped page begins, so a lane that is read behind the end faults; the
** output lies between guard words.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/emit/jit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST = 64, GUARD = 32 };

/* ---- memory with a fence --------------------------------------------------------------------- */

/* The end of readable memory; never freed, a test is a process. */
static char *fence(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(p, MAP_FAILED);
    cr_assert_eq(mprotect(p + page, page, PROT_NONE), 0);
    return p + page;
}

static void put(void *p, int bytes, int64_t i, double x)
{
    float narrow = (float)x;
    memcpy((char *)p + i * bytes, bytes == 4 ? (void *)&narrow : (void *)&x, (size_t)bytes);
}

static double get(const void *p, int bytes, int64_t i)
{
    float narrow;
    double wide;
    memcpy(bytes == 4 ? (void *)&narrow : (void *)&wide, (const char *)p + i * bytes,
           (size_t)bytes);
    return bytes == 4 ? (double)narrow : wide;
}

/* ---- tiles -------------------------------------------------------------------------------------- */

/* out[i] = in[i] + 1 */
static void emit_plus_one(Emit *e, idx extent)
{
    EMIT_VECTORS (e, t, extent) {
        fvec x = p_load(e, p_at(e, jit_in(e), t.at), t.live);
        p_store(e, p_at(e, jit_out(e), t.at), f_add(e, x, f_const(e, 1)), t.live);
    }
}

static void check_tiles(JitFn fn, int bytes, int64_t n, const char *what)
{
    char *end = fence(), out[(MOST + 2 * GUARD) * 8];
    char *in = end - n * bytes, *first = out + GUARD * bytes;
    for (int64_t i = 0; i < n; i++)
        put(in, bytes, i, (double)(i * i));
    memset(out, 0x5a, sizeof out);
    fn(in, first, n);
    for (int64_t i = 0; i < n; i++)
        cr_expect_eq(get(first, bytes, i), (double)(i * i + 1), "%s, n = %d: element %d", what,
                     (int)n, (int)i);
    for (int64_t i = 0; i < (int64_t)sizeof out; i++)
        if (i < GUARD * bytes || i >= (GUARD + n) * bytes)
            cr_assert_eq(out[i], 0x5a, "%s, n = %d: wrote at byte %d", what, (int)n,
                         (int)(i - GUARD * bytes));
}

static void tiles_of(dcn_dtype dtype, const dcn_target *t, int lanes)
{
    int bytes = dtype == DCN_F32 ? 4 : 8;
    Jit j;
    Emit *e = jit_begin(&j, dtype, t, lanes);
    emit_plus_one(e, jit_n(e));
    jit_end(&j);
    for (int64_t n = 0; n <= 3 * lanes + 1; n++)
        check_tiles(j.fn, bytes, n, "extent at run time");
    jit_free(&j);
    for (int64_t n = 0; n <= 3 * lanes + 1; n += n < lanes + 2 ? 1 : lanes / 2) {
        e = jit_begin(&j, dtype, t, lanes);
        emit_plus_one(e, x_const(e, n));
        jit_end(&j);
        check_tiles(j.fn, bytes, n, "constant extent");
        jit_free(&j);
    }
}

Test(flow, tiles)
{
    dcn_target t;
    for (int i = 0; jit_target(i, &t) == 0; i++)
        for (int lanes = 4; lanes <= 16; lanes *= 2) {
            tiles_of(DCN_F32, &t, lanes);
            tiles_of(DCN_F64, &t, lanes / 2);
        }
}

/* ---- loops ---------------------------------------------------------------------------------------- */

/* out[0] = how often, out[1] = sum of the counter, out[2] = times an inner loop of n ran, out[3] = sum of i*k in a
** nest of the other kind */
static void emit_loops(Emit *e, idx from, idx to, int64_t step)
{
    var count = v_index(e, x_const(e, 0)), sum = v_index(e, x_const(e, 0));
    var inner = v_index(e, x_const(e, 0));
    EMIT_FOR (e, i, from, to, step) {
        v_index_set(e, count, x_addk(e, v_index_get(e, count), 1));
        v_index_set(e, sum, x_add(e, v_index_get(e, sum), i.at));
        EMIT_FOR (e, k, x_const(e, 0), jit_n(e), 1)
            v_index_set(e, inner, x_addk(e, v_index_get(e, inner), 1));
    }
    var outer = v_index(e, x_const(e, 0));
    EMIT_FOR_OPAQUE (e, i, from, to, step) {
        EMIT_FOR_OPAQUE (e, k, x_const(e, 0), jit_n(e), 1)
            v_index_set(e, outer, x_add(e, v_index_get(e, outer), x_mul(e, i.at, k.at)));
    }
    p_put_i64(e, p_at_word(e, jit_out(e), x_const(e, 3)), v_index_get(e, outer));
    p_put_i64(e, jit_out(e), v_index_get(e, count));
    p_put_i64(e, p_at_word(e, jit_out(e), x_const(e, 1)), v_index_get(e, sum));
    p_put_i64(e, p_at_word(e, jit_out(e), x_const(e, 2)), v_index_get(e, inner));
}

static void check_loop(JitFn fn, const int64_t *range, const char *what)
{
    for (int64_t n = 0; n < 3; n++) {
        int64_t out[4] = { -1, -1, -1, -1 }, count = 0, sum = 0;
        for (int64_t i = range[0]; i < range[1]; i += range[2]) {
            count++;
            sum += i;
        }
        fn(range, out, n);
        cr_expect(out[0] == count && out[1] == sum && out[2] == n * count &&
                      out[3] == sum * (n * (n - 1) / 2),
                  "%s %d to %d by %d: %d rounds, sum %d, %d inside, products %d", what,
                  (int)range[0], (int)range[1], (int)range[2], (int)out[0], (int)out[1],
                  (int)out[2], (int)out[3]);
    }
}

Test(flow, loops)
{
    static const int64_t ranges[][3] = { { 0, 0, 1 },  { 0, 1, 1 },  { 0, 7, 1 }, { 3, 10, 2 },
                                         { 3, 11, 2 }, { 5, 3, 1 },  { 0, 4, 4 }, { 0, 5, 4 },
                                         { -5, 6, 3 }, { 0, 3, 100 } };
    dcn_target t;
    jit_target(0, &t);
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        const int64_t *range = ranges[r];
        Jit j;
        Emit *e = jit_begin(&j, DCN_F32, &t, 4);
        emit_loops(e, x_const(e, range[0]), x_const(e, range[1]), range[2]);
        jit_end(&j);
        check_loop(j.fn, range, "constant");
        jit_free(&j);
        e = jit_begin(&j, DCN_F32, &t, 4);
        idx to = p_get_i64(e, p_at_word(e, jit_in(e), x_const(e, 1)));
        emit_loops(e, p_get_i64(e, jit_in(e)), to, range[2]);
        jit_end(&j);
        check_loop(j.fn, range, "at run time");
        jit_free(&j);
    }
}

/* ---- values that change --------------------------------------------------------------------------- */

/* out[0..lanes) = sum of the vectors of in */
Test(flow, float_variable)
{
    dcn_target t;
    jit_target(0, &t);
    Jit j;
    Emit *e = jit_begin(&j, DCN_F32, &t, 4);
    var sum = v_float(e, f_const(e, 0));
    EMIT_VECTORS (e, s, jit_n(e))
        v_set(e, sum, f_add(e, v_get(e, sum), p_load(e, p_at(e, jit_in(e), s.at), s.live)));
    p_store(e, jit_out(e), v_get(e, sum), all_lanes);
    jit_end(&j);
    float in[11] = { 1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300 }, out[4];
    j.fn(in, out, 11);
    cr_expect(out[0] == 111 && out[1] == 222 && out[2] == 333 && out[3] == 44);
    jit_free(&j);
}

/* ---- branches --------------------------------------------------------------------------------------- */

/* out[i] = 1 if i < 3, else 2; 10 more if i is 1 or 4; 100 more inside both arms where i = 2, 3 */
static void emit_branches(Emit *e)
{
    EMIT_FOR (e, i, x_const(e, 0), jit_n(e), 1) {
        var y = v_index(e, x_const(e, 0));
        cond middle = c_and(e, x_less(e, x_const(e, 1), i.at), x_less(e, i.at, x_const(e, 4)));
        EMIT_IF_ELSE (e, b, x_less(e, i.at, x_const(e, 3))) {
            v_index_set(e, y, x_const(e, b.yes ? 1 : 2));
            EMIT_IF (e, middle)
                v_index_set(e, y, x_addk(e, v_index_get(e, y), 100));
        }
        EMIT_IF (e, x_equal(e, x_rem(e, i.at, x_const(e, 3)), x_const(e, 1)))
            v_index_set(e, y, x_addk(e, v_index_get(e, y), 10));
        p_put_i64(e, p_at_word(e, jit_out(e), i.at), v_index_get(e, y));
    }
}

Test(flow, branches)
{
    static const int64_t want[] = { 1, 11, 101, 102, 12, 2, 2, 12 };
    dcn_target t;
    jit_target(0, &t);
    Jit j;
    emit_branches(jit_begin(&j, DCN_F64, &t, 2));
    jit_end(&j);
    int64_t out[8] = { 0 };
    j.fn(NULL, out, 8);
    for (int i = 0; i < 8; i++)
        cr_expect_eq(out[i], want[i], "i = %d: %d", i, (int)out[i]);
    jit_free(&j);
}
