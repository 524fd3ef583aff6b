/* seen.c: what a parallel loop ran.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/runtime/seen.h"

#include <criterion/criterion.h>
#include <sched.h>

void seen_count(void *seen, int64_t i, int thread)
{
    Seen *s = seen;
    atomic_fetch_add(&s->times[i], 1);
    if (thread < 0 || thread >= s->threads) {
        atomic_fetch_add(&s->outside, 1);
        return;
    }
    if (atomic_exchange(&s->busy[thread], true))
        atomic_fetch_add(&s->shared, 1);
    sched_yield();
    atomic_store(&s->busy[thread], false);
}

void seen_expect_all(const Seen *s, int64_t n)
{
    for (int64_t i = 0; i < SEEN_MOST; i++)
        cr_assert_eq(s->times[i], i < n, "%d threads: index %d of %d was run %d times", s->threads,
                     (int)i, (int)n, (int)s->times[i]);
    cr_expect_eq(s->outside, 0);
    cr_expect_eq(s->shared, 0, "%d tasks of one thread's number at once", (int)s->shared);
}
