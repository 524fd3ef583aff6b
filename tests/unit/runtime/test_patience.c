/* test_patience.c: how long idle threads spin follows from what they did.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/patience.h"

#include <criterion/criterion.h>

Test(patience, is_bounded)
{
    rt_patience p = rt_patience_of(0);
    cr_expect_eq(p.ns, RT_PATIENCE_LEAST_NS);
    rt_patience_worked(&p, 1e12);
    cr_expect_eq(p.ns, RT_PATIENCE_MOST_NS);
    rt_patience_spun(&p, 1e12);
    cr_expect_eq(p.ns, RT_PATIENCE_LEAST_NS);
    rt_patience_worked(&p, -1e12); /* whatever a clock says */
    cr_expect_eq(p.ns, RT_PATIENCE_LEAST_NS);
}

Test(patience, of_a_large_kernel_outlasts_what_its_host_does_between_calls)
{
    rt_patience p = rt_patience_of(0);
    for (int call = 0; call < 100; call++) {
        rt_patience_worked(&p, 5e6);
        cr_expect_gt(p.ns, 300e3, "call %d", call);
        rt_patience_spun(&p, 300e3);
    }
}

Test(patience, runs_out_when_little_work_comes_now_and_then)
{
    double spun = 0;
    rt_patience p = rt_patience_of(0);
    rt_patience_worked(&p, 1e9); /* once there was more to do */
    for (int call = 0; call < 1000; call++) {
        rt_patience_worked(&p, 10e3);
        spun += p.ns;
        rt_patience_spun(&p, p.ns);
    }
    cr_expect_leq(spun,
                  RT_PATIENCE_MOST_NS + 1000 * (RT_PATIENCE_LEAST_NS + RT_PATIENCE_SHARE * 10e3));
    cr_expect_eq(p.ns, RT_PATIENCE_LEAST_NS);
}
