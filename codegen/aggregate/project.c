/* project.c: DCNv3 and DCNv4 with a projection: sums of samples that never leave the cache.
**
**     for each tile of th x tw pixels:                                               a task
**         aggregate      the bare sums of every pixel, side by side, in L2
**         for each block of nr outputs, panel of mr pixels  (or the other way round):
**             product    in registers, against weights packed once
**
** The first is the tile of the aggregate lowering, the second the product of the tiled one, for which a tile of
** sums is the column of a pointwise convolution.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/entry.h"
#include "codegen/tiled/tiled.h"

#include <stdio.h>
#include <string.h>

enum {
    MR,
    NV,
    TILE_H,
    TILE_W,
    LOOP_ORDER,
    UNROLL,
    BLOCK,
    PREFETCH_ROWS,
    PREFETCH_BLOCKS,
    COEFF_SHUFFLES,
    JAM,
    NKNOBS
};

/* Taken over with their guesses from the two halves: see `halves`. */
static const Knob prefetch_blocks = { .name = "prefetch_blocks",
                                      .meaning = "1: prefetch offsets and masks of the row below",
                                      .guess = 0,
                                      CHOICES(0, 1) };

static const Knob *const knobs[NKNOBS] = {
    [MR] = &tiled_knobs[TILED_MR],
    [NV] = &tiled_knobs[TILED_NV],
    [TILE_H] = &tiled_knobs[TILED_TILE_H],
    [TILE_W] = &tiled_knobs[TILED_TILE_W],
    [LOOP_ORDER] = &tiled_knobs[TILED_LOOP_ORDER],
    [UNROLL] = &tiled_knobs[TILED_UNROLL],
    [BLOCK] = &aggregate_knobs[AGG_BLOCK],
    [PREFETCH_ROWS] = &aggregate_knobs[AGG_PREFETCH_ROWS],
    [PREFETCH_BLOCKS] = &prefetch_blocks, /* whole rows of blocks only, as tiles have them */
    [COEFF_SHUFFLES] = &aggregate_knobs[AGG_COEFF_SHUFFLES],
    [JAM] = &aggregate_knobs[AGG_JAM],
};

/* The two halves. */
typedef struct Plan {
    AggregatePlan sums;
    TiledPlan product;
} Plan;

/* What the product computes: a pointwise convolution of the tile of sums. */
static dcn_spec pointwise(const dcn_spec *s)
{
    dcn_spec c = *s;
    c.op = DCN_OP_CONV2D;
    c.offset_groups = c.groups = 1;
    c.projection = 0;
    c.modulation = DCN_MODULATION_NONE;
    if (s->height > 0)
        c.height = dcn_out_height(s, s->height);
    if (s->width > 0)
        c.width = dcn_out_width(s, s->width);
    memset(c.padding, 0, sizeof c.padding);
    for (int i = 0; i < 2; i++)
        c.kernel[i] = c.stride[i] = c.dilation[i] = 1;
    return c;
}

/* Which knob of a half each knob is. */
static const struct {
    enum { SUMS, PRODUCT } half;
    int knob;
} halves[NKNOBS] = {
    [MR] = { PRODUCT, TILED_MR },
    [NV] = { PRODUCT, TILED_NV },
    [TILE_H] = { PRODUCT, TILED_TILE_H },
    [TILE_W] = { PRODUCT, TILED_TILE_W },
    [LOOP_ORDER] = { PRODUCT, TILED_LOOP_ORDER },
    [UNROLL] = { PRODUCT, TILED_UNROLL },
    [BLOCK] = { SUMS, AGG_BLOCK },
    [PREFETCH_ROWS] = { SUMS, AGG_PREFETCH_ROWS },
    [PREFETCH_BLOCKS] = { SUMS, AGG_PREFETCH_BLOCKS },
    [COEFF_SHUFFLES] = { SUMS, AGG_COEFF_SHUFFLES },
    [JAM] = { SUMS, AGG_JAM },
};

/* The knobs of both halves. */
typedef struct Halves {
    int k[2][MAX_KNOBS];
} Halves;

