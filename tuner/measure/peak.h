/* peak.h: the multiply-add peak of the machine at this moment, to judge a kernel by.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_PEAK_H
#define DCN_TUNER_PEAK_H

#include "codegen/cg.h"

#include <stdatomic.h>

typedef struct TunePeak {
    CgPeak run;
    void *owner;
    int64_t rounds; /* of the loop in one run */
    double flops;   /* of one run on one thread */
    double *rate;   /* per thread, in flops per ns */
    double *share;  /* per thread, of the time for which it had a core */
    int threads;
    bool disturbed;                /* by other work, the probe that tune_peak_run returned last */
    atomic_int arrived;            /* threads that have come to the run in hand */
    dcn_parallel_for parallel_for; /* may be set once it is open; NULL: the shared pool */
    void *parallel_self;
} TunePeak;

/* A register-only loop for the target, long enough to be timed; runs it a few times.  Close it
** even after a failure. */
int tune_peak_open(TunePeak *p, dcn_dtype dtype, const dcn_target *t, int threads, dcn_error *err);
void tune_peak_close(TunePeak *p);

/* GFLOP/s of all threads together, measured now.  A probe whose threads did not have the cores for
** themselves is repeated a few times; if all were disturbed, it is the greatest, and p->disturbed is
** set. */
double tune_peak_run(TunePeak *p);

#endif
