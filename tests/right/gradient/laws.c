/* laws.c: what does not change gradients.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/gradient/laws.h"

#include <criterion/criterion.h>
#include <math.h>

#define EVERY (~(uint64_t)0)

static void expect_same(const Backward *b, const BackwardResult *all, const BackwardCall *how,
                        const char *what)
{
    BackwardResult r = backward_call(b, how, NULL);
    cr_expect(backward_same(b, all, &r), "%s (%s): other bits %s", b->spec.name,
              dcn_kernel_schedule(b->kernel), what);
    backward_free(&r);
}

void gradient_expect_same_bits(const Backward *b)
{
    BackwardResult r = backward_call(b, &(BackwardCall){ .wanted = EVERY }, NULL);
    for (int threads = 2; threads <= 7; threads += threads > 2 ? 4 : 1)
        expect_same(b, &r,
                    &(BackwardCall){ .wanted = EVERY, .threads = threads, .guard_before = 1 },
                    "on more threads");
    expect_same(b, &r, &(BackwardCall){ .wanted = EVERY, .threads = 3, .shuffled = true },
                "in another order of tasks");
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (r.grad[i]) {
            expect_same(b, &r, &(BackwardCall){ .wanted = 1ull << i }, "alone");
            expect_same(b, &r, &(BackwardCall){ .wanted = ~(1ull << i) }, "without one of them");
        }
    backward_free(&r);
}

void gradient_expect_sums(const Backward *b)
{
    const BackwardCall set = { .wanted = EVERY };
    const BackwardCall add = { .wanted = EVERY, .accumulate = true };
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
