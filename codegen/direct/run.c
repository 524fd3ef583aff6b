/* run.c: the loops of the direct lowering, and its entry points.
**
**     for each span of channels (one weight group, one offset group), tap:
**         where the tap looks, once for all channels of the span
**         for each channel: sample it, and add it to `outs` output channels
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/direct/direct.h"
#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/sample.h"
#include "codegen/math/math.h"

/* Output channels first .. first + count - 1 of group g at some pixels, being summed over a span of input channels:
** `span` from channel c0 of the group, which share a weight group and an offset group. */
typedef struct Sums {
    const Problem *pb;
    OutPixels at;
    idx g, first;
    int count;
    var acc[DIRECT_MAX_OUTS];
    idx c0;
    int span;
} Sums;

/* acc[o] += weight[o][c][k] * x for channel c of the group */
static void accumulate(Emit *e, const Sums *sums, idx c, idx k, fvec x)
{
    const dcn_spec *s = sums->pb->s;
    int64_t per_group = s->in_channels / s->groups, taps = problem_taps(s);
    for (int o = 0; o < sums->count; o++) {
        idx row = x_mulk(e, x_addk(e, sums->first, o), per_group);
        idx at = x_add(e, x_mulk(e, x_add(e, row, c), taps), k);
        fvec w = p_splat(e, p_at(e, sums->pb->weight, at));
        v_set(e, sums->acc[o], f_fma(e, w, x, v_get(e, sums->acc[o])));
    }
}

/* The map of channel c of the input, and the distance between its columns. */
static addr channel_map(Emit *e, const Problem *pb, idx n, idx c)
{
    const idx at[4] = { n, c, x_const(e, 0), x_const(e, 0) };
    idx channels = x_const(e, pb->s->in_channels);
    return p_at(e, pb->input, problem_at(e, pb, channels, pb->h, pb->w, at));
}

static int64_t pixel_step(const Problem *pb)
{
    return pb->s->layout == DCN_NHWC ? pb->s->in_channels : 1;
}

bool direct_lanes_are_neighbours(const dcn_spec *s)
{
    return !problem_is_deformed(s) && s->stride[1] == 1 &&
           (s->layout == DCN_NCHW || s->in_channels == 1);
}

/* One of the four pixels; what a moved sample does not touch must not show, even if it is not finite. */
static fvec corner(Emit *e, const BilinearTap *s, addr map, ivec at, fvec wy, fvec wx)
{
    fvec zero = f_const(e, 0);
    mask untouched = m_or(e, f_equal(e, wy, zero), f_equal(e, wx, zero));
    return f_select(e, m_and(e, s->moved, untouched), zero, p_gather(e, map, at, all_lanes));
}

static fvec bilinear(Emit *e, const Problem *pb, addr map, const BilinearTap *s)
{
    idx pixel = x_const(e, pixel_step(pb)), row = x_mul(e, pb->w, pixel);
    PixelSteps to = pixel_steps(e, pb, pixel);
    ivec at = i_add(e, i_mul(e, s->y, i_splat(e, row)), i_mul(e, s->x, i_splat(e, pixel)));
    addr below = p_at(e, map, to.down);
    fvec p00 = corner(e, s, map, at, s->y0, s->x0);
    fvec p01 = corner(e, s, p_at(e, map, to.right), at, s->y0, s->x1);
    fvec p10 = corner(e, s, below, at, s->y1, s->x0);
    fvec p11 = corner(e, s, p_at(e, below, to.right), at, s->y1, s->x1);
    fvec upper = f_fma(e, s->x1, p01, f_mul(e, s->x0, p00));
    fvec lower = f_fma(e, s->x1, p11, f_mul(e, s->x0, p10));
    fvec x = f_fma(e, s->y1, lower, f_mul(e, s->y0, upper));
    x = f_select(e, s->valid, x, f_const(e, 0));
    return s->modulation.v ? f_mul(e, s->modulation, x) : x;
}

static idx tap_index(Emit *e, const Problem *pb, idx i, idx j)
{
    return x_add(e, x_mulk(e, i, pb->s->kernel[1]), j);
}

