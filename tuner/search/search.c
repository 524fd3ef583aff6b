/* search.c: which schedule to try next.
**
** Points are ranked by their estimate once: all of a small space, else a sample, with the best of it moved
** downhill knob by knob.  After the starts each proposal is the most promising of some hundred points: knobs of
** the best ones changed one at a time, crosses between them, the head of the ranking, and points drawn blindly.
** Promise is how much quicker than the best it is to be expected to turn out, if it does by a margin at all
** (search_model.c).  The margin keeps away from what can only tie with the best, as its neighbours do by knobs that
** do not matter; it changes from proposal to proposal, so that some go farther where the model is less sure.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/search/search.h"
#include "tuner/search/model.h"
#include "tuner/search/points.h"
#include "tuner/search/rank.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    LISTED = 1 << 16, /* a space of so many points is ranked whole */
    SAMPLE = 4096,
    CLIMBS = 8, /* of the best of the ranking */
    ELITES = 8, /* best points whose neighbours are looked at */
    HEAD = 32,  /* of the ranking, CROSSES and BLIND: looked at for each proposal */
    CROSSES = 32,
    BLIND = 32,
    MOST_LOOKS = 1024,
    GUIDED_TRIALS = 256, /* before SEARCH_ALL goes on in order */
    STEP_EVERY = 3,      /* proposals: a step to a value that was seen less than SEEN times */
    SEEN = 2,
    FIRST_TRIALS = 3, /* of each lowering, so that none is judged by its estimate alone */
};

static const double FIRST = 1e9;                /* beyond any promise */
static const double MARGIN[] = { 0.02, 0.005 }; /* shares of the best time, in turn */

typedef struct Elite {
    SearchPoint point;
    double time;
} Elite;

struct Search {
    const SearchSpace *space;
    SearchMode mode;
    rt_rng rng;
    uint64_t points;
    PointSet known; /* asked for or told */
    SearchPoint *start;
    int nstarts, start_at;
    Ranking ranking;
    int ranked_at; /* what is before it is known */
    uint64_t walk_at;
    SearchModel *model;
    int told, told_of[SEARCH_MAX_LOWERINGS], all_known; /* all lowerings are known a little */
    Elite elite[ELITES];
    int nelites;
    /* the proposal in hand */
    Ranked look[MOST_LOOKS];
    int nlooks;
};

static double estimate(const Search *s, const SearchPoint *p)
{
    return s->space->estimate(s->space->self, p);
}

