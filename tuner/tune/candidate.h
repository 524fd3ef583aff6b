/* candidate.h: one schedule, built, verified and timed in a process of its own.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CANDIDATE_H
#define DCN_TUNER_CANDIDATE_H

#include "codegen/cg.h"
#include "tuner/measure/measure.h"
#include "tuner/store/record.h"
#include "tuner/tune/fixture.h"

/* A schedule and, if it is at hand, its code. */
typedef struct Incumbent {
    Schedule schedule;
    void *object; /* malloc'ed; NULL: to be built */
    size_t size;
    double ns; /* of one run, as far as is known; 0: not */
} Incumbent;

typedef struct CandidateJob {
    const Fixture *fixture;
    const Schedule *schedule;
    const Incumbent *against; /* NULL: itself, which shows the noise */
    MeasurePlan plan;
    int thorough;             /* 1: every case of dcn_verify, not the two of the fixture alone */
    int peak;                 /* 1: measure the machine's multiply-add peak as well */
    double seconds;           /* for all of it; then it hangs */
    const volatile int *stop; /* may be NULL */
} CandidateJob;

typedef struct CandidateResult {
    TuneOutcome outcome;
    int stopped; /* 1: by job->stop; there is no outcome */
    char why[DCN_TEXT_MAX];
    Measured measured;  /* TUNE_OK; of TUNE_DROPPED perhaps only the ratio */
    double peak_gflops; /* 0: not measured */
    void *object;       /* malloc'ed, of TUNE_OK; else NULL */
    size_t size;
} CandidateResult;

/* -1 if no process could be made.  Free out->object. */
int candidate_try(const CandidateJob *job, CandidateResult *out, dcn_error *err);

#endif
