/* test_shuffle.c: lanes of two vectors, interleaved in runs of every length and taken apart again.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/emit/jit.h"

#include <criterion/criterion.h>

enum { MAX_LANES = 16 };

/* Where the four results of a length of runs are in the output, in vectors: interleaved lower and upper halves, then
** what is at even and at odd places of those two together. */
typedef struct Results {
    float half[2][MAX_LANES], every_second[2][MAX_LANES];
} Results;

static void put(Emit *e, size_t member, fvec x)
{
    p_store(e, p_at_bytes(e, jit_out(e), x_const(e, (int64_t)member)), x, all_lanes);
}

static void emit_shuffles(Emit *e, int each)
{
    fvec a = p_load(e, jit_in(e), all_lanes);
    fvec b = p_load(e, p_at(e, jit_in(e), x_const(e, e->lanes)), all_lanes);
    fvec lower = f_interleave(e, a, b, each, false), upper = f_interleave(e, a, b, each, true);
    put(e, offsetof(Results, half[0]), lower);
    put(e, offsetof(Results, half[1]), upper);
    put(e, offsetof(Results, every_second[0]), f_deinterleave(e, lower, upper, 0));
    put(e, offsetof(Results, every_second[1]), f_deinterleave(e, lower, upper, 1));
}

/* Place i of all 2*lanes interleaved elements, where a is 0, 1, ... and b goes on from there. */
static int interleaved(int i, int lanes, int each)
{
    int run = i / each;
    return run % 2 * lanes + run / 2 * each + i % each;
}

static void check_shuffles(const dcn_target *t, int lanes, int each)
{
    Jit j;
    float in[2 * MAX_LANES];
    Results out;
    emit_shuffles(jit_begin(&j, DCN_F32, t, lanes), each);
    jit_end(&j);
    for (int i = 0; i < 2 * lanes; i++)
        in[i] = (float)i;
    j.fn(in, &out, 0);
    for (int i = 0; i < 2 * lanes; i++) {
        int want = interleaved(i, lanes, each);
        float got = out.half[i / lanes][i % lanes], again = out.every_second[i % 2][i / 2];
        cr_expect_eq(got, want, "%d lanes, runs of %d: %d is %g, not %d", lanes, each, i, got,
                     want);
        cr_expect_eq(again, want, "%d lanes, runs of %d: %d is %g, not %d", lanes, each, i, again,
                     want);
    }
    jit_free(&j);
}

Test(shuffle, runs_of_every_length)
{
    dcn_target t;
    jit_target(0, &t);
    for (int lanes = 1; lanes <= MAX_LANES; lanes *= 2)
        for (int each = 1; each <= lanes; each *= 2)
            check_shuffles(&t, lanes, each);
}
