/* cores.c: the affinity mask, and CPU quotas of control groups, which a container has and no mask
** shows.
**
** /proc/self/cgroup names the group: a line "0::/path" in version 2, "4:cpu,cpuacct:/path" in
** version 1.  Each group above it may have a quota of its own.  Inside of a container the path may
** be that of the host, which cannot be seen there; then the quota is at the root of what can.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/cores.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096, LINE_SIZE = PATH_SIZE + 64 };

/* ---- quotas ---------------------------------------------------------------------------------- */

static bool read_line(const char *path, char line[LINE_SIZE])
{
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    const bool ok = fgets(line, LINE_SIZE, f) != NULL;
    fclose(f);
    return ok;
}

/* "max 100000" or "150000 100000" */
static double quota_v2(const char *group)
{
    char path[PATH_SIZE + 16], line[LINE_SIZE];
    double quota = 0, period = 0;
    snprintf(path, sizeof path, "%s/cpu.max", group);
    if (!read_line(path, line) || sscanf(line, "%lf %lf", &quota, &period) != 2)
        return 0;
    return quota > 0 && period > 0 ? quota / period : 0;
}

static double number_in(const char *group, const char *file)
{
    char path[PATH_SIZE + 32], line[LINE_SIZE];
    snprintf(path, sizeof path, "%s/%s", group, file);
    return read_line(path, line) ? strtod(line, NULL) : 0;
}

/* The quota is -1 where there is none. */
static double quota_v1(const char *group)
{
    const double quota = number_in(group, "cpu.cfs_quota_us");
    const double period = number_in(group, "cpu.cfs_period_us");
    return quota > 0 && period > 0 ? quota / period : 0;
}

/* The smallest quota from the group at mount + path up to the mount. */
static double smallest(double (*quota_of)(const char *), const char *mount, const char *path)
{
    char group[PATH_SIZE];
    double least = 0;
    if (snprintf(group, sizeof group, "%s%s", mount, path) >= (int)sizeof group)
        return 0;
    for (;;) {
        const double quota = quota_of(group);
        if (quota > 0 && (least <= 0 || quota < least))
            least = quota;
        char *slash = strrchr(group, '/');
        if (!slash || strlen(group) <= strlen(mount))
            return least;
        *slash = '\0';
    }
}

/* Whether a comma-separated list has the word. */
static bool lists(const char *list, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = list; at; at = strchr(at, ','), at += at != NULL)
        if (!strncmp(at, word, n) && (at[n] == ',' || !at[n]))
            return true;
    return false;
}

/* The quota that a line of /proc/self/cgroup, "number:controllers:path", leads to. */
static double quota_of_line(const char *root, char *line)
{
    char mount[PATH_SIZE];
    char *controllers = strchr(line, ':'),
         *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path || strlen(root) > PATH_SIZE / 2 || strlen(controllers) > PATH_SIZE / 4)
        return 0;
    *path++ = '\0';
    controllers++;
    path[strcspn(path, "\n")] = '\0';
    if (!strcmp(path, "/"))
        path = "";
    if (!*controllers) {
        snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
        return smallest(quota_v2, mount, path);
    }
    if (!lists(controllers, "cpu"))
        return 0;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/%s", root, controllers);
    const double quota = smallest(quota_v1, mount, path);
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/cpu", root);
    return quota > 0 ? quota : smallest(quota_v1, mount, path);
}

double rt_read_quota(const char *root)
{
    char path[PATH_SIZE], line[LINE_SIZE];
    double least = 0;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        const double quota = quota_of_line(root, line);
        if (quota > 0 && (least <= 0 || quota < least))
            least = quota;
    }
    if (f)
        fclose(f);
    return least;
}

/* ---- cores -------------------------------------------------------------------------------------
** */

static double process_quota;
static pthread_once_t quota_once = PTHREAD_ONCE_INIT;

static void read_process_quota(void)
{
    process_quota = rt_read_quota("");
}

double rt_cores_quota(void)
{
    pthread_once(&quota_once, read_process_quota);
    return process_quota;
}

/* As many CPUs as a mask may have are not known before it is asked for. */
int rt_cores_in_mask(void)
{
    for (int size = CPU_SETSIZE; size <= 1 << 16; size *= 2) {
        cpu_set_t *mask = CPU_ALLOC(size);
        const size_t bytes = CPU_ALLOC_SIZE(size);
        const int count = mask && !sched_getaffinity(0, bytes, mask) ? CPU_COUNT_S(bytes, mask) : 0;
        CPU_FREE(mask);
        if (count > 0)
            return count;
    }
    return 1;
}

int rt_cores(void)
{
    const int cores = rt_cores_in_mask();
    const double quota = rt_cores_quota();
    return quota > 0 && quota < cores ? (int)(quota + 0.999) : cores;
}
