/* measure.h: is B faster than A?  Paired, interleaved, with a stated confidence.
**
** Readings alternate A B B A; each pair gives a ratio, so drift of the machine cancels.  The median of the
** ratios has a distribution-free interval (order statistics of the sign test); measuring stops when the
** interval is narrow enough or lies on one side of 1, or when the budget ends.  A reading that is far off
** its neighbours in both (the sentinel: A against A's own first readings) marks the run as drifting, which
** is told and never hidden.  Clock and work are callbacks, so a test can drive it with a fake clock.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_MEASURE_H
#define DCN_TUNER_MEASURE_H

enum { MEASURE_MAX_PAIRS = 512 };

typedef struct MeasureWork {
    void *self;
    int (*run)(void *self, int which, int repeats); /* which: 0 A, 1 B; -1 failed */
    double (*now_ns)(void *self);
} MeasureWork;

typedef struct MeasurePlan {
    int min_pairs, max_pairs;
    double seconds;    /* budget */
    double confidence; /* 0.95 */
    double resolution; /* stop when the ratio is known to this, e.g. 0.01 */
    double hopeless;   /* stop early when surely slower than this times A, e.g. 1.1; 0: never */
    int reversed;      /* B A A B: the confirmation */
} MeasurePlan;

typedef struct Measured {
    double a_median, b_median; /* ns of one run */
    double b_low, b_high;      /* interval of b's median */
    double ratio, ratio_low,
        ratio_high; /* time of B / time of A, median of pairs and its interval */
    double drift;   /* last A median / first A median */
    int pairs, stopped_early;
    double a[MEASURE_MAX_PAIRS], b[MEASURE_MAX_PAIRS];
} Measured;

/* 0, or -1 when a run failed. */
int measure_pair(const MeasureWork *w, const MeasurePlan *plan, Measured *out);

#endif
