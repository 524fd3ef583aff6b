/* finish_input.c: the bands' grad_input, added in their order; from copies back to the tensor.
**
** A task has a row of the tensor, or, where blocks have copies, some rows of a block: more than one, as
** rows of a plane of an nchw tensor follow each other.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"

enum { ROWS = 4 };

/* What lies side by side in the map of each band. */
typedef struct InputBands {
    addr first, others; /* others: of the second band */
    idx elements, map;
} InputBands;

static void add_bands(Emit *e, const GradientPlan *p, const InputBands *b)
{
    EMIT_VECTORS (e, v, b->elements) {
        fvec sum = p_load(e, p_at(e, b->first, v.at), v.live);
        for (int band = 1; band < p->bands; band++) {
            idx before = x_mulk(e, b->map, band - 1);
            addr part = p_at(e, b->others, x_add(e, before, v.at));
            sum = f_add(e, sum, p_load(e, part, v.live));
        }
        p_store(e, p_at(e, b->first, v.at), sum, v.live);
    }
}

/* ---- without copies the first band's map is the tensor ------------------------------------- */

static void row_of_tensor(Emit *e, const GradientPlan *p, const Problem *pb,
                          const GradientFinishArgs *in)
{
    GradientOut out = gradient_out(e, pb, in->args, RT_INPUT);
    InputBands b = { .elements = x_mulk(e, pb->w, p->s->in_channels) };
    idx row = x_mul(e, in->number, b.elements);
    b.map = gradient_map_elements(e, p, pb);
    b.first = p_at(e, out.to, row);
    b.others = p_at(e, gradient_shared(e, p, pb, in->workspace).grad_input, row);
    EMIT_IF (e, out.wanted) {
        add_bands(e, p, &b);
    }
}

/* ---- copies --------------------------------------------------------------------------------- */

static idx parts_of_map(Emit *e, const Problem *pb)
{
    return x_ceil_div(e, pb->h, ROWS);
}

/* Row by row: what lies between two of them nobody has written where the call adds to the tensor. */
static void add_rows(Emit *e, const GradientPlan *p, const Problem *pb, const GradientRows *rows)
{
    const GradientSteps to = gradient_steps(e, p, pb, rows->block.shape);
    InputBands b = { .map = gradient_map_elements(e, p, pb) };
    b.elements = x_mulk(e, pb->w, to.pixel);
    EMIT_FOR_OPAQUE (e, y, rows->first, rows->last, 1) {
        idx before = x_add(e, x_mul(e, rows->n, to.image), x_mul(e, y.at, to.row));
        b.first = p_at(e, rows->copy, before);
        b.others = p_at(e, b.first, b.map);
        add_bands(e, p, &b);
    }
}

static void part_of_copies(Emit *e, const GradientPlan *p, const Problem *pb,
                           LLVMValueRef transpose, const GradientFinishArgs *in)
{
    GradientOut out = gradient_out(e, pb, in->args, RT_INPUT);
    idx of[3], count = x_const(e, p->blocks.count);
    addr maps = gradient_shared(e, p, pb, in->workspace).grad_input;
    kernel_split_task(e, in->number, count, parts_of_map(e, pb), of);
    GradientRows rows = { .tensor = out.to, .n = of[0], .first = x_mulk(e, of[2], ROWS) };
    rows.last = x_min(e, x_addk(e, rows.first, ROWS), pb->h);
    EMIT_IF (e, out.wanted) {
        EMIT_IF_ELSE (e, last, gradient_is_last(e, p, of[1])) {
            if (!last.yes && gradient_first_shape(p) == 1)
                continue;
            rows.block = gradient_block(e, p, of[1], last.yes);
            rows.copy = p_at(e, maps, gradient_first_element(e, p, pb, &rows.block));
            if (p->bands > 1)
                add_rows(e, p, pb, &rows);
            gradient_rows_from_copy(e, p, pb, transpose, &rows);
        }
    }
}

/* ---- the function --------------------------------------------------------------------------- */

static LLVMValueRef emit_rows(Emit *e, const GradientPlan *p, LLVMValueRef transpose)
{
    GradientFinishArgs in;
    LLVMValueRef fn = gradient_begin_finish(e, "finish_input", &in);
    const Problem pb = problem_load(e, p->s, in.args);
    if (p->copies)
        part_of_copies(e, p, &pb, transpose, &in);
    else
        row_of_tensor(e, p, &pb, &in);
    e_fn_end(e);
    return fn;
}

static bool wanted(const GradientPlan *p)
{
    return p->want.input && (p->bands > 1 || p->copies);
}

static idx tasks_of(Emit *e, const GradientPlan *p, const Problem *pb)
{
    if (!p->copies)
        return x_mul(e, pb->n, pb->h);
    return x_mul(e, pb->n, x_mulk(e, parts_of_map(e, pb), p->blocks.count));
}

const GradientFinish gradient_finish_input = { wanted, tasks_of, emit_rows };
