/* test_rows.c: every row of the target table: what its objects are, and that its features are LLVM's.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/cg.h"
#include "codegen/target/features.h"
#include "tests/support/case.h"
#include "tuner/store/internal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dcn_target row(const Cpu *c)
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_parse(c->name, NULL, NULL, &t, &err), 0, "%s: %s", c->name, err.text);
    return t;
}

Test(rows, say_one_thing_each)
{
    for (const Cpu *c = cg_cpus; c->name; c++) {
        const Isa *isa = cg_isa(c->isa);
        const dcn_target t = row(c);
        cr_assert_not_null(isa, "%s", c->name);
        cr_assert_not_null(cg_arch(isa->triple), "%s", c->name);
        cr_expect_eq(cg_cpu(c->name), c, "%s stands there twice", c->name);
        cr_expect_str_eq(t.isa, c->isa, "features of %s make another class of it", c->name);
        cr_expect_eq(t.vector_bytes, isa->vector_bytes);
        cr_expect_eq(t.registers, isa->registers);
        cr_expect(!isa->vscale || 16 * isa->vscale == isa->vector_bytes, "%s", isa->name);
        for (int i = 0; isa->needs[i]; i++)
            cr_expect(cg_target_has(&t, isa->needs[i]), "%s: %s", c->name, isa->needs[i]);
    }
}

Test(rows, classes_name_a_cpu_of_theirs)
{
    for (const Isa *isa = cg_isas; isa->name; isa++) {
        const Cpu *c = cg_cpu(isa->cpu);
        cr_assert_not_null(c, "%s", isa->name);
        cr_expect_str_eq(c->isa, isa->name);
    }
}

/* ---- objects ------------------------------------------------------------------------------------------ */

static void *object_of(const dcn_spec *s, const dcn_target *t, size_t *size)
{
    dcn_options opt = { .target = t };
    dcn_error err;
    void *object = NULL;
    cr_assert_eq(dcn_emit(s, &opt, DCN_EMIT_OBJ, &object, size, &err), 0, "%s: %s", t->cpu,
                 err.text);
    return object;
}

/* An object of the right machine that calls nothing; those of wasm are linked in tests/cross. */
static void expect_object(const dcn_spec *s, const dcn_target *t)
{
    size_t size;
    void *object = object_of(s, t, &size);
    if (cg_is_elf(t)) {
        const char *no = code_refuse(object, size, s->name, t->triple);
        cr_expect_null(no, "%s for %s: %s", s->name, t->cpu, no);
    } else if (cg_is_macho(t)) { /* whose symbols tests/portable/cross/systems.sh reads */
        cr_expect_eq(memcmp(object, "\xcf\xfa\xed\xfe", 4), 0, "%s", t->cpu);
    } else {
        cr_expect_eq(memcmp(object, "\0asm", 4), 0, "%s", t->cpu);
    }
    free(object);
}

Test(rows, objects_call_nothing)
{
    dcn_spec conv = case_spec(DCN_OP_DEFORM_CONV2D, 5, 6, 7, 8);
    conv.activation = DCN_ACT_GELU;
    for (const Cpu *c = cg_cpus; c->name; c++) {
        const dcn_target t = row(c);
        expect_object(&conv, &t);
        conv.dtype = conv.dtype == DCN_F32 ? DCN_F64 : DCN_F32;
    }
}

/* ---- features ----------------------------------------------------------------------------------------- */

/* What LLVM never uses of itself, so that no row speaks of it. */
static int is_silent(const char *feature)
{
    static const char *const silent[] = { "amx-",    "vaes",    "vpclmulqdq", "sve-256",
                                          "sve-512", "simd128", "sign-ext",   "bulk-memory" };
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (strncmp(feature, silent[i], strlen(silent[i])) == 0)
            return 1;
    return 0;
}

/* The features that clang has for a CPU, ",+a,+b,", in 8192 bytes. */
static void clang_features(const dcn_target *t, char *list)
{
    const int named = strncmp(t->cpu, "rv64", 4) == 0 || strncmp(t->triple, "x86_64", 6) == 0;
    char command[512], line[8192];
    snprintf(command, sizeof command,
             "echo 'void f(void) {}' | clang-19 --target=%s -m%s=%s -S -emit-llvm -x c - -o -",
             t->triple, named ? "arch" : "cpu", t->cpu);
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

static void expect_features(const dcn_target *t)
{
    const Arch *arch = cg_arch(t->triple);
    char list[8192], word[80];
    clang_features(t, list);
    for (int i = 0; arch->features[i]; i++) {
        snprintf(word, sizeof word, ",+%s,", arch->features[i]);
        if (!is_silent(arch->features[i]))
            cr_expect_eq(cg_target_has(t, arch->features[i]), strstr(list, word) != NULL,
                         "%s: clang says %s of %s", t->cpu, strstr(list, word) ? "yes" : "no",
                         arch->features[i]);
    }
}

Test(rows, features_are_those_of_clang)
{
    if (system("command -v clang-19 >/dev/null"))
        cr_skip("clang-19 is not installed");
    for (const Cpu *c = cg_cpus; c->name; c++) {
        const dcn_target t = row(c);
        if (cg_is_elf(&t) || cg_is_macho(&t))
            expect_features(&t);
    }
}

/* ---- which machine runs which code ---------------------------------------------------------------------- */

static void expect_lack(const char *cpu, const char *machine, const char *lacks)
{
    const dcn_target t = row(cg_cpu(cpu)), m = row(cg_cpu(machine));
    char text[256];
    cr_expect_eq(cg_target_lacks(&t, &m, text, sizeof text) > 0, lacks[0] != '\0');
    cr_expect_str_eq(text, lacks, "%s on %s: %s", cpu, machine, text);
}

Test(rows, what_a_machine_lacks_is_named)
{
    expect_lack("x86-64-v3", "znver5", "");
    expect_lack("haswell", "x86-64-v2", "avx, avx2, fma, f16c, bmi, bmi2, lzcnt, movbe");
    expect_lack("znver4", "x86-64-v4",
                "avx512ifma, avx512vbmi, avx512vbmi2, avx512vnni, avx512bitalg, avx512vpopcntdq, "
                "avx512bf16, gfni, sse4a");
    expect_lack("neoverse-v1", "a64fx", "bf16, dotprod, i8mm, fp16fml, sve-256");
    expect_lack("generic", "a64fx", "");
    expect_lack("rv64gcv", "rv64gcv_zvl256b", "");
    expect_lack("rv64gcv_zvl256b", "rv64gcv", "zvl256b");
}

Test(rows, there_is_not_always_room_to_name_all)
{
    const dcn_target t = row(cg_cpu("znver5")), m = row(cg_cpu("x86-64-v2"));
    char text[16];
    cr_expect_eq(cg_target_lacks(&t, &m, text, sizeof text), 23);
    cr_expect_str_eq(text, "avx, avx2, fma,");
}
