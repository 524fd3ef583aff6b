/* lower_tiled.c: tiles of output pixels through a column tile that stays in cache.
**
**     for each tile of th x tw output pixels:                                    a task
**         places                                        every tap of every pixel
**         for each weight group, channel block, tap block:
**             column                                    sampled, in L1 or L2
**             for each block of nr outputs, panel of mr pixels  (or the other way round):
**                 product                               in registers
**
** Workspace is one tile per thread; nchw inputs are copied to nhwc once per call in a phase of their own.
** The knobs follow from what moves these kernels: the register tile, the pixels that share one pass over
** the weights, and the depth of a column.
** SPDX-License-Identifier: Apache-2.0
*/
#include "lower.h"
#include "lowering.h"
#include "tiled.h"

#include <stdio.h>

static const Knob knobs[TILED_NKNOBS] = {
    [TILED_MR] = { "mr",
                   "pixels of the register tile",
                   12,
                   { 1, 2, 4, 5, 6, 7, 8, 9, 10, 12, 14, 28 } },
    [TILED_NV] = { "nv", "vectors of output channels of the register tile", 5, { 1, 2, 3, 4, 6 } },
    [TILED_TH] = { "th", "rows of a tile of output pixels", 9, { 1, 2, 4, 6, 7, 8, 12, 14, 16 } },
    [TILED_TW] = { "tw", "columns of a tile", 11, { 4, 6, 8, 12, 14, 16, 20, 24, 32, 48, 64 } },
    [TILED_CB] = { "cb",
                   "input channels per column, 0: all of the weight group",
                   6,
                   { 16, 32, 64, 128, 256, 0 } },
    [TILED_TAPS] = { "taps", "taps per column, 0: all", 7, { 1, 3, 5, 7, 9, 25, 0 } },
    [TILED_ORDER] = { "order", "0: pixels outside, 1: output channels outside", 2, { 0, 1 } },
    [TILED_UNROLL] = { "unroll", "steps of the product's loop in one body", 3, { 1, 2, 4 } },
};

/* A tile's workspace beyond this is not a tile. */
#define MAX_THREAD_BYTES ((int64_t)32 << 20)

/* ---- legality -------------------------------------------------------------------------------- */

static int splits_offset_group(const TiledPlan *p)
{
    int a = p->channel_block, b = p->offset_group;
    return problem_is_deformed(p->s) && p->s->offset_groups > 1 && p->channel_block < p->in_group &&
           a % b && b % a;
}

/* A choice of tile size is idle when the one before it already covers the map. */
static int idle(const Knob *q, int value, int64_t size)
{
    int before = 0;
    for (int i = 0; i < q->nchoices; i++)
        if (q->choice[i] < value && q->choice[i] > before)
            before = q->choice[i];
    return size > 0 && before >= size;
}

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    TiledPlan p = tiled_plan(s, t, k);
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : 0;
    int64_t cols = s->width > 0 ? dcn_out_width(s, s->width) : 0;
    if (p.mr * p.nv + p.nv + 1 > t->registers)
        return "the register tile does not fit the registers";
    if (p.nv > 1 && p.nr - p.lanes >= p.out_group)
        return "the register tile is wider than the output channels of a weight group";
    if (k[TILED_CB] >= p.in_group)
        return "the channel block is not smaller than a weight group: use cb=0";
    if (k[TILED_TAPS] >= p.taps)
        return "the tap block is not smaller than the kernel: use taps=0";
    if (splits_offset_group(&p))
        return "the channel block splits an offset group";
    if (idle(&knobs[TILED_TH], p.th, rows) || idle(&knobs[TILED_TW], p.tw, cols))
        return "the tile is larger than the map";
    if (p.thread_bytes > MAX_THREAD_BYTES)
        return "the workspace of a tile would exceed 32 MiB";
    return NULL;
}

/* ---- the guess --------------------------------------------------------------------------------- */

/* Widest register tile of few vectors first: it reads the fewest operands per multiply-add. */
static void guess_register_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    static const int wide[][2] = { { 6, 4 }, { 8, 3 }, { 14, 2 }, { 28, 1 } };
    static const int narrow[][2] = { { 6, 2 }, { 6, 2 }, { 6, 2 }, { 12, 1 } };
    const int(*tile)[2] = t->registers >= 32 ? wide : narrow;
    int lanes = t->vector_bytes / (int)dcn_dtype_bytes(s->dtype);
    int vectors = (int)((s->out_channels / s->groups + lanes - 1) / lanes);
    int best = 3, waste = vectors + 4;
    for (int i = 0; i < 4; i++) {
        int nv = tile[i][1], blocks = (vectors + nv - 1) / nv;
        int over = blocks * nv - vectors + (nv == 1 ? 1 : 0);
        if (nv <= vectors && over < waste) {
            best = i;
            waste = over;
        }
    }
    k[TILED_MR] = tile[best][0];
    k[TILED_NV] = tile[best][1];
}

/* Share of the register tiles' pixels that are real, over a map of rows x cols. */
static double used(int64_t rows, int64_t cols, int th, int tw, int mr)
{
    double work = 0;
    for (int64_t y = 0; y < rows; y += th)
        for (int64_t x = 0; x < cols; x += tw) {
            int64_t h = rows - y < th ? rows - y : th, w = cols - x < tw ? cols - x : tw;
            work += (double)((h * w + mr - 1) / mr * mr);
        }
    return (double)(rows * cols) / work;
}

