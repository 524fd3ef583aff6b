/* positions.h: where one sample of a deformable layer is.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SUPPORT_POSITIONS_H
#define DCN_TUNER_SUPPORT_POSITIONS_H

#include "tuner/support/support.h"

typedef struct SupportPosition {
    int64_t p, q, group, tap;
    const double *roi; /* the row of its region; NULL: the layer is on images */
} SupportPosition;

/* Along one axis, 0 y or 1 x: the position is plain + factor * (the offset at that channel). */
typedef struct SupportAxis {
    int64_t channel;
    double plain, factor;
    double size; /* of the bin */
} SupportAxis;
SupportAxis support_axis(const dcn_spec *s, const SupportPosition *at, int axis);

/* Groups, taps and how these stand. */
void support_grid(const dcn_spec *s, SupportLayer *l);

#endif
