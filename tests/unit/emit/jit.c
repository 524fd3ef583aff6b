/* jit.c: verify, optimise as little as possible, compile, load.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/emit/jit.h"
#include "codegen/target/llvm_init.h"
#include "codegen/target/table.h"

#include <criterion/criterion.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

Emit *jit_begin(Jit *j, dcn_dtype dtype, const dcn_target *t, int lanes)
{
    *j = (Jit){ 0 };
    Emit *e = &j->e;
    e_open(e, "test", dtype, t);
    LLVMTypeRef args[] = { e->ptr, e->ptr, e->i64 };
    e_fn_begin(e, "f", 0, e->none, 3, args);
    if (lanes)
        e_fn_lanes(e, lanes);
    return e;
}

addr jit_in(Emit *e)
{
    return e_arg_addr(e, 0);
}

addr jit_out(Emit *e)
{
    return e_arg_addr(e, 1);
}

idx jit_n(Emit *e)
{
    return e_arg_idx(e, 2);
}

static void must(LLVMErrorRef error)
{
    if (error)
        cr_assert(0, "%s", LLVMGetErrorMessage(error));
}

/* The module, optimised, as an object. */
static LLVMMemoryBufferRef compile(Jit *j)
{
    dcn_error err;
    char *why = NULL;
    LLVMMemoryBufferRef object = NULL;
    cr_assert_not(LLVMVerifyModule(j->e.mod, LLVMReturnStatusAction, &why), "%s", why);
    LLVMDisposeMessage(why);
    LLVMTargetMachineRef tm = cg_target_machine(j->e.target, &err);
    cr_assert_not_null(tm, "%s", err.text);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    must(LLVMRunPasses(j->e.mod, "sroa,early-cse,instcombine,simplifycfg", tm, options));
    LLVMDisposePassBuilderOptions(options);
    int bad = LLVMTargetMachineEmitToMemoryBuffer(tm, j->e.mod, LLVMObjectFile, &why, &object);
    cr_assert_not(bad, "%s", why);
    LLVMDisposeTargetMachine(tm);
    return object;
}

void jit_end(Jit *j)
{
    e_fn_end(&j->e);
    e_close(&j->e);
    LLVMMemoryBufferRef object = compile(j);
    LLVMDisposeModule(j->e.mod);
    LLVMContextDispose(j->e.ctx);
    LLVMOrcLLJITRef lljit;
    LLVMOrcExecutorAddress at;
    must(LLVMOrcCreateLLJIT(&lljit, NULL));
    must(LLVMOrcLLJITAddObjectFile(lljit, LLVMOrcLLJITGetMainJITDylib(lljit), object));
    must(LLVMOrcLLJITLookup(lljit, &at, "f"));
    j->owner = lljit;
    j->fn = (JitFn)(uintptr_t)at;
}

void jit_free(Jit *j)
{
    must(LLVMOrcDisposeLLJIT(j->owner));
}

/* Lowering the machine by the environment gives what it can run, by construction.  Lowering it to
** its own class, as at the end, changes nothing. */
int jit_target(int i, dcn_target *t)
{
    dcn_error err;
    cr_assert_eq(dcn_target_native(t, &err), 0, "%s", err.text);
    if (i == 0)
        return 0;
    const Isa *native = cg_isa(t->isa);
    for (int k = 1; k <= i; k++)
        if (!native[k].name || strcmp(native[k].triple, native->triple) != 0)
            return -1;
    setenv("DCNGEN_MAX_ISA", native[i].name, 1);
    cr_assert_eq(dcn_target_native(t, &err), 0, "%s", err.text);
    setenv("DCNGEN_MAX_ISA", native->name, 1);
    return 0;
}
