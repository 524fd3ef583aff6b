/* record.c: what one record says.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/report/data.h"

#include <math.h>

bool record_is_timed(const TuneRecord *r)
{
    return (r->outcome == TUNE_OK || r->outcome == TUNE_DROPPED) && isfinite(r->ns_median) &&
           r->ns_median > 0;
}

bool record_is_failure(const TuneRecord *r)
{
    return r->outcome != TUNE_OK && r->outcome != TUNE_DROPPED && r->outcome != TUNE_ESTIMATED;
}

double record_gain(const Section *t, const TuneRecord *r)
{
    if (!record_is_timed(r))
        return 0;
    return r->gain > 0 && isfinite(r->gain) ? r->gain : t->guess_ns / r->ns_median;
}

double record_gflops(const TuneRecord *r)
{
    return record_is_timed(r) && r->flops > 0 ? r->flops / r->ns_median : 0;
}

double record_share(const TuneRecord *r)
{
    return r->peak_gflops > 0 ? record_gflops(r) / r->peak_gflops : 0;
}

bool record_peak_is_disturbed(const TuneRecord *r)
{
    static const double IMPOSSIBLE = 1.02; /* as `bench` says it */
    return record_share(r) > IMPOSSIBLE;
}
