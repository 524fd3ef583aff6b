/* stats.h: medians, and how far they can be trusted.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_STATS_H
#define DCN_TUNER_STATS_H

typedef struct StatsInterval {
    double low, high;
    int sure; /* 0: too few values for the confidence asked for; then least and greatest value */
} StatsInterval;

/* Of n >= 1 values; sorts them. */
double stats_median(double *v, int n);

/* k: the interval below goes from the k-th smallest to the k-th greatest of n; 0: n is too few. */
int stats_rank(int n, double confidence);

/* Of n >= 1 values that are sorted already: an interval that holds the true median with at least this
** confidence, whatever the values' distribution. */
StatsInterval stats_interval(const double *sorted, int n, double confidence);

#endif
