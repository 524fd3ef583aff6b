/* promises.c: what every gradient kernel promises, whatever it computes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/gradient/promises.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ALL = -1 };

static void expect_same(const Backward *b, const BackwardResult *all, const BackwardCall *how,
                        const char *what)
{
    BackwardResult r = backward_call(b, how, NULL);
    cr_expect(backward_same(b, all, &r), "%s (%s): other bits %s", b->spec.name,
              dcn_kernel_schedule(b->kernel), what);
    backward_free(&r);
}

void promise_bits(const Backward *b)
{
    const uint64_t all = (uint64_t)ALL;
    BackwardResult r = backward_call(b, &(BackwardCall){ .wanted = all }, NULL);
    for (int threads = 2; threads <= 7; threads += threads > 2 ? 4 : 1)
        expect_same(b, &r, &(BackwardCall){ .wanted = all, .threads = threads, .guard_before = 1 },
                    "on more threads");
    expect_same(b, &r, &(BackwardCall){ .wanted = all, .threads = 3, .shuffled = true },
                "in another order of tasks");
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (r.grad[i]) {
            expect_same(b, &r, &(BackwardCall){ .wanted = 1ull << i }, "alone");
            expect_same(b, &r, &(BackwardCall){ .wanted = ~(1ull << i) }, "without one of them");
        }
    backward_free(&r);
}

/* Overwritten and then added to is added to twice, from 0; and that is twice as much. */
void promise_sums(const Backward *b)
{
    const BackwardCall set = { .wanted = (uint64_t)ALL };
    const BackwardCall add = { .wanted = (uint64_t)ALL, .accumulate = true };
    BackwardResult zero = backward_call(b, &set, NULL), once = backward_call(b, &set, NULL);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        for (int64_t j = 0; zero.grad[i] && j < b->count[rt_grad_of((rt_operand)i)]; j++)
            zero.grad[i][j] = 0;
    BackwardResult added = backward_call(b, &add, &zero);
    BackwardResult twice = backward_call(b, &add, &once);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        for (int64_t j = 0; twice.grad[i] && j < b->count[rt_grad_of((rt_operand)i)]; j++) {
            const double want = 2 * once.grad[i][j], got = twice.grad[i][j];
            cr_assert_eq(added.grad[i][j], once.grad[i][j], "%s: grad_%s[%d] added to 0 is %g",
                         b->spec.name, rt_operand_names[i], (int)j, added.grad[i][j]);
            cr_assert(fabs(got - want) <= 1e-5 * (1 + fabs(want)), "%s: grad_%s[%d] %g, not %g",
                      b->spec.name, rt_operand_names[i], (int)j, got, want);
        }
    BackwardResult *const made[] = { &zero, &once, &added, &twice };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        backward_free(made[i]);
}

/* ---- numbers that are no numbers ----------------------------------------------------------- */

void promise_zeros(const Backward *b, rt_operand of, const BackwardResult *r)
{
    for (int64_t i = 0; r->grad[of] && i < b->count[rt_grad_of(of)]; i++)
        cr_assert_eq(r->grad[of][i], 0, "%s: grad_%s[%d] is %g", b->spec.name, rt_operand_names[of],
                     (int)i, r->grad[of][i]);
}

static void spoil(Backward *b)
{
    for (int64_t i = 0; i < b->count[RT_INPUT]; i += 3)
        b->value[RT_INPUT][i] = i % 2 ? INFINITY : NAN;
    for (int64_t i = 0; i < b->count[RT_WEIGHT]; i += 5)
        b->value[RT_WEIGHT][i] = -INFINITY;
    for (int64_t i = 0; i < b->count[RT_MASK]; i += 2)
        b->value[RT_MASK][i] = i % 4 ? INFINITY : NAN;
}

void promise_nothing(Backward *b)
{
    memset(b->value[RT_GRAD_OUTPUT], 0, (size_t)b->count[RT_GRAD_OUTPUT] * sizeof(double));
    spoil(b);
    BackwardResult r = backward_call(b, &(BackwardCall){ .wanted = (uint64_t)ALL }, NULL);
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        promise_zeros(b, (rt_operand)i, &r);
    backward_free(&r);
}
