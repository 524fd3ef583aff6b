/* steps.c: see steps.h.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/steps.h"

#include <float.h>
#include <math.h>

/* ROUNDINGS is of a response whose channels are sums of some thousand products, and of twice as much to be safe; STEPS
** reach to where rounding is all that is left. */
enum { ROUNDINGS = 4, STEPS = 4 };

/* Where rounding is more than half of `enough`, a difference may be nothing else. */
static bool is_clear(const SupportSteps *s, double span)
{
    return 2 * s->rounding / span <= s->enough / 2 * (1 + 1e-6);
}

int support_try_steps(const SupportSteps *s, double gradient, double *difference, bool *hidden,
                      dcn_error *err)
{
    double h = fmin(s->longest, fmax(s->usual, 2 * s->rounding / s->enough));
    bool doubtful = h > s->usual, explained = false;
    *difference = HUGE_VAL;
    for (int k = 0; k<STEPS && * difference> s->enough; k++, h /= 10) {
        double slope, span;
        if (s->quotient(s->self, h, &slope, &span, err))
            return -1;
        const double off = fabs(slope - gradient);
        doubtful = doubtful || (k == 0 && !is_clear(s, span));
        explained = explained || off - 2 * s->rounding / span <= s->enough;
        *difference = fmin(*difference, off);
    }
    *hidden = *difference > s->enough && doubtful && explained;
    return 0;
}

int support_rounding(Support *s, double *rounding, dcn_error *err)
{
    const double *f;
    if (support_forward(s, &f, err))
        return -1;
    double size = fabs(support_respond_with(s, f, NULL));
    if (s->ask->response == SUPPORT_SUM) { /* it may be little of what it is the sum of */
        size = 0;
        for (int64_t c = 0; c < support_node_shape(s).c; c++)
            size += fabs(f[c]);
    }
    *rounding = ROUNDINGS * DBL_EPSILON * size;
    return 0;
}
