/* space_count.h: how many schedules of a lowering are legal, and why the others are not.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SPACE_COUNT_H
#define DCN_TUNER_SPACE_COUNT_H

#include "codegen/lowering.h"

enum { COUNT_MAX_REASONS = 32 };

typedef struct SpaceReason {
    char text[160];
    int64_t count; /* of the points seen */
} SpaceReason;

typedef struct SpaceCount {
    int64_t points; /* in the product of the knobs */
    int64_t seen;   /* looked at: all of them, or an even sample */
    int64_t legal;  /* of those seen */
    int nreasons;
    SpaceReason reason[COUNT_MAX_REASONS]; /* the commonest first */
} SpaceCount;

/* Ask for every point of the space why it is refused; of a space beyond `most` points, for `most` of them. */
void tune_count_space(const Lowering *how, const dcn_spec *s, const dcn_target *t, int64_t most,
                      SpaceCount *out);

/* How many of all points are legal; exact if all were seen. */
double tune_legal_estimate(const SpaceCount *c);

#endif
