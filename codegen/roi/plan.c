/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/roi/roi.h"

static RoiSampling sampling_of(dcn_op op)
{
    if (rt_op_has(op, RT_QUANTISED))
        return ROI_SAMPLING_QUANTISED;
    return rt_op_has(op, RT_BY_PART) ? ROI_SAMPLING_HALF : ROI_SAMPLING_ALIGN;
}

int roi_channel_lanes(const dcn_spec *s, const dcn_target *t, int channels)
{
    int lanes = problem_vector(s, t), fewest = 16 / (int)dcn_dtype_bytes(s->dtype);
    while (lanes > fewest && lanes / 2 >= channels)
        lanes /= 2;
    return lanes;
}

static RoiScratch plan_scratch(const RoiPlan *p)
{
    int64_t bins = p->task_bins + p->bins_per_vec, pixel = 4 + p->coeffs * p->coeff_bytes;
    int64_t lists = (int64_t)p->bins_per_vec * (p->max_axis_pixels + 2) * pixel;
    int64_t out_bins = p->task_bins + p->lanes;
    WorkspaceLayout w = { 0 };
    RoiScratch at;
    at.lists = workspace_add(&w, 2 * lists + 2 * (int64_t)p->bins_per_vec * 4);
    at.counts = workspace_add(&w, bins * 8);
    at.table = workspace_add(&w, bins * p->max_pixels * pixel);
    at.scale = workspace_add(&w, bins * p->fp_bytes);
    at.out_tile = workspace_add(&w, out_bins * p->out_stride * p->fp_bytes);
    at.bytes = workspace_thread_bytes(&w);
    return at;
}

static int samples_along(const dcn_spec *s, RoiSampling sampling, int axis)
{
    if (sampling == ROI_SAMPLING_HALF)
        return s->sample_per_part[axis];
    return sampling == ROI_SAMPLING_QUANTISED || s->sampling_ratio <= 0 ? 0 : s->sampling_ratio;
}

/* Channels that bins read for one output stand `groups` apart; a copy of the map brings them side
** by side. */
static void plan_channels(RoiPlan *p, bool repacks)
{
    const dcn_spec *s = p->s;
    bool sensitive = rt_op_has(s->op, RT_POSITION_SENSITIVE);
    for (int i = 0; i < 2; i++)
        p->groups[i] = sensitive ? s->group_size[i] : 1;
    int groups = p->groups[0] * p->groups[1];
    p->out_channels = (int)s->out_channels;
    p->classes = s->no_trans ? 1 : s->num_classes;
    p->class_channels = p->out_channels / p->classes;
    p->repacks = repacks;
    p->repack = (Repack){ .s = s, .block = (int)s->in_channels, .interleave = groups };
    p->repack.set_channels = p->out_channels;
    p->contiguous = repacks || (s->layout == DCN_NHWC && groups == 1);
}

/* A task has all classes, or a part of one. */
static void plan_tasks(RoiPlan *p, int rows, int channels)
{
    p->task_bins = rows * p->pooled_w;
    p->bin_tasks = (int)int_ceil_div(p->pooled_h, rows);
    p->splits_channels = channels > 0;
    p->task_channels = p->class_channels;
    p->channel_tasks = 1;
    p->task_outs = p->out_channels;
    if (!channels)
        return;
    if (channels < p->class_channels)
        p->task_channels = channels;
    p->channel_tasks = p->classes * (int)int_ceil_div(p->class_channels, p->task_channels);
    p->task_outs = p->task_channels;
}

int roi_last_channels(const RoiPlan *p)
{
    int rest = p->class_channels % p->task_channels;
    return rest ? rest : p->task_channels;
}

int roi_most_samples(const RoiPlan *p)
{
    return p->grid[0] > p->grid[1] ? p->grid[0] : p->grid[1];
}

RoiPlan roi_plan_of(const dcn_spec *s, const dcn_target *t, const RoiCuts *cuts)
{
    int rows = cuts->bin_rows ? cuts->bin_rows : s->pooled[0];
    RoiPlan p = { .s = s, .sampling = sampling_of(s->op) };
    p.maximum = s->mode == DCN_ROI_MAX;
    p.pooled_h = s->pooled[0];
    p.pooled_w = s->pooled[1];
    p.fp_bytes = (int)dcn_dtype_bytes(s->dtype);
    p.bins_per_vec = t->vector_bytes / 8;
    p.nv = cuts->nv;
    for (int axis = 0; axis < 2; axis++)
        p.grid[axis] = samples_along(s, p.sampling, axis);
    p.table_samples = cuts->table_samples;
    p.one_table = roi_most_samples(&p) && roi_most_samples(&p) <= p.table_samples;
    p.coeffs = cuts->coeffs;
    p.coeff_bytes = cuts->coeff_bytes;
    p.max_axis_pixels = 2 * p.table_samples;
    p.max_pixels = p.max_axis_pixels * p.max_axis_pixels;
    plan_channels(&p, cuts->repacks);
    plan_tasks(&p, rows, cuts->task_channels);
    p.lanes = roi_channel_lanes(s, t, p.task_channels);
    p.repack.beyond = p.lanes;
    if (s->layout == DCN_NCHW)
        p.out_stride = (int)int_round_up(p.task_outs, p.lanes) + p.lanes;
    p.scratch = plan_scratch(&p);
    return p;
}

RoiPlan roi_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    const RoiCuts cuts = { .nv = k[ROI_NV],
                           .bin_rows = k[ROI_BIN_ROWS],
                           .task_channels = k[ROI_TASK_CHANNELS],
                           .table_samples = k[ROI_TABLE_SAMPLES],
                           .repacks = k[ROI_REPACK],
                           .coeffs = 1,
                           .coeff_bytes = (int)dcn_dtype_bytes(s->dtype) };
    return roi_plan_of(s, t, &cuts);
}
