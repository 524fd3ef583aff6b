/* task.c: a task: one block of channels, all tiles of a band, in order.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/ir/call.h"

/* What of GradientPass, as bits. */
enum { PASS_INPUT = 1, PASS_DOTS = 2, PASS_COLUMN = 4 };

/* The internal functions of a task; NULL: none is needed.  A call may want fewer gradients than the
** kernel can make: then the pass makes them all, but what follows from them is left out; only
** without dx it is another one, that makes the samples alone. */
typedef struct TaskFns {
    LLVMValueRef gtile, g_lanes, table, product[NGRADIENT_PRODUCTS];
    LLVMValueRef samples, samples_alone, offset_row, prefetch;
} TaskFns;

/* The task in hand. */
typedef struct Task {
    const GradientPlan *plan;
    const GradientShape *shape;
    const TaskFns *fns;
    const GradientTaskArgs *in;
    Problem pb;
    GradientShared shared;
    GradientBlock block;
    GradientOut input, weight, offset, mask;
    idx band, passes; /* passes: bits of what the call wants */
    GradientSteps to; /* in both maps */
    idx first;        /* the block's first element of them */
    addr grad_input;  /* the map that this band adds to, from there */
    addr grad_weight; /* the block's own */
} Task;

static addr scratch(Emit *e, const Task *t, int64_t at)
{
    return p_at_bytes(e, t->in->scratch, x_const(e, at));
}

static cond has(Emit *e, const Task *t, int bits)
{
    return x_less(e, x_const(e, 0), x_and(e, t->passes, x_const(e, bits)));
}

/* ---- functions --------------------------------------------------------------------------- */

static TaskFns emit_fns(Emit *e, const GradientPlan *p, int shape, const GradientTaskFns *shared)
{
    TaskFns f = { .gtile = gradient_emit_gtile(e, p, shared->transpose, shape) };
    f.offset_row = shared->offset_row;
    if (p->prefetch >= 0)
        f.prefetch = gradient_emit_prefetch(e, p, shape);
    if (p->lanes_are_groups)
        f.g_lanes = gradient_emit_g_lanes(e, p, shape);
    f.table = gradient_emit_table(e, p, shape);
    if (p->want.product)
        f.product[GRADIENT_OF_SAMPLES] = gradient_emit_product(e, p, GRADIENT_OF_SAMPLES, shape);
    if (p->want.weight)
        f.product[GRADIENT_OF_WEIGHT] = gradient_emit_product(e, p, GRADIENT_OF_WEIGHT, shape);
    const GradientPass all = { p->want.input, p->want.dots, p->want.weight };
    const GradientPass alone = { false, false, true };
    f.samples = gradient_emit_samples(e, p, shape, all);
    f.samples_alone = f.samples;
    if (p->want.product && p->want.weight)
        f.samples_alone = gradient_emit_samples(e, p, shape, alone);
    return f;
}

/* ---- what the task begins with ------------------------------------------------------------ */

static void find_grad_weight(Emit *e, Task *t)
{
    const GradientPlan *p = t->plan;
    idx block = x_mulk(e, t->block.columns, p->outputs);
    idx bands = x_mulk(e, t->band, p->weight_elements);
    t->grad_weight = p_at(e, t->shared.weight, x_add(e, bands, block));
}

/* The first band adds to the tensor itself, unless there are copies. */
static void find_grad_input(Emit *e, Task *t)
{
    const GradientPlan *p = t->plan;
    addr slot = p_alloca(e, 1);
    p_put_addr(e, slot, p_at(e, t->input.to, t->block.channel));
    if (t->shared.grad_input.v) {
        idx own = x_addk(e, t->band, p->copies ? 0 : -1);
        EMIT_IF (e, x_less(e, x_const(e, -1), own)) {
            idx maps = x_mul(e, own, gradient_map_elements(e, p, &t->pb));
            maps = x_add(e, maps, t->first);
            p_put_addr(e, slot, p_at(e, t->shared.grad_input, maps));
        }
    }
    EMIT_IF (e, c_not(e, has(e, t, PASS_INPUT))) {
        p_put_addr(e, slot, scratch(e, t, p->scratch.sink));
    }
    t->grad_input = p_get_addr(e, slot);
    EMIT_IF (e, has(e, t, PASS_INPUT)) {
        idx add = x_select(e, t->input.add, x_const(e, 1), x_const(e, 0));
        EMIT_IF (e, x_less(e, add, x_addk(e, t->band, 1))) {
            gradient_clear_map(e, p, &t->pb, t->block.shape, t->grad_input);
        }
    }
}

