/* shares.c: candidates against the one in use, by what decided between them.
**
** Each candidate but the first was measured in turns with the best of its time.  From one incumbent to the next these
** ratios lead to the one in use; what the medians say, which were read minutes apart, is not asked.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/report/data.h"
#include "runtime/base/base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Link {
    int against; /* record; -1: none */
    TuneTurns turns;
} Link;

typedef struct Links {
    const Section *t;
    Link *of; /* each record */
} Links;

static int find(const Section *t, const char *schedule)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->record[i].schedule, schedule))
            return i;
    return -1;
}

static int read_links(Links *l, TuneStore *st, dcn_error *err)
{
    for (int i = 0; i < l->t->n; i++) {
        const int none = tune_turns_get(st, &l->t->key, &l->t->record[i], &l->of[i].turns, err);
        if (none < 0)
            return -1;
        l->of[i].against = none ? -1 : find(l->t, l->of[i].turns.against);
    }
    return 0;
}

/* The incumbents that the one in use comes from, by its own turns and theirs. */
static void go_back(const Links *l, Share *share)
{
    int at = l->t->best;
    share[at] = (Share){ .at = 1 };
    for (int next; (next = l->of[at].against) >= 0 && share[next].at <= 0; at = next) {
        const TuneTurns *r = &l->of[at].turns;
        const double own = share[at].at;
        share[next] = (Share){ own / r->ratio, own / r->high, own / r->low };
    }
}

/* Finds the shares of candidates that were measured against one whose share is known. */
static bool go_on(const Links *l, Share *share)
{
    bool found = false;
    for (int i = 0; i < l->t->n; i++) {
        const Link *k = &l->of[i];
        const double other = k->against < 0 ? 0 : share[k->against].at;
        if (share[i].at > 0 || other <= 0)
            continue;
        share[i] = (Share){ other * k->turns.ratio, other * k->turns.low, other * k->turns.high };
        found = true;
    }
    return found;
}

/* Without turns, what the gains say, which come from turns as well. */
static void take_gain(const Section *t, int i)
{
    const double best = t->record[t->best].gain, own = t->record[i].gain, at = best / own;
    if (t->share[i].at <= 0 && best > 0 && own > 0 && isfinite(at) && at > 0)
        t->share[i].at = at;
}

int section_find_shares(Section *t, TuneStore *st, dcn_error *err)
{
    Links l = { t, calloc((size_t)t->n + 1, sizeof *l.of) };
    t->share = calloc((size_t)t->n + 1, sizeof *t->share);
    int failed = l.of && t->share ? 0 : dcn_fail(err, DCN_EENV, "no memory for the report");
    if (!failed && t->best >= 0)
        failed = read_links(&l, st, err);
    if (!failed && t->best >= 0) {
        go_back(&l, t->share);
        while (go_on(&l, t->share))
            continue;
        for (int i = 0; i < t->n; i++)
            take_gain(t, i);
    }
    free(l.of);
    return failed;
}

double section_time(const Section *t, int i)
{
    const TuneRecord *best = t->best < 0 ? NULL : &t->record[t->best];
    const double ns = best && record_is_timed(best) ? best->ns_median * t->share[i].at : 0;
    return isfinite(ns) && ns > 0 ? ns : t->record[i].ns_median;
}
