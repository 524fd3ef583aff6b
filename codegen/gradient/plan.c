/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"

enum { ENTRY_BYTES = 4 };

/* ---- blocks ------------------------------------------------------------------------------ */

/* Spans that fill a vector side by side: samples of four channels and more, so that the dots of a
** vector of them are no more than a vector. */
static int samples_per_vec(const GradientPlan *p, const GradientShape *a)
{
    int lanes = int_gcd(a->channels, p->lanes);
    return a->span % 4 == 0 && lanes % a->span == 0 ? lanes / a->span : 1;
}

static GradientShape shape_of(const GradientPlan *p, int channels)
{
    GradientShape a = { .channels = channels };
    const GradientBlocks *b = &p->blocks;
    if (!channels)
        return a;
    a.spans = channels > b->offset_channels ? channels / b->offset_channels : 1;
    a.span = channels / a.spans;
    a.samples_per_vec = samples_per_vec(p, &a);
    a.run = a.samples_per_vec > 1 ? channels : a.span;
    /* The fewest lanes that hold a span, as the largest power of two below twice as many is; all for longer ones. */
    a.lanes = int_power_of_two(2 * a.span - 1, p->lanes);
    if (a.samples_per_vec > 1)
        a.lanes = a.samples_per_vec * a.span;
    a.run_vectors = (int)int_ceil_div(a.run, a.lanes);
    a.vectors = channels / a.run * a.run_vectors;
    a.vector_taps = p->packs ? (int)int_round_up(b->taps, p->nv) : b->taps;
    a.columns = (int)int_round_up((int64_t)a.vectors * a.vector_taps * a.lanes, p->lanes);
    a.panels = (int)int_ceil_div(a.columns, p->nr);
    a.last_nv = (a.columns - (a.panels - 1) * p->nr) / p->lanes;
    a.dx_stride = workspace_pad_stride(a.columns, CACHE_LINE / p->fp_bytes);
    a.groups = p->packs ? (int)int_ceil_div(channels, b->in_channels) : 1;
    a.g_outputs = a.groups * b->out_channels;
    return a;
}

/* Whole offset groups, where several fit into a block; else what shares an offset group.  shared:
** channels within which a block lies. */
static int unit_of(const GradientBlocks *b, int shared, int channels)
{
    int span = int_gcd(shared, b->offset_channels);
    if (span < b->offset_channels || span * 2 > channels)
        return span;
    return span * int_divisor(shared / span, channels / span);
}

static void plan_blocks(GradientPlan *p, int channels)
{
    const dcn_spec *s = p->s;
    GradientBlocks *b = &p->blocks;
    b->taps = problem_taps(s);
    b->in_channels = (int)(s->in_channels / s->groups);
    b->out_channels = (int)(s->out_channels / s->groups);
    b->offset_channels = (int)(p->deformed ? s->in_channels / s->offset_groups : s->in_channels);
    b->unit = unit_of(b, p->packs ? (int)s->in_channels : b->in_channels, channels);
    b->per_unit = (int)int_ceil_div(b->unit, channels);
    b->count = (int)(s->in_channels / b->unit) * b->per_unit;
    b->parts = b->unit > b->offset_channels ? 1 : b->offset_channels / b->unit * b->per_unit;
    int last = b->unit - (b->per_unit - 1) * channels;
    b->shape[0] = shape_of(p, b->per_unit > 1 ? channels : 0);
    b->shape[1] = shape_of(p, last);
}

/* Runs begin with a group, or, where groups are wider than a vector, with a vector of one. */
static bool packs_whole_vectors(const GradientPlan *p, const GradientShape *a)
{
    const int group = p->blocks.in_channels, least = group < p->lanes ? group : p->lanes;
    return !a->channels ||
           (a->lanes == p->lanes && a->run % least == 0 && a->channels % group == 0);
}

bool gradient_can_pack(const GradientPlan *p)
{
    const GradientBlocks *b = &p->blocks;
    const bool even = p->lanes % b->in_channels == 0 || b->in_channels % p->lanes == 0;
    return p->s->groups > 1 && even && packs_whole_vectors(p, &b->shape[0]) &&
           packs_whole_vectors(p, &b->shape[1]);
}

bool gradient_owns_dots(const GradientPlan *p)
{
    return p->want.dots && p->blocks.parts == 1;
}

int64_t gradient_unit_columns(const GradientPlan *p)
{
    const GradientBlocks *b = &p->blocks;
    return (int64_t)(b->per_unit - 1) * b->shape[0].columns + b->shape[1].columns;
}

int gradient_first_shape(const GradientPlan *p)
{
    const GradientShape *a = p->blocks.shape;
    return a[0].channels && a[0].channels != a[1].channels ? 0 : 1;
}

