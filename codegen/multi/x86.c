/* x86.c: what an x86-64 machine is asked before it runs a variant.
**
** The CPU answers cpuid; whether the system saves the wide registers stands in XCR0, which may be read
** if cpuid says that the system has switched XSAVE on: without, a context switch would lose them.
** Bits are those of Intel's Software Developer's Manual, volume 2, CPUID, and of AMD's volume 3.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/inside.h"

#include <stddef.h>
#include <string.h>

/* XCR0, and registers of the leaves 1, 7.0, 7.1 and 0x80000001; SIGNATURE is vendor << 16 | family << 8 | model. */
enum { XCR0, L1C, L7B, L7C, L7D, L71A, E1C, SIGNATURE, NWORDS };
_Static_assert((int)NWORDS <= (int)MAX_WORDS, "words");

#define BIT_WITH(name, word, bit, also)                                                            \
    {                                                                                              \
        name, PROBE_CPU, word, bit, 1, 1, 1, also                                                  \
    }
#define BIT(name, word, bit) BIT_WITH(name, word, bit, "")
#define STATE(name, bits)                                                                          \
    {                                                                                              \
        name, PROBE_SYSTEM, XCR0, 0, bits, bits, bits, ""                                          \
    }
#define GIVEN(name)                                                                                \
    {                                                                                              \
        name, PROBE_GIVEN, 0, 0, 0, 0, 0, ""                                                       \
    }
#define OF_AVX    "AVX registers saved by the system"
#define OF_AVX512 "AVX-512 registers saved by the system"
#define OF_AMX    "AMX registers saved by the system"

/* From the oldest to the newest: the first that is missing is what users are told. */
static const Probe probes[] = {
    BIT("sse3", L1C, 0),
    BIT("ssse3", L1C, 9),
    BIT("sse4.1", L1C, 19),
    BIT("sse4.2", L1C, 20),
    BIT("popcnt", L1C, 23),
    BIT("sse4a", E1C, 6),
    BIT("aes", L1C, 25),
    BIT("pclmul", L1C, 1),
    BIT_WITH("avx", L1C, 28, OF_AVX),
    BIT("f16c", L1C, 29),
    BIT("fma", L1C, 12),
    BIT("avx2", L7B, 5),
    BIT("bmi", L7B, 3),
    BIT("bmi2", L7B, 8),
    BIT("lzcnt", E1C, 5),
    BIT("movbe", L1C, 22),
    STATE(OF_AVX, 0x6),
    BIT("gfni", L7C, 8),
    BIT("vaes", L7C, 9),
    BIT("vpclmulqdq", L7C, 10),
    BIT("avxvnni", L71A, 4),
    BIT_WITH("avx512f", L7B, 16, "evex512," OF_AVX512),
    BIT("avx512cd", L7B, 28),
    BIT("avx512bw", L7B, 30),
    BIT("avx512dq", L7B, 17),
    BIT("avx512vl", L7B, 31),
    STATE(OF_AVX512, 0xe6),
    BIT("avx512ifma", L7B, 21),
    BIT("avx512vbmi", L7C, 1),
    BIT("avx512vbmi2", L7C, 6),
    BIT("avx512vnni", L7C, 11),
    BIT("avx512bitalg", L7C, 12),
    BIT("avx512vpopcntdq", L7C, 14),
    BIT("avx512bf16", L71A, 5),
    BIT("avx512fp16", L7D, 23),
    BIT_WITH("amx-tile", L7D, 24, OF_AMX),
    BIT("amx-bf16", L7D, 22),
    BIT("amx-int8", L7D, 25),
    BIT("amx-fp16", L71A, 21),
    STATE(OF_AMX, 0x60000),
    GIVEN("evex512"),
    GIVEN("prefer-256-bit"),
    GIVEN("fast-gather"),
    GIVEN("prefer-no-gather"),
    { .name = NULL },
};
_Static_assert(sizeof probes / sizeof *probes - 1 <= MAX_PROBES, "probes");

/* ---- which CPU it is ------------------------------------------------------- */

