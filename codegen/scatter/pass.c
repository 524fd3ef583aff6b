/* pass.c: for each (pixel, group) of a block in turn, all that is done with pixels of the map.
**
**     grad_input[at[k] + step(c)][channel] += coeff[k][c] * g[channel]
**     dots[k][c] = sum over channels of g[channel] * input[at[k] + step(c)][channel]
**
** A softmax's terms are those of coeff and masks, and g is divided by their sum instead.  A corner
** that is no part of a sample has coefficient 0, and its dot is not looked at afterwards.
** Dots of several points are summed over the lanes together.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/points.h"
#include "codegen/scatter/scatter.h"

#include <assert.h>

/* MAX_UNROLLED: vectors of corners that are written out. */
enum { MAX_VECTORS = 4, MAX_UNROLLED = 128 };

/* One (pixel, group), and some vectors of its channels. */
typedef struct PassGroup {
    const ScatterPlan *plan;
    ScatterPass what;
    addr at, coeff, dots, terms, scale; /* of its points; scale: where 1 / the sum of terms goes */
    addr g;                             /* its first channel */
    idx group;                          /* elements of the maps from a group to the next */
    Corners from, to;             /* of the maps: element at[k] of each is a corner of point k */
    idx channel;                  /* of the group: the first in hand */
    int n, vectors;               /* channels in hand */
    bool adds;                    /* to dots of other channels */
    fvec factor, gs[MAX_VECTORS]; /* factor.v == NULL: 1 */
} PassGroup;

static mask live_of(Emit *e, const PassGroup *t, int v)
{
    return m_up_to(e, t->n - v * e->lanes);
}

static addr vector_at(Emit *e, const PassGroup *t, addr corner, idx at, int v)
{
    return p_at(e, p_at(e, corner, at), x_addk(e, t->channel, (int64_t)v * e->lanes));
}

/* ---- one point ------------------------------------------------------------------------------ */

/* Loads are what this loop is short of, so four coefficients are one load where vectors have four
** lanes. */
static void coeff_of(Emit *e, const PassGroup *t, idx k, fvec coeff[CORNERS])
{
    addr from = p_at(e, t->coeff, x_mulk(e, k, CORNERS));
    if (e->lanes < CORNERS) {
        for (int i = 0; i < CORNERS; i++)
            coeff[i] = p_splat(e, p_at(e, from, x_const(e, i)));
        return;
    }
    fvec fours = f_opaque(e, p_broadcast(e, from, CORNERS));
    for (int i = 0; i < CORNERS; i++)
        coeff[i] = bilinear_corner(e, fours, i);
}

/* Corner after corner: on a map that is one row or column thin they are the same pixels. */
static void scatter_point(Emit *e, const PassGroup *t, idx k, idx at)
{
    fvec coeff[CORNERS];
    coeff_of(e, t, k, coeff);
    for (int c = 0; c < CORNERS; c++)
        for (int v = 0; v < t->vectors; v++) {
            addr to = vector_at(e, t, t->to.at[c], at, v);
            mask live = live_of(e, t, v);
            p_store(e, to, f_fma(e, coeff[c], t->gs[v], p_load(e, to, live)), live);
        }
}

static void dots_of_point(Emit *e, const PassGroup *t, idx at, fvec dot[CORNERS])
{
    for (int c = 0; c < CORNERS; c++)
        for (int v = 0; v < t->vectors; v++) {
            fvec x = p_load(e, vector_at(e, t, t->from.at[c], at, v), live_of(e, t, v));
            dot[c] = v ? f_fma(e, t->gs[v], x, dot[c]) : f_mul(e, t->gs[v], x);
        }
}

/* ---- some points ---------------------------------------------------------------------------- */

static void store_sums(Emit *e, const PassGroup *t, idx k, const fvec *dot, int n)
{
    addr to = p_at(e, t->dots, x_mulk(e, k, CORNERS));
    for (int first = 0; first < n; first += e->lanes) {
        int some = n - first < e->lanes ? n - first : e->lanes;
        addr at = p_at(e, to, x_const(e, first));
        fvec sum = scatter_lane_sums(e, dot + first, some);
        if (t->adds)
            sum = f_add(e, sum, p_load(e, at, m_up_to(e, some)));
        p_store_part(e, at, sum, 0, some);
    }
}

static void some_points(Emit *e, const PassGroup *t, idx k, int n)
{
    fvec dot[EMIT_MAX_LANES + CORNERS];
    for (int i = 0; i < n; i++) {
        idx nth = x_addk(e, k, i), at = p_get_i32(e, p_at_i32(e, t->at, nth));
        if (t->what.dots)
            dots_of_point(e, t, at, dot + (ptrdiff_t)i * CORNERS);
        if (t->what.input)
            scatter_point(e, t, nth, at);
    }
    if (t->what.dots)
        store_sums(e, t, k, dot, n * CORNERS);
}

/* As many points at a time as have a vector of dots. */
static void all_points(Emit *e, const PassGroup *t)
{
    const int points = t->plan->points, together = e->lanes < CORNERS ? 1 : e->lanes / CORNERS;
    const int whole = points / together * together;
    const bool unrolled = points * t->vectors * CORNERS <= MAX_UNROLLED;
    const int body = unrolled && whole ? whole : together;
    EMIT_FOR (e, k, x_const(e, 0), x_const(e, whole), body) {
        for (int i = 0; i < body; i += together)
            some_points(e, t, x_addk(e, k.at, i), together);
    }
    if (points > whole)
        some_points(e, t, x_const(e, whole), points - whole);
}

/* ---- one group ------------------------------------------------------------------------------ */

