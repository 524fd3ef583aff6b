/* balance.h: what a schedule is expected to make of some threads, phase by phase.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_BALANCE_H
#define DCN_CLI_VERB_BALANCE_H

#include "codegen/balance.h"

#include <jansson.h>

typedef struct KernelBalance {
    int threads;
    double speedup; /* over the best guess for one thread; 0: the lowering has no cost */
    Balance balance;
} KernelBalance;

/* How a schedule, given as text, spreads over threads.  -1 with err if it is none of the spec. */
int balance_of(const dcn_spec *s, const dcn_target *t, const char *schedule, int threads,
               KernelBalance *out, dcn_error *err);

/* Indented lines; nothing if nothing is known. */
void balance_print(const KernelBalance *k);

/* Adds "speedup" and "phases" to a kernel's object; null, and no phases, if nothing is known. */
void balance_add_json(const KernelBalance *k, json_t *kernel);

#endif
