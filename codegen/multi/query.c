/* query.c: which variant is in use, why, and how to use another.
**
**     "x86-64-v3: has avx2 fma; not x86-64-v4: lacks avx512f"
**
** The text is put together in the caller's memory, from pieces that are constants beside the code.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/multi.h"
#include "codegen/target/table.h"
#include "runtime/base/text.h"

#include <stdio.h>
#include <string.h>

static addr text(Emit *e, const char *s)
{
    LLVMValueRef chars = LLVMConstStringInContext2(e->ctx, s, strlen(s), 0);
    LLVMValueRef g = LLVMAddGlobal(e->mod, LLVMTypeOf(chars), "text");
    LLVMSetInitializer(g, chars);
    LLVMSetGlobalConstant(g, 1);
    LLVMSetLinkage(g, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(g, LLVMGlobalUnnamedAddr);
    return (addr){ g };
}

static addr choose_text(Emit *e, cond c, addr yes, addr no)
{
    return (addr){ LLVMBuildSelect(e->b, c.v, yes.v, no.v, "") };
}

static idx char_at(Emit *e, addr s, idx at)
{
    LLVMValueRef c = LLVMBuildLoad2(e->b, e->i8, p_at_bytes(e, s, at).v, "");
    return (idx){ LLVMBuildZExt(e->b, c, e->i64, "") };
}

static void put_char(Emit *e, addr s, idx at, LLVMValueRef c)
{
    LLVMBuildStore(e->b, c, p_at_bytes(e, s, at).v);
}

/* ---- functions on text: bytes up to a NUL -------------------------------------------- */

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

/* append(to, size, at, piece) -> at behind it; what does not fit before the last byte is only counted. */
static LLVMValueRef emit_append(Dispatch *d, Emit *e)
{
    const LLVMTypeRef args[] = { e->ptr, e->i64, e->i64, e->ptr };
    LLVMValueRef fn = dispatch_fn(d, e, ".append", e->i64, 4, args);
    addr to = e_arg_addr(e, 0), piece = e_arg_addr(e, 3);
    var at = v_index(e, e_arg_idx(e, 2)), from = v_index(e, x_const(e, 0));
    Round r = round_begin(e);
    idx c = char_at(e, piece, v_index_get(e, from));
    round_leave_if(e, &r, x_equal(e, c, x_const(e, 0)));
    EMIT_IF (e, x_less(e, x_addk(e, v_index_get(e, at), 1), e_arg_idx(e, 1))) {
        put_char(e, to, v_index_get(e, at), LLVMBuildTrunc(e->b, c.v, e->i8, ""));
    }
    v_index_set(e, at, x_addk(e, v_index_get(e, at), 1));
    v_index_set(e, from, x_addk(e, v_index_get(e, from), 1));
    round_end(e, &r);
    e_return(e, v_index_get(e, at));
    return fn;
}

/* same(a, b) -> 1 or 0 */
static LLVMValueRef emit_same(Dispatch *d, Emit *e)
{
    const LLVMTypeRef args[] = { e->ptr, e->ptr };
    LLVMValueRef fn = dispatch_fn(d, e, ".same", e->i64, 2, args);
    var at = v_index(e, x_const(e, 0)), equal = v_index(e, x_const(e, 0));
    Round r = round_begin(e);
    idx a = char_at(e, e_arg_addr(e, 0), v_index_get(e, at));
    idx b = char_at(e, e_arg_addr(e, 1), v_index_get(e, at));
    cond alike = x_equal(e, a, b);
    v_index_set(e, equal, x_select(e, alike, x_const(e, 1), x_const(e, 0)));
    round_leave_if(e, &r, (cond){ LLVMBuildNot(e->b, alike.v, "") });
    round_leave_if(e, &r, x_equal(e, a, x_const(e, 0)));
    v_index_set(e, at, x_addk(e, v_index_get(e, at), 1));
    round_end(e, &r);
    e_return(e, v_index_get(e, equal));
    return fn;
}

/* ---- which ------------------------------------------------------------------------- */

static addr name_of_chosen(const Dispatch *d, Emit *e, idx chosen)
{
    addr name = text(e, "none");
    for (int i = 0; i < d->n; i++)
        name = choose_text(e, x_equal(e, chosen, x_const(e, i + 1)), text(e, d->v[i].target->cpu),
                           name);
    return name;
}

static void emit_variant(Dispatch *d, Emit *e)
{
    dispatch_fn(d, e, "_variant", e->ptr, 0, NULL);
    LLVMBuildRet(e->b, name_of_chosen(d, e, dispatch_chosen(d, e)).v);
}

/* ---- why ----------------------------------------------------------------------------- */

typedef struct Why {
    LLVMValueRef append;
    addr to;
    idx size, machine, chosen;
    var at;
} Why;

static void say(Emit *e, const Why *w, addr piece)
{
    const LLVMValueRef args[] = { w->to.v, w->size.v, v_index_get(e, w->at).v, piece.v };
    v_index_set(e, w->at, (idx){ e_call_fn(e, w->append, 4, args) });
}

/* ": has avx2 fma", by the features that make the class */
static void say_class(const Dispatch *d, Emit *e, const Why *w, int i)
{
    char list[256];
    rt_text t = rt_text_in(list, sizeof list);
    const Isa *isa = cg_isa(d->v[i].target->isa);
    rt_text_add(&t, ": has");
    for (int k = 0; isa->needs[k]; k++)
        rt_text_add(&t, " %s", isa->needs[k]);
    say(e, w, text(e, list));
}

