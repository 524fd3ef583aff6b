/* llvm_init.c: what LLVM forces to be global (targets, the fatal-error handler), and target machines.
**
** LLVM reports what it cannot compile by a fatal error, then ends the process.  A library must
** not do that to its host, so the handler jumps back to the compilation in progress on this
** thread; what LLVM held at that moment is leaked.  Names of CPUs and features are checked
** before LLVM sees them, so no valid spec is known to get here.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/target/llvm_init.h"
#include "codegen/target/fatal.h"
#include "codegen/target/features.h"
#include "runtime/base/base.h"

#include <llvm-c/Core.h>
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Target.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static _Thread_local CgRecovery *current;

static void on_fatal(const char *reason)
{
    if (!current)
        return;
    snprintf(current->reason, sizeof current->reason, "%s", reason);
    longjmp(current->back, 1);
}

CgRecovery *cg_recovery_set(CgRecovery *r)
{
    CgRecovery *former = current;
    current = r;
    return former;
}

/* ---- back ends ---------------------------------------------------------------------------------- */

#define BACK_END(arch)                                                                             \
    static void open_##arch(void)                                                                  \
    {                                                                                              \
        LLVMInitialize##arch##Target();                                                            \
        LLVMInitialize##arch##TargetMC();                                                          \
        LLVMInitialize##arch##AsmPrinter();                                                        \
        LLVMInitialize##arch##AsmParser();                                                         \
    }
BACK_END(X86)
BACK_END(AArch64)
BACK_END(RISCV)
BACK_END(WebAssembly)

static struct BackEnd {
    const char *arch;
    void (*open)(void);
    pthread_once_t once;
} back_ends[] = {
    { "x86_64", open_X86, PTHREAD_ONCE_INIT },
    { "aarch64", open_AArch64, PTHREAD_ONCE_INIT },
    { "riscv64", open_RISCV, PTHREAD_ONCE_INIT },
    { "wasm32", open_WebAssembly, PTHREAD_ONCE_INIT },
};

static void open_back_end(const char *triple)
{
    size_t n = strcspn(triple, "-");
    for (size_t i = 0; i < sizeof back_ends / sizeof *back_ends; i++)
        if (strlen(back_ends[i].arch) == n && !memcmp(back_ends[i].arch, triple, n))
            pthread_once(&back_ends[i].once, back_ends[i].open);
}

/* All names at once, because LLVM's list of them may not grow while another thread reads it. */
static void init(void)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeRISCVTargetInfo();
    LLVMInitializeWebAssemblyTargetInfo();
    char *host = LLVMGetDefaultTargetTriple();
    open_back_end(host);
    LLVMDisposeMessage(host);
    LLVMInstallFatalErrorHandler(on_fatal);
}

void cg_llvm_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init);
}

/* ---- target machines ---------------------------------------------------------------------------- */

/* The list without the words that are the table's own, and what the table knows of the CPU's gathers. */
static void llvm_features(const dcn_target *t, char *out)
{
    *out = '\0';
    for (const char *p = t->features; *p; p += strspn(p, ",")) {
        size_t n = strcspn(p, ",");
        if (strncmp(p + 1, "sve-", 4) != 0)
            out += sprintf(out, "%.*s,", (int)n, p);
        p += n;
    }
    if (cg_target_has(t, CG_NO_GATHER))
        strcpy(out, CG_NO_GATHERS);
}

const char *cg_llvm_triple(const dcn_target *t, char buf[CG_TRIPLE_MAX])
{
    const System *system = cg_system(t->triple);
    if (!system || system->format != FORMAT_COFF)
        return t->triple;
    snprintf(buf, CG_TRIPLE_MAX, "%s-pc-windows-gnu", cg_arch(t->triple)->name);
    return buf;
}

LLVMTargetMachineRef cg_target_machine(const dcn_target *t, dcn_error *err)
{
    cg_llvm_init();
    LLVMTargetRef target;
    char *why = NULL, buf[CG_TRIPLE_MAX];
    const char *triple = cg_llvm_triple(t, buf);
    if (LLVMGetTargetFromTriple(triple, &target, &why)) {
        dcn_fail(err, DCN_EENV, "unknown target triple \"%s\": %s", t->triple, why);
        LLVMDisposeMessage(why);
        return NULL;
    }
    open_back_end(t->triple);
    const CpuAlias *alias = cg_alias(t->cpu);
    const System *system = cg_system(t->triple);
    char features[sizeof t->features + sizeof CG_NO_GATHERS];
    llvm_features(t, features);
    LLVMTargetMachineRef tm = LLVMCreateTargetMachine(
        target, triple, alias ? alias->llvm : t->cpu, features, LLVMCodeGenLevelDefault,
        system && system->format == FORMAT_WASM ? LLVMRelocStatic : LLVMRelocPIC,
        LLVMCodeModelDefault);
    if (!tm)
        dcn_fail(err, DCN_EENV, "LLVM cannot compile for \"%s\"", t->triple);
    return tm;
}
