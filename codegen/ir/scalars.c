/* scalars.c: one short word per operation on counters, extents and conditions.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/emit.h"

#define X(value) ((idx){ value })

idx x_const(Emit *e, int64_t k)
{
    return X(LLVMConstInt(e->i64, (unsigned long long)k, 1));
}

bool x_is_const(idx a, int64_t k)
{
    return LLVMIsAConstantInt(a.v) && LLVMConstIntGetSExtValue(a.v) == k;
}

int64_t x_value(idx a, int64_t other)
{
    return LLVMIsAConstantInt(a.v) ? LLVMConstIntGetSExtValue(a.v) : other;
}

idx x_add(Emit *e, idx a, idx b)
{
    return x_is_const(a, 0) ? b : x_is_const(b, 0) ? a : X(LLVMBuildNSWAdd(e->b, a.v, b.v, "add"));
}

idx x_sub(Emit *e, idx a, idx b)
{
    return x_is_const(b, 0) ? a : X(LLVMBuildNSWSub(e->b, a.v, b.v, "sub"));
}

idx x_mul(Emit *e, idx a, idx b)
{
    return x_is_const(a, 1) ? b : x_is_const(b, 1) ? a : X(LLVMBuildNSWMul(e->b, a.v, b.v, "mul"));
}

idx x_div(Emit *e, idx a, idx b)
{
    return x_is_const(b, 1) ? a : X(LLVMBuildUDiv(e->b, a.v, b.v, "div"));
}

idx x_rem(Emit *e, idx a, idx b)
{
    return X(LLVMBuildURem(e->b, a.v, b.v, "rem"));
}

idx x_min(Emit *e, idx a, idx b)
{
    return x_select(e, x_less(e, a, b), a, b);
}

idx x_max(Emit *e, idx a, idx b)
{
    return x_select(e, x_less(e, a, b), b, a);
}

idx x_addk(Emit *e, idx a, int64_t k)
{
    return x_add(e, a, x_const(e, k));
}

idx x_mulk(Emit *e, idx a, int64_t k)
{
    return x_mul(e, a, x_const(e, k));
}

idx x_ceil_div(Emit *e, idx a, int64_t by)
{
    return x_div(e, x_addk(e, a, by - 1), x_const(e, by));
}

idx x_round_up(Emit *e, idx a, int64_t to)
{
    return x_mulk(e, x_ceil_div(e, a, to), to);
}

idx x_and(Emit *e, idx a, idx b)
{
    return X(LLVMBuildAnd(e->b, a.v, b.v, "and"));
}

idx x_or(Emit *e, idx a, idx b)
{
    return X(LLVMBuildOr(e->b, a.v, b.v, "or"));
}

idx x_field(Emit *e, idx a, unsigned shift, uint64_t bits)
{
    idx high = X(LLVMBuildLShr(e->b, a.v, x_const(e, shift).v, "high"));
    return x_and(e, high, x_const(e, (int64_t)bits));
}

idx x_select(Emit *e, cond c, idx yes, idx no)
{
    return X(LLVMBuildSelect(e->b, c.v, yes.v, no.v, "pick"));
}

/* llvm.expect is a hint that no pass of ours reads and that code generation drops. */
idx x_opaque(Emit *e, idx a)
{
    LLVMValueRef args[] = { a.v, LLVMConstNull(e->i64) };
    return LLVMIsConstant(a.v) ? a : X(e_intrinsic(e, "llvm.expect", &e->i64, 1, args, 2));
}

cond x_less(Emit *e, idx a, idx b)
{
    return (cond){ LLVMBuildICmp(e->b, LLVMIntSLT, a.v, b.v, "less") };
}

cond x_equal(Emit *e, idx a, idx b)
{
    return (cond){ LLVMBuildICmp(e->b, LLVMIntEQ, a.v, b.v, "equal") };
}

cond c_and(Emit *e, cond a, cond b)
{
    return (cond){ LLVMBuildAnd(e->b, a.v, b.v, "and") };
}

cond c_not(Emit *e, cond a)
{
    return (cond){ LLVMBuildNot(e->b, a.v, "not") };
}

cond c_any(Emit *e, mask m)
{
    LLVMTypeRef bits = LLVMIntTypeInContext(e->ctx, LLVMGetVectorSize(LLVMTypeOf(m.v)));
    LLVMValueRef all = LLVMBuildBitCast(e->b, m.v, bits, "bits");
    return (cond){ LLVMBuildICmp(e->b, LLVMIntNE, all, LLVMConstNull(bits), "any") };
}