static void some_channels(Emit *e, PassGroup t, idx channel, int n)
{
    t.channel = channel;
    t.n = n;
    t.vectors = (int)int_ceil_div(n, e->lanes);
    assert(t.vectors <= MAX_VECTORS);
    for (int v = 0; v < t.vectors; v++) {
        idx at = x_addk(e, channel, (int64_t)v * e->lanes);
        t.gs[v] = p_load(e, p_at(e, t.g, at), live_of(e, &t, v));
        if (t.factor.v)
            t.gs[v] = f_mul(e, t.gs[v], t.factor);
    }
    all_points(e, &t);
}

static void clear_dots(Emit *e, const PassGroup *t)
{
    EMIT_VECTORS (e, v, x_const(e, (int64_t)t->plan->points * CORNERS)) {
        p_store(e, p_at(e, t->dots, v.at), f_const(e, 0), v.live);
    }
}

static void all_channels(Emit *e, PassGroup *t)
{
    const int channels = t->plan->group_channels, most = MAX_VECTORS * e->lanes;
    const int whole = (channels - 1) / most * most;
    t->adds = whole > 0;
    if (t->adds && t->what.dots)
        clear_dots(e, t);
    if (whole) {
        EMIT_FOR (e, c, x_const(e, 0), x_const(e, whole), most) {
            some_channels(e, *t, c.at, most);
        }
    }
    some_channels(e, *t, x_const(e, whole), channels - whole);
}

static void one_group(Emit *e, PassGroup t)
{
    if (t.plan->softmax) {
        t.factor = points_scale(e, t.plan->s, t.terms, 1);
        p_store_part(e, t.scale, t.factor, 0, 1);
    }
    all_channels(e, &t);
}

/* ---- the four pixels ------------------------------------------------------------------------ */

Corners scatter_corners(Emit *e, const ScatterPlan *p, const Problem *pb, addr upper_left)
{
    PixelSteps step = { .right = step_along(e, pb->w, x_const(e, p->pixel)) };
    step.down = step_along(e, pb->h, scatter_row_elements(e, p, pb->w));
    return corners_apart(e, upper_left, step);
}

/* ---- the function --------------------------------------------------------------------------- */

static PassGroup first_group(Emit *e, const ScatterPlan *p, ScatterPass what,
                             const ScatterPassArgs *in)
{
    PassGroup t = { .plan = p, .what = what, .g = in->g };
    Problem pb = problem_load(e, p->s, in->args);
    if (what.dots)
        t.from = scatter_corners(e, p, &pb, in->input);
    if (what.input)
        t.to = scatter_corners(e, p, &pb, in->grad_input);
    t.group = scatter_group_step(e, p, &pb);
    t.at = scatter_scratch(e, in->scratch, p->scratch.at);
    t.coeff = scatter_scratch(e, in->scratch, p->scratch.coeff);
    t.dots = scatter_scratch(e, in->scratch, p->scratch.dots);
    t.terms = scatter_scratch(e, in->scratch, p->scratch.masks);
    t.scale = scatter_scratch(e, in->scratch, p->scratch.scales);
    return t;
}

/* Group `group` of pixel `pixel` of the block. */
static PassGroup group_at(Emit *e, const PassGroup *first, idx pixel, idx group)
{
    PassGroup t = *first;
    const ScatterPlan *p = t.plan;
    idx nth = x_add(e, x_mulk(e, pixel, p->block.groups), group);
    idx point = x_mulk(e, nth, p->points);
    t.at = p_at_i32(e, t.at, point);
    t.coeff = p_at(e, t.coeff, x_mulk(e, point, CORNERS));
    t.dots = p_at(e, t.dots, x_mulk(e, point, CORNERS));
    t.terms = p_at(e, t.terms, point);
    t.scale = p_at(e, t.scale, nth);
    idx channel = x_mulk(e, group, p->group_channels), map = x_mul(e, group, t.group);
    for (int c = 0; c < CORNERS; c++) {
        if (t.what.dots)
            t.from.at[c] = p_at(e, t.from.at[c], map);
        if (t.what.input)
            t.to.at[c] = p_at(e, t.to.at[c], map);
    }
    t.g = p_at(e, t.g, x_add(e, x_mulk(e, pixel, p->s->in_channels), channel));
    return t;
}

static const Param param[] = { PARAM(ScatterPassArgs, args),       PARAM(ScatterPassArgs, input),
                               PARAM(ScatterPassArgs, grad_input), PARAM(ScatterPassArgs, g),
                               PARAM(ScatterPassArgs, scratch),    PARAM(ScatterPassArgs, pixels) };
static const Params params = PARAMS(ScatterPassArgs, param);

LLVMValueRef scatter_begin_pass(Emit *e, const ScatterPlan *p, const char *name,
                                ScatterPassArgs *in)
{
    LLVMValueRef fn = e_fn_begin_with(e, name, 1, e->none, &params, in);
    e_fn_lanes(e, p->vector_lanes);
    return fn;
}

LLVMValueRef scatter_emit_pass(Emit *e, const ScatterPlan *p, ScatterPass what)
{
    ScatterPassArgs in;
    LLVMValueRef fn = scatter_begin_pass(e, p, "pass", &in);
    PassGroup first = first_group(e, p, what, &in);
    EMIT_FOR (e, group, x_const(e, 0), x_const(e, p->block.groups), 1) {
        EMIT_FOR (e, pixel, x_const(e, 0), in.pixels, 1) {
            one_group(e, group_at(e, &first, pixel.at, group.at));
        }
    }
    e_fn_end(e);
    return fn;
}

void scatter_call_pass(Emit *e, LLVMValueRef fn, const ScatterPassArgs *in)
{
    e_call_with(e, fn, &params, in);
}
