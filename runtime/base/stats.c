/* stats.c: medians, and how far they can be trusted.
**
** Each of n independent values lies below the true median with chance 1/2.  So the interval from
** the k-th smallest to the k-th greatest misses it with chance 2 P(Binomial(n, 1/2) < k), and
** nothing is assumed about the shape of the noise.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/stats.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void rt_sort(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, ascending);
}

double rt_median(double *v, int n)
{
    rt_sort(v, n);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

int rt_median_rank(int n, double confidence)
{
    double chance = exp2(-n), below = 0; /* that k, and that fewer than k, values lie below */
    int k = 0;
    while (2 * (k + 1) <= n + 1 && 2 * (below + chance) <= 1 - confidence) {
        below += chance;
        k++;
        chance *= (double)(n - k + 1) / k;
    }
    return k;
}

rt_interval rt_median_interval(const double *sorted, int n, double confidence)
{
    int k = rt_median_rank(n, confidence);
    if (k == 0)
        return (rt_interval){ sorted[0], sorted[n - 1], false };
    return (rt_interval){ sorted[k - 1], sorted[n - k], true };
}
