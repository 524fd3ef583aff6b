/* column_narrow.c: a column where several samples of narrow offset groups fill one vector.
**
** With n channels in an offset group, `abreast` = lanes/n samples are worked out at a time.  The view has the
** channels of a group side by side, so the two pixels of a row of a sample are 2n elements in one piece, and
** one vector holds such pieces of lanes/2n samples:
**
**     A, B = upper rows * weights + lower rows * weights       two vectors, [sample][left, right][channel]
**     column[sample][channel] = lefts of A, B + rights of A, B
**
** Entries of the places and elements of the column run on from tap to tap and from group to group, so no vector
** is left half empty but the last.  What lies at the edge of the map is left to a slower way, one by one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/bilinear.h"
#include "codegen/tiled/tiled.h"

enum { ARGS, INPUT, AT, WEIGHTS, COLUMN, CHANNEL, TAP, TAPS, PIXELS, NARGS };
enum {
    GROUPS = 4
}; /* offset groups in one pass over the pixels: their part of the view stays in L1 */

/* What every sample of a column shares. */
typedef struct Abreast {
    const TiledPlan *plan;
    addr view;
    idx row;            /* elements from a pixel of the view to the one below */
    LLVMValueRef alone; /* alone(args, view, at, weights, to): one sample of any kind */
} Abreast;

/* One vector of samples: where their places and weights are, and where they go. */
typedef struct Row {
    addr at, weights, to;
} Row;

/* ---- one sample of any kind ---------------------------------------------------------------------- */

enum { A_ARGS, A_VIEW, A_AT, A_WEIGHTS, A_TO, A_NARGS };

static fvec corners(Emit *e, const TiledPlan *p, const Problem *pb, idx at, int moved)
{
    PixelSteps to = pixel_steps(e, pb, x_const(e, p->repack.block));
    idx none = x_const(e, 0);
    fvec sum = f_const(e, 0), zero = sum;
    for (int c = 0; c < 4; c++) {
        idx step = x_add(e, c % 2 ? to.right : none, c / 2 ? to.down : none);
        fvec w = p_splat(e, p_at(e, e_arg_addr(e, A_WEIGHTS), x_const(e, c)));
        fvec x = p_load(e, p_at(e, e_arg_addr(e, A_VIEW), x_add(e, at, step)), all_lanes);
        x = moved ? f_select(e, f_equal(e, w, zero), zero, x) : x;
        sum = c ? f_fma(e, w, x, sum) : f_mul(e, w, x);
    }
    return sum;
}

static LLVMValueRef emit_alone(Emit *e, const TiledPlan *p)
{
    const LLVMTypeRef args[A_NARGS] = { e->ptr, e->ptr, e->ptr, e->ptr, e->ptr };
    LLVMValueRef fn = e_fn_begin(e, "alone", 1, e->none, A_NARGS, args);
    e_fn_lanes(e, p->repack.block);
    Problem pb = problem_load(e, p->s, e_arg_addr(e, A_ARGS));
    idx at = p_get_i32(e, e_arg_addr(e, A_AT)), nothing = x_const(e, TILED_NOTHING);
    addr to = e_arg_addr(e, A_TO);
    p_store(e, to, f_const(e, 0), all_lanes);
    EMIT_IF (e, x_less(e, nothing, at)) {
        p_store(e, to, corners(e, p, &pb, at, 0), all_lanes);
    }
    EMIT_IF (e, x_less(e, at, nothing)) {
        at = x_sub(e, x_const(e, TILED_MOVED), at);
        p_store(e, to, corners(e, p, &pb, at, 1), all_lanes);
    }
    e_fn_end(e);
    return fn;
}

static void call_alone(Emit *e, const Abreast *a, const Row *r, idx i)
{
    addr at = p_at_i32(e, r->at, i), weights = p_at(e, r->weights, x_mulk(e, i, 4));
    addr to = p_at(e, r->to, x_mulk(e, i, a->plan->repack.block));
    e_call_fn(e, a->alone, A_NARGS,
              (LLVMValueRef[]){ e_arg_addr(e, ARGS).v, a->view.v, at.v, weights.v, to.v });
}

/* ---- a vector of samples inside the map ------------------------------------------------------------- */

/* One row (0 upper, 1 lower) of the samples of half h. */
static fvec pixels_of(Emit *e, const Abreast *a, const Row *r, int h, int lower)
{
    int each = a->plan->abreast / 2;
    addr from[2];
    for (int i = 0; i < each; i++) {
        idx at = p_get_i32(e, p_at_i32(e, r->at, x_const(e, h * each + i)));
        from[i] = p_at(e, a->view, lower ? x_add(e, at, a->row) : at);
    }
    return each == 1 ? p_load(e, from[0], all_lanes) : p_load_halves(e, from[0], from[1]);
}

/* Their weights, each repeated for the channels of its pixel; all: four of each sample of the half. */
static fvec weights_of(Emit *e, const Abreast *a, fvec all, int first, int lower)
{
    int from[EMIT_MAX_LANES], n = a->plan->repack.block;
    for (int lane = 0; lane < e->lanes; lane++) {
        int sample = first + lane / (2 * n), right = lane / n % 2;
        from[lane] = 4 * sample + 2 * lower + right;
    }
    return f_permute(e, all, from);
}

/* The left (0) or right (1) pixels of a and b. */
static fvec sides(Emit *e, const Abreast *a, fvec x, fvec y, int right)
{
    int from[EMIT_MAX_LANES], n = a->plan->repack.block;
    for (int lane = 0; lane < e->lanes; lane++)
        from[lane] = (2 * (lane / n) + right) * n + lane % n;
    return f_shuffle(e, x, y, from);
}

