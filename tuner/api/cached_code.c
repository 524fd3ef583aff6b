/* cached_code.c: compiled code of choices that come from the store.
**
** Only what was tuned or pinned is kept: a guess is compiled as fast as it is found.  Of a network the text of
** the schedule does not tell what the code is.  Nothing here can fail a
** compilation: code that is missing, damaged or cannot be written is compiled again.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/clock.h"
#include "runtime/base/env.h"
#include "tuner/api/choose.h"
#include "tuner/store/store.h"

#include <stdio.h>
#include <stdlib.h>

bool tune_is_stored(const Choice *c)
{
    const bool found = c->what.origin == DCN_ORIGIN_PINNED || c->what.origin == DCN_ORIGIN_TUNED;
    return found && !c->schedule.lowering->is_brief;
}

static void report_time(const dcn_kernel *k, double since)
{
    rt_env env;
    if (!rt_env_read(&env, NULL) && (env.verbose & RT_VERBOSE_TIME))
        fprintf(stderr, "dcngen: time: %s: load from the store %.2f ms\n", k->spec.name,
                (rt_now_ns() - since) * 1e-6);
}

static TuneCode code_of(const Choice *c, const dcn_kernel *k)
{
    return (TuneCode){ &c->key, k->spec.name, c->what.schedule };
}

int tune_load_stored(const Choice *c, dcn_kernel *k)
{
    const double start = rt_now_ns();
    const TuneCode code = code_of(c, k);
    TuneStore *st = NULL;
    void *object = NULL;
    size_t size;
    dcn_error why = { .text = "" };
    int missing =
        tune_store_open(NULL, &st, &why) || tune_code_get(st, &code, &object, &size, &why);
    tune_store_close(st);
    if (!missing)
        missing = cg_load(object, size, k, &why);
    free(object);
    if (!missing)
        report_time(k, start);
    else if (why.text[0])
        snprintf(k->choice.note, sizeof k->choice.note, "%s", why.text);
    return missing ? 1 : 0;
}

void tune_keep_stored(const Choice *c, const dcn_kernel *k, const void *object, size_t size)
{
    const TuneCode code = code_of(c, k);
    TuneStore *st = NULL;
    rt_env env;
    if (!rt_env_read(&env, NULL) && env.cache == RT_CACHE_RW && !tune_store_open(NULL, &st, NULL))
        tune_code_put(st, &code, object, size, NULL);
    tune_store_close(st);
}
