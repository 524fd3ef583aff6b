/* test_target.c: machines by name, this machine, and what is said of others.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_error(const char *cpu, const char *triple, const char *attrs,
                         const char *message)
{
    dcn_target t;
    dcn_error err = { .text = "taken" };
    cr_expect_eq(dcn_target_parse(cpu, triple, attrs, &t, &err), -1, "%s", cpu);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, DCN_EENV);
}

static dcn_target parsed(const char *cpu, const char *triple, const char *attrs)
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_parse(cpu, triple, attrs, &t, &err), 0, "%s: %s", cpu, err.text);
    return t;
}

/* ---- names ---------------------------------------------------------------------------------- */

Test(parse, unknown_cpu)
{
    expect_error("skylak", NULL, NULL, "unknown CPU \"skylak\" (did you mean \"skylake\"?)");
    expect_error("Znver4", NULL, NULL, "unknown CPU \"Znver4\" (did you mean \"znver4\"?)");
    expect_error("natve", NULL, NULL, "unknown CPU \"natve\" (did you mean \"native\"?)");
    expect_error("pdp-11", NULL, NULL,
                 "unknown CPU \"pdp-11\": `dcngen targets` lists the known ones");
    expect_error("", NULL, NULL, "unknown CPU \"\": `dcngen targets` lists the known ones");
}

Test(parse, what_people_call_cpus)
{
    static const char *const called[][2] = {
        { "zen4", "znver4" },         { "znver6", "znver5" },
        { "x86-64-v5", "x86-64-v4" }, { "avx2", "x86-64-v3" },
        { "avx512", "x86-64-v4" },    { "Ice-Lake", "icelake-server" },
        { "m1", "apple-m1" },         { "genoa", "znver4" },
        { "hsw", "haswell" },         { "cortex-a77", "cortex-a78" },
        { "aarch64", "generic" },     { "riscv64", "rv64gcv" },
        { "wasm32", "wasm-simd128" }, { "alder-lake", "alderlake" },
    };
    for (size_t i = 0; i < sizeof called / sizeof *called; i++) {
        char message[128];
        snprintf(message, sizeof message, "unknown CPU \"%s\" (did you mean \"%s\"?)", called[i][0],
                 called[i][1]);
        expect_error(called[i][0], NULL, NULL, message);
        parsed(called[i][1], NULL, NULL);
    }
}

Test(parse, what_people_call_systems)
{
    expect_error("skylake", "darwin", NULL,
                 "unknown system \"darwin\" of x86_64 (did you mean \"macos\"?)");
    expect_error("skylake", "Win32", NULL,
                 "unknown system \"Win32\" of x86_64 (did you mean \"windows\"?)");
    expect_error("rv64gcv", "ubuntu", NULL,
                 "unknown system \"ubuntu\" of riscv64 (did you mean \"linux\"?)");
    expect_error("rv64gcv", "osx", NULL,
                 "unknown system \"osx\" of riscv64: expected linux, freebsd, or a triple such as "
                 "riscv64-unknown-linux-gnu");
}

Test(parse, unknown_or_malformed_feature)
{
    expect_error("x86-64-v3", NULL, "+avx51f",
                 "unknown CPU feature \"avx51f\" (did you mean \"avx512f\"?)");
    expect_error("x86-64-v3", NULL, "+telepathy", "unknown CPU feature \"telepathy\"");
    expect_error("x86-64-v3", NULL, "+neon", "unknown CPU feature \"neon\"");
    expect_error("neoverse-n1", NULL, "-avx2", "unknown CPU feature \"avx2\"");
    expect_error("x86-64-v3", NULL, "fma",
                 "bad feature \"fma\": expected +name or -name, with commas between");
    expect_error("x86-64-v3", NULL, "+",
                 "bad feature \"+\": expected +name or -name, with commas "
                 "between");
    expect_error("x86-64-v3", NULL, "+fma,",
                 "bad feature \"\": expected +name or -name, with commas between");
    expect_error("x86-64-v3", NULL, "+fma,,-avx",
                 "bad feature \"\": expected +name or -name, with commas between");
}

