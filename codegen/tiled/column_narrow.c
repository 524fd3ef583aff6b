/* column_narrow.c: a column where several samples of narrow offset groups fill one vector.
**
** With n channels in an offset group, samples_per_vec = lanes/n samples are worked out at a time.
** The repacked input has the channels of a group side by side, so the two pixels of a row of a
** sample are 2n elements in one piece, and one vector holds such pieces of lanes/2n samples:
**
**     A, B = upper rows * coeff + lower rows * coeff       [sample][left, right][channel] each
**     column[sample][channel] = lefts of A, B + rights of A, B
**
** Entries of the sample table and elements of the column run on from tap to tap and from group to
** group, so no vector is left half empty but the last.  Samples at the edge of the map are
** computed one by one, by a slower function.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/bilinear.h"
#include "codegen/tiled/tile.h"

/* Offset groups in one pass over the pixels: so few that their blocks of the repacked input stay
** in L1. */
enum { GROUPS_PER_PASS = 4 };

/* What every sample of a column shares. */
typedef struct NarrowColumn {
    const TiledPlan *plan;
    const TiledColumnArgs *in;
    idx row;         /* elements from a pixel of the input to the one below */
    LLVMValueRef fn; /* computes one sample of any kind */
} NarrowColumn;

/* Samples that stand side by side in the table and in the column: where the first of them is. */
typedef struct SampleRow {
    addr at, coeff, to;
} SampleRow;

static SampleRow samples_from(Emit *e, const NarrowColumn *n, const SampleRow *r, idx i)
{
    SampleRow here = { .at = p_at_i32(e, r->at, i) };
    here.coeff = p_at(e, r->coeff, x_mulk(e, i, CORNERS));
    here.to = p_at(e, r->to, x_mulk(e, i, n->plan->repack.block));
    return here;
}

/* ---- one sample of any kind -------------------------------------------------------------- */

typedef struct OneSampleArgs {
    addr args, input, at, coeff, to;
} OneSampleArgs;

static const Param one_param[] = { PARAM(OneSampleArgs, args), PARAM(OneSampleArgs, input),
                                   PARAM(OneSampleArgs, at), PARAM(OneSampleArgs, coeff),
                                   PARAM(OneSampleArgs, to) };
static const Params one_params = PARAMS(OneSampleArgs, one_param);

/* clamped: pixels of coefficient 0 are no part of the sample, see tile.h */
static fvec corners(Emit *e, const TiledPlan *p, const Problem *pb, const OneSampleArgs *in, idx at,
                    bool clamped)
{
    PixelSteps to = pixel_steps(e, pb, x_const(e, p->repack.block));
    idx none = x_const(e, 0);
    fvec sum = f_const(e, 0), zero = sum;
    for (int c = 0; c < CORNERS; c++) {
        idx step = x_add(e, c % 2 ? to.right : none, c / 2 ? to.down : none);
        fvec w = p_splat(e, p_at(e, in->coeff, x_const(e, c)));
        fvec x = p_load(e, p_at(e, in->input, x_add(e, at, step)), all_lanes);
        x = clamped ? f_select(e, f_equal(e, w, zero), zero, x) : x;
        sum = c ? f_fma(e, w, x, sum) : f_mul(e, w, x);
    }
    return sum;
}

static LLVMValueRef emit_one_sample(Emit *e, const TiledPlan *p)
{
    OneSampleArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "one_sample", 1, e->none, &one_params, &in);
    e_fn_lanes(e, p->repack.block);
    Problem pb = problem_load(e, p->s, in.args);
    idx at = p_get_i32(e, in.at), outside = x_const(e, TAP_OUTSIDE);
    p_store(e, in.to, f_const(e, 0), all_lanes);
    EMIT_IF (e, x_less(e, outside, at)) {
        p_store(e, in.to, corners(e, p, &pb, &in, at, false), all_lanes);
    }
    EMIT_IF (e, x_less(e, at, outside)) {
        at = x_sub(e, x_const(e, TAP_CLAMPED), at);
        p_store(e, in.to, corners(e, p, &pb, &in, at, true), all_lanes);
    }
    e_fn_end(e);
    return fn;
}

