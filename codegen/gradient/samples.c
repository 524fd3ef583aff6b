/* samples.c: one pass over all samples of a tile for a block of channels.
**
** With dx the gradient of a sample, x_c the pixel at corner c and a_c its coefficient (bilinear
** weight times modulation, see table.c), for every pixel and tap:
**
**     grad_input[corner c][channel] += a_c * dx[channel]
**     dots[c] = sum over channels of dx[channel] * x_c[channel]
**     x[channel] = sum over c of a_c * x_c[channel]
**
** The corners are loaded once for the last two.  What a moved sample does not touch neither gets
** nor gives anything: its coefficient is 0, and its dot is not looked at afterwards.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"
#include "codegen/kernel/bilinear.h"

enum { MAX_VECTORS = 64, CORNERS = 4 };

typedef enum { SAMPLE_OUTSIDE, SAMPLE_CLAMPED, SAMPLE_INSIDE } SampleKind;

/* A span at one tap of all pixels, then of one. */
typedef struct SampleSpan {
    const GradientPlan *plan;
    const GradientShape *shape;
    const GradientSamplesArgs *in;
    const Problem *pb;
    GradientPass pass;
    int corners; /* 4, or 1 without offsets */
    mask tail;   /* lanes of the last vector */
    idx span, tap;
    idx pixel;               /* of the tile */
    addr dx;                 /* the pixel's row from the span's first column */
    addr x[MAX_VECTORS];     /* the vector of samples of pixel 0 */
    idx x_step[MAX_VECTORS]; /* from a pixel to the next there */
    addr dots;
    Corners from, to; /* corners in the input and in its gradient, from the span's first channel */
    fvec coeff[CORNERS];
} SampleSpan;

static mask lanes_of(const SampleSpan *s, int v)
{
    return v == s->shape->vectors - 1 ? s->tail : all_lanes;
}

static addr vector_at(Emit *e, addr first, int v)
{
    return p_at(e, first, x_const(e, (int64_t)v * e->lanes));
}

/* ---- one vector -------------------------------------------------------------------------- */

static fvec scaled(Emit *e, const SampleSpan *s, SampleKind kind, int c, fvec x)
{
    if (!s->plan->deformed)
        return x;
    fvec y = f_mul(e, s->coeff[c], x), zero = f_const(e, 0);
    return kind == SAMPLE_CLAMPED ? f_select(e, f_equal(e, s->coeff[c], zero), zero, y) : y;
}

/* Corner after corner: on a map that is one row or column thin they are the same pixels. */
static void scatter(Emit *e, const SampleSpan *s, SampleKind kind, int v, fvec dx)
{
    for (int c = 0; c < s->corners; c++) {
        addr to = vector_at(e, s->to.at[c], v);
        fvec old = p_load(e, to, lanes_of(s, v));
        p_store(e, to, f_add(e, old, scaled(e, s, kind, c, dx)), lanes_of(s, v));
    }
}

static void store_sample(Emit *e, const SampleSpan *s, int v, fvec x)
{
    addr to = p_at(e, s->x[v], x_mul(e, s->pixel, s->x_step[v]));
    p_store(e, to, x, all_lanes);
}

/* dot: what is summed so far, for each corner. */
static void one_vector(Emit *e, const SampleSpan *s, SampleKind kind, int v, fvec dot[CORNERS])
{
    fvec dx = { NULL }, x[CORNERS] = { { NULL } };
    if (s->pass.input || s->pass.dots)
        dx = p_load(e, vector_at(e, s->dx, v), all_lanes);
    for (int c = 0; c < s->corners && (s->pass.dots || s->pass.column); c++)
        x[c] = p_load(e, vector_at(e, s->from.at[c], v), lanes_of(s, v));
    for (int c = 0; c < s->corners && s->pass.dots; c++)
        dot[c] = v ? f_fma(e, dx, x[c], dot[c]) : f_mul(e, dx, x[c]);
    if (s->pass.column) {
        fvec sum = scaled(e, s, kind, 0, x[0]);
        for (int c = 1; c < s->corners; c++)
            sum = kind == SAMPLE_CLAMPED ? f_add(e, sum, scaled(e, s, kind, c, x[c]))
                                         : f_fma(e, s->coeff[c], x[c], sum);
        store_sample(e, s, v, sum);
    }
    if (s->pass.input)
        scatter(e, s, kind, v, dx);
}

/* ---- sums over lanes --------------------------------------------------------------------- */

/* Upper half of the live lanes onto the lower. */
static fvec fold(Emit *e, fvec x, int lanes)
{
    int from[EMIT_MAX_LANES];
    for (int i = 0; i < e->lanes; i++)
        from[i] = (i + lanes / 2) % e->lanes;
    return f_add(e, x, f_permute(e, x, from));
}

static fvec pairwise(Emit *e, fvec a, fvec b, int each)
{
    return f_add(e, f_interleave(e, a, b, each, false), f_interleave(e, a, b, each, true));
}

/* Four vectors to four numbers: each step adds halves of two vectors, or of one. */
static void store_dots(Emit *e, const SampleSpan *s, const fvec dot[CORNERS])
{
    if (e->lanes < CORNERS) {
        for (int c = 0; c < CORNERS; c++)
            p_store_part(e, p_at(e, s->dots, x_const(e, c)), f_hadd(e, dot[c]), 0, 1);
        return;
    }
    fvec upper = pairwise(e, dot[0], dot[1], 1), lower = pairwise(e, dot[2], dot[3], 1);
    fvec all = pairwise(e, upper, lower, 2);
    for (int lanes = e->lanes; lanes > CORNERS; lanes /= 2)
        all = fold(e, all, lanes);
    p_store_part(e, s->dots, all, 0, CORNERS);
}