Test(parse, triple_that_does_not_fit)
{
    expect_error("skylake", "aarch64-linux-gnu", NULL,
                 "CPU \"skylake\" does not fit triple \"aarch64-linux-gnu\": expected "
                 "x86_64-pc-linux-gnu");
    expect_error("generic", "x86_64-pc-linux-gnu", NULL,
                 "CPU \"generic\" does not fit triple \"x86_64-pc-linux-gnu\": expected "
                 "aarch64-unknown-linux-gnu");
    expect_error(
        "skylake", "nonsense", NULL,
        "unknown system \"nonsense\" of x86_64: expected linux, freebsd, macos, windows, or a "
        "triple such as x86_64-pc-linux-gnu");
    expect_error(
        "rv64gcv", "windows", NULL,
        "unknown system \"windows\" of riscv64: expected linux, freebsd, or a triple such as "
        "riscv64-unknown-linux-gnu");
    expect_error("skylake", "arm64-apple-macos", NULL,
                 "CPU \"skylake\" does not fit triple \"arm64-apple-macos\": expected "
                 "x86_64-pc-linux-gnu");
    expect_error("skylake", "", NULL,
                 "CPU \"skylake\" does not fit triple \"\": expected x86_64-pc-linux-gnu");
}

Test(parse, triple_of_a_system_without_support)
{
    static const char *const none[] = { "x86_64-pc-solaris",          "x86_64-pc-linux-gnux32",
                                        "x86_64-pc-windows-msvc-elf", "x86_64-pc-linux-coff",
                                        "x86_64-apple-macos-elf",     "x86_64-apple-ios" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char message[200];
        snprintf(message, sizeof message,
                 "unsupported triple \"%s\": expected 64-bit ELF, Mach-O or COFF, such as "
                 "x86_64-pc-linux-gnu",
                 none[i]);
        expect_error("x86-64-v3", none[i], NULL, message);
    }
    expect_error("rv64gcv", "riscv64-apple-macos", NULL,
                 "unsupported triple \"riscv64-apple-macos\": expected 64-bit ELF, such as "
                 "riscv64-unknown-linux-gnu");
    expect_error("wasm-simd128", "wasm32-unknown-emscripten", NULL,
                 "unsupported triple \"wasm32-unknown-emscripten\": expected wasm, such as "
                 "wasm32-unknown-unknown");
    expect_error("rv64gcv", "riscv32-unknown-linux-gnu", NULL,
                 "CPU \"rv64gcv\" does not fit triple \"riscv32-unknown-linux-gnu\": expected "
                 "riscv64-unknown-linux-gnu");
}

static void expect_triple(const char *cpu, const char *given, const char *triple)
{
    const dcn_target t = parsed(cpu, given, NULL);
    cr_expect_str_eq(t.triple, triple, "%s for %s: %s", cpu, given ? given : "nothing", t.triple);
}

Test(parse, systems_have_short_names)
{
    expect_triple("haswell", NULL, "x86_64-pc-linux-gnu");
    expect_triple("haswell", "linux", "x86_64-pc-linux-gnu");
    expect_triple("haswell", "freebsd", "x86_64-unknown-freebsd");
    expect_triple("haswell", "macos", "x86_64-apple-macos11");
    expect_triple("haswell", "windows", "x86_64-pc-windows-msvc");
    expect_triple("cortex-a76", NULL, "aarch64-unknown-linux-gnu");
    expect_triple("cortex-a76", "windows", "aarch64-pc-windows-msvc");
    expect_triple("wasm-simd128", "wasi", "wasm32-unknown-wasi");
}

Test(parse, apple_s_cpus_run_macos)
{
    expect_triple("apple-m1", NULL, "aarch64-apple-macos11");
    expect_triple("apple-m4", NULL, "aarch64-apple-macos11");
    expect_triple("apple-m2", "linux", "aarch64-unknown-linux-gnu");
    expect_triple("apple-m3", "arm64-apple-macosx14.0", "aarch64-apple-macosx14.0");
    expect_triple("apple-m3", "arm64-apple-darwin23", "aarch64-apple-darwin23");
}

