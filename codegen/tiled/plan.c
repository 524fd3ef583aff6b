/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tiled.h"

bool tiled_repacks(const TiledPlan *p)
{
    return p->s->layout == DCN_NCHW || p->repack.block < p->s->in_channels;
}

/* ---- groups ------------------------------------------------------------------------------ */

/* Blocks begin at multiples of channel_block within a packed group, packed groups at multiples of
** their channels. */
int tiled_span(const TiledPlan *p, int channels)
{
    const TiledGroups *g = &p->groups;
    if (p->s->offset_groups == 1)
        return channels;
    int span = int_gcd(channels, g->offset_channels);
    return g->group_block > 1 ? span : int_gcd(int_gcd(span, g->in_channels), g->channel_block);
}

int tiled_seg(const TiledPlan *p, int channels)
{
    int per_group = channels / p->groups.group_block, span = tiled_span(p, channels);
    return span < per_group ? span : per_group;
}

int tiled_fitting_pack(const dcn_spec *s, int lanes)
{
    int64_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
    int64_t offset_channels = s->in_channels / s->offset_groups;
    for (int pack = lanes; pack > 1; pack /= 2)
        if (s->groups % pack == 0 && out * pack <= lanes && lanes % (in * pack) == 0 &&
            offset_channels % (in * pack) == 0)
            return pack;
    return 1;
}

/* Samples per vector, if offset groups are a half or a quarter of a vector and a column has all
** of them. */
static int narrow_samples(const TiledPlan *p)
{
    const TiledGroups *g = &p->groups;
    int ratio = p->lanes / g->offset_channels, whole = g->pack == 1 && g->group_block == 1;
    whole = whole && g->in_channels % g->offset_channels == 0;
    whole = whole && g->channel_block % g->offset_channels == 0;
    return whole && (ratio == 2 || ratio == 4) && 2 * ratio <= p->lanes ? ratio : 0;
}

static void plan_groups(TiledPlan *p, const int *k)
{
    const dcn_spec *s = p->s;
    TiledGroups *g = &p->groups;
    int block = k[TILED_KC_CHANNELS], taps = k[TILED_KC_TAPS];
    g->taps = problem_taps(s);
    g->tap_block = taps && taps < g->taps ? taps : g->taps;
    g->pack = k[TILED_GROUP_PACK] ? tiled_fitting_pack(s, p->lanes) : 1;
    g->count = s->groups / g->pack;
    g->in_channels = (int)(s->in_channels / s->groups) * g->pack;
    g->out_channels = (int)(s->out_channels / s->groups) * g->pack;
    g->offset_channels = (int)(s->in_channels / s->offset_groups);
    g->channel_block = block && block < g->in_channels ? block : g->in_channels;
    g->group_block = block > g->in_channels ? int_divisor(g->count, block / g->in_channels) : 1;
    g->out_padded = (int)int_round_up(g->out_channels, p->lanes);
    g->out_blocks = (int)int_ceil_div(g->out_padded, p->tile.nr);
    g->last_nv = (g->out_padded - (g->out_blocks - 1) * p->tile.nr) / p->lanes;
    p->repack = (Repack){ .s = s, .block = (int)s->in_channels, .interleave = 1 };
    if (k[TILED_REPACK])
        p->repack.block = g->offset_channels;
    p->packed_elements = (int64_t)g->count * (g->in_channels / g->pack) * g->taps * g->out_padded;
}

/* Panels of the largest tile. */
static int64_t panels_of_map(const TiledPlan *p)
{
    const dcn_spec *s = p->s;
    int64_t rows = p->tile.th, cols = p->tile.tw;
    if (s->height > 0 && dcn_out_height(s, s->height) < rows)
        rows = dcn_out_height(s, s->height);
    if (s->width > 0 && dcn_out_width(s, s->width) < cols)
        cols = dcn_out_width(s, s->width);
    return int_ceil_div(rows * cols, p->tile.mr);
}

/* As much as all panels of a tile need to ask for all of a block; one that is cut off has fewer, and asks for less. */
static int weights_ahead(const TiledPlan *p)
{
    return (int)int_ceil_div(p->tile.nr, panels_of_map(p));
}

/* ---- parts of a tile --------------------------------------------------------------------- */

int tiled_parts(const TiledPlan *p)
{
    return p->parts.oc_parts * p->parts.ic_parts;
}

bool tiled_sums_parts(const TiledPlan *p)
{
    return p->parts.ic_parts > 1;
}

int64_t tiled_partial_elements(const TiledPlan *p, int64_t pixels)
{
    return tiled_sums_parts(p) ? p->parts.ic_parts * pixels * p->s->out_channels : 0;
}

static void plan_parts(TiledPlan *p, const int *k)
{
    const TiledGroups *g = &p->groups;
    TiledParts *a = &p->parts;
    int64_t blocks = int_ceil_div(g->in_channels, g->channel_block);
    *a = (TiledParts){ .oc_parts = k[TILED_OC_SPLIT], .ic_parts = k[TILED_IC_SPLIT] };
    a->groups = g->count;
    a->out_blocks = g->out_blocks;
    a->channels = (int)int_ceil_div(blocks, a->ic_parts) * g->channel_block;
    if (g->count > 1)
        a->groups = (int)int_ceil_div(g->count / g->group_block, a->oc_parts) * g->group_block;
    else
        a->out_blocks = (int)int_ceil_div(g->out_blocks, a->oc_parts);
}

/* ---- the sample table -------------------------------------------------------------------- */

