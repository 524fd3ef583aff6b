/* test_pool.c: parallel loops on threads of our own.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/pool.h"
#include "tests/unit/runtime/seen.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static void loop(rt_pool *p, int64_t n, int threads)
{
    static Seen s;
    s = (Seen){ .threads = threads };
    rt_pool_for(p, n, threads, seen_count, &s);
    seen_expect_all(&s, n);
}

Test(pool, every_index_is_run_once)
{
    for (int threads = 1; threads <= 5; threads++) {
        rt_pool *p;
        cr_assert_eq(rt_pool_open(threads, threads % 2, &p, NULL), 0);
        for (int round = 0; round < 50; round++) {
            loop(p, 0, threads);
            loop(p, 1, threads);
            loop(p, threads - 1, threads);
            loop(p, SEEN_MOST, threads);
        }
        loop(p, 100, 1);
        loop(p, 100, (threads + 1) / 2);
        rt_pool_close(p);
    }
}

/* Each index waits for the others, so that every thread of the team runs one. */
static void meet(void *arg, int64_t i, int thread)
{
    Seen *s = arg;
    atomic_fetch_add(&s->times[i], 1);
    while (atomic_load(&s->times[0]) + atomic_load(&s->times[1]) + atomic_load(&s->times[2]) < 3)
        sched_yield();
    (void)thread;
}

/* Who runs a loop's tasks, of which each waits for the others. */
typedef struct Team {
    int n;
    atomic_int there;
    atomic_uint numbers; /* a bit for each */
} Team;

static void wait_for_all(void *arg, int64_t i, int thread)
{
    Team *t = arg;
    (void)i;
    atomic_fetch_or(&t->numbers, 1u << thread);
    atomic_fetch_add(&t->there, 1);
    while (atomic_load(&t->there) < t->n)
        sched_yield();
}

Test(pool, threads_of_a_loop_have_numbers_of_their_own)
{
    rt_pool *p;
    cr_assert_eq(rt_pool_open(6, false, &p, NULL), 0);
    for (int round = 0; round < 200; round++) {
        Team t = { .n = 2 + round % 5 };
        rt_pool_for(p, t.n, t.n, wait_for_all, &t);
        cr_expect_eq(atomic_load(&t.numbers), (1u << t.n) - 1);
    }
    rt_pool_close(p);
}

/* What the tuner does: the parent has one, each child opens its own.  The parent's workers have
** begun before it forks: a sanitizer holds locks of its own while a thread begins, and the child
** would find them held for ever. */
Test(pool, works_in_a_child)
{
    rt_pool *p;
    static Seen met;
    cr_assert_eq(rt_pool_open(3, false, &p, NULL), 0);
    rt_pool_for(p, 3, 3, meet, &met);
    pid_t pid = fork();
    if (pid == 0) {
        rt_pool *own;
        static Seen s = { .threads = 3 };
        if (rt_pool_open(3, true, &own, NULL))
            _exit(1);
        rt_pool_for(own, 100, 3, seen_count, &s);
        rt_pool_close(own);
        _exit(s.times[99] == 1 ? 0 : 2);
    }
    int status;
    waitpid(pid, &status, 0);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    loop(p, 100, 3);
    rt_pool_close(p);
    rt_pool_close(NULL);
}
