/* text.c: text in the emitted code: bytes up to a NUL.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/text.h"

#include <string.h>

addr text_const(Emit *e, const char *s)
{
    LLVMValueRef chars = LLVMConstStringInContext2(e->ctx, s, strlen(s), 0);
    LLVMValueRef g = LLVMAddGlobal(e->mod, LLVMTypeOf(chars), "text");
    LLVMSetInitializer(g, chars);
    LLVMSetGlobalConstant(g, 1);
    LLVMSetLinkage(g, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(g, LLVMGlobalUnnamedAddr);
    return (addr){ g };
}

addr text_choose(Emit *e, cond c, addr yes, addr no)
{
    return (addr){ LLVMBuildSelect(e->b, c.v, yes.v, no.v, "") };
}

static idx char_at(Emit *e, addr s, idx at)
{
    LLVMValueRef c = LLVMBuildLoad2(e->b, e->i8, p_at_bytes(e, s, at).v, "");
    return (idx){ LLVMBuildZExt(e->b, c, e->i64, "") };
}

void text_put(Emit *e, addr s, idx at, LLVMValueRef c)
{
    LLVMBuildStore(e->b, c, p_at_bytes(e, s, at).v);
}

/* Loops of unknown length: begin, leave when c holds, go round. */
typedef struct Round {
    LLVMBasicBlockRef head, exit;
} Round;

static Round round_begin(Emit *e)
{
    Round r = { LLVMAppendBasicBlockInContext(e->ctx, e->fn, "round"),
                LLVMAppendBasicBlockInContext(e->ctx, e->fn, "done") };
    LLVMBuildBr(e->b, r.head);
    LLVMPositionBuilderAtEnd(e->b, r.head);
    return r;
}

static void round_leave_if(Emit *e, const Round *r, cond c)
{
    LLVMBasicBlockRef next = LLVMAppendBasicBlockInContext(e->ctx, e->fn, "next");
    LLVMBuildCondBr(e->b, c.v, r->exit, next);
    LLVMPositionBuilderAtEnd(e->b, next);
}

static void round_end(Emit *e, const Round *r)
{
    LLVMBuildBr(e->b, r->head);
    LLVMPositionBuilderAtEnd(e->b, r->exit);
}

static const Param append_param[] = { PARAM(Append, to), PARAM(Append, size), PARAM(Append, at),
                                      PARAM(Append, piece) };
static const Params append_params = PARAMS(Append, append_param);

LLVMValueRef emit_append(const Multi *m, Emit *e)
{
    Append in;
    LLVMValueRef fn = multi_fn(m, e, ".append", e->i64, &append_params, &in);
    var at = v_index(e, in.at), from = v_index(e, x_const(e, 0));
    Round r = round_begin(e);
    idx c = char_at(e, in.piece, v_index_get(e, from));
    round_leave_if(e, &r, x_equal(e, c, x_const(e, 0)));
    EMIT_IF (e, x_less(e, x_addk(e, v_index_get(e, at), 1), in.size)) {
        text_put(e, in.to, v_index_get(e, at), LLVMBuildTrunc(e->b, c.v, e->i8, ""));
    }
    v_index_set(e, at, x_addk(e, v_index_get(e, at), 1));
    v_index_set(e, from, x_addk(e, v_index_get(e, from), 1));
    round_end(e, &r);
    e_return(e, v_index_get(e, at));
    return fn;
}

idx call_append(Emit *e, LLVMValueRef fn, const Append *in)
{
    return (idx){ e_call_with(e, fn, &append_params, in) };
}

static const Param same_param[] = { PARAM(Same, a), PARAM(Same, b) };
static const Params same_params = PARAMS(Same, same_param);

LLVMValueRef emit_same(const Multi *m, Emit *e)
{
    Same in;
    LLVMValueRef fn = multi_fn(m, e, ".same", e->i64, &same_params, &in);
    var at = v_index(e, x_const(e, 0)), equal = v_index(e, x_const(e, 0));
    Round r = round_begin(e);
    idx a = char_at(e, in.a, v_index_get(e, at));
    idx b = char_at(e, in.b, v_index_get(e, at));
    cond alike = x_equal(e, a, b);
    v_index_set(e, equal, x_select(e, alike, x_const(e, 1), x_const(e, 0)));
    round_leave_if(e, &r, c_not(e, alike));
    round_leave_if(e, &r, x_equal(e, a, x_const(e, 0)));
    v_index_set(e, at, x_addk(e, v_index_get(e, at), 1));
    round_end(e, &r);
    e_return(e, v_index_get(e, equal));
    return fn;
}

cond call_same(Emit *e, LLVMValueRef fn, const Same *in)
{
    return x_equal(e, (idx){ e_call_with(e, fn, &same_params, in) }, x_const(e, 1));
}
