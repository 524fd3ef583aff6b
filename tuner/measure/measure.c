/* measure.c: is B faster than A?
**
** Ways to end early that need no interval of both sides, because all they risk is to give a candidate up:
**
**     after 2 pairs   every ratio is beyond `hopeless`.  Ratios and not readings, since a machine that changes its
**                     speed from second to second changes both of a pair; and every one, so that one disturbed
**                     reading of B does not condemn it, nor one of A save it for longer than it takes to see
**     from 4 pairs    the sign test says that the median is above `worth`.  One that is below comes out like that
**                     once in 16 looks if it lies there exactly, and the seldomer the better it is
**     likewise        the median is above `worth` as it stands, and so many ratios are not below 1 that the interval
**                     would reach 1 even if all were below that there is still time for
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/measure/measure.h"
#include "runtime/base/stats.h"

#include <math.h>
#include <string.h>

/* Of both sides; 15/16 of the one that counts: all of 4 ratios, all but one of 8. */
static const double FUTILE = 0.875;

typedef struct Bout {
    const MeasureWork *w;
    const MeasurePlan *plan;
    Measured *m;
    double start;                    /* ns */
    int repeats[2];                  /* of A and of B between two readings of the clock */
    int next_look;                   /* pairs */
    double ratio[MEASURE_MAX_PAIRS]; /* ascending */
} Bout;

/* ns of one run, or -1 */
static double reading(const Bout *b, int which)
{
    double start = b->w->now_ns(b->w->self);
    if (b->w->run(b->w->self, which, b->repeats[which]))
        return -1;
    return (b->w->now_ns(b->w->self) - start) / b->repeats[which];
}

/* The first run of each pays for cold caches and pages; where that may hide that it is to be repeated, the second
** says how often. */
static int warm_up(Bout *b)
{
    enum { FAR_FROM_QUICK = 20 };
    double ns[2] = { 0, 0 };
    for (int i = 0; i < 4; i++) {
        int which = i % 2;
        if (ns[which] > FAR_FROM_QUICK * b->plan->reading_ns)
            continue;
        b->repeats[which] = 1;
        ns[which] = reading(b, which);
        if (ns[which] < 0)
            return -1;
        if (ns[which] < b->plan->reading_ns)
            b->repeats[which] = (int)(b->plan->reading_ns / fmax(ns[which], 1)) + 1;
    }
    return 0;
}

/* A B B A or B A A B: two pairs. */
static int make_block(Bout *b)
{
    Measured *m = b->m;
    for (int pair = 0; pair < 2; pair++) {
        double ns[2];
        int first = (pair + b->plan->reversed) % 2;
        ns[first] = reading(b, first);
        ns[!first] = ns[first] < 0 ? -1 : reading(b, !first);
        if (ns[!first] < 0)
            return -1;
        m->a[m->pairs] = ns[0];
        m->b[m->pairs++] = ns[1];
    }
    return 0;
}

/* ---- what is known ------------------------------------------------------------------------- */

static double each_look(const MeasurePlan *plan)
{
    int looks = 1;
    for (int at = plan->min_pairs; at < plan->max_pairs; at *= 2)
        looks++;
    return 1 - (1 - plan->confidence) / looks;
}

static void sort_ratios(Bout *b)
{
    Measured *m = b->m;
    for (int i = 0; i < m->pairs; i++)
        b->ratio[i] = m->b[i] / m->a[i];
    m->ratio = rt_median(b->ratio, m->pairs);
}

static void judge_ratio(Bout *b)
{
    Measured *m = b->m;
    rt_interval r = rt_median_interval(b->ratio, m->pairs, each_look(b->plan));
    m->ratio_low = r.low;
    m->ratio_high = r.high;
    m->sure = r.sure;
}

static int is_hopeless(const Bout *b)
{
    return b->plan->hopeless > 0 && b->ratio[0] > b->plan->hopeless;
}

static int is_futile(const Bout *b)
{
    rt_interval r = rt_median_interval(b->ratio, b->m->pairs, FUTILE);
    return b->plan->worth > 0 && r.sure && r.low > b->plan->worth;
}

/* How many pairs there will be when the time is over. */
static int pairs_in_time(const Bout *b)
{
    double used = b->w->now_ns(b->w->self) - b->start;
    double pairs = fmin(b->m->pairs * b->plan->seconds * 1e9 / fmax(used, 1), MEASURE_MAX_PAIRS);
    return (int)fmin(pairs + 2, b->plan->max_pairs);
}

static int is_lost(const Bout *b)
{
    int rank = rt_median_rank(pairs_in_time(b), each_look(b->plan)), at = b->m->pairs - rank;
    return b->plan->worth > 0 && b->m->ratio > b->plan->worth && b->m->pairs >= 4 && rank > 0 &&
           at >= 0 && b->ratio[at] >= 1;
}

static int is_settled(Bout *b)
{
    Measured *m = b->m;
    if (m->pairs < b->next_look)
        return 0;
    b->next_look *= 2;
    judge_ratio(b);
    int one_side = m->ratio_high < 1 || m->ratio_low > 1;
    return m->sure && (one_side || m->ratio_high - m->ratio_low <= b->plan->resolution);
}

static int is_over(Bout *b)
{
    const Measured *m = b->m;
    sort_ratios(b);
    if (m->pairs + 2 > b->plan->max_pairs || m->pairs + 2 > MEASURE_MAX_PAIRS)
        return 1;
    if (b->w->now_ns(b->w->self) - b->start > b->plan->seconds * 1e9)
        return 1;
    b->m->stopped_early = is_hopeless(b);
    return b->m->stopped_early || is_futile(b) || is_lost(b) || is_settled(b);
}

static double part_median(const double *v, int n)
{
    double copy[MEASURE_MAX_PAIRS];
    memcpy(copy, v, (size_t)n * sizeof *v);
    return rt_median(copy, n);
}

static void summarise(Bout *b)
{
    Measured *m = b->m;
    double sorted[MEASURE_MAX_PAIRS];
    int n = m->pairs, quarter = (n + 3) / 4;
    judge_ratio(b);
    m->a_median = part_median(m->a, n);
    memcpy(sorted, m->b, (size_t)n * sizeof *sorted);
    m->b_median = rt_median(sorted, n);
    rt_interval i = rt_median_interval(sorted, n, b->plan->confidence);
    m->b_low = i.low;
    m->b_high = i.high;
    m->drift = part_median(m->a + n - quarter, quarter) / part_median(m->a, quarter);
}

int measure_pair(const MeasureWork *w, const MeasurePlan *plan, Measured *out)
{
    Bout b = { .w = w, .plan = plan, .m = out, .next_look = plan->min_pairs };
    *out = (Measured){ 0 };
    if (warm_up(&b))
        return -1;
    b.start = w->now_ns(w->self);
    do {
        if (make_block(&b))
            return -1;
    } while (!is_over(&b));
    summarise(&b);
    return 0;
}
