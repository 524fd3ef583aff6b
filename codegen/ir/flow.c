/* flow.c: loops and branches as blocks of C.
**
** Loops test at the bottom behind a guard at the top, so that a loop whose bounds are
** known while generating has no guard, and one that runs once is no loop at all.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/emit.h"

#include <stdio.h>

/* NAME.part, as printed IR shows it. */
static LLVMBasicBlockRef block(Emit *e, const char *name, const char *part)
{
    char all[64];
    snprintf(all, sizeof all, "%s.%s", name, part);
    return LLVMAppendBasicBlockInContext(e->ctx, e->fn, all);
}

/* ---- counted loops -------------------------------------------------------------------- */

static bool is_constant(idx a)
{
    return LLVMIsAConstantInt(a.v) != NULL;
}

/* Known to run at least once; *once: exactly once. */
static bool known_to_run(idx from, idx to, int64_t step, bool *once)
{
    *once = false;
    if (!is_constant(from) || !is_constant(to))
        return false;
    int64_t n = LLVMConstIntGetSExtValue(to.v) - LLVMConstIntGetSExtValue(from.v);
    *once = n > 0 && n <= step;
    return n > 0;
}

Loop loop_begin(Emit *e, const char *name, idx from, idx to, int64_t step)
{
    Loop l = { .at = from, .open = true, .to = to, .step = step };
    bool runs = known_to_run(from, to, step, &l.straight);
    e->open_blocks++;
    if (l.straight)
        return l;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
    l.body = block(e, name, "loop");
    l.exit = block(e, name, "end");
    if (runs)
        LLVMBuildBr(e->b, l.body);
    else
        LLVMBuildCondBr(e->b, x_less(e, from, to).v, l.body, l.exit);
    LLVMPositionBuilderAtEnd(e->b, l.body);
    l.at.v = LLVMBuildPhi(e->b, e->i64, name);
    l.counter = l.at;
    LLVMAddIncoming(l.at.v, &from.v, &here, 1);
    return l;
}

Loop loop_begin_opaque(Emit *e, const char *name, idx from, idx to, int64_t step)
{
    Loop l = loop_begin(e, name, from, to, step);
    l.at = x_named(e, name, x_opaque(e, l.at));
    return l;
}

void loop_end(Emit *e, Loop *l)
{
    l->open = false;
    e->open_blocks--;
    if (l->straight)
        return;
    idx next = x_named(e, "next", x_addk(e, l->counter, l->step));
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
    LLVMBuildCondBr(e->b, x_less(e, next, l->to).v, l->body, l->exit);
    LLVMAddIncoming(l->counter.v, &next.v, &here, 1);
    LLVMMoveBasicBlockAfter(l->exit, here);
    LLVMPositionBuilderAtEnd(e->b, l->exit);
}

/* ---- vector steps with a tail ----------------------------------------------------------- */

static void part_open(Emit *e, VecLoop *t)
{
    idx from = t->part == 0 ? x_const(e, 0) : t->split;
    t->loop = loop_begin(e, t->name, from, t->part == 0 ? t->split : t->extent, e->lanes);
    t->at = t->loop.at;
    t->live.v = NULL;
    if (t->part == 1)
        t->live = m_below(e, x_sub(e, t->extent, t->at));
}

VecLoop vectors_begin(Emit *e, const char *name, idx extent)
{
    VecLoop t = { .name = name, .extent = extent, .parts = 2 };
    t.split = x_mulk(e, x_div(e, extent, x_const(e, e->lanes)), e->lanes);
    if (is_constant(extent) && extent.v == t.split.v)
        t.parts = 1;
    if (x_is_const(t.split, 0))
        t.part = 1;
    if (t.part < t.parts)
        part_open(e, &t);
    return t;
}

void vectors_next(Emit *e, VecLoop *t)
{
    loop_end(e, &t->loop);
    if (++t->part < t->parts)
        part_open(e, t);
}

/* ---- branches ------------------------------------------------------------------------------ */

Branch branch_begin(Emit *e, const char *name, cond c, int arms)
{
    Branch b = { .arms = arms, .yes = true };
    LLVMBasicBlockRef then = block(e, name, "then");
    b.exit = block(e, name, "end");
    b.other = arms == 2 ? block(e, name, "else") : b.exit;
    LLVMBuildCondBr(e->b, c.v, then, b.other);
    LLVMPositionBuilderAtEnd(e->b, then);
    e->open_blocks++;
    return b;
}

void branch_next(Emit *e, Branch *b)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
    LLVMBuildBr(e->b, b->exit);
    if (++b->arm < b->arms) {
        LLVMMoveBasicBlockAfter(b->other, here);
        LLVMPositionBuilderAtEnd(e->b, b->other);
        b->yes = false;
        return;
    }
    LLVMMoveBasicBlockAfter(b->exit, here);
    LLVMPositionBuilderAtEnd(e->b, b->exit);
    e->open_blocks--;
}

/* ---- many branches ------------------------------------------------------------------------- */

Switch switch_begin(Emit *e, idx on, int ncases)
{
    Switch s = { .exit = block(e, "switch", "end") };
    s.on = LLVMBuildSwitch(e->b, on.v, s.exit, (unsigned)ncases);
    e->open_blocks++;
    return s;
}

static void leave_case(Emit *e, const Switch *s)
{
    if (s->in_case)
        LLVMBuildBr(e->b, s->exit);
}

void switch_case(Emit *e, Switch *s, const char *name, int from, int to)
{
    leave_case(e, s);
    s->in_case = true;
    LLVMBasicBlockRef here = block(e, name, "case");
    for (int i = from; i < to; i++)
        LLVMAddCase(s->on, x_const(e, i).v, here);
    LLVMMoveBasicBlockBefore(here, s->exit);
    LLVMPositionBuilderAtEnd(e->b, here);
}

void switch_end(Emit *e, Switch *s)
{
    leave_case(e, s);
    LLVMPositionBuilderAtEnd(e->b, s->exit);
    e->open_blocks--;
}

/* ---- runs of vectors ----------------------------------------------------------------------- */

void e_run(Emit *e, idx count, int unroll, EmitVector body, const void *self)
{
    const int64_t step = (int64_t)unroll * e->lanes;
    idx whole = x_mulk(e, x_div(e, count, x_const(e, step)), step);
    if (!x_is_const(whole, 0)) {
        EMIT_FOR (e, at, x_const(e, 0), whole, step) {
            for (int i = 0; i < unroll; i++)
                body(e, self, x_addk(e, at.at, (int64_t)i * e->lanes), all_lanes);
        }
    }
    EMIT_VECTORS (e, rest, x_sub(e, count, whole)) {
        body(e, self, x_add(e, whole, rest.at), rest.live);
    }
}
