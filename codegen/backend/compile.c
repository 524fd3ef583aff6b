/* compile.c: the pipeline on one page: build, verify, optimise, emit.
**
** The emitters write the vectors, the unrolling and the tiles that the schedule asks for, so LLVM's
** vectorisers and unrollers stay out: only clean-up passes run, the same ones in tuning and production.
** All errors of LLVM are met here.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/trace.h"
#include "codegen/cg.h"
#include "codegen/ir/emit.h"
#include "codegen/kernel/entry.h"
#include "codegen/multi/multi.h"
#include "codegen/target/fatal.h"
#include "codegen/target/table.h"
#include "codegen/target/target.h"
#include "runtime/base/base.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More of them (instcombine and adce after these, memory in early-cse) take away at most one instruction of a kernel
** of bench/workloads.lua, and a fifth of the time that these take. */
#define PASSES                                                                                     \
    "function(sroa,early-cse,instcombine<no-verify-fixpoint>,loop-mssa(licm),early-cse,"           \
    "simplifycfg)"

typedef struct Build {
    Emit e;
    Trace trace;
    LLVMTargetMachineRef tm;
    LLVMMemoryBufferRef out;
    char *text;
} Build;

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
    LLVMErrorRef why = LLVMRunPasses(b->e.mod, PASSES, b->tm, options);
    LLVMDisposePassBuilderOptions(options);
    if (!why)
        return 0;
    char *text = LLVMGetErrorMessage(why);
    dcn_fail(err, DCN_EFAILED, "internal: optimising failed: %s", text);
    LLVMDisposeErrorMessage(text);
    return -1;
}

static int machine_code(Build *b, LLVMCodeGenFileType type, dcn_error *err)
{
    char *why = NULL;
    if (!LLVMTargetMachineEmitToMemoryBuffer(b->tm, b->e.mod, type, &why, &b->out))
        return 0;
    dcn_fail(err, DCN_EFAILED, "internal: code generation failed: %s", why);
    LLVMDisposeMessage(why);
    return -1;
}

