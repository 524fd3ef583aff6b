/* verify.h: a compiled kernel against the double-precision reference, on every case and size.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_VERIFY_H
#define DCN_TUNER_VERIFY_H

#include <dcngen.h>

/* Who runs the tasks of a kernel. */
typedef struct TuneTeam {
    int threads;
    dcn_parallel_for parallel_for; /* NULL: the shared pool */
    void *self;
} TuneTeam;

/* dcn_verify with a team. */
int tune_verify(const dcn_kernel *k, uint64_t seed, const TuneTeam *team, dcn_report *report,
                dcn_error *err);

#endif
