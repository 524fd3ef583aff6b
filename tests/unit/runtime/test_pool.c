/* test_pool.c: parallel loops on threads of our own.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/pool.h"
#include "tests/unit/runtime/seen.h"

#include <criterion/criterion.h>
#include <pthread.h>
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
enum { MOST = 6 };
typedef struct Team {
    int n;
    atomic_int there;
    atomic_uint numbers; /* a bit for each */
    pthread_t who[MOST];
} Team;

static void wait_for_all(void *arg, int64_t i, int thread)
{
    Team *t = arg;
    (void)i;
    t->who[thread] = pthread_self();
    atomic_fetch_or(&t->numbers, 1u << thread);
    atomic_fetch_add(&t->there, 1);
    while (atomic_load(&t->there) < t->n)
        sched_yield();
}

static Team team_of(rt_pool *p, int n)
{
    Team t = { .n = n };
    rt_pool_for(p, n, n, wait_for_all, &t);
    cr_assert_eq(atomic_load(&t.numbers), (1u << n) - 1);
    return t;
}

Test(pool, threads_of_a_loop_have_numbers_of_their_own)
{
    rt_pool *p;
    cr_assert_eq(rt_pool_open(MOST, false, &p, NULL), 0);
    for (int round = 0; round < 200; round++)
        team_of(p, 2 + round % (MOST - 1));
    rt_pool_close(p);
}

Test(pool, a_thread_keeps_its_number)
{
    rt_pool *p;
    cr_assert_eq(rt_pool_open(MOST, false, &p, NULL), 0);
    const Team first = team_of(p, MOST);
    for (int round = 0; round < 50; round++) {
        team_of(p, 3);
        const Team t = team_of(p, MOST);
        for (int i = 0; i < MOST; i++)
            cr_expect(pthread_equal(t.who[i], first.who[i]));
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