static int is_legal(const Search *s, const SearchPoint *p)
{
    return s->space->legal(s->space->self, p);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void keep_elite(Search *s, const SearchPoint *p, double time)
{
    int at = s->nelites;
    while (at > 0 && s->elite[at - 1].time > time)
        at--;
    if (at == ELITES)
        return;
    int moved = (s->nelites < ELITES ? s->nelites : ELITES - 1) - at;
    memmove(&s->elite[at + 1], &s->elite[at], (size_t)moved * sizeof *s->elite);
    s->elite[at] = (Elite){ *p, time };
    s->nelites += s->nelites < ELITES;
}

int search_tell(Search *s, const SearchPoint *p, double time)
{
    s->told++;
    s->told_of[p->at[0]]++;
    if (time > 0) {
        keep_elite(s, p, time);
        model_add(s->model, p, estimate(s, p), time);
    } else {
        model_add_failure(s->model, p, estimate(s, p));
    }
    return points_add(&s->known, points_number(s->space, p)) < 0 ? -1 : 0;
}

/* Whether the best so far is out of reach, judged by the luckiest point so far. */
static int is_hopeless(const Search *s, double e)
{
    double least = s->space->optimism * model_least_ratio(s->model) * e;
    return s->nelites && least > s->elite[0].time;
}

/* ---- proposals ----------------------------------------------------------------------------- */

static void look_at(Search *s, PointSet *seen, const SearchPoint *p)
{
    if (s->nlooks == MOST_LOOKS || !is_legal(s, p))
        return;
    uint64_t number = points_number(s->space, p);
    if (points_has(&s->known, number) || points_add(seen, number) < 1)
        return;
    double e = estimate(s, p);
    if (!is_hopeless(s, e))
        s->look[s->nlooks++] = (Ranked){ number, e };
}

/* Every value of every knob of the best; of the others one step up or down. */
static void look_beside(Search *s, PointSet *seen, int elite)
{
    const SearchSpace *sp = s->space;
    const SearchPoint *from = &s->elite[elite].point;
    for (int i = 0; i < sp->dims(sp->self, from->at[0]); i++) {
        SearchPoint q = *from;
        for (q.at[i + 1] = 0; q.at[i + 1] < sp->choices(sp->self, from->at[0], i); q.at[i + 1]++)
            if (elite == 0 || abs(q.at[i + 1] - from->at[i + 1]) == 1)
                look_at(s, seen, &q);
    }
}

static void look_at_crosses(Search *s, PointSet *seen)
{
    for (int i = 0; i < CROSSES && s->nelites; i++) {
        int a = (int)(rt_rng_next(&s->rng) % (uint64_t)s->nelites);
        int b = (int)(rt_rng_next(&s->rng) % (uint64_t)s->nelites);
        if (s->elite[a].point.at[0] != s->elite[b].point.at[0])
            b = a;
        SearchPoint child = points_cross(s->space, &s->rng, &s->elite[a].point, &s->elite[b].point);
        look_at(s, seen, &child);
    }
}

static void look_at_head(Search *s, PointSet *seen)
{
    while (s->ranked_at < s->ranking.n && points_has(&s->known, s->ranking.at[s->ranked_at].number))
        s->ranked_at++;
    for (int i = s->ranked_at; i < s->ranking.n && i < s->ranked_at + HEAD; i++) {
        SearchPoint p = points_at(s->space, s->ranking.at[i].number);
        look_at(s, seen, &p);
    }
}

static void look_around(Search *s)
{
    PointSet seen = { 0 };
    SearchPoint p;
    s->nlooks = 0;
    look_at_head(s, &seen);
    for (int i = 0; i < s->nelites; i++)
        look_beside(s, &seen, i);
    look_at_crosses(s, &seen);
    for (int i = 0; i < BLIND; i++)
        if (points_draw(s->space, &s->rng, &p))
            look_at(s, &seen, &p);
    free(seen.slot);
}

/* The logarithm of the expected improvement E max(0, goal - y), y normal.  Far from the goal, where that is the
** difference of two almost equal numbers, the first term of its asymptotic series. */
static double hope(Prediction y, double goal)
{
    static const double FAR = -6;
    static const double DENSITY = 0.39894228040143268; /* of the normal distribution at 0 */
    double d = fmax(y.deviation, 1e-6), z = (goal - y.mean) / d;
    if (z < FAR)
        return log(d * DENSITY / (z * z)) - z * z / 2;
    return log(d * (z * 0.5 * erfc(-z * sqrt(0.5)) + DENSITY * exp(-z * z / 2)));
}

/* A step of one knob away from the best, to a value that was hardly seen anywhere. */
static bool is_new_step(const Search *s, const SearchPoint *p)
{
    const SearchPoint *from = &s->elite[0].point;
    int knob = 0, steps = 0;
    for (int i = 1; i < SEARCH_MAX_DIMS; i++)
        if (p->at[i] != from->at[i]) {
            steps += abs(p->at[i] - from->at[i]);
            knob = i;
        }
    return s->nelites && p->at[0] == from->at[0] && steps == 1 &&
           model_count(s->model, p->at[0], knob, p->at[knob]) < SEEN;
}

/* Of what was looked at; now and then of what the model has no right to judge, if there is any. */
static uint64_t most_promising(const Search *s)
{
    double best = -INFINITY, goal = s->nelites ? log(s->elite[0].time) - MARGIN[s->told % 2] : 0;
    uint64_t number = s->look[0].number;
    for (int i = 0; i < s->nlooks; i++) {
        SearchPoint p = points_at(s->space, s->look[i].number);
        Prediction y = model_predict(s->model, &p, s->look[i].estimate);
        double promise = hope(y, goal);
        if (s->told % STEP_EVERY == 0 && is_new_step(s, &p))
            promise += FIRST;
        if (promise > best) {
            best = promise;
            number = s->look[i].number;
        }
    }
    return number;
}

/* What is left of a ranking, in its order. */
static int next_ranked(Search *s, uint64_t *number)
{
    for (; s->ranked_at < s->ranking.n; s->ranked_at++) {
        const Ranked *r = &s->ranking.at[s->ranked_at];
        if (points_has(&s->known, r->number))
            continue;
        if (s->mode != SEARCH_GUIDED || !is_hopeless(s, r->estimate)) {
            *number = r->number;
            return 1;
        }
    }
    return 0;
}

/* What is left of the whole space, in its order. */
static int next_in_order(Search *s, uint64_t *number)
{
    for (; s->walk_at < s->points; s->walk_at++) {
        SearchPoint p = points_at(s->space, s->walk_at);
        if (!points_has(&s->known, s->walk_at) && is_legal(s, &p)) {
            *number = s->walk_at;
            return 1;
        }
    }
    return 0;
}

static int next_guided(Search *s, uint64_t *number)
{
    if (s->mode == SEARCH_BY_ESTIMATE || (s->mode == SEARCH_ALL && s->told >= GUIDED_TRIALS))
        return 0;
    look_around(s);
    if (s->nlooks)
        *number = most_promising(s);
    return s->nlooks > 0;
}

/* The best estimate of a lowering that is hardly known. */
static int next_lowering(Search *s, uint64_t *number)
{
    for (int i = 0; i < s->ranking.n && !s->all_known && s->mode != SEARCH_BY_ESTIMATE; i++) {
        int lowering = points_at(s->space, s->ranking.at[i].number).at[0];
        *number = s->ranking.at[i].number;
        if (s->told_of[lowering] < FIRST_TRIALS && !points_has(&s->known, *number))
            return 1;
    }
    s->all_known = 1;
    return 0;
}

static int next_start(Search *s, uint64_t *number)
{
    while (s->start_at < s->nstarts) {
        const SearchPoint *p = &s->start[s->start_at++];
        *number = points_number(s->space, p);
        if (is_legal(s, p) && !points_has(&s->known, *number))
            return 1;
    }
    return 0;
}

int search_next(Search *s, SearchPoint *out)
{
    uint64_t number;
    int found = next_start(s, &number) || next_lowering(s, &number) || next_guided(s, &number) ||
                next_ranked(s, &number) || (s->mode == SEARCH_ALL && next_in_order(s, &number));
    if (!found || points_add(&s->known, number) < 0)
        return 0;
    *out = points_at(s->space, number);
    return 1;
}

int64_t search_legal(const Search *s)
{
    return (int64_t)s->ranking.legal;
}

/* ---- opening and closing ------------------------------------------------------------------- */

Search *search_open(const SearchSpace *space, SearchMode mode, uint64_t seed,
                    const SearchPoint *starts, int n)
{
    Search *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->space = space;
    s->mode = mode;
    s->rng = rt_rng_seed(seed);
    s->points = points_count(space);
    s->model = model_open(space);
    s->start = calloc((size_t)n + 1, sizeof *s->start);
    if (!s->model || !s->start || ranking_open(&s->ranking, space, &s->rng)) {
        search_close(s);
        return NULL;
    }
    for (int i = 0; i < n; i++)
        s->start[s->nstarts++] = starts[i];
    return s;
}

void search_close(Search *s)
{
    if (!s)
        return;
    model_close(s->model);
    free(s->known.slot);
    free(s->start);
    ranking_close(&s->ranking);
    free(s);
}
