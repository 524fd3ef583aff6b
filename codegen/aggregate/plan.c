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

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

static int power_below(int n, int most)
{
    int power = 1;
    while (power * 2 <= n && power * 2 <= most)
        power *= 2;
    return power;
}

static int divisor_below(int n, int most)
{
    int d = most < n ? most : n;
    while (n % d)
        d--;
    return d;
}

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
    int64_t entries = p->per_block + 2 * p->lanes;
    int64_t elements = round_up(entries * p->fp_bytes, 64);
    const struct {
        int64_t *at, bytes;
    } parts[] = {
        { &p->at, entries * 4 },
        { &p->dead, entries * 4 },
        { &p->weights, 4 * elements },
        { &p->terms, p->softmax ? elements : 0 },
        { &p->offsets, p->packed ? 2 * elements : 0 },
        { &p->masks, p->packed || p->softmax ? elements : 0 },
    };
    int64_t end = 0;
    for (int i = 0; i < (int)(sizeof parts / sizeof *parts); i++) {
        *parts[i].at = end;
        end = round_up(end + parts[i].bytes, 64);
    }
    p->thread_bytes = round_up(end, 4096) + 64 * 5; /* threads share no line, nor all sets */
}

AggregatePlan aggregate_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    AggregatePlan p = { .s = s, .fp_bytes = (int)dcn_dtype_bytes(s->dtype) };
    p.lanes = problem_vector(s, t);
    p.points = s->kernel[0] * s->kernel[1] - (s->remove_center ? 1 : 0);
    p.groups = s->offset_groups;
    p.width = (int)(s->in_channels / p.groups);
    p.parts = divisor_below(p.groups, k[AGG_BLOCK]);
    p.pixels = p.parts == p.groups ? k[AGG_BLOCK] / p.groups : 1;
    p.per_block = p.pixels * p.parts * p.points;
    p.th = k[AGG_TILE_H];
    p.tw = k[AGG_TILE_W];
    p.ahead = k[AGG_PREFETCH_ROWS];
    p.next = k[AGG_PREFETCH_BLOCKS];
    p.stream = k[AGG_NONTEMPORAL];
    p.permute = k[AGG_COEFF_SHUFFLES];
    p.sums = t->registers / 2;
    p.beside = power_below(p.pixels * p.parts, k[AGG_JAM]);
    p.sum_lanes = power_below(p.width, p.lanes);
    p.softmax = s->modulation == DCN_MODULATION_SOFTMAX;
    p.finishes = 1;
    p.out_stride = (int)s->in_channels;
    if (s->op == DCN_OP_DCNV4)
        p.packed = (int)round_up(3 * (int64_t)p.groups * p.points, 8);
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
