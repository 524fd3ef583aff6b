/* race.c: loops of many callers, inside each other, large and small, on a pool that grows; for
** ThreadSanitizer.
**
** Every index is counted with a plain number under what a loop promises: once each, and all before
** it returns.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CALLERS = 6, ROUNDS = 150, MAX_COUNT = 64 };

static atomic_int helped; /* tasks that workers did */

typedef struct Sum {
    /* Not atomic: only one task writes each, and the caller reads them afterwards. */
    int times[MAX_COUNT];
    int depth;
} Sum;

static void check(const Sum *s, int n)
{
    for (int i = 0; i < MAX_COUNT; i++)
        if (s->times[i] != (i < n)) {
            fprintf(stderr, "race: index %d of %d was run %d times\n", i, n, s->times[i]);
            exit(1);
        }
}

static void count(void *arg, int64_t i, int thread)
{
    Sum *s = arg;
    if (thread > 0)
        atomic_fetch_add(&helped, 1);
    if (i % 4 == 0)
        sched_yield(); /* so that workers come, also on a busy machine */
    s->times[i]++;
    if (s->depth > 0) {
        Sum inner = { .depth = s->depth - 1 };
        rt_shared_for(NULL, 3, 3, count, &inner);
        check(&inner, 3);
    }
}

static void *call(void *arg)
{
    const int me = *(int *)arg;
    for (int i = 0; i < ROUNDS; i++) {
        Sum s = { .depth = i % 10 == 0 ? 2 : 0 };
        const int n = (i * 7 + me) % MAX_COUNT;
        rt_shared_for(NULL, n, 1 + (i + me) % 5, count, &s);
        check(&s, n);
        if (i % 50 == 0)
            usleep(2000); /* so that workers go to sleep */
    }
    return NULL;
}

int main(void)
{
    pthread_t caller[CALLERS];
    int number[CALLERS];
    alarm(120);
    for (int i = 0; i < CALLERS; i++) {
        number[i] = i;
        if (pthread_create(&caller[i], NULL, call, &number[i]))
            return 1;
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(caller[i], NULL);
    if (!atomic_load(&helped)) {
        fprintf(stderr, "race: no worker did anything\n");
        return 1;
    }
    for (int threads = 1; threads <= 4; threads++) {
        rt_pool *p;
        if (rt_pool_open(threads, threads % 2, &p, NULL))
            return 1;
        for (int i = 0; i < 100; i++) {
            Sum s = { .depth = 0 };
            rt_pool_for(p, i % MAX_COUNT, threads, count, &s);
            check(&s, i % MAX_COUNT);
        }
        rt_pool_close(p);
    }
    return 0;
}