/* One tap of a deformable convolution, all channels of the span. */
static void deformed_tap(Emit *e, const Sums *sums, idx i, idx j)
{
    const Problem *pb = sums->pb;
    BilinearTap tap = emit_tap(e, pb, &sums->at, i, j);
    idx k = tap_index(e, pb, i, j);
    idx base = x_mulk(e, sums->g, pb->s->in_channels / pb->s->groups);
    EMIT_FOR (e, c, sums->c0, x_addk(e, sums->c0, sums->span), 1) {
        addr map = channel_map(e, pb, sums->at.n, x_add(e, base, c.at));
        accumulate(e, sums, c.at, k, bilinear(e, pb, map, &tap));
    }
}

/* Where the lanes look at a tap of a plain convolution, in the map of any channel: so many elements `at` behind
** `start`, or, if at.v == NULL, at those that begin there; with lanes that are not live it may lie outside of the
** map. */
typedef struct PlainLanes {
    idx k, start;
    ivec at;
    mask live;
} PlainLanes;

/* All channels of the span. */
static void plain_span(Emit *e, const Sums *sums, const PlainLanes *lanes)
{
    const Problem *pb = sums->pb;
    idx base = x_mulk(e, sums->g, pb->s->in_channels / pb->s->groups);
    EMIT_FOR (e, c, sums->c0, x_addk(e, sums->c0, sums->span), 1) {
        addr map = channel_map(e, pb, sums->at.n, x_add(e, base, c.at));
        fvec x = lanes->at.v ? p_gather(e, p_at(e, map, lanes->start), lanes->at, lanes->live)
                             : p_load(e, p_at_loose(e, map, lanes->start), lanes->live);
        accumulate(e, sums, c.at, lanes->k, x);
    }
}

/* Lanes side by side, from column `first`.  Most vectors lie wholly in the map and need no mask, which costs a branch
** a lane where no instruction takes it. */
static void plain_neighbours(Emit *e, const Sums *sums, PlainLanes *lanes, idx first)
{
    mask live = lanes->live;
    lanes->start = x_add(e, lanes->start, first);
    lanes->at.v = NULL;
    if (sums->at.live.v) {
        plain_span(e, sums, lanes);
        return;
    }
    idx end = x_addk(e, sums->pb->w, 1 - e->lanes);
    cond inside = c_and(e, x_less(e, x_const(e, -1), first), x_less(e, first, end));
    EMIT_IF_ELSE (e, in, inside) {
        lanes->live = in.yes ? all_lanes : live;
        plain_span(e, sums, lanes);
    }
}

/* One tap of a plain convolution: a row of the map, or nothing where the row is outside. */
static void plain_tap(Emit *e, const Sums *sums, idx i, idx j)
{
    const Problem *pb = sums->pb;
    idx row = emit_tap_row(e, pb, sums->at.p, i);
    ivec col = emit_tap_cols(e, pb, sums->at.q, j);
    cond in = c_and(e, x_less(e, x_const(e, -1), row), x_less(e, row, pb->h));
    PlainLanes lanes = { .k = tap_index(e, pb, i, j) };
    lanes.live = m_and(e, i_below(e, col, i_splat(e, pb->w)), sums->at.live);
    lanes.at = i_mul(e, col, i_const(e, (int)pixel_step(pb)));
    EMIT_IF (e, in) {
        lanes.start = x_mul(e, x_mulk(e, row, pixel_step(pb)), pb->w);
        if (direct_lanes_are_neighbours(pb->s))
            plain_neighbours(e, sums, &lanes, emit_tap_col(e, pb, sums->at.q, j));
        else
            plain_span(e, sums, &lanes);
    }
}

static void all_taps(Emit *e, const Sums *sums)
{
    const dcn_spec *s = sums->pb->s;
    EMIT_FOR (e, i, x_const(e, 0), x_const(e, s->kernel[0]), 1) {
        EMIT_FOR (e, j, x_const(e, 0), x_const(e, s->kernel[1]), 1) {
            if (problem_is_deformed(s))
                deformed_tap(e, sums, i.at, j.at);
            else
                plain_tap(e, sums, i.at, j.at);
        }
    }
}

/* All channels and taps of group g into the sums. */
static void contract(Emit *e, Sums *sums)
{
    const dcn_spec *s = sums->pb->s;
    int per_group = (int)(s->in_channels / s->groups);
    int per_offset = (int)(s->in_channels / s->offset_groups);
    sums->span = int_gcd(per_group, per_offset);
    EMIT_FOR (e, c0, x_const(e, 0), x_const(e, per_group), sums->span) {
        sums->c0 = c0.at;
        idx channel = x_add(e, x_mulk(e, sums->g, per_group), c0.at);
        sums->at.d = x_div(e, channel, x_const(e, per_offset));
        if (problem_is_deformed(s))
            emit_softmax(e, sums->pb, &sums->at);
        all_taps(e, sums);
    }
}

