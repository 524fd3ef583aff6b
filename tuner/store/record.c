/* record.c: what makes sense as a record, and whether it is of this build.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/record.h"
#include "codegen/cg.h"
#include "runtime/base/base.h"

#include <math.h>
#include <string.h>

const char *const tune_outcome_names[] = { "ok",    "refused", "crashed",   "timeout",
                                           "wrong", "dropped", "estimated", NULL };
_Static_assert(sizeof tune_outcome_names / sizeof *tune_outcome_names == TUNE_ESTIMATED + 2,
               "every outcome has a name");

int tune_outcome_named(const char *name)
{
    for (int i = 0; tune_outcome_names[i]; i++)
        if (!strcmp(tune_outcome_names[i], name))
            return i;
    return -1;
}

bool tune_record_is_current(const TuneKey *key, const TuneRecord *r)
{
    if (strcmp(key->build, tune_build()) != 0)
        return false;
    return r->rev >= 0 && r->rev == sched_rev(r->lowering, r->schedule);
}

int tune_record_check(const TuneRecord *r, dcn_error *err)
{
    const double x[] = { r->ns_median, r->ns_low, r->ns_high, r->gain, r->peak_gflops, r->flops };
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        if (!(x[i] >= 0 && x[i] < INFINITY))
            return dcn_fail(err, DCN_EFAILED, "internal: a record with a time or rate of %g", x[i]);
    if (!r->schedule[0] || (unsigned)r->outcome > TUNE_ESTIMATED || r->nsamples < 0 ||
        r->nsamples > TUNE_MAX_SAMPLES)
        return dcn_fail(err, DCN_EFAILED, "internal: a record without schedule or outcome");
    return 0;
}
