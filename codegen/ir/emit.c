/* emit.c: the plumbing under the vocabulary: modules, functions, intrinsics.
**
** Fast-math policy: contraction (a*b + c may be fused) and no signed zeros.  NaN and
** infinities keep their meaning; nothing is reassociated, so a result does not depend
** on how LLVM happens to order a sum.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/emit.h"
#include "codegen/target/llvm_init.h"
#include "codegen/target/table.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- modules and types ------------------------------------------------------- */

static void set_float(Emit *e, int bytes)
{
    e->fp_bytes = bytes;
    e->kind = bytes == 4 ? FLOAT_F32 : FLOAT_F64;
    e->fp = bytes == 4 ? LLVMFloatTypeInContext(e->ctx) : LLVMDoubleTypeInContext(e->ctx);
}

/* Vectors of the float type in force. */
static void set_lanes(Emit *e, int lanes)
{
    assert(0 < lanes && lanes <= EMIT_MAX_LANES);
    e->lanes = lanes;
    e->vf = LLVMVectorType(e->fp, (unsigned)lanes);
    e->vi = LLVMVectorType(e->i32, (unsigned)lanes);
    e->vm = LLVMVectorType(e->i1, (unsigned)lanes);
    e->vb = LLVMVectorType(e->kind == FLOAT_F32 ? e->i32 : e->i64, (unsigned)lanes);
}

void e_set_target(Emit *e, const dcn_target *t)
{
    e->target = t;
    e->isa = cg_isa(t->isa);
    assert(e->isa);
}

void e_open(Emit *e, const char *name, dcn_dtype dtype, const dcn_target *t)
{
    char triple[CG_TRIPLE_MAX];
    memset(e, 0, sizeof *e);
    e->ctx = LLVMContextCreate();
    e->mod = LLVMModuleCreateWithNameInContext(name, e->ctx);
    e->b = LLVMCreateBuilderInContext(e->ctx);
    e_set_target(e, t);
    set_float(e, (int)dcn_dtype_bytes(dtype));
    e->i1 = LLVMInt1TypeInContext(e->ctx);
    e->i8 = LLVMInt8TypeInContext(e->ctx);
    e->i32 = LLVMInt32TypeInContext(e->ctx);
    e->i64 = LLVMInt64TypeInContext(e->ctx);
    e->ptr = LLVMPointerTypeInContext(e->ctx, 0);
    e->none = LLVMVoidTypeInContext(e->ctx);
    set_lanes(e, t->vector_bytes / e->fp_bytes);
    LLVMSetTarget(e->mod, cg_llvm_triple(t, triple));
}

void e_close(Emit *e)
{
    assert(e->open_blocks == 0);
    LLVMDisposeBuilder(e->b);
    e->b = NULL;
}

void e_discard_names(Emit *e)
{
    LLVMContextSetDiscardValueNames(e->ctx, 1);
}

LaneType e_set_type(Emit *e, LaneType now)
{
    LaneType old = { e->fp_bytes, e->lanes, e->exact };
    e->exact = now.exact;
    set_float(e, now.fp_bytes);
    set_lanes(e, now.lanes);
    return old;
}

/* ---- names ---------------------------------------------------------------------- */

/* Constants have none, and those of globals are symbols. */
void e_name(Emit *e, LLVMValueRef v, const char *name)
{
    (void)e;
    if (LLVMIsAInstruction(v))
        LLVMSetValueName2(v, name, strlen(name));
}

void e_name_block(Emit *e, const char *name)
{
    LLVMValueRef block = LLVMBasicBlockAsValue(LLVMGetInsertBlock(e->b));
    LLVMSetValueName2(block, name, strlen(name));
}

idx x_named(Emit *e, const char *name, idx a)
{
    e_name(e, a.v, name);
    return a;
}

addr p_named(Emit *e, const char *name, addr p)
{
    e_name(e, p.v, name);
    return p;
}

/* ---- functions ---------------------------------------------------------------- */

static void add_attribute(Emit *e, LLVMValueRef fn, LLVMAttributeIndex at, const char *name,
                          uint64_t value)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, at, LLVMCreateEnumAttribute(e->ctx, kind, value));
}

void e_fn_attr(Emit *e, LLVMValueRef fn, const char *name)
{
    add_attribute(e, fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, name, 0);
}

