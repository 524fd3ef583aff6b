/* lower_stages.c: a module as its stages, one after another inside one object.
**
** Every stage is emitted whole, as functions of this object only; the module's entry points hand phases on:
**
**     phases       those of stage 0, then those of stage 1, ...
**     workspace    [slot 0][slot 1]...[the workspace of the stage in hand]
**     pack         that of the stage that reads the operand
** SPDX-License-Identifier: Apache-2.0
*/
#include "lower.h"
#include "stages.h"

#include <stdio.h>
#include <string.h>

enum { ARGS_WORDS = DCN_MAX_TENSORS + 4, ALIGN = 64 };

/* The functions of the stages, in the module being written. */
typedef struct Parts {
    const Stages *g;
    LLVMValueRef run[MAX_STAGES], tasks[MAX_STAGES], workspace[MAX_STAGES];
    int first_phase[MAX_STAGES + 1];
} Parts;

/* ---- choosing ----------------------------------------------------------------------------------- */

static const char *choose(Stages *g, const dcn_target *t)
{
    for (int i = 0; i < g->n; i++)
        if (g->stage[i].kind == STAGE_OPERATOR &&
            sched_guess(&g->stage[i].s, t, &g->stage[i].how, NULL))
            return "no lowering takes one of its stages";
    return NULL;
}

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    (void)k;
    Stages g;
    stages_of(s, &g);
    return choose(&g, t);
}

static void guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    (void)s, (void)t, (void)k;
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    (void)k;
    Stages g;
    stages_of(s, &g);
    choose(&g, t);
    size_t n = 0;
    for (int i = 0; i < g.n && n < size; i++) {
        const Stage *st = &g.stage[i];
        char how[DCN_TEXT_MAX] = "by rows";
        if (st->kind == STAGE_OPERATOR)
            sched_print(&st->how, how, sizeof how);
        n += (size_t)snprintf(buf + n, size - n, "%s: %s\n", st->s.name, how);
    }
}

/* ---- sizes ---------------------------------------------------------------------------------------- */

static void sizes_of(Emit *e, const Problem *pb, const Stage *st, idx size[4])
{
    int out = st->grid == GRID_OUT;
    size[0] = pb->n;
    size[1] = out ? pb->p : pb->h;
    size[2] = out ? pb->q : pb->w;
    size[3] = pb->r;
    if (st->grid == GRID_ROIS) {
        size[0] = size[1] = x_const(e, 1);
        size[2] = x_mulk(e, pb->r, st->per_roi);
    }
}

static idx between_bytes(Emit *e, const Problem *pb, const Between *b)
{
    idx pixels = b->grid == GRID_OUT ? x_mul(e, pb->p, pb->q) : x_mul(e, pb->h, pb->w);
    idx maps = b->grid == GRID_ROIS ? pb->r : x_mul(e, pb->n, pixels);
    return x_round_up(e, x_mulk(e, maps, b->channels * e->fp_bytes), ALIGN);
}

/* Where slot `slot` begins; with slot = nslots, where they end. */
static idx slot_at(Emit *e, const Problem *pb, const Stages *g, int slot)
{
    idx at = x_const(e, 0);
    for (int i = 0; i < slot; i++) {
        idx most = x_const(e, 0);
        for (int j = 0; j < g->nbetween; j++)
            if (g->between[j].slot == i)
                most = x_max(e, most, between_bytes(e, pb, &g->between[j]));
        at = x_add(e, at, most);
    }
    return at;
}

/* ---- calling a stage ---------------------------------------------------------------------------- */

static int operands_of(const Stage *st, StageRef ref[DCN_MAX_TENSORS])
{
    if (st->kind != STAGE_OPERATOR) {
        memcpy(ref, st->ref, sizeof st->ref);
        return st->n;
    }
    dcn_tensor t[DCN_MAX_TENSORS];
    int n = dcn_spec_tensors(&st->s, t);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < st->n; j++)
            if (strcmp(t[i].name, st->tensor[j]) == 0)
                ref[i] = st->ref[j];
    return n;
}

