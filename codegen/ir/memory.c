/* memory.c: loads, stores, gathers, and values that change in loops.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/emit.h"
#include "codegen/target/table.h"

#include <assert.h>

static addr element(Emit *e, LLVMTypeRef type, addr p, idx at)
{
    return x_is_const(at, 0) ? p : (addr){ LLVMBuildInBoundsGEP2(e->b, type, p.v, &at.v, 1, "at") };
}

addr p_at(Emit *e, addr p, idx at)
{
    return element(e, e->fp, p, at);
}

addr p_at_loose(Emit *e, addr p, idx at)
{
    return (addr){ LLVMBuildGEP2(e->b, e->fp, p.v, &at.v, 1, "at") };
}

addr p_at_bytes(Emit *e, addr p, idx bytes)
{
    return element(e, e->i8, p, bytes);
}

addr p_at_i32(Emit *e, addr p, idx at)
{
    return element(e, e->i32, p, at);
}

addr p_at_word(Emit *e, addr p, idx at)
{
    return element(e, e->i64, p, at);
}

static LLVMValueRef load(Emit *e, LLVMTypeRef type, addr p, int align)
{
    LLVMValueRef x = LLVMBuildLoad2(e->b, type, p.v, "load");
    LLVMSetAlignment(x, (unsigned)align);
    return x;
}

static void store(Emit *e, addr p, LLVMValueRef x, int align)
{
    LLVMSetAlignment(LLVMBuildStore(e->b, x, p.v), (unsigned)align);
}

static LLVMValueRef align_of(Emit *e)
{
    return LLVMConstInt(e->i32, (unsigned long long)e->fp_bytes, 0);
}

fvec p_load(Emit *e, addr p, mask live)
{
    if (!live.v)
        return (fvec){ load(e, e->vf, p, e->fp_bytes) };
    LLVMTypeRef over[] = { e->vf, e->ptr };
    LLVMValueRef args[] = { p.v, align_of(e), live.v, LLVMConstNull(e->vf) };
    return (fvec){ e_intrinsic(e, "llvm.masked.load", over, 2, args, 4) };
}

void p_store(Emit *e, addr p, fvec x, mask live)
{
    if (!live.v) {
        store(e, p, x.v, e->fp_bytes);
        return;
    }
    LLVMTypeRef over[] = { e->vf, e->ptr };
    LLVMValueRef args[] = { x.v, p.v, align_of(e), live.v };
    e_intrinsic(e, "llvm.masked.store", over, 2, args, 4);
}

fvec p_splat(Emit *e, addr p)
{
    return (fvec){ e_splat(e, load(e, e->fp, p, e->fp_bytes)) };
}

/* Two vectors of n lanes, side by side. */
static LLVMValueRef joined(Emit *e, LLVMValueRef a, LLVMValueRef b, int n)
{
    LLVMValueRef lane[EMIT_MAX_LANES];
    for (int i = 0; i < 2 * n; i++)
        lane[i] = LLVMConstInt(e->i32, (unsigned long long)i, 0);
    LLVMValueRef order = LLVMConstVector(lane, 2 * (unsigned)n);
    return LLVMBuildShuffleVector(e->b, a, b, order, "shuffle");
}

fvec p_load_parts(Emit *e, const addr *from, int parts)
{
    LLVMValueRef x[EMIT_MAX_LANES];
    LLVMTypeRef part = LLVMVectorType(e->fp, (unsigned)(e->lanes / parts));
    for (int i = 0; i < parts; i++)
        x[i] = load(e, part, from[i], e->fp_bytes);
    for (int n = parts; n > 1; n /= 2)
        for (int i = 0; i < n / 2; i++)
            x[i] = joined(e, x[2 * i], x[2 * i + 1], e->lanes / n);
    return (fvec){ x[0] };
}

fvec p_broadcast(Emit *e, addr p, int n)
{
    if (n == 1)
        return p_splat(e, p);
    LLVMTypeRef few = LLVMVectorType(e->fp, (unsigned)n);
    LLVMValueRef lane[EMIT_MAX_LANES], x = load(e, few, p, e->fp_bytes);
    for (int i = 0; i < e->lanes; i++)
        lane[i] = LLVMConstInt(e->i32, (unsigned long long)(i % n), 0);
    LLVMValueRef order = LLVMConstVector(lane, (unsigned)e->lanes);
    return (fvec){ LLVMBuildShuffleVector(e->b, x, LLVMGetPoison(few), order, "shuffle") };
}

void p_store_interleaved4(Emit *e, addr p, const fvec x[4])
{
    if (e->lanes == 1) {
        for (int i = 0; i < 4; i++)
            p_store(e, p_at(e, p, x_const(e, i)), x[i], all_lanes);
        return;
    }
    for (int i = 0; i < 4; i++) {
        fvec even = f_interleave(e, x[0], x[2], 1, i / 2),
             odd = f_interleave(e, x[1], x[3], 1, i / 2);
        idx at = x_const(e, (int64_t)i * e->lanes);
        p_store(e, p_at(e, p, at), f_interleave(e, even, odd, 1, i % 2), all_lanes);
    }
}

