/* knobs.c: the choices of the tiled lowering, and why a combination of them is refused.
**
** The knobs follow from what moves these kernels: the register tile, the pixels that share one
** pass over the weights, and the depth of a column.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tiled.h"

const Knob tiled_knobs[TILED_NKNOBS] = {
    [TILED_MR] = { .name = "mr",
                   .meaning = "pixels of the register tile",
                   .guess = 6,
                   CHOICES(1, 2, 4, 6, 7, 8, 9, 12, 14, 28) },
    [TILED_NV] = { .name = "nv",
                   .meaning = "vectors of output channels of the register tile",
                   .guess = 1,
                   CHOICES(1, 2, 3, 4) },
    [TILED_TILE_H] = { .name = "tile_h",
                       .meaning = "rows of a tile of output pixels",
                       .guess = 1,
                       CHOICES(1, 2, 4, 6, 7, 8, 12, 14, 16) },
    [TILED_TILE_W] = { .name = "tile_w",
                       .meaning = "columns of a tile",
                       .guess = 4,
                       CHOICES(4, 6, 8, 12, 14, 16, 20, 24, 32, 48, 64) },
    [TILED_KC_CHANNELS] = { .name = "kc_channels",
                            .meaning = "input channels per column, of one weight group or several; "
                                       "0: one group",
                            .guess = 0,
                            CHOICES(16, 32, 64, 128, 256, 0) },
    [TILED_KC_TAPS] = { .name = "kc_taps",
                        .meaning = "taps per column, 0: all",
                        .guess = 0,
                        CHOICES(1, 3, 5, 7, 9, 25, 0) },
    [TILED_LOOP_ORDER] = { .name = "loop_order",
                           .meaning = "0: pixels outside, 1: output channels outside",
                           .guess = 0,
                           CHOICES(0, 1) },
    [TILED_UNROLL] = { .name = "unroll",
                       .meaning = "steps of the product's loop in one body",
                       .guess = 2,
                       CHOICES(1, 2, 4) },
    [TILED_GROUP_PACK] = { .name = "group_pack",
                           .meaning = "1: narrow weight groups side by side in one vector",
                           .guess = 0,
                           CHOICES(0, 1) },
    [TILED_REPACK] = { .name = "repack",
                       .meaning =
                           "1: copy the input so that the channels of an offset group lie together",
                       .guess = 0,
                       CHOICES(0, 1) },
    [TILED_TAP_LANES] = { .name = "tap_lanes",
                          .meaning = "lanes of the pass over the offsets: 0 pixels of a row, 1 "
                                     "taps of a pixel",
                          .guess = 0,
                          CHOICES(0, 1) },
    [TILED_OFFSET_CHUNK] = { .name = "offset_chunk",
                             .meaning = "pixels per pass over the offsets; 0: a whole tile",
                             .guess = 0,
                             CHOICES(0, 1, 2, 4, 8) },
    [TILED_PREFETCH] = { .name = "prefetch",
                         .meaning = "pixels around a tile's part of the input to fetch ahead; -1: "
                                    "fetch nothing",
                         .guess = -1,
                         CHOICES(-1, 0, 2, 4, 6, 8) },
    [TILED_GRAIN] = { .name = "grain",
                      .meaning = "tiles per task, which one thread computes",
                      .guess = 1,
                      CHOICES(1, 2, 4, 8) },
    [TILED_IMPLICIT_GEMM] = { .name = "implicit_gemm",
                              .meaning = "1: without offsets, register tiles inside the map are "
                                         "read from it, not from a column",
                              .guess = 0,
                              CHOICES(0, 1) },
    [TILED_OC_SPLIT] = { .name = "oc_split",
                         .meaning = "tasks that share the output channels of a tile",
                         .guess = 1,
                         .for_threads = true,
                         CHOICES(1, 2, 4, 8, 16, 32) },
    [TILED_IC_SPLIT] = { .name = "ic_split",
                         .meaning = "tasks that share the input channels of a tile; a last phase "
                                    "adds up their sums",
                         .guess = 1,
                         .for_threads = true,
                         CHOICES(1, 2, 4, 8, 16, 32) },
    [TILED_WEIGHTS_AHEAD] = { .name = "weights_ahead",
                              .meaning = "1: the pixels of a tile that go through one block of "
                                         "weights ask for the next one",
                              .guess = 0,
                              CHOICES(0, 1) },
};

/* ---- legality ---------------------------------------------------------------------------- */

static bool exceeds_registers(const TiledChoice *c)
{
    return c->p.tile.mr * c->p.tile.nv + c->p.tile.nv + 1 > c->t->registers;
}