Test(parse, vectors_of_sve_are_for_elf)
{
    expect_error(
        "a64fx", "windows", NULL,
        "CPU \"a64fx\": vectors of SVE (sve512) are for systems with ELF objects; \"-sve\" "
        "compiles for aarch64-pc-windows-msvc");
    expect_triple("neoverse-n2", "windows", "aarch64-pc-windows-msvc");
}

Test(parse, triple_that_is_too_long)
{
    char triple[200] = "x86_64-", message[300];
    memset(triple + 7, 'a', 100);
    snprintf(message, sizeof message, "triple \"%s\" is too long", triple);
    expect_error("skylake", triple, NULL, message);
}

Test(parse, no_vector_unit)
{
    expect_error("generic", NULL, "-neon",
                 "CPU \"generic\" with \"-neon\" has no vector unit that dcngen supports: "
                 "NEON is needed");
    expect_error(
        "spacemit-x60", NULL, "-v",
        "CPU \"spacemit-x60\" with \"-v\" has no vector unit that dcngen supports: V is needed");
    expect_error("wasm-simd128", NULL, "-simd128",
                 "CPU \"wasm-simd128\" with \"-simd128\" has no vector unit that dcngen supports: "
                 "simd128 is needed");
}

Test(parse, too_many_features)
{
    char attrs[8192] = "+fma";
    for (int i = 0; i < 1000; i++)
        strcat(attrs, ",+fma");
    expect_error("x86-64-v3", NULL, attrs, "the list of CPU features is too long");
}

/* ---- classes ----------------------------------------------------------------------------------
** */

static void expect_class(const char *cpu, const char *attrs, const char *isa, int vector_bytes)
{
    dcn_target t = parsed(cpu, NULL, attrs);
    cr_expect_str_eq(t.isa, isa, "%s %s is %s", cpu, attrs ? attrs : "", t.isa);
    cr_expect_eq(t.vector_bytes, vector_bytes);
    cr_expect_str_eq(t.cpu, cpu);
    cr_expect_str_eq(t.features, attrs ? attrs : "");
}

Test(parse, features_decide_the_class)
{
    expect_class("skylake-avx512", NULL, "avx512", 64);
    expect_class("skylake-avx512", "", "avx512", 64);
    expect_class("skylake-avx512", "-avx512f", "avx2", 32);
    expect_class("skylake-avx512", "-avx512vl", "avx2", 32);
    expect_class("skylake-avx512", "-avx2", "sse4.2", 16);
    expect_class("skylake-avx512", "-f16c", "avx2", 32);
    expect_class("skylake-avx512", "-avx", "sse4.2", 16);
    expect_class("haswell", "-fma", "sse4.2", 16);
    expect_class("haswell", "+gfni", "avx2", 32);
    expect_class("x86-64-v2", "-sse4.2", "sse2", 16);
    expect_class("x86-64", "+sse4.2", "sse4.2", 16);
    expect_class("x86-64", NULL, "sse2", 16);
    expect_class("haswell", "+avx512f,+avx512bw,+avx512dq,+avx512vl", "avx512", 64);
    expect_class("haswell", "+avx512f", "avx2", 32);
    expect_class("nehalem", "+avx2,+fma", "avx2", 32);
    expect_class("neoverse-v1", "+bf16", "sve256", 32);
    expect_class("neoverse-v1", "-sve", "neon", 16);
    expect_class("neoverse-v1", "-sve-256", "neon", 16);
    expect_class("generic", "+sve", "neon", 16);
    expect_class("generic", "+sve,+sve-256", "sve256", 32);
    expect_class("neoverse-v2", "+sve-512,+sve", "sve512", 64);
    expect_class("a64fx", "-sve", "neon", 16);
}

Test(parse, the_last_word_on_a_feature_counts)
{
    const dcn_target on = parsed("skylake-avx512", NULL, "-avx512f,+gfni,+avx512f");
    cr_expect_str_eq(on.isa, "avx512");
    cr_expect_str_eq(on.features, "+gfni,+avx512f");
    const dcn_target off = parsed("skylake-avx512", NULL, "+avx512f,-avx512f");
    cr_expect_str_eq(off.isa, "avx2");
    cr_expect_str_eq(off.features, "-avx512f");
    const dcn_target native = parsed("native", NULL, "-sse4a,+sse4a,-sse4a");
    const char *end = strstr(native.features, ",-sse4a");
    cr_assert_not_null(end);
    cr_expect_str_eq(native.features + strlen(native.features) - 7, ",-sse4a");
}

