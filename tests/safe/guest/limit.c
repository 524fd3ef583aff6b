/* limit.c: a process that may not start threads, or only one, computes the same with those that
** there are.
**
** The program has a pthread_create of its own, which the library finds before the real one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "kernel.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

static int allowed, asked;

int pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = NULL;
    void *bits = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&real, &bits, sizeof real);
    asked++;
    return allowed-- > 0 ? real(t, attr, run, arg) : EAGAIN;
}

int main(void)
{
    guest_hurry();
    dcn_kernel *k = guest_compile();
    for (allowed = 0; allowed < 2; allowed++) {
        const int granted = allowed;
        asked = 0;
        for (int i = 0; i < 10; i++)
            guest_run(k, 4);
        if (!asked)
            guest_fail("no thread was asked for");
        allowed = granted;
    }
    dcn_kernel_free(k);
    return 0;
}
