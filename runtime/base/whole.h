/* whole.h: arithmetic of whole numbers.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_WHOLE_H
#define DCN_RUNTIME_WHOLE_H

#include <stddef.h>
#include <stdint.h>

/* n / by, rounded up; by > 0. */
static inline size_t rt_ceil_div(size_t n, size_t by)
{
    return (n + by - 1) / by;
}

/* The least multiple of `to` that is >= n; to > 0. */
static inline size_t rt_round_up(size_t n, size_t to)
{
    return rt_ceil_div(n, to) * to;
}

static inline int64_t rt_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