static void clear_scratch(Emit *e, const Task *t)
{
    const GradientPlan *p = t->plan;
    const int64_t pixels = p->panel_pixels, lanes = p->lanes_are_groups ? p->outputs * p->lanes : 0;
    gradient_clear(e, scratch(e, t, p->scratch.g), x_const(e, pixels * p->g_stride));
    if (p->lanes_are_groups)
        gradient_clear(e, scratch(e, t, p->scratch.g_lanes),
                       x_const(e, t->shape->vectors * pixels * lanes));
    if (p->want.input)
        gradient_clear(e, scratch(e, t, p->scratch.sink), x_const(e, t->shape->channels));
    if (!p->want.weight)
        return;
    gradient_clear(e, scratch(e, t, p->scratch.x), x_const(e, pixels * t->shape->panels * p->nr));
    gradient_clear(e, t->grad_weight, x_const(e, (int64_t)p->outputs * t->shape->columns));
}

/* ---- a tile ------------------------------------------------------------------------------ */

static void make_table(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientScratch *at = &t->plan->scratch;
    GradientTableArgs in = { .args = t->in->args, .n = x->n, .p0 = x->p0, .q0 = x->q0 };
    in.at = scratch(e, t, at->table);
    in.coeff = scratch(e, t, at->coeff);
    in.rows = x->rows;
    in.cols = x->cols;
    in.offset = t->block.offset;
    gradient_call_table(e, t->fns->table, &in);
}

/* What the products have on their left. */
static addr left_of(Emit *e, const Task *t)
{
    const GradientPlan *p = t->plan;
    return scratch(e, t, p->lanes_are_groups ? p->scratch.g_lanes : p->scratch.g);
}

/* dx of the tile. */
static void multiply_weights(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientPlan *p = t->plan;
    GradientProductArgs in = { .rows = x->pixels, .depth = x_const(e, p->blocks.out_channels) };
    in.a = left_of(e, t);
    in.b = p_at(e, t->pb.weight, x_mulk(e, t->block.columns, p->blocks.out_channels));
    in.out = scratch(e, t, p->scratch.dx);
    EMIT_IF (e, has(e, t, PASS_INPUT | PASS_DOTS)) {
        gradient_call_product(e, t->fns->product[GRADIENT_OF_SAMPLES], &in);
    }
}

static void multiply_samples(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientPlan *p = t->plan;
    GradientProductArgs in = { .rows = x_const(e, p->outputs), .depth = x->pixels };
    in.a = left_of(e, t);
    in.b = scratch(e, t, p->scratch.x);
    in.out = t->grad_weight;
    EMIT_IF (e, has(e, t, PASS_COLUMN)) {
        gradient_call_product(e, t->fns->product[GRADIENT_OF_WEIGHT], &in);
    }
}

/* The tile's first pixel and the block's first offset group in its part of the dots. */
static addr dots_of(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientPlan *p = t->plan;
    if (gradient_owns_dots(p))
        return scratch(e, t, p->scratch.dots);
    idx row = x_add(e, x_mul(e, x->n, t->pb.p), x->p0);
    idx pixel = x_add(e, x_mul(e, row, t->pb.q), x->q0);
    idx group = x_mulk(e, t->block.offset, (int64_t)p->blocks.taps * CORNERS);
    idx at = x_add(e, x_mulk(e, pixel, p->dot_stride), group);
    idx part = x_mul(e, t->block.part, gradient_dot_elements(e, p, &t->pb));
    return p_at(e, t->shared.dots, x_add(e, at, part));
}

/* All but the dots. */
static GradientSamplesArgs samples_of(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientPlan *p = t->plan;
    idx before = x_mul(e, x->n, t->to.image);
    addr input = t->shared.input.v ? t->shared.input : t->pb.input;
    GradientSamplesArgs in = { .args = t->in->args, .rows = x->rows, .cols = x->cols };
    in.step = x_select(e, has(e, t, PASS_INPUT), x_const(e, 1), x_const(e, 0));
    in.grad_input = p_at(e, t->grad_input, x_mul(e, before, in.step));
    in.input = input.v ? p_at(e, input, x_add(e, before, t->first)) : in.grad_input;
    in.at = scratch(e, t, p->scratch.table);
    in.coeff = scratch(e, t, p->scratch.coeff);
    in.dx = scratch(e, t, p->scratch.dx);
    in.x = scratch(e, t, p->scratch.x);
    return in;
}

