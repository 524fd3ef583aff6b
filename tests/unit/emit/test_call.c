/* test_call.c: parameters have the names, kinds and order of their table, and arrive as they were passed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "tests/unit/emit/jit.h"

#include <criterion/criterion.h>

/* The order of the table is not that of the struct. */
typedef struct Put {
    idx value;
    addr to;
    cond really;
    idx at;
} Put;

static const Param param[] = { PARAM(Put, to), PARAM(Put, at), PARAM(Put, value),
                               PARAM(Put, really) };
static const Params params = PARAMS(Put, param);

/* if (really) to[at] = value */
static LLVMValueRef emit_put(Emit *e)
{
    Put in;
    LLVMValueRef f = e->fn, fn;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
    fn = e_fn_begin_with(e, "put", 1, e->none, &params, &in);
    EMIT_IF (e, in.really) {
        p_put_i64(e, p_at_word(e, in.to, in.at), in.value);
    }
    e_fn_end(e);
    e->fn = f;
    LLVMPositionBuilderAtEnd(e->b, here);
    return fn;
}

static void check_names(LLVMValueRef fn)
{
    cr_assert_eq(LLVMCountParams(fn), sizeof param / sizeof *param);
    for (unsigned i = 0; i < LLVMCountParams(fn); i++) {
        size_t n;
        cr_expect_str_eq(LLVMGetValueName2(LLVMGetParam(fn, i), &n), param[i].name);
    }
}

Test(call, by_name)
{
    Jit j;
    dcn_target t;
    int64_t out[3] = { 7, 7, 7 };
    jit_target(0, &t);
    Emit *e = jit_begin(&j, DCN_F32, &t, 0);
    LLVMValueRef fn = emit_put(e);
    check_names(fn);
    idx two = x_const(e, 2), one = x_const(e, 1);
    Put on = { .to = jit_out(e), .at = two, .value = jit_n(e), .really = x_less(e, one, two) };
    Put off = { .to = jit_out(e), .at = one, .value = jit_n(e), .really = x_less(e, two, one) };
    e_call_with(e, fn, &params, &on);
    e_call_with(e, fn, &params, &off);
    jit_end(&j);
    j.fn(NULL, out, 5);
    cr_expect_eq(out[0], 7);
    cr_expect_eq(out[1], 7);
    cr_expect_eq(out[2], 5);
    jit_free(&j);
}

/* A function's lanes and float type are its own. */
Test(call, lanes_end_with_the_function)
{
    dcn_target t;
    Emit e;
    jit_target(0, &t);
    e_open(&e, "test", DCN_F32, &t);
    const int lanes = e.lanes;
    e_fn_begin(&e, "narrow", 0, e.none, 0, NULL);
    e_fn_lanes(&e, 1);
    EMIT_TYPE (&e, ((LaneType){ 8, 2, 1 })) {
        cr_expect_eq(e.fp_bytes, 8);
        EMIT_LANES (&e, 4)
            cr_expect(e.lanes == 4 && e.fp_bytes == 8 && e.exact);
        cr_expect_eq(e.lanes, 2);
    }
    cr_expect(e.lanes == 1 && e.fp_bytes == 4 && !e.exact);
    e_fn_end(&e);
    cr_expect_eq(e.lanes, lanes);
    e_close(&e);
    LLVMDisposeModule(e.mod);
    LLVMContextDispose(e.ctx);
}
