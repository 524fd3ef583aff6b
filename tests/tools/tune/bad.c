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

typedef void (*Way)(Emit *e, const dcn_spec *s, const dcn_target *t);

static void direct(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    int k[MAX_KNOBS];
    lower_direct.guess(s, t, k);
    lower_direct.emit(e, s, t, k);
}

static void crash(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    direct(e, s, t);
    raise(SIGSEGV);
}

static void last_word(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    direct(e, s, t);
    fputs("one line\nthis was it\n", stderr);
    abort();
}

static void hang(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    direct(e, s, t);
    for (;;)
        pause();
}

/* ---- in the machine code ------------------------------------------------------------------- */

/* Put the builder before the first instruction of NAME_run. */
static void enter_run(Emit *e, const dcn_spec *s)
{
    char name[DCN_NAME_MAX + 8];
    snprintf(name, sizeof name, "%s_run", s->name);
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(LLVMGetNamedFunction(e->mod, name));
    LLVMPositionBuilderBefore(e->b, LLVMGetFirstInstruction(entry));
}

static void call_intrinsic(Emit *e, const char *name)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(e->mod, id, NULL, 0);
    LLVMBuildCall2(e->b, LLVMGlobalGetValueType(fn), fn, NULL, 0, "");
}

/* An instruction of another machine, which LLVM cannot select. */
static void fatal(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    direct(e, s, t);
    enter_run(e, s);
    call_intrinsic(e, "llvm.aarch64.clrex");
}

static void invalid(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    direct(e, s, t);
    enter_run(e, s);
    LLVMBuildRet(e->b, LLVMConstInt(e->i64, 1, 0));
}

static void trap(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    direct(e, s, t);
    enter_run(e, s);
    call_intrinsic(e, "llvm.trap");
}

/* The entry block jumps to itself while the number of the phase is not -1: it never is. */
static void spin(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    direct(e, s, t);
    char name[DCN_NAME_MAX + 8];
    snprintf(name, sizeof name, "%s_run", s->name);
    LLVMValueRef fn = LLVMGetNamedFunction(e->mod, name);
    LLVMBasicBlockRef first = LLVMGetEntryBasicBlock(fn);
    LLVMBasicBlockRef start = LLVMInsertBasicBlockInContext(e->ctx, first, "start");
    LLVMBasicBlockRef loop = LLVMInsertBasicBlockInContext(e->ctx, first, "loop");
    LLVMPositionBuilderAtEnd(e->b, start);
    LLVMBuildBr(e->b, loop);
    LLVMPositionBuilderAtEnd(e->b, loop);
    LLVMValueRef never = LLVMConstInt(e->i64, (unsigned long long)-1, 1);
    LLVMValueRef done = LLVMBuildICmp(e->b, LLVMIntEQ, LLVMGetParam(fn, 1), never, "");
    LLVMBuildCondBr(e->b, done, first, loop);
}

/* ---- another operator ---------------------------------------------------------------------- */

static void wrong(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    dcn_spec other = *s;
    other.offset_order = s->offset_order == DCN_ORDER_YX ? DCN_ORDER_XY : DCN_ORDER_YX;
    direct(e, &other, t);
}

static void other_border(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    dcn_spec other = *s;
    other.border = DCN_BORDER_CLAMP;
    direct(e, &other, t);
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

static const Knob knobs[] = {
    { "how", "which way it goes wrong", BAD_NWAYS, { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
};

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    (void)s, (void)t, (void)k;
    return NULL;
}

static void guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    (void)s, (void)t;
    k[0] = (int)bad_first;
}

static void emit(Emit *e, const dcn_spec *s, const dcn_target *t, const int *k)
{
    ways[k[0]](e, s, t);
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