static void pass_over_samples(Emit *e, const Task *t, const GradientTile *x)
{
    GradientSamplesArgs in = samples_of(e, t, x);
    in.dots = t->plan->want.dots ? dots_of(e, t, x) : in.dx;
    EMIT_IF_ELSE (e, alone, x_equal(e, t->passes, x_const(e, PASS_COLUMN))) {
        gradient_call_samples(e, alone.yes ? t->fns->samples_alone : t->fns->samples, &in);
    }
}

static void fetch_ahead(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientSamplesArgs of = samples_of(e, t, x);
    const GradientPrefetchArgs in = { of.args, of.input, of.grad_input, x->p0,
                                      x->q0,   of.rows,  of.cols,       of.step };
    gradient_call_prefetch(e, t->fns->prefetch, &in);
}

/* Where all of g is 0 there is nothing to add, but dots are stored, not added to. */
static void clear_dots(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientPlan *p = t->plan;
    int64_t group = (int64_t)p->blocks.taps * CORNERS;
    addr first = dots_of(e, t, x);
    idx across = gradient_owns_dots(p) ? x->cols : t->pb.q;
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), x->rows, 1) {
        EMIT_FOR_OPAQUE (e, col, x_const(e, 0), x->cols, 1) {
            idx at = x_mulk(e, x_add(e, x_mul(e, row.at, across), col.at), p->dot_stride);
            gradient_clear(e, p_at(e, first, at), x_const(e, t->shape->spans * group));
        }
    }
}

/* Where the block has all of the dots of its offset groups. */
static void offsets_of_tile(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientPlan *p = t->plan;
    EMIT_FOR_OPAQUE (e, row, x_const(e, 0), x->rows, 1) {
        idx before = x_mulk(e, x_mul(e, row.at, x->cols), p->dot_stride);
        GradientOffsetRowArgs in = { .args = t->in->args, .n = x->n, .q = x->q0, .cols = x->cols };
        in.dots = p_at(e, dots_of(e, t, x), before);
        in.p = x_add(e, x->p0, row.at);
        in.group = t->block.offset;
        in.groups = x_const(e, t->shape->spans);
        gradient_call_offset_row(e, t->fns->offset_row, &in);
    }
}

/* Rows and columns of tiles of a map. */
typedef struct TileGrid {
    idx down, across;
} TileGrid;

static TileGrid grid_of(Emit *e, const Task *t)
{
    const GradientPlan *p = t->plan;
    idx down = x_ceil_div(e, t->pb.p, p->th);
    return (TileGrid){ down, x_ceil_div(e, t->pb.q, p->tw) };
}

static GradientTile tile_of(Emit *e, const Task *t, const TileGrid *grid, idx number)
{
    const GradientPlan *p = t->plan;
    const Problem *pb = &t->pb;
    idx at[3];
    kernel_split_task(e, number, grid->down, grid->across, at);
    GradientTile x = { .n = at[0] };
    x.p0 = x_mulk(e, at[1], p->th);
    x.q0 = x_mulk(e, at[2], p->tw);
    x.rows = x_min(e, x_const(e, p->th), x_sub(e, pb->p, x.p0));
    x.cols = x_min(e, x_const(e, p->tw), x_sub(e, pb->q, x.q0));
    x.pixels = x_mul(e, x.rows, x.cols);
    return x;
}

/* A tile in which some g is not 0. */
static void work_through(Emit *e, const Task *t, const GradientTile *x)
{
    const GradientPlan *p = t->plan;
    if (p->prefetch >= 0)
        fetch_ahead(e, t, x);
    make_table(e, t, x);
    if (p->lanes_are_groups) {
        GradientGLanesArgs in = { .pixels = x->pixels };
        in.from = scratch(e, t, p->scratch.g);
        in.to = scratch(e, t, p->scratch.g_lanes);
        gradient_call_g_lanes(e, t->fns->g_lanes, &in);
    }
    if (p->want.product)
        multiply_weights(e, t, x);
    pass_over_samples(e, t, x);
    if (p->want.weight)
        multiply_samples(e, t, x);
}