enum { INTEL = 1, AMD = 2 };
#define MODEL(cpu, model)                                                                          \
    {                                                                                              \
        cpu, INTEL << 16 | 0x600 | (model), INTEL << 16 | 0x600 | (model)                          \
    }
#define ZEN(cpu, min, max)                                                                         \
    {                                                                                              \
        cpu, AMD << 16 | (min), AMD << 16 | (max)                                                  \
    }

/* Intel counts models of family 6; three generations of server share one. */
static const Signature signatures[] = {
    MODEL("nehalem", 0x1a),        MODEL("nehalem", 0x1e),        MODEL("nehalem", 0x1f),
    MODEL("nehalem", 0x2e),        MODEL("westmere", 0x25),       MODEL("westmere", 0x2c),
    MODEL("westmere", 0x2f),       MODEL("silvermont", 0x37),     MODEL("silvermont", 0x4a),
    MODEL("silvermont", 0x4d),     MODEL("silvermont", 0x5a),     MODEL("silvermont", 0x5d),
    MODEL("goldmont", 0x5c),       MODEL("goldmont", 0x5f),       MODEL("tremont", 0x86),
    MODEL("tremont", 0x8a),        MODEL("tremont", 0x96),        MODEL("tremont", 0x9c),
    MODEL("haswell", 0x3c),        MODEL("haswell", 0x3f),        MODEL("haswell", 0x45),
    MODEL("haswell", 0x46),        MODEL("broadwell", 0x3d),      MODEL("broadwell", 0x47),
    MODEL("broadwell", 0x4f),      MODEL("broadwell", 0x56),      MODEL("skylake", 0x4e),
    MODEL("skylake", 0x5e),        MODEL("skylake", 0x8e),        MODEL("skylake", 0x9e),
    MODEL("skylake", 0xa5),        MODEL("skylake", 0xa6),        MODEL("alderlake", 0x97),
    MODEL("alderlake", 0x9a),      MODEL("raptorlake", 0xb7),     MODEL("raptorlake", 0xba),
    MODEL("raptorlake", 0xbf),     MODEL("meteorlake", 0xaa),     MODEL("meteorlake", 0xac),
    MODEL("arrowlake", 0xc5),      MODEL("arrowlake", 0xc6),      MODEL("lunarlake", 0xbd),
    MODEL("gracemont", 0xbe),      MODEL("sierraforest", 0xaf),   MODEL("skylake-avx512", 0x55),
    MODEL("cascadelake", 0x55),    MODEL("cooperlake", 0x55),     MODEL("cannonlake", 0x66),
    MODEL("icelake-client", 0x7d), MODEL("icelake-client", 0x7e), MODEL("icelake-server", 0x6a),
    MODEL("icelake-server", 0x6c), MODEL("rocketlake", 0xa7),     MODEL("tigerlake", 0x8c),
    MODEL("tigerlake", 0x8d),      MODEL("sapphirerapids", 0x8f), MODEL("emeraldrapids", 0xcf),
    MODEL("graniterapids", 0xad),  MODEL("graniterapids", 0xae),  ZEN("znver1", 0x1700, 0x172f),
    ZEN("znver2", 0x1730, 0x17ff), ZEN("znver3", 0x1900, 0x190f), ZEN("znver3", 0x1920, 0x195f),
    ZEN("znver4", 0x1910, 0x191f), ZEN("znver4", 0x1960, 0x197f), ZEN("znver4", 0x19a0, 0x19af),
    ZEN("znver5", 0x1a00, 0x1a4f), ZEN("znver5", 0x1a60, 0x1a77), { .cpu = NULL },
};

/* ---- asking ----------------------------------------------------------------- */

enum { EAX, EBX, ECX, EDX, NREGS };

static LLVMValueRef asm_call(Emit *e, const char *text, const char *operands, int nargs,
                             const LLVMValueRef *args)
{
    LLVMTypeRef in[] = { e->i32, e->i32 }, out[NREGS] = { e->i32, e->i32, e->i32, e->i32 };
    int nout = nargs == 2 ? NREGS : 2;
    LLVMTypeRef regs = LLVMStructTypeInContext(e->ctx, out, (unsigned)nout, 0);
    LLVMTypeRef type = LLVMFunctionType(regs, in, (unsigned)nargs, 0);
    LLVMValueRef code = LLVMGetInlineAsm(type, text, strlen(text), operands, strlen(operands), 1, 0,
                                         LLVMInlineAsmDialectATT, 0);
    return LLVMBuildCall2(e->b, type, code, (LLVMValueRef *)(size_t)args, (unsigned)nargs, "");
}

