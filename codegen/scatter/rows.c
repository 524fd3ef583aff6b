/* rows.c: rows of grad_input: set to 0 when they are first reached, and what bands have for others' rows
** added in the order of the bands.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/scatter/scatter.h"

enum { FLAGS = 2 };

/* A run of elements, or more of them that stand `in_channels` apart: a task's channels of a row. */
typedef struct RowRuns {
    idx n;
    idx elements;
} RowRuns;

static RowRuns runs_of(Emit *e, const ScatterPlan *p, idx width)
{
    idx one = x_const(e, 1), all = x_mulk(e, width, p->s->in_channels);
    if (p->parts == 1)
        return (RowRuns){ one, all };
    return (RowRuns){ width, x_const(e, (int64_t)p->task_groups * p->group_channels) };
}

/* ---- zeros ---------------------------------------------------------------------------------- */

static void clear_row(Emit *e, const ScatterPlan *p, addr row, idx width)
{
    const RowRuns runs = runs_of(e, p, width);
    EMIT_FOR (e, run, x_const(e, 0), runs.n, 1) {
        addr to = p_at(e, row, x_mulk(e, run.at, p->s->in_channels));
        EMIT_VECTORS (e, v, runs.elements) {
            p_store(e, p_at(e, to, v.at), f_const(e, 0), v.live);
        }
    }
}

static const Param rows_param[] = { PARAM(ScatterRowsArgs, to), PARAM(ScatterRowsArgs, flags),
                                    PARAM(ScatterRowsArgs, width), PARAM(ScatterRowsArgs, first),
                                    PARAM(ScatterRowsArgs, last) };
static const Params rows_params = PARAMS(ScatterRowsArgs, rows_param);

LLVMValueRef scatter_emit_rows(Emit *e, const ScatterPlan *p)
{
    ScatterRowsArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "clear_rows", 1, e->none, &rows_params, &in);
    idx row = x_mulk(e, in.width, p->s->in_channels);
    EMIT_FOR_OPAQUE (e, y, in.first, in.last, 1) {
        addr flag = p_at_word(e, in.flags, y.at);
        EMIT_IF (e, x_equal(e, p_get_i64(e, flag), x_const(e, 0))) {
            p_put_i64(e, flag, x_const(e, 1));
            clear_row(e, p, p_at(e, in.to, x_mul(e, y.at, row)), in.width);
        }
    }
    e_fn_end(e);
    return fn;
}

void scatter_call_rows(Emit *e, LLVMValueRef fn, const ScatterRowsArgs *in)
{
    e_call_with(e, fn, &rows_params, in);
}

/* ---- sums ----------------------------------------------------------------------------------- */

/* A row of a band's map to that of the tensor: a task's channels. */
static void add_row(Emit *e, const ScatterPlan *p, addr to, addr from, idx width)
{
    const RowRuns runs = runs_of(e, p, width);
    EMIT_FOR_OPAQUE (e, run, x_const(e, 0), runs.n, 1) {
        idx at = x_mulk(e, run.at, p->s->in_channels);
        EMIT_VECTORS (e, v, runs.elements) {
            addr sum = p_at(e, to, x_add(e, at, v.at)), part = p_at(e, from, x_add(e, at, v.at));
            p_store(e, sum, f_add(e, p_load(e, sum, v.live), p_load(e, part, v.live)), v.live);
        }
    }
}

/* Flag of row y of the map of a band. */
static addr flag_of(Emit *e, const ScatterPlan *p, const Problem *pb, addr flags, const idx at[3],
                    idx y)
{
    idx task = x_add(e, x_mulk(e, at[0], p->bands), at[1]);
    task = x_add(e, x_mulk(e, task, p->parts), at[2]);
    idx row = x_mul(e, x_addk(e, x_mulk(e, task, FLAGS), 1), pb->h);
    return p_at_word(e, flags, x_add(e, row, y));
}

static const Param sum_param[] = { PARAM(ScatterSumArgs, args), PARAM(ScatterSumArgs, workspace),
                                   PARAM(ScatterSumArgs, number) };
static const Params sum_params = PARAMS(ScatterSumArgs, sum_param);

static void sum_row(Emit *e, const ScatterPlan *p, const Problem *pb, const ScatterSumArgs *in,
                    addr to)
{
    const ScatterShared shared = scatter_shared(e, p, pb, in->workspace);
    idx n = x_div(e, in->number, pb->h), y = x_rem(e, in->number, pb->h);
    idx row = x_mulk(e, x_mul(e, in->number, pb->w), p->s->in_channels);
    idx map = x_mulk(e, x_mul(e, x_mul(e, pb->n, pb->h), pb->w), p->s->in_channels);
    EMIT_FOR_OPAQUE (e, part, x_const(e, 0), x_const(e, p->parts), 1) {
        idx channel = x_mulk(e, part.at, (int64_t)p->task_groups * p->group_channels);
        idx first = x_add(e, row, channel);
        EMIT_FOR_OPAQUE (e, band, x_const(e, 0), x_const(e, p->bands), 1) {
            const idx at[3] = { n, band.at, part.at };
            addr flag = flag_of(e, p, pb, shared.flags, at, y);
            EMIT_IF (e, x_less(e, x_const(e, 0), p_get_i64(e, flag))) {
                addr from = p_at(e, shared.maps, x_add(e, first, x_mul(e, band.at, map)));
                add_row(e, p, p_at(e, to, first), from, pb->w);
            }
        }
    }
}

LLVMValueRef scatter_emit_sum(Emit *e, const ScatterPlan *p)
{
    ScatterSumArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "sum", 1, e->none, &sum_params, &in);
    Problem pb = problem_load(e, p->s, in.args);
    GradientOut out = gradient_out(e, &pb, in.args, RT_INPUT);
    EMIT_IF (e, out.wanted) {
        sum_row(e, p, &pb, &in, out.to);
    }
    e_fn_end(e);
    return fn;
}

void scatter_call_sum(Emit *e, LLVMValueRef fn, const ScatterSumArgs *in)
{
    e_call_with(e, fn, &sum_params, in);
}
