/* table.c: the known machines.
**
** LLVM aborts on a CPU name that it does not know and only prints a word about an unknown
** feature, so names are checked here.  Cache sizes are those of the vendor's manuals; the
** native target asks the system instead.  Features are those that LLVM's code for such a CPU
** may use of itself (tests/unit/target compares them with clang's); AMX, say, it never does.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/table.h"

#include <stddef.h>
#include <string.h>

#define X86   "x86_64-pc-linux-gnu"
#define ARM   "aarch64-unknown-linux-gnu"
#define RISCV "riscv64-unknown-linux-gnu"
#define WASM  "wasm32-unknown-unknown"
#define KB    *(int64_t)1024
#define MB    *(int64_t)1048576

#define SSE2   "sse2"
#define SSE42  "sse4.2,sse4.1,ssse3,sse3,popcnt"
#define AVX2   "avx,avx2,fma,f16c,bmi,bmi2,lzcnt,movbe"
#define AVX512 "avx512f,avx512bw,avx512cd,avx512dq,avx512vl"

/* Lengths of SVE vectors are known when code is made, so the class says which one (vscale). */
const Isa cg_isas[] = {
    { .name = "avx512",
      .triple = X86,
      .cpu = "x86-64-v4",
      .has = AVX512,
      .needs = { "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma" },
      .fence = "llvm.x86.sse.sfence",
      .vector_bytes = 64,
      .registers = 32,
      .fma = 1,
      .gather = 1,
      .maxnum = 1,
      .floor = 1 },
    { .name = "avx2",
      .triple = X86,
      .cpu = "x86-64-v3",
      .has = AVX2,
      .needs = { "avx2", "fma" },
      .fence = "llvm.x86.sse.sfence",
      .vector_bytes = 32,
      .registers = 16,
      .fma = 1,
      .maxnum = 1,
      .floor = 1 },
    { .name = "sse4.2",
      .triple = X86,
      .cpu = "x86-64-v2",
      .has = SSE42,
      .needs = { "sse4.2" },
      .fence = "llvm.x86.sse.sfence",
      .vector_bytes = 16,
      .registers = 16,
      .maxnum = 1,
      .floor = 1 },
    { .name = "sse2",
      .triple = X86,
      .cpu = "x86-64",
      .has = SSE2,
      .needs = { "sse2" },
      .fence = "llvm.x86.sse.sfence",
      .vector_bytes = 16,
      .registers = 16,
      .maxnum = 1 },
    { .name = "sve512",
      .triple = ARM,
      .cpu = "a64fx",
      .has = "sve,sve-512",
      .needs = { "sve", "sve-512" },
      .vector_bytes = 64,
      .registers = 32,
      .fma = 1,
      .maxnum = 1,
      .floor = 1,
      .vscale = 4 },
    { .name = "sve256",
      .triple = ARM,
      .cpu = "neoverse-v1",
      .has = "sve,sve-256",
      .needs = { "sve", "sve-256" },
      .vector_bytes = 32,
      .registers = 32,
      .fma = 1,
      .maxnum = 1,
      .floor = 1,
      .vscale = 2 },
    { .name = "neon",
      .triple = ARM,
      .cpu = "generic",
      .has = "neon,fp-armv8",
      .needs = { "neon" },
      .vector_bytes = 16,
      .registers = 32,
      .fma = 1,
      .maxnum = 1,
      .floor = 1 },
    { .name = "rvv512",
      .triple = RISCV,
      .rounds = 1,
      .cpu = "rv64gcv_zvl512b",
      .has = "zvl512b",
      .needs = { "v", "zvl512b" },
      .vector_bytes = 64,
      .registers = 32,
      .fma = 1,
      .maxnum = 1,
      .floor = 1 },
    { .name = "rvv256",
      .triple = RISCV,
      .rounds = 1,
      .cpu = "rv64gcv_zvl256b",
      .has = "zvl256b",
      .needs = { "v", "zvl256b" },
      .vector_bytes = 32,
      .registers = 32,
      .fma = 1,
      .maxnum = 1,
      .floor = 1 },
    { .name = "rvv128",
      .triple = RISCV,
      .rounds = 1,
      .cpu = "rv64gcv",
      .has = "v,m,a,f,d,c,zvl128b",
      .needs = { "v" },
      .vector_bytes = 16,
      .registers = 32,
      .fma = 1,
      .maxnum = 1,
      .floor = 1 },
    { .name = "simd128",
      .triple = WASM,
      .cpu = "wasm-simd128",
      .has = "simd128",
      .needs = { "simd128" },
      .vector_bytes = 16,
      .registers = 16,
      .floor = 1 },
    { .name = NULL },
};

