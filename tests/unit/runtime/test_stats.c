/* test_stats.c: medians, and how far they can be trusted.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/stats.h"

#include <criterion/criterion.h>

Test(stats, medians)
{
    double odd[] = { 5, 1, 3 }, even[] = { 4, 1, 3, 2 };
    cr_expect_eq(rt_median(odd, 3), 3);
    cr_expect_eq(rt_median(even, 4), 2.5);
}

/* 2 * 2^-6 <= 0.05 < 2 * 2^-5; the published ranks for n = 20 and 100 are 6 and 40. */
Test(stats, intervals_are_those_of_the_sign_test)
{
    double v[100];
    for (int i = 0; i < 100; i++)
        v[i] = i + 1;
    cr_expect_eq(rt_median_interval(v, 5, 0.95).sure, 0);
    rt_interval six = rt_median_interval(v, 6, 0.95);
    cr_expect(six.sure && six.low == 1 && six.high == 6);
    rt_interval twenty = rt_median_interval(v, 20, 0.95);
    cr_expect(twenty.low == 6 && twenty.high == 15, "%g %g", twenty.low, twenty.high);
    rt_interval hundred = rt_median_interval(v, 100, 0.95);
    cr_expect(hundred.low == 40 && hundred.high == 61, "%g %g", hundred.low, hundred.high);
}