static void all_inside(Emit *e, const Abreast *a, const Row *r)
{
    int each = a->plan->abreast / 2, at_once = 8 * each <= e->lanes;
    fvec half[2], all = { NULL };
    for (int h = 0; h < 2; h++) {
        int first = at_once ? h * each : 0;
        if (!h || !at_once)
            all = p_load(e, p_at(e, r->weights, x_const(e, h * each * 4)), all_lanes);
        fvec upper = f_mul(e, pixels_of(e, a, r, h, 0), weights_of(e, a, all, first, 0));
        fvec weights = weights_of(e, a, all, first, 1);
        half[h] = f_fma(e, pixels_of(e, a, r, h, 1), weights, upper);
    }
    fvec left = sides(e, a, half[0], half[1], 0), right = sides(e, a, half[0], half[1], 1);
    p_store(e, r->to, f_add(e, left, right), all_lanes);
}

/* Whether one of n entries from `at` is not simply a place. */
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

static void some_inside(Emit *e, const Abreast *a, const Row *r)
{
    int abreast = a->plan->abreast;
    EMIT_IF_ELSE (e, b, some_outside(e, r->at, abreast)) {
        if (!b.yes) {
            all_inside(e, a, r);
            continue;
        }
        EMIT_FOR (e, i, x_const(e, 0), x_const(e, abreast), 1) {
            call_alone(e, a, r, i.at);
        }
    }
}

/* n samples whose entries and elements of the column run on from r; inside: all of them are. */
static void run_of_samples(Emit *e, const Abreast *a, const Row *r, idx n, int inside)
{
    int abreast = a->plan->abreast;
    idx whole = x_mulk(e, x_div(e, n, x_const(e, abreast)), abreast);
    EMIT_FOR (e, i, x_const(e, 0), whole, abreast) {
        Row here = { p_at_i32(e, r->at, i.at), p_at(e, r->weights, x_mulk(e, i.at, 4)),
                     p_at(e, r->to, x_mulk(e, i.at, a->plan->repack.block)) };
        (inside ? all_inside : some_inside)(e, a, &here);
    }
    EMIT_FOR (e, i, whole, n, 1) {
        call_alone(e, a, r, i.at);
    }
}

/* Most pixels are inside with all their samples: their loop is not disturbed by calls. */
static void one_pixel(Emit *e, const Abreast *a, const Row *r, int groups)
{
    const TiledPlan *p = a->plan;
    idx n = x_mulk(e, e_arg_idx(e, TAPS), groups);
    if (p->tap_block < p->taps) {
        run_of_samples(e, a, r, n, 0);
        return;
    }
    int samples = groups * p->taps;
    EMIT_IF_ELSE (e, b, some_outside(e, r->at, samples)) {
        run_of_samples(e, a, r, b.yes ? n : x_const(e, samples), !b.yes);
    }
}

/* ---- a column ---------------------------------------------------------------------------------------- */

/* The samples of some offset groups of the block from d, of every pixel. */
static void each_pixel(Emit *e, const Abreast *a, idx d, int groups)
{
    const TiledPlan *p = a->plan;
    idx group = x_add(e, x_div(e, e_arg_idx(e, CHANNEL), x_const(e, p->repack.block)), d);
    idx first = x_add(e, x_mulk(e, group, p->taps), e_arg_idx(e, TAP));
    idx to = x_mulk(e, x_mul(e, d, e_arg_idx(e, TAPS)), p->repack.block);
    EMIT_FOR (e, pixel, x_const(e, 0), e_arg_idx(e, PIXELS), 1) {
        idx entry = x_add(e, first, x_mulk(e, pixel.at, p->pixel_entries));
        idx element = x_add(e, to, x_mulk(e, pixel.at, p->column_stride));
        Row r = { p_at_i32(e, e_arg_addr(e, AT), entry),
                  p_at(e, e_arg_addr(e, WEIGHTS), x_mulk(e, entry, 4)),
                  p_at(e, e_arg_addr(e, COLUMN), element) };
        one_pixel(e, a, &r, groups);
    }
}

/* Where a column has all taps, those of one offset group follow those of the last. */
static void each_group(Emit *e, const Abreast *a, int groups)
{
    const TiledPlan *p = a->plan;
    int together = p->tap_block < p->taps ? 1 : GROUPS, whole = groups / together * together;
    EMIT_FOR (e, d, x_const(e, 0), x_const(e, whole), together) {
        each_pixel(e, a, d.at, together);
    }
    if (whole < groups)
        each_pixel(e, a, x_const(e, whole), groups - whole);
}

LLVMValueRef tiled_emit_abreast(Emit *e, const TiledPlan *plan, const char *name, int channels)
{
    const LLVMTypeRef args[NARGS] = { e->ptr, e->ptr, e->ptr, e->ptr, e->ptr,
                                      e->i64, e->i64, e->i64, e->i64 };
    Abreast a = { .plan = plan, .alone = emit_alone(e, plan) };
    LLVMValueRef fn = e_fn_begin(e, name, 1, e->none, NARGS, args);
    Problem pb = problem_load(e, plan->s, e_arg_addr(e, ARGS));
    a.view = e_arg_addr(e, INPUT);
    a.row = x_mulk(e, pb.w, plan->repack.block);
    each_group(e, &a, channels / plan->repack.block);
    e_fn_end(e);
    return fn;
}