/* Intel's microcode against Gather Data Sampling (CVE-2022-40982) makes a gather wait for its data. */
#define GDS CG_NO_GATHER

#define NONE       ""
#define ICELAKE    "gfni,avx512vnni,avx512ifma,avx512vbmi,avx512vbmi2,avx512bitalg,avx512vpopcntdq"
#define SAPPHIRE   ICELAKE ",avx512bf16,avx512fp16,avxvnni"
#define CORTEX_A76 "crc,dotprod,fullfp16,lse,rdm"
#define APPLE_M1   CORTEX_A76 ",fp16fml"
#define ARMV84     CORTEX_A76 ",bf16,fp16fml,i8mm"
#define ARMV9      ARMV84 ",sve,sve2"

/* How the tests run code for a CPU: on the machine they run on if it has the features, else as it says. */
#define HERE    "native"
#define QEMU    "qemu"
#define BOTH    "native, qemu"
#define NOT_RUN "compiled"

const Cpu cg_cpus[] = {
    { "x86-64", "sse2", 32 KB, 256 KB, 2 MB, NONE, BOTH },
    { "x86-64-v2", "sse4.2", 32 KB, 256 KB, 2 MB, NONE, BOTH },
    { "x86-64-v3", "avx2", 32 KB, 256 KB, 2 MB, NONE, BOTH },
    { "x86-64-v4", "avx512", 32 KB, 1 MB, 1 MB, NONE, HERE },
    { "nehalem", "sse4.2", 32 KB, 256 KB, 2 MB, NONE, NOT_RUN },
    { "westmere", "sse4.2", 32 KB, 256 KB, 2 MB, NONE, NOT_RUN },
    { "silvermont", "sse4.2", 24 KB, 512 KB, 0, "movbe", NOT_RUN },
    { "goldmont", "sse4.2", 24 KB, 1 MB, 0, "movbe", NOT_RUN },
    { "tremont", "sse4.2", 32 KB, 1 MB, 1 MB, "gfni,movbe", NOT_RUN },
    { "haswell", "avx2", 32 KB, 256 KB, 2 MB, NONE, BOTH },
    { "broadwell", "avx2", 32 KB, 256 KB, 2 MB, NONE, NOT_RUN },
    { "skylake", "avx2", 32 KB, 256 KB, 2 MB, NONE, NOT_RUN },
    { "alderlake", "avx2", 48 KB, 1280 KB, 3 MB, "gfni,avxvnni", NOT_RUN },
    { "raptorlake", "avx2", 48 KB, 2 MB, 3 MB, "gfni,avxvnni", NOT_RUN },
    { "meteorlake", "avx2", 48 KB, 2 MB, 3 MB, "gfni,avxvnni", NOT_RUN },
    { "arrowlake", "avx2", 48 KB, 3 MB, 3 MB, "gfni,avxvnni", NOT_RUN },
    { "lunarlake", "avx2", 48 KB, 2560 KB, 3 MB, "gfni,avxvnni", NOT_RUN },
    { "gracemont", "avx2", 32 KB, 512 KB, 1 MB, "gfni,avxvnni", NOT_RUN },
    { "sierraforest", "avx2", 32 KB, 1 MB, 1 MB, "gfni,avxvnni", NOT_RUN },
    { "skylake-avx512", "avx512", 32 KB, 1 MB, 1408 KB, GDS, HERE },
    { "cascadelake", "avx512", 32 KB, 1 MB, 1408 KB, "avx512vnni," GDS, NOT_RUN },
    { "cooperlake", "avx512", 32 KB, 1 MB, 1408 KB, "avx512vnni,avx512bf16," GDS, NOT_RUN },
    { "cannonlake", "avx512", 32 KB, 256 KB, 2 MB, "avx512ifma,avx512vbmi", NOT_RUN },
    { "icelake-client", "avx512", 48 KB, 512 KB, 2 MB, ICELAKE "," GDS, NOT_RUN },
    { "icelake-server", "avx512", 48 KB, 1280 KB, 1536 KB, ICELAKE "," GDS, HERE },
    { "rocketlake", "avx512", 48 KB, 512 KB, 2 MB, ICELAKE "," GDS, NOT_RUN },
    { "tigerlake", "avx512", 48 KB, 1280 KB, 3 MB, ICELAKE "," GDS, NOT_RUN },
    { "sapphirerapids", "avx512", 48 KB, 2 MB, 1920 KB, SAPPHIRE, NOT_RUN },
    { "emeraldrapids", "avx512", 48 KB, 2 MB, 5 MB, SAPPHIRE, NOT_RUN },
    { "graniterapids", "avx512", 48 KB, 2 MB, 4 MB, SAPPHIRE, NOT_RUN },
    { "znver1", "avx2", 32 KB, 512 KB, 2 MB, "sse4a", NOT_RUN },
    { "znver2", "avx2", 32 KB, 512 KB, 4 MB, "sse4a", NOT_RUN },
    { "znver3", "avx2", 32 KB, 512 KB, 4 MB, "sse4a", BOTH },
    { "znver4", "avx512", 32 KB, 1 MB, 4 MB, ICELAKE ",avx512bf16,sse4a," CG_NO_GATHER, HERE },
    { "znver5", "avx512", 48 KB, 1 MB, 4 MB, ICELAKE ",avx512bf16,sse4a,avxvnni", HERE },
    { "generic", "neon", 32 KB, 512 KB, 1 MB, NONE, QEMU },
    { "cortex-a53", "neon", 32 KB, 256 KB, 0, "crc", NOT_RUN },
    { "cortex-a57", "neon", 32 KB, 512 KB, 0, "crc", NOT_RUN },
    { "cortex-a72", "neon", 32 KB, 512 KB, 0, "crc", NOT_RUN },
    { "cortex-a76", "neon", 64 KB, 512 KB, 1 MB, CORTEX_A76, NOT_RUN },
    { "cortex-a78", "neon", 64 KB, 512 KB, 1 MB, CORTEX_A76, NOT_RUN },
    { "neoverse-n1", "neon", 64 KB, 1 MB, 1 MB, CORTEX_A76, QEMU },
    { "neoverse-n2", "neon", 64 KB, 1 MB, 1 MB, ARMV9, NOT_RUN },
    { "neoverse-v1", "sve256", 64 KB, 1 MB, 1 MB, ARMV84, QEMU },
    { "neoverse-v2", "neon", 64 KB, 2 MB, 1 MB, ARMV9, NOT_RUN },
    { "neoverse-v3", "neon", 64 KB, 2 MB, 1 MB, ARMV9, NOT_RUN },
    { "ampere1", "neon", 64 KB, 2 MB, 512 KB, ARMV84, NOT_RUN },
    { "apple-m1", "neon", 128 KB, 3 MB, 0, APPLE_M1, NOT_RUN },
    { "apple-m2", "neon", 128 KB, 4 MB, 0, ARMV84, NOT_RUN },
    { "apple-m3", "neon", 128 KB, 4 MB, 0, ARMV84, NOT_RUN },
    { "apple-m4", "neon", 128 KB, 4 MB, 0, ARMV84, NOT_RUN },
    { "a64fx", "sve512", 64 KB, 8 MB, 0, "crc,fullfp16,lse,rdm", QEMU },
    { "rv64gcv", "rvv128", 32 KB, 512 KB, 1 MB, NONE, QEMU },
    { "rv64gcv_zvl256b", "rvv256", 32 KB, 512 KB, 1 MB, NONE, QEMU },
    { "rv64gcv_zvl512b", "rvv512", 32 KB, 512 KB, 1 MB, NONE, NOT_RUN },
    { "sifive-p670", "rvv128", 32 KB, 256 KB, 1 MB, "zba,zbb,zbs", NOT_RUN },
    { "spacemit-x60", "rvv256", 32 KB, 128 KB, 0, "zba,zbb,zbs", NOT_RUN },
    { "sifive-x280", "rvv512", 32 KB, 512 KB, 0, "zba,zbb", NOT_RUN },
    { "wasm-simd128", "simd128", 32 KB, 256 KB, 1 MB, NONE, "node" },
    { .name = NULL },
};

