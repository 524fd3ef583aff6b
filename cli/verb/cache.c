/* cache.c: the verb that looks after the store.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/cache.h"
#include "cli/args/subverb.h"
#include "cli/out/print.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"

#include <inttypes.h>
#include <string.h>

typedef struct CacheSubverb {
    const char *name;
    const char *file; /* what its second word is called; NULL: it has none */
    bool required;
    uint64_t options; /* that mean something here */
    int (*run)(const Args *a, dcn_cache *c, dcn_error *err);
} CacheSubverb;

/* ---- what there is ------------------------------------------------------------------------ */

static int show_path(const Args *a, dcn_cache *c, dcn_error *err)
{
    dcn_cache_stats s = { .cache = "" };
    dcn_cache_stat(c, &s, NULL); /* paths are there also of a store that cannot be used */
    char code[sizeof s.cache + sizeof "/objects"];
    snprintf(code, sizeof code, "%s%s", s.cache, *s.cache ? "/objects" : "");
    if (args_has(a, OPT_JSON))
        return print_json(json_pack("{s:i, s:s, s:s, s:s}", "schema", 1, "store", dcn_cache_path(c),
                                    "code", code, "system", s.system),
                          err);
    printf("store   %s\ncode    %s\nsystem  %s\n", dcn_cache_path(c), code,
           *s.system ? s.system : "none");
    return 0;
}

static int show_stat(const Args *a, dcn_cache *c, dcn_error *err)
{
    dcn_cache_stats s;
    if (dcn_cache_stat(c, &s, err))
        return -1;
    const struct {
        const char *name, *text;
        int64_t n;
    } rows[] = {
        { "keys", "kernels on machines with numbers of threads", s.keys },
        { "records", "candidates that were tried", s.records },
        { "winners", "of them confirmed as the best", s.winners },
        { "stale", "of them of another build or revision", s.stale },
        { "pinned", "schedules that were pinned", s.pinned },
        { "objects", "files of code", s.objects },
        { "object_bytes", "bytes in them", s.object_bytes },
        { "state_bytes", "bytes of the store's file", s.state_bytes },
    };
    json_t *o = json_pack("{s:i, s:s}", "schema", 1, "store", dcn_cache_path(c));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (args_has(a, OPT_JSON))
            json_object_set_new(o, rows[i].name, json_integer(rows[i].n));
        else
            printf("%12" PRId64 "  %s\n", rows[i].n, rows[i].text);
    }
    if (args_has(a, OPT_JSON))
        return print_json(o, err);
    json_decref(o);
    return 0;
}

/* ---- care --------------------------------------------------------------------------------- */

static void collect(void *self, const char *line)
{
    json_array_append_new(self, json_string(line));
}

static int verify(const Args *a, dcn_cache *c, dcn_error *err)
{
    json_t *lines = json_array();
    int damages = dcn_cache_verify(c, collect, lines, err), status = damages < 0 ? -1 : 0;
    for (size_t i = 0; i < json_array_size(lines) && !args_has(a, OPT_JSON); i++)
        puts(json_string_value(json_array_get(lines, i)));
    if (!status && args_has(a, OPT_JSON))
        status = print_json(list_json("damages", json_incref(lines)), err);
    json_decref(lines);
    if (!status && damages)
        return dcn_fail(err, DCN_ESTORE, "%d damage%s in the store", damages,
                        damages == 1 ? "" : "s");
    return status;
}

/* ---- in and out --------------------------------------------------------------------------- */

static int export(const Args *a, dcn_cache *c, dcn_error *err)
{
    int64_t n;
    const char *path = a->words.n > 1 ? a->words.at[1] : "-";
    return dcn_cache_export(c, path, &n, err);
}

static int import(const Args *a, dcn_cache *c, dcn_error *err)
{
    dcn_cache_imported got;
    if (dcn_cache_import(c, a->words.at[1], &got, err))
        return -1;
    if (args_has(a, OPT_JSON))
        return print_json(json_pack("{s:i, s:I, s:I, s:I, s:I}", "schema", 1, "taken",
                                    (json_int_t)got.taken, "stale", (json_int_t)got.stale, "older",
                                    (json_int_t)got.older, "illegal", (json_int_t)got.illegal),
                          err);
    printf("%" PRId64 " taken, %" PRId64 " not better than what is here", got.taken, got.older);
    if (got.stale)
        printf(", %" PRId64 " of another build or revision left out", got.stale);
    if (got.illegal)
        printf(", %" PRId64 " pin%s of schedules that cannot be compiled here left out",
               got.illegal, got.illegal == 1 ? "" : "s");
    putchar('\n');
    return 0;
}

/* ---- the verb ----------------------------------------------------------------------------- */

#define JSON BIT(OPT_JSON)
#define KERNELS                                                                                    \
    (BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_TARGET) | BIT(OPT_CPU) | BIT(OPT_ATTRS) |         \
     BIT(OPT_OS) | BIT(OPT_TRIPLE) | BIT(OPT_THREADS))

static const CacheSubverb subverbs[] = {
    { "path", NULL, false, JSON, show_path },
    { "ls", NULL, false, JSON, cache_ls },
    { "stat", NULL, false, JSON, show_stat },
    { "prune", NULL, false, JSON | BIT(OPT_MAX_SIZE) | BIT(OPT_MAX_AGE), cache_prune },
    { "clear", NULL, false, JSON, cache_clear },
    { "verify", NULL, false, JSON, verify },
    { "export", "FILE", false, 0, export },
    { "import", "FILE", true, JSON, import },
    { "pin", "SPEC.lua", true, KERNELS | JSON | BIT(OPT_SCHEDULE) | BIT(OPT_VERBOSE), cache_pin },
    { "unpin", "SPEC.lua", true, KERNELS | JSON, cache_unpin },
    { .name = NULL },
};

const char *cache_subverb(int i)
{
    return subverbs[i].name;
}

static const CacheSubverb *find_subverb(const Args *a, dcn_error *err)
{
    const char *names[sizeof subverbs / sizeof *subverbs] = { NULL };
    for (const CacheSubverb *t = subverbs; t->name; t++)
        names[t - subverbs] = t->name;
    int i = subverb_find(a, names, err);
    return i < 0 ? NULL : &subverbs[i];
}

static int check_use(const Args *a, const CacheSubverb *t, dcn_error *err)
{
    if (subverb_check(a, t->name, t->options, err))
        return -1;
    if (a->words.n > 1 && !t->file)
        return dcn_fail(err, DCN_EUSAGE, "cache %s takes no '%s'", t->name, a->words.at[1]);
    if (a->words.n < 2 && t->required)
        return dcn_fail(err, DCN_EUSAGE, "cache %s needs %s", t->name, t->file);
    return 0;
}

int verb_cache(const Args *a, dcn_error *err)
{
    const CacheSubverb *t = find_subverb(a, err);
    dcn_cache *c = NULL;
    if (!t || check_use(a, t, err) || dcn_cache_open(&c, err))
        return -1;
    int status = t->run(a, c, err);
    if (!status || strcmp(err->text, dcn_cache_why(c)) != 0)
        print_note(dcn_cache_why(c));
    dcn_cache_close(c);
    return status;
}
