/* lowering.c: a module as its stages, one after another inside one object.
**
** Every stage is emitted whole, as functions of this object only; the module's entry points hand
** phases on:
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
#include <stdlib.h>
#include <string.h>

enum { ARGS_WORDS = MAX_STAGE_OPERANDS + 4, ALIGN = 64 };

/* The stages as kernels inside the module being written. */
typedef struct Parts {
    const Stages *g;
    Kernel stage[MAX_STAGES];
} Parts;

/* The first phase of each stage in a call, and at the end how many there are. */
typedef struct PartPhases {
    idx first[MAX_STAGES + 1];
} PartPhases;

/* ---- parts ----------------------------------------------------------------------------------- */

static int parts(const dcn_spec *s, LoweringPart **out)
{
    Stages *g = stages_open(s);
    int n = 0;
    *out = g ? calloc((size_t)g->n + 1, sizeof **out) : NULL;
    for (int i = 0; *out && i < g->n; i++) {
        if (g->stage[i].kind != STAGE_OPERATOR)
            continue;
        LoweringPart *p = &(*out)[n++];
        snprintf(p->name, sizeof p->name, "%s", g->stage[i].word);
        p->spec = g->stage[i].spec;
    }
    free(g);
    return *out ? n : -1;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

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

static idx temp_bytes(Emit *e, const Problem *pb, const Temp *t)
{
    idx pixels = t->grid == GRID_OUT ? x_mul(e, pb->p, pb->q) : x_mul(e, pb->h, pb->w);
    idx maps = t->grid == GRID_ROIS ? pb->r : x_mul(e, pb->n, pixels);
    return x_round_up(e, x_mulk(e, maps, t->channels * e->fp_bytes), ALIGN);
}

/* Where slot `slot` begins; with slot = nslots, where they end. */
static idx slot_at(Emit *e, const Problem *pb, const Stages *g, int slot)
{
    idx at = x_const(e, 0);
    for (int i = 0; i < slot; i++) {
        idx most = x_const(e, 0);
        for (int j = 0; j < g->ntemps; j++)
            if (g->temp[j].slot == i)
                most = x_max(e, most, temp_bytes(e, pb, &g->temp[j]));
        at = x_add(e, at, most);
    }
    return at;
}

/* ---- calling a stage ------------------------------------------------------------------------- */

/* What is bound to the operand of that name. */
static StageRef bound_to(const Stage *st, const char *name)
{
    for (int i = 0; i < st->n; i++)
        if (strcmp(st->tensor[i], name) == 0)
            return st->ref[i];
    assert(!"every operand of a stage is bound");
    return (StageRef){ REF_ABSENT, 0 };
}

/* The operands in the order in which the stage takes them; returns how many. */
static int operands_of(const Stage *st, StageRef ref[MAX_STAGE_OPERANDS])
{
    dcn_tensor t[RT_NUM_OPERANDS];
    memcpy(ref, st->ref, sizeof st->ref);
    if (st->kind != STAGE_OPERATOR)
        return st->n;
    int n = dcn_spec_tensors(&st->spec, t, RT_NUM_OPERANDS);
    assert(n <= MAX_STAGE_OPERANDS);
    for (int i = 0; i < n; i++)
        ref[i] = bound_to(st, t[i].name);
    return n;
}

static addr address_of(Emit *e, const Problem *pb, const Stages *g, StageRef ref, addr workspace)
{
    if (ref.kind == REF_OPERAND)
        return problem_nth(pb, ref.index);
    return p_at_bytes(e, workspace, slot_at(e, pb, g, g->temp[ref.index].slot));
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
        p_put_i64(e, p_at_word(e, block, x_const(e, n + j)), size[j]);
    for (int j = 0; j < n && workspace.v; j++) {
        addr tensor = address_of(e, pb, p->g, ref[j], workspace);
        p_put_addr(e, p_at_word(e, block, x_const(e, j)), tensor);
    }
}

static PartPhases phases_of(Emit *e, const Problem *pb, const Parts *p)
{
    PartPhases at = { .first = { x_const(e, 0) } };
    for (int i = 0; i < p->g->n; i++) {
        idx size[4];
        sizes_of(e, pb, &p->g->stage[i], size);
        const PhasesArgs give = { size[0], size[1], size[2], size[3] };
        at.first[i + 1] = x_add(e, at.first[i], kernel_call_phases(e, &p->stage[i], &give));
    }
    return at;
}

static cond in_stage(Emit *e, const PartPhases *at, int i, idx phase)
{
    return c_and(e, x_less(e, x_addk(e, at->first[i], -1), phase),
                 x_less(e, phase, at->first[i + 1]));
}

/* The number of a phase among those of stage i. */
static idx own_phase(Emit *e, const PartPhases *at, int i, idx phase)
{
    return x_add(e, phase, x_sub(e, x_const(e, 0), at->first[i]));
}

/* ---- entry points ---------------------------------------------------------------------------- */

static void emit_tasks(Emit *e, Kernel *kernel, const Parts *p)
{
    TasksArgs in = kernel_tasks_begin(e, kernel);
    Problem pb = problem_load(e, p->g->module, in.args);
    const PartPhases at = phases_of(e, &pb, p);
    addr block = p_alloca(e, ARGS_WORDS);
    var n = v_index(e, x_const(e, -1));
    for (int i = 0; i < p->g->n; i++) {
        EMIT_IF (e, in_stage(e, &at, i, in.phase)) {
            e_name_block(e, p->g->stage[i].word);
            fill(e, &pb, p, i, block, (addr){ NULL });
            TasksArgs give = { block, own_phase(e, &at, i, in.phase) };
            v_index_set(e, n, kernel_call_tasks(e, &p->stage[i], &give));
        }
    }
    e_return(e, v_index_get(e, n));
    kernel->phases = (int)x_value(at.first[p->g->n], 0);
}

static void emit_run(Emit *e, Kernel *kernel, const Parts *p)
{
    RunArgs in = kernel_run_begin(e, kernel);
    Problem pb = problem_load(e, p->g->module, in.args);
    const PartPhases at = phases_of(e, &pb, p);
    addr block = p_alloca(e, ARGS_WORDS);
    addr rest = p_at_bytes(e, in.workspace, slot_at(e, &pb, p->g, p->g->nslots));
    for (int i = 0; i < p->g->n; i++) {
        EMIT_IF (e, in_stage(e, &at, i, in.phase)) {
            e_name_block(e, p->g->stage[i].word);
            fill(e, &pb, p, i, block, in.workspace);
            RunArgs give = in;
            give.args = block;
            give.phase = own_phase(e, &at, i, in.phase);
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
    Problem pb = problem_of_sizes(e, p->g->module, given);
    for (int i = 0; i < p->g->n; i++) {
        idx size[4];
        sizes_of(e, &pb, &p->g->stage[i], size);
        WorkspaceArgs give = { size[0], size[1], size[2], size[3], in.threads };
        most = x_max(e, most, kernel_call_workspace(e, &p->stage[i], &give));
    }
    e_return(e, x_add(e, slot_at(e, &pb, p->g, p->g->nslots), most));
}

/* ---- weights --------------------------------------------------------------------------------- */

static bool is_packed(const Stages *g, StageRef ref)
{
    return ref.kind == REF_OPERAND && g->tensor[ref.index].role == DCN_WEIGHT;
}

/* Hand pack or packed_bytes of each packed operand on to its stage. */
static void emit_packing(Emit *e, Kernel *kernel, const Parts *p)
{
    const Stages *g = p->g;
    PackArgs in = kernel_pack_begin(e, kernel);
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < g->stage[i].n; j++) {
            StageRef ref = g->stage[i].ref[j];
            if (!is_packed(g, ref))
                continue;
            EMIT_IF (e, x_equal(e, in.which, x_const(e, ref.index))) {
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
            if (!is_packed(g, ref))
                continue;
            idx n = kernel_call_packed_bytes(e, &p->stage[i], &in);
            bytes = x_select(e, x_equal(e, in.which, x_const(e, ref.index)), n, bytes);
        }
    e_return(e, bytes);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The functions of every stage, internal to the object.  -1 without memory. */
static int emit_stages(Emit *e, const dcn_target *t, Parts *p, const SchedPart *part)
{
    for (int i = 0; i < p->g->n; i++) {
        const Stage *st = &p->g->stage[i];
        p->stage[i] = (Kernel){ .s = &st->spec, .internal = 1 };
        if (st->kind != STAGE_OPERATOR)
            stages_emit_rows(e, &p->stage[i], st);
        else if (sched_emit(&part++->sched, e, &p->stage[i], t))
            return -1;
    }
    return 0;
}

static int emit_parts(Emit *e, Kernel *kernel, const dcn_target *t, const SchedPart *part)
{
    Stages *g = stages_open(kernel->s);
    Parts p = { .g = g };
    if (!g || emit_stages(e, t, &p, part)) {
        free(g);
        return -1;
    }
    emit_packing(e, kernel, &p);
    emit_packed_bytes(e, kernel, &p);
    emit_workspace(e, kernel, &p);
    emit_tasks(e, kernel, &p);
    emit_run(e, kernel, &p);
    free(g);
    return 0;
}

const struct Lowering lower_stages = {
    .name = "stages",
    .summary = "the operators that a module is made of, one after another",
    .rev = 5,
    .ops = RT_OP(DEFORM_CONV2D_PACK) | RT_OP(SEPARABLE_CONV2D) | RT_OP(DCNV3_MODULE) |
           RT_OP(DCNV4_MODULE) | RT_OP(DEFORM_ROI_POOL_PACK),
    .parts = parts,
    .emit_parts = emit_parts,
};