/* What no knob of this lowering says stays at the tiled guess, or is 0: all channels at once, a task's tile. */
static Halves split(const dcn_spec *c, const dcn_target *t, const int *k)
{
    Halves h = { { { 0 } } };
    tiled_guess_for_source(c, t, h.k[PRODUCT]);
    h.k[PRODUCT][TILED_KC_CHANNELS] = h.k[PRODUCT][TILED_KC_TAPS] = 0;
    for (int i = 0; i < NKNOBS; i++)
        h.k[halves[i].half][halves[i].knob] = k[i];
    return h;
}

static Plan plan_of(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const dcn_spec c = pointwise(s);
    const Halves h = split(&c, t, k);
    Plan p;
    p.product = tiled_plan(&c, t, h.k[PRODUCT]);
    p.product.s = p.product.repack.s = s;
    p.sums = aggregate_stage(s, t, h.k[SUMS], p.product.scratch.column_stride);
    p.sums.th = k[TILE_H];
    p.sums.tw = k[TILE_W];
    p.product.scratch.a_source = p.product.scratch.bytes;
    p.product.scratch.bytes += p.sums.thread_bytes;
    return p;
}

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    if (!s->projection)
        return "there is no projection";
    const dcn_spec c = pointwise(s);
    const Halves h = split(&c, t, k);
    const char *no = tiled_refuse(&c, t, h.k[PRODUCT]);
    return no ? no : aggregate_refuse(s, t, h.k[SUMS]);
}

static void guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    const dcn_spec c = pointwise(s);
    Halves h;
    tiled_guess_for_source(&c, t, h.k[PRODUCT]);
    aggregate_guess(s, t, h.k[SUMS]);
    for (int i = 0; i < NKNOBS; i++)
        k[i] = h.k[halves[i].half][halves[i].knob];
    k[PREFETCH_BLOCKS] = k[PREFETCH_BLOCKS] != 0;
}

static double cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads)
{
    const dcn_spec c = pointwise(s);
    const Halves h = split(&c, t, k);
    Plan p = plan_of(s, t, k);
    double pixels = c.height > 0 && c.width > 0 ? (double)(c.height * c.width) : 128 * 128;
    double images = c.batch > 0 ? (double)c.batch : 1;
    double sums = aggregate_tile_cost(&p.sums, images * pixels) / threads;
    return tiled_cost(&c, t, h.k[PRODUCT], threads) + sums;
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    Plan p = plan_of(s, t, k);
    const TiledPlan *product = &p.product;
    const TiledShape *tile = &product->tile;
    int64_t sums = (int64_t)tile->pixels * product->scratch.column_stride * product->fp_bytes;
    snprintf(buf, size,
             "registers: %d sums, %d weights, 1 broadcast, of %d\n"
             "tile: %d x %d pixels x %lld channels = %lld KiB (L2 %lld KiB)\n"
             "block: %d pixels x %d groups = %d points\n"
             "weights: %lld KiB packed\n"
             "workspace: %lld KiB per thread\n",
             tile->mr * tile->nv, tile->nv, t->registers, tile->th, tile->tw,
             (long long)s->in_channels, (long long)sums / 1024, (long long)t->l2_bytes / 1024,
             p.sums.pixels, p.sums.parts, p.sums.per_block,
             (long long)product->packed_elements * product->fp_bytes / 1024,
             (long long)product->scratch.bytes / 1024);
}

static LLVMValueRef emit_sums(Emit *e, const void *self)
{
    return aggregate_emit_tile(e, self);
}

static void call_sums(Emit *e, LLVMValueRef fn, const TiledSourceArgs *in)
{
    e_call_fn(e, fn, 9,
              (LLVMValueRef[]){ in->args.v, in->scratch.v, in->column.v, in->row_stride.v, in->n.v,
                                in->p0.v, in->q0.v, in->rows.v, in->cols.v });
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    Plan p = plan_of(kernel->s, t, k);
    const TiledSource sums = { .emit = emit_sums, .call = call_sums, .self = &p.sums };
    tiled_emit_kernel(e, kernel, &p.product, &sums);
}

const struct Lowering lower_project = {
    .name = "project",
    .summary = "sums of samples of a tile in cache, then a register-tiled product",
    .rev = 5,
    .ops = RT_OP(DCNV3) | RT_OP(DCNV4),
    .knobs = knobs,
    .nknobs = NKNOBS,
    .refuse = refuse,
    .guess = guess,
    .cost = cost,
    .explain = explain,
    .emit = emit,
};
