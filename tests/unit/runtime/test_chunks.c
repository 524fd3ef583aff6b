/* test_chunks.c: how the tasks of a loop are cut into chunks.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/loop/chunks.h"
#include "tests/unit/runtime/seen.h"

#include <criterion/criterion.h>
#include <string.h>

/* The order in which a thread runs its tasks. */
typedef struct Order {
    int n;
    int64_t task[SEEN_MOST];
} Order;

static void note(void *self, int64_t i, int thread)
{
    Order *o = self;
    (void)thread;
    o->task[o->n++] = i;
}

static Order order_of(rt_chunks *s, int thread)
{
    Order o = { .n = 0 };
    rt_chunks_run(s, thread, note, &o);
    return o;
}

static void expect_order(const Order *o, const int64_t *task, int n)
{
    cr_assert_eq(o->n, n);
    cr_expect_eq(memcmp(o->task, task, (size_t)n * sizeof *task), 0);
}

Test(chunks, a_thread_runs_its_neighbours_first_and_then_those_of_the_next)
{
    rt_chunks s;
    rt_chunks_cut(&s, 10, 3);
    const Order o = order_of(&s, 1);
    expect_order(&o, (const int64_t[]){ 4, 5, 6, 7, 8, 9, 0, 1, 2, 3 }, 10);
}

/* The second thread comes while the first one is in the middle of its own. */
static void come_late(void *self, int64_t i, int thread)
{
    static Order other;
    rt_chunks *s = self;
    (void)thread;
    if (i != 1)
        return;
    other = order_of(s, 1);
    expect_order(&other, (const int64_t[]){ 3, 4, 5, 2 }, 4);
}

Test(chunks, who_is_done_steals)
{
    rt_chunks s;
    rt_chunks_cut(&s, 6, 2);
    cr_expect(rt_chunks_left(&s));
    rt_chunks_run(&s, 0, come_late, &s);
    cr_expect_not(rt_chunks_left(&s));
    cr_expect_eq(order_of(&s, 0).n, 0);
}

Test(chunks, every_task_is_in_one_chunk)
{
    for (int threads = 0; threads < 3 * RT_MAX_CHUNKS; threads += 5)
        for (int64_t n = 0; n < SEEN_MOST; n += 37) {
            static Seen seen;
            rt_chunks s;
            seen = (Seen){ .threads = threads + 1 };
            rt_chunks_cut(&s, n, threads);
            int64_t sum = 0;
            for (int i = 0; i < s.n; i++) {
                const int64_t size = s.chunk[i].end - s.chunk[i].next;
                cr_expect(size == n / s.n || size == n / s.n + 1);
                sum += size;
            }
            cr_expect_eq(sum, n);
            for (int i = threads; i >= 0; i--)
                rt_chunks_run(&s, i, seen_count, &seen);
            seen_expect_all(&seen, n);
        }
}

/* As many tasks as a loop may have. */
Test(chunks, there_may_be_very_many_tasks)
{
    rt_chunks s;
    rt_chunks_cut(&s, INT64_MAX, RT_MAX_CHUNKS);
    cr_expect_eq(s.chunk[0].next, 0);
    cr_expect_eq(s.chunk[RT_MAX_CHUNKS - 1].end, INT64_MAX);
}
