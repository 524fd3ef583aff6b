/* peak.h: the multiply-add peak of the machine at this moment, to judge a kernel by.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_PROBE_H
#define DCN_TUNER_PROBE_H

#include "codegen/cg.h"

typedef struct TuneProbe {
    CgPeak run;
    void *owner;
    int64_t rounds; /* of one probe */
    double flops;   /* of one probe, one thread */
    double *rate;   /* per thread, in flops per ns */
    int threads;
    dcn_parallel_for parallel_for; /* may be set once it is open; NULL: OpenMP */
    void *parallel_self;
} TuneProbe;

/* A register-only loop for the target, long enough to be timed; runs it a few times.  Close it
** even after a failure. */
int tune_probe_open(TuneProbe *p, dcn_dtype dtype, const dcn_target *t, int threads,
                    dcn_error *err);
void tune_probe_close(TuneProbe *p);

/* GFLOP/s of all threads together, measured now. */
double tune_probe_run(TuneProbe *p);

#endif
