/* check.h: whether what is said of a node is so: gradients against small steps, a region against its bound.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SUPPORT_CHECK_H
#define DCN_TUNER_SUPPORT_CHECK_H

#include "tuner/support/region.h"

typedef enum {
    SUPPORT_COMPARED,
    SUPPORT_ALL_ZERO,   /* every gradient is: small steps may agree, but there is nothing to see */
    SUPPORT_NOT_FINITE, /* the response or a gradient is not: nothing was tried */
    SUPPORT_TOO_LARGE,  /* too many values would have to be held: nothing was tried */
    /* All gradients are, beside what rounding does to the response: nothing is known. */
    SUPPORT_TOO_SMALL,
} support_outcome;

/* What comparing numbers came to: `worst` is the largest difference, as a share of the largest number. */
typedef struct SupportCheck {
    support_outcome outcome;
    /* hidden: gradients too small beside the response for steps to say that they are wrong. */
    int tried, hidden;
    double worst, bound;
    bool passed; /* worst <= bound, and something was tried */
} SupportCheck;

/* The response along random directions of the image against *f, whose last image is that of s: central
** differences, of steps that become shorter until one agrees.  The share is of |gradient|, as products with
** directions of normal numbers are. */
int support_check_field(Support *s, const SupportField *f, int directions, uint64_t seed,
                        SupportCheck *c, dcn_error *err);

/* Positions of layer `number` of *l, made by support_sampling, moved along either axis: the strongest ones and some at
** random.  Both ways; to the right and down only from a whole pixel, where the slope of that side is said.
** The share is of the layer's largest strength. */
typedef struct SupportTaps {
    int number, strongest, random;
    uint64_t seed;
} SupportTaps;
int support_check_taps(Support *s, const SupportLayers *l, const SupportTaps *taps, SupportCheck *c,
                       dcn_error *err);

typedef struct SupportRegionCheck {
    double error; /* of the mask as it is */
    bool within;  /* the bound */
    bool minimal; /* without any one part that it has it breaks the bound; tried if *r says so */
    int trials, failed; /* as many pixels anywhere, and how many of these masks break it */
} SupportRegionCheck;

/* *r: what support_region found for *ask; mask: that of *r, perhaps as a file gave it back. */
int support_check_region(Support *s, const SupportRegionAsk *ask, const SupportRegion *r,
                         const unsigned char *mask, SupportRegionCheck *c, dcn_error *err);

#endif
