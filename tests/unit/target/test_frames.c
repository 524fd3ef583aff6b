/* test_frames.c: a stack frame that Windows wants to be probed is an error, not a call.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/pipeline.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* An object with a function that writes somewhere in so many bytes of its stack. */
static int build(const char *cpu, const char *system, unsigned bytes, CgKind kind, dcn_error *err)
{
    dcn_target t;
    Build b;
    void *out = NULL;
    size_t size;
    cr_assert_eq(dcn_target_parse(cpu, system, NULL, &t, err), 0, "%s", err->text);
    cr_assert_eq(build_open(&b, kind, "frame", DCN_F32, &t, err), 0, "%s", err->text);
    Emit *e = &b.e;
    e_fn_begin(e, "frame", false, e->none, 1, &e->i64);
    LLVMValueRef room = LLVMBuildAlloca(e->b, LLVMArrayType2(e->i8, bytes), "room");
    LLVMValueRef at = e_arg_idx(e, 0).v;
    LLVMValueRef byte = LLVMBuildGEP2(e->b, e->i8, room, &at, 1, "byte");
    LLVMSetVolatile(LLVMBuildStore(e->b, LLVMConstInt(e->i8, 1, 0), byte), 1);
    e_fn_end(e);
    const int failed = build_finish(&b, &out, &size, err);
    free(failed ? NULL : out);
    return failed;
}

static void expect_refused(const char *cpu, CgKind kind)
{
    dcn_error err;
    char want[256];
    snprintf(want, sizeof want,
             "code for %s needs a stack frame of more than 4095 bytes, for which Windows wants a "
             "function "
             "of the C runtime: choose another schedule, or a CPU with fewer or shorter registers",
             cpu);
    cr_expect_eq(build(cpu, "windows", 6000, kind, &err), -1, "%s", cpu);
    cr_expect_str_eq(err.text, want);
    cr_expect_eq(err.code, DCN_EENV);
}

Test(frames, of_a_page_are_refused_for_windows)
{
    dcn_error err = { .code = DCN_OK };
    expect_refused("haswell", CG_OBJ);
    expect_refused("haswell", CG_ASM);
    expect_refused("cortex-a76", CG_OBJ);
    cr_expect_eq(build("haswell", "windows", 3000, CG_OBJ, &err), 0, "%s", err.text);
    cr_expect_eq(build("cortex-a76", "windows", 3000, CG_OBJ, &err), 0, "%s", err.text);
}

Test(frames, are_as_large_as_they_like_elsewhere)
{
    dcn_error err = { .code = DCN_OK };
    cr_expect_eq(build("haswell", "linux", 6000, CG_OBJ, &err), 0, "%s", err.text);
    cr_expect_eq(build("apple-m1", "macos", 6000, CG_OBJ, &err), 0, "%s", err.text);
}
