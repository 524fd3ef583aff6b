/* entry.c: the entry points of a kernel that is compiled for several CPUs.
**
**     state   0: nobody has asked yet; 1 .. n: the variant in use; n + 1: none can run
**
** The first call of any thread asks the machine and sets the state unless another thread was quicker; all find
** the same, so nobody waits.  Later calls load the state and jump.  Where no variant can run, `tasks` says
** that there is no phase, sizes are 0, and nothing is written.
**
** All variants are functions of one module, internal to it: with attributes that say which features each may
** use, as target_clones of C compilers does it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/multi.h"
#include "runtime/base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- variants ------------------------------------------------------------------ */

static void turn_to(Emit *e, const dcn_target *t, dcn_dtype dtype)
{
    const int bytes = dtype == DCN_F32 ? 4 : 8;
    e_set_target(e, t);
    e_set_type(e, (LaneType){ bytes, t->vector_bytes / bytes, 0 });
}

void dispatch_open(Dispatch *d, Emit *e, int i)
{
    d->last = LLVMGetLastFunction(e->mod);
    turn_to(e, d->v[i].target, d->spec->dtype);
}

static LLVMValueRef next_function(const Dispatch *d, const Emit *e, LLVMValueRef fn)
{
    if (fn || d->last)
        return LLVMGetNextFunction(fn ? fn : d->last);
    return LLVMGetFirstFunction(e->mod);
}

static void list_features(const Dispatch *d, uint64_t set, char *text, size_t size)
{
    rt_text t = rt_text_in(text, size);
    for (int i = 0; d->arch->probes[i].name; i++) {
        const Probe *p = &d->arch->probes[i];
        if ((set >> i & 1) && p->kind != PROBE_SYSTEM)
            rt_text_item(&t, ",", "+%s", p->name);
    }
}

/* FUNCTION.x86_64_v3 */
static void rename_to(LLVMValueRef fn, const char *cpu)
{
    char name[4 * DCN_NAME_MAX];
    size_t n;
    snprintf(name, sizeof name, "%s.%s", LLVMGetValueName2(fn, &n), cpu);
    for (char *at = strchr(name, '.'); *at; at++)
        if (*at == '-')
            *at = '_';
    LLVMSetValueName2(fn, name, strlen(name));
}

void dispatch_seal(Dispatch *d, Emit *e, int i)
{
    char features[1024];
    list_features(d, d->features[i], features, sizeof features);
    for (LLVMValueRef fn = NULL; (fn = next_function(d, e, fn));) {
        if (LLVMCountBasicBlocks(fn) == 0)
            continue;
        rename_to(fn, d->v[i].target->cpu);
        LLVMSetLinkage(fn, LLVMInternalLinkage);
        e_fn_attr_str(e, fn, "target-cpu", d->arch->cpu);
        e_fn_attr_str(e, fn, "target-features", features);
        e_fn_attr_str(e, fn, "tune-cpu", d->v[i].target->cpu);
    }
}

/* ---- choosing ------------------------------------------------------------------- */

LLVMValueRef dispatch_fn(const Dispatch *d, Emit *e, const char *suffix, LLVMTypeRef result,
                         int nargs, const LLVMTypeRef *args)
{
    char name[DCN_NAME_MAX + 32];
    snprintf(name, sizeof name, "%s%s", d->spec->name, suffix);
    return e_fn_begin(e, name, suffix[0] == '.', result, nargs, args);
}

cond dispatch_can(const Dispatch *d, Emit *e, idx machine, int i)
{
    LLVMValueRef needs = LLVMConstInt(e->i64, dispatch_needs(d, i), 0);
    LLVMValueRef found = LLVMBuildAnd(e->b, machine.v, needs, "");
    return (cond){ LLVMBuildICmp(e->b, LLVMIntEQ, found, needs, "") };
}

cond dispatch_is_own(const Dispatch *d, Emit *e, idx machine, int i)
{
    LLVMValueRef bit = LLVMConstInt(e->i64, dispatch_own(d, i), 0);
    LLVMValueRef found = LLVMBuildAnd(e->b, machine.v, bit, "");
    return (cond){ LLVMBuildICmp(e->b, LLVMIntNE, found, LLVMConstInt(e->i64, 0, 0), "") };
}

/* Best class first; in a class the variant that is tuned for this very CPU, else the first. */
idx dispatch_best(const Dispatch *d, Emit *e, idx machine)
{
    idx v = x_const(e, d->n + 1);
    for (int end = d->n, from; end > 0; end = from) {
        for (from = end - 1; from > 0; from--)
            if (strcmp(d->v[from - 1].target->isa, d->v[end - 1].target->isa) != 0)
                break;
        for (int i = end - 1; i >= from; i--)
            v = x_select(e, dispatch_can(d, e, machine, i), x_const(e, i + 1), v);
        for (int i = end - 1; i >= from; i--)
            v = x_select(
                e, c_and(e, dispatch_can(d, e, machine, i), dispatch_is_own(d, e, machine, i)),
                x_const(e, i + 1), v);
    }
    return v;
}

