/* explain.c: where a schedule came from and what it beat, for people.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "tuner/api/choose.h"
#include "tuner/store/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Candidates of the same key and offsets. */
typedef struct Rivals {
    const char *offsets;
    int timed, failed;
} Rivals;

static int count(void *self, const TuneKey *key, const TuneRecord *r)
{
    Rivals *rivals = self;
    (void)key;
    if (!strcmp(r->offsets, rivals->offsets) && r->outcome != TUNE_ESTIMATED) {
        if (r->outcome == TUNE_OK || r->outcome == TUNE_DROPPED)
            rivals->timed++;
        else
            rivals->failed++;
    }
    return 0;
}

static Rivals find_rivals(const Choice *c)
{
    Rivals rivals = { .offsets = c->record.offsets };
    TuneStore *st = NULL;
    if (!tune_store_open(NULL, &st, NULL))
        tune_store_each(st, &c->key, count, &rivals, NULL);
    tune_store_close(st);
    return rivals;
}

typedef struct Text {
    char *at;
    size_t room;
} Text;

static void add(Text *t, const char *fmt, ...) RT_PRINTF(2, 3);

static void add(Text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(t->at, t->room, fmt, args);
    va_end(args);
    size_t used = n < 0 || !t->room ? 0 : (size_t)n < t->room ? (size_t)n : t->room - 1;
    t->at += used;
    t->room -= used;
}

/* What was measured of it. */
static void add_measured(Text *t, const Choice *c)
{
    const TuneRecord *r = &c->record;
    char day[16] = "?";
    struct tm tm;
    time_t when = (time_t)r->when;
    if (gmtime_r(&when, &tm))
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    if (r->gain > 0)
        add(t, ", %.2f times as fast as the guess", r->gain);
    Rivals rivals = find_rivals(c);
    add(t, ", of %d candidate%s timed", rivals.timed, rivals.timed == 1 ? "" : "s");
    if (rivals.failed)
        add(t, " and %d that failed", rivals.failed);
    add(t, "; offsets %s, %d thread%s, %s", r->offsets, c->key.threads,
        c->key.threads == 1 ? "" : "s", day);
}

void tune_origin(const Choice *c, char *buf, size_t size)
{
    static const char *const first[] = {
        [DCN_ORIGIN_OPTION] = "as the options say",
        [DCN_ORIGIN_SPEC] = "as the spec says",
        [DCN_ORIGIN_PINNED] = "pinned",
        [DCN_ORIGIN_TUNED] = "tuned",
        [DCN_ORIGIN_ESTIMATED] =
            "estimated by a sweep, not measured: the best of the model of costs",
        [DCN_ORIGIN_GUESS] = "guessed: ",
    };
    Text t = { buf, size };
    add(&t, "%s%s", first[c->what.origin], c->why_not);
    if (tune_is_stored(c) && c->record.ns_median > 0)
        add_measured(&t, c);
}
