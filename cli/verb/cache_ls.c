/* cache_ls.c: what the store remembers.
**
** As text each key is a few lines: names and result, then the spec, then the schedule.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/verb/cache.h"
#include "runtime/base/base.h"
#include "runtime/base/grow.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- text --------------------------------------------------------------------------------- */

typedef struct LsRow {
    char id[16], names[64], *spec;
    char schedule[DCN_SCHEDULE_MAX];
    int threads, tried, rank;
    bool stale;
    double ns, gain;
    int64_t when;
} LsRow;

typedef struct LsTable {
    LsRow *at;
    int n;
    size_t room;
    bool failed; /* no memory */
} LsTable;

/* What is used first ranks highest. */
enum { TRIED, ESTIMATED, VERIFIED, WINNER, PINNED };
static const char *const ranks[] = { "none verified", "estimated", "fastest", "winner", "pinned" };

static int rank_of(const dcn_cache_entry *e)
{
    if (e->pinned)
        return PINNED;
    if (!strcmp(e->outcome, "estimated") && e->winner)
        return ESTIMATED;
    return strcmp(e->outcome, "ok") != 0 ? TRIED : e->winner ? WINNER : VERIFIED;
}

static LsRow *add_line(LsTable *all, const dcn_cache_entry *e)
{
    LsRow *at = rt_grow(all->at, (size_t)all->n + 1, &all->room, sizeof *at);
    if (!at)
        return NULL;
    all->at = at;
    LsRow *line = &all->at[all->n];
    *line = (LsRow){ .threads = e->threads, .rank = -1, .spec = strdup(e->spec) };
    snprintf(line->id, sizeof line->id, "%.12s", e->id);
    snprintf(line->names, sizeof line->names, "%s", e->names);
    return line->spec ? (all->n++, line) : NULL;
}

static LsRow *line_of(LsTable *all, const dcn_cache_entry *e)
{
    for (int i = 0; i < all->n; i++) {
        if (!strncmp(all->at[i].id, e->id, 12))
            return &all->at[i];
    }
    return add_line(all, e);
}

static int see(void *self, const dcn_cache_entry *e)
{
    LsTable *all = self;
    LsRow *line = line_of(all, e);
    all->failed = !line;
    if (!line)
        return 1;
    const int rank = rank_of(e);
    line->tried += e->when > 0; /* a pin alone was never tried */
    if (rank < line->rank || (rank == line->rank && e->ns_median >= line->ns))
        return 0;
    line->rank = rank;
    line->ns = e->ns_median;
    line->gain = e->gain;
    line->when = e->when;
    line->stale = e->stale;
    snprintf(line->schedule, sizeof line->schedule, "%s", e->schedule);
    return 0;
}

/* In lines of at most 100 columns, broken after a comma or a space. */
static void print_wrapped(const char *text)
{
    enum { INDENT = 14, WIDTH = 100 - INDENT };
    while (*text) {
        size_t n = strlen(text);
        if (n > WIDTH)
            for (n = WIDTH; n > INDENT && text[n] != ' ';)
                n--;
        printf("%*s%.*s\n", INDENT, "", (int)n, text);
        text += n;
        text += strspn(text, " ");
    }
}

/* A kernel whose name is not known, as in exports of old, is called as its operator. */
static void print_head(const LsRow *l, const char *spec)
{
    if (*l->names)
        printf("%s  %s: ", l->id, l->names);
    else
        printf("%s  a %.*s: ", l->id, (int)strcspn(spec, " "), spec);
}

static void print_line(const LsRow *l)
{
    static const char first[] = "return ";
    const char *spec = l->spec + (strncmp(l->spec, first, sizeof first - 1) ? 0 : sizeof first - 1);
    char day[16] = "?";
    struct tm tm;
    const time_t when = (time_t)l->when;
    if (gmtime_r(&when, &tm))
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    print_head(l, spec);
    printf("%s", ranks[l->rank]);
    if (l->rank > TRIED && l->ns > 0)
        printf(", %.4g ms", l->ns / 1e6);
    if (l->rank > TRIED && l->gain > 0)
        printf(", %.2f times as fast as the guess", l->gain);
    printf(", %d thread%s, %d tried", l->threads, l->threads == 1 ? "" : "s", l->tried);
    if (l->when)
        printf(", %s", day);
    puts(l->stale ? ", stale" : "");
    print_wrapped(spec);
    if (l->rank > TRIED)
        print_wrapped(l->schedule);
}

static int print_text(dcn_cache *c, dcn_error *err)
{
    LsTable all = { .n = 0 };
    int status = dcn_cache_each(c, see, &all, err);
    if (!status && all.failed)
        status = dcn_fail(err, DCN_EENV, "no memory to list the store");
    for (int i = 0; i < all.n; i++) {
        if (!status)
            print_line(&all.at[i]);
        free(all.at[i].spec);
    }
    free(all.at);
    return status;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static int append(void *list, const dcn_cache_entry *e)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s}", "key", e->id, "spec", e->spec,
                          "machine", e->machine, "build", e->build, "threads", e->threads,
                          "schedule", e->schedule, "offsets", e->offsets, "where", e->where);
    json_object_set_new(o, "names", json_string(e->names));
    json_t *more =
        json_pack("{s:s, s:s, s:o, s:o, s:I, s:b, s:b, s:b}", "outcome", e->outcome, "why", e->why,
                  "ns_median", e->ns_median > 0 ? json_real(e->ns_median) : json_null(), "gain",
                  e->gain > 0 ? json_real(e->gain) : json_null(), "when", (json_int_t)e->when,
                  "winner", e->winner, "pinned", e->pinned, "stale", e->stale);
    json_object_update(o, more);
    json_decref(more);
    return json_array_append_new(list, o);
}

int cache_ls(const Args *a, dcn_cache *c, dcn_error *err)
{
    if (!args_has(a, OPT_JSON))
        return print_text(c, err);
    json_t *list = json_array();
    if (!dcn_cache_each(c, append, list, err))
        return print_json(list_json("records", list), err);
    json_decref(list);
    return -1;
}
