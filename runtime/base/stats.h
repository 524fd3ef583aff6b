/* stats.h: medians, and how far they can be trusted.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_STATS_H
#define DCN_RUNTIME_STATS_H

#include <stdbool.h>

typedef struct rt_interval {
    double low, high;
    /* false: too few values for the confidence asked for; then least and greatest value */
    bool sure;
} rt_interval;

/* Ascending. */
void rt_sort(double *v, int n);

/* The median of n >= 1 values; sorts them. */
double rt_median(double *v, int n);

/* k: the interval below goes from the k-th smallest to the k-th greatest of n; 0: n is too few. */
int rt_median_rank(int n, double confidence);

/* An interval that holds the true median with at least this confidence, whatever the distribution
** of the n >= 1 values, which are sorted already. */
rt_interval rt_median_interval(const double *sorted, int n, double confidence);

#endif
