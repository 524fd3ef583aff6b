/* measure.c: is B faster than A?
**
** B may be given up early on a one-sided test, because all that is at risk is a candidate:
**
**     from 2 pairs    every ratio is beyond stop_if_slower_than.  Ratios are compared and not
**                     readings, since a machine that changes its speed from second to second
**                     changes both of a pair; every one of them, so that one disturbed reading of B
**                     does not condemn it, nor one of A save it for long
**     from 4 pairs    the sign test says that the median is above stop_unless_below.  A median that
**                     lies there exactly is given up once in 16 looks, a better one less often
**     from 4 pairs    the median so far is above stop_unless_below, and so many ratios are 1 or
**                     more that the interval would reach 1 even if all the pairs that time is left
**                     for were below
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/measure/measure.h"
#include "runtime/base/stats.h"

#include <math.h>
#include <string.h>

/* Confidence of a two-sided interval, so 15/16 on the side that counts: all of 4 ratios, all but
** one of 8. */
static const double FUTILE = 0.875;

typedef struct MeasureRun {
    const MeasureWork *w;
    const MeasurePlan *plan;
    Measured *m;
    double start;                    /* ns */
    int repeats[2];                  /* runs of A and of B between two readings of the clock */
    int next_look;                   /* pairs */
    double ratio[MEASURE_MAX_PAIRS]; /* ascending */
} MeasureRun;

/* ns of one run, or -1 */
static double reading(const MeasureRun *c, int which)
{
    double start = c->w->now_ns(c->w->self);
    if (c->w->run(c->w->self, which, c->repeats[which]))
        return -1;
    return (c->w->now_ns(c->w->self) - start) / c->repeats[which];
}

/* Each side runs once for its cold caches and pages, and again to see how often to repeat it,
** unless even the cold run says that no repeating is needed. */
static int warm_up(MeasureRun *c)
{
    enum { FAR_FROM_QUICK = 20 };
    double ns[2] = { 0, 0 };
    for (int i = 0; i < 4; i++) {
        int which = i % 2;
        if (ns[which] > FAR_FROM_QUICK * c->plan->reading_ns)
            continue;
        c->repeats[which] = 1;
        ns[which] = reading(c, which);
        if (ns[which] < 0)
            return -1;
        if (ns[which] < c->plan->reading_ns)
            c->repeats[which] = (int)(c->plan->reading_ns / fmax(ns[which], 1)) + 1;
    }
    return 0;
}

/* A B B A or B A A B: two pairs. */
static int make_block(MeasureRun *c)
{
    Measured *m = c->m;
    for (int pair = 0; pair < 2; pair++) {
        double ns[2];
        int first = (pair + c->plan->reversed) % 2;
        ns[first] = reading(c, first);
        ns[!first] = ns[first] < 0 ? -1 : reading(c, !first);
        if (ns[!first] < 0)
            return -1;
        m->a[m->pairs] = ns[0];
        m->b[m->pairs++] = ns[1];
    }
    return 0;
}

/* ---- when to stop -------------------------------------------------------------------------- */

static double confidence_of_a_look(const MeasurePlan *plan)
{
    int looks = 1;
    for (int at = plan->min_pairs; at < plan->max_pairs; at *= 2)
        looks++;
    return 1 - (1 - plan->confidence) / looks;
}

static void sort_ratios(MeasureRun *c)
{
    Measured *m = c->m;
    for (int i = 0; i < m->pairs; i++)
        c->ratio[i] = m->b[i] / m->a[i];
    m->ratio = rt_median(c->ratio, m->pairs);
}

static void judge_ratio(MeasureRun *c)
{
    Measured *m = c->m;
    rt_interval r = rt_median_interval(c->ratio, m->pairs, confidence_of_a_look(c->plan));
    m->ratio_low = r.low;
    m->ratio_high = r.high;
    m->sure = r.sure;
}

static bool is_too_slow(const MeasureRun *c)
{
    return c->plan->stop_if_slower_than > 0 && c->ratio[0] > c->plan->stop_if_slower_than;
}

static bool is_futile(const MeasureRun *c)
{
    rt_interval r = rt_median_interval(c->ratio, c->m->pairs, FUTILE);
    return c->plan->stop_unless_below > 0 && r.sure && r.low > c->plan->stop_unless_below;
}

/* How many pairs there will be when the time is over. */
static int pairs_in_time(const MeasureRun *c)
{
    double used = c->w->now_ns(c->w->self) - c->start;
    double pairs = fmin(c->m->pairs * c->plan->seconds * 1e9 / fmax(used, 1), MEASURE_MAX_PAIRS);
    return (int)fmin(pairs + 2, c->plan->max_pairs);
}

static bool is_lost(const MeasureRun *c)
{
    int rank = rt_median_rank(pairs_in_time(c), confidence_of_a_look(c->plan)),
        at = c->m->pairs - rank;
    return c->plan->stop_unless_below > 0 && c->m->ratio > c->plan->stop_unless_below &&
           c->m->pairs >= 4 && rank > 0 && at >= 0 && c->ratio[at] >= 1;
}

static bool is_settled(MeasureRun *c)
{
    Measured *m = c->m;
    if (m->pairs < c->next_look)
        return false;
    c->next_look *= 2;
    judge_ratio(c);
    const bool one_side = m->ratio_high < 1 || m->ratio_low > 1;
    return m->sure && (one_side || m->ratio_high - m->ratio_low <= c->plan->resolution);
}

static bool is_over(MeasureRun *c)
{
    const Measured *m = c->m;
    sort_ratios(c);
    if (m->pairs + 2 > c->plan->max_pairs || m->pairs + 2 > MEASURE_MAX_PAIRS)
        return true;
    if (c->w->now_ns(c->w->self) - c->start > c->plan->seconds * 1e9)
        return true;
    c->m->stopped_early = is_too_slow(c);
    return c->m->stopped_early || is_futile(c) || is_lost(c) || is_settled(c);
}

static double part_median(const double *v, int n)
{
    double copy[MEASURE_MAX_PAIRS];
    memcpy(copy, v, (size_t)n * sizeof *v);
    return rt_median(copy, n);
}

static void summarise(MeasureRun *c)
{
    Measured *m = c->m;
    double sorted[MEASURE_MAX_PAIRS];
    int n = m->pairs, quarter = (n + 3) / 4;
    judge_ratio(c);
    m->a_median = part_median(m->a, n);
    memcpy(sorted, m->b, (size_t)n * sizeof *sorted);
    m->b_median = rt_median(sorted, n);
    rt_interval i = rt_median_interval(sorted, n, c->plan->confidence);
    m->b_low = i.low;
    m->b_high = i.high;
    m->b_sure = i.sure;
    m->drift = part_median(m->a + n - quarter, quarter) / part_median(m->a, quarter);
}

int measure_pair(const MeasureWork *w, const MeasurePlan *plan, Measured *out)
{
    MeasureRun c = { .w = w, .plan = plan, .m = out, .next_look = plan->min_pairs };
    *out = (Measured){ 0 };
    if (warm_up(&c))
        return -1;
    c.start = w->now_ns(w->self);
    do {
        if (make_block(&c))
            return -1;
    } while (!is_over(&c));
    summarise(&c);
    return 0;
}