static int render(Build *b, CgKind kind, dcn_error *err)
{
    if (kind == CG_OBJ)
        return machine_code(b, LLVMObjectFile, err);
    if (kind == CG_ASM)
        return machine_code(b, LLVMAssemblyFile, err);
    if (kind == CG_BITCODE)
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

/* The pipeline, each stage shown on demand. */
static int stages(Build *b, CgKind kind, dcn_error *err)
{
    Trace *t = &b->trace;
    trace_time(t, "write");
    if (trace_module(t, RT_VERBOSE_IR, "ll", b->e.mod, err) || verify(b, err))
        return -1;
    trace_time(t, "verify");
    if (optimise(b, err) || trace_module(t, RT_VERBOSE_OPT, "opt.ll", b->e.mod, err))
        return -1;
    trace_time(t, "optimise");
    if (trace_asm(t, b->e.mod, b->tm, PASSES, err) || render(b, kind, err))
        return -1;
    trace_time(t, "generate");
    return 0;
}

/* From a module that has just been written to bytes; disposes of everything. */
static int finish(Build *b, CgKind kind, void **bytes, size_t *size, dcn_error *err)
{
    CgRecovery guard, *former = cg_recovery_set(&guard);
    int rc = -1;
    e_close(&b->e);
    if (setjmp(guard.back) == 0) {
        b->tm = cg_target_machine(b->e.target, err);
        if (b->tm && !stages(b, kind, err))
            rc = hand_over(b, bytes, size, err);
        release(b);
    } else {
        rc = dcn_fail(err, DCN_EFAILED, "internal: LLVM: %s", guard.reason);
    }
    cg_recovery_set(former);
    return rc;
}

/* What was written is of no use. */
static int abandon(Build *b, dcn_error *err)
{
    e_close(&b->e);
    release(b);
    return dcn_fail(err, DCN_EENV, "no memory for the stages of '%s'", b->trace.name);
}

int cg_build(const dcn_spec *s, const Schedule *sched, const dcn_target *t, CgKind kind,
             void **bytes, size_t *size, dcn_error *err)
{
    cg_llvm_init();
    if (!cg_isa(t->isa))
        return dcn_fail(err, DCN_EENV, "unknown class of instruction sets \"%s\"", t->isa);
    Build b = { .tm = NULL };
    if (trace_open(&b.trace, s->name, err))
        return -1;
    trace_choice(&b.trace, s, sched);
    e_open(&b.e, s->name, s->dtype, t);
    Kernel kernel = { .s = s };
    if (sched_emit(sched, &b.e, &kernel, t))
        return abandon(&b, err);
    return finish(&b, kind, bytes, size, err);
}

int cg_build_many(const dcn_spec *s, const CgVariant *v, int n, CgKind kind, void **bytes,
                  size_t *size, dcn_error *err)
{
    cg_llvm_init();
    Dispatch d;
    Build b = { .tm = NULL };
    if (dispatch_plan(&d, s, v, n, err) || trace_open(&b.trace, s->name, err))
        return -1;
    e_open(&b.e, s->name, s->dtype, &d.base);
    for (int i = 0; i < n; i++) {
        const CgVariant *at = &d.v[i];
        trace_choice(&b.trace, s, at->schedule);
        dispatch_open(&d, &b.e, i);
        Kernel kernel = { .s = s };
        if (sched_emit(at->schedule, &b.e, &kernel, at->target))
            return abandon(&b, err);
        dispatch_seal(&d, &b.e, i);
    }
    dispatch_close(&d, &b.e);
    return finish(&b, kind, bytes, size, err);
}

/* ---- the peak probe ---------------------------------------------------------------------------- */

/* Independent chains of fma in registers: as many as hide the latency and still fit. */
static void emit_peak(Emit *e, int chains, int unroll)
{
    const LLVMTypeRef args[] = { e->i64 };
    e_fn_begin(e, "dcn_peak", 0, LLVMDoubleTypeInContext(e->ctx), 1, args);
    fvec x = f_const(e, 0.999999), y = f_const(e, 1e-7), sum = f_const(e, 0);
    var acc[32];
    for (int c = 0; c < chains; c++)
        acc[c] = v_float(e, f_const(e, c));
    EMIT_FOR (e, i, x_const(e, 0), e_arg_idx(e, 0), 1) {
        for (int u = 0; u < unroll; u++)
            for (int c = 0; c < chains; c++)
                v_set(e, acc[c], f_fma(e, v_get(e, acc[c]), x, y));
    }
    for (int c = 0; c < chains; c++)
        sum = f_add(e, sum, v_get(e, acc[c]));
    LLVMValueRef first = LLVMBuildExtractElement(e->b, sum.v, LLVMConstInt(e->i64, 0, 0), "");
    LLVMBuildRet(e->b, LLVMBuildFPExt(e->b, first, LLVMDoubleTypeInContext(e->ctx), ""));
}

int cg_build_peak(dcn_dtype dtype, const dcn_target *t, void **bytes, size_t *size,
                  double *flops_per_round, dcn_error *err)
{
    enum { UNROLL = 8 };
    cg_llvm_init();
    if (!cg_isa(t->isa))
        return dcn_fail(err, DCN_EENV, "unknown class of instruction sets \"%s\"", t->isa);
    Build b = { .tm = NULL };
    if (trace_open(&b.trace, "dcn_peak", err))
        return -1;
    e_open(&b.e, "dcn_peak", dtype, t);
    int chains = t->registers >= 32 ? 24 : 12;
    emit_peak(&b.e, chains, UNROLL);
    *flops_per_round = 2.0 * chains * UNROLL * b.e.lanes;
    return finish(&b, CG_OBJ, bytes, size, err);
}