/* Weights that do not stay in L2 are read again for every tile, so the tile is made larger. */
static int wanted_pixels(const dcn_spec *s, const dcn_target *t)
{
    double weights = (double)(s->in_channels / s->groups) * (double)(s->out_channels / s->groups) *
                     problem_taps(s) * (double)dcn_dtype_bytes(s->dtype);
    return weights > 2.0 * (double)t->l2_bytes   ? 224
           : weights > 0.5 * (double)t->l2_bytes ? 160
                                                 : 96;
}

static double tile_score(const dcn_spec *s, int th, int tw, int mr, int wanted, int lanes)
{
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : 64;
    int64_t cols = s->width > 0 ? dcn_out_width(s, s->width) : 64;
    double size = (double)th * tw / wanted, fit = size > 1 ? 1 / size : size;
    double whole = s->layout == DCN_NCHW && tw % lanes ? 0.03 : 0;
    double square = th > 2 * tw || tw > 6 * th ? 0.02 : 0;
    return used(rows, cols, th, tw, mr) + 0.06 * fit - whole - square;
}

static void guess_tile(const dcn_spec *s, const dcn_target *t, int *k)
{
    int lanes = t->vector_bytes / (int)dcn_dtype_bytes(s->dtype);
    double best = -1;
    for (int i = 0; i < knobs[TILED_TH].nchoices; i++)
        for (int j = 0; j < knobs[TILED_TW].nchoices; j++) {
            int th = knobs[TILED_TH].choice[i], tw = knobs[TILED_TW].choice[j];
            int try[TILED_NKNOBS];
            for (int n = 0; n < TILED_NKNOBS; n++)
                try[n] = k[n];
            try[TILED_TH] = th;
            try[TILED_TW] = tw;
            if (th * tw > 400 || refuse(s, t, try))
                continue;
            double score = tile_score(s, th, tw, k[TILED_MR], wanted_pixels(s, t), lanes);
            if (score > best) {
                best = score;
                k[TILED_TH] = th;
                k[TILED_TW] = tw;
            }
        }
}

/* As many channels as keep the column near 600 deep, all taps at once where they are few. */
static void guess_depth(const dcn_spec *s, int *k)
{
    int in = (int)(s->in_channels / s->groups), taps = problem_taps(s);
    k[TILED_TAPS] = 0;
    if (taps > 9)
        for (int i = 0; i < knobs[TILED_TAPS].nchoices; i++)
            if (knobs[TILED_TAPS].choice[i] > k[TILED_TAPS] && knobs[TILED_TAPS].choice[i] <= 9)
                k[TILED_TAPS] = knobs[TILED_TAPS].choice[i];
    int block = k[TILED_TAPS] ? k[TILED_TAPS] : taps;
    k[TILED_CB] = 0;
    for (int i = 0; i < knobs[TILED_CB].nchoices; i++) {
        int cb = knobs[TILED_CB].choice[i];
        if (cb && cb < in && cb * block <= 640 && cb > k[TILED_CB])
            k[TILED_CB] = cb;
    }
    if (k[TILED_CB] == 0 && in > 16 && in * block > 640)
        k[TILED_CB] = 16;
    if (in * block <= 640)
        k[TILED_CB] = 0;
}

static void guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    guess_register_tile(s, t, k);
    guess_depth(s, k);
    k[TILED_ORDER] = 0;
    k[TILED_UNROLL] = 2;
    k[TILED_TH] = 1;
    k[TILED_TW] = 4;
    int cb = k[TILED_CB];
    if (refuse(s, t, k))
        k[TILED_CB] = 0; /* the block would split an offset group */
    if (refuse(s, t, k))
        k[TILED_CB] = cb;
    guess_tile(s, t, k);
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    TiledPlan p = tiled_plan(s, t, k);
    int64_t depth = (int64_t)p.channel_block * p.tap_block;
    snprintf(buf, size,
             "registers: %d sums, %d weights, 1 broadcast, of %d\n"
             "column tile: %d pixels x %lld deep = %lld KiB (L2 %lld KiB)\n"
             "panel of the column: %lld KiB, block of weights: %lld KiB (L1 %lld KiB)\n"
             "weights: %lld KiB packed, read once per tile of %d x %d pixels\n"
             "workspace: %lld KiB per thread%s\n",
             p.mr * p.nv, p.nv, t->registers, p.pixels, (long long)depth,
             (long long)p.pixels * p.column_stride * p.fp_bytes / 1024,
             (long long)t->l2_bytes / 1024, (long long)p.mr * p.column_stride * p.fp_bytes / 1024,
             (long long)depth * p.nr * p.fp_bytes / 1024, (long long)t->l1_bytes / 1024,
             (long long)p.packed_elements * p.fp_bytes / 1024, p.th, p.tw,
             (long long)p.thread_bytes / 1024,
             tiled_repacks(s) ? ", and one nhwc copy of the input" : "");
}

const struct Lowering lower_tiled = {
    .name = "tiled",
    .summary = "tiles of pixels, a sampled column tile in cache, register-tiled product",
    .rev = 1,
    .knobs = knobs,
    .nknobs = TILED_NKNOBS,
    .refuse = refuse,
    .guess = guess,
    .explain = explain,
    .emit = tiled_emit,
};
