/* knobs.c: the choices of the gradient lowering, and why a combination of them is refused.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"

const Knob gradient_knobs[GRADIENT_NKNOBS] = {
    [GRADIENT_MR] = { .name = "mr",
                      .meaning = "pixels, and outputs, of the register tiles",
                      .guess = 6,
                      CHOICES(1, 2, 4, 6, 8, 12) },
    [GRADIENT_NV] = { .name = "nv",
                      .meaning = "vectors of taps and channels of the register tiles",
                      .guess = 1,
                      CHOICES(1, 2, 3, 4) },
    [GRADIENT_TILE_H] = { .name = "tile_h",
                          .meaning = "rows of a tile of output pixels",
                          .guess = 1,
                          CHOICES(1, 2, 4, 8, 16) },
    [GRADIENT_TILE_W] = { .name = "tile_w",
                          .meaning = "columns of a tile",
                          .guess = 8,
                          CHOICES(4, 8, 12, 16, 24, 32, 64) },
    [GRADIENT_CHANNELS] = { .name = "channels",
                            .meaning = "input channels of a task, in one weight group",
                            .guess = 16,
                            CHOICES(4, 8, 16, 32, 64) },
    [GRADIENT_BANDS] = { .name = "bands",
                         .meaning = "parts of all tiles, with tasks and sums of their own",
                         .guess = 1,
                         CHOICES(1, 2, 4, 8) },
    [GRADIENT_GROUP_PACK] = { .name = "group_pack",
                              .meaning = "1: narrow weight groups side by side in a block",
                              .guess = 0,
                              CHOICES(0, 1) },
    [GRADIENT_TAP_LANES] = { .name = "tap_lanes",
                             .meaning = "1: vectors of places run along the taps of a pixel",
                             .guess = 0,
                             CHOICES(0, 1) },
    [GRADIENT_PREFETCH] = { .name = "prefetch",
                            .meaning =
                                "pixels around a tile's part of the maps to fetch ahead; -1: "
                                "fetch nothing",
                            .guess = -1,
                            CHOICES(-1, 0, 2, 4, 6, 8) },
    [GRADIENT_COMPACT] = { .name = "compact",
                           .meaning = "1: blocks work on copies of their channels of the maps",
                           .guess = 0,
                           CHOICES(0, 1) },
};

/* ---- legality ---------------------------------------------------------------------------- */

/* A schedule that is asked for. */
typedef struct GradientChoice {
    const dcn_spec *s;
    const dcn_target *t;
    const int *k;
    GradientPlan p;
} GradientChoice;

static bool exceeds_registers(const GradientChoice *c)
{
    return c->p.mr * c->p.nv + c->p.nv + 1 > c->t->registers;
}

static bool exceeds_columns(const GradientChoice *c)
{
    return c->p.nv > 1 && c->p.nr - c->p.lanes >= c->p.blocks.shape[1].columns &&
           (!c->p.blocks.shape[0].channels || c->p.nr - c->p.lanes >= c->p.blocks.shape[0].columns);
}

static bool exceeds_unit(const GradientChoice *c)
{
    int64_t shared = c->p.packs ? c->s->in_channels : c->p.blocks.in_channels;
    return kernel_is_redundant_choice(&gradient_knobs[GRADIENT_CHANNELS], c->k[GRADIENT_CHANNELS],
                                      shared);
}

static bool cannot_pack(const GradientChoice *c)
{
    return c->p.packs && !(c->p.want.samples && gradient_can_pack(&c->p));
}

/* Offsets of a pixel lie side by side in nhwc. */
static bool lacks_tap_lanes(const GradientChoice *c)
{
    return c->k[GRADIENT_TAP_LANES] &&
           !(c->p.want.samples && c->s->layout == DCN_NHWC && emit_can_tap_lanes(c->s));
}

static bool is_higher_than_map(const GradientChoice *c)
{
    int64_t rows = c->s->height > 0 ? dcn_out_height(c->s, c->s->height) : 0;
    return kernel_is_redundant_choice(&gradient_knobs[GRADIENT_TILE_H], c->p.th, rows);
}

static bool is_wider_than_map(const GradientChoice *c)
{
    int64_t cols = c->s->width > 0 ? dcn_out_width(c->s, c->s->width) : 0;
    return kernel_is_redundant_choice(&gradient_knobs[GRADIENT_TILE_W], c->p.tw, cols);
}

static bool bands_make_nothing(const GradientChoice *c)
{
    return c->p.bands > 1 && !c->p.want.samples;
}

static bool bands_exceed_tiles(const GradientChoice *c)
{
    const dcn_spec *s = c->s;
    if (c->p.bands == 1 || s->height < 0 || s->width < 0)
        return false;
    int64_t rows = int_ceil_div(dcn_out_height(s, s->height), c->p.th);
    int64_t cols = int_ceil_div(dcn_out_width(s, s->width), c->p.tw);
    return rows * cols * (s->batch > 0 ? s->batch : 1) < c->p.bands;
}

static bool fetches_nothing(const GradientChoice *c)
{
    return c->p.prefetch >= 0 && !c->p.want.samples;
}

static bool copies_anyway(const GradientChoice *c)
{
    return c->k[GRADIENT_COMPACT] && (c->p.transposes || !c->p.want.samples);
}

static bool exceeds_workspace(const GradientChoice *c)
{
    return c->p.scratch.bytes > KERNEL_MAX_THREAD_BYTES;
}

/* In the order in which they are looked for. */
static const struct {
    const char *reason;
    bool (*holds)(const GradientChoice *c);
} refusals[] = {
    { "the register tile does not fit the registers", exceeds_registers },
    { "the register tile is wider than the block's taps and channels", exceeds_columns },
    { "the block is larger than a weight group", exceeds_unit },
    { "weight groups do not fill vectors side by side: use group_pack=0", cannot_pack },
    { "lanes cannot run along the taps: use tap_lanes=0", lacks_tap_lanes },
    { "the tile is higher than the map", is_higher_than_map },
    { "the tile is wider than the map", is_wider_than_map },
    { "nothing is summed over tiles: use bands=1", bands_make_nothing },
    { "no map is read in places: use prefetch=-1", fetches_nothing },
    { "there are fewer tiles than bands", bands_exceed_tiles },
    { "nchw has copies anyway, and bias alone needs none: use compact=0", copies_anyway },
    { "the workspace of a tile would exceed 32 MiB", exceeds_workspace },
};

const char *gradient_refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const GradientChoice c = { s, t, k, gradient_plan(s, t, k) };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].holds(&c))
            return refusals[i].reason;
    return NULL;
}
