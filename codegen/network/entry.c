/* entry.c: the entry points of a network: one of its steps after another.
**
**     step         an internal function: from a phase of a call to what is to be done in it: the argument
**                  block of its part is written, and one number says which part it is, and which of the
**                  part's phases
**     tasks, run   ask it, and hand on to the part
**     workspace    the plan; that of the step in hand lies behind all blocks that are needed then
**     pack         each piece where it belongs in the block, packed by its part or as it is
**
** Both choices, by the phase and by the part, are tables, so neither takes longer in a network of many
** layers.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/intmath.h"
#include "codegen/kernel/workspace.h"
#include "codegen/network/program.h"

#include <assert.h>
#include <stdio.h>

/* What `step` returns: the number of the phase, of the part, whether nothing is wanted of it, and where its workspace
** begins, in units of PLAN_ALIGN. */
enum {
    PHASE_BITS = 16,
    PHASE_MASK = (1 << PHASE_BITS) - 1,
    PART_MASK = 0xffff,
    IDLE_BIT = 32,
    OWN_BIT = 33,
    OWN_MASK = 0x3fffffff /* 64 GiB */
};

/* Behind the places of an argument block: sizes, which no part reads, since all of them are numbers, and of
** gradients what is added to. */
enum { NSIZES = 4, WORD_BITS = 64, BEHIND_PLACES = NSIZES + 2 * NET_MAX_ARGS / WORD_BITS + 1 };

/* What all functions of a network that is being written share. */
typedef struct NetFunctions {
    const NetProgram *p;
    LLVMValueRef step, copy, clear;
    addr constants; /* .v == NULL: the parameters are an operand */
} NetFunctions;

static LLVMValueRef begin_inner(Emit *e, const NetProgram *p, const char *suffix,
                                LLVMTypeRef result, const Params *params, void *args)
{
    char name[DCN_NAME_MAX + 16];
    snprintf(name, sizeof name, "%s%s", p->s->name, suffix);
    return e_fn_begin_with(e, name, true, result, params, args);
}

/* ---- from phases to steps ---------------------------------------------------------------------- */

typedef struct StepArgs {
    addr args;
    idx phase;
    addr workspace, block; /* the part's argument block, to be written */
} StepArgs;

static const Param step_param[] = { PARAM(StepArgs, args), PARAM(StepArgs, phase),
                                    PARAM(StepArgs, workspace), PARAM(StepArgs, block) };
static const Params step_params = PARAMS(StepArgs, step_param);

/* Where places begin, in the function being written. */
typedef struct Bases {
    addr operand[RT_NUM_OPERANDS], workspace, pieces;
    idx given, added; /* gradients that the call wants, and adds to, by operand */
} Bases;

static Bases load_bases(Emit *e, const NetFunctions *f, const StepArgs *in)
{
    const rt_operands o = rt_operands_of(f->p->s);
    const int parameters = net_parameters_at(f->p->net);
    Bases b = { .workspace = in->workspace, .pieces = f->constants };
    for (int i = 0; i < o.n; i++)
        b.operand[i] = p_get_addr(e, p_at_word(e, in->args, x_const(e, i)));
    if (!b.pieces.v && parameters >= 0)
        b.pieces = b.operand[rt_operand_at(f->p->s, (rt_operand)parameters)];
    b.given = b.added = x_const(e, 0);
    for (int i = 0; i < o.n && f->p->s->gradient; i++) {
        const idx bit = x_const(e, (int64_t)1 << i), none = x_const(e, 0);
        if (o.tensor[i].role == DCN_OUT)
            b.given = x_or(e, b.given, x_select(e, p_is_null(e, b.operand[i]), none, bit));
    }
    if (f->p->s->gradient)
        b.added = p_get_i64(e, p_at_word(e, in->args, x_const(e, o.n + NSIZES)));
    return b;
}

static addr address_of(Emit *e, const NetProgram *p, const Bases *b, const NetPlace *at)
{
    if (at->in == PLACE_NONE)
        return (addr){ LLVMConstNull(e->ptr) };
    if (at->in == PLACE_OPERAND)
        return p_at_bytes(e, b->operand[at->index], x_const(e, at->at));
    if (at->in == PLACE_BLOCK)
        return p_at_bytes(e, b->workspace, x_const(e, p->block[at->index].at + at->at));
    return p_at_bytes(e, b->pieces, x_const(e, p->piece[at->index].at + at->at));
}

/* Whether the call wants none of these. */
static cond wants_none(Emit *e, const Bases *b, NetWanted any)
{
    return x_equal(e, x_and(e, b->given, x_const(e, (int64_t)any)), x_const(e, 0));
}

