/* lowering.c: a module, or gradients, as their stages, one after another inside one object.
**
** Every stage is emitted whole, as functions of this object only; the module's entry points hand
** phases on:
**
**     phases       those of stage 0, then those of stage 1, ...; stages beside each other have the same ones, in
**                  which the tasks of one follow those of the other
**     workspace    [slot 0][slot 1]...[the workspace of the stage in hand]
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/module/parts.h"
#include "runtime/spec/gradient.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind the operands of a stage there are four sizes, and of gradients what is added to. */
enum { NSIZES = 4, ARGS_WORDS = MAX_STAGE_OPERANDS + NSIZES };

/* The phases of each stage in a call, and of all. */
typedef struct PartPhases {
    idx first[MAX_STAGES], n[MAX_STAGES], all;
} PartPhases;

/* Gradients that one kernel does not make alone. */
static bool takes(const dcn_spec *s)
{
    return !s->gradient || !rt_gradient_is_of_sums(s);
}

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
        p->spec.schedule[0] = '\0'; /* stages that are made of the whole have its text */
        p->times = 1;
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

/* Which of its operands is bound by that name. */
static int bound_to(const Stage *st, const char *name)
{
    for (int i = 0; i < st->n; i++)
        if (strcmp(st->tensor[i], name) == 0)
            return i;
    assert(!"every operand of a stage is bound");
    return 0;
}

/* The operands in the order in which the stage takes them, by the order in which they are bound;
** returns how many. */
static int operands_of(const Stage *st, int nth[MAX_STAGE_OPERANDS])
{
    dcn_tensor t[RT_NUM_OPERANDS];
    for (int i = 0; i < st->n; i++)
        nth[i] = i;
    if (st->kind != STAGE_OPERATOR)
        return st->n;
    int n = dcn_spec_tensors(&st->spec, t, RT_NUM_OPERANDS);
    assert(n <= MAX_STAGE_OPERANDS);
    for (int i = 0; i < n; i++)
        nth[i] = bound_to(st, t[i].name);
    return n;
}

/* Of stage i. */
static addr address_of(Emit *e, const Problem *pb, const Parts *p, int i, StageRef ref,
                       addr workspace)
{
    const Stages *g = p->g;
    if (ref.kind != REF_OPERAND)
        return p_at_bytes(e, workspace, slot_at(e, pb, g, g->temp[ref.index].slot));
    addr tensor = problem_nth(pb, ref.index);
    idx before = parts_packed_before(e, p, ref, i);
    return x_is_const(before, 0) ? tensor : p_at_bytes(e, tensor, before);
}

/* Whether the call wants one of these gradients. */
static cond wants(Emit *e, const Problem *pb, rt_operand_set any)
{
    cond none = x_less(e, x_const(e, 0), x_const(e, 1));
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, any))
            none = c_and(e, none, p_is_null(e, pb->operand[rt_grad_of((rt_operand)i)]));
    return c_not(e, none);
}

/* The word of what is added to: by the order of the stages, and as the call says of tensors. */
static idx added(Emit *e, const Parts *p, const Stage *st, idx call, const int *nth, int n)
{
    idx bits = x_const(e, 0);
    for (int j = 0; j < n; j++) {
        const StageRef ref = st->ref[nth[j]];
        const bool gradient = ref.kind == REF_OPERAND && p->g->tensor[ref.index].role == DCN_OUT;
        idx bit = x_const(e, 0);
        if (st->adds[nth[j]])
            bit = x_const(e, 1);
        else if (gradient)
            bit = x_field(e, call, (unsigned)ref.index, 1);
        bits = x_or(e, bits, x_mulk(e, bit, (int64_t)1 << j));
    }
    return bits;
}

