/* guided.c: the most promising point to try next.
**
** Candidates for a proposal are some hundred points: knobs of the best ones changed one at a time,
** crosses between them, the top of the ranking, and points drawn at random.  Promise is the
** logarithm of the expected improvement over the best time less a margin, by what the model
** predicts (model.c).  The margin keeps away from what can only tie with the best, as its
** neighbours do by knobs that do not matter; it changes from proposal to proposal, so that some go
** farther where the model is less sure.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/search/internal.h"

#include <math.h>
#include <stdlib.h>

enum {
    TOP = 32, /* candidates from the ranking, as crosses, and at random */
    CROSSES = 32,
    RANDOM = 32,
    STEP_EVERY = 3, /* proposals: a step to a value that was seen less than SEEN times */
    SEEN = 2,
};

static const double FIRST = 1e9;                /* beyond any promise */
static const double MARGIN[] = { 0.02, 0.005 }; /* shares of the best time, in turn */

bool search_cannot_win(const Search *s, double estimate)
{
    double lowest = s->space->min_ratio * model_least_ratio(s->model) * estimate;
    return s->nelites && lowest > s->elite[0].time;
}

static void add_candidate(Search *s, PointSet *seen, const SearchPoint *p)
{
    if (s->ncandidates == MAX_CANDIDATES || !s->space->legal(s->space->self, p))
        return;
    uint64_t number = points_number(s->space, p);
    if (points_has(&s->known, number) || points_add(seen, number) < 1)
        return;
    double e = s->space->estimate(s->space->self, p);
    if (!search_cannot_win(s, e))
        s->candidate[s->ncandidates++] = (Ranked){ number, e };
}

/* Adds every value of every knob of the best; of the other elites, one step up or down in each. */
static void add_neighbours(Search *s, PointSet *seen, int elite)
{
    const SearchSpace *sp = s->space;
    const SearchPoint *from = &s->elite[elite].point;
    for (int i = 0; i < sp->dims(sp->self, from->at[0]); i++) {
        SearchPoint q = *from;
        for (q.at[i + 1] = 0; q.at[i + 1] < sp->choices(sp->self, from->at[0], i); q.at[i + 1]++)
            if (elite == 0 || abs(q.at[i + 1] - from->at[i + 1]) == 1)
                add_candidate(s, seen, &q);
    }
}

static void add_crosses(Search *s, PointSet *seen)
{
    for (int i = 0; i < CROSSES && s->nelites; i++) {
        int a = (int)(rt_rng_next(&s->rng) % (uint64_t)s->nelites);
        int b = (int)(rt_rng_next(&s->rng) % (uint64_t)s->nelites);
        if (s->elite[a].point.at[0] != s->elite[b].point.at[0])
            b = a;
        SearchPoint child = points_cross(s->space, &s->rng, &s->elite[a].point, &s->elite[b].point);
        add_candidate(s, seen, &child);
    }
}

static void add_top(Search *s, PointSet *seen)
{
    while (s->ranked_at < s->ranking.n && points_has(&s->known, s->ranking.at[s->ranked_at].number))
        s->ranked_at++;
    for (int i = s->ranked_at; i < s->ranking.n && i < s->ranked_at + TOP; i++) {
        SearchPoint p = points_at(s->space, s->ranking.at[i].number);
        add_candidate(s, seen, &p);
    }
}

static void gather(Search *s)
{
    PointSet seen = { 0 };
    SearchPoint p;
    s->ncandidates = 0;
    add_top(s, &seen);
    for (int i = 0; i < s->nelites; i++)
        add_neighbours(s, &seen, i);
    add_crosses(s, &seen);
    for (int i = 0; i < RANDOM; i++)
        if (points_draw(s->space, &s->walk, &s->rng, &p))
            add_candidate(s, &seen, &p);
    free(seen.slot);
}

/* The logarithm of the expected improvement E max(0, goal - y), y normal.  Far from the goal that
** is the difference of two almost equal numbers, so there the first term of its asymptotic series
** stands for it. */
static double log_ei(Prediction y, double goal)
{
    static const double FAR = -6;
    static const double DENSITY = 0.39894228040143268; /* of the normal distribution at 0 */
    double d = fmax(y.deviation, 1e-6), z = (goal - y.mean) / d;
    if (z < FAR)
        return log(d * DENSITY / (z * z)) - z * z / 2;
    return log(d * (z * 0.5 * erfc(-z * sqrt(0.5)) + DENSITY * exp(-z * z / 2)));
}

/* One step of one knob away from the best, to a value that was hardly seen anywhere. */
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

/* The candidate of greatest log_ei; now and then one that the model has no right to judge, if there
** is any. */
static uint64_t most_promising(const Search *s)
{
    double best = -INFINITY, goal = s->nelites ? log(s->elite[0].time) - MARGIN[s->told % 2] : 0;
    uint64_t number = s->candidate[0].number;
    for (int i = 0; i < s->ncandidates; i++) {
        SearchPoint p = points_at(s->space, s->candidate[i].number);
        Prediction y = model_predict(s->model, &p, s->candidate[i].estimate);
        double promise = log_ei(y, goal);
        if (s->told % STEP_EVERY == 0 && is_new_step(s, &p))
            promise += FIRST;
        if (promise > best) {
            best = promise;
            number = s->candidate[i].number;
        }
    }
    return number;
}

int search_propose(Search *s, uint64_t *number)
{
    gather(s);
    if (s->ncandidates)
        *number = most_promising(s);
    return s->ncandidates > 0;
}
