/* cores.c: the cores of this machine, each for one timing at a time.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/sweep/cores.h"
#include "runtime/base/base.h"
#include "tuner/sweep/lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The lowest CPU of the same core; itself where the system does not say. */
static int first_of_core(int cpu)
{
    char path[96];
    int first = cpu;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *f = fopen(path, "re");
    if (!f)
        return cpu;
    if (fscanf(f, "%d", &first) != 1 || first < 0)
        first = cpu;
    fclose(f);
    return first;
}

_Static_assert(CORES_MAX <= CPU_SETSIZE && CORES_MAX <= 1 << 16, "a core fits a set and a short");

int cores_find(Cores *c, dcn_error *err)
{
    memset(c, 0, sizeof *c);
    if (sched_getaffinity(0, sizeof c->allowed, &c->allowed))
        return dcn_fail(err, DCN_EENV, "cannot tell which CPUs may be used: %s", strerror(errno));
    for (int cpu = 0; cpu < CPU_SETSIZE && cpu < CORES_MAX; cpu++) {
        if (!CPU_ISSET(cpu, &c->allowed))
            continue;
        int first = first_of_core(cpu), i = 0;
        while (i < c->n && c->first[i] != first)
            i++;
        if (i == c->n)
            c->first[c->n++] = first;
        c->of[cpu] = (unsigned short)i;
        c->cpus++;
    }
    return 0;
}

/* Adds `max` CPUs of core i. */
static void add_cpus(const Cores *c, int i, int max, cpu_set_t *to)
{
    for (int cpu = 0; cpu < CPU_SETSIZE && cpu < CORES_MAX && max > 0; cpu++) {
        if (CPU_ISSET(cpu, &c->allowed) && c->of[cpu] == i) {
            CPU_SET(cpu, to);
            max--;
        }
    }
}

int cores_take(const Cores *c, int threads, CoreSet *out, dcn_error *err)
{
    const bool crowded = threads > c->n;
    const int needed = crowded ? c->n : threads;
    int got = 0;
    out->n = 0;
    CPU_ZERO(&out->cpus);
    for (int i = 0; i < c->n && out->n < needed && got > -2; i++) {
        char name[32];
        snprintf(name, sizeof name, "core/%d", c->first[i]);
        got = sweep_lock(name, err);
        if (got < 0)
            continue;
        out->fd[out->n++] = got;
        add_cpus(c, i, crowded ? CORES_MAX : 1, &out->cpus);
    }
    if (got > -2 && out->n == needed)
        return 1;
    cores_drop(out);
    return got == -2 ? -1 : 0;
}

void cores_drop(CoreSet *set)
{
    for (int i = 0; i < set->n; i++)
        close(set->fd[i]);
    set->n = 0;
}
