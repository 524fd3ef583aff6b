/* cost.c: how long a scatter kernel takes, worked out and not measured: the sample table and the
** offsets by vectors of points, the pass by vectors of corners.
**
** The rates are estimates, from counts of instructions; see kernel/cost.h for what the number is good
** for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/scatter/scatter.h"

/* Cycles of a vector of points: in the table, of its offsets; a term of a softmax. */
static const double TABLE = 36, OFFSETS = 45, EXP = 14;
static const double CALLS = 300; /* all calls of the functions of a block */
static const double COPY = 0.5;  /* an element that is copied to or from the workspace */
/* Cycles of a corner, per vector of channels: added to, multiplied; of its coefficient, of its dot. */
static const double ADD = 1.3, DOT = 0.7, COEFF = 0.4, SUM = 1.6;
static const double GROUP = 12, SOFTMAX = 50; /* a (pixel, group) */
static const double MEMORY = 6;               /* bytes per cycle from beyond L2 */
static const double SHOWN = 0.5;              /* the part of their time that work does not hide */
static const double FAR = 1.6;   /* how much dearer corners are where pixels lie far apart */
static const double ROW_SUM = 1; /* an element of a row that a band has for another */
/* An element of the rows of other bands that a band has, too: cleared, copied, copied back. */
static const double OVERLAP = 3;
enum { REACH = 3 * COST_OFFSET_DEVIATION };

/* Elements of all rows that bands have of each other. */
static double overlap_elements(const ScatterPlan *p, double in_rows, double cols)
{
    double each = 2.0 * REACH * (p->bands - 1), most = in_rows * (p->bands - 1);
    if (!p->want.input && !p->compact)
        return 0;
    return (each < most ? each : most) * cols * p->s->stride[1] * (double)p->s->in_channels;
}

static double block_cycles(const ScatterPlan *p)
{
    double vectors = cost_ceil_div(p->block.points, p->lanes), each = TABLE;
    if (p->want.dots)
        each += OFFSETS;
    if (p->softmax)
        each += EXP;
    double elements = p->copies ? 3.0 * p->block.points * (p->want.dots ? 2 : 1) : 0;
    return vectors * each + CALLS + elements * COPY;
}

static double group_cycles(const ScatterPlan *p)
{
    double corners = 4.0 * p->points, cycles = GROUP + (p->softmax ? SOFTMAX : 0);
    if (p->want.input)
        cycles += corners * (p->vectors * ADD + COEFF);
    if (p->want.dots)
        cycles += corners * (p->vectors * DOT + SUM);
    return p->compact || p->groups == 1 ? cycles : cycles * FAR;
}

/* Maps pass once, as do offsets and masks; those that are written are read first. */
static double memory_cycles(const ScatterPlan *p)
{
    double channels = p->group_channels, points = 3.0 * p->points;
    double maps = 1 + (p->want.input ? 2 : 0) + (p->want.dots ? 1 : 0);
    if (p->compact)
        maps += (p->want.input ? 2 : 0) + (p->want.dots ? 1 : 0);
    double bytes = channels * maps + points * (p->want.dots ? 3 : 1);
    return bytes * p->fp_bytes / MEMORY * SHOWN;
}

int scatter_phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES])
{
    const ScatterPlan p = scatter_plan(s, t, k);
    double rows = (double)cost_out_rows(s), cols = (double)cost_out_cols(s);
    double images = cost_images(s), tasks = images * p.bands * p.parts;
    double width = p.tile_w && p.tile_w < cols ? p.tile_w : cols;
    double groups = (double)p.block.pixels * p.block.groups;
    double ragged = cost_ceil_div(width, p.block.pixels) * p.block.pixels / width;
    double each = block_cycles(&p) / groups * ragged + group_cycles(&p) + memory_cycles(&p);
    double in_rows = rows * s->stride[0];
    double cycles = rows * cols * images * p.groups * each +
                    OVERLAP * images * overlap_elements(&p, in_rows, cols);
    out[0] = (PhaseCost){ .tasks = tasks, .ns = cycles / tasks / COST_CYCLES_PER_NS };
    if (p.bands == 1 || !p.want.input)
        return 1;
    double shared = 2.0 * REACH * (p.bands - 1);
    double sums = (shared < in_rows ? shared : in_rows) * cols * (double)s->in_channels * ROW_SUM;
    out[1] = (PhaseCost){ .tasks = in_rows * images, .ns = sums / in_rows / COST_CYCLES_PER_NS };
    return 2;
}
