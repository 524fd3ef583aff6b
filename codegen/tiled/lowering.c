/* lowering.c: tiles of output pixels through a column tile that stays in cache.
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
#include "codegen/kernel/entry.h"
#include "codegen/tiled/tiled.h"

#include <stdio.h>

const Knob tiled_knobs[TILED_NKNOBS] = {
    [TILED_MR] = { "mr", "pixels of the register tile", 10, { 1, 2, 4, 6, 7, 8, 9, 12, 14, 28 } },
    [TILED_NV] = { "nv", "vectors of output channels of the register tile", 4, { 1, 2, 3, 4 } },
    [TILED_TILE_H] = { "tile_h",
                       "rows of a tile of output pixels",
                       9,
                       { 1, 2, 4, 6, 7, 8, 12, 14, 16 } },
    [TILED_TILE_W] = { "tile_w",
                       "columns of a tile",
                       11,
                       { 4, 6, 8, 12, 14, 16, 20, 24, 32, 48, 64 } },
    [TILED_KC_CHANNELS] = { "kc_channels",
                            "input channels per column, of one weight group or several; 0: one "
                            "group",
                            6,
                            { 16, 32, 64, 128, 256, 0 } },
    [TILED_KC_TAPS] = { "kc_taps", "taps per column, 0: all", 7, { 1, 3, 5, 7, 9, 25, 0 } },
    [TILED_LOOP_ORDER] = { "loop_order",
                           "0: pixels outside, 1: output channels outside",
                           2,
                           { 0, 1 } },
    [TILED_UNROLL] = { "unroll", "steps of the product's loop in one body", 3, { 1, 2, 4 } },
    [TILED_GROUP_PACK] = { "group_pack",
                           "1: narrow weight groups side by side in one vector",
                           2,
                           { 0, 1 } },
    [TILED_REPACK] = { "repack",
                       "1: copy the input so that the channels of an offset group lie together",
                       2,
                       { 0, 1 } },
    [TILED_TAP_LANES] = { "tap_lanes",
                          "lanes of the pass over the offsets: 0 pixels of a row, 1 taps of a "
                          "pixel",
                          2,
                          { 0, 1 } },
    [TILED_OFFSET_CHUNK] = { "offset_chunk",
                             "pixels per pass over the offsets; 0: a whole tile",
                             5,
                             { 0, 1, 2, 4, 8 } },
    [TILED_PREFETCH] = { "prefetch",
                         "pixels around a tile's part of the input to fetch ahead; -1: fetch "
                         "nothing",
                         6,
                         { -1, 0, 2, 4, 6, 8 } },
    [TILED_GRAIN] = { "grain", "tiles per task, which one thread computes", 4, { 1, 2, 4, 8 } },
    [TILED_IMPLICIT_GEMM] = { "implicit_gemm",
                              "1: without offsets, register tiles inside the map are read from it, "
                              "not "
                              "from a column",
                              2,
                              { 0, 1 } },
};

/* A tile's workspace beyond this is not a tile. */
#define MAX_THREAD_BYTES ((int64_t)32 << 20)

/* ---- legality -------------------------------------------------------------------------------- */

static int splits_offset_group(const TiledPlan *p)
{
    int a = p->channel_block, b = p->offset_group;
    return p->s->offset_groups > 1 && p->channel_block < p->in_group && a % b && b % a;
}

static const char *refuse_pack(const TiledPlan *p, int pack)
{
    if (pack && p->pack == 1)
        return "no two weight groups fill a vector evenly: use group_pack=0";
    return NULL;
}

static const char *refuse_column(const dcn_spec *s, const TiledPlan *p, const int *k)
{
    int cb = k[TILED_KC_CHANNELS];
    if (cb && cb == p->in_group)
        return "the channel block is a whole weight group: use kc_channels=0";
    if (cb > p->in_group && (s->groups == 1 || p->group_block * p->in_group * 2 <= cb))
        return "the channel block is larger than the weight groups it could hold";
    if (k[TILED_KC_TAPS] >= p->taps)
        return "the tap block is not smaller than the kernel: use kc_taps=0";
    int run = tiled_run(p, p->in_group * p->group_block);
    if (p->group_block > 1 && run % p->in_group && p->in_group % run)
        return "the weight groups of a column would cross offset groups";
    if (splits_offset_group(p))
        return "the channel block splits an offset group";
    return NULL;
}

static const char *refuse_view(const dcn_spec *s, const TiledPlan *p, int view)
{
    if (!view)
        return NULL;
    if (s->offset_groups == 1)
        return "there is one offset group: use repack=0";
    if (p->repack.block < p->lanes ? p->lanes % p->repack.block : p->repack.block % p->lanes)
        return "the channels of an offset group do not fill vectors evenly: use repack=0";
    return NULL;
}

