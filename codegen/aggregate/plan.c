/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"

enum { WORD_BYTES = 8 };

/* Every array has room for whole vectors of points: two more, as one may begin at the last point. */
static AggregateScratch plan_scratch(const AggregatePlan *p)
{
    int64_t entries = p->block.points + 2 * p->lanes;
    int64_t elements = int_round_up(entries * p->fp_bytes, CACHE_LINE);
    bool own = p->offset_mask_stride || p->gathers;
    WorkspaceLayout w = { 0 };
    AggregateScratch at;
    at.at = workspace_add(&w, entries * 4);
    at.absent = workspace_add(&w, entries * 4);
    at.coeff = workspace_add(&w, 4 * elements);
    at.softmax_terms = workspace_add(&w, p->softmax ? elements : 0);
    at.offsets = workspace_add(&w, own ? 2 * elements : 0);
    at.masks = workspace_add(&w, own || p->softmax ? elements : 0);
    at.rows = workspace_add(&w, p->compact ? 2 * WORD_BYTES : 0);
    at.bytes = workspace_thread_bytes(&w);
    return at;
}

AggregatePlan aggregate_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    AggregatePlan p = { .s = s, .fp_bytes = (int)dcn_dtype_bytes(s->dtype) };
    p.lanes = problem_vector(s, t);
    p.points = rt_points(s);
    p.groups = s->offset_groups;
    p.group_channels = (int)(s->in_channels / p.groups);
    p.splits_groups = k[AGG_TASK_GROUPS] && k[AGG_TASK_GROUPS] < p.groups;
    p.task_groups = p.splits_groups ? k[AGG_TASK_GROUPS] : p.groups;
    p.block = points_block(s, p.task_groups, k[AGG_BLOCK]);
    p.gathers = p.block.pixels > 1 && p.block.groups < p.groups;
    p.tile_h = k[AGG_TILE_H];
    p.tile_w = k[AGG_TILE_W];
    p.prefetch_rows = k[AGG_PREFETCH_ROWS];
    p.prefetch_blocks = k[AGG_PREFETCH_BLOCKS];
    p.nontemporal = k[AGG_NONTEMPORAL];
    p.coeff_shuffles = k[AGG_COEFF_SHUFFLES];
    p.jam = int_power_of_two(p.block.pixels * p.block.groups, k[AGG_JAM]);
    p.max_acc = t->registers / 2;
    p.acc_lanes = int_power_of_two(p.group_channels, p.lanes);
    p.softmax = s->modulation == DCN_MODULATION_SOFTMAX;
    p.epilogue = true;
    p.compact = k[AGG_COMPACT];
    p.out_stride = (int)s->in_channels;
    if (rt_op_has(s->op, RT_PACKED_OFFSETS))
        p.offset_mask_stride = (int)rt_packed_channels(s);
    p.scratch = plan_scratch(&p);
    return p;
}

AggregatePlan aggregate_plan_sums(const dcn_spec *s, const dcn_target *t, const int *k, int stride)
{
    AggregatePlan p = aggregate_plan(s, t, k);
    p.epilogue = false;
    p.out_stride = stride;
    return p;
}

int64_t aggregate_copied_bytes(const AggregatePlan *p)
{
    int64_t channels = (int64_t)p->task_groups * p->group_channels;
    return p->s->height * p->s->width * channels * p->fp_bytes;
}
