/* plan.c: what follows from spec, target and knobs.
**
** Along an axis with c = dilation*(k-1) div 2 and offset_scale s, tap t stands at
**
**     (c - pad + q*stride) + ((t*dilation - c)*s) + offset*s
**
** where the first term is an integer and the second a constant of the tap; its whole part is added to the
** integer and its fraction to the scaled offset, so only offset*s is rounded.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/aggregate/aggregate.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"

void aggregate_tap(const AggregatePlan *p, int k, int *row, int *col)
{
    const int *kernel = p->s->kernel;
    int centre = kernel[1] / 2 * kernel[0] + kernel[0] / 2;
    int tap = p->s->remove_center && k >= centre ? k + 1 : k;
    *row = tap % kernel[0];
    *col = tap / kernel[0];
}

int aggregate_centre(const AggregatePlan *p, int axis)
{
    return p->s->dilation[axis] * (p->s->kernel[axis] - 1) / 2;
}

double aggregate_step(const AggregatePlan *p, int axis, int t)
{
    return (t * p->s->dilation[axis] - aggregate_centre(p, axis)) * p->s->offset_scale;
}

static void plan_workspace(AggregatePlan *p)
{
    int64_t entries = p->per_block + 2 * p->lanes; /* whole vectors may be stored at the end */
    int64_t bytes = entries * p->fp_bytes;
    WorkspaceLayout w = { 0 };
    p->at = workspace_add(&w, entries * 4);
    p->dead = workspace_add(&w, entries * 4);
    p->weights = workspace_add(&w, 4 * int_round_up(bytes, CACHE_LINE));
    p->terms = workspace_add(&w, p->softmax ? bytes : 0);
    p->offsets = workspace_add(&w, p->packed ? 2 * int_round_up(bytes, CACHE_LINE) : 0);
    p->masks = workspace_add(&w, p->packed || p->softmax ? bytes : 0);
    p->thread_bytes = workspace_thread_bytes(&w);
}

AggregatePlan aggregate_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    AggregatePlan p = { .s = s, .fp_bytes = (int)dcn_dtype_bytes(s->dtype) };
    p.lanes = problem_vector(s, t);
    p.points = s->kernel[0] * s->kernel[1] - (s->remove_center ? 1 : 0);
    p.groups = s->offset_groups;
    p.width = (int)(s->in_channels / p.groups);
    p.parts = int_divisor(p.groups, k[AGG_BLOCK]);
    p.pixels = p.parts == p.groups ? k[AGG_BLOCK] / p.groups : 1;
    p.per_block = p.pixels * p.parts * p.points;
    p.th = k[AGG_TILE_H];
    p.tw = k[AGG_TILE_W];
    p.ahead = k[AGG_PREFETCH_ROWS];
    p.next = k[AGG_PREFETCH_BLOCKS];
    p.stream = k[AGG_NONTEMPORAL];
    p.permute = k[AGG_COEFF_SHUFFLES];
    p.sums = t->registers / 2;
    p.beside = int_power_of_two(p.pixels * p.parts, k[AGG_JAM]);
    p.sum_lanes = int_power_of_two(p.width, p.lanes);
    p.softmax = s->modulation == DCN_MODULATION_SOFTMAX;
    p.finishes = 1;
    p.out_stride = (int)s->in_channels;
    if (s->op == DCN_OP_DCNV4)
        p.packed = (int)int_round_up(3 * (int64_t)p.groups * p.points, 8);
    plan_workspace(&p);
    return p;
}

AggregatePlan aggregate_stage(const dcn_spec *s, const dcn_target *t, const int *k, int stride)
{
    AggregatePlan p = aggregate_plan(s, t, k);
    p.finishes = 0;
    p.out_stride = stride;
    return p;
}
