/* caches.h: how much of each data cache one core has.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TARGET_CACHES_H
#define DCN_CODEGEN_TARGET_CACHES_H

#include <stdbool.h>
#include <stdint.h>

/* bytes[level - 1]: a core's share of the data cache of that level; 0: there is none, or nobody
** says. */
enum { CACHE_LEVELS = 3 };
typedef struct CacheShares {
    int64_t bytes[CACHE_LEVELS];
} CacheShares;

/* What Linux says in the folder `root`, which is /sys/devices/system/cpu but for tests.  False: it
** says nothing of any cache, or there is no such folder. */
bool cg_caches_read(const char *root, CacheShares *out);

/* The caches of this machine: asked once; where the system says nothing, as the C library has it. */
CacheShares cg_caches(void);

#endif