static const char *refuse_strip(const TiledPlan *p, int strip)
{
    if (!strip)
        return NULL;
    if (!p->by_taps)
        return "lanes of the pass over the offsets run along pixels: use offset_chunk=0";
    if (strip > p->tw)
        return "a strip is wider than a tile";
    if (p->channel_block < p->in_group || p->group_block < p->groups || p->tap_block < p->taps)
        return "several columns share a pass over the offsets: use offset_chunk=0";
    return NULL;
}

static const char *refuse_coords(const dcn_spec *s, int coords)
{
    if (coords && !tiled_can_by_taps(s))
        return "lanes cannot run along the taps: use tap_lanes=0";
    return NULL;
}

static const char *refuse_implicit(const dcn_spec *s, const TiledPlan *p)
{
    if (!p->implicit)
        return NULL;
    if (problem_is_deformed(s))
        return "samples at offsets are not in the map: use implicit_gemm=0";
    if (p->tap_block < p->taps || p->group_block > 1 || p->pack > 1)
        return "the map has all taps, and one weight group at a time: use implicit_gemm=0";
    return NULL;
}

/* Half as many tiles per task already cover the map. */
static int idle_grain(const dcn_spec *s, const TiledPlan *p)
{
    if (p->grain == 1 || s->height < 0 || s->width < 0)
        return 0;
    int64_t rows = (dcn_out_height(s, s->height) + p->th - 1) / p->th;
    int64_t cols = (dcn_out_width(s, s->width) + p->tw - 1) / p->tw;
    return rows * cols <= p->grain / 2;
}

const char *tiled_refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    TiledPlan p = tiled_plan(s, t, k);
    int64_t rows = s->height > 0 ? dcn_out_height(s, s->height) : 0;
    int64_t cols = s->width > 0 ? dcn_out_width(s, s->width) : 0;
    if (p.mr * p.nv + p.nv + 1 > t->registers)
        return "the register tile does not fit the registers";
    if (p.nv > 1 && p.nr - p.lanes >= p.out_group)
        return "the register tile is wider than the output channels of a weight group";
    const char *no = refuse_pack(&p, k[TILED_GROUP_PACK]);
    if (!no)
        no = refuse_column(s, &p, k);
    if (!no)
        no = refuse_view(s, &p, k[TILED_REPACK]);
    if (!no)
        no = refuse_coords(s, k[TILED_TAP_LANES]);
    if (!no)
        no = refuse_strip(&p, k[TILED_OFFSET_CHUNK]);
    if (!no)
        no = refuse_implicit(s, &p);
    if (no)
        return no;
    if (kernel_is_redundant_choice(&tiled_knobs[TILED_TILE_H], p.th, rows) ||
        kernel_is_redundant_choice(&tiled_knobs[TILED_TILE_W], p.tw, cols))
        return "the tile is larger than the map";
    if (idle_grain(s, &p))
        return "a task has as many tiles as the map: use a smaller grain";
    if (p.thread_bytes > MAX_THREAD_BYTES)
        return "the workspace of a tile would exceed 32 MiB";
    return NULL;
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    TiledPlan p = tiled_plan(s, t, k);
    int64_t depth = (int64_t)p.channel_block * p.tap_block;
    snprintf(buf, size,
             "registers: %d sums, %d weights, 1 broadcast, of %d\n"
             "column tile%s: %d pixels x %lld deep = %lld KiB (L2 %lld KiB)\n"
             "panel of the column: %lld KiB, block of weights: %lld KiB (L1 %lld KiB)\n"
             "weights: %lld KiB packed, read once per tile of %d x %d pixels\n"
             "workspace: %lld KiB per thread%s\n",
             p.mr * p.nv, p.nv, t->registers,
             p.implicit ? ", of which only what needs the map's border is filled" : "", p.pixels,
             (long long)depth, (long long)p.pixels * p.column_stride * p.fp_bytes / 1024,
             (long long)t->l2_bytes / 1024, (long long)p.mr * p.column_stride * p.fp_bytes / 1024,
             (long long)depth * p.nr * p.fp_bytes / 1024, (long long)t->l1_bytes / 1024,
             (long long)p.packed_elements * p.fp_bytes / 1024, p.th, p.tw,
             (long long)p.thread_bytes / 1024,
             tiled_repacks(&p) ? ", and one copy of the input" : "");
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    TiledPlan p = tiled_plan(kernel->s, t, k);
    tiled_emit_plan(e, kernel, &p, NULL, NULL);
}

const struct Lowering lower_tiled = {
    .name = "tiled",
    .summary = "tiles of pixels, a sampled column tile in cache, register-tiled product",
    .rev = 11,
    .ops = 1u << DCN_OP_CONV2D | 1u << DCN_OP_DEFORM_CONV2D,
    .knobs = tiled_knobs,
    .nknobs = TILED_NKNOBS,
    .refuse = tiled_refuse,
    .guess = tiled_guess,
    .cost = tiled_cost,
    .explain = explain,
    .emit = emit,
};
