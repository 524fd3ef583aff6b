/* test_scale.c: ticks of scales whose ends are anything: the loops that make them end.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/html.c" /* of the program, which is no library */
#include "cli/out/plot.c"

#include <criterion/criterion.h>
#include <float.h>

static const double ends[] = { -INFINITY, -DBL_MAX, -1,        0, DBL_TRUE_MIN, DBL_MIN, 1e-300,
                               1e-3,      1,        1 + 1e-15, 7, 1e16,         1e300,   DBL_MAX,
                               INFINITY,  NAN };
enum { NENDS = sizeof ends / sizeof *ends };

Test(scale, any_two_ends_have_few_ticks, .timeout = 20)
{
    for (int i = 0; i < NENDS * NENDS * 2; i++) {
        const PlotScale s = { ends[i / 2 / NENDS], ends[i / 2 % NENDS], 276, 34, i % 2 };
        double tick[MAX_TICKS];
        int decimals = -1;
        const int n = scale_ticks(&s, 26, tick, &decimals);
        cr_expect(n >= 0 && n <= MAX_TICKS && decimals >= 0 && decimals < 40, "%g to %g", s.lo,
                  s.hi);
        for (int k = 0; k < n; k++)
            cr_expect(isfinite(tick[k]), "%g to %g: %g", s.lo, s.hi, tick[k]);
    }
}

Test(scale, usual_ends_have_round_ticks)
{
    double tick[MAX_TICKS];
    int decimals;
    const PlotScale trials = { 0.5, 100.5, 52, 548, false }, times = { 1, 50, 276, 34, true };
    cr_expect_eq(scale_ticks(&trials, 70, tick, &decimals), 5);
    cr_expect_eq(tick[0], 20);
    cr_expect_eq(decimals, 0);
    cr_expect_gt(scale_ticks(&times, 26, tick, &decimals), 3);
    cr_expect_eq(tick[0], 1);
}