static idx reg(Emit *e, LLVMValueRef regs, int i)
{
    LLVMValueRef r = LLVMBuildExtractValue(e->b, regs, (unsigned)i, "");
    return (idx){ LLVMBuildZExt(e->b, r, e->i64, "") };
}

/* rbx may hold the frame: it is put back. */
static LLVMValueRef cpuid(Emit *e, uint32_t leaf, uint32_t sub)
{
    const LLVMValueRef args[] = { LLVMConstInt(e->i32, leaf, 0), LLVMConstInt(e->i32, sub, 0) };
    return asm_call(e, "xchgq %rbx, ${1:q}\n\tcpuid\n\txchgq %rbx, ${1:q}",
                    "={ax},=r,={cx},={dx},0,2,~{dirflag},~{fpsr},~{flags}", 2, args);
}

/* The second of the four letters' words tells the vendors apart: "Genu", "Auth". */
static idx signature(Emit *e, idx vendor, idx version)
{
    cond is_intel = x_equal(e, vendor, x_const(e, 0x756e6547));
    cond is_amd = x_equal(e, vendor, x_const(e, 0x68747541));
    idx who = x_select(e, is_intel, x_const(e, INTEL),
                       x_select(e, is_amd, x_const(e, AMD), x_const(e, 0)));
    idx family = x_add(e, x_field(e, version, 8, 15), x_field(e, version, 20, 255));
    idx model = x_add(e, x_mulk(e, x_field(e, version, 16, 15), 16), x_field(e, version, 4, 15));
    return x_add(e, x_add(e, x_mulk(e, who, 1 << 16), x_mulk(e, family, 1 << 8)), model);
}

static void read_leaf_7(Emit *e, const var w[MAX_WORDS])
{
    LLVMValueRef l7 = cpuid(e, 7, 0);
    v_index_set(e, w[L7B], reg(e, l7, EBX));
    v_index_set(e, w[L7C], reg(e, l7, ECX));
    v_index_set(e, w[L7D], reg(e, l7, EDX));
    EMIT_IF (e, x_less(e, x_const(e, 0), reg(e, l7, EAX))) {
        v_index_set(e, w[L71A], reg(e, cpuid(e, 7, 1), EAX));
    }
}

/* A leaf beyond the last one answers with another leaf's bits, so the last one is asked first. */
static void read_words(Emit *e, unsigned wanted, const var w[MAX_WORDS])
{
    (void)wanted;
    LLVMValueRef l0 = cpuid(e, 0, 0), l1 = cpuid(e, 1, 0);
    v_index_set(e, w[L1C], reg(e, l1, ECX));
    v_index_set(e, w[SIGNATURE], signature(e, reg(e, l0, EBX), reg(e, l1, EAX)));
    EMIT_IF (e, x_less(e, x_const(e, 6), reg(e, l0, EAX))) {
        read_leaf_7(e, w);
    }
    EMIT_IF (e, x_less(e, x_const(e, 0x80000000), reg(e, cpuid(e, 0x80000000, 0), EAX))) {
        v_index_set(e, w[E1C], reg(e, cpuid(e, 0x80000001, 0), ECX));
    }
    EMIT_IF (e, x_equal(e, x_field(e, reg(e, l1, ECX), 27, 1), x_const(e, 1))) {
        const LLVMValueRef zero = LLVMConstInt(e->i32, 0, 0);
        v_index_set(e, w[XCR0], reg(e, asm_call(e, "xgetbv", "={ax},={dx},{cx}", 1, &zero), EAX));
    }
}

const MultiArch multi_x86 = {
    .triple = "x86_64",
    .cpu = "x86-64",
    .probes = probes,
    .signatures = signatures,
    .signature = SIGNATURE,
    .read = read_words,
};
