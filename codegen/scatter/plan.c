/* plan.c: what follows from spec, target and knobs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/scatter/scatter.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/shape.h"

enum { ENTRY_BYTES = 4, WORD_BYTES = 8, FLAGS = 2 };

/* Every array has room for whole vectors of points: two more, as one may begin at the last point. */
static ScatterScratch plan_scratch(const ScatterPlan *p)
{
    const int64_t entries = p->block.points + 2 * p->lanes, fp = p->fp_bytes;
    const bool input = p->want.input, dots = p->want.dots, own = scatter_own_masks(p);
    WorkspaceLayout w = { 0 };
    ScatterScratch at;
    at.at = workspace_add(&w, entries * ENTRY_BYTES);
    at.absent = workspace_add(&w, input ? entries * ENTRY_BYTES : 0);
    at.coeff = workspace_add(&w, input ? entries * CORNERS * fp : 0);
    at.dots = workspace_add(&w, dots ? entries * CORNERS * fp : 0);
    at.offsets = workspace_add(&w, p->copies ? entries * 2 * fp : 0);
    at.masks = workspace_add(&w, own && p->modulated ? entries * fp : 0);
    at.grad_offsets = workspace_add(&w, p->copies && p->want.offset ? entries * 2 * fp : 0);
    at.grad_masks = workspace_add(&w, own && p->want.mask ? entries * fp : 0);
    at.scales = workspace_add(&w, p->softmax ? entries * fp : 0);
    at.rows = workspace_add(&w, 2 * WORD_BYTES);
    at.bytes = workspace_thread_bytes(&w);
    return at;
}

static ScatterWant want_of(const dcn_spec *s)
{
    const rt_operand_set wanted = rt_wanted(s);
    const bool packed = rt_op_has(s->op, RT_PACKED_OFFSETS);
    ScatterWant w = { .input = rt_operand_in(RT_INPUT, wanted) };
    w.offset = rt_operand_in(packed ? RT_OFFSET_MASK : RT_OFFSET, wanted);
    w.mask = rt_operand_in(packed ? RT_OFFSET_MASK : RT_MASK, wanted);
    w.dots = w.offset || w.mask;
    return w;
}

ScatterPlan scatter_plan(const dcn_spec *s, const dcn_target *t, const int *k)
{
    ScatterPlan p = { .s = s, .fp_bytes = (int)dcn_dtype_bytes(s->dtype) };
    const int some = k[SCATTER_TASK_GROUPS];
    p.lanes = problem_vector(s, t);
    p.want = want_of(s);
    p.points = rt_points(s);
    p.groups = s->offset_groups;
    p.group_channels = (int)(s->in_channels / p.groups);
    p.task_groups = some && some < p.groups ? some : p.groups;
    p.parts = p.groups / p.task_groups;
    p.packed = rt_op_has(s->op, RT_PACKED_OFFSETS) ? (int)rt_packed_channels(s) : 0;
    p.block = points_block(s, p.task_groups, k[SCATTER_BLOCK]);
    /* The fewest lanes that hold a group's channels, as the largest power of two below twice as many is; all for
    ** longer ones. */
    p.vector_lanes = int_power_of_two(2 * p.group_channels - 1, p.lanes);
    p.vectors = (int)int_ceil_div(p.group_channels, p.vector_lanes);
    p.tile_w = k[SCATTER_TILE_W];
    p.bands = k[SCATTER_BANDS];
    p.compact = k[SCATTER_COMPACT];
    p.pixel = p.compact ? p.group_channels : (int)s->in_channels;
    p.copies = p.packed || (p.block.pixels > 1 && p.block.groups < p.groups);
    p.softmax = s->modulation == DCN_MODULATION_SOFTMAX;
    p.modulated = p.packed || rt_operand_in(RT_MASK, rt_gradient_reads(s, rt_wanted(s)));
    p.scratch = plan_scratch(&p);
    return p;
}

/* ---- the shared workspace ---------------------------------------------------------------- */

ScatterShared scatter_shared(Emit *e, const ScatterPlan *p, const Problem *pb, addr workspace)
{
    ScatterShared at = { .bytes = x_const(e, 0) };
    if (!p->want.input && !p->compact)
        return at;
    idx rows = x_mul(e, pb->n, pb->h);
    idx map = x_mulk(e, x_mul(e, rows, pb->w), p->s->in_channels * p->fp_bytes);
    at.flags = workspace_take(e, workspace,
                              x_mulk(e, rows, (int64_t)p->bands * p->parts * FLAGS * WORD_BYTES),
                              &at.bytes);
    if (p->bands > 1 && p->want.input)
        at.maps = workspace_take(e, workspace, x_mulk(e, map, p->bands), &at.bytes);
    return at;
}
