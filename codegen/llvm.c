/* llvm.c: what LLVM forces to be global (targets, the fatal-error handler), and target machines.
**
** LLVM reports what it cannot compile by a fatal error, then ends the process.  A library must
** not do that to its host, so the handler jumps back to the compilation in progress on this
** thread; what LLVM held at that moment is leaked.  Names of CPUs and features are checked
** before LLVM sees them, so no valid spec is known to get here.
** SPDX-License-Identifier: Apache-2.0
*/
#include "guard.h"
#include "runtime/base.h"
#include "target.h"

#include <llvm-c/Core.h>
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Target.h>
#include <pthread.h>
#include <stdio.h>

static _Thread_local CgGuard *current;

static void on_fatal(const char *reason)
{
    if (!current)
        return;
    snprintf(current->reason, sizeof current->reason, "%s", reason);
    longjmp(current->back, 1);
}

CgGuard *cg_guard_set(CgGuard *g)
{
    CgGuard *old = current;
    current = g;
    return old;
}

static void init(void)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    LLVMInstallFatalErrorHandler(on_fatal);
}

void cg_llvm_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init);
}

LLVMTargetMachineRef cg_target_machine(const dcn_target *t, dcn_error *err)
{
    cg_llvm_init();
    LLVMTargetRef target;
    char *why = NULL;
    if (LLVMGetTargetFromTriple(t->triple, &target, &why)) {
        dcn_fail(err, DCN_EENV, "unknown target triple \"%s\": %s", t->triple, why);
        LLVMDisposeMessage(why);
        return NULL;
    }
    LLVMTargetMachineRef tm =
        LLVMCreateTargetMachine(target, t->triple, t->cpu, t->features, LLVMCodeGenLevelDefault,
                                LLVMRelocPIC, LLVMCodeModelDefault);
    if (!tm)
        dcn_fail(err, DCN_EENV, "LLVM cannot compile for \"%s\"", t->triple);
    return tm;
}
