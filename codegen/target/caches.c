/* caches.c: how much of each data cache one core has, as Linux says.
**
**     ROOT/cpuI/cache/indexJ/{level,type,size,shared_cpu_list}
**
** A cache that several cores share counts for each with its part of it:
**
**     share = size · threads of a core / CPUs that share it
**
** where the CPUs that share an L1 data cache are the threads of a core, so a core's own caches
** count in full for it, however many threads it runs.  Where cores differ, all shares are those of
** one core: the one with the largest share of L2, then of L1, because the fast cores do most of the
** work; the table has them of such CPUs, too.  It does not depend on the core that asks, nor on
** where this process may run, because results are stored under these numbers.  sysconf is asked
** last: glibc's L3 is that of all cores, on a virtual machine ten times what is there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/caches.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_INDEX = 16, MAX_CPU = 1 << 20, MAX_DIGITS = 9, LINE = 4096 };

/* ---- files --------------------------------------------------------------------------------- */

/* The file's first line without its end.  False: it cannot be read, or the line is too long. */
static bool read_line(const char *root, int cpu, int index, const char *name, char line[LINE])
{
    char path[LINE];
    const int n = snprintf(path, sizeof path, "%s/cpu%d/cache/index%d/%s", root, cpu, index, name);
    FILE *f = n < (int)sizeof path ? fopen(path, "re") : NULL;
    const bool read = f && fgets(line, LINE, f);
    if (f)
        fclose(f);
    const size_t length = read ? strcspn(line, "\n") : 0;
    if (!read || length == LINE - 1)
        return false;
    line[length] = '\0';
    return true;
}

/* The number at *at, which moves behind it; -1: there is none, or one of too many digits. */
static int64_t number(const char **at)
{
    const size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > MAX_DIGITS)
        return -1;
    char *end;
    const int64_t n = strtoll(*at, &end, 10);
    *at = end;
    return n;
}

/* "32K", "1M": bytes; 0: it is nothing of the kind. */
static int64_t parse_size(const char *text)
{
    const int64_t n = number(&text);
    const int64_t unit = *text == 'K' ? 1024 : *text == 'M' ? 1024 * 1024 : 0;
    return n > 0 && unit && text[1] == '\0' ? n * unit : 0;
}

/* "0-3,8": how many CPUs; 0: it is nothing of the kind. */
static int64_t parse_cpus(const char *text)
{
    int64_t cpus = 0;
    for (;;) {
        const int64_t first = number(&text);
        const int64_t last = *text == '-' ? (text++, number(&text)) : first;
        if (first < 0 || last < first || last >= MAX_CPU)
            return 0;
        cpus += last - first + 1;
        if (*text == '\0')
            return cpus;
        if (*text++ != ',')
            return 0;
    }
}

/* ---- one core -------------------------------------------------------------------------------- */

/* A core's share of each level of caches. */
typedef struct Core {
    int64_t size[CACHE_LEVELS], cpus[CACHE_LEVELS];
} Core;

/* A cache of which a file is missing or says nothing sensible is left out. */
static void read_cache(const char *root, int cpu, int index, Core *core)
{
    char line[LINE];
    if (!read_line(root, cpu, index, "level", line) || line[0] < '1' || line[0] > '3' || line[1])
        return;
    const int level = line[0] - '1';
    if (!read_line(root, cpu, index, "type", line) ||
        (strcmp(line, "Data") != 0 && strcmp(line, "Unified") != 0))
        return;
    const int64_t size = read_line(root, cpu, index, "size", line) ? parse_size(line) : 0;
    const int64_t cpus =
        read_line(root, cpu, index, "shared_cpu_list", line) ? parse_cpus(line) : 0;
    if (size > 0 && cpus > 0) {
        core->size[level] = size;
        core->cpus[level] = cpus;
    }
}

static CacheShares read_core(const char *root, int cpu)
{
    Core core = { .size = { 0 } };
    CacheShares s = { .bytes = { 0 } };
    for (int i = 0; i < MAX_INDEX; i++)
        read_cache(root, cpu, i, &core);
    const int64_t threads = core.cpus[0] > 0 ? core.cpus[0] : 1;
    for (int i = 0; i < CACHE_LEVELS; i++)
        if (core.size[i] > 0)
            s.bytes[i] =
                core.cpus[i] <= threads ? core.size[i] : core.size[i] * threads / core.cpus[i];
    return s;
}

/* ---- all cores --------------------------------------------------------------------------------
** */

/* The number of a folder cpu0, cpu1, ...; -1: it is another one. */
static int cpu_of(const char *name)
{
    if (strncmp(name, "cpu", 3) != 0)
        return -1;
    const char *at = name + 3;
    const int64_t n = number(&at);
    return *at == '\0' && n < MAX_CPU ? (int)n : -1;
}

/* Whether core a, of CPU na, comes before core b. */
static bool is_before(const CacheShares *a, int na, const CacheShares *b, int nb)
{
    if (a->bytes[1] != b->bytes[1])
        return a->bytes[1] > b->bytes[1];
    if (a->bytes[0] != b->bytes[0])
        return a->bytes[0] > b->bytes[0];
    return na < nb;
}

bool cg_caches_read(const char *root, CacheShares *out)
{
    int best = -1;
    *out = (CacheShares){ .bytes = { 0 } };
    DIR *folder = opendir(root);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        const int cpu = cpu_of(d->d_name);
        if (cpu < 0)
            continue;
        const CacheShares core = read_core(root, cpu);
        if (best < 0 || is_before(&core, cpu, out, best)) {
            *out = core;
            best = cpu;
        }
    }
    if (folder)
        closedir(folder);
    return out->bytes[0] || out->bytes[1] || out->bytes[2];
}

/* ---- this machine ------------------------------------------------------------------------------
** */

static CacheShares here;

/* L3 is left unknown where only the C library speaks: nobody says how many cores share it. */
static void ask_c_library(void)
{
    const long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
    here.bytes[0] = l1 > 0 ? l1 : 0;
    here.bytes[1] = l2 > 0 ? l2 : 0;
}

static void ask(void)
{
    if (!cg_caches_read("/sys/devices/system/cpu", &here))
        ask_c_library();
}

CacheShares cg_caches(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ask);
    return here;
}