Test(parse, gathers_that_are_slow_are_not_worth_emitting)
{
    cr_expect_eq(parsed("znver5", NULL, NULL).gather, 1);
    cr_expect_eq(parsed("znver4", NULL, NULL).gather, 0);
    cr_expect_eq(parsed("icelake-server", NULL, NULL).gather, 0, "Gather Data Sampling");
    cr_expect_eq(parsed("tigerlake", NULL, NULL).gather, 0);
    cr_expect_eq(parsed("sapphirerapids", NULL, NULL).gather, 1, "which it does not concern");
    cr_expect_eq(parsed("znver4", NULL, "-prefer-no-gather").gather, 1);
    cr_expect_eq(parsed("x86-64-v4", NULL, "+prefer-no-gather").gather, 0);
    cr_expect_eq(parsed("x86-64-v3", NULL, NULL).gather, 0);
}

Test(parse, words_that_contradict_each_other)
{
    expect_error("x86-64-v3", NULL, "+vaes,-avx2",
                 "\"+vaes\" and \"-avx2\" contradict each other: vaes needs avx2; leave one out");
    expect_error("x86-64-v3", NULL, "-avx,+avx512fp16",
                 "\"+avx512fp16\" and \"-avx\" contradict each other: avx512fp16 needs avx; leave "
                 "one out");
    expect_error("native", NULL, "-sse3,+gfni,+sse4.2",
                 "\"+sse4.2\" and \"-sse3\" contradict each other: sse4.2 needs sse3; leave one "
                 "out");
    expect_error(
        "neoverse-v1", NULL, "+sve-256,-sve",
        "\"+sve-256\" and \"-sve\" contradict each other: sve-256 needs sve; leave one out");
    expect_error(
        "rv64gcv", NULL, "-zvl256b,+zvl512b",
        "\"+zvl512b\" and \"-zvl256b\" contradict each other: zvl512b needs zvl256b; leave "
        "one out");
    parsed("x86-64-v3", NULL, "+vaes,-avx2,+avx2");
    parsed("x86-64-v3", NULL, "+vaes,-avx2,-vaes");
    parsed("x86-64-v3", NULL, "-fma,+vaes");
}

/* Without a feature its registers are not used. */
Test(parse, a_lowered_class_is_what_is_compiled)
{
    dcn_target t = parsed("skylake-avx512", NULL, "-avx512f");
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 32, 32, 9, 9);
    dcn_options opt = { .target = &t };
    dcn_error err;
    void *text;
    size_t size;
    cr_assert_eq(dcn_emit(&s, &opt, DCN_EMIT_ASM, &text, &size, &err), 0, "%s", err.text);
    cr_expect(strstr(text, "%ymm"));
    cr_expect_not(strstr(text, "%zmm"));
    free(text);
}

/* ---- this machine
** -------------------------------------------------------------------------------- */

Test(native, is_known)
{
    dcn_target t, same;
    dcn_error err;
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    cr_expect(t.vector_bytes == 16 || t.vector_bytes == 32 || t.vector_bytes == 64);
    cr_expect(t.registers == 16 || t.registers == 32);
    cr_expect_gt(strlen(t.triple), 0);
    same = parsed("native", NULL, NULL);
    cr_expect_str_eq(same.cpu, t.cpu);
    cr_expect_str_eq(same.features, t.features);
    cr_expect_str_eq(same.isa, t.isa);
    same = parsed("native", t.triple, NULL);
    cr_expect_str_eq(same.isa, t.isa);
}

Test(native, fits_no_other_triple)
{
    dcn_target t, other;
    dcn_error err;
    char message[300];
    cr_assert_eq(dcn_target_native(&t, NULL), 0);
    snprintf(message, sizeof message,
             "CPU \"native\" does not fit triple \"sparc-sun-solaris\": expected %s", t.triple);
    cr_expect_eq(dcn_target_parse("native", "sparc-sun-solaris", NULL, &other, &err), -1);
    cr_expect_str_eq(err.text, message);
}

