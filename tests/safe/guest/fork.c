/* fork.c: a process that has used threads forks; parent and child go on.
** SPDX-License-Identifier: Apache-2.0
*/
#include "kernel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

static atomic_bool stop;

static void *keep_running(void *kernel)
{
    while (!atomic_load(&stop))
        guest_run(kernel, 3);
    return NULL;
}

static void await(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status))
        guest_fail("the child failed");
}

/* A child, and a child of its own, both of which compute. */
static void fork_once(const dcn_kernel *k)
{
    pid_t child = fork();
    if (child == 0) {
        guest_hurry();
        guest_run(k, 3);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            guest_hurry();
            guest_run(k, 2);
            exit(0); /* with destructors, unlike _exit */
        }
        await(grandchild);
        guest_run(k, 4);
        exit(0);
    }
    await(child);
}

int main(void)
{
    guest_hurry();
    dcn_kernel *k = guest_compile();
    guest_run(k, 3);
    fork_once(k);
    guest_run(k, 3);

    pthread_t other;
    if (pthread_create(&other, NULL, keep_running, k))
        guest_fail("no thread");
    for (int i = 0; i < 20; i++)
        fork_once(k);
    atomic_store(&stop, true);
    pthread_join(other, NULL);
    guest_run(k, 3);
    dcn_kernel_free(k);
    return 0;
}
