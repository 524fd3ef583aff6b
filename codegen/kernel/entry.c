/* entry.c: the entry points of a kernel (see runtime/exec/kernel.h for what they promise).
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"

#include <stdio.h>

void lower_entry(Emit *e, const dcn_spec *s, const char *suffix, LLVMTypeRef result, int nargs,
                 const LLVMTypeRef *args)
{
    char name[DCN_NAME_MAX + 32];
    snprintf(name, sizeof name, "%s%s", s->name, suffix);
    e_fn_begin(e, name, e->internal, result, nargs, args);
}

void lower_run_begin(Emit *e, const dcn_spec *s)
{
    const LLVMTypeRef args[] = { e->ptr, e->i64, e->i64, e->i64, e->ptr, e->i64 };
    lower_entry(e, s, "_run", e->none, 6, args);
}

void lower_tasks(Emit *e, const dcn_spec *s, int phases, LowerCount count, const void *self)
{
    const LLVMTypeRef args[] = { e->ptr, e->i64 };
    lower_entry(e, s, "_tasks", e->i64, 2, args);
    Problem pb = problem_load(e, s, e_arg_addr(e, 0));
    idx n = x_const(e, -1);
    for (int phase = phases - 1; phase >= 0; phase--) {
        cond here = x_equal(e, e_arg_idx(e, 1), x_const(e, phase));
        n = x_select(e, here, count(e, &pb, phase, self), n);
    }
    e_return(e, n);
    e->phases = phases;
}

void lower_workspace(Emit *e, const dcn_spec *s, LowerShared shared, int64_t thread_bytes,
                     const void *self)
{
    const LLVMTypeRef args[] = { e->i64, e->i64, e->i64, e->i64, e->i64 };
    idx size[4];
    lower_entry(e, s, "_workspace_bytes", e->i64, 5, args);
    for (int i = 0; i < 4; i++)
        size[i] = e_arg_idx(e, i);
    Problem pb = problem_of_sizes(e, s, size);
    idx own = x_mulk(e, e_arg_idx(e, 4), thread_bytes);
    e_return(e, x_add(e, shared(e, &pb, self), own));
}

void lower_packed_bytes(Emit *e, const dcn_spec *s, int64_t bytes)
{
    const LLVMTypeRef args[] = { e->i64 };
    lower_entry(e, s, "_packed_bytes", e->i64, 1, args);
    e_return(e, x_const(e, bytes));
}

void lower_pack_begin(Emit *e, const dcn_spec *s)
{
    const LLVMTypeRef args[] = { e->i64, e->ptr, e->ptr };
    lower_entry(e, s, "_pack", e->none, 3, args);
}

void lower_split(Emit *e, idx task, idx rows, idx cols, idx out[3])
{
    idx line = x_div(e, task, cols);
    out[2] = x_rem(e, task, cols);
    out[1] = x_rem(e, line, rows);
    out[0] = x_div(e, line, rows);
}

int lower_idle(const struct Knob *q, int value, int64_t size)
{
    int before = 0;
    for (int i = 0; i < q->nchoices; i++)
        if (q->choice[i] < value && q->choice[i] > before)
            before = q->choice[i];
    return size > 0 && before >= size;
}