/* Output channel o: what is added to it, what becomes of it, where it goes. */
static void epilogue(Emit *e, const Sums *sums, idx o, fvec x)
{
    const Problem *pb = sums->pb;
    const dcn_spec *s = pb->s;
    const idx at[4] = { sums->at.n, o, sums->at.p, sums->at.q };
    idx channels = x_const(e, s->out_channels);
    if (s->bias)
        x = f_add(e, x, p_splat(e, p_at(e, pb->bias, o)));
    if (s->scale_shift)
        x = f_fma(e, x, p_splat(e, p_at(e, pb->scale, o)), p_splat(e, p_at(e, pb->shift, o)));
    if (s->residual)
        x = f_add(e, x, problem_lanes(e, pb, pb->residual, channels, at, sums->at.live));
    x = emit_activation(e, rt_activation_of(s), x);
    addr to = p_at(e, pb->output, problem_at(e, pb, channels, pb->p, pb->q, at));
    if (s->layout == DCN_NCHW)
        p_store(e, to, x, sums->at.live);
    else
        p_scatter(e, to, i_mul(e, i_lane(e), i_splat(e, channels)), x, sums->at.live);
}

/* `count` output channels from `first`, one row of the output. */
static void row_of_channels(Emit *e, const Problem *pb, OutPixels at, idx first, int count)
{
    idx outs = x_const(e, pb->s->out_channels / pb->s->groups);
    EMIT_VECTORS (e, t, pb->q) {
        Sums sums = { .pb = pb, .at = at, .g = x_div(e, first, outs), .first = first };
        sums.count = count;
        sums.at.q = t.at;
        sums.at.live = t.live;
        for (int o = 0; o < count; o++)
            sums.acc[o] = v_float(e, f_const(e, 0));
        contract(e, &sums);
        for (int o = 0; o < count; o++)
            epilogue(e, &sums, x_addk(e, first, o), v_get(e, sums.acc[o]));
    }
}

/* One output row of one image: every weight group in blocks of `outs` channels, then what is left. */
static void one_row(Emit *e, const Problem *pb, OutPixels at, int outs)
{
    int64_t per_group = pb->s->out_channels / pb->s->groups, whole = per_group / outs * outs;
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, pb->s->groups), 1) {
        idx first = x_mulk(e, g.at, per_group);
        EMIT_FOR (e, o, x_const(e, 0), x_const(e, whole), outs) {
            row_of_channels(e, pb, at, x_add(e, first, o.at), outs);
        }
        if (whole < per_group)
            row_of_channels(e, pb, at, x_addk(e, first, whole), (int)(per_group - whole));
    }
}

/* ---- entry points ------------------------------------------------------------------------------ */

static idx rows_of(Emit *e, const Problem *pb, idx phase, const void *self)
{
    (void)phase, (void)self;
    return x_mul(e, pb->n, pb->p);
}

static int64_t weights(const dcn_spec *s)
{
    return s->out_channels * (s->in_channels / s->groups) * problem_taps(s);
}

static void emit_pack(Emit *e, Kernel *kernel)
{
    PackArgs in = kernel_pack_begin(e, kernel);
    EMIT_FOR (e, i, x_const(e, 0), x_const(e, weights(kernel->s)), 1) {
        p_copy_one(e, p_at(e, in.to, i.at), p_at(e, in.from, i.at));
    }
    e_fn_end(e);
}

void direct_emit(Emit *e, Kernel *kernel, int lanes, int outs)
{
    kernel_packed_bytes(e, kernel, weights(kernel->s) * e->fp_bytes);
    emit_pack(e, kernel);
    kernel_workspace(e, kernel, NULL, 0, NULL);
    kernel_tasks(e, kernel, NULL, rows_of, NULL);

    RunArgs in = kernel_run_begin(e, kernel);
    e_fn_lanes(e, lanes);
    Problem pb = problem_load(e, kernel->s, in.args);
    EMIT_FOR (e, task, in.first, in.last, 1) {
        OutPixels at = { .n = x_div(e, task.at, pb.p), .p = x_rem(e, task.at, pb.p) };
        one_row(e, &pb, at, outs);
    }
    e_fn_end(e);
}
