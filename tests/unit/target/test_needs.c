/* test_needs.c: features and what they need: as clang has it, and in what a machine says of itself.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/features.h"
#include "codegen/target/needs.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the tables -------------------------------------------------------------------------------
** */

/* The features that clang has for the plainest CPU and this one, ",+a,+b,", in 8192 bytes. */
static void clang_features(const char *feature, char *list)
{
    char command[512], line[8192];
    snprintf(command, sizeof command,
             "echo 'void f(void) {}' | clang-19 --target=x86_64-linux-gnu -march=x86-64 "
             "-Xclang -target-feature -Xclang +%s -S -emit-llvm -x c - -o -",
             feature);
    FILE *said = popen(command, "r");
    cr_assert_not_null(said);
    list[0] = '\0';
    while (fgets(line, sizeof line, said)) {
        const char *at = strstr(line, "\"target-features\"=\"");
        if (at)
            snprintf(list, 8192, ",%.*s,", (int)strcspn(at + 19, "\""), at + 19);
    }
    cr_assert_eq(pclose(said), 0, "%s", command);
}

static bool implies(const Need *needs, const char *a, const char *b)
{
    return cg_implies(needs, a, strlen(a), b, strlen(b));
}

/* evex512 says how wide the code may be, and every x86-64 has SSE2. */
static void expect_needs_of_clang(const Need *needs, const char *feature)
{
    char list[8192], word[64];
    clang_features(feature, list);
    for (const Need *n = needs; n->feature; n++) {
        if (strcmp(n->feature, "sse2") == 0)
            continue;
        snprintf(word, sizeof word, ",+%s,", n->feature);
        const bool clang = strstr(list, word) != NULL;
        cr_expect_eq(implies(needs, feature, n->feature), clang, "clang says %s: %s needs %s",
                     clang ? "yes" : "no", feature, n->feature);
    }
}

Test(needs, are_those_of_clang)
{
    const Need *needs = cg_needs("x86_64-pc-linux-gnu");
    if (system("command -v clang-19 >/dev/null"))
        cr_skip("clang-19 is not installed");
    for (const Need *n = needs; n->feature; n++)
        expect_needs_of_clang(needs, n->feature);
}

Test(needs, of_features_that_need_none)
{
    const Need *x86 = cg_needs("x86_64-pc-linux-gnu"), *wasm = cg_needs("wasm32-unknown-unknown");
    cr_expect(implies(x86, "bmi2", "bmi2"));
    cr_expect_not(implies(x86, "bmi2", "avx"));
    cr_expect_not(implies(x86, "avx", "avx2"));
    cr_expect_not(implies(x86, "telepathy", "avx"));
    cr_expect_str_empty(cg_needs_of(x86, "avx512", 6));
    cr_expect_null(wasm->feature);
}

/* ---- a machine's own list
** ------------------------------------------------------------------------ */

static void expect_list(const char *triple, const char *says, const char *believed)
{
    char list[512];
    snprintf(list, sizeof list, "%s", says);
    int changed = 0;
    for (size_t i = 0; says[i]; i++)
        changed += says[i] != believed[i];
    cr_expect_eq(cg_drop_unmet(triple, list), changed);
    cr_expect_str_eq(list, believed);
}

#define X86 "x86_64-pc-linux-gnu"
#define ARM "aarch64-unknown-linux-gnu"

Test(machine, has_no_feature_whose_needs_it_lacks)
{
    expect_list(X86, "+avx,-avx2,+vaes,+fma", "+avx,-avx2,-vaes,+fma");
    expect_list(X86, "+vaes,+avx2,+avx", "+vaes,+avx2,+avx");
    expect_list(X86, "+avx512vbmi,+gfni,-avx512f,+avx2", "-avx512vbmi,+gfni,-avx512f,+avx2");
    expect_list(X86, "+avx512vl,+avx512f,+avx2,+f16c,-fma,+avx",
                "-avx512vl,-avx512f,+avx2,+f16c,-fma,+avx");
    expect_list(X86, "+xop,-sse4a,+avxvnni,-avx", "-xop,-sse4a,-avxvnni,-avx");
    expect_list(ARM, "+neon,+sve2,-sve,-sve-256,+sve-512", "+neon,-sve2,-sve,-sve-256,-sve-512");
    expect_list(X86, "", "");
    expect_list(X86, "nonsense,+,-,,+avx2,-avx", "nonsense,+,-,,-avx2,-avx");
}

static dcn_target machine(const char *cpu, const char *isa, const char *features)
{
    dcn_target t = { .triple = X86 };
    snprintf(t.cpu, sizeof t.cpu, "%s", cpu);
    snprintf(t.isa, sizeof t.isa, "%s", isa);
    snprintf(t.features, sizeof t.features, "%s", features);
    return t;
}

/* What a list brings and takes away is what LLVM makes of it. */
Test(machine, has_what_its_features_need)
{
    const dcn_target masked = machine("znver4", "sse4.2", "-avx2");
    cr_expect_not(cg_target_has(&masked, "avx512f"));
    cr_expect_not(cg_target_has(&masked, "avx512bf16"));
    cr_expect(cg_target_has(&masked, "fma"));
    cr_expect(cg_target_has(&masked, "gfni"));
    const dcn_target more = machine("nehalem", "sse4.2", "+vaes");
    cr_expect(cg_target_has(&more, "avx2"));
    cr_expect(cg_target_has(&more, "avx"));
    cr_expect_not(cg_target_has(&more, "fma"));
    const dcn_target unknown = machine("k8-sse3", "avx2", "-bmi2");
    cr_expect(cg_target_has(&unknown, "bmi"));
    cr_expect_not(cg_target_has(&unknown, "bmi2"));
}
