/* samples.c: one pass over all samples of a tile for a block of channels, see sample.c.
**
** Samples are taken span by span, or, where several spans fill a vector, vector by vector.  Within
** them taps are in the order of their entries in the table: the innermost loop where those of a
** pixel lie side by side, else the outermost.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"

typedef struct Samples {
    const GradientPlan *plan;
    const GradientShape *shape;
    const GradientSamplesArgs *in;
    const Problem *pb;
    GradientPass pass;
    LLVMValueRef one_sample;
    PixelSteps from, to;
    idx vector, span; /* the first ones in hand */
} Samples;

/* Vectors of a span. */
static int vectors_of(const Samples *s)
{
    return s->shape->samples_per_vec > 1 ? 1 : s->shape->run_vectors;
}

/* Where samples of a column go, in panels of nr columns and of all pixels. */
static addr x_at(Emit *e, const Samples *s, idx column, idx pixel)
{
    const int64_t nr = s->plan->nr;
    idx pixels = x_mul(e, s->in->rows, s->in->cols), panel = x_div(e, column, x_const(e, nr));
    idx before = x_mul(e, panel, x_mulk(e, x_addk(e, pixels, -1), nr));
    return p_at(e, s->in->x, x_add(e, x_add(e, before, column), x_mulk(e, pixel, nr)));
}

static void one_tap(Emit *e, const Samples *s, idx row, idx col, idx tap)
{
    const GradientPlan *p = s->plan;
    const GradientShape *a = s->shape;
    const GradientSamplesArgs *in = s->in;
    idx pixel = x_add(e, x_mul(e, row, in->cols), col);
    idx flat = x_add(e, x_mulk(e, s->span, p->blocks.taps), tap);
    idx entry = x_add(e, x_mulk(e, flat, p->entries.tap), x_mulk(e, pixel, p->entries.pixel));
    idx column = x_mulk(e, x_add(e, x_mulk(e, s->vector, a->vector_taps), tap), a->lanes);
    idx channel = x_mulk(e, s->span, a->span);
    GradientSample one = { .plan = p, .shape = a, .from = s->from, .to = s->to, .pass = s->pass };
    one.args = in->args;
    one.vectors = vectors_of(s);
    one.step = in->step;
    if (a->run % a->lanes)
        one.tail = m_first(e, a->run % a->lanes);
    one.input = p_at(e, in->input, channel);
    one.grad_input = p_at(e, in->grad_input, channel);
    one.at = p_at_i32(e, in->at, entry);
    one.coeff = p_at(e, in->coeff, x_mulk(e, entry, CORNERS));
    one.dx = p_at(e, in->dx, x_add(e, x_mulk(e, pixel, a->dx_stride), column));
    for (int v = 0; v < one.vectors && s->pass.column; v++)
        one.x[v] = x_at(e, s, x_addk(e, column, (int64_t)v * a->vector_taps * a->lanes), pixel);
    idx in_map = x_add(e, x_mul(e, row, s->pb->q), col);
    idx dots = x_mulk(e, gradient_owns_dots(p) ? pixel : in_map, p->dot_stride);
    one.dots = p_at(e, in->dots, x_add(e, dots, x_mulk(e, flat, CORNERS)));
    if (a->samples_per_vec > 1)
        gradient_samples_side_by_side(e, &one, s->one_sample);
    else
        gradient_sample(e, &one);
}

static void all_taps(Emit *e, const Samples *s)
{
    const GradientSamplesArgs *in = s->in;
    idx zero = x_const(e, 0), taps = x_const(e, s->plan->blocks.taps), one = x_const(e, 1);
    const bool inner = s->plan->entries.tap_lanes;
    EMIT_FOR_OPAQUE (e, outer_tap, zero, inner ? one : taps, 1) {
        EMIT_FOR_OPAQUE (e, row, zero, in->rows, 1) {
            EMIT_FOR (e, col, zero, in->cols, 1) {
                EMIT_FOR (e, tap, zero, inner ? taps : one, 1) {
                    one_tap(e, s, row.at, col.at, inner ? tap.at : outer_tap.at);
                }
            }
        }
    }
}

static const Param param[] = {
    PARAM(GradientSamplesArgs, args),       PARAM(GradientSamplesArgs, input),
    PARAM(GradientSamplesArgs, grad_input), PARAM(GradientSamplesArgs, at),
    PARAM(GradientSamplesArgs, coeff),      PARAM(GradientSamplesArgs, dx),
    PARAM(GradientSamplesArgs, x),          PARAM(GradientSamplesArgs, dots),
    PARAM(GradientSamplesArgs, rows),       PARAM(GradientSamplesArgs, cols),
    PARAM(GradientSamplesArgs, step)
};
static const Params params = PARAMS(GradientSamplesArgs, param);

LLVMValueRef gradient_emit_samples(Emit *e, const GradientPlan *p, int shape, GradientPass pass)
{
    const GradientShape *a = &p->blocks.shape[shape];
    GradientSamplesArgs in;
    Samples s = { .plan = p, .shape = a, .in = &in, .pass = pass };
    if (a->samples_per_vec > 1)
        s.one_sample = gradient_emit_one_sample(e, p, shape, pass);
    LLVMValueRef fn = e_fn_begin_with(e, "samples", 1, e->none, &params, &in);
    Problem pb = problem_load(e, p->s, in.args);
    s.pb = &pb;
    s.from = gradient_pixel_steps(e, p, &pb, shape, x_const(e, 1));
    s.to = gradient_pixel_steps(e, p, &pb, shape, in.step);
    e_fn_lanes(e, a->lanes);
    const int each = vectors_of(&s);
    EMIT_FOR_OPAQUE (e, nth, x_const(e, 0), x_const(e, a->vectors / each), 1) {
        s.vector = x_mulk(e, nth.at, each);
        s.span = x_mulk(e, nth.at, a->samples_per_vec);
        all_taps(e, &s);
    }
    e_fn_end(e);
    return fn;
}

void gradient_call_samples(Emit *e, LLVMValueRef fn, const GradientSamplesArgs *in)
{
    e_call_with(e, fn, &params, in);
}
