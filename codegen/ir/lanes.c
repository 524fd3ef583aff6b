/* lanes.c: one short word per lane operation.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/emit.h"
#include "codegen/target/table.h"

#include <string.h>

#define F(value) ((fvec){ value })
#define I(value) ((ivec){ value })
#define B(value) ((bvec){ value })
#define M(value) ((mask){ value })

/* The builder folds constants, so a result need not be an instruction. */
static fvec fast(Emit *e, LLVMValueRef v)
{
    unsigned contract = e->exact ? 0 : LLVMFastMathAllowContract;
    if (LLVMIsAInstruction(v) && LLVMCanValueUseFastMathFlags(v))
        LLVMSetFastMathFlags(v, contract | LLVMFastMathNoSignedZeros);
    return F(v);
}

static LLVMValueRef unary(Emit *e, const char *name, LLVMTypeRef type, LLVMValueRef a)
{
    return e_intrinsic(e, name, &type, 1, &a, 1);
}

static LLVMValueRef binary(Emit *e, const char *name, LLVMTypeRef type, LLVMValueRef a,
                           LLVMValueRef b)
{
    LLVMValueRef args[] = { a, b };
    return e_intrinsic(e, name, &type, 1, args, 2);
}

/* ---- float lanes ------------------------------------------------------------------ */

fvec f_const(Emit *e, double k)
{
    return F(e_splat(e, LLVMConstReal(e->fp, k)));
}

fvec f_add(Emit *e, fvec a, fvec b)
{
    return fast(e, LLVMBuildFAdd(e->b, a.v, b.v, "add"));
}

fvec f_sub(Emit *e, fvec a, fvec b)
{
    return fast(e, LLVMBuildFSub(e->b, a.v, b.v, "sub"));
}

fvec f_mul(Emit *e, fvec a, fvec b)
{
    return fast(e, LLVMBuildFMul(e->b, a.v, b.v, "mul"));
}

fvec f_neg(Emit *e, fvec a)
{
    return F(LLVMBuildFNeg(e->b, a.v, "neg"));
}

fvec f_abs(Emit *e, fvec a)
{
    return F(unary(e, "llvm.fabs", e->vf, a.v));
}

/* Rounding where the machine has no instruction for it, and LLVM would call the C library: a number that is as
** large as 2^23 (in double 2^52) has no fraction, so adding it to a smaller one, and taking it away again, leaves
** the nearest whole number.  NaN is not smaller. */
static fvec round_by_adding(Emit *e, fvec a, bool up)
{
    static const double whole[NFLOATS] = { 0x1p23, 0x1p52 };
    fvec large = f_const(e, whole[e->kind]), size = f_abs(e, a);
    LLVMValueRef sum = LLVMBuildFAdd(e->b, size.v, large.v, "add");
    fvec near = F(binary(e, "llvm.copysign", e->vf, LLVMBuildFSub(e->b, sum, large.v, "sub"), a.v));
    mask beyond = up ? f_less(e, near, a) : f_less(e, a, near);
    LLVMValueRef step = LLVMBuildFAdd(e->b, near.v, f_const(e, up ? 1 : -1).v, "add");
    return f_select(e, f_less(e, size, large), f_select(e, beyond, F(step), near), a);
}

fvec f_floor(Emit *e, fvec a)
{
    return e->isa->floor ? F(unary(e, "llvm.floor", e->vf, a.v)) : round_by_adding(e, a, false);
}

fvec f_sqrt(Emit *e, fvec a)
{
    return F(unary(e, "llvm.sqrt", e->vf, a.v));
}

/* llvm.fma would become a library call where the machine has none. */
fvec f_fma(Emit *e, fvec a, fvec b, fvec c)
{
    LLVMValueRef args[] = { a.v, b.v, c.v };
    const char *name = e->target->fma ? "llvm.fma" : "llvm.fmuladd";
    return fast(e, e_intrinsic(e, name, &e->vf, 1, args, 3));
}

fvec f_ceil(Emit *e, fvec a)
{
    return e->isa->floor ? F(unary(e, "llvm.ceil", e->vf, a.v)) : round_by_adding(e, a, true);
}

/* llvm.round would become a library call where the machine rounds to even only.  The number below one half keeps
** what is just below .5 from being rounded up by the sum. */
fvec f_round(Emit *e, fvec a)
{
    static const double below_half[NFLOATS] = { 0x1.fffffep-2, 0x1.fffffffffffffp-2 };
    fvec half = f_const(e, below_half[e->kind]);
    fvec size = f_floor(e, F(LLVMBuildFAdd(e->b, f_abs(e, a).v, half.v, "add")));
    return F(binary(e, "llvm.copysign", e->vf, size.v, a.v));
}

