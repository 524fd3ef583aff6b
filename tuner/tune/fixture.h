/* fixture.h: all that checking and timing a kernel needs and that does not depend on its schedule.
**
** Made once; every candidate is tried on it in a process of its own, which inherits it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_FIXTURE_H
#define DCN_TUNER_FIXTURE_H

#include "tuner/check/expected.h"
#include "tuner/check/offsets.h"

enum { FIXTURE_CASES = 2 };

/* The first case is the one that is timed. */
typedef struct FixtureCase {
    const char *name;
    Operands operands; /* without a kernel; of the exact values only the weights are kept */
    Expected expected;
} FixtureCase;

typedef struct Fixture {
    const dcn_spec *spec;     /* as compiled: sizes may be dynamic; borrowed */
    dcn_spec bound;           /* as timed */
    const dcn_target *target; /* borrowed */
    int threads, ncases;
    FixtureCase at[FIXTURE_CASES];
} Fixture;

/* Dynamic sizes are timed at `bound`, which is spec itself if it has none.  Close it even after a failure. */
typedef struct FixtureFor {
    const dcn_spec *spec, *bound;
    const dcn_target *target;
    int threads;
    const TuneOffsets *offsets;
    uint64_t seed;
    const volatile int *stop; /* non-zero: what is expected is not computed any more; may be NULL */
} FixtureFor;

int fixture_open(Fixture *r, const FixtureFor *f, dcn_error *err);
void fixture_close(Fixture *r);

#endif
