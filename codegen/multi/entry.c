/* entry.c: the entry points of a kernel that is compiled for several CPUs.
**
** Each jumps to that of the variant in use (see select.c).  Where no variant can run, `tasks` says that there is no
** phase, sizes are 0, and nothing is written.
**
** All variants are functions of one module and internal to it.  Their attributes say which features each may use,
** as target_clones of C compilers does it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/inside.h"
#include "codegen/target/table.h"
#include "runtime/base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- variants ------------------------------------------------------------------ */

static void set_target_of(Emit *e, const dcn_target *t, dcn_dtype dtype)
{
    const int bytes = (int)dcn_dtype_bytes(dtype);
    e_set_target(e, t);
    e_set_type(e, (LaneType){ bytes, t->vector_bytes / bytes, 0 });
}

Kernel *multi_open_variant(Multi *m, Emit *e, int i)
{
    m->last = LLVMGetLastFunction(e->mod);
    set_target_of(e, m->v[i].target, m->spec->dtype);
    m->kernel[i] = (Kernel){ .s = m->spec };
    return &m->kernel[i];
}

static LLVMValueRef next_function(const Multi *m, const Emit *e, LLVMValueRef fn)
{
    if (fn || m->last)
        return LLVMGetNextFunction(fn ? fn : m->last);
    return LLVMGetFirstFunction(e->mod);
}

/* What the machine is asked for, and what the row of the CPU says of its gathers, for which nothing is asked. */
static void list_features(const Multi *m, int variant, char *text, size_t size)
{
    const dcn_target *target = m->v[variant].target;
    const uint64_t set = m->features[variant];
    rt_text t = rt_text_in(text, size);
    for (int i = 0; m->arch->probes[i].name; i++) {
        const Probe *p = &m->arch->probes[i];
        if ((set >> i & 1) && p->kind != PROBE_SYSTEM)
            rt_text_item(&t, ",", "+%s", p->name);
    }
    if (cg_isa(target->isa)->gather && !target->gather)
        rt_text_item(&t, ",", CG_NO_GATHERS);
}

/* FUNCTION.x86_64_v3 */
static void append_cpu(LLVMValueRef fn, const char *cpu)
{
    char name[SYMBOL_MAX];
    size_t n;
    snprintf(name, sizeof name, "%s.%s", LLVMGetValueName2(fn, &n), cpu);
    for (char *at = strchr(name, '.'); *at; at++)
        if (*at == '-')
            *at = '_';
    LLVMSetValueName2(fn, name, strlen(name));
}

void multi_close_variant(Multi *m, Emit *e, int i)
{
    char features[1024];
    list_features(m, i, features, sizeof features);
    for (LLVMValueRef fn = NULL; (fn = next_function(m, e, fn));) {
        if (LLVMCountBasicBlocks(fn) == 0)
            continue;
        append_cpu(fn, m->v[i].target->cpu);
        LLVMSetLinkage(fn, LLVMInternalLinkage);
        e_fn_attr_str(e, fn, "target-cpu", m->arch->cpu);
        e_fn_attr_str(e, fn, "target-features", features);
        e_fn_attr_str(e, fn, "tune-cpu", m->v[i].target->cpu);
    }
}

/* ---- entry points ---------------------------------------------------------------- */

/* The entry points of a kernel, as functions of the module. */
typedef struct Entry {
    const char *suffix;
    size_t at;   /* of the function in a Kernel */
    int without; /* what it returns where no variant can run */
} Entry;

#define ENTRY(member, without)                                                                     \
    {                                                                                              \
        "_" #member, offsetof(Kernel, member), without                                             \
    }
static const Entry entries[] = { ENTRY(run, 0), ENTRY(tasks, -1), ENTRY(workspace_bytes, 0),
                                 ENTRY(pack, 0), ENTRY(packed_bytes, 0) };

static LLVMValueRef function_of(const Kernel *k, const Entry *entry)
{
    LLVMValueRef fn;
    memcpy(&fn, (const char *)k + entry->at, sizeof fn);
    return fn;
}

/* An entry point of the same type as that of a variant. */
static LLVMValueRef begin_like(const Multi *m, Emit *e, LLVMValueRef variant, const char *suffix)
{
    char name[SYMBOL_MAX];
    LLVMTypeRef type = LLVMGlobalGetValueType(variant), args[MAX_PARAMS];
    LLVMGetParamTypes(type, args);
    snprintf(name, sizeof name, "%s%s", m->spec->name, suffix);
    return e_fn_begin(e, name, 0, LLVMGetReturnType(type), (int)LLVMCountParamTypes(type), args);
}

static void return_value(Emit *e, LLVMValueRef value)
{
    if (LLVMTypeOf(value) == e->none)
        LLVMBuildRetVoid(e->b);
    else
        LLVMBuildRet(e->b, value);
}

/* Call a function of the same type with what this one was given, and return what it returns. */
static void tail_call(Emit *e, LLVMValueRef to)
{
    LLVMValueRef args[MAX_PARAMS];
    LLVMGetParams(e->fn, args);
    LLVMValueRef call = e_call_fn(e, to, (int)LLVMCountParams(e->fn), args);
    LLVMSetTailCall(call, 1);
    return_value(e, call);
}

static void emit_entry(Multi *m, Emit *e, const Entry *entry)
{
    LLVMValueRef fn = begin_like(m, e, function_of(&m->kernel[0], entry), entry->suffix);
    idx v = multi_chosen(m, e);
    LLVMBasicBlockRef none = LLVMAppendBasicBlockInContext(e->ctx, fn, "none");
    LLVMValueRef choice = LLVMBuildSwitch(e->b, v.v, none, (unsigned)m->n);
    for (int i = 0; i < m->n; i++) {
        LLVMBasicBlockRef block = LLVMAppendBasicBlockInContext(e->ctx, fn, "variant");
        LLVMAddCase(choice, x_const(e, i + 1).v, block);
        LLVMPositionBuilderAtEnd(e->b, block);
        tail_call(e, function_of(&m->kernel[i], entry));
    }
    LLVMPositionBuilderAtEnd(e->b, none);
    if (LLVMGetReturnType(LLVMGlobalGetValueType(fn)) == e->none)
        e_fn_end(e);
    else
        e_return(e, x_const(e, entry->without));
}

void multi_close(Multi *m, Emit *e)
{
    m->last = LLVMGetLastFunction(e->mod);
    set_target_of(e, &m->base, m->spec->dtype);
    multi_add_state(m, e);
    multi_emit_machine(m, e);
    multi_emit_pick(m, e);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        emit_entry(m, e, &entries[i]);
    multi_emit_queries(m, e);
}