static void call_one_sample(Emit *e, const NarrowColumn *n, const SampleRow *r, idx i)
{
    SampleRow here = samples_from(e, n, r, i);
    OneSampleArgs in = { n->in->args, n->in->input, here.at, here.coeff, here.to };
    e_call_with(e, n->fn, &one_params, &in);
}

/* ---- a vector of samples inside the map -------------------------------------------------- */

/* One row (0 upper, 1 lower) of the samples of half h. */
static fvec pixels_of(Emit *e, const NarrowColumn *n, const SampleRow *r, int h, int lower)
{
    int each = n->plan->groups.samples_per_vec / 2;
    addr from[2];
    for (int i = 0; i < each; i++) {
        idx at = p_get_i32(e, p_at_i32(e, r->at, x_const(e, h * each + i)));
        from[i] = p_at(e, n->in->input, lower ? x_add(e, at, n->row) : at);
    }
    return p_load_parts(e, from, each);
}

/* Coefficients of the pixels of pixels_of, each repeated for the channels of its pixel; all: the four of each
** sample from `first` on. */
static fvec coeff_of(Emit *e, const NarrowColumn *n, fvec all, int first, int lower)
{
    int from[EMIT_MAX_LANES], channels = n->plan->repack.block;
    for (int lane = 0; lane < e->lanes; lane++) {
        int sample = first + lane / (2 * channels), right = lane / channels % 2;
        from[lane] = CORNERS * sample + 2 * lower + right;
    }
    return f_permute(e, all, from);
}

/* The left (0) or right (1) pixels of x and y. */
static fvec sides(Emit *e, const NarrowColumn *n, fvec x, fvec y, int right)
{
    int from[EMIT_MAX_LANES], channels = n->plan->repack.block;
    for (int lane = 0; lane < e->lanes; lane++)
        from[lane] = (2 * (lane / channels) + right) * channels + lane % channels;
    return f_shuffle(e, x, y, from);
}

static void sample_inside(Emit *e, const NarrowColumn *n, const SampleRow *r)
{
    int each = n->plan->groups.samples_per_vec / 2, at_once = 8 * each <= e->lanes;
    fvec half[2], all = { NULL };
    for (int h = 0; h < 2; h++) {
        int first = at_once ? h * each : 0;
        if (!h || !at_once)
            all = p_load(e, p_at(e, r->coeff, x_const(e, h * each * CORNERS)), all_lanes);
        fvec upper = f_mul(e, pixels_of(e, n, r, h, 0), coeff_of(e, n, all, first, 0));
        fvec coeff = coeff_of(e, n, all, first, 1);
        half[h] = f_fma(e, pixels_of(e, n, r, h, 1), coeff, upper);
    }
    fvec left = sides(e, n, half[0], half[1], 0), right = sides(e, n, half[0], half[1], 1);
    p_store(e, r->to, f_add(e, left, right), all_lanes);
}

/* Whether one of n entries from `at` on is not simply an element of the input. */
static cond some_outside(Emit *e, addr at, int n)
{
    int lanes = e->lanes;
    while (lanes > n)
        lanes /= 2;
    cond some = { NULL };
    EMIT_LANES (e, lanes) {
        ivec least = p_load_i32(e, at);
        for (int i = lanes; i < n; i += lanes) {
            int from = i < n - lanes ? i : n - lanes;
            least = i_min(e, least, p_load_i32(e, p_at_i32(e, at, x_const(e, from))));
        }
        some = c_any(e, i_less(e, least, i_const(e, 0)));
    }
    return some;
}

/* ---- samples side by side ---------------------------------------------------------------- */

