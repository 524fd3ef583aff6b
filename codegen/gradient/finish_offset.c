/* finish_offset.c: gradients of offsets and masks of which several blocks have parts, a row of the
** output at a time.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"

static LLVMValueRef emit_row(Emit *e, const GradientPlan *p, LLVMValueRef transpose)
{
    GradientFinishArgs in;
    LLVMValueRef row = gradient_emit_offset_row(e, p);
    LLVMValueRef fn = gradient_begin_finish(e, "finish_offset", &in);
    Problem pb = problem_load(e, p->s, in.args);
    (void)transpose;
    idx before = x_mulk(e, x_mul(e, in.number, pb.q), p->dot_stride), zero = x_const(e, 0);
    GradientOffsetRowArgs out = { .args = in.args, .q = zero, .cols = pb.q, .group = zero };
    out.dots = p_at(e, gradient_shared(e, p, &pb, in.workspace).dots, before);
    out.n = x_div(e, in.number, pb.p);
    out.p = x_rem(e, in.number, pb.p);
    out.groups = x_const(e, p->s->offset_groups);
    gradient_call_offset_row(e, row, &out);
    e_fn_end(e);
    return fn;
}

static bool wanted(const GradientPlan *p)
{
    return p->want.dots && !gradient_owns_dots(p);
}

static idx rows_of(Emit *e, const GradientPlan *p, const Problem *pb)
{
    (void)p;
    return x_mul(e, pb->n, pb->p);
}

const GradientFinish gradient_finish_offset = { wanted, rows_of, emit_row };
