/* row_stages.c: the entry points of stages on rows.
**
**     phase 0   tasks of some rows each
**     phase 1   vectors of channels: what the tasks summed, in their order; only where there are sums
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/cost.h"
#include "codegen/kernel/gradient_out.h"
#include "codegen/kernel/intmath.h"
#include "codegen/module/rows.h"

/* Tasks of a stage, at most: enough for the threads of any machine.  A choice. */
enum { TASKS = 256 };

static const RowKind *kind_of(const Stage *st)
{
    static const RowKind *const kinds[NSTAGE_KINDS] = {
        [STAGE_NORM] = &rows_norm,
        [STAGE_BLEND] = &rows_blend,
        [STAGE_REORDER] = &rows_reorder,
        [STAGE_TRANSPOSE] = &rows_transpose,
        [STAGE_FINISH] = &rows_finish,
        [STAGE_NORM_BACK] = &rows_norm_back,
        [STAGE_BLEND_BACK] = &rows_blend_back,
        [STAGE_FINISH_BACK] = &rows_finish_back,
    };
    return kinds[st->kind];
}

static bool has_sums(const Stage *st)
{
    const RowKind *kind = kind_of(st);
    for (int i = 0; i < ROWS_SUMS; i++)
        if (kind->sum[i] && rows_number_of(st, kind->sum[i]) >= 0)
            return true;
    return false;
}

static idx size_at(Emit *e, const Rows *r, int i)
{
    return p_get_i64(e, p_at_word(e, r->args, x_const(e, r->st->n + i)));
}

static Rows load(Emit *e, const Stage *st, addr args)
{
    const int64_t tasks = has_sums(st) ? GRADIENT_MAX_SUMMING_TASKS : TASKS;
    Rows r = { .st = st, .args = args, .count = x_const(e, 1) };
    for (int i = 0; i < st->n; i++)
        r.tensor[i] = p_get_addr(e, p_at_word(e, args, x_const(e, i)));
    for (int i = 0; i < 3; i++)
        r.count = x_mul(e, r.count, size_at(e, &r, i));
    r.length = x_const(e, st->rows.channels);
    if (st->rows.planes) {
        r.length = x_mul(e, size_at(e, &r, 1), size_at(e, &r, 2));
        r.count = x_mulk(e, size_at(e, &r, 0), st->rows.channels);
    }
    r.per_task = x_ceil_div(e, r.count, tasks);
    return r;
}

/* ---- sums ------------------------------------------------------------------------------------ */

static int64_t sums_of_task(const Stage *st)
{
    return ROWS_SUMS * st->rows.channels;
}

static idx tasks_of(Emit *e, const Rows *r)
{
    idx some = x_max(e, r->per_task, x_const(e, 1)); /* no image, no rows */
    return x_div(e, x_addk(e, x_add(e, r->count, some), -1), some);
}

static void begin_sums(Emit *e, Rows *r, addr workspace, idx task)
{
    idx n = x_const(e, sums_of_task(r->st));
    r->sums = p_at(e, workspace, x_mul(e, task, n));
    EMIT_VECTORS (e, v, n) {
        p_store(e, p_at(e, r->sums, v.at), f_const(e, 0), v.live);
    }
}

/* What all tasks summed of some channels, in their order. */
static void add_up(Emit *e, const Rows *r, addr workspace, idx first)
{
    const RowKind *kind = kind_of(r->st);
    idx left = x_sub(e, x_const(e, r->st->rows.channels), first);
    mask live = m_below(e, x_min(e, left, x_const(e, e->lanes)));
    for (int i = 0; i < ROWS_SUMS; i++) {
        const GradientOut out =
            kind->sum[i] ? rows_gradient(e, r, kind->sum[i]) : (GradientOut){ .to = { NULL } };
        if (!out.to.v)
            continue;
        EMIT_IF (e, out.wanted) {
            var sum = v_float(e, f_const(e, 0));
            EMIT_FOR (e, task, x_const(e, 0), tasks_of(e, r), 1) {
                idx at =
                    x_add(e, x_mulk(e, task.at, sums_of_task(r->st)), rows_sum_at(e, r, i, first));
                v_set(e, sum, f_add(e, v_get(e, sum), p_load(e, p_at(e, workspace, at), live)));
            }
            gradient_store(e, &out, p_at(e, out.to, first), x_const(e, 1), v_get(e, sum), live);
        }
    }
}

/* ---- entry points ---------------------------------------------------------------------------- */

static void run_rows(Emit *e, const Rows *r, idx first_task, idx last_task)
{
    idx first = x_mul(e, first_task, r->per_task);
    idx last = x_min(e, x_mul(e, last_task, r->per_task), r->count);
    EMIT_FOR (e, row, first, last, 1) {
        kind_of(r->st)->body(e, r, row.at);
    }
}

static void run_with_sums(Emit *e, Rows *r, const RunArgs *in)
{
    EMIT_IF_ELSE (e, rows, x_equal(e, in->phase, x_const(e, 0))) {
        EMIT_FOR_OPAQUE (e, task, in->first, in->last, 1) {
            if (!rows.yes) {
                add_up(e, r, in->workspace, x_mulk(e, task.at, e->lanes));
            } else {
                begin_sums(e, r, in->workspace, task.at);
                run_rows(e, r, task.at, x_addk(e, task.at, 1));
            }
        }
    }
}

static void emit_run(Emit *e, Kernel *kernel, const Stage *st, LLVMValueRef transpose)
{
    RunArgs in = kernel_run_begin(e, kernel);
    Rows r = load(e, st, in.args);
    r.transpose = transpose;
    if (has_sums(st))
        run_with_sums(e, &r, &in);
    else
        run_rows(e, &r, in.first, in.last);
    e_fn_end(e);
}

static void emit_tasks(Emit *e, Kernel *kernel, const Stage *st)
{
    TasksArgs in = kernel_tasks_begin(e, kernel);
    Rows r = load(e, st, in.args);
    idx n = tasks_of(e, &r);
    if (has_sums(st)) {
        idx vectors = x_const(e, int_ceil_div(st->rows.channels, e->lanes));
        n = x_select(e, x_equal(e, in.phase, x_const(e, 0)), n, vectors);
    }
    e_return(e, n);
    kernel->phases = has_sums(st) ? 2 : 1;
}

static idx bytes_of_sums(Emit *e, const Problem *pb, const void *self)
{
    (void)pb;
    return x_const(e, GRADIENT_MAX_SUMMING_TASKS * sums_of_task(self) * e->fp_bytes);
}

void stages_emit_rows(Emit *e, Kernel *kernel, const Stage *st, LLVMValueRef transpose)
{
    emit_run(e, kernel, st, transpose);
    emit_tasks(e, kernel, st);
    kernel_workspace(e, kernel, has_sums(st) ? bytes_of_sums : NULL, 0, st);
}

/* ---- account --------------------------------------------------------------------------------- */

void stages_account_rows(const Stages *g, const Stage *st, StepPart *part)
{
    const int64_t rows = stages_rows(g->module, st->grid);
    const double tasks = (double)(rows < TASKS ? rows : TASKS);
    const double bytes =
        (double)(rows * st->rows.channels * st->n) * (double)dcn_dtype_bytes(g->module->dtype);
    if (rows == DCN_DYNAMIC)
        return;
    part->ncosts = part->kernel.phases;
    part->cost[0] = (PhaseCost){ .tasks = tasks, .ns = bytes / COST_FAR_BYTES_PER_NS / tasks };
}
