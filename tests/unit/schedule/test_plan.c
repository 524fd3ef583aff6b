/* test_plan.c: the arithmetic of plans, and what they promise of a thread's workspace.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tiled.h"
#include "tests/support/case.h"

#include <criterion/criterion.h>

Test(intmath, says_what_it_is_called)
{
    for (int n = 1; n < 200; n++)
        for (int m = 1; m < 70; m++) {
            int64_t up = int_round_up(n, m);
            cr_assert(up % m == 0 && up >= n && up - m < n, "%d up to %d: %d", n, m, (int)up);
            cr_assert_eq(int_ceil_div(n, m) * m, up);
            int d = int_divisor(n, m), p = int_power_of_two(n, m), g = int_gcd(n, m);
            cr_assert(n % d == 0 && d <= m);
            for (int i = d + 1; i <= m && i <= n; i++)
                cr_assert_neq(n % i, 0, "%d divides %d as well", i, n);
            cr_assert((p & (p - 1)) == 0 && p <= n && p <= m && (2 * p > n || 2 * p > m));
            cr_assert(n % g == 0 && m % g == 0);
        }
}

Test(workspace, buffers_begin_on_lines_one_after_another)
{
    WorkspaceLayout w = { 0 };
    int64_t end = 0;
    for (int bytes = 0; bytes < 300; bytes += 7) {
        int64_t at = workspace_add(&w, bytes);
        cr_expect_eq(at % CACHE_LINE, 0);
        cr_expect_geq(at, end);
        cr_expect_lt(at - end, CACHE_LINE);
        end = at + bytes;
    }
    cr_expect_geq(workspace_thread_bytes(&w), end);
}

Test(workspace, threads_are_an_odd_number_of_lines_apart)
{
    for (int64_t bytes = 0; bytes < 20000; bytes += 999) {
        WorkspaceLayout w = { 0 };
        workspace_add(&w, bytes);
        int64_t apart = workspace_thread_bytes(&w);
        cr_expect_eq(apart % CACHE_LINE, 0);
        cr_expect_eq(apart / CACHE_LINE % 2, 1);
    }
}

Test(workspace, strides_are_an_odd_number_of_lines)
{
    for (int per_line = 8; per_line <= 16; per_line *= 2)
        for (int n = 1; n < 700; n++) {
            int stride = workspace_pad_stride(n, per_line);
            cr_expect_eq(stride % per_line, 0);
            cr_expect_eq(stride / per_line % 2, 1);
            cr_expect(stride >= n && stride < n + 2 * per_line);
        }
}

/* The buffers of a plan, by their offsets; a source's comes after all of them. */
Test(workspace, holds_the_buffers_of_a_tiled_plan)
{
    dcn_target t;
    cr_assert_eq(dcn_target_parse("x86-64-v4", NULL, NULL, &t, NULL), 0);
    for (int layout = 0; layout < 2; layout++) {
        dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 100, 28, 28);
        int k[MAX_KNOBS];
        s.layout = layout ? DCN_NCHW : DCN_NHWC;
        tiled_guess(&s, &t, 0, k);
        TiledPlan p = tiled_plan(&s, &t, k);
        const TiledScratch *at = &p.scratch;
        int64_t column = (int64_t)p.tile.panel_pixels * at->column_stride * p.fp_bytes;
        int64_t out = (int64_t)p.tile.panel_pixels * at->out_stride * p.fp_bytes;
        cr_expect_leq(at->table + 4 * p.table.entries, at->coeff);
        cr_expect_leq(at->coeff + 4 * p.table.entries * p.fp_bytes, at->rows);
        cr_expect_leq(at->rows + 8 * p.tile.panel_pixels, at->column);
        cr_expect_leq(at->column + column, at->out_tile);
        cr_expect_leq(at->out_tile + out, at->dummy_row);
        cr_expect_leq(at->dummy_row + s.out_channels * p.fp_bytes, at->bytes);
        cr_expect_eq(at->out_stride > 0, layout == 1);
        cr_expect_geq(at->column_stride, p.groups.channel_block * p.groups.tap_block);
    }
}
