/* test_random.c: gradients of specs that nobody chose, by schedules that nobody chose, against the reference.
**
** Each kernel is verified, and then called with its operands between guards, on one thread and, in another order of
** tasks, on three: the same bits must come out.  RANDOM_SEED=7 RANDOM_KERNELS=1 repeats one of them (the seed is in
** the message); larger numbers search for longer.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/gradient.h"
#include "tests/right/gradient/backward.h"
#include "tests/support/random_module.h"
#include "tests/support/random_spec.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 4, KERNELS = 160, ALL = -1 };

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* One spec of four is a module, each of them in turn. */
static dcn_spec random_plain(rt_rng *r, uint64_t seed)
{
    static const dcn_op modules[] = { DCN_OP_DEFORM_CONV2D_PACK, DCN_OP_SEPARABLE_CONV2D,
                                      DCN_OP_DCNV3_MODULE, DCN_OP_DCNV4_MODULE,
                                      DCN_OP_DEFORM_ROI_POOL_PACK };
    return seed % 4 ? random_spec(r) : random_module(r, modules[seed / 4 % 5]);
}

/* All gradients, or any of them. */
static void want_some(rt_rng *r, dcn_spec *s)
{
    const rt_operand_set some = rt_differentiable(s) & rt_rng_next(r);
    s->gradient = some && random_below(r, 2) ? some : DCN_GRADIENT_ALL;
}

static void check_bits(const Backward *b, const char *what)
{
    BackwardResult one = backward_call(b, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
    BackwardResult three = backward_call(
        b,
        &(BackwardCall){
            .wanted = (uint64_t)ALL, .threads = 3, .shuffled = true, .guard_before = true },
        NULL);
    cr_expect(backward_same(b, &one, &three), "%s: threads, guards or order change the result",
              what);
    backward_free(&one);
    backward_free(&three);
}

static void check_seed(uint64_t seed)
{
    static char what[DCN_SPEC_TEXT_MAX + DCN_SCHEDULE_MAX + 64];
    char text[DCN_SPEC_TEXT_MAX], schedule[DCN_SCHEDULE_MAX];
    dcn_error err;
    dcn_report report;
    rt_rng r = rt_rng_seed(seed);
    dcn_spec s = random_plain(&r, seed);
    want_some(&r, &s);
    dcn_spec_print(&s, text, sizeof text);
    random_schedule_text(&r, &s, schedule);
    snprintf(what, sizeof what, "RANDOM_SEED=%llu RANDOM_KERNELS=1: %s, schedule \"%s\"",
             (unsigned long long)seed, text, schedule);
    if (getenv("RANDOM_SEED"))
        fprintf(stderr, "%s\n", what);
    const dcn_spec bound = random_sizes(&r, &s);
    Backward b = backward_open(&s, &bound, schedule, (int)seed);
    cr_assert_eq(dcn_verify(b.kernel, seed, 1 + random_below(&r, 3), &report, &err), 0, "%s: %s",
                 what, err.text);
    cr_expect_gt(report.cases, 0);
    cr_expect_eq(report.failures, 0, "%s: %d of %d cases failed: %s", what, report.failures,
                 report.cases, report.what);
    check_bits(&b, what);
    backward_close(&b);
}

ParameterizedTestParameters(random_gradients, agree_with_the_reference)
{
    static int parts[PARTS];
    for (int i = 0; i < PARTS; i++)
        parts[i] = i;
    return cr_make_param_array(int, parts, PARTS);
}

ParameterizedTest(const int *part, random_gradients, agree_with_the_reference)
{
    const uint64_t usual = (uint64_t)thin_share(THIN_RANDOM, KERNELS);
    const uint64_t first = number("RANDOM_SEED", 1), count = number("RANDOM_KERNELS", usual);
    for (uint64_t i = (uint64_t)*part; i < count; i += PARTS)
        check_seed(first + i);
}