/* A bit for each of the n places, of 64 at most, that are added to: by the order of the steps, else as the
** call says of the operand. */
static idx added_to(Emit *e, const NetPlace *place, int n, const Bases *b)
{
    int64_t again = 0;
    idx bits = x_const(e, 0);
    for (int i = 0; i < n && i < WORD_BITS; i++) {
        const unsigned operand = (unsigned)place[i].index;
        const int64_t bit = (int64_t)((uint64_t)1 << i);
        if (place[i].again)
            again |= bit;
        else if (place[i].wanted && place[i].in == PLACE_OPERAND)
            bits = x_or(e, bits, x_mulk(e, x_field(e, b->added, operand, 1), bit));
    }
    return x_or(e, bits, x_const(e, again));
}

static void fill_block(Emit *e, const NetProgram *p, const NetStep *st, const Bases *b, addr block)
{
    const NetPlace *place = &p->place[st->first_place];
    for (int i = 0; i < st->n; i++) {
        const addr word = p_at_word(e, block, x_const(e, i));
        p_put_addr(e, word, address_of(e, p, b, &place[i]));
        if (place[i].wanted != 0 && place[i].wanted != st->wanted) {
            EMIT_IF (e, wants_none(e, b, place[i].wanted)) {
                p_put_i64(e, word, x_const(e, 0));
            }
        }
    }
    for (int i = 0; i < st->n && st->wanted; i += WORD_BITS)
        p_put_i64(e, p_at_word(e, block, x_const(e, st->n + NSIZES + i / WORD_BITS)),
                  added_to(e, place + i, st->n - i, b));
}

static void emit_step(Emit *e, NetFunctions *f)
{
    const NetProgram *p = f->p;
    StepArgs in;
    f->step = begin_inner(e, p, "_step", e->i64, &step_params, &in);
    const Bases bases = load_bases(e, f, &in);
    const var found = v_index(e, x_const(e, -1));
    Switch by_phase = switch_begin(e, in.phase, p->nsteps);
    for (int i = 0, first = 0; i < p->nsteps; i++) {
        const NetStep *st = &p->step[i];
        const int last = first + p->part[st->part].kernel.phases;
        switch_case(e, &by_phase, st->layer < 0 ? "edge" : p->net->layer[st->layer].name, first,
                    last);
        fill_block(e, p, st, &bases, in.block);
        const int64_t own = p->own[i].at / PLAN_ALIGN;
        assert(own <= OWN_MASK);
        const idx what =
            x_addk(e, in.phase, (own << OWN_BIT) + ((int64_t)st->part << PHASE_BITS) - first);
        const idx idle = x_addk(e, what, (int64_t)1 << IDLE_BIT);
        v_index_set(e, found,
                    st->wanted ? x_select(e, wants_none(e, &bases, st->wanted), idle, what) : what);
        first = last;
    }
    switch_end(e, &by_phase);
    e_return(e, v_index_get(e, found));
}

/* A step, found in the function being written. */
typedef struct Found {
    idx part, phase, own;
    cond idle;
    addr block;
} Found;

static Found find_step(Emit *e, const NetFunctions *f, addr args, idx phase, addr workspace)
{
    const addr block = p_alloca(e, f->p->max_places + BEHIND_PLACES);
    const StepArgs give = { args, phase, workspace, block };
    const idx found = { e_call_with(e, f->step, &step_params, &give) };
    return (Found){ .part = x_field(e, found, PHASE_BITS, PART_MASK),
                    .phase = x_field(e, found, 0, PHASE_MASK),
                    .own = x_mulk(e, x_field(e, found, OWN_BIT, OWN_MASK), PLAN_ALIGN),
                    .idle = x_equal(e, x_field(e, found, IDLE_BIT, 1), x_const(e, 1)),
                    .block = block };
}

/* ---- entry points ------------------------------------------------------------------------------ */

static void emit_tasks(Emit *e, Kernel *kernel, const NetFunctions *f)
{
    const TasksArgs in = kernel_tasks_begin(e, kernel);
    const Found at = find_step(e, f, in.args, in.phase, in.args);
    const var n = v_index(e, x_const(e, -1));
    Switch by_part = switch_begin(e, at.part, f->p->nparts);
    for (int i = 0; i < f->p->nparts; i++) {
        const TasksArgs give = { at.block, at.phase };
        switch_case(e, &by_part, f->p->part[i].spec.name, i, i + 1);
        const idx tasks = kernel_call_tasks(e, &f->p->part[i].kernel, &give);
        v_index_set(e, n, x_select(e, at.idle, x_const(e, 0), tasks));
    }
    switch_end(e, &by_part);
    e_return(e, v_index_get(e, n));
    kernel->phases = 0;
    for (int i = 0; i < f->p->nsteps; i++)
        kernel->phases += f->p->part[f->p->step[i].part].kernel.phases;
}

