/* cost.c: how long sums of samples take, worked out and not measured.
**
**     (pixel, group) = places + sums + memory                     cycles
**     sums           = max(loads, work of the vector units)
**     memory         = what comes from beyond L2; what is not prefetched waits there
**
** See tiled_cost.c for what the number is good for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/aggregate/aggregate.h"

static const double VECTOR = 28,
                    EXP = 12;   /* of a vector of points: where it looks, and the softmax */
static const double CALL = 120; /* of a block */
static const double LOADS = 1.8, UNITS = 1.9, MEMORY = 9; /* per cycle; the last in bytes */
static const double WAIT = 12, GATHER = 5, EDGE = 0.3;
/* Rows and columns beyond its own that a tile's offsets reach: three deviations. */
enum { REACH = 3 * COST_OFFSET_DEVIATION };

static double places(const AggregatePlan *p)
{
    double vectors = cost_ceil_div(p->per_block, p->lanes), groups = (double)p->pixels * p->parts;
    double each = VECTOR * (1 + EDGE) + (p->softmax ? EXP : 0);
    return (vectors * each + CALL) / groups + (p->packed ? GATHER : 0);
}

static double sums(const AggregatePlan *p)
{
    double vectors = cost_ceil_div(p->width, p->sum_lanes), samples = 4.0 * p->points * vectors;
    double visits =
        p->points * cost_ceil_div(vectors, 8); /* of a point, by vectors summed together */
    double broadcasts = visits * (4 - p->permute + (p->permute > 0)), addresses = visits;
    double loads = samples + broadcasts + addresses;
    return cost_larger(loads / LOADS, (samples + visits * p->permute) / UNITS);
}

/* Rows that come in for every row of outputs, beyond those that are still there. */
static double memory(const AggregatePlan *p)
{
    double group = (double)p->width * p->fp_bytes, inputs = 3.0 * p->points * p->fp_bytes;
    double rows = p->s->stride[0] * (1 + 0.25 * REACH / p->th), cols = p->s->stride[1];
    if (p->tw)
        cols *= 1 + 0.25 * REACH / p->tw;
    double bytes = inputs + group * rows * cols + group * (p->stream || !p->finishes ? 1 : 1.6);
    double late = p->ahead ? cost_larger(0, 8 - p->ahead) / 8 : 1;
    return bytes / MEMORY * 0.5 + WAIT * late * group * rows * cols / 64 - (p->next ? 0.5 : 0);
}

double aggregate_tile_cost(const AggregatePlan *p, double pixels)
{
    return pixels * p->groups * (places(p) + sums(p) + memory(p)) / COST_CYCLES_PER_NS;
}

double aggregate_cost(const dcn_spec *s, const dcn_target *t, const int *k, int threads)
{
    AggregatePlan p = aggregate_plan(s, t, k);
    double rows = (double)cost_out_rows(s), cols = (double)cost_out_cols(s);
    double width = p.tw ? p.tw : cols, images = cost_images(s);
    double tasks = images * cost_ceil_div(rows, p.th) * cost_ceil_div(cols, width);
    double whole = aggregate_tile_cost(&p, images * rows * cols) / tasks;
    double ragged = cost_ceil_div(width, p.pixels) * p.pixels / width; /* the last block of a row */
    return cost_ceil_div(tasks, threads) * whole * (1 + 0.1 * (ragged - 1));
}