static void one_tile(Emit *e, const Task *t, const GradientTile *x)
{
    GradientGTileArgs in = { .args = t->in->args, .n = x->n, .p0 = x->p0, .q0 = x->q0 };
    in.to = scratch(e, t, t->plan->scratch.g);
    in.rows = x->rows;
    in.cols = x->cols;
    in.group = t->block.group;
    idx any = gradient_call_gtile(e, t->fns->gtile, &in);
    EMIT_IF_ELSE (e, zero, x_equal(e, any, x_const(e, 0))) {
        if (!zero.yes)
            work_through(e, t, x);
        else if (t->plan->want.dots)
            clear_dots(e, t, x);
    }
    if (gradient_owns_dots(t->plan))
        offsets_of_tile(e, t, x);
}

/* Goes through the tiles of the task's band. */
static void all_tiles(Emit *e, const Task *t)
{
    const TileGrid grid = grid_of(e, t);
    idx tiles = x_mul(e, t->pb.n, x_mul(e, grid.down, grid.across));
    idx bands = x_const(e, t->plan->bands), first = x_div(e, x_mul(e, tiles, t->band), bands);
    idx last = x_div(e, x_mul(e, tiles, x_addk(e, t->band, 1)), bands);
    last = x_select(e, has(e, t, PASS_INPUT | PASS_DOTS | PASS_COLUMN), last, first);
    EMIT_FOR_OPAQUE (e, number, first, last, 1) {
        const GradientTile tile = tile_of(e, t, &grid, number.at);
        one_tile(e, t, &tile);
    }
}

/* ---- the task ---------------------------------------------------------------------------- */

static idx bit(Emit *e, cond c, int bits)
{
    return x_select(e, c, x_const(e, bits), x_const(e, 0));
}

static void find_passes(Emit *e, Task *t, addr args)
{
    const GradientPlan *p = t->plan;
    const bool both = p->s->offset_mask;
    t->passes = x_const(e, 0);
    t->input = gradient_out(e, &t->pb, args, RT_INPUT);
    t->weight = gradient_out(e, &t->pb, args, RT_WEIGHT);
    t->offset = gradient_out(e, &t->pb, args, both ? RT_OFFSET_MASK : RT_OFFSET);
    t->mask = gradient_out(e, &t->pb, args, both ? RT_OFFSET_MASK : RT_MASK);
    if (p->want.input)
        t->passes = x_or(e, t->passes, bit(e, t->input.wanted, PASS_INPUT));
    if (p->want.weight)
        t->passes = x_or(e, t->passes, bit(e, t->weight.wanted, PASS_COLUMN));
    if (p->want.offset)
        t->passes = x_or(e, t->passes, bit(e, t->offset.wanted, PASS_DOTS));
    if (p->want.mask)
        t->passes = x_or(e, t->passes, bit(e, t->mask.wanted, PASS_DOTS));
}

static const Param param[] = { PARAM(GradientTaskArgs, args), PARAM(GradientTaskArgs, workspace),
                               PARAM(GradientTaskArgs, scratch), PARAM(GradientTaskArgs, band),
                               PARAM(GradientTaskArgs, block) };
static const Params params = PARAMS(GradientTaskArgs, param);

LLVMValueRef gradient_emit_task(Emit *e, const GradientPlan *p, const GradientTaskFns *shared,
                                int shape)
{
    TaskFns fns = emit_fns(e, p, shape, shared);
    GradientTaskArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "task", 1, e->none, &params, &in);
    Task t = { .plan = p, .shape = &p->blocks.shape[shape], .fns = &fns, .in = &in };
    t.pb = problem_load(e, p->s, in.args);
    t.shared = gradient_shared(e, p, &t.pb, in.workspace);
    t.band = in.band;
    t.block = gradient_block(e, p, in.block, shape);
    t.to = gradient_steps(e, p, &t.pb, shape);
    t.first = gradient_first_element(e, p, &t.pb, &t.block);
    find_passes(e, &t, in.args);
    t.grad_input = t.pb.input;
    if (p->want.input)
        find_grad_input(e, &t);
    if (p->want.weight)
        find_grad_weight(e, &t);
    clear_scratch(e, &t);
    all_tiles(e, &t);
    e_fn_end(e);
    return fn;
}

void gradient_call_task(Emit *e, LLVMValueRef fn, const GradientTaskArgs *in)
{
    e_call_with(e, fn, &params, in);
}
