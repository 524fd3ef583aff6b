/* test_api.c: compile, explain, emit and time through the public header.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ELF_DYNAMIC = 3, ELF_AARCH64 = 183 };

static dcn_spec small(void)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    strcpy(s.name, "small");
    s.in_channels = s.out_channels = 8;
    s.height = s.width = 9;
    s.kernel[0] = s.kernel[1] = 3;
    return s;
}

static dcn_kernel *compile_ok(const dcn_spec *s, const dcn_options *opt)
{
    dcn_kernel *k = NULL;
    dcn_error err = { 0 };
    cr_assert_eq(dcn_compile(s, opt, &k, &err), 0, "%s", err.text);
    return k;
}

static bool begins(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static dcn_target foreign(void)
{
    dcn_target native, t;
    cr_assert_eq(dcn_target_native(&native, NULL), 0);
    const char *cpu = begins(native.triple, "aarch64") ? "x86-64-v3" : "neoverse-n1";
    cr_assert_eq(dcn_target_parse(cpu, NULL, NULL, &t, NULL), 0);
    return t;
}

/* ---- compile -------------------------------------------------------------- */

Test(api, options_win_over_the_spec_and_the_spec_over_the_guess)
{
    dcn_spec s = small();
    dcn_kernel *guessed = compile_ok(&s, NULL);
    strcpy(s.schedule, "direct");
    dcn_kernel *of_spec = compile_ok(&s, NULL);
    dcn_options opt = { .schedule = "tiled" };
    dcn_kernel *of_options = compile_ok(&s, &opt);
    cr_expect(*dcn_kernel_schedule(guessed));
    cr_expect(begins(dcn_kernel_schedule(of_spec), "direct "), "%s", dcn_kernel_schedule(of_spec));
    cr_expect(begins(dcn_kernel_schedule(of_options), "tiled "));
    cr_expect_gt(dcn_kernel_code_bytes(of_spec), 0);
    dcn_kernel_free(guessed);
    dcn_kernel_free(of_spec);
    dcn_kernel_free(of_options);
}

Test(api, the_text_of_a_schedule_gives_it_again)
{
    dcn_spec s = small();
    dcn_kernel *first = compile_ok(&s, NULL);
    const dcn_options opt = { .schedule = dcn_kernel_schedule(first) };
    dcn_kernel *second = compile_ok(&s, &opt);
    cr_expect_str_eq(dcn_kernel_schedule(first), dcn_kernel_schedule(second));
    dcn_kernel_free(first);
    dcn_kernel_free(second);
}

Test(api, a_spec_that_cannot_be_is_refused)
{
    dcn_spec s = small();
    dcn_kernel *k = NULL;
    dcn_error err;
    s.in_channels = 0;
    cr_expect_eq(dcn_compile(&s, NULL, &k, &err), -1);
    cr_expect_eq(err.code, DCN_ESPEC);
    cr_expect(strstr(err.text, "'in_channels'"), "%s", err.text);
    cr_expect_null(k);
}

Test(api, code_for_another_machine_is_not_loaded)
{
    dcn_spec s = small();
    dcn_kernel *k = NULL;
    dcn_error err;
    const dcn_target t = foreign();
    const dcn_options opt = { .target = &t };
    cr_expect_eq(dcn_compile(&s, &opt, &k, &err), -1);
    cr_expect_eq(err.code, DCN_EENV);
    cr_expect(begins(err.text, "code for ") && strstr(err.text, " does not run on this machine ("),
              "%s", err.text);
    strcpy(s.target, t.cpu);
    cr_expect_eq(dcn_compile(&s, NULL, &k, &err), -1, "the target of the spec was not used");
    cr_expect_null(k);
}

Test(api, an_unknown_target_of_the_spec_is_an_error)
{
    dcn_spec s = small();
    dcn_kernel *k = NULL;
    dcn_error err;
    strcpy(s.target, "z80");
    cr_expect_eq(dcn_compile(&s, NULL, &k, &err), -1);
    cr_expect_eq(err.code, DCN_ESPEC);
    cr_expect(strstr(err.text, "z80"), "%s", err.text);
}

Test(api, compiled_kernels_verify)
{
    dcn_spec s = small();
    dcn_report report;
    dcn_kernel *k = compile_ok(&s, NULL);
    cr_assert_eq(dcn_verify(k, 1, 2, &report, NULL), 0);
    cr_expect_eq(report.failures, 0, "%s", report.what);
    cr_expect_eq(report.cases, 9);
    dcn_kernel_free(k);
}

Test(api, explain_tells_schedule_and_reason)
{
    dcn_spec s = small();
    char why[2000] = "", short_one[4];
    dcn_choice what;
    dcn_kernel *k = compile_ok(&s, NULL);
    cr_expect_eq(dcn_explain(&s, NULL, &what, why, sizeof why, NULL), 0);
    cr_expect_str_eq(what.schedule, dcn_kernel_schedule(k));
    cr_expect_eq(what.origin, DCN_ORIGIN_GUESS);
    cr_expect_eq(dcn_kernel_choice(k)->origin, DCN_ORIGIN_GUESS);
    cr_expect(!strncmp(why, "guessed: ", 9), "%s", why);
    cr_expect_eq(dcn_explain(&s, NULL, NULL, NULL, 0, NULL), 0);
    cr_expect_eq(dcn_explain(&s, NULL, NULL, short_one, sizeof short_one, NULL), 0);
    cr_expect(!strncmp(short_one, why, 3) && !short_one[3]);
    dcn_kernel_free(k);
}

