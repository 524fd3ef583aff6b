/* finish_input.c: the bands' grad_input, added in their order, a row of the map at a time; in nchw
** back to planes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"

/* Row y of image n: the first band's, and the number of elements. */
typedef struct InputRow {
    const GradientPlan *plan;
    Problem pb;
    addr first, others; /* others: of the second band */
    idx elements, map;
} InputRow;

static void add_bands(Emit *e, const InputRow *r)
{
    EMIT_VECTORS (e, v, r->elements) {
        fvec sum = p_load(e, p_at(e, r->first, v.at), v.live);
        for (int band = 1; band < r->plan->bands; band++) {
            idx before = x_mulk(e, r->map, band - 1);
            addr part = p_at(e, r->others, x_add(e, before, v.at));
            sum = f_add(e, sum, p_load(e, part, v.live));
        }
        p_store(e, p_at(e, r->first, v.at), sum, v.live);
    }
}

static LLVMValueRef emit_row(Emit *e, const GradientPlan *p, LLVMValueRef transpose)
{
    GradientFinishArgs in;
    LLVMValueRef fn = gradient_begin_finish(e, "finish_input", &in);
    InputRow r = { .plan = p, .pb = problem_load(e, p->s, in.args) };
    GradientOut out = gradient_out(e, &r.pb, in.args, RT_INPUT);
    idx channels = x_const(e, p->s->in_channels), y = x_rem(e, in.number, r.pb.h);
    addr maps = gradient_shared(e, p, &r.pb, in.workspace).grad_input;
    r.elements = x_mul(e, r.pb.w, channels);
    r.map = gradient_map_elements(e, p, &r.pb);
    idx row = x_mul(e, in.number, r.elements);
    r.first = p_at(e, p->transposes ? maps : out.to, row);
    r.others = p_at(e, maps, p->transposes ? x_add(e, row, r.map) : row);
    EMIT_IF (e, out.wanted) {
        if (p->bands > 1)
            add_bands(e, &r);
        if (p->transposes) {
            const idx at[4] = { x_div(e, in.number, r.pb.h), x_const(e, 0), y, x_const(e, 0) };
            Transpose t = { .from = r.first, .rows = r.pb.w, .cols = channels };
            t.to = p_at(e, out.to, problem_at(e, &r.pb, channels, r.pb.h, r.pb.w, at));
            t.from_step = channels;
            t.to_step = x_mul(e, r.pb.h, r.pb.w);
            call_transpose(e, transpose, &t);
        }
    }
    e_fn_end(e);
    return fn;
}

static bool wanted(const GradientPlan *p)
{
    return p->want.input && (p->bands > 1 || p->transposes);
}

static idx rows_of(Emit *e, const GradientPlan *p, const Problem *pb)
{
    (void)p;
    return x_mul(e, pb->n, pb->h);
}

const GradientFinish gradient_finish_input = { wanted, rows_of, emit_row };
