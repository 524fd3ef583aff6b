/* needs.c: which feature of a CPU takes which others for granted.
**
** LLVM's switches mean more than they say: "+vaes" puts AVX2 in, and "-avx2" takes VAES out.  The
** tables have what LLVM puts in (tests/unit/target asks clang), besides a word of our own, a length
** of SVE vectors.  They have features that -mattr does not know as well, because LLVM lists those
** of the machine. SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/needs.h"

#include <stddef.h>
#include <string.h>

static const Need x86_needs[] = {
    { "sse2", "sse" },
    { "sse3", "sse2" },
    { "ssse3", "sse3" },
    { "sse4.1", "ssse3" },
    { "sse4.2", "sse4.1" },
    { "sse4a", "sse3" },
    { "aes", "sse2" },
    { "pclmul", "sse2" },
    { "sha", "sse2" },
    { "gfni", "sse2" },
    { "kl", "sse2" },
    { "widekl", "kl" },
    { "avx", "sse4.2" },
    { "f16c", "avx" },
    { "fma", "avx" },
    { "avx2", "avx" },
    { "fma4", "avx,sse4a" },
    { "xop", "fma4" },
    { "vaes", "aes,avx2" },
    { "vpclmulqdq", "pclmul,avx" },
    { "sm3", "avx" },
    { "sm4", "avx2" },
    { "sha512", "avx2" },
    { "avxvnni", "avx2" },
    { "avxifma", "avx2" },
    { "avxvnniint8", "avx2" },
    { "avxvnniint16", "avx2" },
    { "avxneconvert", "avx2" },
    { "avx512f", "avx2,f16c,fma" },
    { "avx512cd", "avx512f" },
    { "avx512bw", "avx512f" },
    { "avx512dq", "avx512f" },
    { "avx512vl", "avx512f" },
    { "avx512ifma", "avx512f" },
    { "avx512vnni", "avx512f" },
    { "avx512vpopcntdq", "avx512f" },
    { "avx512vp2intersect", "avx512f" },
    { "avx512vbmi", "avx512bw" },
    { "avx512vbmi2", "avx512bw" },
    { "avx512bitalg", "avx512bw" },
    { "avx512bf16", "avx512bw" },
    { "avx512fp16", "avx512bw,avx512dq,avx512vl" },
    { "avx10.1-256", "avx512cd,avx512vbmi,avx512ifma,avx512vnni,avx512bf16,avx512vpopcntdq,"
                     "avx512vbmi2,avx512bitalg,vaes,vpclmulqdq,avx512fp16" },
    { "avx10.1-512", "avx10.1-256,evex512" },
    { "amx-bf16", "amx-tile" },
    { "amx-int8", "amx-tile" },
    { "amx-fp16", "amx-tile" },
    { "amx-complex", "amx-tile" },
    { .feature = NULL },
};

static const Need aarch64_needs[] = {
    { "neon", "fp-armv8" },    { "fullfp16", "fp-armv8" }, { "bf16", "neon" },
    { "dotprod", "neon" },     { "rdm", "neon" },          { "i8mm", "neon" },
    { "fp16fml", "fullfp16" }, { "sve", "fullfp16" },      { "sve2", "sve" },
    { "sve-256", "sve" },      { "sve-512", "sve" },       { .feature = NULL },
};

static const Need riscv_needs[] = {
    { "d", "f" },        { "v", "d,zvl128b" }, { "zvl256b", "zvl128b" }, { "zvl512b", "zvl256b" },
    { .feature = NULL },
};

static const Need no_needs[] = { { .feature = NULL } };

static const struct {
    const char *arch;
    const Need *needs;
} by_arch[] = {
    { "x86_64", x86_needs },
    { "aarch64", aarch64_needs },
    { "riscv64", riscv_needs },
};

const Need *cg_needs(const char *triple)
{
    const size_t n = strcspn(triple, "-");
    for (size_t i = 0; i < sizeof by_arch / sizeof *by_arch; i++)
        if (strlen(by_arch[i].arch) == n && memcmp(by_arch[i].arch, triple, n) == 0)
            return by_arch[i].needs;
    return no_needs;
}

const char *cg_needs_of(const Need *needs, const char *feature, size_t n)
{
    for (; needs->feature; needs++)
        if (strlen(needs->feature) == n && memcmp(needs->feature, feature, n) == 0)
            return needs->needs;
    return "";
}

bool cg_implies(const Need *needs, const char *a, size_t na, const char *b, size_t nb)
{
    if (na == nb && memcmp(a, b, na) == 0)
        return true;
    for (const char *p = cg_needs_of(needs, a, na); *p; p += strspn(p, ",")) {
        const size_t n = strcspn(p, ",");
        if (cg_implies(needs, p, n, b, nb))
            return true;
        p += n;
    }
    return false;
}
