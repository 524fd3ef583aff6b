/* rowwise.c: the small operations between the operators of a module, on rows of a channels-last
** map.
**
**     norm     x = act((x - mean) / sqrt(var + eps) * weight + bias)        mean and var over the row
**     blend    y = act(y*(1 - c) + x*c),  c = sigmoid(logit of the channel's group)
**     interleave   [2][n] -> [n][2] within the row
**
** The mean is taken first and the variance from the differences: the usual sum of squares loses
** digits.
**
** A task is some rows that follow one another: as many as leave TASKS of them, which keeps many
** threads busy and is little to hand out.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/math/math.h"
#include "codegen/module/module.h"

enum { TASKS = 256 };

typedef struct Rows {
    const Stage *st;
    addr tensor[4];
    idx count, per_task;
} Rows;

/* ---- norm ----------------------------------------------------------------------------------- */

/* The sum over the lanes, in every lane. */
static fvec sum_lanes(Emit *e, fvec x)
{
    for (int s = e->lanes / 2; s >= 1; s /= 2) {
        int from[EMIT_MAX_LANES];
        for (int i = 0; i < e->lanes; i++)
            from[i] = i ^ s;
        x = f_add(e, x, f_permute(e, x, from));
    }
    return x;
}

/* The mean of x, or of (x - mean)^2, over a row of n. */
static fvec mean_of(Emit *e, addr row, int64_t n, const fvec *mean)
{
    fvec zero = f_const(e, 0);
    var sum = v_float(e, zero);
    EMIT_VECTORS (e, c, x_const(e, n)) {
        fvec x = p_load(e, p_at(e, row, c.at), c.live), d = mean ? f_sub(e, x, *mean) : x;
        if (mean && c.live.v)
            d = f_select(e, c.live, d, zero);
        v_set(e, sum, mean ? f_fma(e, d, d, v_get(e, sum)) : f_add(e, d, v_get(e, sum)));
    }
    return f_mul(e, sum_lanes(e, v_get(e, sum)), f_const(e, 1.0 / (double)n));
}

static void norm_row(Emit *e, const Rows *r, idx row)
{
    const Rowwise *rows = &r->st->rows;
    int64_t n = rows->channels;
    addr x = p_at(e, r->tensor[0], x_mulk(e, row, n));
    fvec mean = mean_of(e, x, n, NULL), variance = mean_of(e, x, n, &mean);
    fvec deviation = f_sqrt(e, f_add(e, variance, f_const(e, rows->eps)));
    fvec scale = f_div(e, f_const(e, 1), deviation);
    EMIT_VECTORS (e, c, x_const(e, n)) {
        addr at = p_at(e, x, c.at);
        fvec d = f_mul(e, f_sub(e, p_load(e, at, c.live), mean), scale);
        fvec weight = p_load(e, p_at(e, r->tensor[1], c.at), c.live);
        fvec y = f_fma(e, d, weight, p_load(e, p_at(e, r->tensor[2], c.at), c.live));
        p_store(e, at, emit_activation(e, rows->activation, y), c.live);
    }
}

/* ---- blend and interleave -------------------------------------------------------------------- */

static void blend_row(Emit *e, const Rows *r, idx row)
{
    const Rowwise *rows = &r->st->rows;
    int64_t groups = rows->groups, channels = rows->channels / groups;
    addr logits = p_at(e, r->tensor[2], x_mulk(e, row, groups));
    EMIT_FOR (e, g, x_const(e, 0), x_const(e, groups), 1) {
        fvec share = emit_sigmoid(e, p_splat(e, p_at(e, logits, g.at)));
        idx first = x_add(e, x_mulk(e, row, rows->channels), x_mulk(e, g.at, channels));
        EMIT_VECTORS (e, c, x_const(e, channels)) {
            idx at = x_add(e, first, c.at);
            addr to = p_at(e, r->tensor[0], at);
            fvec y = p_load(e, to, c.live), x = p_load(e, p_at(e, r->tensor[1], at), c.live);
            fvec kept = f_mul(e, y, f_sub(e, f_const(e, 1), share));
            fvec blended = f_fma(e, x, share, kept);
            p_store(e, to, emit_activation(e, rows->activation, blended), c.live);
        }
    }
}

static void interleave_row(Emit *e, const Rows *r, idx row)
{
    int64_t n = r->st->rows.channels / 2;
    idx first = x_mulk(e, row, 2 * n);
    EMIT_FOR (e, j, x_const(e, 0), x_const(e, n), 1) {
        for (int i = 0; i < 2; i++) {
            idx from = x_add(e, first, x_addk(e, j.at, i * n));
            idx to = x_add(e, first, x_addk(e, x_mulk(e, j.at, 2), i));
            p_copy_one(e, p_at(e, r->tensor[1], to), p_at(e, r->tensor[0], from));
        }
    }
}

/* ---- entry points ---------------------------------------------------------------------------- */

static Rows load(Emit *e, const Stage *st, addr args)
{
    Rows r = { .st = st, .count = x_const(e, 1) };
    for (int i = 0; i < st->n; i++)
        r.tensor[i] = p_get_addr(e, p_at_word(e, args, x_const(e, i)));
    for (int i = 0; i < 3; i++)
        r.count = x_mul(e, r.count, p_get_i64(e, p_at_word(e, args, x_const(e, st->n + i))));
    r.per_task = x_div(e, x_addk(e, r.count, TASKS - 1), x_const(e, TASKS));
    return r;
}

static void emit_run(Emit *e, Kernel *kernel, const Stage *st)
{
    static void (*const body[])(Emit *, const Rows *, idx) = {
        [STAGE_NORM] = norm_row,
        [STAGE_BLEND] = blend_row,
        [STAGE_INTERLEAVE] = interleave_row,
    };
    RunArgs in = kernel_run_begin(e, kernel);
    Rows r = load(e, st, in.args);
    idx first = x_mul(e, in.first, r.per_task);
    idx last = x_min(e, x_mul(e, in.last, r.per_task), r.count);
    EMIT_FOR (e, row, first, last, 1) {
        body[st->kind](e, &r, row.at);
    }
    e_fn_end(e);
}

static void emit_tasks(Emit *e, Kernel *kernel, const Stage *st)
{
    TasksArgs in = kernel_tasks_begin(e, kernel);
    Rows r = load(e, st, in.args);
    idx some = x_max(e, r.per_task, x_const(e, 1)); /* no image, no rows */
    e_return(e, x_div(e, x_addk(e, x_add(e, r.count, some), -1), some));
    kernel->phases = 1;
}

void stages_emit_rows(Emit *e, Kernel *kernel, const Stage *st)
{
    emit_run(e, kernel, st);
    emit_tasks(e, kernel, st);
    kernel_workspace(e, kernel, NULL, 0, NULL);
}