/* ---- the workspace of a thread ----------------------------------------------------------- */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Four coefficients to an entry; vectors may spill into the entries behind. */
static void plan_entries(GradientPlan *p, bool tap_lanes)
{
    const GradientShape *a = p->blocks.shape;
    GradientEntries *t = &p->entries;
    int flat = larger(a[0].spans, a[1].spans) * p->blocks.taps;
    t->tap_lanes = tap_lanes;
    t->tap = tap_lanes ? 1 : p->pixels + p->lanes;
    t->pixel = tap_lanes ? workspace_pad_stride(flat, CACHE_LINE / CORNERS / p->fp_bytes) : 1;
    t->all = tap_lanes ? (int64_t)p->pixels * t->pixel + p->lanes : (int64_t)flat * t->tap;
}

static void plan_scratch(GradientPlan *p)
{
    const GradientShape *a = p->blocks.shape;
    GradientScratch *at = &p->scratch;
    int64_t fp = p->fp_bytes, entries = p->want.samples ? p->entries.all : 0;
    int64_t rows = p->panel_pixels, lanes = p->lanes_are_groups ? p->outputs * p->lanes : 0;
    int64_t dots = gradient_owns_dots(p) ? p->pixels * p->dot_stride + CORNERS * p->lanes : 0;
    int64_t sink = p->want.input ? larger(a[0].channels, a[1].channels) + p->lanes : 0;
    int64_t dx = p->want.product ? larger(a[0].dx_stride, a[1].dx_stride) : 0;
    int64_t x = p->want.weight ? larger(a[0].panels, a[1].panels) * p->nr : 0;
    WorkspaceLayout w = { 0 };
    at->g = workspace_add(&w, (rows + p->lanes) * p->g_stride * fp);
    at->g_lanes = workspace_add(&w, larger(a[0].vectors, a[1].vectors) * rows * lanes * fp);
    at->dx = workspace_add(&w, rows * dx * fp);
    at->x = workspace_add(&w, rows * x * fp);
    at->table = workspace_add(&w, entries * ENTRY_BYTES);
    at->coeff = workspace_add(&w, p->deformed ? entries * CORNERS * fp : 0);
    at->dots = workspace_add(&w, dots * fp);
    at->sink = workspace_add(&w, sink * fp);
    at->bytes = workspace_thread_bytes(&w);
}

/* ---- all of it --------------------------------------------------------------------------- */

static bool asks(const dcn_spec *s, rt_operand which)
{
    return rt_operand_in(which, rt_wanted(s));
}

static GradientWant want_of(const dcn_spec *s)
{
    GradientWant w = { .input = asks(s, RT_INPUT), .weight = asks(s, RT_WEIGHT) };
    w.offset = asks(s, s->offset_mask ? RT_OFFSET_MASK : RT_OFFSET);
    w.mask = asks(s, s->offset_mask ? RT_OFFSET_MASK : RT_MASK);
    w.sums = asks(s, RT_BIAS) || asks(s, RT_SHIFT);
    w.dots = w.offset || w.mask;
    w.product = w.input || w.dots;
    w.samples = w.product || w.weight;
    return w;
}

/* Elements from a pixel to the next. */
static void plan_pixels(GradientPlan *p)
{
    const GradientShape *a = p->blocks.shape;
    int outputs = larger(p->outputs, larger(a[0].g_outputs, a[1].g_outputs));
    int groups = larger(a[0].spans, a[1].spans);
    p->g_stride =
        workspace_pad_stride((int)int_round_up(outputs, p->lanes), CACHE_LINE / p->fp_bytes);
    if (!gradient_owns_dots(p))
        groups = p->s->offset_groups;
    p->dot_stride = groups * p->blocks.taps * CORNERS;
}

GradientPlan gradient_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    GradientPlan p = { .s = s, .fp_bytes = (int)dcn_dtype_bytes(s->dtype) };
    p.lanes = problem_vector(s, t);
    p.deformed = problem_is_deformed(s);
    p.transposes = s->layout == DCN_NCHW;
    p.copies = p.transposes || k[GRADIENT_COMPACT];
    p.want = want_of(s);
    p.mr = k[GRADIENT_MR];
    p.nv = k[GRADIENT_NV];
    p.nr = p.nv * p.lanes;
    p.th = k[GRADIENT_TILE_H];
    p.tw = k[GRADIENT_TILE_W];
    p.pixels = p.th * p.tw;
    p.panel_pixels = (int)int_round_up(p.pixels, p.mr);
    p.bands = k[GRADIENT_BANDS];
    p.prefetch = k[GRADIENT_PREFETCH];
    p.packs = k[GRADIENT_GROUP_PACK];
    plan_blocks(&p, k[GRADIENT_CHANNELS]);
    p.lanes_are_groups = p.packs && p.blocks.in_channels < p.lanes;
    p.outputs = (int)int_round_up(p.blocks.out_channels, p.mr);
    plan_pixels(&p);
    plan_entries(&p, k[GRADIENT_TAP_LANES]);
    int64_t columns = s->in_channels / p.blocks.unit * gradient_unit_columns(&p);
    p.packed_elements = columns * p.blocks.out_channels;
    p.weight_elements = columns * p.outputs;
    plan_scratch(&p);
    return p;
}
