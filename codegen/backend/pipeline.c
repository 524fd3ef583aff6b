/* pipeline.c: verify, optimise, render.
**
** The emitters write the vectors, the unrolling and the tiles that the schedule asks for, so LLVM's vectorisers and
** unrollers stay out: only clean-up passes run, the same ones in tuning and production.  All errors of LLVM are met
** here.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/pipeline.h"
#include "codegen/target/fatal.h"
#include "codegen/target/llvm_init.h"
#include "codegen/target/table.h"
#include "runtime/base/base.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdlib.h>
#include <string.h>

/* More of them (instcombine and adce after these, memory in early-cse) take away at most one instruction of a kernel
** of bench/workloads.lua, and a fifth of the time that these take. */
#define PASSES                                                                                     \
    "function(sroa,early-cse,instcombine<no-verify-fixpoint>,loop-mssa(licm),early-cse,"           \
    "simplifycfg)"

/* Parts of a network that differ in little have many functions in common. */
static const char *passes_of(const Build *b)
{
    return b->merges ? "mergefunc," PASSES : PASSES;
}

static int verify(Build *b, dcn_error *err);
static int optimise(Build *b, dcn_error *err);
static int render(Build *b, dcn_error *err);

/* The pipeline, each stage shown on demand. */
static int stages(Build *b, dcn_error *err)
{
    Trace *t = &b->trace;
    trace_time(t, "write");
    if (trace_module(t, RT_VERBOSE_IR, "ll", b->e.mod, err) || verify(b, err))
        return -1;
    trace_time(t, "verify");
    if (optimise(b, err) || trace_module(t, RT_VERBOSE_OPT, "opt.ll", b->e.mod, err))
        return -1;
    trace_time(t, "optimise");
    if (trace_asm(t, b->e.mod, b->tm, passes_of(b), err) || render(b, err))
        return -1;
    trace_time(t, "generate");
    return 0;
}

/* ---- the stages ---------------------------------------------------------------------------------- */

static int verify(Build *b, dcn_error *err)
{
    char *why = NULL;
    int bad = LLVMVerifyModule(b->e.mod, LLVMReturnStatusAction, &why);
    if (bad)
        dcn_fail(err, DCN_EFAILED, "internal: the generated code is malformed: %s", why);
    LLVMDisposeMessage(why);
    return bad ? -1 : 0;
}

static int optimise(Build *b, dcn_error *err)
{
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(b->tm);
    LLVMSetModuleDataLayout(b->e.mod, layout);
    LLVMDisposeTargetData(layout);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef why = LLVMRunPasses(b->e.mod, passes_of(b), b->tm, options);
    LLVMDisposePassBuilderOptions(options);
    if (!why)
        return 0;
    char *text = LLVMGetErrorMessage(why);
    dcn_fail(err, DCN_EFAILED, "internal: optimising failed: %s", text);
    LLVMDisposeErrorMessage(text);
    return -1;
}

static int fail_frame(const Build *b, dcn_error *err)
{
    return dcn_fail(
        err, DCN_EENV,
        "code for %s needs a stack frame of more than 4095 bytes, for which Windows wants "
        "a function of the C runtime: choose another schedule, or a CPU with fewer or "
        "shorter registers",
        b->e.target->cpu);
}

static int machine_code(Build *b, LLVMCodeGenFileType type, dcn_error *err)
{
    char *why = NULL;
    if (!LLVMTargetMachineEmitToMemoryBuffer(b->tm, b->e.mod, type, &why, &b->out))
        return b->large_frame ? fail_frame(b, err) : 0;
    dcn_fail(err, DCN_EFAILED, "internal: code generation failed: %s", why);
    LLVMDisposeMessage(why);
    return -1;
}

static int render(Build *b, dcn_error *err)
{
    if (b->kind == CG_OBJ)
        return machine_code(b, LLVMObjectFile, err);
    if (b->kind == CG_ASM)
        return machine_code(b, LLVMAssemblyFile, err);
    if (b->kind == CG_BITCODE)
        b->out = LLVMWriteBitcodeToMemoryBuffer(b->e.mod);
    else
        b->text = LLVMPrintModuleToString(b->e.mod);
    return 0;
}

