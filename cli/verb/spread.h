/* spread.h: what a schedule is expected to make of some threads, phase by phase.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_SPREAD_H
#define DCN_CLI_VERB_SPREAD_H

#include "codegen/balance.h"

#include <jansson.h>

typedef struct KernelSpread {
    int threads;
    double
        speedup; /* beside the best guess for one thread; 0: its lowering has no account of cost */
    Balance balance;
} KernelSpread;

/* How a schedule, given as text, spreads over threads.  -1 with err if it is none of the spec. */
int spread_of(const dcn_spec *s, const dcn_target *t, const char *schedule, int threads,
              KernelSpread *out, dcn_error *err);

/* Indented lines; nothing if nothing is known. */
void spread_print(const KernelSpread *sp);

/* Adds "speedup" and "phases" to a kernel's object; null, and no phases, if nothing is known. */
void spread_add_json(const KernelSpread *sp, json_t *kernel);

#endif
