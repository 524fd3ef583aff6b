/* test_caches.c: a core's share of the caches, from trees of files as Linux has them, and as it
** never would. SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/caches.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char root[64];

static void open_tree(void)
{
    snprintf(root, sizeof root, "/tmp/dcngen-caches-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
}

static void close_tree(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    cr_assert_eq(system(command), 0);
}

TestSuite(caches, .init = open_tree, .fini = close_tree);

static void folder(const char *fmt, ...)
{
    char path[512];
    int n = snprintf(path, sizeof path, "%s/", root);
    va_list args;
    va_start(args, fmt);
    vsnprintf(path + n, sizeof path - (size_t)n, fmt, args);
    va_end(args);
    mkdir(path, 0777);
}

static void file(int cpu, int index, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/cpu%d/cache/index%d/%s", root, cpu, index, name);
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f, "%s", path);
    fputs(text, f);
    fclose(f);
}

typedef struct Cache {
    const char *level, *type, *size, *cpus;
} Cache;

static void cache(int cpu, int index, Cache c)
{
    const struct {
        const char *name, *text;
    } files[] = {
        { "level", c.level }, { "type", c.type }, { "size", c.size }, { "shared_cpu_list", c.cpus }
    };
    folder("cpu%d", cpu);
    folder("cpu%d/cache", cpu);
    folder("cpu%d/cache/index%d", cpu, index);
    for (int i = 0; i < 4; i++)
        if (files[i].text)
            file(cpu, index, files[i].name, files[i].text);
}

/* A CPU as they usually are: L1 for data and code, L2, L3 (NULL: none); who shares L1 and L2, and
** who L3. */
static void core(int cpu, const char *l1, const char *l2, const char *l3, const char *mine,
                 const char *all)
{
    cache(cpu, 0, (Cache){ "1\n", "Data\n", l1, mine });
    cache(cpu, 1, (Cache){ "1\n", "Instruction\n", "64K\n", mine });
    cache(cpu, 2, (Cache){ "2\n", "Unified\n", l2, mine });
    if (l3)
        cache(cpu, 3, (Cache){ "3\n", "Unified\n", l3, all });
}

static void expect(int64_t l1_kb, int64_t l2_kb, int64_t l3_kb)
{
    CacheShares s;
    cr_expect_eq(cg_caches_read(root, &s), l1_kb || l2_kb || l3_kb);
    cr_expect_eq(s.bytes[0], l1_kb * 1024, "L1 is %lld", (long long)s.bytes[0]);
    cr_expect_eq(s.bytes[1], l2_kb * 1024, "L2 is %lld", (long long)s.bytes[1]);
    cr_expect_eq(s.bytes[2], l3_kb * 1024, "L3 is %lld", (long long)s.bytes[2]);
}

/* ---- machines ----------------------------------------------------------------------------------
** */

Test(caches, of_a_core_alone)
{
    core(0, "32K\n", "1024K\n", "32768K\n", "0\n", "0\n");
    expect(32, 1024, 32768);
}

Test(caches, l3_is_shared_by_32_cpus)
{
    char mine[16];
    for (int i = 0; i < 32; i++) {
        snprintf(mine, sizeof mine, "%d\n", i);
        core(i, "48K\n", "2048K\n", "61440K\n", mine, "0-15,32-47\n");
    }
    expect(48, 2048, 1920);
}

Test(caches, threads_of_a_core_count_as_one)
{
    for (int i = 0; i < 16; i++) {
        char mine[16];
        snprintf(mine, sizeof mine, "%d,%d\n", i % 8, i % 8 + 8);
        core(i, "32K\n", "512K\n", "32768K\n", mine, "0-15\n");
    }
    expect(32, 512, 4096);
}

/* The fast cores do most of the work, whichever number they have. */
Test(caches, of_a_hybrid_cpu_are_those_of_its_fast_cores)
{
    for (int i = 0; i < 4; i++) {
        char mine[16];
        snprintf(mine, sizeof mine, "%d\n", i);
        cache(i, 0, (Cache){ "1\n", "Data\n", "32K\n", mine });
        cache(i, 2, (Cache){ "2\n", "Unified\n", "2048K\n", "0-3\n" });
        cache(i, 3, (Cache){ "3\n", "Unified\n", "12288K\n", "0-7\n" });
    }
    core(4, "48K\n", "1280K\n", "12288K\n", "4-5\n", "0-7\n");
    core(5, "48K\n", "1280K\n", "12288K\n", "4-5\n", "0-7\n");
    core(6, "48K\n", "1280K\n", "12288K\n", "6-7\n", "0-7\n");
    core(7, "48K\n", "1280K\n", "12288K\n", "6-7\n", "0-7\n");
    expect(48, 1280, 3072);
}

Test(caches, of_equal_cores_are_those_of_the_first)
{
    core(10, "32K\n", "512K\n", "8192K\n", "10\n", "10\n");
    core(2, "32K\n", "512K\n", "8192K\n", "2\n", "2-3\n");
    core(3, "32K\n", "512K\n", "8192K\n", "3\n", "2-3\n");
    expect(32, 512, 4096);
}

Test(caches, without_l3)
{
    core(0, "64K\n", "8M\n", NULL, "0\n", NULL);
    expect(64, 8192, 0);
}