static int hand_over(Build *b, void **bytes, size_t *size, dcn_error *err)
{
    const char *from = b->text ? b->text : LLVMGetBufferStart(b->out);
    *size = b->text ? strlen(b->text) : LLVMGetBufferSize(b->out);
    char *copy = malloc(*size + 1);
    if (!copy)
        return dcn_fail(err, DCN_EENV, "out of memory");
    memcpy(copy, from, *size);
    copy[*size] = '\0';
    *bytes = copy;
    return 0;
}

static void release(Build *b)
{
    if (b->out)
        LLVMDisposeMemoryBuffer(b->out);
    if (b->text)
        LLVMDisposeMessage(b->text);
    if (b->tm)
        LLVMDisposeTargetMachine(b->tm);
    LLVMDisposeModule(b->e.mod);
    LLVMContextDispose(b->e.ctx);
}

/* ---- from end to end --------------------------------------------------------------------------- */

/* Whether somebody will read the module, or assembly, where its blocks are named in comments. */
static bool is_read(const Build *b)
{
    const unsigned printed = RT_VERBOSE_IR | RT_VERBOSE_OPT | RT_VERBOSE_ASM;
    return b->kind == CG_LLVM_IR || b->kind == CG_ASM || b->trace.env.dump ||
           trace_wants(&b->trace, printed);
}

/* Windows maps the stack page by page, so LLVM calls a function of the C runtime where a frame is as large as one;
** the functions of such a module ask for a warning then (e_fn_begin), which is an error here. */
static void on_diagnostic(LLVMDiagnosticInfoRef info, void *self)
{
    Build *b = self;
    char *text = LLVMGetDiagInfoDescription(info);
    if (LLVMGetDiagInfoSeverity(info) <= LLVMDSWarning && strstr(text, "stack frame size"))
        b->large_frame = true;
    LLVMDisposeMessage(text);
}

int build_open(Build *b, CgKind kind, const char *name, dcn_dtype dtype, const dcn_target *t,
               dcn_error *err)
{
    *b = (Build){ .kind = kind };
    cg_llvm_init();
    if (!cg_isa(t->isa))
        return dcn_fail(err, DCN_EENV, "unknown class of instruction sets \"%s\"", t->isa);
    if (trace_open(&b->trace, name, err))
        return -1;
    e_open(&b->e, name, dtype, t);
    LLVMContextSetDiagnosticHandler(b->e.ctx, on_diagnostic, b);
    if (!is_read(b))
        e_discard_names(&b->e);
    return 0;
}

/* From a module that has just been written to bytes; disposes of everything. */
int build_finish(Build *b, void **bytes, size_t *size, dcn_error *err)
{
    CgRecovery recovery, *former = cg_recovery_set(&recovery);
    int rc = -1;
    e_close(&b->e);
    if (setjmp(recovery.back) == 0) {
        b->tm = cg_target_machine(b->e.target, err);
        if (b->tm && !stages(b, err))
            rc = hand_over(b, bytes, size, err);
        release(b);
    } else {
        rc = dcn_fail(err, DCN_EFAILED, "internal: LLVM: %s", recovery.reason);
    }
    cg_recovery_set(former);
    return rc;
}

int build_abandon(Build *b, dcn_error *err)
{
    e_close(&b->e);
    release(b);
    return dcn_fail(err, DCN_EENV, "no memory for the stages of '%s'", b->trace.name);
}

void build_keep_only(Build *b, LLVMValueRef fn)
{
    for (LLVMValueRef at = LLVMGetFirstFunction(b->e.mod); at; at = LLVMGetNextFunction(at))
        if (at != fn && LLVMCountBasicBlocks(at))
            LLVMSetLinkage(at, LLVMInternalLinkage);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef why = LLVMRunPasses(b->e.mod, "globaldce", NULL, options);
    LLVMDisposePassBuilderOptions(options);
    LLVMConsumeError(why); /* what is left in does no harm */
}
