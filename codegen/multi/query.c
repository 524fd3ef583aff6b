/* query.c: which variant is in use, why, and how to use another.
**
**     "x86-64-v3: has avx2 fma; not x86-64-v4: lacks avx512f"
**
** The text is put together in the caller's memory, from pieces that are constants beside the code.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/text.h"
#include "codegen/target/table.h"
#include "runtime/base/text.h"

#include <stdio.h>

/* ---- which ------------------------------------------------------------------------- */

static addr name_of_chosen(const Multi *m, Emit *e, idx chosen)
{
    addr name = text_const(e, "none");
    for (int i = 0; i < m->n; i++)
        name = text_choose(e, x_equal(e, chosen, x_const(e, i + 1)),
                           text_const(e, m->v[i].target->cpu), name);
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
    v_index_set(e, w->at, call_append(e, w->append, &give));
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
    print(e, w, text_const(e, list));
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
            print(e, w, text_const(e, ", is tuned for this CPU"));
        }
    }
    cond usual = x_equal(e, w->chosen, multi_best(m, e, w->machine));
    EMIT_IF (e, c_not(e, usual)) {
        print(e, w, text_const(e, ", was chosen by the program"));
    }
}

/* "; not x86-64-v4: lacks avx512f" */
static void print_lacking(const Multi *m, Emit *e, const Why *w, int i)
{
    char intro[SYMBOL_MAX];
    const uint64_t needs = multi_needs(m, i);
    addr first = text_const(e, "");
    for (int k = MAX_PROBES - 1; k >= 0; k--) {
        if (!(needs >> k & 1))
            continue;
        idx found = x_and(e, w->machine, x_const(e, (int64_t)1 << k));
        first = text_choose(e, x_equal(e, found, x_const(e, 0)),
                            text_const(e, m->arch->probes[k].name), first);
    }
    snprintf(intro, sizeof intro, "; not %s: lacks ", m->v[i].target->cpu);
    print(e, w, text_const(e, intro));
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
        text_put(e, w.to, x_min(e, length, x_addk(e, w.size, -1)), LLVMConstInt(e->i8, 0, 0));
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
        const Same give = { .a = cpu, .b = text_const(e, m->v[i].target->cpu) };
        cond it = call_same(e, same, &give), can = multi_can_run(m, e, machine, i);
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