/* The stage's argument block; without a workspace only its sizes.  args: the module's own. */
static void fill(Emit *e, const Problem *pb, const Parts *p, int i, addr block, addr workspace,
                 addr args)
{
    const Stage *st = &p->g->stage[i];
    int nth[MAX_STAGE_OPERANDS], n = operands_of(st, nth);
    idx size[NSIZES];
    sizes_of(e, pb, st, size);
    for (int j = 0; j < NSIZES; j++)
        p_put_i64(e, p_at_word(e, block, x_const(e, n + j)), size[j]);
    for (int j = 0; j < n && workspace.v; j++) {
        const rt_operand_set any = st->operand_wanted[nth[j]];
        addr tensor = address_of(e, pb, p, i, st->ref[nth[j]], workspace);
        addr word = p_at_word(e, block, x_const(e, j));
        p_put_addr(e, word, tensor);
        if (any) {
            EMIT_IF (e, c_not(e, wants(e, pb, any))) {
                p_put_i64(e, word, x_const(e, 0));
            }
        }
    }
    if (p->g->module->gradient && workspace.v) {
        idx call = p_get_i64(e, p_at_word(e, args, x_const(e, p->g->ntensors + NSIZES)));
        p_put_i64(e, p_at_word(e, block, x_const(e, n + NSIZES)), added(e, p, st, call, nth, n));
    }
}

static addr new_block(Emit *e, const Parts *p)
{
    return p_alloca(e, ARGS_WORDS + (p->g->module->gradient != 0));
}

static PartPhases phases_of(Emit *e, const Problem *pb, const Parts *p)
{
    const Stage *st = p->g->stage;
    PartPhases at = { .all = x_const(e, 0) };
    idx first = at.all;
    for (int i = 0; i < p->g->n; i++) {
        idx size[4];
        sizes_of(e, pb, &st[i], size);
        const PhasesArgs give = { size[0], size[1], size[2], size[3] };
        first = i && st[i].time == st[i - 1].time ? first : at.all;
        at.first[i] = first;
        at.n[i] = kernel_call_phases(e, &p->stage[i], &give);
        at.all = x_max(e, at.all, x_add(e, first, at.n[i]));
    }
    return at;
}

static cond in_stage(Emit *e, const PartPhases *at, int i, idx phase)
{
    return c_and(e, x_less(e, x_addk(e, at->first[i], -1), phase),
                 x_less(e, phase, x_add(e, at->first[i], at->n[i])));
}

/* The number of a phase among those of stage i. */
static idx own_phase(Emit *e, const PartPhases *at, int i, idx phase)
{
    return x_add(e, phase, x_sub(e, x_const(e, 0), at->first[i]));
}

/* ---- entry points ---------------------------------------------------------------------------- */

static idx tasks_of(Emit *e, const Problem *pb, const Parts *p, int i, const TasksArgs *give)
{
    const rt_operand_set any = p->g->stage[i].wanted;
    const idx tasks = kernel_call_tasks(e, &p->stage[i], give);
    return any ? x_select(e, wants(e, pb, any), tasks, x_const(e, 0)) : tasks;
}

static void emit_tasks(Emit *e, Kernel *kernel, const Parts *p)
{
    TasksArgs in = kernel_tasks_begin(e, kernel);
    Problem pb = problem_load(e, p->g->module, in.args);
    const PartPhases at = phases_of(e, &pb, p);
    addr block = new_block(e, p);
    var n = v_index(e, x_const(e, -1));
    for (int i = 0; i < p->g->n; i++) {
        EMIT_IF (e, in_stage(e, &at, i, in.phase)) {
            e_name_block(e, p->g->stage[i].word);
            fill(e, &pb, p, i, block, (addr){ NULL }, in.args);
            const TasksArgs give = { block, own_phase(e, &at, i, in.phase) };
            const idx before = x_max(e, v_index_get(e, n), x_const(e, 0));
            v_index_set(e, n, x_add(e, before, tasks_of(e, &pb, p, i, &give)));
        }
    }
    e_return(e, v_index_get(e, n));
    kernel->phases = (int)x_value(at.all, 0);
}

