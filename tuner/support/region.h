/* region.h: the error-bounded saliency region of a node (SEMANTICS 11.3): few pixels that keep its channels f.
**
** With I the image, M a mask and f the node's channels, error(M) = 1 - cos(f(I), f(I*M)), and 1 where f is
** zero.  First a square around the node's pixel grows, cut off where the image ends, until the error is less
** than epsilon.  Then parts of it are dropped one by one, the one that raises the error least first and of
** equals the one of the lowest number, until every further one would break the bound.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SUPPORT_REGION_H
#define DCN_TUNER_SUPPORT_REGION_H

#include "tuner/support/support.h"

typedef struct SupportProgress {
    double share; /* of the image that is kept so far, in a mask that is within the bound */
    double error; /* of that mask */
    int parts, kept;
    int64_t forwards;
} SupportProgress;

typedef struct SupportRegionAsk {
    double epsilon;
    uint64_t seed;   /* of the regions that its check compares it with */
    int step;        /* pixels by which the square grows on each side */
    int block;       /* side of square parts, on a grid from the image's corner; 0: superpixels */
    int superpixels; /* about how many of them there are in the square */
    /* Errors are computed again for parts that may be next, and for all parts before the end; else each time for
    ** all. */
    bool lazy;
    int64_t
        exact; /* lazy only where all errors each time may be more than so many; 0: however few */
    double seconds; /* after which the mask so far is the result; 0: no limit */
    /* NULL: nobody asks for it; false: stop as for time. */
    bool (*progress)(void *self, const SupportProgress *p);
    void *self;
} SupportRegionAsk;

typedef struct SupportRegion {
    int64_t h, w;
    int64_t square[4]; /* first and last row, first and last column */
    int parts;
    int *part;              /* [h][w]: which part a pixel is in; -1: in none */
    unsigned char *mask;    /* [h][w]: 1 kept, 0 not */
    int64_t area;           /* pixels of it */
    double error;           /* of it */
    int nremoved, *removed; /* parts, as they were dropped */
    double *errors;         /* [1 + nremoved]: of the square, then after each */
    int64_t forwards;
    bool minimal; /* dropping any one more part breaks the bound; false: it was stopped */
} SupportRegion;

/* A node whose f is zero has no region: a usage error. */
int support_region(Support *s, const SupportRegionAsk *ask, SupportRegion *r, dcn_error *err);
void support_region_free(SupportRegion *r);

/* The error of any mask, [h][w], not 0 where the image is kept. */
int support_mask_error(Support *s, const unsigned char *mask, double *error, dcn_error *err);

/* Superpixels (SLIC) of a map of n channels: about `count` of them in the square, numbered from 0 on, in `part`,
** [h][w], which is -1 outside.  Returns how many, or -1 without memory. */
int support_slic(const double *pixels, const int64_t hwc[3], const int64_t square[4], int count,
                 int *part);

#endif