/* A vector of samples, some of which may lie at the edge. */
static void sample_any(Emit *e, const NarrowColumn *n, const SampleRow *r)
{
    int samples = n->plan->groups.samples_per_vec;
    EMIT_IF_ELSE (e, edge, some_outside(e, r->at, samples)) {
        if (edge.yes) {
            EMIT_FOR (e, i, x_const(e, 0), x_const(e, samples), 1) {
                call_one_sample(e, n, r, i.at);
            }
        } else {
            sample_inside(e, n, r);
        }
    }
}

/* Takes `count` samples from r on; inside: none of them is at the edge. */
static void sample_row(Emit *e, const NarrowColumn *n, const SampleRow *r, idx count, bool inside)
{
    int samples = n->plan->groups.samples_per_vec;
    idx whole = x_mulk(e, x_div(e, count, x_const(e, samples)), samples);
    EMIT_FOR (e, i, x_const(e, 0), whole, samples) {
        SampleRow here = samples_from(e, n, r, i.at);
        if (inside)
            sample_inside(e, n, &here);
        else
            sample_any(e, n, &here);
    }
    EMIT_FOR (e, i, whole, count, 1) {
        call_one_sample(e, n, r, i.at);
    }
}

/* Most pixels are inside with all their samples: their loop is not disturbed by calls. */
static void one_pixel(Emit *e, const NarrowColumn *n, const SampleRow *r, int groups)
{
    const TiledGroups *g = &n->plan->groups;
    idx count = x_mulk(e, n->in->taps, groups);
    if (g->tap_block < g->taps) {
        sample_row(e, n, r, count, false);
        return;
    }
    int all = groups * g->taps;
    EMIT_IF_ELSE (e, edge, some_outside(e, r->at, all)) {
        sample_row(e, n, r, edge.yes ? count : x_const(e, all), !edge.yes);
    }
}

/* ---- a column ---------------------------------------------------------------------------- */

/* The samples of some offset groups of the block from d, of every pixel. */
static void each_pixel(Emit *e, const NarrowColumn *n, idx d, int groups)
{
    const TiledPlan *p = n->plan;
    const TiledColumnArgs *in = n->in;
    idx group = x_add(e, x_div(e, in->channel, x_const(e, p->repack.block)), d);
    idx first = x_add(e, x_mulk(e, group, p->groups.taps), in->tap);
    idx to = x_mulk(e, x_mul(e, d, in->taps), p->repack.block);
    EMIT_FOR (e, pixel, x_const(e, 0), in->pixels, 1) {
        idx entry = x_add(e, first, x_mulk(e, pixel.at, p->table.pixel_entries));
        idx element = x_add(e, to, x_mulk(e, pixel.at, p->scratch.column_stride));
        SampleRow r = { .at = p_at_i32(e, in->at, entry) };
        r.coeff = p_at(e, in->coeff, x_mulk(e, entry, CORNERS));
        r.to = p_at(e, in->column, element);
        one_pixel(e, n, &r, groups);
    }
}

/* Where a column has all taps, those of one offset group follow those of the last. */
static void each_pass(Emit *e, const NarrowColumn *n, int groups)
{
    const TiledGroups *g = &n->plan->groups;
    int together = g->tap_block < g->taps ? 1 : GROUPS_PER_PASS;
    int whole = groups / together * together;
    EMIT_FOR (e, d, x_const(e, 0), x_const(e, whole), together) {
        each_pixel(e, n, d.at, together);
    }
    if (whole < groups)
        each_pixel(e, n, x_const(e, whole), groups - whole);
}

LLVMValueRef tiled_emit_column_narrow(Emit *e, const TiledPlan *p, const char *name, int channels)
{
    TiledColumnArgs in;
    NarrowColumn n = { .plan = p, .in = &in, .fn = emit_one_sample(e, p) };
    LLVMValueRef fn = tiled_begin_column(e, name, &in);
    Problem pb = problem_load(e, p->s, in.args);
    n.row = x_mulk(e, pb.w, p->repack.block);
    each_pass(e, &n, channels / p->repack.block);
    e_fn_end(e);
    return fn;
}
