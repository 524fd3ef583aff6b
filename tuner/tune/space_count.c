/* space_count.c: how many schedules of a lowering are legal, and why the others are not.
**
** Points are numbered in the mixed radix of the knobs, the first knob turning fastest.  A walk adds the same
** step again and again: 1 meets all of them in order; a step that shares no factor with their number, near the
** golden ratio of it, meets each at most once and leaves no part of the space out, however early it stops.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/tune/space_count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double GOLDEN = 0.6180339887498949;

static int64_t even_step(int64_t points)
{
    int64_t step = (int64_t)((double)points * GOLDEN) | 1;
    for (;; step++) {
        int64_t a = points, b = step;
        while (b) {
            int64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            return step;
    }
}

/* at += step, modulo the number of points. */
static void advance(const Lowering *how, const int *step, int *at)
{
    int carry = 0;
    for (int i = 0; i < how->nknobs; i++) {
        const int base = how->knobs[i]->nchoices, sum = at[i] + step[i] + carry;
        carry = sum >= base;
        at[i] = carry ? sum - base : sum;
    }
}

/* What does not fit in the table is counted in its last line. */
static void count_point(SpaceCount *c, const char *why)
{
    if (!why) {
        c->legal++;
        return;
    }
    const size_t most = sizeof c->reason->text - 1;
    int i = 0;
    while (i < c->nreasons && strncmp(c->reason[i].text, why, most) != 0)
        i++;
    if (i == COUNT_MAX_REASONS)
        i--;
    if (i == c->nreasons)
        snprintf(c->reason[c->nreasons++].text, most + 1, "%s", why);
    c->reason[i].count++;
}

/* The commonest first; equals in the order of their text. */
static int by_count(const void *a, const void *b)
{
    const SpaceReason *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->text, y->text);
}

void tune_count_space(const Lowering *how, const dcn_spec *s, const dcn_target *t, int64_t most,
                      SpaceCount *out)
{
    int at[MAX_KNOBS] = { 0 }, step[MAX_KNOBS] = { 0 }, k[MAX_KNOBS];
    *out = (SpaceCount){ .points = 1 };
    for (int i = 0; i < how->nknobs; i++)
        out->points *= how->knobs[i]->nchoices;
    int64_t by = out->points <= most ? 1 : even_step(out->points);
    for (int i = 0; i < how->nknobs; by /= how->knobs[i++]->nchoices)
        step[i] = (int)(by % how->knobs[i]->nchoices);
    for (; out->seen < out->points && out->seen < most; out->seen++) {
        for (int i = 0; i < how->nknobs; i++)
            k[i] = how->knobs[i]->choice[at[i]];
        count_point(out, how->refuse(s, t, k));
        advance(how, step, at);
    }
    qsort(out->reason, (size_t)out->nreasons, sizeof *out->reason, by_count);
}

double tune_legal_estimate(const SpaceCount *c)
{
    return c->seen ? (double)c->legal * ((double)c->points / (double)c->seen) : 0;
}
