/* test_random.c: specs and schedules that nobody chose, against the reference.
**
** Each kernel is verified, and then called with its operands between guards, on one thread and on
** several: the same bits must come out.  RANDOM_SEED=7 RANDOM_KERNELS=1 repeats one of them (the
** seed is in the message); larger numbers search for longer.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/kernel/called.h"
#include "tests/support/random_spec.h"
#include "tests/support/thin.h"
#include "tuner/check/operands.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PARTS = 12, KERNELS = 300 };

/* Generated code that crashes leaves nothing to print it afterwards. */
static char current[DCN_SPEC_TEXT_MAX + DCN_SCHEDULE_MAX + 64];

static void tell(int number)
{
    const char *const text[] = { current, "\n" };
    for (int i = 0; i < 2; i++) {
        if (write(STDERR_FILENO, text[i], strlen(text[i])) < 0)
            break;
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void describe(uint64_t seed, const dcn_spec *s, const char *schedule)
{
    char spec[DCN_SPEC_TEXT_MAX];
    dcn_spec_print(s, spec, sizeof spec);
    snprintf(current, sizeof current, "RANDOM_SEED=%llu RANDOM_KERNELS=1: %s, schedule \"%s\"",
             (unsigned long long)seed, spec, schedule);
}

static dcn_kernel *compile(uint64_t seed, rt_rng *r, const dcn_spec *s)
{
    dcn_error err;
    dcn_kernel *k = NULL;
    char schedule[DCN_SCHEDULE_MAX];
    random_schedule_text(r, s, schedule);
    describe(seed, s, schedule);
    dcn_options options = { .schedule = schedule };
    cr_assert_eq(dcn_compile(s, &options, &k, &err), 0, "%s: %s", current, err.text);
    cr_assert(!strcmp(dcn_kernel_schedule(k), schedule), "%s: in use is %s", current,
              dcn_kernel_schedule(k));
    return k;
}

static void check_reference(const dcn_kernel *k, uint64_t seed, int threads)
{
    dcn_error err;
    dcn_report report;
    cr_assert_eq(dcn_verify(k, seed, threads, &report, &err), 0, "%s: %s", current, err.text);
    cr_expect_gt(report.cases, 0);
    cr_expect_eq(report.failures, 0, "%s, %d threads: %d of %d cases failed: %s", current, threads,
                 report.failures, report.cases, report.what);
}

static void expect_output(const dcn_kernel *k, const Operands *o, void *const plain[], int threads,
                          Guard side)
{
    Guarded got = called(k, &o->spec, plain, threads, side);
    cr_expect(!memcmp(got.at, o->typed[rt_operand_at(&o->spec, RT_OUTPUT)], got.bytes),
              "%s, batch %lld, %lldx%lld: %d threads and guards change the result", current,
              (long long)o->spec.batch, (long long)o->spec.height, (long long)o->spec.width,
              threads);
    guarded_free(&got);
}

static void check_guarded(rt_rng *r, const dcn_kernel *k)
{
    dcn_error err;
    Operands o;
    dcn_spec bound = random_sizes(r, dcn_kernel_spec(k));
    cr_assert(!tune_operands_open(&o, k, &bound, &err) && !tune_fill_inputs(&o, r, &err), "%s",
              err.text);
    int ncases;
    const TuneCase *cases = tune_cases_of(&o.spec, &ncases);
    tune_fill_case(&o, &cases[ncases > 1 ? random_below(r, ncases) : 0], r);
    cr_assert_eq(tune_run(&o, 1, NULL, &err), 0, "%s: %s", current, err.text);
    void *plain[RT_NUM_OPERANDS];
    plain_tensors(&o, plain);
    expect_output(k, &o, plain, 1, GUARD_AFTER);
    expect_output(k, &o, plain, 2 + random_below(r, 2), GUARD_BEFORE);
    for (int i = 0; i < o.n; i++)
        free(plain[i]);
    tune_operands_close(&o);
}

static void check_seed(uint64_t seed)
{
    rt_rng r = rt_rng_seed(seed);
    dcn_spec s = random_spec(&r);
    dcn_kernel *k = compile(seed, &r, &s);
    check_reference(k, seed, 1 + random_below(&r, 3));
    check_guarded(&r, k);
    dcn_kernel_free(k);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

ParameterizedTestParameters(random_kernels, agree_with_the_reference)
{
    static int parts[PARTS];
    for (int i = 0; i < PARTS; i++)
        parts[i] = i;
    return cr_make_param_array(int, parts, PARTS);
}

ParameterizedTest(const int *part, random_kernels, agree_with_the_reference)
{
    const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    for (int i = 0; i < 4; i++)
        signal(crashes[i], tell);
    const uint64_t usual = (uint64_t)thin_share(THIN_RANDOM, KERNELS);
    uint64_t first = number("RANDOM_SEED", 1), count = number("RANDOM_KERNELS", usual);
    for (uint64_t i = (uint64_t)*part; i < count; i += PARTS)
        check_seed(first + i);
}
