/* rank.c: points in the order of their estimates.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/search/rank.h"

#include <math.h>
#include <stdlib.h>

enum {
    LISTED = 1 << 16, /* a space of at most so many points is ranked whole */
    SAMPLE = 1 << 12,
    CLIMBS = 8, /* how many of the best of a sample are moved downhill */
};

static double estimate(const Ranking *s, const SearchPoint *p)
{
    return s->space->estimate(s->space->self, p);
}

static bool is_legal(const Ranking *s, const SearchPoint *p)
{
    return s->space->legal(s->space->self, p) != 0;
}

static int by_estimate(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->estimate != y->estimate)
        return x->estimate < y->estimate ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static void rank(Ranking *s, const SearchPoint *p)
{
    s->at[s->n++] = (Ranked){ points_number(s->space, p), estimate(s, p) };
}

static void list_all(Ranking *s)
{
    for (uint64_t i = 0; i < points_count(s->space); i++) {
        SearchPoint p = points_at(s->space, i);
        if (is_legal(s, &p))
            rank(s, &p);
    }
    s->legal = (uint64_t)s->n;
}

/* How many points are legal is told by points drawn without regard to that. */
static void guess_legal(Ranking *s, rt_rng *rng)
{
    int legal = 0;
    for (int i = 0; i < SAMPLE; i++) {
        SearchPoint p = points_at(s->space, rt_rng_next(rng) % points_count(s->space));
        legal += is_legal(s, &p);
    }
    s->legal = (uint64_t)((double)points_count(s->space) * legal / SAMPLE);
}

static int sample_some(Ranking *s, PointWalk *walk, rt_rng *rng)
{
    PointSet seen = { 0 };
    int added = 0;
    guess_legal(s, rng);
    for (int i = 0; i < SAMPLE && added >= 0; i++) {
        SearchPoint p;
        if (!points_draw(s->space, walk, rng, &p))
            continue;
        added = points_add(&seen, points_number(s->space, &p));
        if (added > 0)
            rank(s, &p);
    }
    free(seen.slot);
    if (s->legal < seen.count)
        s->legal = seen.count;
    return added < 0 ? -1 : 0;
}

/* The best point that differs from *p in one knob, if it is better than *p. */
static int step_down(const Ranking *s, SearchPoint *p, double *lowest)
{
    const SearchSpace *sp = s->space;
    SearchPoint from = *p;
    int moved = 0;
    for (int i = 0; i < sp->dims(sp->self, from.at[0]); i++) {
        SearchPoint q = from;
        for (q.at[i + 1] = 0; q.at[i + 1] < sp->choices(sp->self, from.at[0], i); q.at[i + 1]++) {
            double e = is_legal(s, &q) ? estimate(s, &q) : INFINITY;
            if (e < *lowest) {
                *lowest = e;
                *p = q;
                moved = 1;
            }
        }
    }
    return moved;
}

static void climb(Ranking *s)
{
    int from = s->n < CLIMBS ? s->n : CLIMBS;
    for (int i = 0; i < from; i++) {
        SearchPoint p = points_at(s->space, s->at[i].number);
        double lowest = s->at[i].estimate;
        while (step_down(s, &p, &lowest)) {
        }
        rank(s, &p);
    }
    qsort(s->at, (size_t)s->n, sizeof *s->at, by_estimate);
}

int ranking_open(Ranking *s, const SearchSpace *space, PointWalk *walk, rt_rng *rng)
{
    *s = (Ranking){ .space = space };
    bool small = points_count(s->space) <= LISTED;
    size_t room = (small ? (size_t)points_count(s->space) : SAMPLE) + CLIMBS;
    s->at = malloc(room * sizeof *s->at);
    if (!s->at)
        return -1;
    if (small)
        list_all(s);
    else if (sample_some(s, walk, rng))
        return -1;
    qsort(s->at, (size_t)s->n, sizeof *s->at, by_estimate);
    if (!small)
        climb(s);
    return 0;
}

void ranking_close(Ranking *r)
{
    free(r->at);
    *r = (Ranking){ 0 };
}