static bool exceeds_outputs(const TiledChoice *c)
{
    return c->p.tile.nv > 1 && c->p.tile.nr - c->p.lanes >= c->p.groups.out_channels;
}

static bool packs_nothing(const TiledChoice *c)
{
    return c->k[TILED_GROUP_PACK] && c->p.groups.pack == 1;
}

static bool is_whole_group(const TiledChoice *c)
{
    return c->k[TILED_KC_CHANNELS] && c->k[TILED_KC_CHANNELS] == c->p.groups.in_channels;
}

/* A smaller choice holds as many whole groups. */
static bool exceeds_groups(const TiledChoice *c)
{
    int channels = c->k[TILED_KC_CHANNELS];
    return channels > c->p.groups.in_channels &&
           (c->s->groups == 1 || c->p.groups.group_block * c->p.groups.in_channels * 2 <= channels);
}

static bool exceeds_taps(const TiledChoice *c)
{
    return c->k[TILED_KC_TAPS] >= c->p.groups.taps;
}

static bool crosses_offset_groups(const TiledChoice *c)
{
    int run = tiled_span(&c->p, c->p.groups.in_channels * c->p.groups.group_block);
    return c->p.groups.group_block > 1 && run % c->p.groups.in_channels &&
           c->p.groups.in_channels % run;
}

static bool splits_offset_group(const TiledChoice *c)
{
    int a = c->p.groups.channel_block, b = c->p.groups.offset_channels;
    return c->s->offset_groups > 1 && a < c->p.groups.in_channels && a % b && b % a;
}

static bool repacks_one_group(const TiledChoice *c)
{
    return c->k[TILED_REPACK] && c->s->offset_groups == 1;
}

static bool repacks_ragged_groups(const TiledChoice *c)
{
    int block = c->p.repack.block, lanes = c->p.lanes;
    return c->k[TILED_REPACK] && (block < lanes ? lanes % block : block % lanes);
}

static bool lacks_tap_lanes(const TiledChoice *c)
{
    return c->k[TILED_TAP_LANES] && !emit_can_tap_lanes(c->s);
}

static bool chunks_pixel_lanes(const TiledChoice *c)
{
    return c->k[TILED_OFFSET_CHUNK] && !c->p.table.tap_lanes;
}

static bool chunk_exceeds_tile(const TiledChoice *c)
{
    return c->k[TILED_OFFSET_CHUNK] > c->p.tile.tw;
}

static bool chunks_several_columns(const TiledChoice *c)
{
    const TiledPlan *p = &c->p;
    return c->k[TILED_OFFSET_CHUNK] &&
           (p->groups.channel_block < p->groups.in_channels ||
            p->groups.group_block < p->groups.count || p->groups.tap_block < p->groups.taps);
}

static bool reads_map_at_offsets(const TiledChoice *c)
{
    return c->p.tile.implicit_gemm && problem_is_deformed(c->s);
}

static bool reads_map_in_parts(const TiledChoice *c)
{
    return c->p.tile.implicit_gemm && (c->p.groups.tap_block < c->p.groups.taps ||
                                       c->p.groups.group_block > 1 || c->p.groups.pack > 1);
}

static bool is_higher_than_map(const TiledChoice *c)
{
    int64_t rows = c->s->height > 0 ? dcn_out_height(c->s, c->s->height) : 0;
    return kernel_is_redundant_choice(&tiled_knobs[TILED_TILE_H], c->p.tile.th, rows);
}

static bool is_wider_than_map(const TiledChoice *c)
{
    int64_t cols = c->s->width > 0 ? dcn_out_width(c->s, c->s->width) : 0;
    return kernel_is_redundant_choice(&tiled_knobs[TILED_TILE_W], c->p.tile.tw, cols);
}

/* Half as many tiles per task already cover the map. */
static bool grain_exceeds_map(const TiledChoice *c)
{
    const dcn_spec *s = c->s;
    if (c->p.tile.grain == 1 || s->height < 0 || s->width < 0)
        return false;
    int64_t rows = int_ceil_div(dcn_out_height(s, s->height), c->p.tile.th);
    int64_t cols = int_ceil_div(dcn_out_width(s, s->width), c->p.tile.tw);
    return rows * cols <= c->p.tile.grain / 2;
}

/* One task more than there is work for, so that the last would have none. */
static bool has_idle_part(int parts, int64_t units)
{
    return parts > 1 && int_ceil_div(units, int_ceil_div(units, parts)) < parts;
}

static bool reads_weights_again(const TiledChoice *c)
{
    return c->k[TILED_WEIGHTS_AHEAD] && !c->p.tile.outputs_outer;
}