static void emit_run(Emit *e, Kernel *kernel, const NetFunctions *f)
{
    RunArgs in = kernel_run_begin(e, kernel);
    const Found at = find_step(e, f, in.args, in.phase, in.workspace);
    in.args = at.block;
    in.phase = at.phase;
    in.workspace = p_at_bytes(e, in.workspace, at.own);
    Switch by_part = switch_begin(e, at.part, f->p->nparts);
    for (int i = 0; i < f->p->nparts; i++) {
        switch_case(e, &by_part, f->p->part[i].spec.name, i, i + 1);
        kernel_call_run(e, &f->p->part[i].kernel, &in);
    }
    switch_end(e, &by_part);
    e_fn_end(e);
}

static int64_t end_of_blocks(const NetProgram *p)
{
    int64_t end = 0;
    for (int i = 0; i < p->nblocks; i++)
        if (p->block[i].at + p->block[i].bytes > end)
            end = p->block[i].at + p->block[i].bytes;
    return int_round_up(end, PLAN_ALIGN);
}

/* The last of the places at which steps give a part its workspace. */
static int64_t last_place(const NetProgram *p, int part)
{
    int64_t at = 0;
    for (int i = 0; i < p->nsteps; i++)
        if (p->step[i].part == part && p->own[i].at > at)
            at = p->own[i].at;
    return at;
}

static void emit_workspace(Emit *e, Kernel *kernel, const NetProgram *p)
{
    const WorkspaceArgs in = kernel_workspace_begin(e, kernel);
    idx most = x_const(e, end_of_blocks(p));
    for (int i = 0; i < p->nparts; i++)
        if (p->part[i].kernel.one_thread_bytes) {
            const idx own = kernel_call_workspace(e, &p->part[i].kernel, &in);
            most = x_max(e, most, x_addk(e, own, last_place(p, i)));
        }
    e_return(e, most);
}

/* ---- parameters -------------------------------------------------------------------------------- */

typedef struct CopyArgs {
    addr to, from;
    idx n; /* elements */
} CopyArgs;

static const Param copy_param[] = { PARAM(CopyArgs, to), PARAM(CopyArgs, from),
                                    PARAM(CopyArgs, n) };
static const Params copy_params = PARAMS(CopyArgs, copy_param);

static void emit_copy(Emit *e, NetFunctions *f)
{
    CopyArgs in;
    f->copy = begin_inner(e, f->p, "_copy", e->none, &copy_params, &in);
    EMIT_VECTORS (e, v, in.n) {
        p_store(e, p_at(e, in.to, v.at), p_load(e, p_at(e, in.from, v.at), v.live), v.live);
    }
    e_fn_end(e);
}

typedef struct ClearArgs {
    addr to;
    idx n; /* elements */
} ClearArgs;

static const Param clear_param[] = { PARAM(ClearArgs, to), PARAM(ClearArgs, n) };
static const Params clear_params = PARAMS(ClearArgs, clear_param);

static void emit_clear(Emit *e, NetFunctions *f)
{
    ClearArgs in;
    f->clear = begin_inner(e, f->p, "_clear", e->none, &clear_params, &in);
    EMIT_VECTORS (e, v, in.n) {
        p_store(e, p_at(e, in.to, v.at), f_const(e, 0), v.live);
    }
    e_fn_end(e);
}

static void pack_piece(Emit *e, const NetFunctions *f, const NetPiece *piece, const PackArgs *in)
{
    const net_param *param = &f->p->net->param[piece->param];
    const addr to = p_at_bytes(e, in->to, x_const(e, piece->at));
    const idx n = x_const(e, param->count);
    if (piece->param >= f->p->net->nparams) {
        e_call_with(e, f->clear, &clear_params, &(ClearArgs){ to, n });
        return;
    }
    const addr from = p_at(e, in->from, x_const(e, param->at));
    const PackArgs give = { x_const(e, piece->operand), from, to };
    if (piece->part >= 0)
        kernel_call_pack(e, &f->p->part[piece->part].kernel, &give);
    else
        e_call_with(e, f->copy, &copy_params, &(CopyArgs){ to, from, n });
}

static void emit_packing(Emit *e, Kernel *kernel, NetFunctions *f)
{
    kernel_packed_bytes(e, kernel, f->p->packed_bytes);
    emit_copy(e, f);
    emit_clear(e, f);
    const PackArgs in = kernel_pack_begin(e, kernel);
    for (int i = 0; i < f->p->npieces; i++)
        pack_piece(e, f, &f->p->piece[i], &in);
    e_fn_end(e);
}

void program_emit(Emit *e, Kernel *kernel, const NetProgram *p)
{
    NetFunctions f = { .p = p };
    if (kernel->constants)
        f.constants = p_constant(e, kernel->constants, (size_t)p->packed_bytes, PAGE_BYTES);
    if (net_parameters_at(p->net) >= 0)
        emit_packing(e, kernel, &f);
    else
        kernel_no_weights(e, kernel);
    emit_step(e, &f);
    emit_workspace(e, kernel, p);
    emit_tasks(e, kernel, &f);
    emit_run(e, kernel, &f);
}