/* A CPU that is switched off has a folder, but no caches. */
Test(caches, of_cpus_that_are_off)
{
    folder("cpu0");
    core(1, "32K\n", "512K\n", "4096K\n", "1\n", "1\n");
    expect(32, 512, 4096);
}

/* ---- little, and nonsense
** -------------------------------------------------------------------------- */

Test(caches, of_a_hypervisor_that_says_nothing)
{
    expect(0, 0, 0);
    folder("cpu0");
    folder("cpu0/topology");
    folder("cpufreq");
    folder("cpuidle");
    expect(0, 0, 0);
    folder("cpu0/cache");
    folder("cpu0/cache/index0");
    expect(0, 0, 0);
}

Test(caches, without_a_folder)
{
    CacheShares s = { .bytes = { 1, 2, 3 } };
    cr_expect_not(cg_caches_read("/no/such/folder", &s));
    cr_expect_eq(s.bytes[0] + s.bytes[1] + s.bytes[2], 0);
    cr_expect_not(cg_caches_read("", &s));
    cr_expect_not(cg_caches_read("/dev/null", &s));
}

Test(caches, of_which_a_file_is_missing_are_unknown)
{
    cache(0, 0, (Cache){ "1\n", "Data\n", "32K\n", "0\n" });
    cache(0, 2, (Cache){ "2\n", "Unified\n", NULL, "0\n" });
    cache(0, 3, (Cache){ "3\n", "Unified\n", "8192K\n", NULL });
    expect(32, 0, 0);
    cache(0, 4, (Cache){ NULL, "Unified\n", "512K\n", "0\n" });
    cache(0, 5, (Cache){ "2\n", NULL, "512K\n", "0\n" });
    expect(32, 0, 0);
    cache(0, 7, (Cache){ "2", "Unified", "512K", "0" });
    expect(32, 512, 0);
}

Test(caches, of_other_kinds_do_not_count)
{
    core(0, "32K\n", "512K\n", "4096K\n", "0\n", "0\n");
    cache(0, 4, (Cache){ "4\n", "Unified\n", "131072K\n", "0\n" });
    cache(0, 5, (Cache){ "2\n", "Instruction\n", "1K\n", "0\n" });
    cache(0, 6, (Cache){ "0\n", "Data\n", "1K\n", "0\n" });
    cache(0, 99, (Cache){ "1\n", "Data\n", "1K\n", "0\n" });
    expect(32, 512, 4096);
}

Test(caches, are_not_what_nonsense_says)
{
    static const char *const sizes[] = {
        "",
        "\n",
        "K\n",
        "0K\n",
        "-1K\n",
        "32\n",
        "32KB\n",
        "32k\n",
        "1e9K\n",
        "0x20K\n",
        " 32K",
        "Unknown",
        "99999999999999999999K\n",
        "4294967295K\n",
        "\x01\xff\n",
    };
    static const char *const lists[] = {
        "",      "\n",      ",\n",        "-\n", "0-\n",        "-3\n",
        "3-0\n", "0,,1\n",  "0-1,\n",     "a\n", "0-9999999\n", "0-999999999999\n",
        "0 1\n", "0-1-2\n", "\xff\xfe\n",
    };
    core(0, "32K\n", "512K\n", "4096K\n", "0\n", "0\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        file(0, 3, "size", sizes[i]);
        expect(32, 512, 0);
    }
    file(0, 3, "size", "4096K\n");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        file(0, 3, "shared_cpu_list", lists[i]);
        expect(32, 512, 0);
    }
    file(0, 3, "shared_cpu_list", "0\n");
    file(0, 3, "level", "33\n");
    expect(32, 512, 0);
    file(0, 3, "level", "9\n");
    expect(32, 512, 0);
}

Test(caches, of_folders_in_place_of_files)
{
    core(0, "32K\n", "512K\n", NULL, "0\n", NULL);
    folder("cpu0/cache/index3");
    folder("cpu0/cache/index3/level");
    folder("cpu99999999999999999999");
    folder("cpu");
    folder("cpu-1");
    folder("cpu1x");
    expect(32, 512, 0);
}

/* A line that does not end is not half believed. */
Test(caches, whose_lists_are_endless)
{
    static char list[20000] = "0";
    for (int i = 0; i < 9000; i++)
        strcpy(list + 1 + 2 * i, ",1");
    core(0, "32K\n", "512K\n", "4096K\n", "0\n", list);
    expect(32, 512, 0);
}

/* A list that leaves out its own CPU, and fewer CPUs at L2 than at L1. */
Test(caches, whose_lists_contradict_each_other)
{
    cache(0, 0, (Cache){ "1\n", "Data\n", "32K\n", "0-7\n" });
    cache(0, 2, (Cache){ "2\n", "Unified\n", "512K\n", "9\n" });
    cache(0, 3, (Cache){ "3\n", "Unified\n", "4096K\n", "0-15\n" });
    expect(32, 512, 2048);
}

Test(this_machine, says_the_same_twice)
{
    const CacheShares a = cg_caches(), b = cg_caches();
    cr_expect_eq(memcmp(&a, &b, sizeof a), 0);
    for (int i = 0; i < CACHE_LEVELS; i++)
        cr_expect_geq(a.bytes[i], 0);
}
