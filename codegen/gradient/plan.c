/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/gradient/gradient.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"

enum { ENTRY_BYTES = 4, CORNERS = 4 };

/* ---- blocks ------------------------------------------------------------------------------ */

/* The fewest lanes, of those that there are, which hold a span; all for longer ones. */
static int lanes_for(int span, int most)
{
    int lanes = 1;
    while (lanes < span && lanes < most)
        lanes *= 2;
    return lanes;
}

static GradientShape shape_of(const GradientPlan *p, int channels)
{
    GradientShape a = { .channels = channels };
    const GradientBlocks *b = &p->blocks;
    if (!channels)
        return a;
    a.spans = channels > b->offset_channels ? channels / b->offset_channels : 1;
    a.span = channels / a.spans;
    a.lanes = lanes_for(a.span, p->lanes);
    a.vectors = (int)int_ceil_div(a.span, a.lanes);
    a.tap_columns = a.spans * a.vectors * a.lanes;
    a.columns = (int)int_round_up((int64_t)b->taps * a.tap_columns, p->lanes);
    a.panels = (int)int_ceil_div(a.columns, p->nr);
    a.last_nv = (a.columns - (a.panels - 1) * p->nr) / p->lanes;
    a.dx_stride = workspace_pad_stride(a.columns, CACHE_LINE / p->fp_bytes);
    return a;
}

/* Whole offset groups, where several fit into a block; else what shares a weight group and an
** offset group. */
static int unit_of(const GradientBlocks *b, int channels)
{
    int span = int_gcd(b->in_channels, b->offset_channels);
    if (span < b->offset_channels || span * 2 > channels)
        return span;
    return span * int_divisor(b->in_channels / span, channels / span);
}

static void plan_blocks(GradientPlan *p, int channels)
{
    const dcn_spec *s = p->s;
    GradientBlocks *b = &p->blocks;
    b->taps = problem_taps(s);
    b->in_channels = (int)(s->in_channels / s->groups);
    b->out_channels = (int)(s->out_channels / s->groups);
    b->offset_channels = p->deformed ? (int)(s->in_channels / s->offset_groups) : b->in_channels;
    b->unit = unit_of(b, channels);
    b->per_unit = (int)int_ceil_div(b->unit, channels);
    b->count = (int)(s->in_channels / b->unit) * b->per_unit;
    b->parts = b->unit > b->offset_channels ? 1 : b->offset_channels / b->unit * b->per_unit;
    int last = b->unit - (b->per_unit - 1) * channels;
    b->shape[0] = shape_of(p, b->per_unit > 1 ? channels : 0);
    b->shape[1] = shape_of(p, last);
}

int64_t gradient_unit_columns(const GradientPlan *p)
{
    const GradientBlocks *b = &p->blocks;
    return (int64_t)(b->per_unit - 1) * b->shape[0].columns + b->shape[1].columns;
}

int gradient_first_shape(const GradientPlan *p)
{
    return p->blocks.shape[0].channels ? 0 : 1;
}

/* ---- the workspace of a thread ----------------------------------------------------------- */

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void plan_scratch(GradientPlan *p)
{
    const GradientShape *a = p->blocks.shape;
    GradientScratch *at = &p->scratch;
    int64_t fp = p->fp_bytes, spans = largest(a[0].spans, a[1].spans);
    int64_t entries = spans * p->blocks.taps * p->tap_entries;
    int64_t dx = largest(a[0].dx_stride, a[1].dx_stride);
    int64_t columns = largest(a[0].columns, a[1].columns);
    WorkspaceLayout w = { 0 };
    at->g = workspace_add(&w, (int64_t)(p->panel_pixels + p->lanes) * p->g_stride * fp);
    at->dx = workspace_add(&w, p->want.product ? p->panel_pixels * dx * fp : 0);
    at->x = workspace_add(&w, p->want.weight ? p->panel_pixels * columns * fp : 0);
    at->table = workspace_add(&w, p->want.samples ? entries * ENTRY_BYTES : 0);
    at->coeff = workspace_add(&w, p->want.samples && p->deformed ? entries * CORNERS * fp : 0);
    at->sink = workspace_add(
        &w, p->want.input ? (largest(a[0].channels, a[1].channels) + p->lanes) * fp : 0);
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

GradientPlan gradient_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    GradientPlan p = { .s = s, .fp_bytes = (int)dcn_dtype_bytes(s->dtype) };
    p.lanes = problem_vector(s, t);
    p.deformed = problem_is_deformed(s);
    p.transposes = s->layout == DCN_NCHW;
    p.want = want_of(s);
    p.mr = k[GRADIENT_MR];
    p.nv = k[GRADIENT_NV];
    p.nr = p.nv * p.lanes;
    p.th = k[GRADIENT_TILE_H];
    p.tw = k[GRADIENT_TILE_W];
    p.pixels = p.th * p.tw;
    p.panel_pixels = (int)int_round_up(p.pixels, p.mr);
    p.bands = k[GRADIENT_BANDS];
    plan_blocks(&p, k[GRADIENT_CHANNELS]);
    p.outputs = (int)int_round_up(p.blocks.out_channels, p.mr);
    p.g_stride =
        workspace_pad_stride((int)int_round_up(p.outputs, p.lanes), CACHE_LINE / p.fp_bytes);
    p.tap_entries = p.pixels + p.lanes;
    int64_t columns = s->in_channels / p.blocks.unit * gradient_unit_columns(&p);
    p.packed_elements = columns * p.blocks.out_channels;
    p.weight_elements = columns * p.outputs;
    plan_scratch(&p);
    return p;
}
