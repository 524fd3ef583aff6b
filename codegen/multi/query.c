/* query.c: which variant is in use, why, and how to use another.
**
**     "x86-64-v3: has avx2 fma; not x86-64-v4: lacks avx512f"
**
** The text is put together in the caller's memory, from pieces that are constants beside the code.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/inside.h"
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

/* Put `piece` at to[at]; what does not fit before the last of `size` bytes is only counted. */
typedef struct Append {
    addr to;
    idx size, at;
    addr piece;
} Append;

static const Param append_param[] = { PARAM(Append, to), PARAM(Append, size), PARAM(Append, at),
                                      PARAM(Append, piece) };
static const Params append_params = PARAMS(Append, append_param);

/* -> at behind the piece */
static LLVMValueRef emit_append(Multi *m, Emit *e)
{
    Append in;
    LLVMValueRef fn = multi_fn(m, e, ".append", e->i64, &append_params, &in);
    var at = v_index(e, in.at), from = v_index(e, x_const(e, 0));
    Round r = round_begin(e);
    idx c = char_at(e, in.piece, v_index_get(e, from));
    round_leave_if(e, &r, x_equal(e, c, x_const(e, 0)));
    EMIT_IF (e, x_less(e, x_addk(e, v_index_get(e, at), 1), in.size)) {
        put_char(e, in.to, v_index_get(e, at), LLVMBuildTrunc(e->b, c.v, e->i8, ""));
    }
    v_index_set(e, at, x_addk(e, v_index_get(e, at), 1));
    v_index_set(e, from, x_addk(e, v_index_get(e, from), 1));
    round_end(e, &r);
    e_return(e, v_index_get(e, at));
    return fn;
}

typedef struct Same {
    addr a, b;
} Same;

static const Param same_param[] = { PARAM(Same, a), PARAM(Same, b) };
static const Params same_params = PARAMS(Same, same_param);

/* -> 1 or 0 */
static LLVMValueRef emit_same(Multi *m, Emit *e)
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

/* ---- which ------------------------------------------------------------------------- */

static addr name_of_chosen(const Multi *m, Emit *e, idx chosen)
{
    addr name = text(e, "none");
    for (int i = 0; i < m->n; i++)
        name = choose_text(e, x_equal(e, chosen, x_const(e, i + 1)), text(e, m->v[i].target->cpu),
                           name);
    return name;
}

static void emit_variant(Multi *m, Emit *e)
{
    multi_fn(m, e, "_variant", e->ptr, NULL, NULL);
    LLVMBuildRet(e->b, name_of_chosen(m, e, multi_chosen(m, e)).v);
}

/* ---- why ----------------------------------------------------------------------------- */

typedef struct Why {
    LLVMValueRef append;
    addr to;
    idx size, machine, chosen;
    var at;
} Why;

static void print(Emit *e, const Why *w, addr piece)
{
    const Append give = {
        .to = w->to, .size = w->size, .at = v_index_get(e, w->at), .piece = piece
    };
    v_index_set(e, w->at, (idx){ e_call_with(e, w->append, &append_params, &give) });
}

/* ": has avx2 fma", by the features that make the class */
static void print_class(const Multi *m, Emit *e, const Why *w, int i)
{
    char list[256];
    rt_text t = rt_text_in(list, sizeof list);
    const Isa *isa = cg_isa(m->v[i].target->isa);
    rt_text_add(&t, ": has");
    for (int k = 0; isa->needs[k]; k++)
        rt_text_add(&t, " %s", isa->needs[k]);
    print(e, w, text(e, list));
}

static void print_chosen(const Multi *m, Emit *e, const Why *w)
{
    print(e, w, name_of_chosen(m, e, w->chosen));
    for (int i = 0; i < m->n; i++) {
        cond it = x_equal(e, w->chosen, x_const(e, i + 1));
        EMIT_IF (e, it) {
            print_class(m, e, w, i);
        }
        EMIT_IF (e, c_and(e, it, multi_is_tuned_for(m, e, w->machine, i))) {
            print(e, w, text(e, ", is tuned for this CPU"));
        }
    }
    cond usual = x_equal(e, w->chosen, multi_best(m, e, w->machine));
    EMIT_IF (e, c_not(e, usual)) {
        print(e, w, text(e, ", was chosen by the program"));
    }
}