/* The stage's argument block; without a workspace only its sizes. */
static void fill(Emit *e, const Problem *pb, const Parts *p, int i, addr block, addr workspace)
{
    const Stage *st = &p->g->stage[i];
    StageRef ref[DCN_MAX_TENSORS];
    idx size[4];
    int n = operands_of(st, ref);
    sizes_of(e, pb, st, size);
    for (int j = 0; j < 4; j++)
        p_put_i64(e, p_at_i64(e, block, x_const(e, n + j)), size[j]);
    for (int j = 0; j < n && workspace.v; j++) {
        addr tensor = ref[j] >= 0 ? pb->operand[ref[j]] : workspace;
        if (ref[j] < 0)
            tensor = p_at_bytes(e, tensor, slot_at(e, pb, p->g, p->g->between[~ref[j]].slot));
        p_put_addr(e, p_at_addr(e, block, x_const(e, j)), tensor);
    }
}

static cond in_stage(Emit *e, const Parts *p, int i, idx phase)
{
    return c_and(e, x_less(e, x_const(e, p->first_phase[i] - 1), phase),
                 x_less(e, phase, x_const(e, p->first_phase[i + 1])));
}

/* ---- entry points ----------------------------------------------------------------------------------- */

static void emit_tasks(Emit *e, const Parts *p)
{
    enum { ARGS, PHASE };
    const LLVMTypeRef args[] = { e->ptr, e->i64 };
    lower_entry(e, p->g->s, "_tasks", e->i64, 2, args);
    Problem pb = problem_load(e, p->g->s, e_arg_addr(e, ARGS));
    addr block = p_words(e, ARGS_WORDS);
    var n = v_index(e, x_const(e, -1));
    idx phase = e_arg_idx(e, PHASE);
    for (int i = 0; i < p->g->n; i++) {
        EMIT_IF (e, in_stage(e, p, i, phase)) {
            fill(e, &pb, p, i, block, (addr){ NULL });
            idx own = x_addk(e, phase, -p->first_phase[i]);
            LLVMValueRef give[] = { block.v, own.v };
            v_index_set(e, n, (idx){ e_call_fn(e, p->tasks[i], 2, give) });
        }
    }
    e_return(e, v_index_get(e, n));
}

static void emit_run(Emit *e, const Parts *p)
{
    lower_run_begin(e, p->g->s);
    Problem pb = problem_load(e, p->g->s, e_arg_addr(e, RUN_ARGS));
    addr block = p_words(e, ARGS_WORDS), workspace = e_arg_addr(e, RUN_WORKSPACE);
    addr rest = p_at_bytes(e, workspace, slot_at(e, &pb, p->g, p->g->nslots));
    idx phase = e_arg_idx(e, RUN_PHASE);
    for (int i = 0; i < p->g->n; i++) {
        EMIT_IF (e, in_stage(e, p, i, phase)) {
            fill(e, &pb, p, i, block, workspace);
            LLVMValueRef give[] = { block.v,
                                    x_addk(e, phase, -p->first_phase[i]).v,
                                    e_arg_idx(e, RUN_FIRST).v,
                                    e_arg_idx(e, RUN_LAST).v,
                                    rest.v,
                                    e_arg_idx(e, RUN_THREAD).v };
            e_call_fn(e, p->run[i], 6, give);
        }
    }
    e_fn_end(e);
}

static void emit_workspace(Emit *e, const Parts *p)
{
    enum { THREADS = 4 };
    const LLVMTypeRef args[] = { e->i64, e->i64, e->i64, e->i64, e->i64 };
    lower_entry(e, p->g->s, "_workspace_bytes", e->i64, 5, args);
    idx given[4], most = x_const(e, 0);
    for (int i = 0; i < 4; i++)
        given[i] = e_arg_idx(e, i);
    Problem pb = problem_of_sizes(e, p->g->s, given);
    for (int i = 0; i < p->g->n; i++) {
        idx size[4];
        sizes_of(e, &pb, &p->g->stage[i], size);
        LLVMValueRef give[] = { size[0].v, size[1].v, size[2].v, size[3].v,
                                e_arg_idx(e, THREADS).v };
        most = x_max(e, most, (idx){ e_call_fn(e, p->workspace[i], 5, give) });
    }
    e_return(e, x_add(e, slot_at(e, &pb, p->g, p->g->nslots), most));
}

