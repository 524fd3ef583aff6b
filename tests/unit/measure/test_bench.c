/* test_bench.c: which probes of the peak count beside a kernel, and when a share of it is none.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/api/bench.c" /* for what it keeps to itself; no machine is busy at will */

#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <string.h>

/* One round: a probe, and a reading of the kernel. */
typedef struct Round {
    double peak;
    bool disturbed;
    double share; /* of a peak of 100 GFLOP/s that the kernel reaches */
} Round;

static dcn_timing timing_of(const Round *round, int n)
{
    static KernelBench b;
    dcn_timing t;
    memset(&b, 0, sizeof b);
    b.o.spec = case_spec(DCN_OP_CONV2D, 8, 8, 9, 9);
    for (; b.rounds < n; b.rounds++) {
        b.loop.disturbed = round[b.rounds].disturbed;
        keep_peak(&b, round[b.rounds].peak);
        b.ns[b.rounds] = dcn_spec_flops(&b.o.spec) / (100 * round[b.rounds].share);
    }
    summarise(&b, &t);
    return t;
}

Test(bench, what_was_disturbed_does_not_count_beside_what_was_not)
{
    static const Round rounds[] = {
        { 40, true, 0.8 }, { 100, false, 0.8 }, { 50, true, 0.8 }, { 102, false, 0.8 },
        { 45, true, 0.8 }, { 98, false, 0.8 },  { 30, true, 0.8 },
    };
    const dcn_timing t = timing_of(rounds, 7);
    cr_expect_float_eq(t.peak_gflops, 100, 1e-9);
    cr_expect_float_eq(t.peak_fraction, 0.8, 1e-9);
    cr_expect_not(t.peak_disturbed);
}

Test(bench, where_all_were_disturbed_there_is_no_share)
{
    static const Round rounds[] = { { 90, true, 0.5 }, { 95, true, 0.5 }, { 99, true, 0.5 } };
    cr_expect(timing_of(rounds, 3).peak_disturbed);
}

/* A hypervisor takes its part of a machine without a word to the clock of the thread. */
Test(bench, more_than_the_peak_was_disturbed_whatever_the_probe_says)
{
    static const Round rounds[] = { { 90, false, 1 }, { 90, false, 1 }, { 90, false, 1 } };
    static const Round noise[] = { { 99, false, 1 }, { 99, false, 1 }, { 99, false, 1 } };
    cr_expect(timing_of(rounds, 3).peak_disturbed);
    cr_expect_not(timing_of(noise, 3).peak_disturbed, "one per cent is noise");
}
