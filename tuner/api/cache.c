/* cache.c: the store in the words of the public header.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen/cache.h>

#include "runtime/base/base.h"
#include "tuner/api/choose.h"
#include "tuner/store/store.h"

#include <stdlib.h>
#include <string.h>

int dcn_cache_open(dcn_cache **out, dcn_error *err)
{
    return tune_store_open(NULL, out, err);
}

void dcn_cache_close(dcn_cache *c)
{
    tune_store_close(c);
}

const char *dcn_cache_why(const dcn_cache *c)
{
    return tune_store_why(c);
}

const char *dcn_cache_path(const dcn_cache *c)
{
    return tune_store_path(c);
}

int dcn_cache_stat(dcn_cache *c, dcn_cache_stats *out, dcn_error *err)
{
    TuneStoreStat s;
    if (tune_store_stat(c, &s, err))
        return -1;
    *out = (dcn_cache_stats){ .keys = s.keys,
                              .records = s.records,
                              .winners = s.winners,
                              .pinned = s.pinned,
                              .stale = s.stale,
                              .objects = s.objects,
                              .state_bytes = s.state_bytes,
                              .object_bytes = s.object_bytes,
                              .seconds = s.seconds };
    memcpy(out->state, s.state, sizeof out->state);
    memcpy(out->cache, s.cache, sizeof out->cache);
    memcpy(out->system, s.system, sizeof out->system);
    return tune_store_usable(c, err);
}

typedef struct EntryCaller {
    TuneStore *store;
    char id[TUNE_ID_MAX], names[DCN_TEXT_MAX]; /* of the key in hand */
    int (*each)(void *self, const dcn_cache_entry *e);
    void *self;
    int stop;
} EntryCaller;

static int pass_on(void *self, const TuneKey *key, const TuneRecord *r)
{
    EntryCaller *caller = self;
    if (strcmp(caller->id, key->id) != 0) {
        memcpy(caller->id, key->id, sizeof caller->id);
        tune_store_names(caller->store, key, caller->names, sizeof caller->names);
    }
    const dcn_cache_entry e = { .id = key->id,
                                .spec = key->spec,
                                .names = caller->names,
                                .machine = key->machine,
                                .build = key->build,
                                .threads = key->threads,
                                .schedule = r->schedule,
                                .offsets = r->offsets,
                                .where = r->where,
                                .outcome = tune_outcome_names[r->outcome],
                                .why = r->why,
                                .ns_median = r->ns_median,
                                .gain = r->gain,
                                .when = r->when,
                                .winner = r->winner,
                                .pinned = r->pinned,
                                .stale = r->lowering[0] && !tune_record_is_current(key, r) };
    return caller->stop = caller->each(caller->self, &e);
}

int dcn_cache_each(dcn_cache *c, int (*each)(void *self, const dcn_cache_entry *e), void *self,
                   dcn_error *err)
{
    EntryCaller caller = { .store = c, .each = each, .self = self };
    if (tune_store_usable(c, err))
        return -1;
    int failed = tune_store_each(c, NULL, pass_on, &caller, err);
    if (failed || caller.stop)
        return failed;
    return tune_store_each_pin(c, false, pass_on, &caller, err);
}

int64_t dcn_cache_prune(dcn_cache *c, int64_t bytes, int64_t days, dcn_error *err)
{
    return tune_store_prune(c, bytes, days, err);
}

int dcn_cache_clear(dcn_cache *c, dcn_error *err)
{
    return tune_store_clear(c, err);
}

static void keep_quiet(void *self, const char *line)
{
    (void)self, (void)line;
}

int dcn_cache_verify(dcn_cache *c, void (*print)(void *self, const char *line), void *self,
                     dcn_error *err)
{
    return tune_store_verify(c, print ? print : keep_quiet, self, err);
}

int dcn_cache_export(dcn_cache *c, const char *path, int64_t *count, dcn_error *err)
{
    return tune_store_export(c, path, count, err);
}

int dcn_cache_import(dcn_cache *c, const char *path, dcn_cache_imported *out, dcn_error *err)
{
    TuneImported got = { .taken = 0 };
    int failed = tune_store_import(c, path, &got, err);
    *out = (dcn_cache_imported){ got.taken, got.stale, got.older, got.illegal };
    return failed;
}

static int make_pin(const dcn_spec *s, const dcn_options *opt, TunePin *out, dcn_error *err)
{
    Choice choice;
    if (!opt->schedule)
        return dcn_fail(err, DCN_EUSAGE, "a schedule is needed to pin");
    int failed = tune_choose(s, opt, &choice, err) ||
                 tune_key(s, &choice.target, opt->threads, &out->key, err);
    if (!failed)
        memcpy(out->schedule, choice.what.schedule, sizeof out->schedule);
    memcpy(out->name, s->name, sizeof out->name);
    tune_choice_free(&choice);
    return failed ? -1 : 0;
}

int dcn_cache_pin_all(dcn_cache *c, const dcn_spec *const *s, const dcn_options *opt, int n,
                      int *failed, dcn_error *err)
{
    TunePin *pin = calloc((size_t)n + 1, sizeof *pin);
    int made = 0, status = pin ? 0 : dcn_fail(err, DCN_EENV, "no memory for %d pins", n);
    while (!status && made < n) {
        status = make_pin(s[made], &opt[made], &pin[made], err);
        made += !status;
    }
    if (failed)
        *failed = pin && made < n ? made : -1;
    if (!status)
        status = tune_store_pin_all(c, pin, n, err);
    free(pin);
    return status;
}

int dcn_cache_pin(dcn_cache *c, const dcn_spec *s, const dcn_options *opt, dcn_error *err)
{
    static const dcn_options none;
    return dcn_cache_pin_all(c, &s, opt ? opt : &none, 1, NULL, err);
}

int dcn_cache_unpin(dcn_cache *c, const dcn_spec *s, const dcn_options *opt, dcn_error *err)
{
    dcn_target t;
    TuneKey key;
    if (dcn_spec_check(s, err))
        return -1;
    if (opt && opt->target)
        t = *opt->target;
    else if (tune_spec_target(s, &t, err))
        return -1;
    if (tune_key(s, &t, opt ? opt->threads : 0, &key, err))
        return -1;
    return tune_store_unpin(c, &key, err);
}
