/* project.c: DCNv3 and DCNv4 with a projection: sums of samples that never leave the cache.
**
**     for each tile of th x tw pixels:                                               a task
**         aggregate      the bare sums of every pixel, side by side, in L2
**         for each block of nr outputs, panel of mr pixels  (or the other way round):
**             product    in registers, against weights packed once
**
** The first is the tile of the aggregate lowering, the second the product of the tiled one, for
** which a tile of sums is the column of a pointwise convolution.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/balance.h"
#include "codegen/kernel/cost.h"
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
    OC_SPLIT,
    NKNOBS
};
_Static_assert((int)NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");

/* Tiles are narrower than the map: there is only the block below. */
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
    [PREFETCH_BLOCKS] = &prefetch_blocks,
    [COEFF_SHUFFLES] = &aggregate_knobs[AGG_COEFF_SHUFFLES],
    [JAM] = &aggregate_knobs[AGG_JAM],
    [OC_SPLIT] = &tiled_knobs[TILED_OC_SPLIT],
};

/* Which knob of which half each knob is. */
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
    [OC_SPLIT] = { PRODUCT, TILED_OC_SPLIT },
};

/* ---- both halves --------------------------------------------------------------------------- */

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

/* The knobs of both halves. */
typedef struct ProjectKnobs {
    int k[2][MAX_KNOBS];
} ProjectKnobs;

/* What no knob of this lowering says stays at the tiled guess, or is 0: all channels at once, a
** task's tile, no weights ahead, since those of a projection are few. */
static ProjectKnobs split(const dcn_spec *c, const dcn_target *t, const int *k)
{
    ProjectKnobs both = { { { 0 } } };
    tiled_guess_for_source(c, t, both.k[PRODUCT]);
    both.k[PRODUCT][TILED_KC_CHANNELS] = both.k[PRODUCT][TILED_KC_TAPS] = 0;
    both.k[PRODUCT][TILED_WEIGHTS_AHEAD] = 0;
    for (int i = 0; i < NKNOBS; i++)
        both.k[halves[i].half][halves[i].knob] = k[i];
    return both;
}

typedef struct ProjectPlan {
    AggregatePlan sums;
    TiledPlan product;
} ProjectPlan;

static ProjectPlan plan_of(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const dcn_spec c = pointwise(s);
    const ProjectKnobs both = split(&c, t, k);
    ProjectPlan p;
    p.product = tiled_plan(&c, t, both.k[PRODUCT]);
    p.product.s = p.product.repack.s = s;
    p.product.tile.one_row = false; /* sums are made of a rectangle of the map */
    p.sums = aggregate_plan_sums(s, t, both.k[SUMS], p.product.scratch.column_stride);
    p.sums.tile_h = k[TILE_H];
    p.sums.tile_w = k[TILE_W];
    p.product.scratch.a_source = p.product.scratch.bytes;
    p.product.scratch.bytes += p.sums.scratch.bytes;
    return p;
}

/* ---- choices ------------------------------------------------------------------------------- */

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    if (!s->projection)
        return "there is no projection";
    const dcn_spec c = pointwise(s);
    const ProjectKnobs both = split(&c, t, k);
    const char *no = tiled_refuse(&c, t, both.k[PRODUCT]);
    return no ? no : aggregate_refuse(s, t, both.k[SUMS]);
}

/* The tiles of the product, each with its sums before it: of all channels, also where the outputs
** of a tile are shared by several tasks. */
static int phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES])
{
    const dcn_spec c = pointwise(s);
    const ProjectKnobs both = split(&c, t, k);
    ProjectPlan p = plan_of(s, t, k);
    double pixels = cost_images(&c) * (double)cost_out_rows(&c) * (double)cost_out_cols(&c);
    int n = tiled_phases(&c, t, both.k[PRODUCT], out);
    PhaseCost *tiles = &out[n - 1];
    double sums = aggregate_tile_cost(&p.sums, t, pixels) * k[OC_SPLIT] / tiles->tasks;
    double longer = 1 + sums / tiles->ns;
    tiles->ns *= longer;
    for (int i = 0; i < tiles->nkinds; i++)
        tiles->kind[i].ns *= longer;
    return n;
}

/* Smaller tiles, and tasks that share one, where the account says that so many threads gain from it
** (tiled/guess_threads.c).  A task that shares a tile makes all of its sums again. */
static void spread(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *h = knobs[TILE_H], *w = knobs[TILE_W], *oc = knobs[OC_SPLIT];
    const int most = k[TILE_H] * k[TILE_W];
    int best[NKNOBS], at[NKNOBS];
    if (refuse(s, t, k))
        return;
    double limit = balance_call_ns(phases, s, t, threads, k) * COST_WORTH_IT;
    memcpy(best, k, sizeof best);
    memcpy(at, k, sizeof at);
    for (int i = 0; i < h->nchoices * w->nchoices * oc->nchoices; i++) {
        at[TILE_H] = h->choice[i % h->nchoices];
        at[TILE_W] = w->choice[i / h->nchoices % w->nchoices];
        at[OC_SPLIT] = oc->choice[i / h->nchoices / w->nchoices];
        if (at[TILE_H] * at[TILE_W] > most || refuse(s, t, at))
            continue;
        double ns = balance_call_ns(phases, s, t, threads, at);
        if (ns >= limit)
            continue;
        limit = ns;
        memcpy(best, at, sizeof best);
    }
    memcpy(k, best, sizeof best);
}

static void guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const dcn_spec c = pointwise(s);
    ProjectKnobs both;
    tiled_guess_for_source(&c, t, both.k[PRODUCT]);
    aggregate_guess_sums(s, t, both.k[SUMS]);
    for (int i = 0; i < NKNOBS; i++)
        k[i] = both.k[halves[i].half][halves[i].knob];
    k[PREFETCH_BLOCKS] = k[PREFETCH_BLOCKS] != 0;
    if (threads > KERNEL_FEW_THREADS)
        spread(s, t, threads, k);
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    ProjectPlan p = plan_of(s, t, k);
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
             p.sums.block.pixels, p.sums.block.groups, p.sums.block.points,
             (long long)product->packed_elements * product->fp_bytes / 1024,
             (long long)product->scratch.bytes / 1024);
}

/* ---- kernels ------------------------------------------------------------------------------- */

static LLVMValueRef emit_sums(Emit *e, const void *self)
{
    return aggregate_emit_tile(e, self);
}

/* The column of the product is where the sums go. */
static void call_sums(Emit *e, LLVMValueRef fn, const TiledSourceArgs *in)
{
    const AggregateTileArgs tile = { .args = in->args,
                                     .scratch = in->scratch,
                                     .to = in->column,
                                     .row_stride = in->row_stride,
                                     .n = in->n,
                                     .p0 = in->p0,
                                     .q0 = in->q0,
                                     .rows = in->rows,
                                     .cols = in->cols };
    aggregate_call_tile(e, fn, &tile);
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    ProjectPlan p = plan_of(kernel->s, t, k);
    const TiledSource sums = { emit_sums, call_sums, &p.sums };
    tiled_emit_kernel(e, kernel, &p.product, &sums);
}

const struct Lowering lower_project = {
    .name = "project",
    .summary = "sums of samples of a tile in cache, then a register-tiled product",
    .rev = 8,
    .ops = RT_OP(DCNV3) | RT_OP(DCNV4),
    .knobs = knobs,
    .nknobs = NKNOBS,
    .refuse = refuse,
    .guess = guess,
    .phases = phases,
    .explain = explain,
    .emit = emit,
};