static void plan_table(TiledPlan *p, const int *k)
{
    TiledTable *t = &p->table;
    int all = problem_taps(p->s) * p->s->offset_groups;
    t->tap_lanes = k[TILED_TAP_LANES] && emit_can_tap_lanes(p->s);
    t->transposes = t->tap_lanes && p->s->layout == DCN_NCHW;
    t->chunk = k[TILED_OFFSET_CHUNK] ? k[TILED_OFFSET_CHUNK] : p->tile.pixels;
    if (t->tap_lanes) {
        t->tap_entries = 1;
        /* four coefficients to an entry */
        t->pixel_entries = workspace_pad_stride(all, CACHE_LINE / 4 / p->fp_bytes);
        t->entries = (int64_t)t->chunk * t->pixel_entries + p->lanes;
    } else {
        t->tap_entries = p->tile.pixels + p->lanes;
        t->pixel_entries = 1;
        t->entries = (int64_t)all * t->tap_entries;
    }
}

/* ---- the workspace of a thread ----------------------------------------------------------- */

enum { ADDRESS_BYTES = 8, ENTRY_BYTES = 4 };

static void plan_strides(TiledPlan *p)
{
    const TiledGroups *g = &p->groups;
    int per_line = CACHE_LINE / p->fp_bytes;
    int64_t outs = p->s->out_channels;
    if (tiled_sums_parts(p) && outs > TILED_SUM_CHANNELS)
        outs = TILED_SUM_CHANNELS;
    p->scratch.group_stride = g->channel_block * g->tap_block;
    p->scratch.column_stride =
        workspace_pad_stride(p->scratch.group_stride * g->group_block, per_line);
    if (p->s->layout == DCN_NCHW)
        p->scratch.out_stride = workspace_pad_stride((int)int_round_up(outs, p->lanes), per_line);
}

static void plan_scratch(TiledPlan *p)
{
    const dcn_spec *s = p->s;
    TiledScratch *at = &p->scratch;
    int64_t fp = p->fp_bytes, panel = p->tile.panel_pixels, entries = p->table.entries;
    int64_t taps = (int64_t)p->groups.taps * s->offset_groups;
    int64_t row = p->table.transposes ? (p->tile.tw * taps + p->lanes) * fp : 0;
    int64_t rows = tiled_sums_parts(p) ? TILED_SUM_COLS : panel;
    int64_t out = at->out_stride ? rows + p->lanes : 0;
    int64_t dummy = int_round_up(s->out_channels + p->lanes, p->lanes);
    WorkspaceLayout w = { 0 };
    at->offset_rows = workspace_add(&w, 2 * row);
    at->mask_rows = workspace_add(&w, s->modulation == DCN_MODULATION_NONE ? 0 : row);
    at->table = workspace_add(&w, entries * ENTRY_BYTES);
    at->coeff = workspace_add(&w, problem_is_deformed(s) ? entries * 4 * fp : 0);
    at->rows = workspace_add(&w, panel * ADDRESS_BYTES);
    at->residual_rows = workspace_add(&w, s->residual ? panel * ADDRESS_BYTES : 0);
    at->column = workspace_add(&w, panel * at->column_stride * fp);
    at->out_tile = workspace_add(&w, out * at->out_stride * fp);
    at->dummy_row = workspace_add(&w, dummy * fp);
    at->bytes = workspace_thread_bytes(&w);
}

/* ---- all of it --------------------------------------------------------------------------- */

/* A pixel of the output is made from one of the input, in the same place, and tiles are as wide as
** the map: then nothing is special about the end of a row, and register tiles go on in the next. */
static bool is_one_row(const dcn_spec *s, int tile_w)
{
    bool pointwise = !problem_is_deformed(s) && problem_taps(s) == 1;
    for (int i = 0; i < 2; i++)
        pointwise &= s->stride[i] == 1 && s->padding[i] == 0 && s->padding[i + 2] == 0;
    return pointwise && s->width > 0 && tile_w >= s->width;
}

static void plan_tile(TiledPlan *p, const int *k)
{
    TiledShape *t = &p->tile;
    t->mr = k[TILED_MR];
    t->nv = k[TILED_NV];
    t->nr = t->nv * p->lanes;
    t->th = k[TILED_TILE_H];
    t->tw = k[TILED_TILE_W];
    t->pixels = t->th * t->tw;
    t->panel_pixels = (int)int_round_up(t->pixels, t->mr);
    t->grain = k[TILED_GRAIN];
    t->unroll = k[TILED_UNROLL];
    t->outputs_outer = k[TILED_LOOP_ORDER];
    t->implicit_gemm = k[TILED_IMPLICIT_GEMM];
    t->one_row = is_one_row(p->s, t->tw);
    t->weights_ahead = k[TILED_WEIGHTS_AHEAD] ? weights_ahead(p) : 0;
}

Problem tiled_problem(Emit *e, const TiledPlan *p, addr args)
{
    Problem pb = problem_load(e, p->s, args);
    if (!p->tile.one_row)
        return pb;
    pb.w = x_mul(e, pb.h, pb.w);
    pb.q = x_mul(e, pb.p, pb.q);
    pb.h = pb.p = x_const(e, 1);
    return pb;
}

TiledPlan tiled_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    TiledPlan p = { .s = s, .fp_bytes = (int)dcn_dtype_bytes(s->dtype) };
    p.lanes = problem_vector(s, t);
    p.prefetch = k[TILED_PREFETCH];
    plan_tile(&p, k);
    plan_groups(&p, k);
    plan_parts(&p, k);
    plan_table(&p, k);
    if (k[TILED_REPACK] && p.table.tap_lanes)
        p.groups.samples_per_vec = narrow_samples(&p);
    plan_strides(&p);
    plan_scratch(&p);
    return p;
}
