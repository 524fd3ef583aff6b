/* arm.c: what an AArch64 machine is asked before it runs a variant.
**
** Its identification registers are read by mrs, which the kernel answers for the CPU (Linux 4.11 and
** later, FreeBSD): what the system does not support is not there.  So an object has no undefined symbol,
** as it would with getauxval.  Fields are those of the Arm Architecture Reference Manual, D23.2; where
** floats are concerned, 15 means that there are none.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/inside.h"

#include <stddef.h>
#include <string.h>

/* VL: bytes of an SVE vector, 0 without SVE. */
enum { PFR0, ISAR0, ISAR1, ZFR0, MIDR, VL, NWORDS };
_Static_assert((int)NWORDS <= (int)MAX_WORDS, "words");

#define FIELD_WITH(name, word, shift, min, also)                                                   \
    {                                                                                              \
        name, PROBE_CPU, word, shift, 15, min, 14, also                                            \
    }
#define FIELD(name, word, shift, min) FIELD_WITH(name, word, shift, min, "")
#define LENGTH(name, bytes)                                                                        \
    {                                                                                              \
        name, PROBE_SYSTEM, VL, 0, 0xffff, bytes, bytes, ""                                        \
    }
#define GIVEN(name)                                                                                \
    {                                                                                              \
        name, PROBE_GIVEN, 0, 0, 0, 0, 0, ""                                                       \
    }

static const Probe probes[] = {
    GIVEN("fp-armv8"),
    GIVEN("neon"),
    FIELD("crc", ISAR0, 16, 1),
    FIELD("lse", ISAR0, 20, 2),
    FIELD("rdm", ISAR0, 28, 1),
    FIELD("dotprod", ISAR0, 44, 1),
    FIELD("fullfp16", PFR0, 16, 1),
    FIELD("fp16fml", ISAR0, 48, 1),
    FIELD("bf16", ISAR1, 44, 1),
    FIELD("i8mm", ISAR1, 52, 1),
    FIELD("sve", PFR0, 32, 1),
    FIELD_WITH("sve2", ZFR0, 0, 1, "use-scalar-inc-vl"),
    LENGTH("sve-256", 32),
    LENGTH("sve-512", 64),
    GIVEN("use-scalar-inc-vl"),
    { .name = NULL },
};

/* ---- which CPU it is ------------------------------------------------------- */

#define PART(cpu, maker, part)                                                                     \
    {                                                                                              \
        cpu, (maker) << 20 | (part), (maker) << 20 | (part)                                        \
    }

/* Servers only: where cores differ, the answer would depend on the core that asks. */
static const Signature signatures[] = {
    PART("neoverse-n1", 0x41, 0xd0c), PART("neoverse-n2", 0x41, 0xd49),
    PART("neoverse-v1", 0x41, 0xd40), PART("neoverse-v2", 0x41, 0xd4f),
    PART("neoverse-v3", 0x41, 0xd84), PART("a64fx", 0x46, 0x001),
    PART("ampere1", 0xc0, 0xac3),     { .cpu = NULL },
};

/* ---- asking ----------------------------------------------------------------- */

static idx ask(Emit *e, const char *text, const char *where)
{
    LLVMTypeRef type = LLVMFunctionType(e->i64, NULL, 0, 0);
    LLVMValueRef code = LLVMGetInlineAsm(type, text, strlen(text), where, strlen(where), 1, 0,
                                         LLVMInlineAsmDialectATT, 0);
    return (idx){ LLVMBuildCall2(e->b, type, code, NULL, 0, "") };
}

/* MIDR is read without variant and revision: maker and part tell the CPU. */
static void read_words(Emit *e, unsigned wanted, const var w[MAX_WORDS])
{
    static const char *const registers[NWORDS] = {
        [PFR0] = "mrs $0, ID_AA64PFR0_EL1",   [ISAR0] = "mrs $0, ID_AA64ISAR0_EL1",
        [ISAR1] = "mrs $0, ID_AA64ISAR1_EL1", [ZFR0] = "mrs $0, S3_0_C0_C4_4",
        [MIDR] = "mrs $0, MIDR_EL1",
    };
    for (int i = 0; i < VL; i++) {
        if (!(wanted & 1u << i))
            continue;
        idx word = ask(e, registers[i], "=r");
        v_index_set(e, w[i], i == MIDR ? x_field(e, word, 4, 0xff00fff) : word);
    }
    if (!(wanted & 1u << VL))
        return;
    idx sve = x_field(e, v_index_get(e, w[PFR0]), 32, 15);
    EMIT_IF (e, x_less(e, x_const(e, 0), sve)) { /* rdvl x0, #1, which plain assemblers refuse */
        v_index_set(e, w[VL], ask(e, ".inst 0x04bf5020", "={x0}"));
    }
}

const MultiArch multi_arm = {
    .triple = "aarch64",
    .elf_only = true,
    .cpu = "generic",
    .probes = probes,
    .signatures = signatures,
    .signature = MIDR,
    .read = read_words,
};
