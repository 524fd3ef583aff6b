/* window.c: what pixels an output of a pool looks at, and where a resized one is between others.
**
** Pools as torch's: a window begins at p*stride - padding and has taps `dilation` apart; it ends with
** the padding at the far end.  Bin p of P on a size of H: rows floor(p*H/P) up to ceil((p+1)*H/P) - 1.
** Positions of resized pixels, and their rounding, stand at the top of runtime/reference/glue_resize.c.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/inside.h"
#include "codegen/kernel/intmath.h"

#include <assert.h>
#include <math.h>

/* ---- pools ------------------------------------------------------------------------------------ */

/* Along one axis. */
typedef struct PoolAxis {
    int64_t in, out, kernel, stride, before, after, step, reach;
} PoolAxis;

static PoolAxis axis_of(const Glue *g, int axis)
{
    const net_pool *p = &g->layer->pool;
    PoolAxis a = { axis ? g->in.w : g->in.h, axis ? g->out.w : g->out.h, .step = 1 };
    a.kernel = p->kernel[axis];
    a.stride = p->stride[axis];
    a.before = p->padding[axis];
    a.after = p->padding[axis + 2];
    if (g->layer->kind == NET_MAX_POOL)
        a.step = p->dilation[axis];
    a.reach = (a.kernel - 1) * a.step + 1;
    return a;
}

int glue_taps(const Glue *g, int axis)
{
    return g->layer->pool.adaptive ? 0 : g->layer->pool.kernel[axis];
}

static GlueWindow bin(Emit *e, const PoolAxis *a, idx at)
{
    idx bins = x_const(e, a->out), end = x_mulk(e, x_addk(e, at, 1), a->in);
    GlueWindow w = { .step = 1, .first = x_div(e, x_mulk(e, at, a->in), bins) };
    w.start = w.first;
    w.last = x_div(e, x_addk(e, end, a->out - 1), bins);
    w.counted = x_sub(e, w.last, w.first);
    w.is_whole = x_less(e, at, at);
    return w;
}

/* The first tap that is not before the map. */
static idx first_tap(Emit *e, const PoolAxis *a, idx start)
{
    if (a->before == 0)
        return start;
    if (a->step == 1)
        return x_max(e, start, x_const(e, 0));
    idx outside = x_max(e, x_sub(e, x_const(e, 0), start), x_const(e, 0));
    return x_add(e, start, x_round_up(e, outside, a->step));
}

GlueWindow glue_window(Emit *e, const Glue *g, int axis, idx at)
{
    const PoolAxis a = axis_of(g, axis);
    if (g->layer->pool.adaptive)
        return bin(e, &a, at);
    const bool fits = (a.out - 1) * a.stride - a.before + a.reach <= a.in;
    GlueWindow w = { .step = a.step, .whole = fits && a.before == 0 };
    w.start = x_addk(e, x_mulk(e, at, a.stride), -a.before);
    idx end = x_addk(e, w.start, a.reach);
    w.first = first_tap(e, &a, w.start);
    w.last = fits ? end : x_min(e, end, x_const(e, a.in));
    w.is_whole = c_and(e, x_equal(e, w.first, w.start), x_equal(e, w.last, end));
    w.counted = g->layer->pool.count_include_pad
                    ? x_sub(e, x_min(e, end, x_const(e, a.in + a.after)), w.start)
                    : x_sub(e, w.last, w.first);
    return w;
}

static void pool_rows(const Glue *g, int64_t row, int64_t *first, int64_t *last)
{
    const PoolAxis a = axis_of(g, 0);
    const bool adaptive = g->layer->pool.adaptive;
    *first = adaptive ? row * a.in / a.out : row * a.stride - a.before;
    *last = adaptive ? int_ceil_div((row + 1) * a.in, a.out) : *first + a.reach;
}

/* ---- resizing --------------------------------------------------------------------------------- */

