/* test_cores.c: CPU quotas as the files of control groups say them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/cores.h"
#include "runtime/exec/threads.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char root[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void begin(void)
{
    strcpy(root, "/tmp/dcngen-cores-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
}

static void end(void)
{
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(cores, .init = begin, .fini = end);

/* A file below the root, with its folders. */
static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(full, 0700);
    }
    FILE *f = fopen(full, "w");
    cr_assert_not_null(f, "%s", full);
    fputs(text, f);
    fclose(f);
}

Test(cores, there_is_at_least_one)
{
    cr_expect_geq(rt_cores_in_mask(), 1);
    cr_expect_geq(rt_cores(), 1);
    cr_expect_leq(rt_cores(), rt_cores_in_mask());
}

Test(cores, no_files_are_no_quota)
{
    cr_expect_eq(rt_read_quota(root), 0);
    put("proc/self/cgroup", "0::/\n");
    cr_expect_eq(rt_read_quota(root), 0);
}

Test(cores, version_2)
{
    put("proc/self/cgroup", "0::/slice/service\n");
    put("sys/fs/cgroup/slice/service/cpu.max", "max 100000\n");
    cr_expect_eq(rt_read_quota(root), 0);
    put("sys/fs/cgroup/slice/service/cpu.max", "250000 100000\n");
    cr_expect_eq(rt_read_quota(root), 2.5);
}

Test(cores, the_smallest_quota_above_counts)
{
    put("proc/self/cgroup", "0::/slice/service\n");
    put("sys/fs/cgroup/slice/service/cpu.max", "400000 100000\n");
    put("sys/fs/cgroup/slice/cpu.max", "150000 100000\n");
    cr_expect_eq(rt_read_quota(root), 1.5);
    put("sys/fs/cgroup/cpu.max", "100000 100000\n");
    cr_expect_eq(rt_read_quota(root), 1);
}

Test(cores, a_group_that_cannot_be_seen_is_that_of_the_host)
{
    put("proc/self/cgroup", "0::/../../docker/abc\n");
    put("sys/fs/cgroup/cpu.max", "50000 100000\n");
    cr_expect_eq(rt_read_quota(root), 0.5);
}

Test(cores, version_1)
{
    put("proc/self/cgroup", "11:memory:/a\n4:cpu,cpuacct:/docker/abc\n0::/\n");
    put("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(rt_read_quota(root), 0);
    put("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "300000\n");
    cr_expect_eq(rt_read_quota(root), 3);
}

Test(cores, version_1_mounted_as_cpu)
{
    put("proc/self/cgroup", "4:cpuacct,cpu:/abc\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(rt_read_quota(root), 2, "from the root of what can be seen");
}

Test(cores, nonsense_is_no_quota)
{
    static const char *const lines[] = { "", "0:", "::", "a:b", "0::", "4:cpuset:/x", "\n\n" };
    put("sys/fs/cgroup/cpu.max", "a b\n");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        put("proc/self/cgroup", lines[i]);
        cr_expect_eq(rt_read_quota(root), 0, "%s", lines[i]);
    }
}

/* ---- who says how many -------------------------------------------------------------------------
** */

static void expect_threads(int want, const char *why)
{
    char text[128];
    cr_expect_eq(rt_threads(0, NULL), want);
    cr_expect_eq(rt_threads_print(text, sizeof text, NULL), want);
    cr_expect_not_null(strstr(text, why), "%s: no \"%s\"", text, why);
}

Test(threads, ours_then_openmp_s_then_the_cores)
{
    unsetenv("DCNGEN_NUM_THREADS");
    setenv("OMP_NUM_THREADS", "3,2", 1);
    expect_threads(3, "OMP_NUM_THREADS");
    setenv("DCNGEN_NUM_THREADS", "5", 1);
    expect_threads(5, "DCNGEN_NUM_THREADS");
    unsetenv("DCNGEN_NUM_THREADS");
    setenv("OMP_NUM_THREADS", "many", 1);
    expect_threads(rt_cores(), "cores");
    setenv("OMP_NUM_THREADS", "-2", 1);
    expect_threads(rt_cores(), "cores");
    setenv("OMP_NUM_THREADS", "100000", 1);
    cr_expect_eq(rt_threads(0, NULL), 1024);
}