/* ---- weights ---------------------------------------------------------------------------------------- */

static LLVMValueRef function(Emit *e, const Stage *st, const char *suffix)
{
    char name[DCN_NAME_MAX + 32];
    snprintf(name, sizeof name, "%s%s", st->s.name, suffix);
    return LLVMGetNamedFunction(e->mod, name);
}

/* Hand pack or packed_bytes of each packed operand on to its stage. */
static void emit_packing(Emit *e, const Stages *g)
{
    lower_pack_begin(e, g->s);
    idx which = e_arg_idx(e, PACK_WHICH);
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            StageRef ref = g->stage[i].ref[j];
            if (ref < 0 || ref >= g->ntensors || g->tensor[ref].role != DCN_WEIGHT)
                continue;
            EMIT_IF (e, x_equal(e, which, x_const(e, ref))) {
                LLVMValueRef give[] = { which.v, e_arg_addr(e, PACK_FROM).v,
                                        e_arg_addr(e, PACK_TO).v };
                e_call_fn(e, function(e, &g->stage[i], "_pack"), 3, give);
            }
        }
    e_fn_end(e);
}

static void emit_packed_bytes(Emit *e, const Stages *g)
{
    const LLVMTypeRef args[] = { e->i64 };
    lower_entry(e, g->s, "_packed_bytes", e->i64, 1, args);
    idx which = e_arg_idx(e, 0), bytes = x_const(e, 0);
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            StageRef ref = g->stage[i].ref[j];
            if (ref < 0 || ref >= g->ntensors || g->tensor[ref].role != DCN_WEIGHT)
                continue;
            LLVMValueRef fn = function(e, &g->stage[i], "_packed_bytes");
            idx n = { e_call_fn(e, fn, 1, &which.v) };
            bytes = x_select(e, x_equal(e, which, x_const(e, ref)), n, bytes);
        }
    e_return(e, bytes);
}

/* ---- the whole ------------------------------------------------------------------------------------ */

/* The functions of every stage, internal to the object. */
static void emit_stages(Emit *e, const dcn_target *t, Parts *p)
{
    int lanes = e->lanes;
    e->internal = 1;
    for (int i = 0; i < p->g->n; i++) {
        const Stage *st = &p->g->stage[i];
        if (st->kind == STAGE_OPERATOR)
            st->how.how->emit(e, &st->s, t, st->how.k);
        else
            stages_emit_rows(e, st);
        e_lanes(e, lanes);
        p->run[i] = function(e, st, "_run");
        p->tasks[i] = function(e, st, "_tasks");
        p->workspace[i] = function(e, st, "_workspace_bytes");
        p->first_phase[i + 1] = p->first_phase[i] + e->phases;
    }
    e->internal = 0;
}

static void emit(Emit *e, const dcn_spec *s, const dcn_target *t, const int *k)
{
    (void)k;
    Stages g;
    Parts p = { .g = &g };
    stages_of(s, &g);
    choose(&g, t);
    emit_stages(e, t, &p);
    emit_packing(e, &g);
    emit_packed_bytes(e, &g);
    emit_workspace(e, &p);
    emit_tasks(e, &p);
    emit_run(e, &p);
}

const struct Lowering lower_stages = {
    .name = "stages",
    .summary = "the operators that a module is made of, one after another",
    .rev = 1,
    .ops = 1u << DCN_OP_DEFORM_CONV2D_PACK | 1u << DCN_OP_SEPARABLE_CONV2D,
    .refuse = refuse,
    .guess = guess,
    .explain = explain,
    .emit = emit,
};