Test(native, runs_one_system)
{
    dcn_target t, other;
    dcn_error err;
    cr_assert_eq(dcn_target_native(&t, NULL), 0);
    cr_expect_eq(dcn_target_parse("native", "windows", NULL, &other, &err), -1);
    cr_expect(strstr(err.text, "CPU \"native\" is this machine, which does not run \"windows\": "
                               "name a CPU, such as "),
              "%s", err.text);
    cr_expect_eq(dcn_target_parse("native", "win", NULL, &other, &err), -1);
    cr_expect(strstr(err.text, "(did you mean \"windows\"?)"), "%s", err.text);
}

static int is_x86(void)
{
    dcn_target t;
    cr_assert_eq(dcn_target_native(&t, NULL), 0);
    return !strncmp(t.triple, "x86_64", 6);
}

Test(native, is_lowered_by_the_environment)
{
    dcn_target t;
    dcn_error err;
    if (!is_x86())
        cr_skip("there is one class of AArch64 only");
    setenv("DCNGEN_MAX_ISA", "sse4.2", 1);
    cr_assert_eq(dcn_target_native(&t, &err), 0, "%s", err.text);
    cr_expect_str_eq(t.isa, "sse4.2");
    cr_expect_str_eq(t.cpu, "x86-64-v2");
    cr_expect_eq(t.vector_bytes, 16);
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 4, 4, 9, 9);
    Case c;
    case_open(&c, &s, NULL, NULL);
    cr_expect_str_eq(dcn_kernel_target(c.kernel)->isa, "sse4.2");
    case_close(&c);
}

Test(native, is_never_raised_by_the_environment)
{
    dcn_target t, raised;
    if (!is_x86())
        cr_skip("there is one class of AArch64 only");
    cr_assert_eq(dcn_target_native(&t, NULL), 0);
    setenv("DCNGEN_MAX_ISA", "avx512", 1);
    cr_assert_eq(dcn_target_native(&raised, NULL), 0);
    cr_expect_str_eq(raised.isa, t.isa);
    setenv("DCNGEN_MAX_ISA", "", 1);
    cr_assert_eq(dcn_target_native(&raised, NULL), 0);
    cr_expect_str_eq(raised.isa, t.isa);
}

Test(native, a_wrong_environment_is_said)
{
    static const char *const wrong[] = { "avx3", "neon", "AVX2", "x86-64-v3" };
    if (!is_x86())
        cr_skip("other classes on AArch64");
    for (int i = 0; i < 4; i++) {
        dcn_target t;
        dcn_error err = { .text = "taken" };
        char message[128];
        setenv("DCNGEN_MAX_ISA", wrong[i], 1);
        snprintf(message, sizeof message,
                 "DCNGEN_MAX_ISA = \"%s\" is not one of avx512, avx2, sse4.2, sse2", wrong[i]);
        cr_expect_eq(dcn_target_native(&t, &err), -1);
        cr_expect_str_eq(err.text, message);
        cr_expect_eq(err.code, DCN_EENV);
    }
}

/* ---- the table of machines
** -------------------------------------------------------------------------- */

static void emit_for(const char *cpu, const char *isa)
{
    dcn_target t = parsed(cpu, NULL, NULL);
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 5, 6, 7, 8);
    dcn_options opt = { .target = &t };
    dcn_error err;
    void *text;
    size_t size;
    cr_expect_str_eq(t.isa, isa);
    cr_expect_gt(t.l1_bytes, 0, "%s", cpu);
    cr_expect_gt(t.l2_bytes, 0, "%s", cpu);
    cr_expect_eq(dcn_emit(&s, &opt, DCN_EMIT_ASM, &text, &size, &err), 0, "%s: %s", cpu, err.text);
    cr_expect_gt(size, 1000, "%s", cpu);
    free(text);
}

