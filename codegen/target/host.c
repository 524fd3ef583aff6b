/* host.c: the machine that this runs on, as a row of the target table.
**
** The CPU's name is never trusted for what the machine can do (a virtual machine may report an
** older CPU): features decide the class, the name helps LLVM's scheduler and says whether gathers
** pay.  Nor is a feature trusted whose needs the machine lacks: hypervisors hide AVX2 and leave VAES,
** which to LLVM would mean AVX2 again.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/caches.h"
#include "codegen/target/features.h"
#include "codegen/target/llvm_init.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "runtime/base/text.h"

#include <llvm-c/Core.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* A machine that says nothing of L1 or L2, as some virtual ones do, is guessed to be as the
** plainest CPU of its class. */
static void read_caches(dcn_target *t, const Isa *isa)
{
    const CacheShares caches = cg_caches();
    const Cpu *plain = cg_cpu(isa->cpu);
    t->l1_bytes = caches.bytes[0] ? caches.bytes[0] : plain->l1_bytes;
    t->l2_bytes = caches.bytes[1] ? caches.bytes[1] : plain->l2_bytes;
    t->l3_bytes = caches.bytes[2];
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

/* The plainest CPU of a class has features that do not decide the class, and that this machine may
** lack: BMI2, say. */
static void take_away_missing(dcn_target *t, const dcn_target *machine)
{
    rt_text list = rt_text_in(t->features, sizeof t->features);
    for (const char *const *f = cg_arch(t->triple)->features; *f; f++)
        if (cg_target_has(t, *f) && !cg_target_has(machine, *f))
            rt_text_item(&list, ",", "-%s", *f);
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
    const dcn_target machine = *t;
    cg_set_isa(t, isa);
    snprintf(t->cpu, sizeof t->cpu, "%s", isa->cpu);
    take_away_missing(t, &machine);
    return 0;
}

/* The system says whether there is SVE, and how long its vectors are: LLVM believes the CPU's name,
** and a virtual machine may have hidden it. */
static void add_sve_length(dcn_target *t)
{
    enum { LENGTH_BYTES = 0xffff };
    if (strncmp(t->triple, "aarch64", 7) != 0)
        return;
    int length = prctl(PR_SVE_GET_VL);
    int bits = length < 0 ? 0 : 8 * (length & LENGTH_BYTES);
    rt_text list = rt_text_after(t->features, sizeof t->features);
    rt_text_item(&list, ",", "%csve,%csve-256,%csve-512", bits ? '+' : '-', bits == 256 ? '+' : '-',
                 bits == 512 ? '+' : '-');
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
    cg_drop_unmet(t->triple, t->features);
    const Isa *isa = fits ? cg_classify(t->triple, NULL, t->features) : NULL;
    if (!isa)
        return dcn_fail(err, DCN_EENV,
                        "this CPU (%s, %s) is not supported: expected x86-64, AArch64, or "
                        "RISC-V with V",
                        t->cpu, t->triple);
    cg_set_isa(t, isa);
    read_caches(t, isa);
    rt_env env;
    if (rt_env_read(&env, err))
        return -1;
    return env.max_isa ? lower_to(t, env.max_isa, err) : 0;
}
