/* test_peak.c: the peak of more threads than cores is that of the cores.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/cores.h"
#include "tuner/measure/peak.h"

#include <criterion/criterion.h>

/* Threads that share a core are each timed while they have it, so their rates must not be added. */
Test(peak, no_more_threads_run_than_there_are_cores)
{
    dcn_target t;
    dcn_error err;
    TunePeak p;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    cr_assert_eq(tune_peak_open(&p, DCN_F32, &t, 1000, &err), 0, "%s", err.text);
    cr_expect_leq(p.threads, rt_cores());
    cr_expect_gt(tune_peak_run(&p), 0);
    tune_peak_close(&p);
}