#define RV64GCV "+m,+a,+f,+d,+c,+v"

const CpuAlias cg_aliases[] = {
    { "rv64gcv", "generic-rv64", RV64GCV },
    { "rv64gcv_zvl256b", "generic-rv64", RV64GCV ",+zvl256b" },
    { "rv64gcv_zvl512b", "generic-rv64", RV64GCV ",+zvl512b" },
    { "wasm-simd128", "generic", "+simd128" },
    { .name = NULL },
};

static const char *const x86_features[] = {
    "sse3",       "ssse3",      "sse4.1",      "sse4.2",     "avx",          "avx2",
    "fma",        "f16c",       "bmi",         "bmi2",       "lzcnt",        "movbe",
    "popcnt",     "avx512f",    "avx512bw",    "avx512cd",   "avx512dq",     "avx512vl",
    "avx512ifma", "avx512vbmi", "avx512vbmi2", "avx512vnni", "avx512bitalg", "avx512vpopcntdq",
    "avx512bf16", "avx512fp16", "avxvnni",     "amx-tile",   "amx-bf16",     "amx-int8",
    "amx-fp16",   "gfni",       "vaes",        "vpclmulqdq", "sse4a",        NULL,
};

static const char *const x86_tuning[] = {
    "evex512", "prefer-256-bit", "fast-gather", CG_NO_GATHER, NULL,
};

