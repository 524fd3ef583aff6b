/* record.c: what makes sense as a record, and whether it is of this build.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/record.h"
#include "codegen/cg.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "tuner/store/form.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

const char *tune_where(const char *cpu, char buf[TUNE_WHERE_MAX])
{
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    snprintf(buf, TUNE_WHERE_MAX, "%.60s, %.60s", host, cpu);
    return buf;
}

bool tune_record_is_current(const TuneKey *key, const TuneRecord *r)
{
    if (strcmp(key->build, tune_build()) != 0)
        return false;
    return r->rev >= 0 && r->rev == sched_rev(r->lowering, r->schedule);
}

/* ---- form and range ------------------------------------------------------------------------ */

static const char *wrong_number(const TuneRecord *r)
{
    const struct {
        const char *name;
        double x, max;
    } all[] = {
        { "gain", r->gain, FORM_MAX_GAIN },
        { "peak_gflops", r->peak_gflops, FORM_MAX_GFLOPS },
        { "flops", r->flops, FORM_MAX_FLOPS },
        { "rev", r->rev, INT32_MAX },
        { "when", (double)r->when, (double)FORM_MAX_TIME },
        { "run", (double)r->run, 1e3 * (double)FORM_MAX_TIME },
        { "trial", (double)r->trial, (double)FORM_MAX_COUNT },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!form_is_number(all[i].x, all[i].max))
            return all[i].name;
    if (!form_is_time(r->ns_median) || (r->winner && r->outcome == TUNE_OK && r->ns_median == 0))
        return "ns_median";
    if (!form_is_time(r->ns_high))
        return "ns_high";
    return form_is_time(r->ns_low) && r->ns_low <= r->ns_high ? NULL : "ns_low";
}

static const char *wrong_samples(const TuneRecord *r)
{
    if (r->nsamples < 0 || r->nsamples > TUNE_MAX_SAMPLES)
        return "samples";
    for (int i = 0; i < r->nsamples; i++)
        if (!form_is_time(r->sample[i]))
            return "samples";
    return NULL;
}

static const char *wrong_text(const TuneRecord *r)
{
    const struct {
        const char *name, *text;
        bool may_be_empty;
    } all[] = {
        { "schedule", r->schedule, false },
        { "lowering", r->lowering, false },
        { "why", r->why, true },
        { "where", r->where, true },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!form_is_line(all[i].text) || (!all[i].text[0] && !all[i].may_be_empty))
            return all[i].name;
    return form_is_offsets(r->offsets) ? NULL : "offsets";
}

const char *tune_record_wrong(const TuneRecord *r)
{
    const char *name = wrong_number(r);
    if (!name)
        name = wrong_samples(r);
    if (!name)
        name = wrong_text(r);
    if (!name && (unsigned)r->outcome > TUNE_ESTIMATED)
        name = "outcome";
    const bool may_win = r->outcome == TUNE_OK || r->outcome == TUNE_ESTIMATED;
    return !name && r->winner && !may_win ? "winner" : name;
}

const char *tune_key_wrong(const TuneKey *key)
{
    if (key->threads < 1 || key->threads > RT_MAX_THREADS)
        return "threads";
    if (!form_is_line(key->spec) || !form_is_spec(key->spec))
        return "spec";
    if (!key->machine[0] || !form_is_line(key->machine))
        return "machine";
    return key->build[0] && form_is_line(key->build) ? NULL : "build";
}

int tune_record_check(const TuneKey *key, const TuneRecord *r, dcn_error *err)
{
    const char *name = tune_key_wrong(key);
    if (!name)
        name = tune_record_wrong(r);
    return name ? dcn_fail(err, DCN_EFAILED, "internal: '%s' of a record cannot be", name) : 0;
}
