/* test_cores.c: names and cores that one process holds at a time.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/cores.h"
#include "tuner/sweep/lock.h"
#include "tuner/tune/child.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Only this process and its children are affected. */
static const char *name_of(const char *what)
{
    static char name[64];
    snprintf(name, sizeof name, "test/%d/%s", (int)getpid(), what);
    return name;
}

Test(lock, is_held_once)
{
    dcn_error err;
    const char *name = name_of("once");
    cr_expect_not(sweep_is_locked(name));
    int fd = sweep_lock(name, &err);
    cr_assert_geq(fd, 0);
    cr_expect(sweep_is_locked(name));
    cr_expect_eq(sweep_lock(name, &err), -1);
    cr_expect_not(sweep_is_locked(name_of("onc")), "a name that begins another is another");
    close(fd);
    name = name_of("once");
    cr_expect_not(sweep_is_locked(name));
    fd = sweep_lock(name, &err);
    cr_expect_geq(fd, 0);
    close(fd);
}

Test(lock, is_let_go_by_a_process_that_is_killed)
{
    dcn_error err;
    int ready[2];
    char go;
    const char *name = name_of("killed");
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (!child) {
        if (sweep_lock(name, &err) >= 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    cr_assert_eq(read(ready[0], &go, 1), 1);
    cr_expect_eq(sweep_lock(name, &err), -1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    int fd = sweep_lock(name, &err);
    cr_expect_geq(fd, 0);
    close(fd);
}

Test(cores, are_those_that_may_be_used)
{
    dcn_error err;
    cpu_set_t mine;
    Cores *c = malloc(sizeof *c);
    cr_assert_eq(cores_find(c, &err), 0);
    sched_getaffinity(0, sizeof mine, &mine);
    cr_expect_eq(c->cpus, CPU_COUNT(&mine));
    cr_expect(c->n >= 1 && c->n <= c->cpus);
    free(c);
}

/* Cores with made-up names, so that no worker of this machine is disturbed: two of two CPUs
** each. */
static void make_up(Cores *c)
{
    const int base = 100000000 + (int)getpid();
    *c = (Cores){ .n = 2, .cpus = 4, .first = { base, base + 1 } };
    CPU_ZERO(&c->allowed);
    for (int cpu = 0; cpu < 4; cpu++) {
        CPU_SET(cpu, &c->allowed);
        c->of[cpu] = (unsigned short)(cpu % 2);
    }
}

Test(cores, one_cpu_of_each_or_all_of_all)
{
    dcn_error err;
    Cores *c = malloc(sizeof *c);
    CoreSet *one = calloc(3, sizeof *one);
    make_up(c);
    cr_assert_eq(cores_take(c, 1, &one[0], &err), 1);
    cr_assert_eq(cores_take(c, 1, &one[1], &err), 1);
    cr_expect_eq(CPU_COUNT(&one[0].cpus), 1);
    cr_expect(CPU_ISSET(0, &one[0].cpus) && CPU_ISSET(1, &one[1].cpus));
    cr_expect_eq(cores_take(c, 1, &one[2], &err), 0, "both are held");
    cores_drop(&one[0]);
    cr_expect_eq(cores_take(c, 2, &one[2], &err), 0, "one is held, and the other one is let go");
    cr_expect_eq(cores_take(c, 1, &one[0], &err), 1);
    cores_drop(&one[0]);
    cores_drop(&one[1]);
    cr_expect_eq(cores_take(c, 2, &one[2], &err), 1);
    cr_expect_eq(CPU_COUNT(&one[2].cpus), 2);
    cores_drop(&one[2]);
    cr_expect_eq(cores_take(c, 3, &one[2], &err), 1);
    cr_expect_eq(CPU_COUNT(&one[2].cpus), 4, "more threads than cores: all CPUs");
    cores_drop(&one[2]);
    free(one);
    free(c);
}

/* ---- several processes -------------------------------------------------------------------- */

enum { PROCESSES = 4, ROUNDS = 300 };

typedef struct Shared {
    atomic_int users[2], overlaps, taken;
} Shared;

static void use_cores(const Cores *c, Shared *shared, int threads)
{
    CoreSet *set = calloc(1, sizeof *set);
    for (int done = 0; done < ROUNDS;) {
        if (cores_take(c, threads, set, NULL) != 1) {
            usleep(50);
            continue;
        }
        for (int cpu = 0; cpu < 2; cpu++)
            if (CPU_ISSET(cpu, &set->cpus) && atomic_fetch_add(&shared->users[cpu], 1))
                atomic_fetch_add(&shared->overlaps, 1);
        atomic_fetch_add(&shared->taken, 1);
        sched_yield();
        for (int cpu = 0; cpu < 2; cpu++)
            if (CPU_ISSET(cpu, &set->cpus))
                atomic_fetch_sub(&shared->users[cpu], 1);
        cores_drop(set);
        done++;
    }
    free(set);
}

Test(cores, no_two_processes_use_one, .timeout = 60)
{
    dcn_error err;
    Cores *c = malloc(sizeof *c);
    Shared *shared = child_share(sizeof *shared, &err);
    cr_assert_not_null(shared);
    make_up(c);
    for (int i = 0; i < PROCESSES; i++) {
        if (!fork()) {
            use_cores(c, shared, 1 + i % 2);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++)
        wait(NULL);
    cr_expect_eq(shared->taken, PROCESSES * ROUNDS);
    cr_expect_eq(shared->overlaps, 0);
    child_unshare(shared, sizeof *shared);
    free(c);
}
