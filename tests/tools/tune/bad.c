/* bad.c: a lowering whose candidates go wrong in every way there is.
**
** It is `direct` with something done to it, before, in place of, or after its emission.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/tune/bad.h"
#include "codegen/ir/emit.h"
#include "codegen/kernel/entry.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

BadWay bad_first = BAD_NOT;

typedef void (*Way)(Emit *e, Kernel *kernel, const dcn_target *t);

static void direct(Emit *e, Kernel *kernel, const dcn_target *t)
{
    int k[MAX_KNOBS];
    lower_direct.guess(kernel->s, t, 0, k);
    lower_direct.emit(e, kernel, t, k);
}

static void crash(Emit *e, Kernel *kernel, const dcn_target *t)
{
    direct(e, kernel, t);
    raise(SIGSEGV);
}

static void last_word(Emit *e, Kernel *kernel, const dcn_target *t)
{
    direct(e, kernel, t);
    fputs("one line\nthis was it\n", stderr);
    abort();
}

static void hang(Emit *e, Kernel *kernel, const dcn_target *t)
{
    direct(e, kernel, t);
    for (;;)
        pause();
}

/* ---- in the machine code ------------------------------------------------------------------- */

/* Put the builder before the first instruction of run. */
static void enter_run(Emit *e, const Kernel *kernel)
{
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(kernel->run);
    LLVMPositionBuilderBefore(e->b, LLVMGetFirstInstruction(entry));
}

static void call_intrinsic(Emit *e, const char *name)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(e->mod, id, NULL, 0);
    LLVMBuildCall2(e->b, LLVMGlobalGetValueType(fn), fn, NULL, 0, "");
}

/* An instruction of another machine, which LLVM cannot select. */
static void fatal(Emit *e, Kernel *kernel, const dcn_target *t)
{
    direct(e, kernel, t);
    enter_run(e, kernel);
    call_intrinsic(e, "llvm.aarch64.clrex");
}

static void invalid(Emit *e, Kernel *kernel, const dcn_target *t)
{
    direct(e, kernel, t);
    enter_run(e, kernel);
    LLVMBuildRet(e->b, LLVMConstInt(e->i64, 1, 0));
}

static void trap(Emit *e, Kernel *kernel, const dcn_target *t)
{
    direct(e, kernel, t);
    enter_run(e, kernel);
    call_intrinsic(e, "llvm.trap");
}

/* The entry block jumps to itself while the number of the phase is not -1: it never is. */
static void spin(Emit *e, Kernel *kernel, const dcn_target *t)
{
    direct(e, kernel, t);
    LLVMBasicBlockRef first = LLVMGetEntryBasicBlock(kernel->run);
    LLVMBasicBlockRef start = LLVMInsertBasicBlockInContext(e->ctx, first, "start");
    LLVMBasicBlockRef loop = LLVMInsertBasicBlockInContext(e->ctx, first, "loop");
    LLVMPositionBuilderAtEnd(e->b, start);
    LLVMBuildBr(e->b, loop);
    LLVMPositionBuilderAtEnd(e->b, loop);
    LLVMValueRef never = LLVMConstInt(e->i64, (unsigned long long)-1, 1);
    LLVMValueRef done = LLVMBuildICmp(e->b, LLVMIntEQ, LLVMGetParam(kernel->run, 1), never, "");
    LLVMBuildCondBr(e->b, done, first, loop);
}

/* ---- another operator ---------------------------------------------------------------------- */

static void direct_of(Emit *e, const Kernel *asked, const dcn_spec *other, const dcn_target *t)
{
    Kernel kernel = *asked;
    kernel.s = other;
    direct(e, &kernel, t);
}

static void wrong(Emit *e, Kernel *kernel, const dcn_target *t)
{
    dcn_spec other = *kernel->s;
    other.offset_order = other.offset_order == DCN_ORDER_YX ? DCN_ORDER_XY : DCN_ORDER_YX;
    direct_of(e, kernel, &other, t);
}

static void other_border(Emit *e, Kernel *kernel, const dcn_target *t)
{
    dcn_spec other = *kernel->s;
    other.border = DCN_BORDER_CLAMP;
    direct_of(e, kernel, &other, t);
}

/* ---- the lowering -------------------------------------------------------------------------- */

static const Way ways[] = {
    [BAD_NOT] = direct,
    [BAD_CRASHES_BUILDING] = crash,
    [BAD_ABORTS_BUILDING] = last_word,
    [BAD_HANGS_BUILDING] = hang,
    [BAD_FATAL_IN_LLVM] = fatal,
    [BAD_INVALID_IR] = invalid,
    [BAD_CRASHES_RUNNING] = trap,
    [BAD_HANGS_RUNNING] = spin,
    [BAD_COMPUTES_WRONG] = wrong,
    [BAD_WRONG_AT_BORDERS] = other_border,
};

_Static_assert(BAD_NWAYS == 10, "a choice for each way");
static const Knob *const knobs[] = {
    &(const Knob){ .name = "how",
                   .meaning = "which way it goes wrong",
                   CHOICES(0, 1, 2, 3, 4, 5, 6, 7, 8, 9) },
};

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    (void)s, (void)t, (void)k;
    return NULL;
}

static void guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    (void)s, (void)t, (void)threads;
    k[0] = (int)bad_first;
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    ways[k[0]](e, kernel, t);
}

const Lowering bad_lowering = {
    .name = "bad",
    .summary = "goes wrong",
    .rev = 1,
    .ops = 1u << DCN_OP_DEFORM_CONV2D,
    .knobs = knobs,
    .nknobs = 1,
    .refuse = refuse,
    .guess = guess,
    .emit = emit,
};