/* What is printed to stderr meanwhile: LLVM tells there of names that it does not know. */
static size_t stderr_of(void (*work)(void), char *said, size_t size)
{
    FILE *file = tmpfile();
    int was = dup(2);
    fflush(stderr);
    dup2(fileno(file), 2);
    work();
    fflush(stderr);
    dup2(was, 2);
    close(was);
    rewind(file);
    size_t n = fread(said, 1, size - 1, file);
    said[n] = '\0';
    fclose(file);
    return n;
}

static void emit_for_all(void)
{
    const char *cpu, *triple, *isa;
    for (int i = 0; !dcn_target_known(i, &cpu, &triple, &isa); i++)
        emit_for(cpu, isa);
}

Test(known, all_compile_and_llvm_has_nothing_to_say)
{
    char said[4096];
    size_t n = stderr_of(emit_for_all, said, sizeof said);
    cr_expect_eq(n, 0, "%s", said);
}

static void emit_with_all_features(void)
{
    static const char *const x86 = "+avx512ifma,+avx512vbmi,+avx512vbmi2,+avx512vnni,+avx512bitalg,"
                                   "+avx512vpopcntdq,+avx512bf16,+avx512fp16,+avxvnni,+amx-tile,"
                                   "+amx-bf16,+amx-int8,+amx-fp16,+evex512,+prefer-256-bit,"
                                   "+fast-gather,+prefer-no-gather,+gfni,+vaes,+vpclmulqdq,+sse4a,"
                                   "+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+fma,+f16c,+bmi,+bmi2,"
                                   "+lzcnt,+movbe,+popcnt,+avx512f,+avx512bw,+avx512cd,+avx512dq,"
                                   "+avx512vl";
    static const char *const arm = "+neon,+fp-armv8,+fullfp16,+bf16,+dotprod,+i8mm,+fp16fml,+lse,"
                                   "+rdm,+crc,+sve,+sve2,+sve-256";
    static const char *const riscv = "+m,+a,+f,+d,+c,+v,+zvl128b,+zvl256b,+zvl512b,+zba,+zbb,+zbs";
    static const char *const wasm = "+simd128,+bulk-memory,+sign-ext";
    const dcn_target all[] = { parsed("x86-64-v4", NULL, x86), parsed("generic", NULL, arm),
                               parsed("rv64gcv", NULL, riscv), parsed("wasm-simd128", NULL, wasm) };
    for (int i = 0; i < 4; i++) {
        dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 5, 6, 7, 8);
        dcn_options opt = { .target = &all[i] };
        void *text;
        size_t size;
        cr_expect_eq(dcn_emit(&s, &opt, DCN_EMIT_ASM, &text, &size, NULL), 0);
        free(text);
    }
}

Test(known, llvm_knows_all_features)
{
    char said[4096];
    size_t n = stderr_of(emit_with_all_features, said, sizeof said);
    cr_expect_eq(n, 0, "%s", said);
}

static void parse_masked(void)
{
    parsed("icelake-server", NULL, "-avx512bw");
    parsed("icelake-server", NULL, "-avx512bw");
}

Test(known, what_a_mask_takes_along_is_said_once)
{
    char said[4096];
    stderr_of(parse_masked, said, sizeof said);
    cr_expect_str_empty(said);
    setenv("DCNGEN_VERBOSE", "dispatch", 1);
    stderr_of(parse_masked, said, sizeof said);
    cr_expect_str_eq(said, "dcngen: dispatch: icelake-server with \"-avx512bw\" is also without "
                           "avx512vbmi, avx512vbmi2, avx512bitalg\n");
}

/* The helper above does see what is printed. */
static void complain(void)
{
    fputs("'telepathy' is not a recognized feature\n", stderr);
}

Test(known, what_is_printed_is_seen)
{
    char said[64];
    cr_expect_gt(stderr_of(complain, said, sizeof said), 10);
}

Test(known, ends)
{
    const char *cpu = NULL, *triple, *isa;
    cr_expect_eq(dcn_target_known(-1, &cpu, &triple, &isa), -1);
    cr_expect_eq(dcn_target_known(100000, &cpu, &triple, &isa), -1);
    cr_expect_null(cpu);
}
