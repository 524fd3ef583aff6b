/* host.c: the machine that this runs on, as a row of the target table.
**
** The CPU's name is never trusted for what the machine can do (a virtual machine may
** report an older CPU): features decide the class, the name only helps LLVM's scheduler.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/features.h"
#include "codegen/target/llvm_init.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "runtime/base/text.h"

#include <llvm-c/Core.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void read_caches(dcn_target *t)
{
    static const int names[] = { _SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                                 _SC_LEVEL3_CACHE_SIZE };
    int64_t *to[] = { &t->l1_bytes, &t->l2_bytes, &t->l3_bytes };
    for (int i = 0; i < 3; i++) {
        long n = sysconf(names[i]);
        *to[i] = n > 0 ? n : 0;
    }
}

static int no_such_isa(const dcn_target *t, const char *name, dcn_error *err)
{
    char list[128];
    rt_text all = rt_text_in(list, sizeof list);
    for (const Isa *i = cg_isas; i->name; i++)
        if (cg_is_arch(t->triple, i))
            rt_text_item(&all, ", ", "%s", i->name);
    return dcn_fail(err, DCN_EENV, "DCNGEN_MAX_ISA = \"%s\" is not one of %s", name, list);
}

static int lower_to(dcn_target *t, const char *max, dcn_error *err)
{
    const Isa *isa = cg_isa(max);
    if (!isa || !cg_is_arch(t->triple, isa))
        return no_such_isa(t, max, err);
    if (isa <= cg_isa(t->isa))
        return 0;
    if (!cg_has_class(isa, NULL, t->features))
        return dcn_fail(err, DCN_EENV,
                        "DCNGEN_MAX_ISA = \"%s\": this machine's vectors are not so long", max);
    cg_set_isa(t, isa);
    snprintf(t->cpu, sizeof t->cpu, "%s", isa->cpu);
    t->features[0] = '\0';
    return 0;
}

/* LLVM says whether there is SVE, and the system how long its vectors are. */
static void add_sve_length(dcn_target *t)
{
    enum { LENGTH_BYTES = 0xffff };
    if (!cg_target_has(t, "sve"))
        return;
    int length = prctl(PR_SVE_GET_VL);
    size_t n = strlen(t->features);
    int bits = length < 0 ? 0 : 8 * (length & LENGTH_BYTES);
    snprintf(t->features + n, sizeof t->features - n, ",%csve,%csve-256,%csve-512",
             bits ? '+' : '-', bits == 256 ? '+' : '-', bits == 512 ? '+' : '-');
}

int dcn_target_native(dcn_target *t, dcn_error *err)
{
    cg_llvm_init();
    memset(t, 0, sizeof *t);
    char *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName();
    char *features = LLVMGetHostCPUFeatures();
    snprintf(t->triple, sizeof t->triple, "%s", triple);
    snprintf(t->cpu, sizeof t->cpu, "%s", cpu);
    int fits = snprintf(t->features, sizeof t->features, "%s", features) < (int)sizeof t->features;
    LLVMDisposeMessage(triple);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
    add_sve_length(t);
    const Isa *isa = fits ? cg_classify(t->triple, NULL, t->features) : NULL;
    if (!isa)
        return dcn_fail(err, DCN_EENV,
                        "this CPU (%s, %s) is not supported: expected x86-64 with SSE4.2 or newer, "
                        "AArch64, or RISC-V with V",
                        t->cpu, t->triple);
    cg_set_isa(t, isa);
    read_caches(t);
    rt_env env;
    if (rt_env_read(&env, err))
        return -1;
    return env.max_isa ? lower_to(t, env.max_isa, err) : 0;
}
