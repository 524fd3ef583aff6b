/* steps.h: a gradient against quotients of small steps, where responses are rounded.
**
** A response of size r is off by about ROUNDINGS*eps*r, so a quotient over a span of 2h is by ROUNDINGS*eps*r/h.
** Steps are so long that this is at most half of what passes, so that a quotient that differs by more says that the
** gradient is wrong.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SUPPORT_STEPS_H
#define DCN_TUNER_SUPPORT_STEPS_H

#include "tuner/support/internal.h"

typedef struct SupportSteps {
    double usual, longest; /* steps; longer than `usual` only where rounding asks for it */
    double rounding;       /* by which a response may be off */
    double enough;         /* by which a quotient may differ from the gradient */
    /* The quotient of about step h, which may be shorter, and over which span it is. */
    int (*quotient)(void *self, double h, double *slope, double *span, dcn_error *err);
    void *self;
} SupportSteps;

/* The least difference of several steps, each a tenth of the one before, until one is enough: a step may carry a relu
** or a maximum over its kink, ever fewer of them the shorter it is, and a gradient that is wrong agrees with none.
** *hidden: none was, but rounding is too much to say by that that the gradient is wrong. */
int support_try_steps(const SupportSteps *s, double gradient, double *difference, bool *hidden,
                      dcn_error *err);

/* By how much rounding may change the response to the image that s has now. */
int support_rounding(Support *s, double *rounding, dcn_error *err);

#endif
