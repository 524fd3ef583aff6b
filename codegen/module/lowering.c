/* lowering.c: a module as its stages, one after another inside one object.
**
** Every stage is emitted whole, as functions of this object only; the module's entry points hand phases on:
**
**     phases       those of stage 0, then those of stage 1, ...
**     workspace    [slot 0][slot 1]...[the workspace of the stage in hand]
**     pack         that of the stage that reads the operand
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/entry.h"
#include "codegen/module/module.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { ARGS_WORDS = MAX_STAGE_OPERANDS + 4, ALIGN = 64 };

/* The stages as kernels inside the module being written. */
typedef struct Parts {
    const Stages *g;
    Kernel stage[MAX_STAGES];
    int first_phase[MAX_STAGES + 1];
} Parts;

/* ---- choosing ----------------------------------------------------------------------------------- */

/* Every stage has the schedule that is guessed for its operator, but for what the knobs say: those of the core
** narrow the one stage that the module is there for, those of the side every other that can follow.  They
** are knobs of the stages' own lowerings. */
enum {
    CORE_MR,
    CORE_NV,
    CORE_TH,
    CORE_TW,
    CORE_CB,
    CORE_ORDER,
    SIDE_MR,
    SIDE_NV,
    SIDE_TH,
    SIDE_TW
};
enum { NKNOBS = SIDE_TW + 1, GUESSED = -1 };

/* A knob that a stage's own guess stands for unless it is set. */
#define NARROWS(text, says, ...)                                                                   \
    &(const Knob)                                                                                  \
    {                                                                                              \
        .name = text, .meaning = says, .guess = GUESSED, CHOICES(GUESSED, __VA_ARGS__)             \
    }

static const Knob *const knobs[NKNOBS] = {
    [CORE_MR] = NARROWS("core_mr", "mr of the core stage; -1, here and below: as guessed", 1, 2, 4,
                        6, 7, 8, 9, 12, 14),
    [CORE_NV] = NARROWS("core_nv", "nv of the core stage", 1, 2, 3, 4),
    [CORE_TH] = NARROWS("core_tile_h", "tile_h of the core stage", 1, 2, 4, 6, 7, 8, 12, 14, 16),
    [CORE_TW] =
        NARROWS("core_tile_w", "tile_w of the core stage", 4, 6, 8, 12, 14, 16, 20, 24, 32, 48, 64),
    [CORE_CB] =
        NARROWS("core_kc_channels", "kc_channels of the core stage", 16, 32, 64, 128, 256, 0),
    [CORE_ORDER] = NARROWS("core_loop_order", "loop_order of the core stage", 0, 1),
    [SIDE_MR] =
        NARROWS("side_mr", "mr of the other stages, where they can", 1, 2, 4, 6, 7, 8, 9, 12, 14),
    [SIDE_NV] = NARROWS("side_nv", "nv of the other stages, where they can", 1, 2, 3, 4),
    [SIDE_TH] = NARROWS("side_tile_h", "tile_h of the other stages, where they can", 1, 2, 4, 6, 7,
                        8, 12, 14, 16),
    [SIDE_TW] = NARROWS("side_tile_w", "tile_w of the other stages, where they can", 4, 6, 8, 12,
                        14, 16, 20, 24, 32, 48, 64),
};

/* The knob of that name (after core_ or side_) of a stage's lowering takes the value; 0 if it has no such. */
static int turn(Schedule *sched, const char *name, int value)
{
    const char *own = strchr(name, '_') + 1;
    for (int i = 0; i < sched->lowering->nknobs; i++) {
        const Knob *q = sched->lowering->knobs[i];
        for (int c = 0; c < q->nchoices; c++)
            if (strcmp(q->name, own) == 0 && q->choice[c] == value) {
                sched->k[i] = value;
                return 1;
            }
    }
    return 0;
}

static const char *narrow_core(Stage *st, const dcn_target *t, const int *k)
{
    for (int i = CORE_MR; i <= CORE_ORDER; i++)
        if (k[i] != GUESSED && !turn(&st->sched, knobs[i]->name, k[i]))
            return "the lowering of the core stage has no such knob or value";
    return st->sched.lowering->refuse(&st->s, t, st->sched.k);
}

