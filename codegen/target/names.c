/* names.c: what people call CPUs and systems, for messages about names that are not in our tables.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/names.h"
#include "runtime/base/text.h"

#include <string.h>
#include <strings.h>

typedef struct Said {
    const char *said, *name;
} Said;

static const char *name_of(const Said *table, const char *said)
{
    for (; table->said; table++)
        if (!strcasecmp(table->said, said))
            return table->name;
    return NULL;
}

/* Products, microarchitectures, instruction sets, and names that other compilers have. */
static const Said cpus[] = {
    { "x86", "x86-64" },
    { "amd64", "x86-64" },
    { "sse2", "x86-64" },
    { "sse4", "x86-64-v2" },
    { "sse4.2", "x86-64-v2" },
    { "avx", "x86-64-v2" },
    { "avx2", "x86-64-v3" },
    { "avx512", "x86-64-v4" },
    { "avx512f", "x86-64-v4" },
    { "corei7", "nehalem" },
    { "core-avx2", "haswell" },
    { "sandybridge", "x86-64-v2" },
    { "ivybridge", "x86-64-v2" },
    { "hsw", "haswell" },
    { "bdw", "broadwell" },
    { "skl", "skylake" },
    { "kabylake", "skylake" },
    { "coffeelake", "skylake" },
    { "cometlake", "skylake" },
    { "skx", "skylake-avx512" },
    { "skylake-x", "skylake-avx512" },
    { "clx", "cascadelake" },
    { "cpx", "cooperlake" },
    { "icl", "icelake-client" },
    { "icx", "icelake-server" },
    { "icelake", "icelake-server" },
    { "ice-lake", "icelake-server" },
    { "rkl", "rocketlake" },
    { "tgl", "tigerlake" },
    { "adl", "alderlake" },
    { "rpl", "raptorlake" },
    { "mtl", "meteorlake" },
    { "arl", "arrowlake" },
    { "lnl", "lunarlake" },
    { "srf", "sierraforest" },
    { "spr", "sapphirerapids" },
    { "emr", "emeraldrapids" },
    { "gnr", "graniterapids" },
    { "zen", "znver1" },
    { "zen1", "znver1" },
    { "zen2", "znver2" },
    { "zen3", "znver3" },
    { "zen4", "znver4" },
    { "zen5", "znver5" },
    { "naples", "znver1" },
    { "rome", "znver2" },
    { "milan", "znver3" },
    { "genoa", "znver4" },
    { "bergamo", "znver4" },
    { "turin", "znver5" },
    { "arm64", "generic" },
    { "aarch64", "generic" },
    { "armv8", "generic" },
    { "armv8-a", "generic" },
    { "neon", "generic" },
    { "sve", "neoverse-v1" },
    { "raspberrypi4", "cortex-a72" },
    { "raspberrypi5", "cortex-a76" },
    { "rpi4", "cortex-a72" },
    { "rpi5", "cortex-a76" },
    { "graviton", "cortex-a72" },
    { "graviton2", "neoverse-n1" },
    { "graviton3", "neoverse-v1" },
    { "graviton4", "neoverse-v2" },
    { "altra", "neoverse-n1" },
    { "ampereone", "ampere1" },
    { "grace", "neoverse-v2" },
    { "m1", "apple-m1" },
    { "m2", "apple-m2" },
    { "m3", "apple-m3" },
    { "m4", "apple-m4" },
    { "fugaku", "a64fx" },
    { "riscv", "rv64gcv" },
    { "riscv64", "rv64gcv" },
    { "rvv", "rv64gcv" },
    { "rva23", "rv64gcv" },
    { "wasm32", "wasm-simd128" },
    { "webassembly", "wasm-simd128" },
    { "simd128", "wasm-simd128" },
    { NULL, NULL },
};

static const Said systems[] = {
    { "gnu", "linux" },    { "ubuntu", "linux" },  { "debian", "linux" },  { "bsd", "freebsd" },
    { "osx", "macos" },    { "macosx", "macos" },  { "darwin", "macos" },  { "mac", "macos" },
    { "win", "windows" },  { "win32", "windows" }, { "win64", "windows" }, { "mingw", "windows" },
    { "msvc", "windows" }, { NULL, NULL },
};

int cg_fail_cpu(const char *cpu, dcn_error *err)
{
    const char *names[128] = { NULL };
    int n = 0;
    while (cg_cpus[n].name && n < 126)
        n++;
    for (int i = 0; i < n; i++) /* of names equally near the latest, which the table has last */
        names[i] = cg_cpus[n - 1 - i].name;
    names[n] = "native";
    const char *said = name_of(cpus, cpu), *near = said ? said : rt_nearest(cpu, names);
    if (near)
        return dcn_fail(err, DCN_EENV, "unknown CPU \"%s\" (did you mean \"%s\"?)", cpu, near);
    return dcn_fail(err, DCN_EENV, "unknown CPU \"%s\": `dcngen targets` lists the known ones",
                    cpu);
}

int cg_fail_system(const Arch *arch, const char *name, dcn_error *err)
{
    const char *names[8] = { NULL };
    char all[128];
    int n = 0;
    for (const System *s = arch->systems; s->mark; s++)
        if (s->name)
            names[n++] = s->name;
    const char *said = name_of(systems, name);
    const char *near = said && cg_system_called(arch, said) ? said : rt_nearest(name, names);
    if (near)
        return dcn_fail(err, DCN_EENV, "unknown system \"%s\" of %s (did you mean \"%s\"?)", name,
                        arch->name, near);
    return dcn_fail(err, DCN_EENV,
                    "unknown system \"%s\" of %s: expected %s, or a triple such as %s", name,
                    arch->name, rt_join(names, all, sizeof all), arch->triple);
}