/* ---- emit ----------------------------------------------------------------- */

typedef struct Bytes {
    void *at;
    size_t size;
} Bytes;

static Bytes emit_ok(const dcn_spec *s, const dcn_options *opt, dcn_emit_kind kind)
{
    Bytes b = { NULL, 0 };
    dcn_error err = { 0 };
    cr_assert_eq(dcn_emit(s, opt, kind, &b.at, &b.size, &err), 0, "%s", err.text);
    cr_assert_gt(b.size, 0);
    return b;
}

static bool holds(const Bytes *b, const char *text)
{
    return memmem(b->at, b->size, text, strlen(text));
}

Test(api, every_artefact_is_of_its_kind_and_the_same_twice)
{
    static const struct {
        dcn_emit_kind kind;
        const char *begin, *contains;
    } rows[] = {
        { DCN_EMIT_OBJ, "\177ELF", "small_run" },
        { DCN_EMIT_ASM, "\t.text", "small_workspace_bytes" },
        { DCN_EMIT_LLVM_IR, ";", "define" },
        { DCN_EMIT_BITCODE, "BC\xc0\xde", "" },
        { DCN_EMIT_HEADER, "/*", "small_packed_bytes" },
        { DCN_EMIT_STATIC_LIB, "!<arch>\n/ ", "small.o/\n" },
        { DCN_EMIT_SHARED_LIB, "\177ELF", "libsmall.so" },
    };
    dcn_spec s = small();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Bytes a = emit_ok(&s, NULL, rows[i].kind), b = emit_ok(&s, NULL, rows[i].kind);
        cr_expect(!memcmp(a.at, rows[i].begin, strlen(rows[i].begin)), "kind %zu", i);
        cr_expect(holds(&a, rows[i].contains), "kind %zu", i);
        cr_expect(a.size == b.size && !memcmp(a.at, b.at, a.size), "kind %zu differs", i);
        free(a.at);
        free(b.at);
    }
}

Test(api, a_kind_that_is_none_is_refused)
{
    dcn_spec s = small();
    void *bytes;
    size_t size;
    dcn_error err;
    cr_expect_eq(dcn_emit(&s, NULL, (dcn_emit_kind)99, &bytes, &size, &err), -1);
    cr_expect_str_eq(err.text, "no artefact of kind 99");
}

/* Bytes 16 and 18 of an ELF file: its type and its machine. */
Test(api, artefacts_for_another_machine_can_be_made)
{
    if (system("command -v ld.lld-19 ld.lld >/dev/null 2>&1"))
        cr_skip("no linker for other machines");
    dcn_spec s = small();
    const dcn_target t = foreign();
    const dcn_options opt = { .target = &t };
    Bytes object = emit_ok(&s, &opt, DCN_EMIT_OBJ),
          library = emit_ok(&s, &opt, DCN_EMIT_SHARED_LIB);
    const unsigned char *o = object.at, *l = library.at;
    cr_expect_eq(o[18], l[18]);
    cr_expect_eq(l[16], ELF_DYNAMIC);
    if (begins(t.triple, "aarch64"))
        cr_expect_eq(o[18], ELF_AARCH64);
    free(object.at);
    free(library.at);
}

/* ---- bench ---------------------------------------------------------------- */

Test(api, timing_is_consistent)
{
    dcn_spec s = small();
    dcn_timing t;
    dcn_error err = { 0 };
    dcn_kernel *k = compile_ok(&s, NULL);
    cr_assert_eq(dcn_bench(k, 2, 0, "normal:2", &t, &err), 0, "%s", err.text);
    cr_expect_geq(t.rounds, 5);
    cr_expect(0 < t.ns_min && t.ns_min <= t.ns_median && t.ns_median <= t.ns_max);
    cr_expect_float_eq(t.gflops, dcn_spec_flops(&s) / t.ns_median, 1e-9 * t.gflops);
    cr_expect_gt(t.peak_gflops, 0);
    cr_expect_float_eq(t.peak_fraction, t.gflops / t.peak_gflops, 1e-9);
    cr_expect_eq(t.bytes, dcn_spec_bytes(&s));
    dcn_kernel_free(k);
}

Test(api, dynamic_sizes_cannot_be_timed)
{
    dcn_spec s = small();
    dcn_timing t;
    dcn_error err;
    s.batch = DCN_DYNAMIC;
    dcn_kernel *k = compile_ok(&s, NULL);
    cr_expect_eq(dcn_bench(k, 1, 0, NULL, &t, &err), -1);
    cr_expect_str_eq(err.text, "'small' has dynamic sizes: bind them before timing");
    cr_expect_eq(err.code, DCN_EUSAGE);
    dcn_kernel_free(k);
}