static fvec opaque_interleave(Emit *e, fvec a, fvec b, int each, int upper)
{
    fvec x = f_interleave(e, a, b, each, upper);
    return each == e->lanes ? x : f_opaque(e, x);
}

/* Elements are interleaved and then pairs of them, where p_store_interleaved4 interleaves elements twice: both end in
** the same order. */
void p_store_interleaved4_opaque(Emit *e, addr p, idx entry, const fvec x[4])
{
    for (int i = 0; i < 4; i++) {
        fvec upper = opaque_interleave(e, x[0], x[1], 1, i / 2);
        fvec lower = opaque_interleave(e, x[2], x[3], 1, i / 2);
        idx at = x_addk(e, x_mulk(e, entry, 4), i * e->lanes);
        p_store(e, p_at(e, p, at), opaque_interleave(e, upper, lower, 2, i % 2), all_lanes);
    }
}

void p_store_part(Emit *e, addr p, fvec x, int from, int n)
{
    LLVMValueRef lane[EMIT_MAX_LANES];
    for (int i = 0; i < n; i++)
        lane[i] = LLVMConstInt(e->i32, (unsigned long long)(from + i), 0);
    LLVMValueRef order = LLVMConstVector(lane, (unsigned)n);
    LLVMValueRef part = LLVMBuildShuffleVector(e->b, x.v, LLVMGetPoison(e->vf), order, "shuffle");
    store(e, p, part, e->fp_bytes);
}

ivec p_load_i32(Emit *e, addr p)
{
    return (ivec){ load(e, e->vi, p, 4) };
}

void p_store_i32(Emit *e, addr p, ivec x)
{
    store(e, p, x.v, 4);
}

idx p_get_i32(Emit *e, addr p)
{
    return (idx){ LLVMBuildSExt(e->b, load(e, e->i32, p, 4), e->i64, "wide") };
}

idx p_get_i64(Emit *e, addr p)
{
    return (idx){ load(e, e->i64, p, 8) };
}

void p_put_i64(Emit *e, addr p, idx x)
{
    store(e, p, x.v, 8);
}

addr p_get_addr(Emit *e, addr p)
{
    return (addr){ load(e, e->ptr, p, 8) };
}

void p_put_addr(Emit *e, addr p, addr x)
{
    store(e, p, x.v, 8);
}

fvec p_gather(Emit *e, addr p, ivec at, mask live)
{
    LLVMValueRef ps = LLVMBuildInBoundsGEP2(e->b, e->fp, p.v, &at.v, 1, "at");
    LLVMTypeRef over[] = { e->vf, LLVMVectorType(e->ptr, (unsigned)e->lanes) };
    LLVMValueRef on = live.v ? live.v : m_all(e).v;
    LLVMValueRef args[] = { ps, align_of(e), on, LLVMConstNull(e->vf) };
    return (fvec){ e_intrinsic(e, "llvm.masked.gather", over, 2, args, 4) };
}

void p_scatter(Emit *e, addr p, ivec at, fvec x, mask live)
{
    LLVMValueRef ps = LLVMBuildInBoundsGEP2(e->b, e->fp, p.v, &at.v, 1, "at");
    LLVMTypeRef over[] = { e->vf, LLVMVectorType(e->ptr, (unsigned)e->lanes) };
    LLVMValueRef on = live.v ? live.v : m_all(e).v;
    LLVMValueRef args[] = { x.v, ps, align_of(e), on };
    e_intrinsic(e, "llvm.masked.scatter", over, 2, args, 4);
}

void p_scatter_i32(Emit *e, addr p, ivec at, ivec x)
{
    LLVMValueRef ps = LLVMBuildInBoundsGEP2(e->b, e->i32, p.v, &at.v, 1, "at");
    LLVMTypeRef over[] = { e->vi, LLVMVectorType(e->ptr, (unsigned)e->lanes) };
    LLVMValueRef args[] = { x.v, ps, LLVMConstInt(e->i32, 4, 0), m_all(e).v };
    e_intrinsic(e, "llvm.masked.scatter", over, 2, args, 4);
}

void p_prefetch(Emit *e, addr p, int level)
{
    int locality = level ? 4 - level : 3;
    LLVMValueRef args[] = { p.v, LLVMConstInt(e->i32, !level, 0),
                            LLVMConstInt(e->i32, (unsigned long long)locality, 0),
                            LLVMConstInt(e->i32, 1, 0) };
    e_intrinsic(e, "llvm.prefetch", &e->ptr, 1, args, 4);
}

