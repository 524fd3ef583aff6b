/* internal.h: a search in progress, for the files that it is made of.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SEARCH_INTERNAL_H
#define DCN_TUNER_SEARCH_INTERNAL_H

#include "tuner/search/model.h"
#include "tuner/search/points.h"
#include "tuner/search/rank.h"

#include <stdbool.h>

enum {
    MAX_ELITES = 8,        /* best points whose neighbours are candidates */
    MAX_CANDIDATES = 1024, /* for one proposal */
};

typedef struct Elite {
    SearchPoint point;
    double time;
} Elite;

struct Search {
    const SearchSpace *space;
    SearchMode mode;
    rt_rng rng;
    PointWalk walk; /* for points drawn at random */
    uint64_t points;
    PointSet known; /* asked for or told */
    SearchPoint *start;
    int nstarts, start_at;
    Ranking ranking;
    int ranked_at; /* what is before it is known */
    uint64_t walk_at;
    SearchModel *model;
    int told, told_of[SEARCH_MAX_LOWERINGS]; /* answers, and how many of each lowering */
    bool all_known;                          /* all lowerings are known a little */
    Elite elite[MAX_ELITES];                 /* the quickest first */
    int nelites;
    Ranked candidate[MAX_CANDIDATES]; /* for the proposal in hand */
    int ncandidates;
};

/* Whether a point with this estimate cannot beat the best so far, judged by the luckiest point so
** far. */
bool search_cannot_win(const Search *s, double estimate);

/* The most promising point that is not known; 0 if there is none that may win. */
int search_propose(Search *s, uint64_t *number);

#endif