/* Positions are exact in a type of their own, see the top. */
static ResizeTap nearest(Emit *e, ivec at, int64_t in, int64_t out)
{
    ResizeTap p = { .fraction = { NULL } };
    EMIT_TYPE (e, ((LaneType){ 4, e->lanes, true })) {
        const float scale = (float)in / (float)out;
        ivec low = f_to_i(e, f_floor(e, f_mul(e, i_to_f(e, at), f_const(e, scale))));
        p.low = p.high = i_min(e, low, i_const(e, (int)in - 1));
    }
    return p;
}

static double scale_of(const Glue *g, int64_t in, int64_t out)
{
    if (g->layer->resize.mode == NET_BILINEAR && g->layer->resize.align_corners)
        return out > 1 ? (double)(in - 1) / (double)(out - 1) : 0;
    return (double)in / (double)out;
}

static ResizeTap bilinear(Emit *e, const Glue *g, ivec at, const int64_t size[2])
{
    const bool corners = g->layer->resize.align_corners;
    const int last = (int)size[0] - 1;
    ResizeTap p;
    fvec fraction = { NULL };
    EMIT_TYPE (e, ((LaneType){ 8, e->lanes, true })) {
        fvec half = f_const(e, corners ? 0 : 0.5),
             scale = f_const(e, scale_of(g, size[0], size[1]));
        fvec x = f_sub(e, f_mul(e, f_add(e, i_to_f(e, at), half), scale), half);
        x = f_max(e, x, f_const(e, 0));
        fvec low = f_min(e, f_floor(e, x), f_const(e, last));
        p.low = f_to_i(e, low);
        fraction = f_sub(e, x, low);
    }
    p.high = i_min(e, i_add(e, p.low, i_const(e, 1)), i_const(e, last));
    p.fraction = f_convert(e, fraction);
    return p;
}

ResizeTap glue_resize_tap(Emit *e, const Glue *g, int axis, ivec at)
{
    const int64_t size[2] = { axis ? g->in.w : g->in.h, axis ? g->out.w : g->out.h };
    if (g->layer->resize.mode == NET_NEAREST)
        return nearest(e, at, size[0], size[1]);
    return bilinear(e, g, at, size);
}

/* Wide enough for either rounding. */
static void resize_rows(const Glue *g, int64_t row, int64_t *first, int64_t *last)
{
    const bool corners = g->layer->resize.align_corners;
    const double half = corners || g->layer->resize.mode == NET_NEAREST ? 0 : 0.5;
    const double x = ((double)row + half) * scale_of(g, g->in.h, g->out.h) - half;
    *first = (int64_t)floor(x) - 1;
    *last = (int64_t)floor(x) + 3;
}

/* ---- who looks at which rows ------------------------------------------------------------------ */

void glue_window_rows(const Glue *g, int64_t row, int64_t *first, int64_t *last)
{
    if (g->layer->kind == NET_RESIZE)
        resize_rows(g, row, first, last);
    else
        pool_rows(g, row, first, last);
    *first = *first > 0 ? *first : 0;
    *last = *last < g->in.h ? *last : g->in.h;
}

/* First and last row of every band, as constants beside the code. */
static addr reach_table(Emit *e, const Glue *g)
{
    const GlueSplit *s = &g->split;
    int bound[2 * GLUE_MAX_BANDS];
    assert(s->bands <= GLUE_MAX_BANDS);
    for (int64_t band = 0; band < s->bands; band++) {
        bound[2 * band] = (int)g->out.h;
        bound[2 * band + 1] = 0;
    }
    for (int64_t row = 0; row < g->out.h; row++) {
        int64_t first, last;
        glue_window_rows(g, row, &first, &last);
        for (int64_t band = first / s->per_band; band * s->per_band < last; band++) {
            if (row < bound[2 * band])
                bound[2 * band] = (int)row;
            bound[2 * band + 1] = (int)row + 1;
        }
    }
    return p_table_i32(e, bound, (int)(2 * s->bands));
}

GlueReach glue_reach(Emit *e, const Glue *g, const GlueTask *t)
{
    addr at = p_at_i32(e, reach_table(e, g), x_mulk(e, t->band, 2));
    return (GlueReach){ p_get_i32(e, at), p_get_i32(e, p_at_i32(e, at, x_const(e, 1))) };
}
