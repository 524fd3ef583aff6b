/* synthetic.h: a store full of plausible records, for looking at the report and for testing it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_REPORT_SYNTHETIC_H
#define DCN_TESTS_REPORT_SYNTHETIC_H

#include "tuner/store/store.h"

typedef struct Synthetic {
    const dcn_spec *spec;
    int threads, candidates, seed;
    const char *offsets;
    double gflops; /* of a good candidate, one thread */
    int runs;      /* that the candidates are spread over */
    bool failures; /* some are refused, crash, hang, compute wrongly */
} Synthetic;

/* Candidates as a search would leave them: the guess, then its neighbourhood and random points, the
** winner confirmed.  Ends the test if the store refuses. */
void synthetic_tuning(TuneStore *st, const Synthetic *s);

/* The key under which they go. */
TuneKey synthetic_key(const Synthetic *s);

#endif
