/* samples_narrow.c: samples of narrow offset groups, several side by side in one vector.
**
** Offset groups of a vector are neighbours, so lanes are channels that lie side by side in a pixel,
** but each group looks elsewhere:
**
**     x_c, dx, a_c    [sample][channel]     corner c is put together from a piece for each sample
**     dots            [sample][corner]      sums within the samples' pieces
**
** and grad_input is added to piece by piece: other samples look at the same lines.  Where some of the
** samples are at the edge of the map, all are computed one by one, by a function.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/bilinear.h"

/* Elements from what is a sample's to what is the next one's, as long as samples are at one tap. */
typedef struct SampleSteps {
    int64_t channel, entry, dots;
} SampleSteps;

static SampleSteps steps_of(const GradientSample *s)
{
    const int taps = s->plan->blocks.taps;
    return (SampleSteps){ s->shape->span, (int64_t)taps * s->plan->entries.tap, taps * CORNERS };
}

/* ---- one sample -------------------------------------------------------------------------- */

typedef struct NarrowSampleArgs {
    addr args, input, grad_input, at, coeff, dx, x, dots;
    idx step;
} NarrowSampleArgs;

static const Param param[] = { PARAM(NarrowSampleArgs, args),  PARAM(NarrowSampleArgs, input),
                               PARAM(NarrowSampleArgs, at),    PARAM(NarrowSampleArgs, grad_input),
                               PARAM(NarrowSampleArgs, coeff), PARAM(NarrowSampleArgs, dx),
                               PARAM(NarrowSampleArgs, x),     PARAM(NarrowSampleArgs, dots),
                               PARAM(NarrowSampleArgs, step) };
static const Params params = PARAMS(NarrowSampleArgs, param);

LLVMValueRef gradient_emit_one_sample(Emit *e, const GradientPlan *p, int shape, GradientPass pass)
{
    NarrowSampleArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "one_sample", 1, e->none, &params, &in);
    Problem pb = problem_load(e, p->s, in.args);
    GradientSample s = { .plan = p, .shape = &p->blocks.shape[shape], .pass = pass };
    s.from = gradient_pixel_steps(e, p, &pb, shape, x_const(e, 1));
    s.to = gradient_pixel_steps(e, p, &pb, shape, in.step);
    e_fn_lanes(e, s.shape->span);
    s.vectors = 1;
    s.input = in.input;
    s.grad_input = in.grad_input;
    s.at = in.at;
    s.coeff = in.coeff;
    s.dx = in.dx;
    s.x[0] = in.x;
    s.dots = in.dots;
    s.step = in.step;
    gradient_sample(e, &s);
    e_fn_end(e);
    return fn;
}

static void one_by_one(Emit *e, const GradientSample *s, LLVMValueRef fn)
{
    const SampleSteps to = steps_of(s);
    EMIT_FOR (e, i, x_const(e, 0), x_const(e, s->shape->samples_per_vec), 1) {
        idx channel = x_mulk(e, i.at, to.channel), entry = x_mulk(e, i.at, to.entry);
        NarrowSampleArgs in = { .args = s->args, .step = s->step };
        in.input = p_at(e, s->input, channel);
        in.grad_input = p_at(e, s->grad_input, channel);
        in.at = p_at_i32(e, s->at, entry);
        in.coeff = p_at(e, s->coeff, x_mulk(e, entry, CORNERS));
        in.dx = p_at(e, s->dx, channel);
        in.x = s->pass.column ? p_at(e, s->x[0], channel) : in.dx;
        in.dots = p_at(e, s->dots, x_mulk(e, i.at, to.dots));
        e_call_with(e, fn, &params, &in);
    }
}

/* ---- a vector of samples inside the map -------------------------------------------------- */

/* Lane from[j] of the quad of a that lane j's quad stands for; 4 and more: of b. */
static fvec quads(Emit *e, fvec a, fvec b, const int from[4])
{
    int lane[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++) {
        int of = from[i % 4];
        lane[i] = i / 4 * 4 + of % 4 + (of < 4 ? 0 : e->lanes);
    }
    return f_shuffle(e, a, b, lane);
}

/* Sums over each quad of four vectors, side by side. */
static fvec sums_of_quads(Emit *e, const fvec x[CORNERS])
{
    static const int even[] = { 0, 4, 1, 5 }, odd[] = { 2, 6, 3, 7 };
    static const int lower[] = { 0, 1, 4, 5 }, upper[] = { 2, 3, 6, 7 };
    fvec half[2];
    for (int i = 0; i < 2; i++) {
        fvec a = x[2 * i], b = x[2 * i + 1];
        half[i] = f_add(e, quads(e, a, b, even), quads(e, a, b, odd));
    }
    return f_add(e, quads(e, half[0], half[1], lower), quads(e, half[0], half[1], upper));
}

