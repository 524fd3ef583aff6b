/* cores.h: the cores of this machine, each for one timing at a time.
**
** A core is what shares nothing with another one: the CPUs of one core count as one.  Cores are
** locked by name, so that all workers of a machine, of whatever sweep and user, keep out of each
** other's way.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SWEEP_CORES_H
#define DCN_TUNER_SWEEP_CORES_H

#include <dcngen/error.h>
#include <sched.h>

enum { CORES_MAX = 1024 };

typedef struct Cores {
    int n, cpus;                  /* cores, and CPUs in them, that this process may use */
    int first[CORES_MAX];         /* the lowest CPU of each core, allowed or not: its name */
    unsigned short of[CORES_MAX]; /* which of the n a CPU belongs to */
    cpu_set_t allowed;
} Cores;

int cores_find(Cores *out, dcn_error *err);

/* Some of them, held until cores_drop. */
typedef struct CoreSet {
    int n, fd[CORES_MAX];
    cpu_set_t cpus;
} CoreSet;

/* As many cores as threads, one CPU of each; all CPUs of all cores if there are more threads than
** cores.  1: taken; 0: not so many are free now; -1 err.  More threads than CPUs cannot be asked
** for. */
int cores_take(const Cores *c, int threads, CoreSet *out, dcn_error *err);
void cores_drop(CoreSet *set); /* one that holds nothing allowed */

#endif
