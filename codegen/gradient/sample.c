/* sample.c: one sample: a span at a tap of a pixel.
**
** With dx the gradient of a sample, x_c the pixel at corner c and a_c its coefficient (the bilinear
** one times modulation, see table.c), for every pixel and tap:
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

typedef enum { SAMPLE_OUTSIDE, SAMPLE_CLAMPED, SAMPLE_INSIDE } SampleKind;

/* A sample that is not outside. */
typedef struct Sample {
    const GradientSample *of;
    SampleKind kind;
    int corners;      /* 4, or 1 without offsets */
    Corners from, to; /* in the input and in its gradient */
    fvec coeff[CORNERS];
} Sample;

static mask lanes_of(const GradientSample *s, int v)
{
    return v == s->vectors - 1 ? s->tail : all_lanes;
}

static addr vector_at(Emit *e, addr first, int v)
{
    return p_at(e, first, x_const(e, (int64_t)v * e->lanes));
}

/* ---- one vector -------------------------------------------------------------------------- */

static fvec scaled(Emit *e, const Sample *s, int c, fvec x)
{
    if (!s->of->plan->deformed)
        return x;
    fvec y = f_mul(e, s->coeff[c], x), zero = f_const(e, 0);
    return s->kind == SAMPLE_CLAMPED ? f_select(e, f_equal(e, s->coeff[c], zero), zero, y) : y;
}

/* Corner after corner: on a map that is one row or column thin they are the same pixels. */
static void scatter(Emit *e, const Sample *s, int v, fvec dx)
{
    for (int c = 0; c < s->corners; c++) {
        addr to = vector_at(e, s->to.at[c], v);
        fvec old = p_load(e, to, lanes_of(s->of, v));
        p_store(e, to, f_add(e, old, scaled(e, s, c, dx)), lanes_of(s->of, v));
    }
}

/* dot: what is summed so far, for each corner. */
static void one_vector(Emit *e, const Sample *s, int v, fvec dot[CORNERS])
{
    const GradientPass *pass = &s->of->pass;
    const int64_t dx_step = (int64_t)s->of->shape->vector_taps * e->lanes;
    fvec dx = { NULL }, x[CORNERS] = { { NULL } };
    if (pass->input || pass->dots)
        dx = p_load(e, p_at(e, s->of->dx, x_const(e, v * dx_step)), all_lanes);
    for (int c = 0; c < s->corners && (pass->dots || pass->column); c++)
        x[c] = p_load(e, vector_at(e, s->from.at[c], v), lanes_of(s->of, v));
    for (int c = 0; c < s->corners && pass->dots; c++)
        dot[c] = v ? f_fma(e, dx, x[c], dot[c]) : f_mul(e, dx, x[c]);
    if (pass->column) {
        fvec sum = scaled(e, s, 0, x[0]);
        for (int c = 1; c < s->corners; c++)
            sum = s->kind == SAMPLE_CLAMPED ? f_add(e, sum, scaled(e, s, c, x[c]))
                                            : f_fma(e, s->coeff[c], x[c], sum);
        p_store(e, s->of->x[v], sum, all_lanes);
    }
    if (pass->input)
        scatter(e, s, v, dx);
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
static void store_dots(Emit *e, const GradientSample *s, const fvec dot[CORNERS])
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

static void outside(Emit *e, const GradientSample *s)
{
    const fvec zero = f_const(e, 0), none[CORNERS] = { zero, zero, zero, zero };
    for (int v = 0; v < s->vectors && s->pass.column; v++)
        p_store(e, s->x[v], zero, all_lanes);
    if (s->pass.dots)
        store_dots(e, s, none);
}

static Corners corners(Emit *e, const GradientSample *s, addr first, PixelSteps to)
{
    return s->plan->deformed ? corners_apart(e, first, to) : (Corners){ { first } };
}

static void sample(Emit *e, const GradientSample *of, SampleKind kind, idx at)
{
    Sample s = { .of = of, .kind = kind, .corners = of->plan->deformed ? CORNERS : 1 };
    fvec dot[CORNERS];
    if (of->pass.dots || of->pass.column)
        s.from = corners(e, of, p_at(e, of->input, at), of->from);
    if (of->pass.input)
        s.to = corners(e, of, p_at(e, of->grad_input, x_mul(e, at, of->step)), of->to);
    for (int c = 0; c < CORNERS && of->plan->deformed; c++)
        s.coeff[c] = p_splat(e, p_at(e, of->coeff, x_const(e, c)));
    for (int v = 0; v < of->vectors; v++)
        one_vector(e, &s, v, dot);
    if (of->pass.dots)
        store_dots(e, of, dot);
}

void gradient_sample(Emit *e, const GradientSample *s)
{
    idx at = p_get_i32(e, s->at), none = x_const(e, TAP_OUTSIDE);
    EMIT_IF_ELSE (e, inside, x_less(e, none, at)) {
        if (inside.yes) {
            sample(e, s, SAMPLE_INSIDE, at);
        } else if (!s->plan->deformed) {
            outside(e, s);
        } else {
            EMIT_IF_ELSE (e, nothing, x_equal(e, at, none)) {
                if (nothing.yes)
                    outside(e, s);
                else
                    sample(e, s, SAMPLE_CLAMPED, x_sub(e, x_const(e, TAP_CLAMPED), at));
            }
        }
    }
}