void e_fn_attr_str(Emit *e, LLVMValueRef fn, const char *key, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(e->ctx, key, (unsigned)strlen(key), value,
                                                   (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

/* LLVM takes registers to be as narrow as some CPUs like them best (x86) or may have them (SVE), unless told. */
static void add_machine_attributes(Emit *e, LLVMValueRef fn)
{
    const LLVMAttributeIndex all = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    const uint64_t scale = (uint64_t)e->isa->vscale;
    char bits[16];
    snprintf(bits, sizeof bits, "%d", 8 * e->isa->vector_bytes);
    e_fn_attr(e, fn, "nounwind");
    e_fn_attr_str(e, fn, "prefer-vector-width", bits);
    if (scale)
        add_attribute(e, fn, all, "vscale_range", scale << 32 | scale);
    const System *system = cg_system(e->target->triple);
    if (system && system->format == FORMAT_COFF)
        e_fn_attr_str(e, fn, "warn-stack-size", "4095"); /* see build_open */
}

LLVMValueRef e_fn_begin(Emit *e, const char *name, bool internal, LLVMTypeRef result, int nargs,
                        const LLVMTypeRef *args)
{
    LLVMTypeRef type = LLVMFunctionType(result, (LLVMTypeRef *)(size_t)args, (unsigned)nargs, 0);
    LLVMValueRef fn = LLVMAddFunction(e->mod, name, type);
    if (internal)
        LLVMSetLinkage(fn, LLVMInternalLinkage);
    for (int i = 0; internal && i < nargs; i++)
        if (args[i] == e->ptr)
            add_attribute(e, fn, (LLVMAttributeIndex)(i + 1), "noalias", 0);
    add_machine_attributes(e, fn);
    e->fn = fn;
    e->outside = (LaneType){ e->fp_bytes, e->lanes, e->exact };
    LLVMPositionBuilderAtEnd(e->b, LLVMAppendBasicBlockInContext(e->ctx, fn, "entry"));
    return fn;
}

void e_fn_lanes(Emit *e, int lanes)
{
    set_lanes(e, lanes);
}

static void end(Emit *e)
{
    assert(e->open_blocks == 0);
    e_set_type(e, e->outside);
}

void e_fn_end(Emit *e)
{
    end(e);
    LLVMBuildRetVoid(e->b);
}

void e_return(Emit *e, idx value)
{
    end(e);
    LLVMBuildRet(e->b, value.v);
}

idx e_arg_idx(Emit *e, int i)
{
    return (idx){ LLVMGetParam(e->fn, (unsigned)i) };
}

addr e_arg_addr(Emit *e, int i)
{
    return (addr){ LLVMGetParam(e->fn, (unsigned)i) };
}

LLVMValueRef e_call_fn(Emit *e, LLVMValueRef fn, int nargs, const LLVMValueRef *args)
{
    return LLVMBuildCall2(e->b, LLVMGlobalGetValueType(fn), fn, (LLVMValueRef *)(size_t)args,
                          (unsigned)nargs, "");
}

LLVMValueRef e_intrinsic(Emit *e, const char *name, LLVMTypeRef *over, int nover,
                         LLVMValueRef *args, int nargs)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    assert(id != 0);
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(e->mod, id, over, (size_t)nover);
    LLVMTypeRef type = LLVMIntrinsicGetType(e->ctx, id, over, (size_t)nover);
    LLVMTypeRef result = LLVMGetReturnType(type);
    return LLVMBuildCall2(e->b, type, fn, args, (unsigned)nargs,
                          result == e->none ? "" : strrchr(name, '.') + 1);
}

LLVMValueRef e_splat(Emit *e, LLVMValueRef s)
{
    if (LLVMIsConstant(s)) {
        LLVMValueRef lane[EMIT_MAX_LANES];
        for (int i = 0; i < e->lanes; i++)
            lane[i] = s;
        return LLVMConstVector(lane, (unsigned)e->lanes);
    }
    LLVMTypeRef type = LLVMVectorType(LLVMTypeOf(s), (unsigned)e->lanes);
    LLVMValueRef none = LLVMGetPoison(type), zero = LLVMConstInt(e->i64, 0, 0);
    LLVMValueRef one = LLVMBuildInsertElement(e->b, none, s, zero, "lane");
    return LLVMBuildShuffleVector(e->b, one, none, LLVMConstNull(e->vi), "shuffle");
}
