/* search.h: which schedule to try next.
**
** Knows nothing of kernels: a space is points that can be numbered and moved between, with an
** estimate for each; the caller measures.  The order is a function of space, seed and answers only,
** so a run that is stopped and resumed with the answers it had tries what it would have tried.  How
** many points are worth measuring is the caller's affair: it stops asking.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SEARCH_H
#define DCN_TUNER_SEARCH_H

#include <stdint.h>

enum {
    SEARCH_MAX_DIMS = 21, /* the lowering and its knobs */
    SEARCH_MAX_LOWERINGS = 16,
};

/* at[0] is the lowering, at[1..] an index into each knob's choices; 0 past the last knob. */
typedef struct SearchPoint {
    int at[SEARCH_MAX_DIMS];
} SearchPoint;

typedef struct SearchSpace {
    void *self;
    int nlowerings;
    int (*dims)(void *self, int lowering);             /* knobs */
    int (*choices)(void *self, int lowering, int dim); /* values of knob dim, from 0 */
    int (*legal)(void *self, const SearchPoint *p);
    double (*estimate)(void *self, const SearchPoint *p); /* > 0, in any unit */
    /* 0..1: every point takes at least this times its estimate; 0: nobody knows */
    double min_ratio;
} SearchSpace;

typedef enum SearchMode {
    SEARCH_BY_ESTIMATE, /* in the order of the estimate; answers are not needed */
    SEARCH_GUIDED,      /* what promises most; what cannot win is left out */
    SEARCH_ALL,         /* as guided first, then every point there is */
} SearchMode;

typedef struct Search Search;

/* starts: the guess first, then neighbours' winners and so on; those that are not legal are passed
** over.  NULL if there is no memory.  The space must outlive it; search_close(NULL) is allowed. */
Search *search_open(const SearchSpace *space, SearchMode mode, uint64_t seed,
                    const SearchPoint *starts, int n);
void search_close(Search *s);

/* 1 and the next legal point, never one twice; 0 when there is none left that may win. */
int search_next(Search *s, SearchPoint *out);

/* What became of it: a time > 0 in any unit, or < 0 if the candidate failed.  Points that were not
** asked for may be told as well and will not be asked for then.  -1: no memory. */
int search_tell(Search *s, const SearchPoint *p, double time);

/* How many legal points there are; of a large space a guess from a sample. */
int64_t search_legal(const Search *s);

#endif
