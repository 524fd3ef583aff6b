/* dispatch_arm.c: what an AArch64 machine is asked before it runs a variant.
**
** Its identification registers are read by mrs, which the kernel answers for the CPU (Linux 4.11 and
** later, FreeBSD): what the system does not support is not there.  So an object has no undefined symbol,
** as it would with getauxval.  Fields are those of the Arm Architecture Reference Manual, D23.2; where
** floats are concerned, 15 means that there are none.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dispatch.h"

#include <stddef.h>
#include <string.h>

enum { PFR0, ISAR0, ISAR1, MIDR, NWORDS };
_Static_assert((int)NWORDS <= (int)MAX_WORDS, "words");

#define FIELD(name, word, shift, least, implies)                                                   \
    {                                                                                              \
        name, PROBE_CPU, word, shift, 15, least, 14, implies                                       \
    }
#define GIVEN(name)                                                                                \
    {                                                                                              \
        name, PROBE_GIVEN, 0, 0, 0, 0, 0, ""                                                       \
    }

static const Probe probes[] = {
    GIVEN("fp-armv8"),
    GIVEN("neon"),
    FIELD("crc", ISAR0, 16, 1, ""),
    FIELD("lse", ISAR0, 20, 2, ""),
    FIELD("rdm", ISAR0, 28, 1, ""),
    FIELD("dotprod", ISAR0, 44, 1, ""),
    FIELD("fullfp16", PFR0, 16, 1, ""),
    FIELD("fp16fml", ISAR0, 48, 1, "fullfp16"),
    FIELD("bf16", ISAR1, 44, 1, ""),
    FIELD("i8mm", ISAR1, 52, 1, ""),
    { .name = NULL },
};

/* ---- which CPU it is ------------------------------------------------------- */

#define PART(cpu, maker, part)                                                                     \
    {                                                                                              \
        cpu, (maker) << 20 | (part), (maker) << 20 | (part)                                        \
    }

/* Servers only: where cores differ, the answer would depend on the core that asks. */
static const Signature signatures[] = {
    PART("neoverse-n1", 0x41, 0xd0c),
    PART("neoverse-n2", 0x41, 0xd49),
    PART("neoverse-v1", 0x41, 0xd40),
    PART("neoverse-v2", 0x41, 0xd4f),
    PART("a64fx", 0x46, 0x001),
    PART("ampere1", 0xc0, 0xac3),
    { .cpu = NULL },
};

static const char *of_class(const char *isa)
{
    return strcmp(isa, "neon") == 0 ? "neon,fp-armv8" : NULL;
}

/* ---- asking ----------------------------------------------------------------- */

static idx mrs(Emit *e, const char *text)
{
    LLVMTypeRef type = LLVMFunctionType(e->i64, NULL, 0, 0);
    LLVMValueRef code =
        LLVMGetInlineAsm(type, text, strlen(text), "=r", 2, 1, 0, LLVMInlineAsmDialectATT, 0);
    return (idx){ LLVMBuildCall2(e->b, type, code, NULL, 0, "") };
}

/* Of MIDR, maker and part without variant and revision. */
static idx part(Emit *e, idx midr)
{
    LLVMValueRef high = LLVMBuildLShr(e->b, midr.v, LLVMConstInt(e->i64, 4, 0), "");
    return (idx){ LLVMBuildAnd(e->b, high, LLVMConstInt(e->i64, 0xff00fff, 0), "") };
}

static void read_words(Emit *e, unsigned wanted, const var w[MAX_WORDS])
{
    static const char *const registers[NWORDS] = {
        [PFR0] = "mrs $0, ID_AA64PFR0_EL1",
        [ISAR0] = "mrs $0, ID_AA64ISAR0_EL1",
        [ISAR1] = "mrs $0, ID_AA64ISAR1_EL1",
        [MIDR] = "mrs $0, MIDR_EL1",
    };
    for (int i = 0; i < NWORDS; i++) {
        if (!(wanted & 1u << i))
            continue;
        idx word = mrs(e, registers[i]);
        v_index_set(e, w[i], i == MIDR ? part(e, word) : word);
    }
}

const DispatchArch dispatch_arm = {
    .triple = "aarch64",
    .cpu = "generic",
    .probes = probes,
    .signatures = signatures,
    .signature = MIDR,
    .of_class = of_class,
    .read = read_words,
};