/* "; not x86-64-v4: lacks avx512f" */
static void print_lacking(const Multi *m, Emit *e, const Why *w, int i)
{
    char intro[SYMBOL_MAX];
    const uint64_t needs = multi_needs(m, i);
    addr first = text(e, "");
    for (int k = MAX_PROBES - 1; k >= 0; k--) {
        if (!(needs >> k & 1))
            continue;
        idx found = x_and(e, w->machine, x_const(e, (int64_t)1 << k));
        first = choose_text(e, x_equal(e, found, x_const(e, 0)), text(e, m->arch->probes[k].name),
                            first);
    }
    snprintf(intro, sizeof intro, "; not %s: lacks ", m->v[i].target->cpu);
    print(e, w, text(e, intro));
    print(e, w, first);
}

typedef struct WhyArgs {
    addr to;
    idx size;
} WhyArgs;

static const Param why_param[] = { PARAM(WhyArgs, to), PARAM(WhyArgs, size) };
static const Params why_params = PARAMS(WhyArgs, why_param);

/* -> the length of the text, as snprintf */
static void emit_why(Multi *m, Emit *e, LLVMValueRef append)
{
    WhyArgs in;
    multi_fn(m, e, "_variant_why", e->i64, &why_params, &in);
    Why w = { .append = append, .to = in.to, .size = in.size };
    w.chosen = multi_chosen(m, e);
    w.machine.v = e_call_fn(e, m->machine, 0, NULL);
    w.at = v_index(e, x_const(e, 0));
    print_chosen(m, e, &w);
    for (int i = 0; i < m->n; i++) {
        cond can = multi_can_run(m, e, w.machine, i);
        EMIT_IF (e, c_not(e, can)) {
            print_lacking(m, e, &w, i);
        }
    }
    idx length = v_index_get(e, w.at);
    EMIT_IF (e, x_less(e, x_const(e, 0), w.size)) {
        put_char(e, w.to, x_min(e, length, x_addk(e, w.size, -1)), LLVMConstInt(e->i8, 0, 0));
    }
    e_return(e, length);
}

/* ---- another --------------------------------------------------------------------------- */

static void set_state(const Multi *m, Emit *e, int value)
{
    LLVMValueRef store = LLVMBuildStore(e->b, LLVMConstInt(e->i32, (unsigned)value, 0), m->state);
    LLVMSetOrdering(store, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(store, 4);
}

/* The variant of this name, if the machine can run it; what choose_variant returns goes to rc. */
static void choose_by_name(const Multi *m, Emit *e, LLVMValueRef same, addr cpu, var rc)
{
    idx machine = { e_call_fn(e, m->machine, 0, NULL) };
    for (int i = 0; i < m->n; i++) {
        const Same give = { .a = cpu, .b = text(e, m->v[i].target->cpu) };
        idx hit = { e_call_with(e, same, &same_params, &give) };
        cond it = x_equal(e, hit, x_const(e, 1)), can = multi_can_run(m, e, machine, i);
        idx result = x_select(e, can, x_const(e, 0), x_const(e, -2));
        v_index_set(e, rc, x_select(e, it, result, v_index_get(e, rc)));
        EMIT_IF (e, c_and(e, it, can)) {
            set_state(m, e, i + 1);
        }
    }
}

typedef struct ChooseArgs {
    addr cpu; /* its name, or NULL for the best one */
} ChooseArgs;

static const Param choose_param[] = { PARAM(ChooseArgs, cpu) };
static const Params choose_params = PARAMS(ChooseArgs, choose_param);

/* -> 0; -1: there is none of that name; -2: it cannot run here */
static void emit_choose(Multi *m, Emit *e, LLVMValueRef same)
{
    ChooseArgs in;
    multi_fn(m, e, "_choose_variant", e->i32, &choose_params, &in);
    var rc = v_index(e, x_const(e, -1));
    EMIT_IF_ELSE (e, b, p_is_null(e, in.cpu)) {
        if (b.yes) {
            set_state(m, e, 0);
            v_index_set(e, rc, x_const(e, 0));
        } else {
            choose_by_name(m, e, same, in.cpu, rc);
        }
    }
    LLVMBuildRet(e->b, LLVMBuildTrunc(e->b, v_index_get(e, rc).v, e->i32, ""));
}

void multi_emit_queries(Multi *m, Emit *e)
{
    LLVMValueRef append = emit_append(m, e), same = emit_same(m, e);
    emit_variant(m, e);
    emit_why(m, e, append);
    emit_choose(m, e, same);
}
