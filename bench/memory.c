/* memory.c: how much memory this process has held: resident pages, as Linux counts them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* A line of /proc/self/status, in bytes */
static size_t status(const char *key)
{
    char line[256];
    size_t kilobytes = 0, n = strlen(key);
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, key, n))
            sscanf(line + n, ": %zu", &kilobytes);
    if (f)
        fclose(f);
    return kilobytes * 1024;
}

void bench_memory_start(void)
{
    mallopt(M_MMAP_THRESHOLD, 64 << 10); /* and the threshold no longer grows */
}

size_t bench_memory_mark(void)
{
    malloc_trim(0);
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        fputs("5", f);
        fclose(f);
    }
    return status("VmRSS");
}

size_t bench_memory_peak(void)
{
    return status("VmHWM");
}