static void emit_pick(Dispatch *d, Emit *e)
{
    d->pick = dispatch_fn(d, e, ".pick", e->i64, 0, NULL);
    e_fn_attr(e, d->pick, "cold");
    idx v = dispatch_best(d, e, (idx){ e_call_fn(e, d->machine, 0, NULL) });
    LLVMValueRef mine = LLVMBuildTrunc(e->b, v.v, e->i32, "");
    LLVMValueRef nobody = LLVMConstInt(e->i32, 0, 0);
    LLVMValueRef pair = LLVMBuildAtomicCmpXchg(
        e->b, d->state, nobody, mine, LLVMAtomicOrderingMonotonic, LLVMAtomicOrderingMonotonic, 0);
    LLVMValueRef other = LLVMBuildExtractValue(e->b, pair, 0, "");
    idx theirs = { LLVMBuildZExt(e->b, other, e->i64, "") };
    e_return(e, x_select(e, x_equal(e, theirs, x_const(e, 0)), v, theirs));
}

idx dispatch_chosen(const Dispatch *d, Emit *e)
{
    LLVMValueRef now = LLVMBuildLoad2(e->b, e->i32, d->state, "");
    LLVMSetOrdering(now, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(now, 4);
    var v = v_index(e, (idx){ LLVMBuildZExt(e->b, now, e->i64, "") });
    EMIT_IF (e, x_equal(e, v_index_get(e, v), x_const(e, 0))) {
        v_index_set(e, v, (idx){ e_call_fn(e, d->pick, 0, NULL) });
    }
    return v_index_get(e, v);
}

/* ---- entry points ---------------------------------------------------------------- */

static LLVMValueRef variant_of(const Dispatch *d, const Emit *e, int i, const char *suffix)
{
    char name[4 * DCN_NAME_MAX];
    size_t n = (size_t)snprintf(name, sizeof name, "%s%s.", d->spec->name, suffix);
    snprintf(name + n, sizeof name - n, "%s", d->v[i].target->cpu);
    for (; name[n]; n++)
        if (name[n] == '-')
            name[n] = '_';
    return LLVMGetNamedFunction(e->mod, name);
}

static void give_back(Emit *e, LLVMValueRef value)
{
    if (LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMVoidTypeKind)
        LLVMBuildRetVoid(e->b);
    else
        LLVMBuildRet(e->b, value);
}

static void hand_on(Emit *e, LLVMValueRef to, int nargs)
{
    LLVMValueRef args[8];
    for (int i = 0; i < nargs; i++)
        args[i] = LLVMGetParam(e->fn, (unsigned)i);
    LLVMValueRef call = e_call_fn(e, to, nargs, args);
    LLVMSetTailCall(call, 1);
    give_back(e, call);
}

static void emit_entry(Dispatch *d, Emit *e, const char *suffix)
{
    LLVMTypeRef type = LLVMGlobalGetValueType(variant_of(d, e, 0, suffix)), args[8];
    const int nargs = (int)LLVMCountParamTypes(type);
    LLVMTypeRef result = LLVMGetReturnType(type);
    LLVMGetParamTypes(type, args);
    LLVMValueRef fn = dispatch_fn(d, e, suffix, result, nargs, args);
    idx v = dispatch_chosen(d, e);
    LLVMBasicBlockRef none = LLVMAppendBasicBlockInContext(e->ctx, fn, "none");
    LLVMValueRef choice = LLVMBuildSwitch(e->b, v.v, none, (unsigned)d->n);
    for (int i = 0; i < d->n; i++) {
        LLVMBasicBlockRef block = LLVMAppendBasicBlockInContext(e->ctx, fn, "variant");
        LLVMAddCase(choice, x_const(e, i + 1).v, block);
        LLVMPositionBuilderAtEnd(e->b, block);
        hand_on(e, variant_of(d, e, i, suffix), nargs);
    }
    LLVMPositionBuilderAtEnd(e->b, none);
    if (result == e->none)
        LLVMBuildRetVoid(e->b);
    else
        e_return(e, x_const(e, strcmp(suffix, "_tasks") == 0 ? -1 : 0));
}

static void add_state(Dispatch *d, Emit *e)
{
    char name[DCN_NAME_MAX + 32];
    snprintf(name, sizeof name, "%s.state", d->spec->name);
    d->state = LLVMAddGlobal(e->mod, e->i32, name);
    LLVMSetLinkage(d->state, LLVMInternalLinkage);
    LLVMSetInitializer(d->state, LLVMConstInt(e->i32, 0, 0));
    LLVMSetAlignment(d->state, 4);
}

void dispatch_close(Dispatch *d, Emit *e)
{
    static const char *const suffixes[] = RT_ENTRY_SUFFIXES;
    d->last = LLVMGetLastFunction(e->mod);
    turn_to(e, &d->base, d->spec->dtype);
    add_state(d, e);
    dispatch_machine(d, e);
    emit_pick(d, e);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        emit_entry(d, e, suffixes[i]);
    dispatch_queries(d, e);
}