/* ---- one sample -------------------------------------------------------------------------- */

static void outside(Emit *e, const SampleSpan *s)
{
    const fvec zero = f_const(e, 0), none[CORNERS] = { zero, zero, zero, zero };
    for (int v = 0; v < s->shape->vectors && s->pass.column; v++)
        store_sample(e, s, v, zero);
    if (s->pass.dots)
        store_dots(e, s, none);
}

/* pixel: elements from a pixel of the map to the next. */
static Corners corners(Emit *e, const SampleSpan *s, addr map, idx at, idx pixel)
{
    addr first = p_at(e, map, x_add(e, at, x_mulk(e, s->span, s->shape->span)));
    if (!s->plan->deformed)
        return (Corners){ { first } };
    return corners_at(e, s->pb, first, pixel);
}

static void sample(Emit *e, SampleSpan s, SampleKind kind, idx entry, idx at)
{
    fvec dot[CORNERS];
    idx pixel = x_const(e, s.plan->s->in_channels), step = s.in->step;
    if (s.pass.dots || s.pass.column)
        s.from = corners(e, &s, s.in->input, at, pixel);
    if (s.pass.input)
        s.to = corners(e, &s, s.in->grad_input, x_mul(e, at, step), x_mul(e, pixel, step));
    for (int c = 0; c < CORNERS && s.plan->deformed; c++)
        s.coeff[c] = p_splat(e, p_at(e, s.in->coeff, x_addk(e, x_mulk(e, entry, CORNERS), c)));
    for (int v = 0; v < s.shape->vectors; v++)
        one_vector(e, &s, kind, v, dot);
    if (s.pass.dots)
        store_dots(e, &s, dot);
}

static void one_sample(Emit *e, const SampleSpan *s, idx entry)
{
    idx at = p_get_i32(e, p_at_i32(e, s->in->at, entry)), none = x_const(e, GRADIENT_OUTSIDE);
    EMIT_IF_ELSE (e, inside, x_less(e, none, at)) {
        if (inside.yes) {
            sample(e, *s, SAMPLE_INSIDE, entry, at);
        } else if (!s->plan->deformed) {
            outside(e, s);
        } else {
            EMIT_IF_ELSE (e, nothing, x_equal(e, at, none)) {
                if (nothing.yes)
                    outside(e, s);
                else
                    sample(e, *s, SAMPLE_CLAMPED, entry,
                           x_sub(e, x_const(e, GRADIENT_CLAMPED), at));
            }
        }
    }
}

/* ---- all samples ------------------------------------------------------------------------- */

/* Where the samples of every vector of the span go, in panels of nr columns and of all pixels. */
static void find_columns(Emit *e, SampleSpan *s, idx first)
{
    const GradientPlan *p = s->plan;
    idx pixels = x_mul(e, s->in->rows, s->in->cols), nr = x_const(e, p->nr);
    for (int v = 0; v < s->shape->vectors && s->pass.column; v++) {
        idx column = x_addk(e, first, (int64_t)v * e->lanes), within = x_rem(e, column, nr);
        idx before = x_sub(e, column, within);
        s->x[v] = p_at(e, s->in->x, x_add(e, x_mul(e, before, pixels), within));
        s->x_step[v] = x_min(e, nr, x_sub(e, x_const(e, s->shape->columns), before));
    }
}

static void all_pixels(Emit *e, SampleSpan *s)
{
    const GradientPlan *p = s->plan;
    const GradientSamplesArgs *in = s->in;
    const GradientShape *a = s->shape;
    int64_t dots = (int64_t)p->s->offset_groups * p->blocks.taps * CORNERS;
    idx nth = x_add(e, x_mulk(e, s->span, p->blocks.taps), s->tap);
    idx column = x_add(e, x_mulk(e, s->tap, a->tap_columns),
                       x_mulk(e, s->span, (int64_t)a->vectors * a->lanes));
    find_columns(e, s, column);
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), in->rows, 1) {
        idx above = x_mul(e, row.at, s->pb->q);
        EMIT_FOR (e, col, x_const(e, 0), in->cols, 1) {
            s->pixel = x_add(e, x_mul(e, row.at, in->cols), col.at);
            s->dx = p_at(e, in->dx, x_add(e, x_mulk(e, s->pixel, a->dx_stride), column));
            if (s->pass.dots) {
                idx at = x_mulk(e, x_add(e, above, col.at), dots);
                s->dots = p_at(e, in->dots, x_add(e, at, x_mulk(e, nth, CORNERS)));
            }
            one_sample(e, s, x_add(e, x_mulk(e, nth, p->tap_entries), s->pixel));
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
    GradientSamplesArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "samples", 1, e->none, &params, &in);
    Problem pb = problem_load(e, p->s, in.args);
    const GradientShape *a = &p->blocks.shape[shape];
    SampleSpan s = { .plan = p, .shape = a, .in = &in, .pb = &pb, .pass = pass };
    s.corners = p->deformed ? CORNERS : 1;
    e_fn_lanes(e, a->lanes);
    if (a->span % a->lanes)
        s.tail = m_first(e, a->span % a->lanes);
    EMIT_FOR_OPAQUE (e, span, x_const(e, 0), x_const(e, a->spans), 1) {
        s.span = span.at;
        EMIT_FOR_OPAQUE (e, tap, x_const(e, 0), x_const(e, p->blocks.taps), 1) {
            s.tap = tap.at;
            all_pixels(e, &s);
        }
    }
    e_fn_end(e);
    return fn;
}

void gradient_call_samples(Emit *e, LLVMValueRef fn, const GradientSamplesArgs *in)
{
    e_call_with(e, fn, &params, in);
}
