/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tiled.h"

enum { LINE_BYTES = 64 };

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

int tiled_repacks(const TiledPlan *p)
{
    return p->s->layout == DCN_NCHW || p->view < p->s->in_channels;
}

idx tiled_view_block(Emit *e, const TiledPlan *p, const Problem *pb)
{
    return x_mulk(e, x_mul(e, pb->h, pb->w), p->view);
}

idx tiled_view_at(Emit *e, const TiledPlan *p, const Problem *pb, idx c)
{
    if (p->view == p->s->in_channels)
        return c;
    idx view = x_const(e, p->view), block = tiled_view_block(e, p, pb);
    return x_add(e, x_mul(e, x_div(e, c, view), block), x_rem(e, c, view));
}

/* Rows an even number of cache lines apart share fewer sets of the cache: make the number odd. */
static int spread(int n, int per_line)
{
    return (int)(round_up(n, per_line) / per_line | 1) * per_line;
}

static void plan_workspace(TiledPlan *p)
{
    const dcn_spec *s = p->s;
    int64_t out = p->out_stride ? (int64_t)p->panel_pixels + p->lanes : 0;
    int64_t taps = (int64_t)p->taps * s->offset_groups;
    int64_t turned = p->turns ? (p->tw * taps + p->lanes) * p->fp_bytes : 0;
    const struct {
        int64_t *at, bytes;
    } parts[] = {
        { &p->offset_rows, 2 * turned },
        { &p->mask_rows, s->modulation == DCN_MODULATION_NONE ? 0 : turned },
        { &p->places, p->entries * 4 },
        { &p->weights, problem_is_deformed(s) ? p->entries * 4 * p->fp_bytes : 0 },
        { &p->rows, (int64_t)p->panel_pixels * 8 },
        { &p->residual_rows, s->residual ? (int64_t)p->panel_pixels * 8 : 0 },
        { &p->column, (int64_t)p->panel_pixels * p->column_stride * p->fp_bytes },
        { &p->out_tile, out * p->out_stride * p->fp_bytes },
        { &p->spare, round_up(s->out_channels + p->lanes, p->lanes) * p->fp_bytes },
    };
    int64_t end = 0;
    for (int i = 0; i < (int)(sizeof parts / sizeof *parts); i++) {
        *parts[i].at = end;
        end = round_up(end + parts[i].bytes, 64);
    }
    p->thread_bytes =
        round_up(end, 4096) + 64 * 5; /* two threads never share a line, nor all sets */
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
    int run = problem_common(channels, p->offset_group);
    if (p->group_block > 1)
        return run;
    return problem_common(problem_common(run, p->in_group), p->channel_block);
}

int tiled_chunk(const TiledPlan *p, int channels)
{
    int unit = channels / p->group_block, run = tiled_run(p, channels);
    return run < unit ? run : unit;
}

/* The largest divisor of n that is at most `most`, at least 1. */
static int divisor_below(int n, int most)
{
    int best = 1;
    for (int d = 1; d <= n && d <= most; d++)
        if (n % d == 0)
            best = d;
    return best;
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
    p->view = k[TILED_REPACK] ? p->offset_group : (int)s->in_channels;
    int cb = k[TILED_KC_CHANNELS];
    p->channel_block = cb && cb < p->in_group ? cb : p->in_group;
    p->group_block = cb > p->in_group ? divisor_below(p->groups, cb / p->in_group) : 1;
    p->out_padded = (int)round_up(p->out_group, p->lanes);
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
    p->pixel_entries = p->by_taps ? spread(all, LINE_BYTES / 4 / p->fp_bytes) : 1;
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
    p.panel_pixels = (int)round_up(p.pixels, p.mr);
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
    p.column_stride = spread(p.column_group * p.group_block, LINE_BYTES / p.fp_bytes);
    p.out_blocks = (p.out_padded + p.nr - 1) / p.nr;
    p.last_nv = (p.out_padded - (p.out_blocks - 1) * p.nr) / p.lanes;
    p.by_outputs = k[TILED_LOOP_ORDER];
    p.unroll = k[TILED_UNROLL];
    if (s->layout == DCN_NCHW)
        p.out_stride = spread((int)round_up(s->out_channels, p.lanes), LINE_BYTES / p.fp_bytes);
    p.packed_elements = (int64_t)p.groups * (p.in_group / p.pack) * p.taps * p.out_padded;
    plan_workspace(&p);
    return p;
}