static void say_chosen(const Dispatch *d, Emit *e, const Why *w)
{
    say(e, w, name_of_chosen(d, e, w->chosen));
    for (int i = 0; i < d->n; i++) {
        cond it = x_equal(e, w->chosen, x_const(e, i + 1));
        EMIT_IF (e, it) {
            say_class(d, e, w, i);
        }
        EMIT_IF (e, c_and(e, it, dispatch_is_own(d, e, w->machine, i))) {
            say(e, w, text(e, ", is tuned for this CPU"));
        }
    }
    cond usual = x_equal(e, w->chosen, dispatch_best(d, e, w->machine));
    EMIT_IF (e, (cond){ LLVMBuildNot(e->b, usual.v, "") }) {
        say(e, w, text(e, ", was chosen by the program"));
    }
}

/* "; not x86-64-v4: lacks avx512f" */
static void say_lacking(const Dispatch *d, Emit *e, const Why *w, int i)
{
    char intro[DCN_NAME_MAX + 32];
    const uint64_t needs = dispatch_needs(d, i);
    addr first = text(e, "");
    for (int k = MAX_PROBES - 1; k >= 0; k--) {
        if (!(needs >> k & 1))
            continue;
        LLVMValueRef bit = LLVMConstInt(e->i64, (uint64_t)1 << k, 0);
        LLVMValueRef found = LLVMBuildAnd(e->b, w->machine.v, bit, "");
        first = choose_text(e, (cond){ LLVMBuildIsNull(e->b, found, "") },
                            text(e, d->arch->probes[k].name), first);
    }
    snprintf(intro, sizeof intro, "; not %s: lacks ", d->v[i].target->cpu);
    say(e, w, text(e, intro));
    say(e, w, first);
}

/* variant_why(to, size) -> its length, as snprintf */
static void emit_why(Dispatch *d, Emit *e, LLVMValueRef append)
{
    const LLVMTypeRef args[] = { e->ptr, e->i64 };
    dispatch_fn(d, e, "_variant_why", e->i64, 2, args);
    Why w = { .append = append, .to = e_arg_addr(e, 0), .size = e_arg_idx(e, 1) };
    w.chosen = dispatch_chosen(d, e);
    w.machine.v = e_call_fn(e, d->machine, 0, NULL);
    w.at = v_index(e, x_const(e, 0));
    say_chosen(d, e, &w);
    for (int i = 0; i < d->n; i++) {
        cond can = dispatch_can(d, e, w.machine, i);
        EMIT_IF (e, (cond){ LLVMBuildNot(e->b, can.v, "") }) {
            say_lacking(d, e, &w, i);
        }
    }
    idx length = v_index_get(e, w.at);
    EMIT_IF (e, x_less(e, x_const(e, 0), w.size)) {
        put_char(e, w.to, x_min(e, length, x_addk(e, w.size, -1)), LLVMConstInt(e->i8, 0, 0));
    }
    e_return(e, length);
}

/* ---- another --------------------------------------------------------------------------- */

static void set_state(const Dispatch *d, Emit *e, int value)
{
    LLVMValueRef store = LLVMBuildStore(e->b, LLVMConstInt(e->i32, (unsigned)value, 0), d->state);
    LLVMSetOrdering(store, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(store, 4);
}

/* The variant of this name, if the machine can run it; what choose_variant returns goes to rc. */
static void choose_by_name(const Dispatch *d, Emit *e, LLVMValueRef same, addr cpu, var rc)
{
    idx machine = { e_call_fn(e, d->machine, 0, NULL) };
    for (int i = 0; i < d->n; i++) {
        const LLVMValueRef args[] = { cpu.v, text(e, d->v[i].target->cpu).v };
        idx hit = { e_call_fn(e, same, 2, args) };
        cond it = x_equal(e, hit, x_const(e, 1)), can = dispatch_can(d, e, machine, i);
        idx result = x_select(e, can, x_const(e, 0), x_const(e, -2));
        v_index_set(e, rc, x_select(e, it, result, v_index_get(e, rc)));
        EMIT_IF (e, c_and(e, it, can)) {
            set_state(d, e, i + 1);
        }
    }
}

/* choose_variant(cpu or NULL) -> 0; -1: there is none of that name; -2: it cannot run here */
static void emit_choose(Dispatch *d, Emit *e, LLVMValueRef same)
{
    dispatch_fn(d, e, "_choose_variant", e->i32, 1, &e->ptr);
    addr cpu = e_arg_addr(e, 0);
    var rc = v_index(e, x_const(e, -1));
    EMIT_IF_ELSE (e, b, ((cond){ LLVMBuildIsNull(e->b, cpu.v, "") })) {
        if (b.yes) {
            set_state(d, e, 0);
            v_index_set(e, rc, x_const(e, 0));
        } else {
            choose_by_name(d, e, same, cpu, rc);
        }
    }
    LLVMBuildRet(e->b, LLVMBuildTrunc(e->b, v_index_get(e, rc).v, e->i32, ""));
}

void dispatch_queries(Dispatch *d, Emit *e)
{
    LLVMValueRef append = emit_append(d, e), same = emit_same(d, e);
    emit_variant(d, e);
    emit_why(d, e, append);
    emit_choose(d, e, same);
}
