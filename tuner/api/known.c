/* known.c: the schedules that the store knows, for the stages of modules.
**
** A stage asks under the key of a kernel of its own: its spec without the name, on the same machine
** for the same threads.  The store can only help: what it has and what is refused now is as if it
** were not there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/api/known.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"

int known_open(StoreKnown *k, int threads, dcn_error *err)
{
    rt_env env;
    *k = (StoreKnown){ .threads = threads };
    if (rt_env_read(&env, err))
        return -1;
    k->off = env.tune == RT_TUNE_OFF || env.cache == RT_CACHE_OFF;
    return 0;
}

void known_close(StoreKnown *k)
{
    tune_store_close(k->store);
    k->store = NULL;
}

typedef struct Legal {
    const dcn_spec *s;
    const dcn_target *t;
    int threads;
} Legal;

static bool is_legal(void *self, const TuneRecord *r)
{
    const Legal *l = self;
    Schedule sc = { .lowering = NULL };
    const bool legal =
        !sched_parse(r->schedule, &(SchedFor){ l->s, l->t, l->threads, NULL }, &sc, NULL);
    sched_free(&sc);
    return legal;
}

int known_best(TuneStore *st, const TuneKey *key, const dcn_spec *s, const dcn_target *t,
               TuneRecord *out, dcn_error *err)
{
    Legal l = { s, t, key->threads };
    return tune_store_best_of(st, key, is_legal, &l, out, err);
}

int known_record(StoreKnown *k, const dcn_spec *s, const dcn_target *t, TuneRecord *out)
{
    TuneKey key;
    if (k->off || k->err.code || (!k->store && tune_store_open(NULL, &k->store, &k->err)) ||
        tune_key(s, t, k->threads, &key, &k->err))
        return 0;
    return known_best(k->store, &key, s, t, out, &k->err) == 0;
}

static int ask(void *self, const dcn_spec *s, const dcn_target *t, Schedule *out)
{
    StoreKnown *k = self;
    const SchedKnown known = known_of(k);
    TuneRecord r;
    if (!known_record(k, s, t, &r) ||
        sched_parse(r.schedule, &(SchedFor){ s, t, k->threads, &known }, out, NULL))
        return 0;
    k->found++;
    return 1;
}

SchedKnown known_of(StoreKnown *k)
{
    return (SchedKnown){ ask, k };
}

dcn_origin known_origin(const TuneRecord *r)
{
    return r->pinned                      ? DCN_ORIGIN_PINNED
           : r->outcome == TUNE_ESTIMATED ? DCN_ORIGIN_ESTIMATED
                                          : DCN_ORIGIN_TUNED;
}