/* The first quad of each piece has the sums over all of its quads. */
static fvec fold_pieces(Emit *e, fvec x, int piece)
{
    int from[EMIT_MAX_LANES];
    for (int n = piece; n > CORNERS; n /= 2) {
        for (int i = 0; i < e->lanes; i++)
            from[i] = i / piece * piece + (i % piece + n / 2) % piece;
        x = f_add(e, x, f_permute(e, x, from));
    }
    return x;
}

static void store_dots(Emit *e, const GradientSample *s, const fvec dot[CORNERS])
{
    const SampleSteps to = steps_of(s);
    fvec all = fold_pieces(e, sums_of_quads(e, dot), s->shape->span);
    for (int i = 0; i < s->shape->samples_per_vec; i++)
        p_store_part(e, p_at(e, s->dots, x_const(e, i * to.dots)), all, i * s->shape->span,
                     CORNERS);
}

/* Coefficients of a corner in each piece; all: those of a sample at the beginning of its piece. */
static fvec coeff_of(Emit *e, const GradientSample *s, fvec all, int corner)
{
    int from[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        from[i] = i / s->shape->span * s->shape->span + corner;
    return f_permute(e, all, from);
}

/* Piece after piece, corner after corner: on a thin map they are the same pixels. */
static void scatter(Emit *e, const GradientSample *s, const Corners *to, const fvec add[CORNERS])
{
    const int span = s->shape->span;
    EMIT_LANES (e, span) {
        for (int i = 0; i < s->shape->samples_per_vec; i++) {
            for (int c = 0; c < CORNERS; c++) {
                fvec sum = f_add(e, p_load(e, to[i].at[c], all_lanes), f_part(e, add[c], i * span));
                p_store(e, to[i].at[c], sum, all_lanes);
            }
        }
    }
}

static fvec put_together(Emit *e, const Corners *from, int corner, int n)
{
    addr at[EMIT_MAX_LANES];
    for (int i = 0; i < n; i++)
        at[i] = from[i].at[corner];
    return p_load_parts(e, at, n);
}

/* What is loaded of a vector of samples: a_c, x_c, and dx. */
typedef struct NarrowSamples {
    Corners from[EMIT_MAX_LANES], to[EMIT_MAX_LANES];
    fvec coeff[CORNERS], x[CORNERS], dx;
} NarrowSamples;

static void load(Emit *e, const GradientSample *s, const idx *at, NarrowSamples *v)
{
    const int n = s->shape->samples_per_vec;
    const SampleSteps steps = steps_of(s);
    addr coeff[EMIT_MAX_LANES];
    for (int i = 0; i < n; i++) {
        idx channel = x_const(e, i * steps.channel);
        addr from = p_at(e, p_at(e, s->input, at[i]), channel);
        addr to = p_at(e, p_at(e, s->grad_input, x_mul(e, at[i], s->step)), channel);
        v->from[i] = corners_apart(e, from, s->from);
        v->to[i] = corners_apart(e, to, s->to);
        coeff[i] = p_at(e, s->coeff, x_const(e, i * steps.entry * CORNERS));
    }
    fvec all = p_load_parts(e, coeff, n);
    for (int c = 0; c < CORNERS; c++) {
        v->coeff[c] = coeff_of(e, s, all, c);
        v->x[c] = put_together(e, v->from, c, n);
    }
    v->dx = p_load(e, s->dx, all_lanes);
}

static void inside(Emit *e, const GradientSample *s, const idx *at)
{
    NarrowSamples v;
    fvec part[CORNERS];
    load(e, s, at, &v);
    if (s->pass.dots) {
        for (int c = 0; c < CORNERS; c++)
            part[c] = f_mul(e, v.dx, v.x[c]);
        store_dots(e, s, part);
    }
    if (s->pass.column) {
        fvec sum = f_mul(e, v.coeff[0], v.x[0]);
        for (int c = 1; c < CORNERS; c++)
            sum = f_fma(e, v.coeff[c], v.x[c], sum);
        p_store(e, s->x[0], sum, all_lanes);
    }
    if (s->pass.input) {
        for (int c = 0; c < CORNERS; c++)
            part[c] = f_mul(e, v.coeff[c], v.dx);
        scatter(e, s, v.to, part);
    }
}

/* An entry that is not simply an element of the input is negative. */
void gradient_samples_side_by_side(Emit *e, const GradientSample *s, LLVMValueRef fn)
{
    const SampleSteps to = steps_of(s);
    idx at[EMIT_MAX_LANES], any = x_const(e, 0);
    for (int i = 0; i < s->shape->samples_per_vec; i++) {
        at[i] = p_get_i32(e, p_at_i32(e, s->at, x_const(e, i * to.entry)));
        any = x_or(e, any, at[i]);
    }
    EMIT_IF_ELSE (e, edge, x_less(e, any, x_const(e, 0))) {
        if (edge.yes)
            one_by_one(e, s, fn);
        else
            inside(e, s, at);
    }
}
