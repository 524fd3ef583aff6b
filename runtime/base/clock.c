/* clock.c: the clock that timings and deadlines are read from.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/clock.h"

#include <time.h>

static double read_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double rt_now_ns(void)
{
    return read_ns(CLOCK_MONOTONIC_RAW);
}

double rt_thread_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}
