/* rank.h: points in the order of their estimates.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SEARCH_RANK_H
#define DCN_TUNER_SEARCH_RANK_H

#include "tuner/search/points.h"

typedef struct Ranked {
    uint64_t number; /* of the point */
    double estimate;
} Ranked;

typedef struct Ranking {
    const SearchSpace *space;
    Ranked *at; /* the least estimate first */
    int n;
    uint64_t legal; /* legal points of the space; guessed from a sample where it is large */
} Ranking;

/* All legal points of a small space; of a large one a sample, of which the best were moved downhill
** knob by knob.  -1: no memory.  Close it even then. */
int ranking_open(Ranking *r, const SearchSpace *space, PointWalk *walk, rt_rng *rng);
void ranking_close(Ranking *r);

#endif
