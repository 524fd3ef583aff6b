/* check_region.c: a region against its bound, its parts, and masks of as many pixels anywhere.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/random.h"
#include "tuner/support/check.h"
#include "tuner/support/internal.h"

#include <stdlib.h>
#include <string.h>

enum { TRIALS = 10 };

/* Whether a mask that is one part short of the whole breaks the bound; a part that is not there does. */
static int try_without(Support *s, const SupportRegion *r, const unsigned char *mask, int part,
                       unsigned char *to, double *error, dcn_error *err)
{
    bool some = false;
    *error = 1;
    for (int64_t i = 0; i < r->h * r->w; i++) {
        some = some || (mask[i] && r->part[i] == part);
        to[i] = mask[i] && r->part[i] != part;
    }
    return some ? support_mask_error(s, to, error, err) : 0;
}

static int64_t count(const SupportRegion *r, const unsigned char *mask)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->h * r->w; i++)
        n += mask[i] != 0;
    return n;
}

static int try_elsewhere(Support *s, const SupportRegion *r, int64_t area, rt_rng *rng,
                         unsigned char *to, double *error, dcn_error *err)
{
    memset(to, 0, (size_t)r->h * (size_t)r->w);
    while (area > 0) {
        unsigned char *at = to + rt_rng_next(rng) % (uint64_t)(r->h * r->w);
        area -= !*at;
        *at = 1;
    }
    return support_mask_error(s, to, error, err);
}

int support_check_region(Support *s, const SupportRegionAsk *ask, const SupportRegion *r,
                         const unsigned char *mask, SupportRegionCheck *c, dcn_error *err)
{
    unsigned char *to = malloc((size_t)(r->h * r->w) + 1);
    rt_rng rng = rt_rng_seed(ask->seed);
    double error;
    *c = (SupportRegionCheck){ .minimal = r->minimal };
    int failed = to ? support_mask_error(s, mask, &c->error, err) : support_no_memory(err);
    c->within = !failed && c->error < ask->epsilon;
    for (int part = 0; part < r->parts && r->minimal && !failed; part++) {
        failed = try_without(s, r, mask, part, to, &error, err);
        c->minimal = c->minimal && !(error < ask->epsilon);
    }
    for (; c->trials < TRIALS && !failed; c->trials++) {
        failed = try_elsewhere(s, r, count(r, mask), &rng, to, &error, err);
        c->failed += !failed && !(error < ask->epsilon);
    }
    free(to);
    return failed;
}
