/* test_key.c: what makes two tuning results the same, and what does not.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dcn_target native(void)
{
    dcn_target t;
    dcn_error err = { .text = "" };
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    return t;
}

static TuneKey key_of(const dcn_spec *s, const dcn_target *t, int threads)
{
    TuneKey key;
    dcn_error err = { .text = "" };
    cr_assert_eq(tune_key(s, t, threads, &key, &err), 0, "%s", err.text);
    return key;
}

static void expect_same(const TuneKey *a, const TuneKey *b, bool same, const char *what)
{
    cr_expect_eq(strcmp(a->id, b->id) == 0, same, "%s", what);
}

Test(key, name_target_and_schedule_of_the_spec_do_not_count)
{
    dcn_target t = native();
    dcn_spec a = temp_spec("a"), b = temp_spec("other");
    strcpy(b.target, "native");
    strcpy(b.schedule, "direct");
    TuneKey x = key_of(&a, &t, 1), y = key_of(&b, &t, 1);
    expect_same(&x, &y, true, "two names");
    cr_expect_null(strstr(y.spec, "other"));
    cr_expect_eq(strlen(x.id), 64);
}

Test(key, the_rest_of_the_spec_and_threads_count)
{
    dcn_target t = native();
    dcn_spec s = temp_spec("k"), o = s;
    TuneKey first = key_of(&s, &t, 1), other;
    o.width = DCN_DYNAMIC;
    other = key_of(&o, &t, 1);
    expect_same(&first, &other, false, "a size");
    o = s;
    o.layout = DCN_NHWC;
    other = key_of(&o, &t, 1);
    expect_same(&first, &other, false, "layout");
    o = s;
    o.dtype = DCN_F64;
    other = key_of(&o, &t, 1);
    expect_same(&first, &other, false, "dtype");
    other = key_of(&s, &t, 2);
    expect_same(&first, &other, false, "threads");
}

Test(key, the_name_that_this_machine_gives_its_cpu_does_not_count)
{
    dcn_target t = native(), lies = t;
    dcn_spec s = temp_spec("k");
    strcpy(lies.cpu, "i486");
    TuneKey a = key_of(&s, &t, 1), b = key_of(&s, &lies, 1);
    expect_same(&a, &b, true, "name of the CPU");
    cr_expect(strstr(a.machine, "cpu=- "), "%s", a.machine);
}

Test(key, caches_and_features_count)
{
    dcn_target t = native(), o = t;
    dcn_spec s = temp_spec("k");
    TuneKey first = key_of(&s, &t, 1), other;
    o.l2_bytes += 1024;
    other = key_of(&s, &o, 1);
    expect_same(&first, &other, false, "cache");
    o = t;
    strcat(o.features, ",-fma");
    other = key_of(&s, &o, 1);
    expect_same(&first, &other, false, "feature");
}

/* Nothing but the name says what code for these may use. */
Test(key, a_cpu_that_was_asked_for_by_name_counts)
{
    dcn_target a, b;
    dcn_spec s = temp_spec("k");
    cr_assert_eq(dcn_target_parse("skylake-avx512", NULL, NULL, &a, NULL), 0);
    cr_assert_eq(dcn_target_parse("sapphirerapids", NULL, NULL, &b, NULL), 0);
    b.l1_bytes = a.l1_bytes;
    b.l2_bytes = a.l2_bytes;
    b.l3_bytes = a.l3_bytes;
    TuneKey x = key_of(&s, &a, 1), y = key_of(&s, &b, 1);
    expect_same(&x, &y, false, "two CPUs of one class");
}

Test(key, order_and_repetition_of_features_do_not_count)
{
    dcn_target a, b, c;
    dcn_spec s = temp_spec("k");
    cr_assert_eq(dcn_target_parse("haswell", NULL, "+f16c,-bmi2", &a, NULL), 0);
    cr_assert_eq(dcn_target_parse("haswell", NULL, "-bmi2,-f16c,+f16c", &b, NULL), 0);
    cr_assert_eq(dcn_target_parse("haswell", NULL, "-bmi2,-f16c", &c, NULL), 0);
    TuneKey x = key_of(&s, &a, 1), y = key_of(&s, &b, 1), z = key_of(&s, &c, 1);
    expect_same(&x, &y, true, "order");
    expect_same(&x, &z, false, "the last word");
    cr_expect(strstr(x.machine, "features=-bmi2,+f16c"), "%s", x.machine);
}

Test(key, the_id_is_the_digest_of_the_parts)
{
    TuneKey key = temp_key(0), other = key;
    char id[TUNE_ID_MAX];
    tune_key_id(&key, id);
    cr_expect_str_eq(id, key.id);
    cr_expect_str_eq(key.build, tune_build());
    strcpy(other.build, "another");
    tune_key_id(&other, id);
    cr_expect_str_neq(id, key.id);
    char mine[TUNE_ID_MAX], its[TUNE_ID_MAX];
    tune_key_problem(&key, mine);
    tune_key_problem(&other, its);
    cr_expect_str_eq(mine, its, "the problem is the same for every build");
}

Test(key, the_build_of_results_names_interface_and_llvm)
{
    char version[32], llvm[32], rest[2] = "";
    cr_expect_eq(sscanf(tune_build(), "dcngen %31s llvm %31s %1s", version, llvm, rest), 2);
    cr_expect_eq(strncmp(dcn_version(), version, strlen(version)), 0);
    cr_expect_eq(llvm[0], '1');
}

Test(key, the_build_of_code_names_the_generator_too)
{
    size_t n = strlen(tune_build());
    char digest[64];
    cr_expect_eq(strncmp(tune_code_build(), tune_build(), n), 0);
    cr_assert_eq(sscanf(tune_code_build() + n, " code %63s", digest), 1);
    cr_expect_eq(strspn(digest, "0123456789abcdef"), 32);
}

Test(key, a_family_differs_in_sizes_only)
{
    TuneKey a = temp_key(0), b = temp_key(3);
    dcn_target t = native();
    dcn_spec s = temp_spec("k");
    char x[TUNE_ID_MAX], y[TUNE_ID_MAX];
    int64_t of_a[TUNE_NSIZES], of_b[TUNE_NSIZES];
    tune_key_family(&a, x, of_a);
    tune_key_family(&b, y, of_b);
    cr_expect_str_eq(x, y);
    cr_expect_eq(of_a[1] + 3, of_b[1]);
    cr_expect_eq(of_a[2], 5);
    cr_expect_eq(of_a[3], 4);
    s.height = DCN_DYNAMIC;
    a = key_of(&s, &t, 2);
    tune_key_family(&a, y, of_a);
    cr_expect_str_eq(x, y);
    cr_expect_eq(of_a[1], DCN_DYNAMIC);
    s.kernel[0] = 1;
    a = key_of(&s, &t, 2);
    tune_key_family(&a, y, of_a);
    cr_expect_str_neq(x, y);
}
