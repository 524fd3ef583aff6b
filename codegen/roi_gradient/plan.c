/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/roi_gradient/roi_gradient.h"
#include "runtime/spec/gradient.h"

bool roi_gradient_is_sampled_maximum(const RoiGradientPlan *p)
{
    return p->bins.maximum && p->bins.sampling != ROI_SAMPLING_QUANTISED;
}

static RoiGradientWant want_of(const dcn_spec *s)
{
    const rt_operand_set all = rt_wanted(s);
    RoiGradientWant w = { .input = rt_operand_in(RT_INPUT, all) };
    w.offset = rt_operand_in(RT_OFFSET, all) || rt_operand_in(RT_TRANS, all);
    w.mask = rt_operand_in(RT_MASK, all);
    w.dots = w.offset || w.mask;
    w.map = w.dots || s->mode == DCN_ROI_MAX || s->activation != DCN_ACT_NONE;
    w.slopes = s->activation != DCN_ACT_NONE && s->mode != DCN_ROI_MAX;
    return w;
}

/* ---- blocks ------------------------------------------------------------------------------ */

/* A part of a class, or as many whole classes as fit and leave no rest. */
static void plan_blocks(RoiGradientPlan *p, int channels)
{
    const RoiPlan *b = &p->bins;
    if (!channels || channels > b->out_channels)
        channels = b->out_channels;
    const bool parts = channels < b->class_channels;
    p->classes = parts ? 1 : int_divisor(b->classes, channels / b->class_channels);
    p->per_class = parts ? (int)int_ceil_div(b->class_channels, channels) : 1;
    p->channels[0] = parts ? channels : b->class_channels;
    p->channels[1] = b->class_channels - (p->per_class - 1) * p->channels[0];
    p->blocks = b->classes / p->classes * p->per_class;
}

int roi_gradient_outputs(const RoiGradientPlan *p, int shape)
{
    return p->classes * p->channels[shape];
}

/* ---- the workspace of a thread ----------------------------------------------------------- */

static int64_t parts_of(const dcn_spec *s)
{
    return rt_op_has(s->op, RT_BY_PART) ? (int64_t)s->part_size[0] * s->part_size[1] : 0;
}

static void plan_scratch(RoiGradientPlan *p)
{
    const RoiPlan *b = &p->bins;
    RoiGradientScratch *at = &p->scratch;
    WorkspaceLayout w = { .end = b->scratch.bytes };
    int64_t fp = p->fp_bytes, all = (int64_t)b->pooled_h * b->pooled_w, parts = parts_of(p->s);
    int64_t best = roi_gradient_is_sampled_maximum(p) ? b->task_bins * (int64_t)p->row_stride : 0;
    bool by_part = p->want.offset && parts;
    at->g = workspace_add(&w, p->s->layout == DCN_NCHW ? all * p->g_stride * fp : 0);
    int64_t slopes = p->want.slopes ? b->task_bins * (int64_t)p->row_stride : 0;
    at->slopes = workspace_add(&w, slopes * fp);
    at->best = workspace_add(&w, best * (8 + 8 + 4));
    at->lane = workspace_add(&w, p->lanes * (4 + fp));
    at->shift = workspace_add(&w, by_part ? 2 * (all + b->bins_per_vec) * fp : 0);
    at->parts = workspace_add(&w, by_part ? 2 * parts * fp : 0);
    at->bytes = workspace_thread_bytes(&w);
}

/* ---- all of it --------------------------------------------------------------------------- */

static RoiCuts cuts_of(const dcn_spec *s, const RoiGradientWant *want, const int *k)
{
    const bool largest = s->mode == DCN_ROI_MAX;
    return (RoiCuts){ .nv = k[ROI_GRADIENT_NV],
                      .bin_rows = k[ROI_GRADIENT_BIN_ROWS],
                      .table_samples = k[ROI_GRADIENT_TABLE_SAMPLES],
                      .coeffs = want->offset ? ROI_MAX_COEFFS : 1,
                      .coeff_bytes = largest ? 8 : (int)dcn_dtype_bytes(s->dtype) };
}

/* Vectors of a maximum over samples are of f64: products decide as the reference's do. */
static int lanes_of(const RoiGradientPlan *p, const dcn_target *t)
{
    int lanes = roi_channel_lanes(p->s, t, p->channels[0]);
    int most = roi_gradient_is_sampled_maximum(p) ? t->vector_bytes / 8 : lanes;
    return lanes < most ? lanes : most;
}

RoiGradientPlan roi_gradient_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    RoiGradientPlan p = { .s = s, .want = want_of(s) };
    const RoiCuts cuts = cuts_of(s, &p.want, k);
    p.bins = roi_plan_of(s, t, &cuts);
    p.fp_bytes = p.bins.fp_bytes;
    p.nv = p.bins.nv;
    p.groups = p.bins.groups[0] * p.bins.groups[1];
    p.scattered = s->layout == DCN_NCHW || p.groups > 1;
    p.copies = k[ROI_GRADIENT_REPACK];
    p.shares_tables = k[ROI_GRADIENT_SHARE_TABLES];
    plan_blocks(&p, k[ROI_GRADIENT_CHANNELS]);
    p.lanes = lanes_of(&p, t);
    int outputs = roi_gradient_outputs(&p, 0);
    int span = (int)int_round_up(p.channels[0], p.lanes);
    int row = (int)int_round_up((p.classes - 1) * p.channels[0] + span, p.lanes);
    p.pixel_step = p.copies ? row : (int)s->in_channels;
    p.first_dot = p.want.mask ? ROI_TABLE_SHARE : ROI_TABLE_Y;
    p.ndots = (p.want.offset ? ROI_MAX_COEFFS : 1) - p.first_dot;
    p.g_stride = s->layout == DCN_NCHW ? (int)int_round_up(outputs, p.lanes) : (int)s->out_channels;
    p.row_stride = span;
    plan_scratch(&p);
    return p;
}