static const char *const aarch64_features[] = {
    "neon", "fp-armv8", "fullfp16", "bf16", "dotprod", "i8mm",    "fp16fml", "lse",
    "rdm",  "crc",      "sve",      "sve2", "sve-256", "sve-512", NULL,
};

static const char *const riscv_features[] = {
    "m", "a", "f", "d", "c", "v", "zvl128b", "zvl256b", "zvl512b", "zba", "zbb", "zbs", NULL,
};

static const char *const wasm_features[] = { "simd128", "bulk-memory", "sign-ext", NULL };
static const char *const no_tuning[] = { NULL };

/* In the order in which --help and messages name them. */
#define SYSTEMS(cpu, vendor)                                                                       \
    { "-linux", "linux", cpu "-" vendor "-linux-gnu", FORMAT_ELF },                                \
        { "-freebsd", "freebsd", cpu "-unknown-freebsd", FORMAT_ELF },                             \
    {                                                                                              \
        "-elf", NULL, NULL, FORMAT_ELF                                                             \
    }

static const System x86_systems[] = {
    SYSTEMS("x86_64", "pc"),
    { "-macos", "macos", "x86_64-apple-macos11", FORMAT_MACHO },
    { "-darwin", NULL, NULL, FORMAT_MACHO },
    { "-windows", "windows", "x86_64-pc-windows-msvc", FORMAT_COFF },
    { .mark = NULL },
};

static const System aarch64_systems[] = {
    SYSTEMS("aarch64", "unknown"),
    { "-macos", "macos", "aarch64-apple-macos11", FORMAT_MACHO },
    { "-darwin", NULL, NULL, FORMAT_MACHO },
    { "-windows", "windows", "aarch64-pc-windows-msvc", FORMAT_COFF },
    { .mark = NULL },
};

static const System riscv_systems[] = { SYSTEMS("riscv64", "unknown"), { .mark = NULL } };

static const System wasm_systems[] = {
    { "-unknown-unknown", NULL, NULL, FORMAT_WASM },
    { "-wasi", "wasi", "wasm32-unknown-wasi", FORMAT_WASM },
    { .mark = NULL },
};

#define ELF     "64-bit ELF"
#define ELF_ETC "64-bit ELF, Mach-O or COFF"

const Arch cg_archs[] = {
    { "x86_64", X86, x86_systems, ELF_ETC, "SSE2", x86_features, x86_tuning, 8 },
    { "aarch64", ARM, aarch64_systems, ELF_ETC, "NEON", aarch64_features, no_tuning, 8 },
    { "riscv64", RISCV, riscv_systems, ELF, "V", riscv_features, no_tuning, 8 },
    { "wasm32", WASM, wasm_systems, "wasm", "simd128", wasm_features, no_tuning, 4 },
    { .name = NULL },
};

const Isa *cg_isa(const char *name)
{
    for (const Isa *i = cg_isas; i->name; i++)
        if (strcmp(i->name, name) == 0)
            return i;
    return NULL;
}

const Cpu *cg_cpu(const char *name)
{
    for (const Cpu *c = cg_cpus; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

const CpuAlias *cg_alias(const char *name)
{
    for (const CpuAlias *a = cg_aliases; a->name; a++)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

const Arch *cg_arch(const char *triple)
{
    size_t n = strcspn(triple, "-");
    for (const Arch *a = cg_archs; a->name; a++)
        if (strlen(a->name) == n && memcmp(a->name, triple, n) == 0)
            return a;
    return NULL;
}
