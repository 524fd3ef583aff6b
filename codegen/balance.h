/* balance.h: how long a call takes on a number of threads, from the tasks of its phases.
**
**     call  = sum over phases of (the phase)
**     phase = ceil(tasks / threads) * task,  and BALANCE_PHASE_NS where it is shared out
**
** A lowering knows its tasks and what one of them takes (lowering.h: phases); everything that
** depends on the number of threads is here, so that guesses, the search of the tuner and what is
** shown to the user are one account.  It gives tasks out in order; the library's threads take them in
** chunks (runtime/loop/chunks.h), which differs only where tasks do.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_BALANCE_H
#define DCN_CODEGEN_BALANCE_H

#include "codegen/lowering.h"

/* An estimate, not measured: waking or finding the threads of a phase, and waiting for the last. */
#define BALANCE_PHASE_NS 2000.0

/* One phase of a call. */
typedef struct PhaseBalance {
    char stage[DCN_NAME_MAX]; /* of a module; else "" */
    PhaseCost cost;
    double ns; /* on the threads */
} PhaseBalance;

/* A call on some threads. */
enum { BALANCE_MAX_PHASES = 64 };
typedef struct Balance {
    int n;
    PhaseBalance phase[BALANCE_MAX_PHASES];
    double ns, one_ns; /* of a call on the threads, on one */
    double balance;    /* one_ns / (threads * ns): the share of the threads' time that is work */
} Balance;

/* The phases of what has a known cost; of a module those of its operators.  -1: there is none, or
** no memory. */
int sched_balance(const Schedule *sc, const dcn_spec *s, const dcn_target *t, int threads,
                  Balance *out);

/* ns of some phases, one after another. */
double balance_ns(const PhaseCost *phase, int n, int threads);

/* ns of a call of a schedule, from the phases of its lowering; threads 0: one. */
typedef int (*BalancePhases)(const dcn_spec *s, const dcn_target *t, const int *k,
                             PhaseCost out[MAX_PHASES]);
double balance_call_ns(BalancePhases phases, const dcn_spec *s, const dcn_target *t, int threads,
                       const int *k);

/* Two kernels that have their phases at one time, the tasks of b after those of a: as many phases as the longer one
** has. */
int balance_join(const PhaseCost *a, int na, const PhaseCost *b, int nb, PhaseCost out[MAX_PHASES]);

/* Whether two kernels should run beside each other, as on so many threads as machines have for which maps are small. */
bool balance_gains_beside(const PhaseCost *a, int na, const PhaseCost *b, int nb);

/* Estimated ns of one call; a composite's is the sum of its parts'; 0: unknown.  threads 0: one. */
double sched_cost(const Schedule *sc, const dcn_spec *s, const dcn_target *t, int threads);

#endif
