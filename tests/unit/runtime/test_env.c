/* test_env.c: the environment variables and their errors, to the letter.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/env.h"
#include "runtime/exec/threads.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void clear(void)
{
    unsetenv("DCNGEN_VERBOSE");
    unsetenv("DCNGEN_NUM_THREADS");
    unsetenv("DCNGEN_MAX_ISA");
    unsetenv("DCNGEN_DUMP");
    unsetenv("DCNGEN_TUNE");
    unsetenv("DCNGEN_CACHE");
    unsetenv("DCNGEN_CACHE_DIR");
    unsetenv("DCNGEN_SYSTEM_DIR");
}

TestSuite(env, .init = clear);

static void refuse(const char *name, const char *value, const char *message)
{
    rt_env env;
    dcn_error err = { 0 };
    setenv(name, value, 1);
    cr_expect_eq(rt_env_read(&env, &err), -1, "accepted: %s = '%s'", name, value);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, DCN_EUSAGE);
    unsetenv(name);
}

Test(env, nothing_set)
{
    rt_env env;
    cr_assert_eq(rt_env_read(&env, NULL), 0);
    cr_expect_eq(env.verbose, 0);
    cr_expect_eq(env.num_threads, 0);
    cr_expect_null(env.max_isa);
    cr_expect_null(env.dump);
    cr_expect_eq(env.cache, RT_CACHE_RW);
    cr_expect_eq(env.tune, RT_TUNE_CACHED);
    cr_expect_null(env.cache_dir);
    cr_expect_null(env.system_dir);
}

Test(env, the_store)
{
    rt_env env;
    setenv("DCNGEN_CACHE", "ro", 1);
    setenv("DCNGEN_TUNE", "off", 1);
    setenv("DCNGEN_CACHE_DIR", "/a", 1);
    setenv("DCNGEN_SYSTEM_DIR", "/b", 1);
    cr_assert_eq(rt_env_read(&env, NULL), 0);
    cr_expect_eq(env.cache, RT_CACHE_RO);
    cr_expect_eq(env.tune, RT_TUNE_OFF);
    cr_expect_str_eq(env.cache_dir, "/a");
    cr_expect_str_eq(env.system_dir, "/b");
    setenv("DCNGEN_CACHE", "", 1);
    cr_assert_eq(rt_env_read(&env, NULL), 0);
    cr_expect_eq(env.cache, RT_CACHE_RW);
}

Test(env, words_of_the_store)
{
    refuse("DCNGEN_CACHE", "yes", "DCNGEN_CACHE = 'yes' is not one of off, ro, rw");
    refuse("DCNGEN_CACHE", "r", "DCNGEN_CACHE = 'r' is not one of off, ro, rw");
    refuse("DCNGEN_TUNE", "ON", "DCNGEN_TUNE = 'ON' is not one of off, cached, on");
}

Test(env, empty_is_not_set)
{
    rt_env env;
    setenv("DCNGEN_VERBOSE", "", 1);
    setenv("DCNGEN_NUM_THREADS", "", 1);
    setenv("DCNGEN_MAX_ISA", "", 1);
    cr_assert_eq(rt_env_read(&env, NULL), 0);
    cr_expect_eq(env.verbose, 0);
    cr_expect_eq(env.num_threads, 0);
    cr_expect_null(env.max_isa);
}

Test(env, all_set)
{
    rt_env env;
    setenv("DCNGEN_VERBOSE", "asm,spec,asm", 1);
    setenv("DCNGEN_NUM_THREADS", "12", 1);
    setenv("DCNGEN_MAX_ISA", "avx2", 1);
    setenv("DCNGEN_DUMP", "some/where", 1);
    cr_assert_eq(rt_env_read(&env, NULL), 0);
    cr_expect_eq(env.verbose, RT_VERBOSE_ASM | RT_VERBOSE_SPEC);
    cr_expect_eq(env.num_threads, 12);
    cr_expect_str_eq(env.max_isa, "avx2");
    cr_expect_str_eq(env.dump, "some/where");
}

Test(env, each_word_has_its_bit)
{
    static const char *const words[] = { "spec", "dispatch", "ir", "opt", "asm", "time" };
    for (int i = 0; i < 6; i++) {
        rt_env env;
        setenv("DCNGEN_VERBOSE", words[i], 1);
        cr_assert_eq(rt_env_read(&env, NULL), 0);
        cr_expect_eq(env.verbose, 1u << i);
    }
}

#define TABLE                                                                                      \
    "; known are spec (the checked spec), dispatch (schedules chosen and refused), "               \
    "ir (LLVM IR as emitted), opt (LLVM IR after optimisation), asm (assembly), "                  \
    "time (time of each stage)"

Test(env, an_unknown_word_shows_the_table)
{
    refuse("DCNGEN_VERBOSE", "spec,all", "DCNGEN_VERBOSE: unknown word 'all'" TABLE);
    refuse("DCNGEN_VERBOSE", "spe", "DCNGEN_VERBOSE: unknown word 'spe'" TABLE);
    refuse("DCNGEN_VERBOSE", "spec,", "DCNGEN_VERBOSE: unknown word ''" TABLE);
    refuse("DCNGEN_VERBOSE", "spec, ir", "DCNGEN_VERBOSE: unknown word ' ir'" TABLE);
}

Test(env, threads_are_a_small_number)
{
    refuse("DCNGEN_NUM_THREADS", "0", "DCNGEN_NUM_THREADS = '0' is not a number from 1 to 1024");
    refuse("DCNGEN_NUM_THREADS", "-2", "DCNGEN_NUM_THREADS = '-2' is not a number from 1 to 1024");
    refuse("DCNGEN_NUM_THREADS", "4x", "DCNGEN_NUM_THREADS = '4x' is not a number from 1 to 1024");
    refuse("DCNGEN_NUM_THREADS", " 4", "DCNGEN_NUM_THREADS = ' 4' is not a number from 1 to 1024");
    refuse("DCNGEN_NUM_THREADS", "1025",
           "DCNGEN_NUM_THREADS = '1025' is not a number from 1 to 1024");
    refuse("DCNGEN_NUM_THREADS", "99999999999999999999",
           "DCNGEN_NUM_THREADS = '99999999999999999999' is not a number from 1 to 1024");
}

Test(env, threads_of_a_call_win)
{
    setenv("DCNGEN_NUM_THREADS", "3", 1);
    cr_expect_eq(rt_threads(0, NULL), 3);
    cr_expect_eq(rt_threads(2, NULL), 2);
    unsetenv("DCNGEN_NUM_THREADS");
    cr_expect_geq(rt_threads(0, NULL), 1);
}
