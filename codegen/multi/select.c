/* select.c: which variant runs here.
**
**     state   0: nobody has asked yet; 1 .. n: the variant in use; n + 1: none can run
**
** The first call of any thread asks the machine and sets the state unless another thread was quicker; all find
** the same, so nobody waits.  Later calls load the state.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/multi/inside.h"

#include <stdio.h>
#include <string.h>

LLVMValueRef multi_fn(const Multi *m, Emit *e, const char *suffix, LLVMTypeRef result,
                      const Params *p, void *args)
{
    char name[SYMBOL_MAX];
    snprintf(name, sizeof name, "%s%s", m->spec->name, suffix);
    return e_fn_begin_with(e, name, suffix[0] == '.', result, p, args);
}

cond multi_can_run(const Multi *m, Emit *e, idx machine, int i)
{
    idx needs = x_const(e, (int64_t)multi_needs(m, i));
    return x_equal(e, x_and(e, machine, needs), needs);
}

cond multi_is_tuned_for(const Multi *m, Emit *e, idx machine, int i)
{
    idx bit = x_const(e, (int64_t)multi_tuned_bit(m, i));
    return c_not(e, x_equal(e, x_and(e, machine, bit), x_const(e, 0)));
}

/* Best class first; in a class the variant that is tuned for this very CPU, else the first. */
idx multi_best(const Multi *m, Emit *e, idx machine)
{
    idx v = x_const(e, m->n + 1);
    for (int end = m->n, from; end > 0; end = from) {
        for (from = end - 1; from > 0; from--)
            if (strcmp(m->v[from - 1].target->isa, m->v[end - 1].target->isa) != 0)
                break;
        for (int i = end - 1; i >= from; i--)
            v = x_select(e, multi_can_run(m, e, machine, i), x_const(e, i + 1), v);
        for (int i = end - 1; i >= from; i--)
            v = x_select(
                e, c_and(e, multi_can_run(m, e, machine, i), multi_is_tuned_for(m, e, machine, i)),
                x_const(e, i + 1), v);
    }
    return v;
}

void multi_emit_pick(Multi *m, Emit *e)
{
    m->pick = multi_fn(m, e, ".pick", e->i64, NULL, NULL);
    e_fn_attr(e, m->pick, "cold");
    idx v = multi_best(m, e, (idx){ e_call_fn(e, m->machine, 0, NULL) });
    LLVMValueRef mine = LLVMBuildTrunc(e->b, v.v, e->i32, "");
    LLVMValueRef nobody = LLVMConstInt(e->i32, 0, 0);
    LLVMValueRef pair = LLVMBuildAtomicCmpXchg(
        e->b, m->state, nobody, mine, LLVMAtomicOrderingMonotonic, LLVMAtomicOrderingMonotonic, 0);
    LLVMValueRef other = LLVMBuildExtractValue(e->b, pair, 0, "");
    idx theirs = { LLVMBuildZExt(e->b, other, e->i64, "") };
    e_return(e, x_select(e, x_equal(e, theirs, x_const(e, 0)), v, theirs));
}

idx multi_chosen(const Multi *m, Emit *e)
{
    LLVMValueRef now = LLVMBuildLoad2(e->b, e->i32, m->state, "");
    LLVMSetOrdering(now, LLVMAtomicOrderingMonotonic);
    LLVMSetAlignment(now, 4);
    var v = v_index(e, (idx){ LLVMBuildZExt(e->b, now, e->i64, "") });
    EMIT_IF (e, x_equal(e, v_index_get(e, v), x_const(e, 0))) {
        v_index_set(e, v, (idx){ e_call_fn(e, m->pick, 0, NULL) });
    }
    return v_index_get(e, v);
}

void multi_add_state(Multi *m, Emit *e)
{
    char name[SYMBOL_MAX];
    snprintf(name, sizeof name, "%s.state", m->spec->name);
    m->state = LLVMAddGlobal(e->mod, e->i32, name);
    LLVMSetLinkage(m->state, LLVMInternalLinkage);
    LLVMSetInitializer(m->state, LLVMConstInt(e->i32, 0, 0));
    LLVMSetAlignment(m->state, 4);
}
