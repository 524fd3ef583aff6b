/* clock.c: the clock that timings and deadlines are read from.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/clock.h"

#include <time.h>

double rt_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