/* Whether a stage other than the core follows knob i. */
static int narrow_side(Stages *g, const dcn_target *t, int i, int value)
{
    int followed = 0;
    for (int n = 0; n < g->n; n++) {
        Stage *st = &g->stage[n];
        Schedule now = st->sched;
        if (n == g->core || st->kind != STAGE_OPERATOR || !turn(&now, knobs[i]->name, value) ||
            now.lowering->refuse(&st->s, t, now.k))
            continue;
        st->sched = now;
        followed = 1;
    }
    return followed;
}

static const char *choose(Stages *g, const dcn_target *t, const int *k)
{
    for (int i = 0; i < g->n; i++)
        if (g->stage[i].kind == STAGE_OPERATOR &&
            sched_guess(&g->stage[i].s, t, &g->stage[i].sched, NULL))
            return "no lowering takes one of its stages";
    for (int i = SIDE_MR; i <= SIDE_TW; i++)
        if (k[i] != GUESSED && !narrow_side(g, t, i, k[i]))
            return "no side stage can follow a knob of the side";
    return narrow_core(&g->stage[g->core], t, k);
}

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    Stages g;
    stages_of(s, &g);
    return choose(&g, t, k);
}

static void guess(const dcn_spec *s, const dcn_target *t, int *k)
{
    (void)s, (void)t;
    for (int i = 0; i < NKNOBS; i++)
        k[i] = knobs[i]->guess;
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    Stages g;
    stages_of(s, &g);
    choose(&g, t, k);
    size_t n = 0;
    for (int i = 0; i < g.n && n < size; i++) {
        const Stage *st = &g.stage[i];
        char how[DCN_TEXT_MAX] = "by rows";
        if (st->kind == STAGE_OPERATOR)
            sched_print(&st->sched, how, sizeof how);
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

static int operands_of(const Stage *st, StageRef ref[MAX_STAGE_OPERANDS])
{
    if (st->kind != STAGE_OPERATOR) {
        memcpy(ref, st->ref, sizeof st->ref);
        return st->n;
    }
    dcn_tensor t[RT_NUM_OPERANDS];
    int n = dcn_spec_tensors(&st->s, t, RT_NUM_OPERANDS);
    assert(n <= MAX_STAGE_OPERANDS);
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
    StageRef ref[MAX_STAGE_OPERANDS];
    idx size[4];
    int n = operands_of(st, ref);
    sizes_of(e, pb, st, size);
    for (int j = 0; j < 4; j++)
        p_put_i64(e, p_at_i64(e, block, x_const(e, n + j)), size[j]);
    for (int j = 0; j < n && workspace.v; j++) {
        addr tensor = ref[j] >= 0 ? problem_nth(pb, ref[j]) : workspace;
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

static void emit_tasks(Emit *e, Kernel *kernel, const Parts *p)
{
    TasksArgs in = kernel_tasks_begin(e, kernel);
    Problem pb = problem_load(e, p->g->s, in.args);
    addr block = p_alloca(e, ARGS_WORDS);
    var n = v_index(e, x_const(e, -1));
    for (int i = 0; i < p->g->n; i++) {
        EMIT_IF (e, in_stage(e, p, i, in.phase)) {
            fill(e, &pb, p, i, block, (addr){ NULL });
            TasksArgs give = { block, x_addk(e, in.phase, -p->first_phase[i]) };
            v_index_set(e, n, kernel_call_tasks(e, &p->stage[i], &give));
        }
    }
    e_return(e, v_index_get(e, n));
    kernel->phases = p->first_phase[p->g->n];
}

static void emit_run(Emit *e, Kernel *kernel, const Parts *p)
{
    RunArgs in = kernel_run_begin(e, kernel);
    Problem pb = problem_load(e, p->g->s, in.args);
    addr block = p_alloca(e, ARGS_WORDS);
    addr rest = p_at_bytes(e, in.workspace, slot_at(e, &pb, p->g, p->g->nslots));
    for (int i = 0; i < p->g->n; i++) {
        EMIT_IF (e, in_stage(e, p, i, in.phase)) {
            fill(e, &pb, p, i, block, in.workspace);
            RunArgs give = in;
            give.args = block;
            give.phase = x_addk(e, in.phase, -p->first_phase[i]);
            give.workspace = rest;
            kernel_call_run(e, &p->stage[i], &give);
        }
    }
    e_fn_end(e);
}

static void emit_workspace(Emit *e, Kernel *kernel, const Parts *p)
{
    WorkspaceArgs in = kernel_workspace_begin(e, kernel);
    const idx given[4] = { in.batch, in.height, in.width, in.rois };
    idx most = x_const(e, 0);
    Problem pb = problem_of_sizes(e, p->g->s, given);
    for (int i = 0; i < p->g->n; i++) {
        idx size[4];
        sizes_of(e, &pb, &p->g->stage[i], size);
        WorkspaceArgs give = { size[0], size[1], size[2], size[3], in.threads };
        most = x_max(e, most, kernel_call_workspace(e, &p->stage[i], &give));
    }
    e_return(e, x_add(e, slot_at(e, &pb, p->g, p->g->nslots), most));
}

/* ---- weights ---------------------------------------------------------------------------------------- */

/* Hand pack or packed_bytes of each packed operand on to its stage. */
static void emit_packing(Emit *e, Kernel *kernel, const Parts *p)
{
    const Stages *g = p->g;
    PackArgs in = kernel_pack_begin(e, kernel);
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            StageRef ref = g->stage[i].ref[j];
            if (ref < 0 || ref >= g->ntensors || g->tensor[ref].role != DCN_WEIGHT)
                continue;
            EMIT_IF (e, x_equal(e, in.which, x_const(e, ref))) {
                kernel_call_pack(e, &p->stage[i], &in);
            }
        }
    e_fn_end(e);
}

static void emit_packed_bytes(Emit *e, Kernel *kernel, const Parts *p)
{
    const Stages *g = p->g;
    PackedBytesArgs in = kernel_packed_bytes_begin(e, kernel);
    idx bytes = x_const(e, 0);
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            StageRef ref = g->stage[i].ref[j];
            if (ref < 0 || ref >= g->ntensors || g->tensor[ref].role != DCN_WEIGHT)
                continue;
            idx n = kernel_call_packed_bytes(e, &p->stage[i], &in);
            bytes = x_select(e, x_equal(e, in.which, x_const(e, ref)), n, bytes);
        }
    e_return(e, bytes);
}

/* ---- the whole ------------------------------------------------------------------------------------ */

/* The functions of every stage, internal to the object. */
static void emit_stages(Emit *e, const dcn_target *t, Parts *p)
{
    for (int i = 0; i < p->g->n; i++) {
        const Stage *st = &p->g->stage[i];
        p->stage[i] = (Kernel){ .s = &st->s, .internal = 1 };
        if (st->kind == STAGE_OPERATOR)
            st->sched.lowering->emit(e, &p->stage[i], t, st->sched.k);
        else
            stages_emit_rows(e, &p->stage[i], st);
        p->first_phase[i + 1] = p->first_phase[i] + p->stage[i].phases;
    }
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    Stages g;
    Parts p = { .g = &g };
    stages_of(kernel->s, &g);
    choose(&g, t, k);
    emit_stages(e, t, &p);
    emit_packing(e, kernel, &p);
    emit_packed_bytes(e, kernel, &p);
    emit_workspace(e, kernel, &p);
    emit_tasks(e, kernel, &p);
    emit_run(e, kernel, &p);
}

const struct Lowering lower_stages = {
    .name = "stages",
    .summary = "the operators that a module is made of, one after another",
    .rev = 2,
    .ops = 1u << DCN_OP_DEFORM_CONV2D_PACK | 1u << DCN_OP_SEPARABLE_CONV2D |
           1u << DCN_OP_DCNV3_MODULE | 1u << DCN_OP_DCNV4_MODULE |
           1u << DCN_OP_DEFORM_ROI_POOL_PACK,
    .knobs = knobs,
    .nknobs = NKNOBS,
    .refuse = refuse,
    .guess = guess,
    .explain = explain,
    .emit = emit,
};
