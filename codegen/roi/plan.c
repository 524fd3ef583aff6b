/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/roi/roi.h"

static RoiRule rule_of(dcn_op op)
{
    if (rt_op_has(op, RT_QUANTISED))
        return ROI_RULE_QUANTISED;
    return rt_op_has(op, RT_BY_PART) ? ROI_RULE_HALF : ROI_RULE_ALIGN;
}

/* As few lanes as the outputs of a class fill, but a quarter of the widest vectors at least. */
static int channel_lanes(const dcn_spec *s, const dcn_target *t, int segment)
{
    int lanes = problem_vector(s, t), least = 16 / (int)dcn_dtype_bytes(s->dtype);
    while (lanes > least && lanes / 2 >= segment)
        lanes /= 2;
    return lanes;
}

static void plan_workspace(RoiPlan *p)
{
    int64_t bins = p->bins + p->wide; /* whole vectors of bins are stored */
    int64_t lists = (int64_t)p->wide * (p->list + 2) * (4 + p->fp_bytes);
    WorkspaceLayout w = { 0 };
    p->at_lists = workspace_add(&w, 2 * lists + 2 * (int64_t)p->wide * 4);
    p->at_counts = workspace_add(&w, bins * 8);
    p->at_table = workspace_add(&w, bins * p->entries * (4 + p->fp_bytes));
    p->at_scale = workspace_add(&w, bins * p->fp_bytes);
    p->at_tile = workspace_add(&w, (int64_t)(p->bins + p->lanes) * p->out_stride * p->fp_bytes);
    p->thread_bytes = w.end;
}

static int samples_along(const dcn_spec *s, RoiRule rule)
{
    if (rule == ROI_RULE_HALF)
        return s->sample_per_part;
    return rule == ROI_RULE_QUANTISED || s->sampling_ratio <= 0 ? 0 : s->sampling_ratio;
}

RoiPlan roi_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    int rows = k[ROI_BIN_ROWS] ? k[ROI_BIN_ROWS] : s->pooled[0];
    RoiPlan p = { .s = s, .rule = rule_of(s->op), .nh = s->pooled[0], .nw = s->pooled[1] };
    p.fp_bytes = (int)dcn_dtype_bytes(s->dtype);
    p.wide = t->vector_bytes / 8;
    p.bins = rows * p.nw;
    p.parts = (int)int_ceil_div(p.nh, rows);
    p.nv = k[ROI_NV];
    p.grid = samples_along(s, p.rule);
    p.samples = k[ROI_TABLE_SAMPLES];
    p.tables = p.grid && p.grid <= p.samples;
    for (int i = 0; i < 2; i++)
        p.groups[i] = rt_op_has(s->op, RT_POSITION_SENSITIVE) ? s->group_size[i] : 1;
    p.outputs = (int)s->out_channels;
    p.classes = s->no_trans ? 1 : s->num_classes;
    p.segment = p.outputs / p.classes;
    p.lanes = channel_lanes(s, t, p.segment);
    p.copies = k[ROI_REPACK];
    p.together = p.copies || (s->layout == DCN_NHWC && p.groups[0] * p.groups[1] == 1);
    p.list = 2 * p.samples;
    p.entries = p.list * p.list;
    if (s->layout == DCN_NCHW)
        p.out_stride = (int)int_round_up(p.outputs, p.lanes) + p.lanes;
    plan_workspace(&p);
    return p;
}
