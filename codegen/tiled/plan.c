/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/tiled/tiled.h"

int tiled_repacks(const TiledPlan *p)
{
    return p->s->layout == DCN_NCHW || p->repack.block < p->s->in_channels;
}

static void plan_workspace(TiledPlan *p)
{
    const dcn_spec *s = p->s;
    int64_t out = p->out_stride ? (int64_t)p->panel_pixels + p->lanes : 0;
    int64_t taps = (int64_t)p->taps * s->offset_groups;
    int64_t turned = p->turns ? (p->tw * taps + p->lanes) * p->fp_bytes : 0;
    WorkspaceLayout w = { 0 };
    p->offset_rows = workspace_add(&w, 2 * turned);
    p->mask_rows = workspace_add(&w, s->modulation == DCN_MODULATION_NONE ? 0 : turned);
    p->places = workspace_add(&w, p->entries * 4);
    p->weights = workspace_add(&w, problem_is_deformed(s) ? p->entries * 4 * p->fp_bytes : 0);
    p->rows = workspace_add(&w, (int64_t)p->panel_pixels * 8);
    p->residual_rows = workspace_add(&w, s->residual ? (int64_t)p->panel_pixels * 8 : 0);
    p->column = workspace_add(&w, (int64_t)p->panel_pixels * p->column_stride * p->fp_bytes);
    p->out_tile = workspace_add(&w, out * p->out_stride * p->fp_bytes);
    p->spare = workspace_add(&w, int_round_up(s->out_channels + p->lanes, p->lanes) * p->fp_bytes);
    p->thread_bytes = workspace_thread_bytes(&w);
}

int tiled_finishes_late(const TiledPlan *p)
{
    return p->s->residual && p->out_stride;
}

/* Blocks begin at multiples of channel_block within a group, groups at multiples of in_group. */
int tiled_run(const TiledPlan *p, int channels)
{
    if (p->s->offset_groups == 1)
        return channels;
    int run = int_gcd(channels, p->offset_group);
    if (p->group_block > 1)
        return run;
    return int_gcd(int_gcd(run, p->in_group), p->channel_block);
}

int tiled_chunk(const TiledPlan *p, int channels)
{
    int unit = channels / p->group_block, run = tiled_run(p, channels);
    return run < unit ? run : unit;
}

int tiled_fitting_pack(const dcn_spec *s, int lanes)
{
    int64_t in = s->in_channels / s->groups, out = s->out_channels / s->groups;
    int64_t offset_group = s->in_channels / s->offset_groups;
    for (int pack = lanes; pack > 1; pack /= 2)
        if (s->groups % pack == 0 && out * pack <= lanes && lanes % (in * pack) == 0 &&
            offset_group % (in * pack) == 0)
            return pack;
    return 1;
}

static void plan_groups(TiledPlan *p, const int *k)
{
    const dcn_spec *s = p->s;
    p->pack = k[TILED_GROUP_PACK] ? tiled_fitting_pack(s, p->lanes) : 1;
    p->groups = s->groups / p->pack;
    p->in_group = (int)(s->in_channels / s->groups) * p->pack;
    p->out_group = (int)(s->out_channels / s->groups) * p->pack;
    p->offset_group = (int)(s->in_channels / s->offset_groups);
    p->repack = (Repack){ s, k[TILED_REPACK] ? p->offset_group : (int)s->in_channels, 1 };
    int cb = k[TILED_KC_CHANNELS];
    p->channel_block = cb && cb < p->in_group ? cb : p->in_group;
    p->group_block = cb > p->in_group ? int_divisor(p->groups, cb / p->in_group) : 1;
    p->out_padded = (int)int_round_up(p->out_group, p->lanes);
    int ratio = p->lanes / p->offset_group, whole = p->pack == 1 && p->group_block == 1;
    whole = whole && p->in_group % p->offset_group == 0 && p->channel_block % p->offset_group == 0;
    if (k[TILED_REPACK] && p->by_taps && whole && (ratio == 2 || ratio == 4) &&
        2 * ratio <= p->lanes)
        p->abreast = ratio;
}

int tiled_can_by_taps(const dcn_spec *s)
{
    return problem_is_deformed(s) && s->modulation != DCN_MODULATION_SOFTMAX &&
           s->offset_groups * problem_taps(s) <= EMIT_TABLE_MAX - 64;
}

static void plan_places(TiledPlan *p)
{
    int all = p->taps * p->s->offset_groups;
    p->turns = p->by_taps && p->s->layout == DCN_NCHW;
    p->tap_entries = p->by_taps ? 1 : p->pixels + p->lanes;
    p->pixel_entries = p->by_taps ? workspace_pad_stride(all, CACHE_LINE / 4 / p->fp_bytes) : 1;
    p->entries = p->by_taps ? (int64_t)p->strip * p->pixel_entries + p->lanes
                            : (int64_t)all * p->tap_entries;
}

TiledPlan tiled_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    TiledPlan p = { .s = s, .fp_bytes = (int)dcn_dtype_bytes(s->dtype) };
    p.lanes = problem_vector(s, t);
    p.mr = k[TILED_MR];
    p.nv = k[TILED_NV];
    p.nr = p.nv * p.lanes;
    p.th = k[TILED_TILE_H];
    p.tw = k[TILED_TILE_W];
    p.pixels = p.th * p.tw;
    p.panel_pixels = (int)int_round_up(p.pixels, p.mr);
    p.taps = problem_taps(s);
    p.prefetch = k[TILED_PREFETCH];
    p.grain = k[TILED_GRAIN];
    p.implicit = k[TILED_IMPLICIT_GEMM];
    p.by_taps = k[TILED_TAP_LANES] && tiled_can_by_taps(s);
    p.strip = k[TILED_OFFSET_CHUNK] ? k[TILED_OFFSET_CHUNK] : p.pixels;
    plan_places(&p);
    p.tap_block = k[TILED_KC_TAPS] && k[TILED_KC_TAPS] < p.taps ? k[TILED_KC_TAPS] : p.taps;
    plan_groups(&p, k);
    p.column_group = p.channel_block * p.tap_block;
    p.column_stride = workspace_pad_stride(p.column_group * p.group_block, CACHE_LINE / p.fp_bytes);
    p.out_blocks = (p.out_padded + p.nr - 1) / p.nr;
    p.last_nv = (p.out_padded - (p.out_blocks - 1) * p.nr) / p.lanes;
    p.by_outputs = k[TILED_LOOP_ORDER];
    p.unroll = k[TILED_UNROLL];
    if (s->layout == DCN_NCHW)
        p.out_stride = workspace_pad_stride((int)int_round_up(s->out_channels, p.lanes),
                                            CACHE_LINE / p.fp_bytes);
    p.packed_elements = (int64_t)p.groups * (p.in_group / p.pack) * p.taps * p.out_padded;
    plan_workspace(&p);
    return p;
}
