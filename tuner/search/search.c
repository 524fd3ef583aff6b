/* search.c: which schedule to try next.
**
** Points are ranked by their estimate once: all of a small space, else a sample (rank.c).  After
** the starts, and a few points of each lowering, the most promising point is proposed (guided.c);
** then what is left of the ranking.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/search/internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    GUIDED_TRIALS = 256, /* before SEARCH_ALL goes on in order */
    FIRST_TRIALS = 3,    /* for each lowering, so that none is judged by its estimate alone */
};

static double estimate(const Search *s, const SearchPoint *p)
{
    return s->space->estimate(s->space->self, p);
}

static bool is_legal(const Search *s, const SearchPoint *p)
{
    return s->space->legal(s->space->self, p) != 0;
}

/* ---- answers ------------------------------------------------------------------------------- */

static void keep_elite(Search *s, const SearchPoint *p, double time)
{
    int at = s->nelites;
    while (at > 0 && s->elite[at - 1].time > time)
        at--;
    if (at == MAX_ELITES)
        return;
    int moved = (s->nelites < MAX_ELITES ? s->nelites : MAX_ELITES - 1) - at;
    memmove(&s->elite[at + 1], &s->elite[at], (size_t)moved * sizeof *s->elite);
    s->elite[at] = (Elite){ *p, time };
    s->nelites += s->nelites < MAX_ELITES;
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

/* ---- proposals ----------------------------------------------------------------------------- */

/* The next of the ranking. */
static int next_ranked(Search *s, uint64_t *number)
{
    for (; s->ranked_at < s->ranking.n; s->ranked_at++) {
        const Ranked *r = &s->ranking.at[s->ranked_at];
        if (points_has(&s->known, r->number))
            continue;
        if (s->mode != SEARCH_GUIDED || !search_cannot_win(s, r->estimate)) {
            *number = r->number;
            return 1;
        }
    }
    return 0;
}

/* The next of the whole space, by number. */
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
    return search_propose(s, number);
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
    s->all_known = true;
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

static void add_start(Search *s, const SearchPoint *p)
{
    s->start[s->nstarts++] = *p;
    if (is_legal(s, p))
        points_walk_from(&s->walk, p);
}

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
    for (int i = 0; i < n && s->start; i++)
        add_start(s, &starts[i]);
    if (!s->model || !s->start || ranking_open(&s->ranking, space, &s->walk, &s->rng)) {
        search_close(s);
        return NULL;
    }
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