/* Machines without such stores make ordinary ones. */
void p_store_nt(Emit *e, addr p, fvec x)
{
    LLVMValueRef st = LLVMBuildStore(e->b, x.v, p.v);
    LLVMMetadataRef one = LLVMValueAsMetadata(LLVMConstInt(e->i32, 1, 0));
    LLVMMetadataRef node = LLVMMDNodeInContext2(e->ctx, &one, 1);
    unsigned kind = LLVMGetMDKindIDInContext(e->ctx, "nontemporal", 11);
    LLVMSetAlignment(st, (unsigned)(e->lanes * e->fp_bytes));
    LLVMSetMetadata(st, kind, LLVMMetadataAsValue(e->ctx, node));
}

/* Most machines order them with other stores. */
void p_store_nt_end(Emit *e)
{
    if (e->isa->fence)
        e_intrinsic(e, e->isa->fence, NULL, 0, NULL, 0);
}

cond p_is_null(Emit *e, addr p)
{
    return (cond){ LLVMBuildIsNull(e->b, p.v, "is_null") };
}

cond p_is_aligned(Emit *e, addr p, int64_t bytes)
{
    idx at = { LLVMBuildPtrToInt(e->b, p.v, e->i64, "address") };
    return x_equal(e, x_and(e, at, x_const(e, bytes - 1)), x_const(e, 0));
}

static addr constant(Emit *e, LLVMValueRef value, unsigned align)
{
    LLVMValueRef all = LLVMAddGlobal(e->mod, LLVMTypeOf(value), "table");
    LLVMSetInitializer(all, value);
    LLVMSetGlobalConstant(all, 1);
    LLVMSetLinkage(all, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(all, LLVMGlobalUnnamedAddr);
    LLVMSetAlignment(all, align);
    return (addr){ all };
}

static addr table(Emit *e, LLVMTypeRef type, LLVMValueRef *k, int n)
{
    return constant(e, LLVMConstArray2(type, k, (uint64_t)n), 64);
}

addr p_constant(Emit *e, const void *bytes, size_t size, unsigned align)
{
    return constant(e, LLVMConstStringInContext2(e->ctx, bytes, size, 1), align);
}

addr p_table(Emit *e, const double *k, int n)
{
    LLVMValueRef element[EMIT_TABLE_LIMIT];
    assert(n <= EMIT_TABLE_LIMIT);
    for (int i = 0; i < n; i++)
        element[i] = LLVMConstReal(e->fp, k[i]);
    return table(e, e->fp, element, n);
}

addr p_table_i32(Emit *e, const int *k, int n)
{
    LLVMValueRef element[EMIT_TABLE_LIMIT];
    assert(n <= EMIT_TABLE_LIMIT);
    for (int i = 0; i < n; i++)
        element[i] = LLVMConstInt(e->i32, (unsigned long long)k[i], 1);
    return table(e, e->i32, element, n);
}

void p_copy_one(Emit *e, addr to, addr from)
{
    store(e, to, load(e, e->fp, from, e->fp_bytes), e->fp_bytes);
}

void p_zero_one(Emit *e, addr to)
{
    store(e, to, LLVMConstNull(e->fp), e->fp_bytes);
}

/* ---- values that change in loops -------------------------------------------------- */

/* Frame slots belong at the top of the entry block, where sroa looks for them. */
static LLVMValueRef room(Emit *e, LLVMTypeRef type)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b), entry = LLVMGetEntryBasicBlock(e->fn);
    LLVMValueRef first = LLVMGetFirstInstruction(entry);
    if (first)
        LLVMPositionBuilderBefore(e->b, first);
    else
        LLVMPositionBuilderAtEnd(e->b, entry);
    LLVMValueRef at = LLVMBuildAlloca(e->b, type, "var");
    LLVMPositionBuilderAtEnd(e->b, here);
    return at;
}

static var slot(Emit *e, LLVMTypeRef type, LLVMValueRef init)
{
    var x = { room(e, type), type };
    LLVMBuildStore(e->b, init, x.slot);
    return x;
}

addr p_alloca(Emit *e, int n)
{
    return (addr){ room(e, LLVMArrayType2(e->i64, (uint64_t)n)) };
}

var v_float(Emit *e, fvec init)
{
    return slot(e, LLVMTypeOf(init.v), init.v);
}

fvec v_get(Emit *e, var x)
{
    return (fvec){ LLVMBuildLoad2(e->b, x.type, x.slot, "load") };
}

void v_set(Emit *e, var x, fvec value)
{
    LLVMBuildStore(e->b, value.v, x.slot);
}

var v_ints(Emit *e, ivec init)
{
    return slot(e, LLVMTypeOf(init.v), init.v);
}

ivec v_ints_get(Emit *e, var x)
{
    return (ivec){ LLVMBuildLoad2(e->b, x.type, x.slot, "load") };
}

void v_ints_set(Emit *e, var x, ivec value)
{
    LLVMBuildStore(e->b, value.v, x.slot);
}

var v_index(Emit *e, idx init)
{
    return slot(e, e->i64, init.v);
}

idx v_index_get(Emit *e, var x)
{
    return (idx){ LLVMBuildLoad2(e->b, x.type, x.slot, "load") };
}

void v_index_set(Emit *e, var x, idx value)
{
    LLVMBuildStore(e->b, value.v, x.slot);
}
