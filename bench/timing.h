/* timing.h: reading the clock, and what to make of many readings.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_BENCH_TIMING_H
#define DCN_BENCH_TIMING_H

double bench_now_ns(void);

/* Sorts v; n > 0. */
double bench_median(double *v, int n);

#endif