fvec f_convert(Emit *e, fvec a)
{
    LLVMTypeRef from = LLVMGetElementType(LLVMTypeOf(a.v));
    return from == e->fp ? a : F(LLVMBuildFPCast(e->b, a.v, e->vf, "cast"));
}

fvec f_min(Emit *e, fvec a, fvec b)
{
    return f_select(e, f_less(e, a, b), a, b);
}

fvec f_max(Emit *e, fvec a, fvec b)
{
    return f_select(e, f_less(e, b, a), a, b);
}

fvec f_select(Emit *e, mask m, fvec yes, fvec no)
{
    return m.v ? F(LLVMBuildSelect(e->b, m.v, yes.v, no.v, "pick")) : yes;
}

fvec f_shuffle(Emit *e, fvec a, fvec b, const int *from)
{
    return F(LLVMBuildShuffleVector(e->b, a.v, b.v, i_consts(e, from).v, "shuffle"));
}

fvec f_permute(Emit *e, fvec a, const int *from)
{
    return f_shuffle(e, a, F(LLVMGetPoison(e->vf)), from);
}

fvec f_part(Emit *e, fvec a, int from)
{
    int at[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        at[i] = from + i;
    LLVMValueRef none = LLVMGetPoison(LLVMTypeOf(a.v));
    return F(LLVMBuildShuffleVector(e->b, a.v, none, i_consts(e, at).v, "part"));
}

fvec f_deinterleave(Emit *e, fvec a, fvec b, int from)
{
    int at[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        at[i] = 2 * i + from;
    return f_shuffle(e, a, b, at);
}

fvec f_interleave(Emit *e, fvec a, fvec b, int each, bool upper)
{
    int from[EMIT_MAX_LANES], half = e->lanes / 2;
    if (each == e->lanes)
        return upper ? b : a;
    for (int i = 0; i < e->lanes; i++) {
        int pair = i / (2 * each), at = upper * half + pair * each + i % each;
        from[i] = i / each % 2 ? e->lanes + at : at;
    }
    return f_shuffle(e, a, b, from);
}

fvec f_opaque(Emit *e, fvec a)
{
    return F(unary(e, "llvm.arithmetic.fence", e->vf, a.v));
}

fvec f_hadd(Emit *e, fvec a)
{
    LLVMValueRef args[] = { LLVMConstReal(e->fp, -0.0), a.v };
    LLVMValueRef sum = e_intrinsic(e, "llvm.vector.reduce.fadd", &e->vf, 1, args, 2);
    LLVMSetFastMathFlags(sum, LLVMFastMathAllowReassoc);
    return F(e_splat(e, sum));
}

/* The horizontal maximum or minimum; of two lanes the one that is not NaN. */
static fvec extreme(Emit *e, fvec a, bool max)
{
    if (e->isa->maxnum) {
        const char *name = max ? "llvm.vector.reduce.fmax" : "llvm.vector.reduce.fmin";
        return F(e_splat(e, unary(e, name, e->vf, a.v)));
    }
    for (int s = e->lanes / 2; s >= 1; s /= 2) {
        int from[EMIT_MAX_LANES];
        for (int i = 0; i < e->lanes; i++)
            from[i] = (i + s) % e->lanes;
        fvec b = f_permute(e, a, from);
        mask keep = max ? f_less(e, b, a) : f_less(e, a, b);
        a = f_select(e, m_or(e, keep, f_is_nan(e, b)), a, b);
    }
    return a;
}

fvec f_hmax(Emit *e, fvec a)
{
    return extreme(e, a, true);
}

fvec f_hmin(Emit *e, fvec a)
{
    return extreme(e, a, false);
}

mask f_less(Emit *e, fvec a, fvec b)
{
    return M(LLVMBuildFCmp(e->b, LLVMRealOLT, a.v, b.v, "less"));
}

mask f_equal(Emit *e, fvec a, fvec b)
{
    return M(LLVMBuildFCmp(e->b, LLVMRealOEQ, a.v, b.v, "equal"));
}

mask f_less_equal(Emit *e, fvec a, fvec b)
{
    return M(LLVMBuildFCmp(e->b, LLVMRealOLE, a.v, b.v, "less_equal"));
}

mask f_is_nan(Emit *e, fvec a)
{
    return M(LLVMBuildFCmp(e->b, LLVMRealUNO, a.v, a.v, "is_nan"));
}

ivec f_to_i(Emit *e, fvec a)
{
    if (e->isa->rounds)
        a = F(unary(e, "llvm.rint", e->vf, a.v));
    return I(LLVMBuildFPToSI(e->b, a.v, e->vi, "whole"));
}

fvec i_to_f(Emit *e, ivec a)
{
    return F(LLVMBuildSIToFP(e->b, a.v, e->vf, "float"));
}

bvec f_bits(Emit *e, fvec a)
{
    return B(LLVMBuildBitCast(e->b, a.v, e->vb, "bits"));
}

fvec b_float(Emit *e, bvec a)
{
    return F(LLVMBuildBitCast(e->b, a.v, e->vf, "bits"));
}

/* ---- integer lanes ------------------------------------------------------------------ */

ivec i_const(Emit *e, int k)
{
    return I(e_splat(e, LLVMConstInt(e->i32, (unsigned long long)k, 1)));
}

ivec i_consts(Emit *e, const int *k)
{
    LLVMValueRef lane[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        lane[i] = LLVMConstInt(e->i32, (unsigned long long)k[i], 1);
    return I(LLVMConstVector(lane, (unsigned)e->lanes));
}

ivec i_lane(Emit *e)
{
    int k[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        k[i] = i;
    return i_consts(e, k);
}

ivec i_splat(Emit *e, idx s)
{
    return I(e_splat(e, LLVMBuildTrunc(e->b, s.v, e->i32, "low")));
}

idx i_first(Emit *e, ivec a)
{
    LLVMValueRef lane = LLVMBuildExtractElement(e->b, a.v, LLVMConstInt(e->i64, 0, 0), "lane");
    return (idx){ LLVMBuildSExt(e->b, lane, e->i64, "wide") };
}

ivec i_add(Emit *e, ivec a, ivec b)
{
    return I(LLVMBuildAdd(e->b, a.v, b.v, "add"));
}

ivec i_sub(Emit *e, ivec a, ivec b)
{
    return I(LLVMBuildSub(e->b, a.v, b.v, "sub"));
}

ivec i_mul(Emit *e, ivec a, ivec b)
{
    return I(LLVMBuildMul(e->b, a.v, b.v, "mul"));
}

ivec i_min(Emit *e, ivec a, ivec b)
{
    return I(binary(e, "llvm.smin", e->vi, a.v, b.v));
}

ivec i_max(Emit *e, ivec a, ivec b)
{
    return I(binary(e, "llvm.smax", e->vi, a.v, b.v));
}

ivec i_select(Emit *e, mask m, ivec yes, ivec no)
{
    return m.v ? I(LLVMBuildSelect(e->b, m.v, yes.v, no.v, "pick")) : yes;
}

mask i_equal(Emit *e, ivec a, ivec b)
{
    return M(LLVMBuildICmp(e->b, LLVMIntEQ, a.v, b.v, "equal"));
}

mask i_less(Emit *e, ivec a, ivec b)
{
    return M(LLVMBuildICmp(e->b, LLVMIntSLT, a.v, b.v, "less"));
}

mask i_below(Emit *e, ivec a, ivec n)
{
    return M(LLVMBuildICmp(e->b, LLVMIntULT, a.v, n.v, "below"));
}

/* ---- bit patterns -------------------------------------------------------------------- */

bvec b_const(Emit *e, int64_t k)
{
    LLVMTypeRef word = LLVMGetElementType(e->vb);
    return B(e_splat(e, LLVMConstInt(word, (unsigned long long)k, 1)));
}

bvec b_and(Emit *e, bvec a, bvec b)
{
    return B(LLVMBuildAnd(e->b, a.v, b.v, "and"));
}

bvec b_or(Emit *e, bvec a, bvec b)
{
    return B(LLVMBuildOr(e->b, a.v, b.v, "or"));
}

bvec b_shl(Emit *e, bvec a, int n)
{
    return B(LLVMBuildShl(e->b, a.v, b_const(e, n).v, "shl"));
}

/* ---- masks ---------------------------------------------------------------------------- */

mask m_and(Emit *e, mask a, mask b)
{
    return !a.v ? b : !b.v ? a : M(LLVMBuildAnd(e->b, a.v, b.v, "and"));
}

mask m_or(Emit *e, mask a, mask b)
{
    return !a.v || !b.v ? M(NULL) : M(LLVMBuildOr(e->b, a.v, b.v, "or"));
}

mask m_not(Emit *e, mask a)
{
    return M(LLVMBuildNot(e->b, a.v ? a.v : m_all(e).v, "not"));
}

mask m_all(Emit *e)
{
    return m_first(e, e->lanes);
}

mask m_first(Emit *e, int n)
{
    LLVMValueRef lane[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        lane[i] = LLVMConstInt(e->i1, i < n, 0);
    return M(LLVMConstVector(lane, (unsigned)e->lanes));
}

mask m_below(Emit *e, idx n)
{
    return i_less(e, i_lane(e), i_splat(e, x_min(e, n, x_const(e, e->lanes))));
}
