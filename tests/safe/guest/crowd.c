/* crowd.c: sixty-four threads call at once, some only once, while signals arrive and the rounding
** mode differs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "kernel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

enum { CALLERS = 64, ROUNDS = 6 };

static atomic_int signals, strangers;
static pthread_t caller[CALLERS];
static _Thread_local bool is_caller;

/* Workers of the library are no threads of the host: its signals do not come to them. */
static void note(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
    if (!is_caller)
        atomic_fetch_add(&strangers, 1);
}

static void *call(void *kernel)
{
    sigset_t none;
    is_caller = true;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL); /* main blocks it while it makes us */
    for (int i = 0; i < ROUNDS; i++)
        guest_run(kernel, 1 + (int)(((unsigned long)pthread_self() / 4096 + (unsigned)i) % 5));
    return NULL;
}

int main(void)
{
    guest_hurry();
    is_caller = true;
    struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
    sigaction(SIGVTALRM, &action, NULL);
    dcn_kernel *k = guest_compile();
    const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
    setitimer(ITIMER_VIRTUAL, &often, NULL);
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGVTALRM);
    pthread_sigmask(SIG_BLOCK, &alarms, NULL);
    for (int wave = 0; wave < 2; wave++) {
        for (int i = 0; i < CALLERS; i++)
            if (pthread_create(&caller[i], NULL, call, k))
                guest_fail("no thread");
        for (int i = 0; i < CALLERS; i++)
            pthread_join(caller[i], NULL);
    }
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
    if (!atomic_load(&signals) || atomic_load(&strangers))
        guest_fail("signals did not come, or to a worker of the library");
    dcn_kernel_free(k);
    return 0;
}
