/* measure.h: is B faster than A?  Paired, interleaved, with a stated confidence.
**
** Readings alternate A B B A; each pair gives a ratio, so what slows both for a while cancels.  The
** median of the ratios has an interval that assumes nothing about the noise (stats.h).  The
** interval is looked at after min_pairs, twice, four times as many ..., and the chance of error is
** divided among these looks, so that looking often does not make noise significant.  Giving up what
** is slower needs less (measure.c).  Clock and work are callbacks, so a test can turn the clock.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_MEASURE_H
#define DCN_TUNER_MEASURE_H

#include <stdbool.h>

enum { MEASURE_MAX_PAIRS = 512 };

typedef struct MeasureWork {
    void *self;
    int (*run)(void *self, int which, int repeats); /* which: 0 A, 1 B; -1 failed */
    double (*now_ns)(void *self);
} MeasureWork;

typedef struct MeasurePlan {
    int min_pairs, max_pairs; /* 2 .. MEASURE_MAX_PAIRS; pairs come in twos */
    double seconds;           /* budget; the first two pairs are made in any case */
    double reading_ns;        /* quick work is repeated until a reading takes so long */
    double confidence;        /* 0.95 */
    double resolution;        /* stop when the ratio is known to this, e.g. 0.01 */
    /* Stop early when every ratio is beyond this, e.g. 1.15; 0: never. */
    double stop_if_slower_than;
    /* Stop when the ratio is hardly below this, e.g. 0.995; 0: never. */
    double stop_unless_below;
    bool reversed; /* B A A B, to confirm what A B B A said */
} MeasurePlan;

typedef struct Measured {
    double a_median, b_median; /* ns of one run */
    double b_low, b_high;      /* interval of b's median */
    bool b_sure;               /* it has the confidence; else least and greatest */
    double ratio;              /* time of B / time of A, median of pairs */
    double ratio_low, ratio_high;
    double drift; /* A's last readings / A's first ones; far from 1: the machine changed */
    bool sure;    /* the intervals have the confidence; else too few pairs: least and greatest */
    bool stopped_early; /* by stop_if_slower_than */
    int pairs;
    double a[MEASURE_MAX_PAIRS], b[MEASURE_MAX_PAIRS]; /* readings, in the order of measuring */
} Measured;

/* 0, or -1 when a run failed. */
int measure_pair(const MeasureWork *w, const MeasurePlan *plan, Measured *out);

#endif
