/* search.h: which schedule to try next.
**
** Knows nothing of kernels: a space is points that can be enumerated, printed and moved between, with an
** estimate for each; the caller measures.  The order is a function of space, seed and answers only, so a run
** that is stopped and resumed tries what it would have tried.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SEARCH_H
#define DCN_TUNER_SEARCH_H

#include <stdint.h>

enum { SEARCH_MAX_DIMS = 17 }; /* the lowering and its knobs */

/* at[0] is the lowering, at[1..] an index into each knob's choices. */
typedef struct SearchPoint {
    int at[SEARCH_MAX_DIMS];
} SearchPoint;

typedef struct SearchSpace {
    void *self;
    int nlowerings;
    int (*dims)(void *self, int lowering);             /* knobs */
    int (*choices)(void *self, int lowering, int dim); /* values of knob dim */
    int (*legal)(void *self, const SearchPoint *p);
    double (*estimate)(void *self,
                       const SearchPoint *p); /* ns, and a lower bound is this times `optimism` */
    double optimism;                          /* 0..1 */
    int (*complexity)(void *self, const SearchPoint *p); /* of equals the simpler schedule wins */
} SearchSpace;

typedef enum { EFFORT_ESTIMATE, EFFORT_MEASURE, EFFORT_PATIENT, EFFORT_EXHAUSTIVE } SearchEffort;

typedef struct Search Search;

/* starts: the guess first, then neighbours' winners and so on; may be NULL if n is 0. */
Search *search_open(const SearchSpace *space, SearchEffort effort, uint64_t seed,
                    const SearchPoint *starts, int n);
void search_close(Search *s);

/* 1 and the next point to measure, never one twice; 0 when the effort is spent. */
int search_next(Search *s, SearchPoint *out);

/* What became of it: ns > 0, or < 0 if the candidate failed. */
void search_tell(Search *s, const SearchPoint *p, double ns);

/* How many points it intends to try in all, as far as is known. */
int64_t search_planned(const Search *s);

#endif