static bool lacks_outputs(const TiledChoice *c)
{
    const TiledGroups *g = &c->p.groups;
    return has_idle_part(c->k[TILED_OC_SPLIT],
                         g->count > 1 ? g->count / g->group_block : g->out_blocks);
}

static bool lacks_inputs(const TiledChoice *c)
{
    const TiledGroups *g = &c->p.groups;
    return has_idle_part(c->k[TILED_IC_SPLIT], int_ceil_div(g->in_channels, g->channel_block));
}

static bool splits_several_tiles(const TiledChoice *c)
{
    return c->p.tile.grain > 1 && tiled_parts(&c->p) > 1;
}

/* Partial sums of a whole map beyond this are read from memory longer than they were computed. */
#define MAX_PARTIAL_BYTES ((int64_t)64 << 20)

static bool exceeds_partial_sums(const TiledChoice *c)
{
    const dcn_spec *s = c->s;
    if (s->height < 0 || s->width < 0)
        return false;
    int64_t images = s->batch > 0 ? s->batch : 1;
    int64_t pixels = images * dcn_out_height(s, s->height) * dcn_out_width(s, s->width);
    return tiled_partial_elements(&c->p, pixels) > MAX_PARTIAL_BYTES / c->p.fp_bytes;
}

static bool exceeds_workspace(const TiledChoice *c)
{
    return c->p.scratch.bytes > KERNEL_MAX_THREAD_BYTES;
}

const TiledRefusal tiled_refusals[] = {
    { TILED_MR, "the register tile does not fit the registers", exceeds_registers },
    { TILED_NV, "the register tile is wider than the output channels of a weight group",
      exceeds_outputs },
    { TILED_GROUP_PACK, "no two weight groups fill a vector evenly: use group_pack=0",
      packs_nothing },
    { TILED_KC_CHANNELS, "the channel block is a whole weight group: use kc_channels=0",
      is_whole_group },
    { TILED_KC_CHANNELS, "the channel block is larger than the weight groups it could hold",
      exceeds_groups },
    { TILED_KC_TAPS, "the tap block is not smaller than the kernel: use kc_taps=0", exceeds_taps },
    { TILED_KC_CHANNELS, "the weight groups of a column would cross offset groups",
      crosses_offset_groups },
    { TILED_KC_CHANNELS, "the channel block splits an offset group", splits_offset_group },
    { TILED_REPACK, "there is one offset group: use repack=0", repacks_one_group },
    { TILED_REPACK, "the channels of an offset group do not fill vectors evenly: use repack=0",
      repacks_ragged_groups },
    { TILED_TAP_LANES, "lanes cannot run along the taps: use tap_lanes=0", lacks_tap_lanes },
    { TILED_OFFSET_CHUNK, "lanes of the pass over the offsets run along pixels: use offset_chunk=0",
      chunks_pixel_lanes },
    { TILED_OFFSET_CHUNK, "the offset chunk is wider than the tile", chunk_exceeds_tile },
    { TILED_OFFSET_CHUNK, "several columns share a pass over the offsets: use offset_chunk=0",
      chunks_several_columns },
    { TILED_IMPLICIT_GEMM, "samples at offsets are not in the map: use implicit_gemm=0",
      reads_map_at_offsets },
    { TILED_IMPLICIT_GEMM,
      "the map has all taps, and one weight group at a time: use implicit_gemm=0",
      reads_map_in_parts },
    { TILED_TILE_H, "the tile is higher than the map", is_higher_than_map },
    { TILED_TILE_W, "the tile is wider than the map", is_wider_than_map },
    { TILED_GRAIN, "a task has as many tiles as the map: use a smaller grain", grain_exceeds_map },
    { TILED_WEIGHTS_AHEAD,
      "every panel of pixels goes through all blocks of weights: use weights_ahead=0",
      reads_weights_again },
    { TILED_OC_SPLIT, "there are fewer blocks of output channels, or weight groups, than parts",
      lacks_outputs },
    { TILED_IC_SPLIT, "there are fewer blocks of kc_channels input channels than parts",
      lacks_inputs },
    { TILED_GRAIN, "a task has a part of one tile: use grain=1", splits_several_tiles },
    { TILED_IC_SPLIT, "the partial sums would exceed 64 MiB", exceeds_partial_sums },
    { TILED_TILE_H, "the workspace of a tile would exceed 32 MiB", exceeds_workspace },
    { TILED_NKNOBS, NULL, NULL },
};

const char *tiled_refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const TiledChoice c = { s, t, k, tiled_plan(s, t, k) };
    for (const TiledRefusal *r = tiled_refusals; r->reason; r++)
        if (r->holds(&c))
            return r->reason;
    return NULL;
}
