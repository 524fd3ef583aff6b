/* cache_drop.c: what goes from the store, and how much that was.
**
** Tuning costs hours, so what went is told as the difference of what there was before and after.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/verb/cache.h"
#include "runtime/base/text.h"

static dcn_cache_stats minus(const dcn_cache_stats *before, const dcn_cache_stats *after)
{
    return (dcn_cache_stats){ .records = before->records - after->records,
                              .pinned = before->pinned - after->pinned,
                              .objects = before->objects - after->objects,
                              .object_bytes = before->object_bytes - after->object_bytes,
                              .seconds = before->seconds - after->seconds };
}

static void add_count(rt_text *t, int64_t n, const char *what)
{
    if (n)
        rt_text_item(t, ", ", "%lld %s%s", (long long)n, what, n == 1 ? "" : "s");
}

static void add_time(rt_text *t, int64_t seconds)
{
    if (seconds >= 3600)
        rt_text_add(t, " (%.1f hours of tuning)", (double)seconds / 3600);
    else if (seconds > 0)
        rt_text_add(t, " (%lld s of tuning)", (long long)seconds);
}

static void print_gone(const dcn_cache_stats *gone)
{
    char buf[256];
    rt_text t = rt_text_in(buf, sizeof buf);
    add_count(&t, gone->records, "record");
    add_time(&t, gone->seconds);
    add_count(&t, gone->pinned, "pin");
    add_count(&t, gone->objects, "code file");
    printf("%s dropped\n", t.length ? buf : "nothing");
}

static int print_dropped(const Args *a, const dcn_cache_stats *gone, json_t *also, dcn_error *err)
{
    if (!args_has(a, OPT_JSON)) {
        json_decref(also);
        print_gone(gone);
        return 0;
    }
    json_t *o = json_pack("{s:i, s:I, s:I, s:I, s:I, s:I}", "schema", 1, "records",
                          (json_int_t)gone->records, "pins", (json_int_t)gone->pinned, "objects",
                          (json_int_t)gone->objects, "object_bytes", (json_int_t)gone->object_bytes,
                          "seconds", (json_int_t)gone->seconds);
    if (also)
        json_object_update(o, also);
    json_decref(also);
    return print_json(o, err);
}

int cache_prune(const Args *a, dcn_cache *c, dcn_error *err)
{
    dcn_cache_stats before, after;
    if (dcn_cache_stat(c, &before, err))
        return -1;
    const int64_t n = dcn_cache_prune(c, a->max_bytes, a->max_days, err);
    if (n < 0 || dcn_cache_stat(c, &after, err))
        return -1;
    const dcn_cache_stats gone = minus(&before, &after);
    return print_dropped(a, &gone, json_pack("{s:I}", "dropped", (json_int_t)n), err);
}

int cache_clear(const Args *a, dcn_cache *c, dcn_error *err)
{
    dcn_cache_stats before, after;
    if (dcn_cache_stat(c, &before, err) || dcn_cache_clear(c, err) ||
        dcn_cache_stat(c, &after, err))
        return -1;
    const dcn_cache_stats gone = minus(&before, &after);
    return print_dropped(a, &gone, NULL, err);
}