/* Those of the tasks in hand that are the stage's, behind `before` of the stages beside it; with a workspace of their
** own. */
static void run_beside(Emit *e, const Parts *p, int i, RunArgs *give, var before)
{
    const TasksArgs ask = { give->args, give->phase };
    const idx zero = x_const(e, 0), skip = x_sub(e, zero, v_index_get(e, before));
    const idx n = kernel_call_tasks(e, &p->stage[i], &ask);
    give->first = x_max(e, zero, x_add(e, give->first, skip));
    give->last = x_min(e, n, x_add(e, give->last, skip));
    v_index_set(e, before, x_add(e, v_index_get(e, before), n));
    const idx own = x_mulk(e, give->thread, p->g->beside_bytes);
    give->workspace = p_at_bytes(e, give->workspace, own);
    give->thread = zero;
    EMIT_IF (e, x_less(e, give->first, give->last)) {
        kernel_call_run(e, &p->stage[i], give);
    }
}

static void emit_run(Emit *e, Kernel *kernel, const Parts *p)
{
    RunArgs in = kernel_run_begin(e, kernel);
    Problem pb = problem_load(e, p->g->module, in.args);
    const PartPhases at = phases_of(e, &pb, p);
    addr block = new_block(e, p);
    addr rest = p_at_bytes(e, in.workspace, slot_at(e, &pb, p->g, p->g->nslots));
    var before = v_index(e, x_const(e, 0));
    for (int i = 0; i < p->g->n; i++) {
        EMIT_IF (e, in_stage(e, &at, i, in.phase)) {
            e_name_block(e, p->g->stage[i].word);
            fill(e, &pb, p, i, block, in.workspace, in.args);
            RunArgs give = in;
            give.args = block;
            give.phase = own_phase(e, &at, i, in.phase);
            give.workspace = rest;
            if (stages_is_beside(p->g, i))
                run_beside(e, p, i, &give, before);
            else
                kernel_call_run(e, &p->stage[i], &give);
        }
    }
    e_fn_end(e);
}

static void emit_workspace(Emit *e, Kernel *kernel, const Parts *p)
{
    WorkspaceArgs in = kernel_workspace_begin(e, kernel);
    const idx given[4] = { in.batch, in.height, in.width, in.rois };
    idx size[4], most = x_mulk(e, in.threads, p->g->beside_bytes);
    Problem pb = problem_of_sizes(e, p->g->module, given);
    kernel->one_thread_bytes = p->g->beside_bytes;
    for (int i = 0; i < p->g->n; i++) {
        sizes_of(e, &pb, &p->g->stage[i], size);
        WorkspaceArgs give = { size[0], size[1], size[2], size[3], in.threads };
        if (!stages_is_beside(p->g, i))
            most = kernel_most_workspace(e, kernel, &p->stage[i], &give, most);
    }
    const idx slots = slot_at(e, &pb, p->g, p->g->nslots);
    kernel->one_thread_bytes += x_value(slots, 0);
    e_return(e, x_add(e, slots, most));
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
    stages_place(g, p.stage, part, t);
    parts_emit_packing(e, kernel, &p);
    emit_workspace(e, kernel, &p);
    emit_tasks(e, kernel, &p);
    emit_run(e, kernel, &p);
    stages_account(g, p.stage, part, t, kernel);
    free(g);
    return 0;
}

const struct Lowering lower_stages = {
    .name = "stages",
    .summary = "the operators that a module is made of, one after another",
    .rev = 7,
    .ops = RT_OP(DEFORM_CONV2D_PACK) | RT_OP(SEPARABLE_CONV2D) | RT_OP(DCNV3_MODULE) |
           RT_OP(DCNV4_MODULE) | RT_OP(DEFORM_ROI_POOL_PACK),
    .gradient_ops = RT_ANY_OP,
    .takes = takes,
    .parts = parts,
    .emit_parts = emit_parts,
};
