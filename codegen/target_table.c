/* target_table.c: the known machines.
**
** LLVM aborts on a CPU name that it does not know and only prints a word about an unknown
** feature, so names are checked here.  Cache sizes are those of the vendor's manuals; the
** native target asks the system instead.
** SPDX-License-Identifier: Apache-2.0
*/
#include "target_table.h"

#include <stddef.h>
#include <string.h>

#define X86 "x86_64-pc-linux-gnu"
#define ARM "aarch64-unknown-linux-gnu"
#define KB  *(int64_t)1024
#define MB  *(int64_t)1048576

const Isa cg_isas[] = {
    { "avx512",
      X86,
      "x86-64-v4",
      { "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma" },
      64,
      32,
      1,
      1 },
    { "avx2", X86, "x86-64-v3", { "avx2", "fma" }, 32, 16, 1, 0 },
    { "sse4.2", X86, "x86-64-v2", { "sse4.2" }, 16, 16, 0, 0 },
    { "neon", ARM, "generic", { "neon" }, 16, 32, 1, 0 },
    { .name = NULL },
};

const Cpu cg_cpus[] = {
    { "x86-64-v2", "sse4.2", 32 KB, 256 KB, 2 MB },
    { "x86-64-v3", "avx2", 32 KB, 256 KB, 2 MB },
    { "x86-64-v4", "avx512", 32 KB, 1 MB, 1 MB },
    { "nehalem", "sse4.2", 32 KB, 256 KB, 2 MB },
    { "westmere", "sse4.2", 32 KB, 256 KB, 2 MB },
    { "silvermont", "sse4.2", 24 KB, 512 KB, 0 },
    { "goldmont", "sse4.2", 24 KB, 1 MB, 0 },
    { "tremont", "sse4.2", 32 KB, 1 MB, 1 MB },
    { "haswell", "avx2", 32 KB, 256 KB, 2 MB },
    { "broadwell", "avx2", 32 KB, 256 KB, 2 MB },
    { "skylake", "avx2", 32 KB, 256 KB, 2 MB },
    { "alderlake", "avx2", 48 KB, 1280 KB, 3 MB },
    { "raptorlake", "avx2", 48 KB, 2 MB, 3 MB },
    { "meteorlake", "avx2", 48 KB, 2 MB, 3 MB },
    { "arrowlake", "avx2", 48 KB, 3 MB, 3 MB },
    { "gracemont", "avx2", 32 KB, 512 KB, 1 MB },
    { "sierraforest", "avx2", 32 KB, 1 MB, 1 MB },
    { "skylake-avx512", "avx512", 32 KB, 1 MB, 1408 KB },
    { "cascadelake", "avx512", 32 KB, 1 MB, 1408 KB },
    { "cooperlake", "avx512", 32 KB, 1 MB, 1408 KB },
    { "cannonlake", "avx512", 32 KB, 256 KB, 2 MB },
    { "icelake-client", "avx512", 48 KB, 512 KB, 2 MB },
    { "icelake-server", "avx512", 48 KB, 1280 KB, 1536 KB },
    { "rocketlake", "avx512", 48 KB, 512 KB, 2 MB },
    { "tigerlake", "avx512", 48 KB, 1280 KB, 3 MB },
    { "sapphirerapids", "avx512", 48 KB, 2 MB, 1920 KB },
    { "emeraldrapids", "avx512", 48 KB, 2 MB, 5 MB },
    { "graniterapids", "avx512", 48 KB, 2 MB, 4 MB },
    { "znver1", "avx2", 32 KB, 512 KB, 2 MB },
    { "znver2", "avx2", 32 KB, 512 KB, 4 MB },
    { "znver3", "avx2", 32 KB, 512 KB, 4 MB },
    { "znver4", "avx512", 32 KB, 1 MB, 4 MB },
    { "znver5", "avx512", 48 KB, 1 MB, 4 MB },
    { "generic", "neon", 32 KB, 512 KB, 1 MB },
    { "cortex-a53", "neon", 32 KB, 256 KB, 0 },
    { "cortex-a57", "neon", 32 KB, 512 KB, 0 },
    { "cortex-a72", "neon", 32 KB, 512 KB, 0 },
    { "cortex-a76", "neon", 64 KB, 512 KB, 1 MB },
    { "cortex-a78", "neon", 64 KB, 512 KB, 1 MB },
    { "neoverse-n1", "neon", 64 KB, 1 MB, 1 MB },
    { "neoverse-n2", "neon", 64 KB, 1 MB, 1 MB },
    { "neoverse-v1", "neon", 64 KB, 1 MB, 1 MB },
    { "neoverse-v2", "neon", 64 KB, 2 MB, 1 MB },
    { "ampere1", "neon", 64 KB, 2 MB, 512 KB },
    { "apple-m4", "neon", 128 KB, 4 MB, 0 },
    { .name = NULL },
};

const char *const cg_x86_features[] = {
    "sse3",
    "ssse3",
    "sse4.1",
    "sse4.2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "bmi",
    "bmi2",
    "lzcnt",
    "movbe",
    "popcnt",
    "avx512f",
    "avx512bw",
    "avx512cd",
    "avx512dq",
    "avx512vl",
    "avx512ifma",
    "avx512vbmi",
    "avx512vbmi2",
    "avx512vnni",
    "avx512bitalg",
    "avx512vpopcntdq",
    "avx512bf16",
    "avx512fp16",
    "avxvnni",
    "amx-tile",
    "amx-bf16",
    "amx-int8",
    "amx-fp16",
    "evex512",
    "prefer-256-bit",
    "fast-gather",
    "prefer-no-gather",
    "gfni",
    "vaes",
    "vpclmulqdq",
    "sse4a",
    NULL,
};

const char *const cg_aarch64_features[] = {
    "neon", "fp-armv8", "fullfp16", "bf16", "dotprod", "i8mm", "fp16fml", "lse", "rdm", "crc", NULL,
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
