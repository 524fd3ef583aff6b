/* points.h: points as numbers, sets of them, and moves between them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SEARCH_POINTS_H
#define DCN_TUNER_SEARCH_POINTS_H

#include "runtime/base/random.h"
#include "tuner/search/search.h"

#include <stdbool.h>

/* The number of points, legal or not; that many and more are called UINT64_MAX / 2. */
uint64_t points_count(const SearchSpace *s);

/* Points and 0 .. points_count - 1, the first knob turning fastest. */
uint64_t points_number(const SearchSpace *s, const SearchPoint *p);
SearchPoint points_at(const SearchSpace *s, uint64_t number);

/* A set of numbers; all zero is empty. */
typedef struct PointSet {
    uint64_t *slot; /* number + 1; 0: free */
    uint64_t room;  /* a power of two */
    uint64_t count;
} PointSet;

int points_add(PointSet *set, uint64_t number); /* 1: it was new; 0: it was there; -1: no memory */
bool points_has(const PointSet *set, uint64_t number);

/* Where drawing stands in each lowering; all zero: nothing is known yet. */
typedef struct PointWalk {
    SearchPoint at[SEARCH_MAX_LOWERINGS]; /* legal, where state says so */
    enum { WALK_UNKNOWN, WALK_STANDS, WALK_NOWHERE } state[SEARCH_MAX_LOWERINGS];
} PointWalk;

/* Go on from a legal point. */
void points_walk_from(PointWalk *w, const SearchPoint *p);

/* A legal point, each lowering as likely as the others; 0 if none was found in many draws, and then none is found
** later. */
int points_draw(const SearchSpace *s, PointWalk *w, rt_rng *r, SearchPoint *out);

/* Each knob from one parent or the other, then perhaps one knob anew.  Parents are of one
** lowering. */
SearchPoint points_cross(const SearchSpace *s, rt_rng *r, const SearchPoint *a,
                         const SearchPoint *b);

#endif
